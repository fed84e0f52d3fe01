"""Publish a slate: rows of the store, a CSV and a Parquet file, a table in the Prefect UI, the answer of the flow."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.platform import Platform
from tasks.gates import GateFailed
from tasks.scoring import Scored
from tasks.showing import key, leave_table, warn
from tasks.slates import Slate, arms_of, manifest_id, standing
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("game_id", "home", "away", "tip", "p_home", "version", "role", "made_at", "left_out")
ANSWERED = ("game_id", "home", "away", "tip", "p_home", "version", "role")


class SlateHeld(GateFailed):
    """A slate did not pass its gate: nothing new was sealed, and the message says what stands from before."""

    def __init__(self, failed: GateFailed, stands: str) -> None:
        super().__init__(failed.suite, failed.failed)
        self.args = (f"{self.args[0]}. {stands}",)


def published_rows(
    manifest: Mapping[str, Any], sealed: pd.DataFrame, left_out: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Return what people get: a row a game with the forecast that stands, and the reason where there is none."""
    stands = standing(manifest, sealed)
    roles = {arm["version"]: arm["role"] for arm in arms_of(manifest["routes"])}
    why = {one["game_id"]: one["why"] for one in left_out}
    told = []
    for game in manifest["games"]:
        row = stands.get(game["game_id"])
        told.append(
            {
                **game,
                "p_home": row and float(row["p"]),
                "version": row and row["version"],
                "role": row and roles[row["version"]],
                "made_at": row and row["made_at"].isoformat(),
                "left_out": None if row else why.get(game["game_id"], "no version gave a probability"),
            }
        )
    listed = {game["game_id"] for game in manifest["games"]}
    others = [{"game_id": unit, "left_out": said} for unit, said in why.items() if unit not in listed]
    return [{name: row.get(name) for name in COLUMNS} for row in (*told, *others)]


def answer_of(
    manifest: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], slate: Slate, notes: Sequence[str], now: datetime
) -> dict[str, object]:
    """Return the flow's answer: the forecasts of the games that are open, and what was left out."""
    why = {one["game_id"]: one["why"] for one in slate.left_out}
    silent = [row for row in rows if row["left_out"] and row["game_id"] not in why]
    open_rows = [row for row in rows if row["version"] and datetime.fromisoformat(row["tip"]) > now]
    return {
        "slate": slate.date,
        "manifest": manifest_id(manifest),
        "games": [{name: row[name] for name in ANSWERED} for row in open_rows if row["game_id"] not in why],
        "left_out": [*slate.left_out, *({"game_id": row["game_id"], "why": row["left_out"]} for row in silent)],
        "deadline": manifest["deadline"],
        "notes": list(notes),
    }


def put(platform: Platform, manifest: Mapping[str, Any], slate: Slate, notes: Sequence[str], now: datetime) -> Any:
    """Write what stands of a slate everywhere it is published, and return the rows."""
    import pandas as pd

    model = str(manifest["model"])
    rows = published_rows(manifest, platform.store.predictions(model, slates=[slate.date]), slate.left_out)
    platform.store.publish(model, slate.date, rows, now)
    place = Path(platform.publications) / model / slate.date
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    write_whole(place.with_suffix(".csv"), frame)
    write_whole(place.with_suffix(".parquet"), frame.astype({"p_home": "float64"}))
    scored = sum(1 for row in rows if row["version"])
    title = f"{scored} games of {slate.date}, manifest {manifest_id(manifest)}"
    leave_table(key("slate", model, slate.date), rows, ". ".join([title, *notes]))
    for line in notes:
        warn(line)
    return rows


def write_whole(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as CSV or Parquet so that a reader sees the old file or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    try:
        if path.suffix == ".parquet":
            frame.to_parquet(fresh, index=False)
        else:
            frame.to_csv(fresh, index=False)
        Path(fresh).chmod(0o644)
        Path(fresh).replace(path)
    finally:
        Path(fresh).unlink(missing_ok=True)


def nothing_to_score(slate: Slate) -> dict[str, object]:
    """Return the answer for a date that was never locked and on which nothing is left to score."""
    return {
        "slate": slate.date,
        "manifest": None,
        "games": [],
        "left_out": list(slate.left_out),
        "deadline": None,
        "notes": list(slate.notes),
    }


@step("publish the slate")
def publish(platform: Platform, slate: Slate, scored: Scored, now: datetime) -> dict[str, object]:
    """Publish the forecasts that stand, and keep a report of this scoring."""
    rows = put(platform, scored.manifest, slate, scored.notes, now)
    answer = answer_of(scored.manifest, rows, slate, scored.notes, now)
    _keep(platform, str(scored.manifest["model"]), slate, scored.notes, now)
    return answer


@step("see what stands")
def what_stands(platform: Platform, model: str, slate: Slate, now: datetime) -> dict[str, object]:
    """Return the answer of a run that finds nothing to score: what was sealed before stands."""
    manifest = platform.store.manifest(model, slate.date)
    if manifest is None:
        return nothing_to_score(slate)
    rows = published_rows(manifest, platform.store.predictions(model, slates=[slate.date]), slate.left_out)
    return answer_of(manifest, rows, slate, slate.notes, now)


@step("hold the slate")
def hold_slate(platform: Platform, model: str, slate: Slate, failed: GateFailed, now: datetime) -> SlateHeld:
    """Publish what stands of a slate that did not pass its gate, keep the report, and return the error to raise."""
    manifest = platform.store.manifest(model, slate.date)
    sealed = platform.store.predictions(model, slates=[slate.date])
    stands = standing(manifest, sealed) if manifest else {}
    last = max((row["made_at"] for row in stands.values()), default=None)
    said = f"What was sealed stands: {len(stands)} games, last at {last.isoformat()}" if last else "Nothing was sealed"
    held = SlateHeld(failed, said)
    if manifest and stands:
        put(platform, manifest, slate, (str(held),), now)
    _keep(platform, model, slate, (str(held),), now)
    return held


def _keep(platform: Platform, model: str, slate: Slate, notes: Sequence[str], now: datetime) -> None:
    body = {"slate": slate.date, "notes": list(notes), "left_out": list(slate.left_out)}
    platform.store.save_report({"model": model, "kind": "slate", "at": now, **body})
