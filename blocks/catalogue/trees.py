"""Boosted trees as a step of a pipeline that is being converted."""

from __future__ import annotations

from dataclasses import dataclass

from sklearn.base import BaseEstimator, TransformerMixin

from blocks.catalogue.forest import Forest


@dataclass(slots=True)
class Part:
    """One forest and what its sum goes through: `p = sigmoid(slope * p + offset)`, once a stage."""

    forest: Forest
    stages: list[tuple[float, float]]


class Trees(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Stand for boosted trees at the end of a pipeline while it is converted: the mean of its parts' probabilities."""

    def __init__(self, parts: list[Part] | None = None) -> None:
        self.parts = parts

    def fit(self, X: object, y: object = None) -> Trees:
        """Learn nothing."""
        return self

    def transform(self, X: object) -> object:
        """Raise: it is converted, never asked."""
        raise NotImplementedError("this is a form for the converter")

    def __sklearn_is_fitted__(self) -> bool:
        return True
