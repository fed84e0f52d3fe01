"""Score a slate before tip-off: features, a forecast of every arm, seals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.errors import Unavailable
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.catalogue import alert_if_tampered
from tasks.nba.features import features
from tasks.slates import Slate, arms_of, standing
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

SEALED = ("slate", "unit", "version", "role", "served", "p", "made_at", "tip_at", "features")


@dataclass(frozen=True, slots=True)
class Scored:
    """One scoring of a slate. rows: what was newly sealed or stood already; notes: what did not go as planned."""

    slate: str
    manifest: dict[str, Any]
    rows: pd.DataFrame
    left_out: tuple[dict[str, str], ...]
    sealed: int
    notes: tuple[str, ...] = ()


def usable(slate: Slate, inputs: pd.DataFrame) -> tuple[Slate, pd.DataFrame]:
    """Return the slate and its features without the games that have a feature which is missing or not finite."""
    numbers = inputs.select_dtypes("number")
    bad = ~np.isfinite(numbers.to_numpy(dtype=float))
    why = {
        str(unit): f"its feature {', '.join(numbers.columns[row])} is missing or not finite"
        for unit, row in zip(inputs.index, bad, strict=True)
        if row.any()
    }
    if not why:
        return slate, inputs
    return slate.keep(slate.games[~slate.games["game_id"].astype(str).isin(why)], why), inputs[~bad.any(axis=1)]


def forecast(registry: Registry, manifest: Mapping[str, Any], inputs: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Return a row per game and version in the shape of a seal, with `why` where a version gave no probability.

    p is NaN there. Nobody is served yet: see `chosen`.
    """
    import pandas as pd

    tips = {game["game_id"]: datetime.fromisoformat(game["tip"]) for game in manifest["games"]}
    known = [unit for unit in inputs.index if unit in tips and tips[unit] > now]
    values = {str(unit): row for unit, row in inputs.loc[known].to_dict("index").items()}
    rows = []
    for arm in arms_of(manifest["routes"]):
        found, why = answers(registry, manifest["model"], arm["version"], inputs.loc[known])
        rows += [
            {
                "slate": manifest["slate"],
                "unit": unit,
                "version": arm["version"],
                "role": arm["role"],
                "served": False,
                "p": float(p),
                "made_at": now,
                "tip_at": tips[unit],
                "features": values[unit],
                "why": "" if np.isfinite(p) else why or "it gave no probability",
            }
            for unit, p in zip(known, found, strict=True)
        ]
    return pd.DataFrame(rows, columns=[*SEALED, "why"])


def answers(registry: Registry, model: str, version: str, inputs: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Return a version's probability a row, NaN where it gave none, and what it raised or answered instead.

    Raises Unavailable when the registry could not be asked, which is no fault of the version.
    """
    nothing = np.full(len(inputs), np.nan)
    if not len(inputs):
        return nothing, ""
    try:
        p = np.asarray(registry.load_model(model, version)(inputs), dtype=float)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - a model's own code runs here and may raise anything
        return nothing, f"it raised {type(error).__name__}: {error}"
    if p.shape != nothing.shape:
        return nothing, f"it answered {p.shape} for {len(inputs)} games"
    fine = np.isfinite(p) & (p >= 0) & (p <= 1)
    return np.where(fine, p, np.nan), "" if fine.all() else f"it answered {p[~fine][0]:g}, which is no probability"


def chosen(manifest: Mapping[str, Any], rows: pd.DataFrame, sealed: pd.DataFrame) -> pd.DataFrame:
    """Return the rows to seal, with `served` set on the forecast that each game is given.

    A version that gives no number does not take back the one that it has sealed, and the game is then given that one,
    else the champion's, else the fallback's.
    """
    import pandas as pd

    have = set(zip(sealed["unit"], sealed["version"], sealed["p"].notna(), strict=True))
    kept = [
        bool(np.isfinite(p)) or (unit, version, True) not in have
        for unit, version, p in zip(rows["unit"], rows["version"], rows["p"], strict=True)
    ]
    rows = rows[kept].reset_index(drop=True)
    if rows.empty:
        return rows
    both = pd.concat([sealed[["unit", "version", "p", "made_at"]], rows[["unit", "version", "p", "made_at"]]])
    stands = standing(manifest, both)
    served = [
        unit in stands and (stands[unit]["version"], stands[unit]["made_at"]) == (version, made_at)
        for unit, version, made_at in zip(rows["unit"], rows["version"], rows["made_at"], strict=True)
    ]
    return rows.assign(served=served)


def only_due(inputs: pd.DataFrame, wanted: Slate) -> pd.DataFrame:
    """Return the features of the games that are to be scored now."""
    return inputs[inputs.index.isin(wanted.games["game_id"].astype(str))]


def said_of(rows: pd.DataFrame, good: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for every version that has no sound forecast of some games, and what is served instead.

    rows: everything that was forecast. good: what passed the gate of forecasts.
    """
    passed = set(zip(good["unit"], good["version"], strict=True)) if len(good) else set()
    sound = [pair in passed for pair in zip(rows["unit"], rows["version"], strict=True)]
    failed = rows[rows["p"].isna() | ~np.array(sound, dtype=bool)]
    return tuple(
        f"version {version} ({role}) has no sound forecast of {len(group)} games: "
        f"{group['why'].max() or 'its gate set them aside'}; what was sealed before, the champion's or the fallback's "
        "forecast stands"
        for (version, role), group in failed.groupby(["version", "role"], sort=False)
    )


@step("compute the features")
def compute_features(platform: Platform, slate: Slate, now: datetime) -> pd.DataFrame:
    """Return the features of the slate from the games that are over by now."""
    return features(platform.source.history(now), slate.games)


@step("set aside what has no features")
def set_aside(slate: Slate, inputs: pd.DataFrame) -> tuple[Slate, pd.DataFrame]:
    """Leave out the games whose features are missing or not finite, with the reason."""
    return usable(slate, inputs)


@step("score with every arm")
def score(platform: Platform, manifest: Mapping[str, Any], inputs: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Forecast every game with champion, challenger and fallback."""
    for arm in arms_of(manifest["routes"]):
        alert_if_tampered(platform, manifest["model"], arm["version"], now)
    return forecast(platform.registry, manifest, inputs, now)


@step("seal the forecasts")
def seal(
    platform: Platform, slate: Slate, manifest: Mapping[str, Any], rows: pd.DataFrame, good: pd.DataFrame
) -> Scored:
    """Write the forecasts that passed their gate once, before tip-off; what stands is left as it is."""
    model = str(manifest["model"])
    notes = (*slate.notes, *said_of(rows, good))
    kept = chosen(manifest, good, platform.store.predictions(model, slates=[slate.date]))
    sealed = platform.store.seal(model, kept[list(SEALED)]) if len(kept) else 0
    return Scored(slate.date, dict(manifest), kept, slate.left_out, sealed, notes)
