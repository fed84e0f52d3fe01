"""The gates of a version: what may be known before it serves, each with a verdict, its figures and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType

import numpy as np

from blocks.platform import Platform
from blocks.registry import Registry
from tasks.gates import Passed
from tasks.judgement.evidence import log_e_rollback
from tasks.judgement.ledger import Pair
from tasks.judgement.paired import paired_terms
from tasks.nba.features import FEATURES, NUMERIC
from tasks.proving.calibration import calibration
from tasks.proving.contract import contract
from tasks.proving.determinism import determinism
from tasks.proving.explainability import explainability, importances
from tasks.proving.latency import latency
from tasks.proving.leak import leak
from tasks.proving.robustness import robustness
from tasks.proving.slices import Part, slices
from tasks.quality.calibration import calibration as calibrated
from tasks.rollout.candidate import Candidate, Checked, Gate
from tasks.rollout.canonical import canonical, digest
from tasks.rollout.plan import Validation
from tasks.rollout.policy import Policy
from tasks.rollout.verdict import Verdict, worst
from tasks.showing import key, leave_table
from tasks.step import step
from tasks.trials import Trial, audited, backtest, by_id, cost_of

Q_BAR, DISPERSION = "q_bar", "dispersion"
EARLY, LATE = 20, 60
"""Games played by both, in the mean, at which a season's early and middle phases end."""


def against_champion(p_old: np.ndarray, p_new: np.ndarray, y: np.ndarray, policy: Policy) -> Gate:
    """Return FAIL where the holdout proves the version worse than the champion; shape (n,) each."""
    scaled = Pair("", "", outcome_range=policy.outcome_range or (0.0, 1.0)).scaled
    d, q = paired_terms(scaled(p_old), scaled(p_new), scaled(y), score=policy.loss)
    evidence = float(log_e_rollback(np.array([d.sum()]), np.array([q.sum()]))[0])
    figures = {
        "n": float(len(y)),
        "mean_difference": float(d.mean()),
        "log_e_rollback": evidence,
        Q_BAR: float(q.mean()),
        DISPERSION: float(np.square(d).sum() / q.sum()) if q.any() else 1.0,
    }
    boundary = float(np.log(1 / policy.alpha))
    seen = f"mean loss difference {d.mean():+.4f} over {len(y)} later games"
    said = f"{seen}, evidence of harm {evidence:.2f} of {boundary:.2f}"
    if evidence >= boundary:
        return Gate("holdout", Verdict.FAIL, f"{said}: the champion is better; train it anew", figures)
    return Gate("holdout", Verdict.PASS, said, figures)


def against_base_rate(base: float, p_new: np.ndarray, y: np.ndarray) -> Gate:
    """Return FAIL for a first version that forecasts no better than the share of home wins in its training games."""
    brier, simple = float(np.mean((p_new - y) ** 2)), float(np.mean((base - y) ** 2))
    figures = {"n": float(len(y)), "brier": brier, "base_rate_brier": simple}
    said = f"Brier {brier:.4f} over {len(y)} later games, the base rate alone gives {simple:.4f}"
    if brier < simple:
        return Gate("holdout", Verdict.PASS, said, figures)
    return Gate("holdout", Verdict.FAIL, f"{said}: it knows nothing of these games", figures)


def ask_holdout(trial: Trial) -> Gate:
    """Compare the version with the champion, or with the base rate, on games that neither has seen."""
    p_new = trial.predict(trial.inputs)
    if trial.champion is None:
        return against_base_rate(trial.base_rate, p_new, trial.y)
    return against_champion(trial.champion(trial.inputs), p_new, trial.y, trial.candidate.policy)


def ask_contract(trial: Trial) -> Gate:
    """Hold the signature against tonight's features, and have the version answer them."""
    return contract(trial.columns, trial.slate, trial.predict, FEATURES)


def ask_determinism(trial: Trial) -> Gate:
    """Ask the same rows several times."""
    return determinism(trial.predict, trial.inputs)


def ask_robustness(trial: Trial) -> Gate:
    """Ask bent rows: missing values, extremes, other orders."""
    return robustness(trial.predict, trial.inputs, NUMERIC, trial.limits.robustness)


def ask_latency(trial: Trial) -> Gate:
    """Measure what an answer costs."""
    return latency(cost_of(trial.predict, trial.inputs), trial.limits.latency)


def ask_calibration(trial: Trial) -> Gate:
    """Fit the line of calibration on the later games; the reliability table is kept as detail."""
    found = calibrated(trial.predict(trial.inputs), trial.y)
    gate = calibration(found, trial.limits.calibration)
    return replace(gate, detail={"reliability": [asdict(row) for row in found.table]})


def ask_leak(trial: Trial) -> Gate:
    """Audit the features as of past nights, and look for a backtest that is too good to be true."""
    limits = trial.limits.leak
    knew, nights = audited(trial.games, trial.frame, limits.audit_nights)
    return leak(knew, nights, backtest(trial, limits), limits)


def ask_slices(trial: Trial) -> Gate:
    """Compare the version with the champion, or with the base rate, in every part of the later games."""
    limits, policy = trial.limits.slices, trial.candidate.policy
    p_new = trial.predict(trial.inputs)
    p_old = trial.champion(trial.inputs) if trial.champion else np.full(len(p_new), trial.base_rate)
    d, q = paired_terms(p_old, p_new, trial.y, score=policy.score)
    mine, theirs = (p_new - trial.y) ** 2, (p_old - trial.y) ** 2
    parts = [
        Part(name, int(own.sum()), float(mine[own].mean()), float(theirs[own].mean()), _evidence(d[own], q[own]))
        for name, own in parts_of(trial).items()
        if own.any()
    ]
    return slices(parts, policy.alpha, limits.fewest)


