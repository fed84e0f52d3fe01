"""The estimator inside an MLflow model, and the question that its pyfunc asks it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.models import Model

LOADERS = ("sklearn", "lightgbm", "xgboost")


@dataclass(frozen=True, slots=True)
class Native:
    """An estimator and the method that a pyfunc calls on it: predict_proba, or predict."""

    estimator: Any
    method: str

    @property
    def ask(self) -> Callable[[Any], object]:
        """Return the question as a function of rows, without MLflow's checks of each request."""
        booster = type(self.estimator).__name__ == "Booster" and type(self.estimator).__module__.startswith("xgboost")
        return self._of_matrix if booster else getattr(self.estimator, self.method)

    def _of_matrix(self, rows: Any) -> object:
        import xgboost

        return self.estimator.predict(xgboost.DMatrix(rows))


def native_of(model: Model, folder: Path) -> Native | None:
    """Return what is inside a model, None for a flavor that is not known here."""
    flavor = next((name for name in LOADERS if name in model.flavors), None)
    if flavor is None:
        return None
    pyfunc: dict[str, Any] = model.flavors.get("python_function", {})
    loaded = importlib.import_module(f"mlflow.{flavor}").load_model(str(folder))
    return Native(loaded, str(pyfunc.get("predict_fn", "predict")))
