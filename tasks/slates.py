"""The slate of a night: which games are open, under which manifest they are served, and which are due for scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from blocks.errors import Conflict
from blocks.platform import Platform
from blocks.serving.router import RETURNED, arm_of
from blocks.store import Store
from tasks.records import head
from tasks.rollout.canonical import canonical, digest
from tasks.rollout.fold import Rollout
from tasks.rollout.policy import Slate as SlateTimes
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import Stage
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

OPENS = timedelta(hours=2)
"""How long before its deadline a slate is scored first, by a run that looks for due slates."""
RECENT = timedelta(days=3)
TRIES = 20


@dataclass(frozen=True, slots=True)
class Slate:
    """The games of one US/Eastern date: those to score, and those left out with the reason. Frames may be empty."""

    date: str
    games: pd.DataFrame
    left_out: tuple[dict[str, str], ...]
    notes: tuple[str, ...] = ()

    def keep(self, passed: pd.DataFrame, why: Mapping[str, str]) -> Slate:
        """Return the slate of the games that passed a gate; `why` says by game id what was set aside for."""
        out = tuple({"game_id": unit, "why": said} for unit, said in why.items())
        return Slate(self.date, passed.reset_index(drop=True), (*self.left_out, *out), self.notes)

    def only(self, units: frozenset[str]) -> Slate:
        """Return the slate with some of its open games; the others are neither scored nor left out."""
        chosen = self.games[self.games["game_id"].astype(str).isin(units)]
        return Slate(self.date, chosen.reset_index(drop=True), self.left_out, self.notes)


def playable(date: str, games: pd.DataFrame, now: datetime) -> Slate:
    """Return the slate of the games that have not tipped off; the others are left out with the reason."""
    left_out = []
    for game in games.to_dict("records"):
        if str(game["status"]) == "void":
            left_out.append({"game_id": str(game["game_id"]), "why": "it was called off"})
        elif game["tip"] <= now:
            left_out.append({"game_id": str(game["game_id"]), "why": f"it tipped off at {game['tip'].isoformat()}"})
    out = {one["game_id"] for one in left_out}
    return Slate(date, games[~games["game_id"].astype(str).isin(out)].reset_index(drop=True), tuple(left_out))


def listed(slate: Slate) -> list[dict[str, Any]]:
    """Return the open games as a manifest lists them, in the order of their tip-offs."""
    return [
        {
            "game_id": str(game["game_id"]),
            "home": str(game["home"]),
            "away": str(game["away"]),
            "tip": game["tip"].isoformat(),
        }
        for game in slate.games.sort_values(["tip", "game_id"]).to_dict("records")
    ]


def manifest_of(rollout: Rollout, slate: Slate, times: SlateTimes) -> dict[str, Any]:
    """Return the manifest that a slate would be locked under: its games and the routes in force."""
    games = listed(slate)
    first = min(datetime.fromisoformat(game["tip"]) for game in games)
    return {
        "slate": slate.date,
        "model": rollout.plan.model,
        "games": games,
        "routes": rollout.routes.to_dict(),
        "rollout": rollout.run_id,
        "event": len(rollout.events),
        "deadline": deadline_of(first, times).isoformat(),
    }


def deadline_of(first_tip: datetime, times: SlateTimes) -> datetime:
    """Return by when a slate must be scored."""
    return first_tip - timedelta(minutes=times.lead_minutes)


def extended(manifest: Mapping[str, Any], slate: Slate) -> dict[str, Any]:
    """Return a manifest with the games that the source told late and tip-offs that moved; versions and weights stay."""
    standing = {game["game_id"]: game for game in manifest["games"]}
    games = sorted((standing | {game["game_id"]: game for game in listed(slate)}).values(), key=_order)
    return {**manifest, "games": games} if games != manifest["games"] else dict(manifest)


def _order(game: Mapping[str, str]) -> tuple[datetime, str]:
    return datetime.fromisoformat(game["tip"]), game["game_id"]


def manifest_id(manifest: Mapping[str, object]) -> str:
    """Return the digest by which people name a manifest."""
    return digest(canonical(manifest))[:12]


def arms_of(routes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every version that scores: the arms, and the fallback where it is none of them."""
    arms = [dict(arm) for arm in routes["arms"] if arm["role"] != RETURNED]
    if routes["fallback"] and routes["fallback"] not in {arm["version"] for arm in arms}:
        arms.append({"version": routes["fallback"], "role": "fallback", "weight": 0})
    return arms


def served_by(routes: Mapping[str, Any], unit: str) -> list[str]:
    """Return the versions that may serve a game, the best first: its arm's, the champion, the fallback.

    >>> new, old = {"version": "8", "role": "challenger"}, {"version": "7", "role": "champion"}
    >>> served_by({"salt": "", "arms": [new | {"weight": 100}, old | {"weight": 0}], "fallback": None}, "g1")
    ['8', '7']
    """
    champions = [arm["version"] for arm in routes["arms"] if arm["role"] == "champion"]
    chain = [arm_of(dict(routes), unit)["version"], *champions, routes["fallback"]]
    return list(dict.fromkeys(version for version in chain if version))


