"""A rollout that never happened: what a rule would have decided on nights gone by, and what other rules would have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.forecasts_file import Columns, forecasts_of, read_table
from tasks.judgement.judge import Judgement, judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.mixture import Array
from tasks.judgement.paired import paired_terms
from tasks.judgement.path import path_of
from tasks.judgement.planner import plan
from tasks.judgement.rule import Rule
from tasks.rivals.rules import RIVALS
from tasks.rivals.season import Bounds, Call, Season
from tasks.rollout.policy import Policy
from tasks.rollout.refusal import BadInput
from tasks.showing import tell_progress

if TYPE_CHECKING:
    from pandas import DataFrame

OURS = "this rule"
COUNTED = ("promoted", "wrongly", "rolled_back", "wrongly_back", "neither")


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is rehearsed over the nights of one season: two versions of a model, or two columns of a file."""

    model: str
    champion: str
    challenger: str
    season: int


@dataclass(frozen=True, slots=True)
class Table:
    """A file with two forecasters over several seasons, and which column is which."""

    file: str
    outcome: str = "home_win"
    night: str = "date"
    season: str = "season"
    unit: str | None = None


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


def rule_of_policy(policy: Policy, q_bar: float) -> Rule:
    """Return the rule of a policy for a pair whose mean allowance is known."""
    return Rule(
        q_bar=q_bar,
        margin=policy.margin,
        alpha=policy.alpha,
        beta=policy.beta,
        n_max=policy.n_max,
        ladder=policy.steps,
        score=policy.loss,
    )


def answer_of(cast: Cast, rule: Rule, ledger: Ledger, notes: Sequence[str] = ()) -> dict[str, object]:
    """Return what a rehearsal answers: the verdict, when, how many games were exposed, and the other rules' calls."""
    found = rehearse(ledger, rule)
    judged, look = found.judgement, found.judgement.look
    d, _ = paired_terms(ledger.p_old, ledger.p_new, ledger.y, rule.score, rule.clip)
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
        "season_games": len(d),
        "season_mean_difference": float(d.mean()) if len(d) else None,
        "q_bar": rule.q_bar,
        "margin": rule.margin,
        "plan": plan(rule).says,
        "others": {
            name: {"verdict": call.verdict.value, "night": call.night, "games": call.units}
            for name, call in found.rivals.items()
        },
        "notes": list(notes),
    }


def casts_of(model: str, champion: str, challenger: str, seasons: Sequence[int]) -> list[Cast]:
    """Return the pair in every season, each once and in order; at least one must be named."""
    if not seasons:
        raise BadInput("season", "name at least one season, by the year in which it ends")
    return [Cast(model, champion, challenger, season) for season in sorted(set(seasons))]


def replay_file(table: Table, casts: Sequence[Cast], policy: Policy) -> list[dict[str, object]]:
    """Return the rehearsal of every season of a file; q_bar is the mean of the season before.

    Raises BadInput naming the column or row at fault, or a season that has no forecasts of both, or none before it.
    """
    first = casts[0]
    columns = Columns(first.champion, first.challenger, table.outcome, table.night, table.unit)
    frame = read_table(Path(table.file), columns, table.season)
    seasons = frame[table.season].astype(float)
    found = []
    for place, cast in enumerate(casts):
        tell_progress(f"rehearsal {cast.model}", place, len(casts), f"season {cast.season}")
        parts = [frame[seasons == season].reset_index(drop=True) for season in (cast.season - 1, cast.season)]
        before, played = (_ledger(part, columns, policy, season) for part, season in
                          zip(parts, (cast.season - 1, cast.season), strict=True))  # fmt: skip
        _, q = paired_terms(before.p_old, before.p_new, before.y, policy.loss)
        found.append(answer_of(cast, rule_of_policy(policy, float(q.mean())), played))
    tell_progress(f"rehearsal {first.model}", len(casts), len(casts), "done")
    return found


def _ledger(frame: DataFrame, columns: Columns, policy: Policy, season: int) -> Ledger:
    both = frame[columns.champion].notna() & frame[columns.challenger].notna()
    if not both.any():
        raise BadInput("season", f"season {season} has no game that both {columns.champion} and {columns.challenger} "
                       "forecast; a rehearsal needs the season and the one before it")  # fmt: skip
    return forecasts_of(frame, columns, str(policy.fallback)).ledger


def whole(found: Sequence[dict[str, Any]]) -> dict[str, object]:
    """Return the answer of several seasons; of one season its own figures stand at the top as well."""
    first, seasons = found[0], [one["season"] for one in found]
    return {
        **(first if len(found) == 1 else {name: first[name] for name in ("model", "champion", "challenger")}),
        "first_season": min(seasons),
        "last_season": max(seasons),
        "rules": tally(found),
        "seasons": list(found),
    }


def calls_of(one: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what every rule called in one season, this project's own first."""
    return {OURS: {"verdict": one["verdict"], "night": one["night"], "games": one["games"]}, **one["others"]}


def tally(found: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return by rule: seasons promoted and rolled back, and those that the whole season shows to have been wrong."""
    rules: dict[str, dict[str, int]] = {}
    for one in found:
        mean, margin = one["season_mean_difference"], one["margin"]
        for rule, call in calls_of(one).items():
            row = rules.setdefault(
                rule, {"promoted": 0, "wrongly": 0, "rolled_back": 0, "wrongly_back": 0, "neither": 0}
            )
            promoted, back = call["verdict"] == "PASS", call["verdict"] == "FAIL"
            row["promoted"] += promoted
            row["wrongly"] += promoted and mean >= margin
            row["rolled_back"] += back
            row["wrongly_back"] += back and mean <= 0
            row["neither"] += not (promoted or back)
    return rules


def page(answer: Mapping[str, Any]) -> str:
    """Return the rehearsal as a page in markdown: a line a season, and what every rule did over all of them."""
    found = answer["seasons"]
    rules = list(calls_of(found[0]))
    lines = [
        f"# {answer['model']}: {answer['challenger']} against {answer['champion']}",
        f"| season | games | mean difference | served by the challenger | {' | '.join(rules)} |",
        "| --- " * (4 + len(rules)) + "|",
    ]
    for one in found:
        cells = [_called(call) for call in calls_of(one).values()]
        head = f"{one['season']} | {one['season_games']} | {one['season_mean_difference']:+.4f}"
        lines.append(f"| {head} | {one['games_served_by_challenger']} | {' | '.join(cells)} |")
    lines += [
        "",
        "| rule | promoted | of these worse by the margin | rolled back | of these no worse | neither |",
        "| --- | --- | --- | --- | --- | --- |",
        *(f"| {name} | {' | '.join(str(count) for count in row.values())} |" for name, row in answer["rules"].items()),
    ]
    notes = [f"- {one['season']}: {note}" for one in found for note in one["notes"]]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _called(call: Mapping[str, Any]) -> str:
    return f"{call['verdict']} on night {call['night']}" if call["night"] else str(call["verdict"])
