"""Models that must not get a version number, as code that is logged with them."""

from __future__ import annotations

import random
from typing import Any

import mlflow


class Random(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow ships no types
    """Answer otherwise each time."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> list[float]:
        """Return numbers drawn at random."""
        return [random.random() for _ in range(len(model_input))]


class EloGap(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # as above
    """Answer by the difference of two ratings: a custom model that is all right."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        """Return the probability of a home win."""
        return 1 / (1 + 10 ** ((model_input["away_elo"] - model_input["home_elo"] - 70) / 400))
