"""Score a slate before tip-off: lock its manifest, forecast with every arm, seal, publish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.platform import Platform
from blocks.registry import Registry
from blocks.serving.router import RETURNED, arm_of
from blocks.store import Store
from tasks.nba.features import features
from tasks.rollout.canonical import canonical, digest
from tasks.rollout.fold import Rollout
from tasks.rollout.policy import Slate as SlateTimes
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import Stage
from tasks.showing import key, leave_table
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Slate:
    """The games of one US/Eastern date: those to score, and those left out with the reason. Frames may be empty."""

    date: str
    games: pd.DataFrame
    left_out: tuple[dict[str, str], ...]

    def keep(self, passed: pd.DataFrame, why: Mapping[str, str]) -> Slate:
        """Return the slate of the games that passed the gate; `why` says by game id what was set aside for."""
        out = tuple({"game_id": unit, "why": said} for unit, said in why.items())
        return Slate(self.date, passed.reset_index(drop=True), (*self.left_out, *out))

    def without(self, left_out: Iterable[dict[str, str]]) -> Slate:
        """Return the slate with more games left out, each with its reason."""
        return Slate(self.date, self.games, (*self.left_out, *left_out))


@dataclass(frozen=True, slots=True)
class Scored:
    """One scoring of a slate: the manifest in force, a row per game and version, and what was newly sealed."""

    slate: str
    manifest: dict[str, Any]
    rows: pd.DataFrame
    left_out: tuple[dict[str, str], ...]
    sealed: int


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


def manifest_of(rollout: Rollout, slate: Slate, times: SlateTimes) -> dict[str, Any]:
    """Return the manifest that a slate would be locked under: its games and the routes in force."""
    games = [
        {"game_id": str(game["game_id"]), "home": game["home"], "away": game["away"], "tip": game["tip"].isoformat()}
        for game in slate.games.sort_values(["tip", "game_id"]).to_dict("records")
    ]
    first = min(datetime.fromisoformat(game["tip"]) for game in games)
    return {
        "slate": slate.date,
        "model": rollout.plan.model,
        "games": games,
        "routes": rollout.routes.to_dict(),
        "rollout": rollout.run_id,
        "event": len(rollout.events),
        "deadline": (first - timedelta(minutes=times.lead_minutes)).isoformat(),
    }


def manifest_id(manifest: Mapping[str, object]) -> str:
    """Return the digest by which people name a manifest."""
    return digest(canonical(manifest))[:12]


def arms_of(routes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every version that scores: the arms, and the fallback where it is none of them."""
    arms = [dict(arm) for arm in routes["arms"] if arm["role"] != RETURNED]
    if routes["fallback"] and routes["fallback"] not in {arm["version"] for arm in arms}:
        arms.append({"version": routes["fallback"], "role": "fallback", "weight": 0})
    return arms


