"""The plan of one rollout: what was asked, under which policy, frozen before the first event."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import cast

from tasks.rollout.canonical import canonical, digest
from tasks.rollout.policy import Policy, read_policy
from tasks.rollout.refusal import BadInput
from tasks.rollout.verdict import Verdict

RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Validation:
    """What the gates said of the new version; `run_id` holds the evidence, `evidence` is its digest."""

    verdict: Verdict
    why: str
    run_id: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Request:
    """Who asked for what, and when; the identity of a rollout comes from here and from nothing that changes."""

    model: str
    version: str
    attempt: int
    by: str
    at: str

    @property
    def key(self) -> str:
        """Return `model:version:attempt`, the name under which a repeated request finds its rollout."""
        return f"{self.model}:{self.version}:{self.attempt}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the events of a rollout may refer to; never changed once written.

    from_version: the champion when the rollout was opened, None for the first of a model.
    fallback_before / fallback_after: where the alias `fallback` stands at an end that restores, and after a restore.
    q_bar: mean squared distance of the two forecasts on the holdout (design of the decision rule).
    """

    request: Request
    strategy: str
    from_version: str | None
    fallback_before: str | None
    q_bar: float
    policy: Policy
    validation: Validation
    fallback_after: str | None = None
    quarantine_from: bool = False

    @property
    def model(self) -> str:
        """Return the registered model's name."""
        return self.request.model

    @property
    def to_version(self) -> str:
        """Return the version that is to be deployed."""
        return self.request.version

    @property
    def first(self) -> bool:
        """Return whether the model has no champion yet."""
        return self.from_version is None

    @property
    def steps(self) -> tuple[int, ...]:
        """Return the weights in percent before the promotion; a first or a restore has none."""
        return () if self.first or self.strategy == RESTORE else self.policy.steps

    @property
    def salt(self) -> str:
        """Return the salt of the assignment of keys to arms, the same for the life of the rollout."""
        return digest(self.request.key)[:12]

    @property
    def sha(self) -> str:
        """Return the digest of the whole plan; approvals and the first event are bound to it."""
        return digest(self.to_text())

    def asks_the_same_as(self, other: Plan) -> bool:
        """Return whether two plans differ at most in who asked when, and in the run that holds the same evidence."""
        held = replace(self.validation, run_id=other.validation.run_id)
        return replace(self, request=other.request, validation=held) == other

    def to_text(self) -> str:
        """Return the canonical text that is written as the run's param `plan`."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        parts = {"request": asdict(self.request), "validation": asdict(self.validation)}
        policy = {"policy": self.policy.model_dump(mode="json"), "policy_sha": self.policy.sha}
        return canonical(record | parts | policy)


def plan_from_text(text: str) -> Plan:
    """Return the plan of a run's param `plan`; raise BadInput where the text is not one, or its policy was changed."""
    record = json.loads(text)
    policy = read_policy(record["policy"], "plan")
    if policy.sha != record["policy_sha"]:
        raise BadInput(
            "plan", f"the policy in it has digest {policy.sha[:12]}, not the pinned {record['policy_sha'][:12]}"
        )
    validation = record["validation"] | {"verdict": Verdict(record["validation"]["verdict"])}
    return Plan(
        request=Request(**record["request"]),
        strategy=record["strategy"],
        from_version=record["from_version"],
        fallback_before=record["fallback_before"],
        q_bar=float(cast(float, record["q_bar"])),
        policy=policy,
        validation=Validation(**validation),
        fallback_after=record["fallback_after"],
        quarantine_from=record["quarantine_from"],
    )
