"""Replay past seasons under a policy: what would this rollout have done, and what would other rules?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from blocks.platform import Platform
from tasks.judgement.ledger import Ledger
from tasks.judgement.paired import paired_terms
from tasks.nba.features import FEATURES, training_frame
from tasks.registry import trained_until
from tasks.rehearsal import Cast, Table, answer_of, page, replay_file, rule_of_policy, whole
from tasks.rehearsal_picture import picture
from tasks.rollout.canonical import canonical, digest
from tasks.rollout.picture import markdown_image
from tasks.rollout.policy import Policy
from tasks.rollout.refusal import BadInput
from tasks.showing import key, leave_page, tell_progress
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

HOLDOUT = 400


def rows_of(frame: pd.DataFrame, season: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the as-of rows of a season and the newest ones before it, from which q_bar is taken."""
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


@step("replay the seasons")
def replay_seasons(
    platform: Platform, casts: Sequence[Cast], policy: Policy, games: pd.DataFrame
) -> list[dict[str, object]]:
    """Forecast seasons with both versions as of each game, and judge them night by night under the policy's rule."""
    first = casts[0]
    frame = training_frame(games)
    old, new = (platform.registry.load_model(first.model, name) for name in (first.champion, first.challenger))
    found = []
    for place, cast in enumerate(casts):
        tell_progress(f"rehearsal {cast.model}", place, len(casts), f"season {cast.season}")
        played, before = rows_of(frame, cast.season)
        y = before["home_win"].to_numpy(float)
        _, q = paired_terms(old(before[list(FEATURES)]), new(before[list(FEATURES)]), y, policy.loss)
        inputs = played[list(FEATURES)]
        ledger = ledger_of_season(played, old(inputs), new(inputs))
        rule = rule_of_policy(policy, float(q.mean()))
        found.append(answer_of(cast, rule, ledger, _learned(platform, cast, str(played["date"].min())[:10])))
    tell_progress(f"rehearsal {first.model}", len(casts), len(casts), "done")
    return found


def _learned(platform: Platform, cast: Cast, first_night: str) -> list[str]:
    """Return a note for each version that learned from the season in which it is rehearsed."""
    notes = []
    for role, version in (("champion", cast.champion), ("challenger", cast.challenger)):
        try:
            until = trained_until(platform.registry, cast.model, version)
        except BadInput:
            continue
        if until >= first_night:
            notes.append(f"the {role} learned from games up to {until}, which are in or after this season")
    return notes


@step("replay the table")
def replay_table(table: Table, casts: Sequence[Cast], policy: Policy) -> list[dict[str, object]]:
    """Judge the seasons of a file with two forecasters night by night, as `replay_file` does."""
    return replay_file(table, casts, policy)


@step("keep the rehearsal")
def keep(platform: Platform, found: list[dict[str, object]]) -> dict[str, object]:
    """Leave the rehearsal as a page in the Prefect UI and as a run in MLflow, and return it."""
    answer = whole(found)
    text, drawn = canonical(answer), picture(found)
    model, seasons = str(answer["model"]), f"{answer['first_season']}-{answer['last_season']}"
    name = f"{model} {answer['challenger']} against {answer['champion']} in {seasons}"
    files = {
        f"rehearsal/{digest(text)}.json": text,
        "rehearsal/table.md": page(answer),
        "rehearsal/picture.svg": drawn,
    }
    platform.registry.record_run(f"rehearse/{model}", name, {"seasons": float(len(found))}, files)
    leave_page(key("rehearsal", model, seasons), f"{page(answer)}\n\n{markdown_image(drawn, 'decisions by season')}")
    return answer
