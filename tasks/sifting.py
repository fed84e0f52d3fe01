"""Hold every version's forecasts of a slate against their suite: who fails is set aside, and the champion goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.platform import Platform
from tasks.gates import DataGate, GateFailed, ask
from tasks.showing import warn
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

CHAMPION = "champion"
STAND_INS = (CHAMPION, "fallback")
"""Who answers a game whose own version was set aside, in this order."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """The forecasts that may be sealed, and the games that nobody forecast, each with the reason."""

    rows: pd.DataFrame
    left_out: tuple[dict[str, str], ...] = ()


def served_again(good: pd.DataFrame, units: list[str], why: dict[str, str]) -> Sifted:
    """Give every game whose version was set aside to the champion, else the fallback; left out where neither answered.

    good: the forecasts that passed, a row a game and version. units: the games of the slate. why: by game, what was
    set aside and why.
    """
    rows = good.copy()
    left_out = []
    served = set(rows.loc[rows["served"], "unit"])
    for unit in [unit for unit in units if unit not in served]:
        own = rows["unit"] == unit
        stand_ins = [rows.index[own & (rows["role"] == role)] for role in STAND_INS]
        found = next((places for places in stand_ins if len(places)), None)
        if found is None:
            left_out.append({"game_id": unit, "why": why.get(unit, "no version forecast it")})
        else:
            rows.loc[found[:1], "served"] = True
    return Sifted(rows, tuple(left_out))


def sift(platform: Platform, gate: DataGate, rows: pd.DataFrame) -> Sifted:
    """Return the forecasts that passed their gate; raise GateFailed where the champion's did not.

    A challenger that fails is set aside whole, with a warning, because the night belongs to the champion.
    """
    import pandas as pd

    good, why = [], dict[str, str]()
    for version, part in rows.groupby("version", sort=False):
        role = str(part["role"].iloc[0])
        try:
            answer = ask(platform, gate, part.reset_index(drop=True))
        except GateFailed as failed:
            if role == CHAMPION:
                raise
            warn(f"version {version}, the {role}, is set aside tonight: {failed}")
            continue
        for unit, reason in answer.why.items():
            warn(f"version {version}, the {role}: {unit} is set aside: {reason}")
            why[unit] = f"version {version}: {reason}"
        good.append(answer.frame)
    units = [str(unit) for unit in rows["unit"].drop_duplicates()]
    return served_again(pd.concat(good, ignore_index=True), units, why)


@step("gate the forecasts", shown_as="gate {gate.name}")
def must_forecast(platform: Platform, gate: DataGate, rows: pd.DataFrame) -> Sifted:
    """Hold the forecasts of a slate against their suite, version by version, before anything is sealed."""
    return sift(platform, gate, rows) if len(rows) else Sifted(rows)
