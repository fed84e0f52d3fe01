"""Replay a past season under a policy: what would this rollout have done, and what would other rules?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from blocks.platform import Platform
from tasks.judgement.judge import Judgement, judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.mixture import Array
from tasks.judgement.paired import paired_terms
from tasks.judgement.path import path_of
from tasks.judgement.rule import Rule
from tasks.nba.features import FEATURES, training_frame
from tasks.rivals.rules import RIVALS
from tasks.rivals.season import Bounds, Call, Season
from tasks.rollout.canonical import canonical, digest
from tasks.rollout.policy import Policy
from tasks.rollout.refusal import BadInput
from tasks.showing import key, leave_page
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

HOLDOUT = 400


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is rehearsed: a pair of registered versions of a model, over the nights of one season."""

    model: str
    champion: str
    challenger: str
    season: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The judgement, the units the challenger would have served until it (expected), and the calls of other rules."""

    judgement: Judgement
    served: float
    rivals: Mapping[str, Call]


def rehearse(ledger: Ledger, rule: Rule) -> Rehearsal:
    """Return what would have become of a challenger, had it been rolled out over the closed nights of a ledger."""
    judgement, path = judge(ledger, rule), path_of(ledger, rule)
    until = judgement.looks[: judgement.night]
    units = np.diff([0, *(look.n for look in until)])
    season = Season(path.n, path.S, path.squares, *_losses(ledger, rule))
    bounds = Bounds(rule.margin, rule.alpha, rule.beta, rule.n_max, rule.min_units)
    calls = {name: rival(season, bounds) for name, rival in RIVALS.items()}
    return Rehearsal(judgement, float(units @ np.array([look.share / 100 for look in until], dtype=float)), calls)


def _losses(ledger: Ledger, rule: Rule) -> tuple[Array, Array]:
    """Return the losses of champion and challenger over the closed nights, in their order."""
    order = np.argsort(ledger.night, kind="stable")
    closed = np.isin(ledger.nights, ledger.closed)[ledger.night[order]]
    y = ledger.y[order][closed]
    old, new = (_loss(p[order][closed], y, rule) for p in (ledger.p_old, ledger.p_new))
    return old, new


def _loss(p: Array, y: Array, rule: Rule) -> Array:
    if rule.score == "log":
        inside = np.clip(p, rule.clip, 1.0 - rule.clip)
        return -np.log(np.where(y == 1, inside, 1.0 - inside))
    if p.ndim == 2:
        miss: Array = np.square(p - np.eye(p.shape[1])[y.astype(int)]).sum(axis=1)
        return miss
    return np.abs(p - y) if rule.score == "absolute" else np.square(p - y)


def rows_of(games: pd.DataFrame, season: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the as-of rows of a season and the newest ones before it, from which q_bar is taken."""
    frame = training_frame(games)
    played, before = frame[frame["season"] == season], frame[frame["season"] < season].tail(HOLDOUT)
    if not len(played) or not len(before):
        known = sorted(frame["season"].unique())
        raise BadInput("season", f"season {season} has no games with a season before it; there are {known}")
    return played, before


def ledger_of_season(played: pd.DataFrame, p_old: np.ndarray, p_new: np.ndarray) -> Ledger:
    """Return the ledger of a whole season with every night closed; forecasts of shape (n,)."""
    dates = played["date"].astype(str).str[:10].to_numpy(dtype=object)
    nights, night = np.unique(dates.astype(str), return_inverse=True)
    return Ledger(
        nights=tuple(nights.tolist()),
        night=night,
        unit=played.index.to_numpy(dtype=object),
        p_old=p_old,
        p_new=p_new,
        y=played["home_win"].to_numpy(dtype=float),
        answered=np.ones(len(played), dtype=bool),
        closed=tuple(nights.tolist()),
        ended=True,
    )


def answer_of(cast: Cast, rule: Rule, found: Rehearsal) -> dict[str, object]:
    """Return what a rehearsal answers: the verdict, when, how many games were exposed, and the other rules' calls."""
    judged = found.judgement
    look = judged.look
    rivals = {name: asdict(call) for name, call in found.rivals.items()}
    return {
        **asdict(cast),
        "verdict": judged.verdict.value,
        "reason": judged.reason,
        "night": judged.night,
        "date": look.night if look else None,
        "games": look.n if look else 0,
        "games_served_by_challenger": round(found.served, 1),
        "mean_difference": look.S / look.n if look else None,
        "lower": look.lower if look else None,
        "upper": look.upper if look else None,
        "q_bar": rule.q_bar,
        "others": rivals,
    }


def page(answer: dict[str, object]) -> str:
    """Return the rehearsal as a page in markdown."""
    others = answer["others"]
    assert isinstance(others, dict)
    lines = [
        f"# {answer['model']}: {answer['challenger']} against {answer['champion']} in season {answer['season']}",
        f"**{answer['verdict']}** ({answer['reason']}) on night {answer['night']}, {answer['date']}, after "
        f"{answer['games']} games, of which the challenger would have served {answer['games_served_by_challenger']}.",
        "",
        "| rule | call |",
        "| --- | --- |",
        *(f"| {name} | {call} |" for name, call in others.items()),
    ]
    return "\n".join(lines)


@step("replay the season")
def replay_season(platform: Platform, cast: Cast, policy: Policy, games: pd.DataFrame) -> dict[str, object]:
    """Forecast a season with both versions as of each game, and judge it night by night under the policy's rule."""
    played, before = rows_of(games, cast.season)
    old, new = (platform.registry.load_model(cast.model, name) for name in (cast.champion, cast.challenger))
    _, q = paired_terms(
        old(before[list(FEATURES)]), new(before[list(FEATURES)]), before["home_win"].to_numpy(float), policy.score
    )
    rule = Rule(
        q_bar=float(q.mean()),
        margin=policy.margin,
        alpha=policy.alpha,
        beta=policy.beta,
        n_max=policy.n_max,
        ladder=policy.steps,
        score=policy.score,
    )
    inputs = played[list(FEATURES)]
    found = rehearse(ledger_of_season(played, old(inputs), new(inputs)), rule)
    return answer_of(cast, rule, found)


@step("keep the rehearsal")
def keep(platform: Platform, answer: dict[str, object]) -> dict[str, object]:
    """Leave the rehearsal as a page in the Prefect UI and as a run in MLflow, and return it."""
    text = canonical(answer)
    model, season = str(answer["model"]), answer["season"]
    name = f"{model} {answer['challenger']} against {answer['champion']} in {season}: {answer['verdict']}"
    platform.registry.record_run(f"rehearse/{model}", name, {}, {f"rehearsal/{digest(text)}.json": text})
    leave_page(key("rehearsal", model, str(season)), page(answer))
    return answer
