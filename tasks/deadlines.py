"""Alarms before a deadline: a slate that nobody has scored yet, and a scoring that did not go as planned."""

from __future__ import annotations

from datetime import datetime, timedelta

from blocks.errors import BackendError
from blocks.platform import Platform
from tasks.alerting.decide import Signal
from tasks.alerting.kinds import AlertType
from tasks.clock import night_of
from tasks.rollout.policy import Policy
from tasks.slates import deadline_of, playable, standing

ALARM_AHEAD = timedelta(minutes=30)
"""How long before its deadline an unscored slate is an alarm."""
AHEAD = timedelta(hours=12)


def deadline_signals(platform: Platform, policy: Policy, now: datetime) -> list[Signal]:
    """Return a signal for last night's slate, today's and the next, and for the newest scoring."""
    dates = sorted({night_of(at) for at in (now - 2 * AHEAD, now, now + AHEAD)})
    found = [one for date in dates if (one := unscored(platform, policy, date, now)) is not None]
    return [*found, *scoring_signals(platform, policy.model, now)]


def unscored(platform: Platform, policy: Policy, date: str, now: datetime) -> Signal | None:
    """Return the signal of one slate, raised where games without a forecast are near the deadline or past it.

    None while there is time, and for a date without games. A source that does not answer is an alarm too.
    """
    try:
        slate = playable(date, platform.source.slate(date, now), now)
    except BackendError as error:
        return Signal(AlertType.SLATE_UNSCORED, date, True, f"the slate could not be read: {error}")
    manifest = platform.store.manifest(policy.model, date)
    if slate.games.empty:
        return Signal(AlertType.SLATE_UNSCORED, date, False, "no game is open any more") if slate.left_out else None
    stands = standing(manifest, platform.store.predictions(policy.model, slates=[date])) if manifest else {}
    open_games = slate.games["game_id"].astype(str)
    missing = [unit for unit in open_games if unit not in stands]
    if not missing:
        return Signal(AlertType.SLATE_UNSCORED, date, False, f"{len(open_games)} games are scored")
    deadline = deadline_of(slate.games["tip"].min().to_pydatetime(), policy.slate)
    if now < deadline - ALARM_AHEAD:
        return None
    when = f"the deadline is {deadline.isoformat()}"
    return Signal(AlertType.SLATE_UNSCORED, date, True, f"{len(missing)} of {len(open_games)} games unscored; {when}")


def scoring_signals(platform: Platform, model: str, now: datetime) -> list[Signal]:
    """Return the signal of the newest scoring, raised where it has something to say."""
    newest = platform.store.reports(model, "slate", limit=1).to_dict("records")
    if not newest or newest[0]["at"] < now - 2 * AHEAD:
        return []
    body = newest[0]["body"]
    return [Signal(AlertType.DATA_QUALITY, "slate", bool(body["notes"]), "; ".join(body["notes"]) or "as planned")]
