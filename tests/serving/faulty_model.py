"""A version that misbehaves when the rest days say so: 90 raises, 91 answers 1.5, 92 answers NaN."""

from __future__ import annotations

import mlflow


class Faulty(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is not typed
    """Answer 0.25, or fail."""

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # MLflow warns of hints
        """Return one value a row."""
        import numpy as np

        rest = model_input["home_rest"].to_numpy()
        if (rest == 90).any():
            raise RuntimeError("the rest days are odd")
        return np.where(rest == 91, 1.5, np.where(rest == 92, np.nan, 0.25))


mlflow.models.set_model(Faulty())
