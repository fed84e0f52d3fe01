"""The card of a version: what it is, what it learned from and who made it, as tags that MLflow can search."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.catalogue.fetching import Origin
from blocks.catalogue.trust import pickled

if TYPE_CHECKING:
    from mlflow.models import Model

PLACE = "registration/card.json"
LONGEST = 4900
"""MLflow takes 5,000 characters a tag."""
FRAMEWORKS = ("sklearn", "lightgbm", "xgboost", "pytorch", "onnx", "catboost", "keras", "tensorflow", "statsmodels")
CODE_TAG = "mlflow.source.git.commit"
OF_THE_RECORD = ("kind", "trained_from", "trained_until", "data_digest", "games")
"""Params of a training run that say what it learned from; the others are hyperparameters."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is written beside a version. parameters: its run's, else the estimator's own; metrics: its run's."""

    framework: str
    algorithm: str
    serialization: str
    code_version: str
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    learned: dict[str, str] = field(default_factory=dict)

    def to_text(self) -> str:
        """Return the card as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def tags(self) -> dict[str, str]:
        """Return the card as tags of a version; what it does not know is left out."""
        told = {
            "framework": self.framework,
            "algorithm": self.algorithm,
            "serialization": self.serialization,
            "code_version": self.code_version,
            "parameters": _fitting(self.parameters),
            "metrics": _fitting(self.metrics),
        }
        return {**told, **{name: value[:LONGEST] for name, value in self.learned.items() if name != "games"}}


def card_of(model: Model, folder: Path, native: Any, origin: Origin) -> Card:
    """Return the card of a model. native: the estimator inside it, None where there is none to look at."""
    parameters = {name: value for name, value in origin.params.items() if name not in OF_THE_RECORD}
    learned = {name: origin.params[name] for name in OF_THE_RECORD if name in origin.params}
    return Card(
        framework=framework_of(model),
        algorithm=algorithm_of(native),
        serialization=_serialization(model, folder),
        code_version=origin.tags.get(CODE_TAG) or f"gamenight {metadata.version('gamenight')}",
        parameters=parameters or own_parameters(native),
        metrics=dict(origin.metrics),
        learned=learned,
    )


def card_from(folder: Path) -> Card | None:
    """Return the card that an earlier registration left in a folder, None where there is none."""
    try:
        return Card(**json.loads((folder / PLACE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def framework_of(model: Model) -> str:
    """Return the flavor that a model was logged with; a pyfunc that stands alone is `pyfunc`."""
    return next((name for name in FRAMEWORKS if name in model.flavors), "pyfunc")


def algorithm_of(native: Any) -> str:
    """Return the class that decides: of a pipeline its last step, of a calibrated classifier what it calibrates.

    >>> from sklearn.linear_model import LogisticRegression
    >>> algorithm_of(LogisticRegression())
    'LogisticRegression'
    """
    last = native.steps[-1][1] if hasattr(native, "steps") else native
    inner = getattr(last, "estimator", None)
    if last is None:
        return "custom"
    name = type(last).__name__
    return f"{name} of {type(inner).__name__}" if hasattr(inner, "get_params") else name


def own_parameters(native: Any) -> dict[str, str]:
    """Return the plain parameters of an estimator, inner steps included; none of what has no such list."""
    if not hasattr(native, "get_params"):
        return {}
    found: Mapping[str, object] = native.get_params()
    return {name: str(value) for name, value in sorted(found.items()) if isinstance(value, str | int | float | bool)}


def _serialization(model: Model, folder: Path) -> str:
    declared = model.flavors.get("sklearn", {}).get("serialization_format")
    if declared:
        return str(declared)
    return "pickle" if pickled(folder) else "plain"


def _fitting(values: Mapping[str, object]) -> str:
    """Return values as JSON that a tag can hold; those that do not fit are left out, the last ones first."""
    kept = dict(values)
    while len(text := json.dumps(kept, sort_keys=True)) > LONGEST:
        kept.popitem()
    return text
