"""The report of a rollout that exposes nobody: how far apart the versions lie, where most, and how much slower."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from blocks.store import Store
from tasks.differences import Differences, differences
from tasks.evidence import Judged
from tasks.rollout.fold import Rollout

if TYPE_CHECKING:
    from pandas import DataFrame


def report_of(store: Store, rollout: Rollout, judged: Mapping[str, Judged]) -> str:
    """Return the report in markdown, empty for a rollout that has steps to climb."""
    if rollout.plan.steps or rollout.plan.first or rollout.started_at is None:
        return ""
    one = judged[rollout.challenger]
    since = datetime.fromisoformat(rollout.started_at)
    slower = slowness(store.journal(rollout.plan.model, since=since), str(rollout.champion), rollout.challenger)
    return page(rollout, differences(one.evidence.ledger, one.rule), slower)


def slowness(journal: DataFrame, champion: str, challenger: str) -> dict[str, float] | None:
    """Return by how many milliseconds the challenger was slower on the requests that both scored; None without any."""
    timed = journal[journal["error"].isna() & journal["latency_ms"].notna()] if len(journal) else journal
    if not len(timed):
        return None
    pairs = timed.pivot_table(index="request_id", columns="version", values="latency_ms", aggfunc="first")
    if not {champion, challenger} <= set(pairs.columns):
        return None
    apart = (pairs[challenger] - pairs[champion]).dropna()
    if apart.empty:
        return None
    return {
        "requests": float(len(apart)),
        "mean_ms": float(apart.mean()),
        "median_ms": float(apart.median()),
        "p95_ms": float(apart.quantile(0.95)),
    }


def page(rollout: Rollout, found: Differences, slower: Mapping[str, float] | None) -> str:
    """Return the report as a page of markdown."""
    lines = [
        f"## Version {rollout.challenger} beside version {rollout.champion}, in shadow",
        "",
        "| forecasts | |",
        "| --- | --- |",
        f"| n | {found.n} games with a result |",
        f"| mean difference | {found.mean:.4f} |",
        f"| 95th percentile | {found.p95:.4f} |",
        f"| largest difference | {found.largest:.4f} |",
        f"| mean loss difference | {found.mean_loss:+.4f} |",
    ]
    if slower is None:
        lines.append("| latency difference | no request was scored by both |")
    else:
        told = f"mean {slower['mean_ms']:+.2f} ms, median {slower['median_ms']:+.2f} ms, p95 {slower['p95_ms']:+.2f} ms"
        lines.append(f"| latency difference | {told} over {slower['requests']:.0f} requests |")
    if found.worst:
        lines += ["", f"The {len(found.worst)} games on which they lie farthest apart:", ""]
        lines += ["| night | game | champion | challenger | apart | outcome | loss difference |", "|" + " --- |" * 7]
        lines += [
            f"| {row.night} | {row.unit} | {row.p_old:.3f} | {row.p_new:.3f} | {row.difference:.3f} | {row.y:g} "
            f"| {row.loss_difference:+.4f} |"
            for row in found.worst
        ]
    return "\n".join(lines)