def _evidence(d: np.ndarray, q: np.ndarray) -> float:
    return float(log_e_rollback(np.array([d.sum()]), np.array([q.sum()]))[0])


def parts_of(trial: Trial) -> dict[str, np.ndarray]:
    """Return the parts of the later games, each as a mask of shape (n,): by rest, place, phase of the season, team."""
    rows = trial.later
    played = ((rows["home_games"] + rows["away_games"]) / 2).to_numpy(dtype=float)
    parts = {
        "home team on a back-to-back": (rows["home_rest"] == 0).to_numpy(),
        "away team on a back-to-back": (rows["away_rest"] == 0).to_numpy(),
        "neutral floor": (rows["neutral"] == 1).to_numpy(),
        "early season": played < EARLY,
        "middle of the season": (played >= EARLY) & (played < LATE),
        "late season": played >= LATE,
    }
    games = by_id(trial.games)
    home, away = (games[side].reindex(rows.index).to_numpy(dtype=object) for side in ("home", "away"))
    teams = {f"team {team}": (home == team) | (away == team) for team in sorted({*home, *away} - {np.nan}, key=str)}
    return parts | teams


def ask_explainability(trial: Trial) -> Gate:
    """Shuffle every column of the later games; the same games and seed give the same report."""
    limits = trial.limits.explainability
    found = importances(trial.predict, trial.inputs, trial.y, limits.repeats, np.random.default_rng(0))
    return explainability(found, limits)


GATES: Mapping[str, Callable[[Trial], Gate]] = MappingProxyType(
    {
        "contract": ask_contract,
        "determinism": ask_determinism,
        "robustness": ask_robustness,
        "latency": ask_latency,
        "holdout": ask_holdout,
        "calibration": ask_calibration,
        "slices": ask_slices,
        "leak": ask_leak,
        "explainability": ask_explainability,
    }
)
"""The gates of a version that need nothing but the version and the games, in the order in which they are asked."""


def answer_of(name: str, trial: Trial) -> Gate:
    """Return what a gate says; a model that raises where its contract stood is an error of that gate, not a pass."""
    try:
        found = GATES[name](trial)
    except Exception as error:  # noqa: BLE001 - a model's own code runs here and may raise anything
        found = Gate(name, Verdict.ERROR, f"it could not be asked: {type(error).__name__}: {error}"[:500])
    return found.as_dry_run() if name in trial.candidate.policy.gates.dry_run else found


def record(
    registry: Registry,
    candidate: Candidate,
    gates: tuple[Gate, ...],
    q_bar: float,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Checked:
    """Write the gates to MLflow, one artifact a gate, and return them with their verdict, the worst that counts.

    files: more artifacts by path, such as Data Docs. What varies from run to run is in no gate's figures, so the same
    version on the same games has the same evidence.
    """
    model, version = candidate.model, candidate.version
    verdict = worst(gate.counted for gate in gates)
    shown = [gate for gate in gates if verdict is Verdict.PASS or gate.counted is verdict]
    why = "; ".join(f"{gate.name}: {gate.why}" for gate in shown)
    rows = [_row(gate) for gate in gates]
    text = canonical({"model": model, "version": version, "verdict": verdict.value, "q_bar": q_bar, "gates": rows})
    sha = digest(text)
    metrics = {f"{gate.name}.{name}": value for gate in gates for name, value in gate.figures.items()}
    metrics |= {
        f"{gate.name}.{name}": value
        for gate in gates
        for name, value in gate.detail.items()
        if isinstance(value, float)
    }
    kept = {
        f"gates/{gate.name.replace(' ', '_')}.json": canonical(_row(gate) | {"detail": dict(gate.detail)})
        for gate in gates
    }
    name = f"{model} {version} {verdict.value}"
    run_id = registry.record_run(f"validate/{model}", name, metrics, {f"evidence/{sha}.json": text, **kept, **files})
    return Checked(gates, q_bar, Validation(verdict, why[:1000], run_id, sha))


def _row(gate: Gate) -> dict[str, object]:
    said = {"gate": gate.name, "verdict": gate.verdict.value, "why": gate.why, "figures": gate.figures}
    return said | ({"dry_run": True} if gate.dry_run else {})


@step("model gate", shown_as="gate {name}")
def hold_against(trial: Trial, name: str) -> Gate:
    """Ask one gate of a version."""
    return answer_of(name, trial)


@step("model gate: contract", shown_as="gate contract")
def check_contract(trial: Trial) -> Gate:
    """Ask whether the version fits a slate at all; where it does not, the other gates have nothing to ask."""
    return answer_of("contract", trial)


def others(contract_gate: Gate) -> tuple[str, ...]:
    """Return the gates that are asked after the contract: none where it did not stand."""
    return () if contract_gate.verdict is not Verdict.PASS else tuple(name for name in GATES if name != "contract")


@step("record the validation")
def record_validation(
    platform: Platform, candidate: Candidate, gates: Sequence[Gate], passed: Sequence[Passed] = ()
) -> Checked:
    """Keep what every gate said as an MLflow run, which the rollout's plan cites, and show the table of gates.

    passed: the data gates before them, whose Data Docs are kept in the same run.
    """
    every = (*(one.gate for one in passed), *gates)
    q_bar = next((gate.figures[Q_BAR] for gate in gates if Q_BAR in gate.figures), 0.0)
    docs = {f"data_docs/{one.gate.name.replace(' ', '_')}.html": one.docs for one in passed if one.docs}
    checked = record(platform.registry, candidate, every, q_bar, docs)
    title = f"{candidate.model} {candidate.version}: {checked.validation.verdict.value}"
    leave_table(key("validation", candidate.model, candidate.version), checked.rows(), title)
    return checked
