"""The model gates: does a version fit tonight's inputs, and is it no worse than the champion on games after both?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from blocks.platform import Platform
from blocks.registry import Registry
from tasks.judgement.evidence import log_e_rollback
from tasks.judgement.paired import paired_terms
from tasks.nba.features import FEATURES
from tasks.registry import trained_until
from tasks.rollout.candidate import Candidate, Checked, Gate
from tasks.rollout.canonical import canonical, digest
from tasks.rollout.fold import Rollout
from tasks.rollout.plan import Validation
from tasks.rollout.policy import Policy
from tasks.rollout.refusal import BadInput
from tasks.rollout.verdict import Verdict, worst
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 100
"""Holdout games below which nothing is said about a version."""
NEWEST = 400


Predict = Callable[["pd.DataFrame"], "np.ndarray"]


def contract(columns: Mapping[str, str], predict: Predict, rows: pd.DataFrame) -> Gate:
    """Return whether a version reads only what a slate gives, and answers probabilities, the same ones twice."""
    strange = sorted(set(columns) - set(FEATURES))
    if strange:
        return Gate("contract", Verdict.FAIL, f"its signature wants {', '.join(strange)}, which no slate has")
    try:
        first, again = predict(rows), predict(rows)
    except Exception as error:  # noqa: BLE001 - a model's own code runs here and may raise anything
        return Gate("contract", Verdict.FAIL, f"it does not answer for rows of a slate: {error}"[:500])
    if first.shape != (len(rows),) or not np.isfinite(first).all() or (first < 0).any() or (first > 1).any():
        return Gate("contract", Verdict.FAIL, "its answers are not one probability within [0, 1] a row")
    if not np.array_equal(first, again):
        return Gate("contract", Verdict.FAIL, "it answers the same rows differently the second time")
    return Gate("contract", Verdict.PASS, f"reads {len(columns)} columns of the slate and repeats its answers")


def against_champion(p_old: np.ndarray, p_new: np.ndarray, y: np.ndarray, policy: Policy) -> Gate:
    """Return FAIL where the holdout proves the version worse than the champion; shape (n,) each."""
    d, q = paired_terms(p_old, p_new, y, score=policy.score)
    evidence = float(log_e_rollback(np.array([d.sum()]), np.array([q.sum()]))[0])
    figures = {
        "n": float(len(y)),
        "mean_difference": float(d.mean()),
        "log_e_rollback": evidence,
        "q_bar": float(q.mean()),
    }
    boundary = float(np.log(1 / policy.alpha))
    seen = f"mean loss difference {d.mean():+.4f} over {len(y)} later games"
    said = f"{seen}, evidence of harm {evidence:.2f} of {boundary:.2f}"
    return Gate("holdout", Verdict.FAIL if evidence >= boundary else Verdict.PASS, said, figures)


def against_base_rate(base: float, p_new: np.ndarray, y: np.ndarray) -> Gate:
    """Return FAIL for a first version that forecasts no better than the share of home wins in its training games."""
    brier, simple = float(np.mean((p_new - y) ** 2)), float(np.mean((base - y) ** 2))
    figures = {"n": float(len(y)), "brier": brier, "base_rate_brier": simple}
    said = f"Brier {brier:.4f} over {len(y)} later games, the base rate alone gives {simple:.4f}"
    return Gate("holdout", Verdict.PASS if brier < simple else Verdict.FAIL, said, figures)


def later_games(registry: Registry, model: str, versions: list[str], games: pd.DataFrame) -> pd.DataFrame:
    """Return the newest games after the training of all the versions; raise BadInput when they are too few."""
    after = max(trained_until(registry, model, version) for version in versions)
    found = games[games["date"].astype(str).str[:10] > after].tail(NEWEST)
    if len(found) < FEWEST:
        text = f"only {len(found)} games are later than {after}; the comparison needs {FEWEST}"
        raise BadInput("holdout", f"{text}. Train on fewer games, or wait for results.")
    return found


def compare(
    registry: Registry, candidate: Candidate, rollout: Rollout | None, games: pd.DataFrame
) -> tuple[Gate, float]:
    """Return the holdout gate and the q_bar of the pair; a first version is compared with the base rate."""
    model, version = candidate.model, candidate.version
    champion = rollout.champion if rollout else None
    versions = [name for name in (champion, version) if name]
    rows = later_games(registry, model, versions, games)
    y, inputs = rows["home_win"].to_numpy(dtype=float), rows[list(FEATURES)]
    p_new = registry.load_model(model, version)(inputs)
    if champion is None:
        base = float(games["home_win"].iloc[: -len(rows)].mean())
        return against_base_rate(base, p_new, y), 0.0
    gate = against_champion(registry.load_model(model, champion)(inputs), p_new, y, candidate.policy)
    return gate, gate.figures["q_bar"]


def record(registry: Registry, candidate: Candidate, gates: tuple[Gate, ...], q_bar: float) -> Checked:
    """Write the gates to MLflow and return them with their verdict, the worst of all."""
    model, version = candidate.model, candidate.version
    verdict = worst(gate.counted for gate in gates)
    shown = [gate for gate in gates if verdict is Verdict.PASS or gate.counted is verdict]
    why = "; ".join(f"{gate.name}: {gate.why}" for gate in shown)
    rows = [
        {
            "gate": gate.name,
            "verdict": gate.verdict.value,
            "dry_run": gate.dry_run,
            "why": gate.why,
            "figures": gate.figures,
        }
        for gate in gates
    ]
    text = canonical({"model": model, "version": version, "verdict": verdict.value, "q_bar": q_bar, "gates": rows})
    sha = digest(text)
    metrics = {f"{gate.name}.{name}": value for gate in gates for name, value in gate.figures.items()}
    name = f"{model} {version} {verdict.value}"
    run_id = registry.record_run(f"validate/{model}", name, metrics, {f"evidence/{sha}.json": text})
    return Checked(gates, q_bar, Validation(verdict, why[:1000], run_id, sha))


@step("check the contract")
def check_contract(platform: Platform, candidate: Candidate, games: pd.DataFrame) -> Gate:
    """Have the version answer recent rows as a slate would give them."""
    registry, model, version = platform.registry, candidate.model, candidate.version
    return contract(
        registry.columns(model, version), registry.load_model(model, version), games[list(FEATURES)].tail(20)
    )


@step("compare on later games")
def compare_on_holdout(
    platform: Platform, candidate: Candidate, rollout: Rollout | None, games: pd.DataFrame
) -> tuple[Gate, float]:
    """Compare the version with the champion, or with the base rate, on games that neither has seen."""
    return compare(platform.registry, candidate, rollout, games)


@step("record the validation")
def record_validation(platform: Platform, candidate: Candidate, gates: tuple[Gate, ...], q_bar: float) -> Checked:
    """Keep what every gate said as an MLflow run, which the rollout's plan cites."""
    return record(platform.registry, candidate, gates, q_bar)
