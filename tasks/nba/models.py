"""The models as pipelines that own their preprocessing, from raw home_*/away_* columns to a probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    import pandas as pd

PAIRS = ("elo", "rest", "form", "games")


class Differences(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Turn home_* and away_* columns into home minus away; other named columns pass through.

    A plain matrix product: `transform(X) = X[columns] @ matrix`, with `columns` and `matrix` in the open for whoever
    converts the pipeline. Columns that are not named (such as `status`) are ignored.

    >>> Differences(pairs=("elo",), keep=("neutral",)).matrix
    array([[ 1.,  0.],
           [-1.,  0.],
           [ 0.,  1.]])
    """

    def __init__(self, pairs: tuple[str, ...] = PAIRS, keep: tuple[str, ...] = ("neutral",)) -> None:
        self.pairs = pairs
        self.keep = keep

    @property
    def columns(self) -> list[str]:
        """Return the columns read, in the order of the matrix's rows."""
        return [f"{side}_{name}" for name in self.pairs for side in ("home", "away")] + list(self.keep)

    @property
    def matrix(self) -> np.ndarray:
        """Return the matrix D of shape (columns in, columns out)."""
        differences = np.kron(np.eye(len(self.pairs)), [[1.0], [-1.0]])
        return np.block(
            [
                [differences, np.zeros((len(differences), len(self.keep)))],
                [np.zeros((len(self.keep), len(self.pairs))), np.eye(len(self.keep))],
            ]
        )

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Differences:
        """Check the columns; there is nothing to learn."""
        self._values(X)
        self.n_features_in_ = len(self.columns)
        return self

    def transform(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Return the differences, shape (n, len(pairs) + len(keep)); an array is taken as `columns` in their order."""
        return np.asarray(self._values(X) @ self.matrix)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return the names of the columns that come out."""
        return np.array([f"{name}_difference" for name in self.pairs] + list(self.keep), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def _values(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        if isinstance(X, np.ndarray):
            if X.ndim != 2 or X.shape[1] != len(self.columns):
                raise BadInput("X", f"expected {len(self.columns)} columns ({', '.join(self.columns)}), got {X.shape}")
            return X.astype(np.result_type(X.dtype, np.float32))
        for name in self.columns:
            if name not in X.columns:
                raise BadInput(name, f"the model reads {', '.join(self.columns)}; this column is missing")
        return X[self.columns].to_numpy(dtype=float)


def logistic() -> Pipeline:
    """Return an unfitted logistic regression on differences.

    >>> [name for name, _ in logistic().steps]
    ['differences', 'scale', 'logistic']
    """
    return Pipeline(
        [("differences", Differences()), ("scale", StandardScaler()), ("logistic", LogisticRegression(C=1.0))]
    )


def boosting(seed: int = 0) -> Pipeline:
    """Return an unfitted histogram gradient boosting on differences, calibrated by Platt's sigmoid over five folds.

    Source: Platt (1999), Probabilistic outputs for support vector machines; Niculescu-Mizil & Caruana (2005).
    """
    trees = HistGradientBoostingClassifier(
        max_iter=80,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=100,
        l2_regularization=10.0,
        early_stopping=False,
        random_state=seed,
    )
    return Pipeline(
        [("differences", Differences()), ("boosting", CalibratedClassifierCV(trees, method="sigmoid", cv=5))]
    )