def standing(manifest: Mapping[str, Any], sealed: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return by game the forecast that stands: the newest number of the best version that has sealed one.

    sealed: the seals of the slate. A game without any number is not in the answer.
    """
    numbers = sealed[sealed["p"].notna()].sort_values("made_at", kind="stable").to_dict("records")
    newest = {(str(row["unit"]), str(row["version"])): {str(k): v for k, v in row.items()} for row in numbers}
    found = {}
    for game in manifest["games"]:
        unit = game["game_id"]
        rows = [newest[unit, version] for version in served_by(manifest["routes"], unit) if (unit, version) in newest]
        if rows:
            found[unit] = rows[0]
    return found


def due(
    slate: Slate, manifest: Mapping[str, Any] | None, sealed: pd.DataFrame, times: SlateTimes, now: datetime
) -> frozenset[str]:
    """Return the open games that a run should score now.

    From two hours before the deadline: those without a forecast, those that tip off within `rescore_minutes` and were
    not scored since, and those whose version has changed, as after a rollback.
    """
    if slate.games.empty:
        return frozenset()
    tips = {str(unit): tip for unit, tip in zip(slate.games["game_id"], slate.games["tip"], strict=True)}
    first = min([*tips.values(), *(datetime.fromisoformat(game["tip"]) for game in (manifest or {}).get("games", ()))])
    if now < deadline_of(first, times) - OPENS:
        return frozenset()
    if manifest is None:
        return frozenset(tips)
    stands = standing(manifest, sealed)
    window = timedelta(minutes=times.rescore_minutes)
    return frozenset(
        unit
        for unit, tip in tips.items()
        if unit not in stands
        or stands[unit]["version"] != served_by(manifest["routes"], unit)[0]
        or stands[unit]["made_at"] < tip - window <= now
    )


def lock(platform: Platform, rollout: Rollout, slate: Slate, times: SlateTimes, now: datetime) -> dict[str, Any]:
    """Lock the manifest or find it locked, add what the source told late, and follow a rollback that came between."""
    store, model = platform.store, rollout.plan.model
    found: dict[str, Any] = store.lock_manifest(model, slate.date, manifest_of(rollout, slate, times), now)
    if revise(store, head(platform.registry, model), now):
        found = _read(store, model, slate.date)
    for _ in range(TRIES):
        wanted = extended(found, slate)
        if wanted == found:
            return found
        try:
            return dict(store.exchange_manifest(model, slate.date, found, wanted, now))
        except Conflict:
            found = _read(store, model, slate.date)
    raise Conflict(f"{TRIES} attempts to add games to slate {slate.date} lost to others.", "Try again.")


def _read(store: Store, model: str, date: str) -> dict[str, Any]:
    return dict(store.manifest(model, date) or {})


def revise(store: Store, rollout: Rollout | None, now: datetime) -> list[str]:
    """Move the games that have not tipped off to the routes after a rollback; return the slates that changed."""
    if rollout is None or rollout.stage is not Stage.ROLLED_BACK:
        return []
    slates = store.slates(rollout.plan.model, since=now - RECENT)["slate"].tolist()
    return [slate for slate in slates if _follow(store, rollout, slate, now)]


def _follow(store: Store, rollout: Rollout, slate: str, now: datetime) -> bool:
    model, routes = rollout.plan.model, rollout.routes.to_dict()
    for _ in range(TRIES):
        manifest = _read(store, model, slate)
        ahead = any(datetime.fromisoformat(game["tip"]) > now for game in manifest["games"])
        if not ahead or manifest["rollout"] != rollout.run_id or manifest["routes"] == routes:
            return False
        try:
            after = {**manifest, "routes": routes, "event": len(rollout.events)}
            store.exchange_manifest(model, slate, manifest, after, now)
        except Conflict:
            continue
        return True
    raise Conflict(
        f"{TRIES} attempts to move slate {slate} to version {rollout.champion} lost to others.", "Try again."
    )


def needs_a_champion(rollout: Rollout | None, model: str) -> Rollout:
    """Return the rollout whose routes serve; raise BadInput for a model that has no champion yet."""
    if rollout is None or rollout.champion is None:
        raise BadInput(
            "model", f"{model} has no champion to score with; release a version first: gamenight release --help"
        )
    return rollout


@step("read the slate")
def read_slate(platform: Platform, date: str, now: datetime) -> Slate:
    """Read the games of a US/Eastern date as they are known now; no games and no news are told apart."""
    games = platform.source.slate(date, now)
    slate = playable(date, games, now)
    if len(games) or platform.source.covers(date):
        return slate
    return Slate(date, slate.games, (), (f"the source's games do not reach {date}: no news is not no games",))


@step("find the games that are due")
def due_games(platform: Platform, model: str, slate: Slate, times: SlateTimes, now: datetime) -> Slate:
    """Return the slate of those games that should be scored by now, and have not been."""
    store = platform.store
    sealed = store.predictions(model, slates=[slate.date])
    return slate.only(due(slate, store.manifest(model, slate.date), sealed, times, now))


@step("lock the manifest")
def lock_manifest(
    platform: Platform, rollout: Rollout, slate: Slate, times: SlateTimes, now: datetime
) -> dict[str, Any]:
    """Lock versions, weights and salt of the slate, or return those that were locked before."""
    return lock(platform, rollout, slate, times, now)


@step("move open games to the champion")
def revise_slates(platform: Platform, rollout: Rollout | None, now: datetime) -> list[str]:
    """After a rollback, revise the manifests of games that have not tipped off."""
    return revise(platform.store, rollout, now)
