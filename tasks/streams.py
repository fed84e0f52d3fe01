"""Errors and slow answers of a challenger beside the champion's, from the gateway's journal: evidence of their own."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.store import Store
from tasks.clock import night_of
from tasks.judgement.judge import Operations
from tasks.judgement.rates import below_limit_log_e, measured_temper, rate_log_e
from tasks.rollout.plan import Plan

if TYPE_CHECKING:
    from pandas import DataFrame

Row = tuple[str, tuple[int, ...]]
WINDOW_S = 300
BEFORE = timedelta(days=7)
"""How far before a rollout the champion's own requests are read, to measure how bursty its bad events are."""
FEWEST = 20
"""Answers whose time was taken, below which a challenger is not known to be quick."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of bad event of a challenger (canary) and the champion (baseline), in windows of five minutes.

    windows: the night, and bad events and requests of the canary and of the baseline, where anything was bad; the other
    windows say nothing about harm. totals: the night, and all bad events and requests of the canary in it.
    limit: the largest share of bad events that may be promoted, None where the policy names none.
    """

    windows: tuple[Row, ...]
    totals: tuple[Row, ...]
    temper: float
    limit: float | None

    @property
    def harm(self) -> dict[str, float]:
        """Return log e against "no more bad events than the champion's" by night."""
        if not self.windows:
            return {}
        bad_c, n_c, bad_b, n_b = np.array([counts for _, counts in self.windows]).T
        path = rate_log_e(bad_c, n_c, bad_b, n_b, self.temper)
        return dict(zip((night for night, _ in self.windows), path.tolist(), strict=True))

    @property
    def safe(self) -> dict[str, float]:
        """Return log e for promotion by night: below the limit where there is one, else infinite from FEWEST answers.

        No request at all is no evidence, and no evidence promotes nothing.
        """
        if not self.totals:
            return {}
        bad, n = np.array([counts for _, counts in self.totals]).T
        if self.limit is not None:
            path = below_limit_log_e(bad, n, self.limit)
        else:
            path = np.where(np.cumsum(n) >= FEWEST, np.inf, 0.0)
        return dict(zip((night for night, _ in self.totals), path.tolist(), strict=True))

    def told(self) -> str:
        """Return the counts in words."""
        bad, n = (sum(counts[k] for _, counts in self.totals) for k in (0, 1))
        return f"{bad} of {n} answers"


def operations_of(streams: Mapping[str, Stream]) -> Operations | None:
    """Return the streams as the judge takes them; None where the policy declares none."""
    if not streams:
        return None
    return Operations({name: one.harm for name, one in streams.items()}, {n: one.safe for n, one in streams.items()})


def streams_from(record: Mapping[str, Any]) -> dict[str, Stream]:
    """Return the streams of saved evidence; evidence from before there were any has none."""

    def rows(saved: list[Any]) -> tuple[Row, ...]:
        return tuple((str(night), tuple(counts)) for night, counts in saved)

    found = record.get("streams", {})
    return {
        name: Stream(rows(one["windows"]), rows(one["totals"]), float(one["temper"]), one["limit"])
        for name, one in found.items()
    }


def streams_of(
    store: Store, plan: Plan, versions: Sequence[str], since: datetime, until: datetime
) -> dict[str, dict[str, Stream]]:
    """Return the declared streams of each challenger against the champion since the rollout started, by version."""
    declared = plan.policy.operations
    if not (declared.errors or declared.slow_ms) or plan.from_version is None:
        return {version: {} for version in versions}
    slow_ms = declared.slow_ms or math.inf
    counts = store.request_counts(plan.model, [plan.from_version, *versions], (since, until), slow_ms)
    before = store.request_counts(plan.model, [plan.from_version], (since - BEFORE, since), slow_ms, True)
    found: dict[str, dict[str, Stream]] = {version: {} for version in versions}
    for version in versions:
        pair = plan.from_version, version
        if declared.errors:
            temper = _temper(before, "n", "bad", declared.temper)
            found[version]["errors"] = _stream(_errors(counts, *pair), temper, declared.error_limit)
        if declared.slow_ms:
            temper = _temper(before, "answered", "slow", declared.temper)
            found[version]["slow"] = _stream(_slow(counts, *pair), temper, None)
    return found


