"""The plan of one rollout: what was asked, under which policy, frozen before the first event."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
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
class Rival:
    """A further challenger of a test between several: its gates, and the q_bar of its pair with the champion."""

    version: str
    q_bar: float
    validation: Validation


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
    rivals: the other challengers of a test between several versions, each compared with the champion.
    written: the text that stands in the record, so that its digest outlives every new key of a policy.
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
    rivals: tuple[Rival, ...] = ()
    written: str | None = field(default=None, compare=False, repr=False)

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
        if self.first or self.strategy == RESTORE:
            return ()
        arms = self.arms
        return (sum(arms[version] for version in self.challengers),) if arms else self.policy.steps

    @property
    def arms(self) -> dict[str, int] | None:
        """Return the percent of every version of a test that pins them, else None."""
        return self.policy.arms if self.strategy == "ab" and not self.first else None

    @property
    def challengers(self) -> tuple[str, ...]:
        """Return every version that is compared with the champion, in the order in which keys are given to them."""
        found = (self.to_version, *(rival.version for rival in self.rivals))
        return tuple(version for version in self.arms if version in found) if self.arms else found

    @property
    def versions(self) -> tuple[str, ...]:
        """Return every version that takes part: the champion, if there is one, and the challengers."""
        return (*(version for version in (self.from_version,) if version), *self.challengers)

    def q_bar_of(self, version: str) -> float:
        """Return the q_bar of a challenger's pair with the champion."""
        return next((rival.q_bar for rival in self.rivals if rival.version == version), self.q_bar)

    def validation_of(self, version: str) -> Validation:
        """Return what the gates said of a challenger."""
        return next((rival.validation for rival in self.rivals if rival.version == version), self.validation)

    @property
    def salt(self) -> str:
        """Return the salt of the assignment of keys to arms, the same for the life of the rollout."""
        return digest(self.request.key)[:12]

    @property
    def sha(self) -> str:
        """Return the digest of the whole plan; approvals and the first event are bound to it."""
        return digest(self.written or self.to_text())

    def asks_the_same_as(self, other: Plan) -> bool:
        """Return whether two plans differ at most in who asked when, and in the run that holds the same evidence."""
        held = replace(self.validation, run_id=other.validation.run_id)
        if len(self.rivals) != len(other.rivals):
            return False
        rivals = tuple(
            replace(mine, validation=replace(mine.validation, run_id=theirs.validation.run_id))
            for mine, theirs in zip(self.rivals, other.rivals, strict=True)
        )
        return replace(self, request=other.request, validation=held, rivals=rivals) == other

    def to_text(self) -> str:
        """Return the canonical text that is written as the run's param `plan`."""
        record = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("rivals", "written")}
        rivals = {"rivals": [asdict(rival) for rival in self.rivals]} if self.rivals else {}
        parts = {"request": asdict(self.request), "validation": asdict(self.validation)}
        policy = {"policy": self.policy.model_dump(mode="json"), "policy_sha": self.policy.sha}
        return canonical(record | rivals | parts | policy)


def plan_from_text(text: str) -> Plan:
    """Return the plan of a run's param `plan`; raise BadInput where the text is not one, or its policy was changed."""
    record = json.loads(text)
    found = digest(canonical(record["policy"]))
    if found != record["policy_sha"]:
        raise BadInput("plan", f"the policy in it has digest {found[:12]}, not the pinned {record['policy_sha'][:12]}")
    return Plan(
        request=Request(**record["request"]),
        strategy=record["strategy"],
        from_version=record["from_version"],
        fallback_before=record["fallback_before"],
        q_bar=float(cast(float, record["q_bar"])),
        policy=read_policy(record["policy"], "plan"),
        validation=_validation(record["validation"]),
        fallback_after=record["fallback_after"],
        quarantine_from=record["quarantine_from"],
        rivals=tuple(
            Rival(one["version"], float(one["q_bar"]), _validation(one["validation"]))
            for one in record.get("rivals", [])
        ),
        written=text,
    )


def _validation(record: dict[str, str]) -> Validation:
    return Validation(Verdict(record["verdict"]), record["why"], record["run_id"], record["evidence"])
