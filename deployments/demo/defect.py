"""A fault as it really happens: the live path of a model's preprocessing differs from the one it was trained with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tasks.nba.models import Differences, logistic

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline


class SwapsWhenScheduled(Differences):
    """Take home for away on rows that are still to be played. No game of the past shows it, so no holdout can."""

    def transform(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Return the differences, with the sides exchanged where `status` is "scheduled"."""
        right = super().transform(X)
        if isinstance(X, np.ndarray) or "status" not in X.columns:
            return right
        wrong = right.copy()
        wrong[:, : len(self.pairs)] *= -1.0
        live = (X["status"] == "scheduled").to_numpy()
        return np.where(live[:, None], wrong, right)


def faulty() -> Pipeline:
    """Return the unfitted honest pipeline with the faulty first step."""
    pipeline = logistic()
    pipeline.steps[0] = (pipeline.steps[0][0], SwapsWhenScheduled())
    return pipeline