def forecast(registry: Registry, manifest: Mapping[str, Any], inputs: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Return a row per game and version, in the shape of a seal; `served` marks the version that the game is given."""
    import pandas as pd

    tips = {game["game_id"]: datetime.fromisoformat(game["tip"]) for game in manifest["games"]}
    known = [unit for unit in inputs.index if unit in tips and tips[unit] > now]
    served = {unit: arm_of(manifest["routes"], unit)["version"] for unit in known}
    values = {str(unit): row for unit, row in inputs.loc[known].to_dict("index").items()}
    rows = []
    for arm in arms_of(manifest["routes"]):
        scores = registry.load_model(manifest["model"], arm["version"])(inputs.loc[known])
        rows += [
            {
                "slate": manifest["slate"],
                "unit": unit,
                "version": arm["version"],
                "role": arm["role"],
                "served": served[unit] == arm["version"],
                "p": float(p),
                "made_at": now,
                "tip_at": tips[unit],
                "features": values[unit],
            }
            for unit, p in zip(known, scores, strict=True)
        ]
    return pd.DataFrame(rows)


def published_rows(scored: Scored) -> list[dict[str, object]]:
    """Return what people get: one row a game with the forecast of the version that serves it."""
    games = {game["game_id"]: game for game in scored.manifest["games"]}
    served = [row for row in scored.rows.to_dict("records") if row["served"]] if len(scored.rows) else []
    return [
        {
            "game_id": row["unit"],
            "home": games[row["unit"]]["home"],
            "away": games[row["unit"]]["away"],
            "tip": games[row["unit"]]["tip"],
            "p_home": row["p"],
            "version": row["version"],
            "role": row["role"],
        }
        for row in sorted(served, key=lambda row: (str(row["tip_at"]), str(row["unit"])))
    ]


def revise(store: Store, rollout: Rollout | None, now: datetime) -> list[str]:
    """Move the games that have not tipped off to the routes after a rollback; return the slates that changed."""
    if rollout is None or rollout.stage is not Stage.ROLLED_BACK:
        return []
    changed = []
    for one in store.slates(rollout.plan.model, since=now - timedelta(days=3)).to_dict("records"):
        manifest: dict[str, Any] = one["manifest"]
        ahead = any(datetime.fromisoformat(game["tip"]) > now for game in manifest["games"])
        if ahead and manifest["rollout"] == rollout.run_id and manifest["routes"] != rollout.routes.to_dict():
            routes = {"routes": rollout.routes.to_dict(), "event": len(rollout.events)}
            store.revise_manifest(rollout.plan.model, one["slate"], manifest | routes, now)
            changed.append(str(one["slate"]))
    return changed


@step("read the slate")
def read_slate(platform: Platform, date: str, now: datetime) -> Slate:
    """Read the games of a US/Eastern date as they are known now."""
    return playable(date, platform.source.slate(date, now), now)


@step("lock the manifest")
def lock_manifest(
    platform: Platform, rollout: Rollout, slate: Slate, times: SlateTimes, now: datetime
) -> dict[str, Any]:
    """Lock versions, weights and salt of the slate, or return those that were locked before."""
    return platform.store.lock_manifest(rollout.plan.model, slate.date, manifest_of(rollout, slate, times), now)


@step("compute the features")
def compute_features(platform: Platform, slate: Slate, now: datetime) -> pd.DataFrame:
    """Return the features of the slate from the games that are over by now."""
    return features(platform.source.history(now), slate.games)


@step("score with every arm")
def score(platform: Platform, manifest: Mapping[str, Any], inputs: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Forecast every game with champion, challenger and fallback."""
    return forecast(platform.registry, manifest, inputs, now)


@step("seal the forecasts")
def seal(platform: Platform, slate: Slate, manifest: Mapping[str, Any], rows: pd.DataFrame) -> Scored:
    """Write the forecasts once, before tip-off; what stands is left as it is."""
    sealed = platform.store.seal(manifest["model"], rows) if len(rows) else 0
    return Scored(slate.date, dict(manifest), rows, slate.left_out, sealed)


@step("publish the slate")
def publish(platform: Platform, scored: Scored) -> dict[str, object]:
    """Publish the served forecasts: a CSV file, a table in the Prefect UI, and the answer of the flow."""
    rows = published_rows(scored)
    model = str(scored.manifest["model"])
    _write_file(Path(platform.publications) / model / f"{scored.slate}.csv", rows)
    title = f"{len(rows)} games of {scored.slate}, manifest {manifest_id(scored.manifest)}"
    leave_table(key("slate", model, scored.slate), rows, title)
    return {
        "slate": scored.slate,
        "manifest": manifest_id(scored.manifest),
        "games": rows,
        "left_out": list(scored.left_out),
        "deadline": scored.manifest["deadline"],
    }


def no_games(slate: Slate) -> dict[str, object]:
    """Return the answer for a date on which nothing is left to score."""
    return {"slate": slate.date, "manifest": None, "games": [], "left_out": list(slate.left_out), "deadline": None}


def _write_file(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    import pandas as pd

    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".writing")
    pd.DataFrame(rows).to_csv(fresh, index=False)
    fresh.replace(path)


@step("move open games to the champion")
def revise_slates(platform: Platform, rollout: Rollout | None, now: datetime) -> list[str]:
    """After a rollback, revise the manifests of games that have not tipped off."""
    return revise(platform.store, rollout, now)


def needs_a_champion(rollout: Rollout | None, model: str) -> Rollout:
    """Return the rollout whose routes serve; raise BadInput for a model that has no champion yet."""
    if rollout is None or rollout.champion is None:
        raise BadInput(
            "model", f"{model} has no champion to score with; release a version first: gamenight release --help"
        )
    return rollout
