"""A version before its rollout: what it is held to, and what the gates said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tasks.rollout.plan import Validation
from tasks.rollout.policy import Policy
from tasks.rollout.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Gate:
    """What one gate says: a verdict, one sentence, and the figures behind it.

    figures are the same whenever the gate is asked again; detail holds tables, and what varies from run to run.
    dry_run: shown and not counted.
    """

    name: str
    verdict: Verdict
    why: str
    figures: dict[str, float] = field(default_factory=dict)
    dry_run: bool = False
    detail: Mapping[str, object] = field(default_factory=dict)

    def as_dry_run(self) -> Gate:
        """Return the same answer of a gate that is shown and not counted."""
        return replace(self, dry_run=True)

    @property
    def counted(self) -> Verdict:
        """Return the verdict as it counts: a dry run stops nothing."""
        return Verdict.PASS if self.dry_run else self.verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """The version that wants to be deployed, and the policy that it is held to."""

    model: str
    version: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Checked:
    """Every gate of a version, the q_bar of its rollout, and the record of both."""

    gates: tuple[Gate, ...]
    q_bar: float
    validation: Validation

    def to_dict(self) -> dict[str, object]:
        """Return the table of gates as a flow answers it."""
        return {"verdict": self.validation.verdict.value, "why": self.validation.why, "gates": self.rows()}

    def rows(self) -> list[dict[str, object]]:
        """Return a row a gate: its name, its verdict, whether it is shown and not counted, and why."""
        return [
            {"gate": gate.name, "verdict": gate.verdict.value, "dry_run": gate.dry_run, "why": gate.why}
            for gate in self.gates
        ]