def _errors(counts: DataFrame, champion: str, challenger: str) -> DataFrame:
    """Return bad_c, n_c, bad_b, n_b per window: every answer counts, served or given in shadow."""
    return _beside(*(_arm(counts, version, "bad", "n") for version in (challenger, champion)))


def _slow(counts: DataFrame, champion: str, challenger: str) -> DataFrame:
    """Return bad_c, n_c, bad_b, n_b per window and path: a shadow's time is taken off the request path.

    So served answers stand beside served ones, and shadow beside shadow. In the bake the champion of before answers in
    shadow alone, and is the baseline there.
    """
    import pandas as pd

    paths = {served: counts[counts["served"] == served] for served in (True, False)}
    c, b = ({path: _arm(rows, v, "slow", "answered") for path, rows in paths.items()} for v in (challenger, champion))
    alone = b[False].index.difference(b[True].index).difference(c[False].index)
    served = _beside(c[True], pd.concat([b[True], b[False].loc[alone]]))
    return pd.concat([served, _beside(c[False], b[False].drop(alone))]).sort_index(kind="stable")


def _arm(counts: DataFrame, version: str, bad: str, n: str) -> DataFrame:
    sums = counts[counts["version"] == version].groupby("window")[[bad, n]].sum()
    return sums[sums[n] > 0].set_axis(["bad", "n"], axis="columns")


def _beside(canary: DataFrame, baseline: DataFrame) -> DataFrame:
    both = canary.add_suffix("_c").join(baseline.add_suffix("_b"), how="outer")
    return both.fillna(0).astype("int64")


def _stream(rows: DataFrame, temper: float, limit: float | None) -> Stream:
    nights = [night_of(datetime.fromtimestamp(int(window) * WINDOW_S, UTC)) for window in rows.index]
    rows = rows.assign(night=nights).sort_values("night", kind="stable")
    told = rows[(rows["n_c"] > 0) & (rows["n_b"] > 0) & (rows["bad_c"] + rows["bad_b"] > 0)]
    totals = rows[rows["n_c"] > 0].groupby("night")[["bad_c", "n_c"]].sum()
    counts = told[["bad_c", "n_c", "bad_b", "n_b"]]
    return Stream(_rows(told["night"], counts), _rows(totals.index, totals), temper, limit)


def _rows(nights: Iterable[str], counts: DataFrame) -> tuple[Row, ...]:
    return tuple(
        (str(night), tuple(row)) for night, row in zip(nights, counts.to_numpy(dtype=int).tolist(), strict=True)
    )


def _temper(before: DataFrame, n: str, bad: str, unmeasured: float) -> float:
    """Return 1/overdispersion of the champion against itself: its keys drawn into two arms, as a rollout would."""
    half = before["key"].map(_half)
    arms = before.assign(half=half).groupby(["window", "half"])[[bad, n]].sum().unstack("half", fill_value=0)
    if (n, 0) not in arms or (n, 1) not in arms:
        return unmeasured
    return measured_temper(arms[bad, 0], arms[n, 0], arms[bad, 1], arms[n, 1], unmeasured)


def _half(key: object) -> int:
    return hashlib.blake2b(f"a/a:{key}".encode(), digest_size=1).digest()[0] % 2


def answers_needed(limit: float, level: float) -> int:
    """Return how many answers without an error prove that errors stay below a limit.

    >>> answers_needed(0.01, math.log(20))
    390
    """
    n = np.arange(1, 10**6 if limit < 0.001 else 10**5)
    path = below_limit_log_e(np.zeros(len(n)), np.ones(len(n)), limit)
    return int(np.searchsorted(path, level)) + 1
