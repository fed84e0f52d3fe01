"""Find versions: MLflow answers what it can (model, stage, framework, tags), the rest is looked up in its answer."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from blocks.catalogue import versions
from blocks.catalogue.registering import LIFECYCLE_TAG
from blocks.errors import Refused

BOUND = re.compile(r"^\s*([\w.\-]+)\s*(<=|>=|<|>|=)\s*([-+0-9.eE]+)\s*$")
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound on a metric, such as `brier<0.22`."""

    metric: str
    sign: str
    value: float

    def holds(self, metrics: Mapping[str, float]) -> bool:
        """Return whether a version keeps it; one without the metric does not."""
        found = metrics.get(self.metric)
        return found is not None and bool(COMPARE[self.sign](found, self.value))


def bound(text: str) -> Bound:
    """Return a bound as people write it; raise Refused for anything else.

    >>> bound("brier <= 0.22")
    Bound(metric='brier', sign='<=', value=0.22)
    """
    matched = BOUND.match(text)
    try:
        if matched:
            return Bound(matched[1], matched[2], float(matched[3]))
    except ValueError:
        pass
    raise Refused(f"{text!r} is no bound on a metric.", "Write it as brier<0.22, with one of < <= > >= =.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is left out is not asked. text: in the description or in any tag, whatever its case."""

    framework: str | None = None
    stage: str | None = None
    metrics: tuple[Bound, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


def search(tracking_uri: str, model: str, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the versions of a model that are wanted, oldest first, each with `metrics` beside its row."""
    exact = dict(wanted.tags)
    if wanted.framework:
        exact["framework"] = wanted.framework
    if wanted.stage:
        exact[LIFECYCLE_TAG] = wanted.stage
    found = [shown(row) for row in versions.versions(tracking_uri, model, exact)]
    return [row for row in found if _is(row, wanted)]


def shown(row: Mapping[str, object]) -> dict[str, Any]:
    """Return a version's row with its card's texts read: metrics and parameters as objects, stage and framework."""
    tags: dict[str, str] = dict(row["tags"])  # type: ignore[call-overload]
    return {
        **row,
        "stage": tags.get(LIFECYCLE_TAG, "development"),
        "framework": tags.get("framework"),
        "metrics": _read(tags.get("metrics")),
        "parameters": _read(tags.get("parameters")),
    }


def _read(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is(row: Mapping[str, Any], wanted: Wanted) -> bool:
    made = datetime.fromisoformat(str(row["created"]))
    if (wanted.since and made < wanted.since) or (wanted.until and made >= wanted.until):
        return False
    if not all(one.holds(row["metrics"]) for one in wanted.metrics):
        return False
    texts = (str(row["description"]), *row["tags"].values())
    return not wanted.text or any(wanted.text.lower() in text.lower() for text in texts)
