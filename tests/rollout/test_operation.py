"""Acts outside a rollout: folded from their log, chained, with who and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tasks.rollout.operation import Operation, OperationType, Standing, stand
from tasks.rollout.refusal import BadInput

NOW = datetime(2019, 1, 5, 12, tzinfo=UTC)


def log(*acts: tuple[OperationType, dict[str, str]]) -> list[str]:
    """Return the texts of some acts in order."""
    texts: list[str] = []
    for kind, more in acts:
        before = stand(texts)
        fields = {"subject": "", "until": "", "why": "because"} | more
        made = Operation(before.count + 1, kind, NOW.isoformat(), "ann", prev=before.tip, **fields)
        texts.append(made.to_text())
    return texts


def test_nothing_done_stops_nothing() -> None:
    assert stand([]) == Standing()
    assert stand([]).stops_a_step(NOW) == ""


def test_a_freeze_ends_by_itself_or_by_hand() -> None:
    until = (NOW + timedelta(hours=1)).isoformat()
    frozen = log((OperationType.FREEZE, {"until": until}))
    assert "frozen until" in stand(frozen).stops_a_step(NOW)
    assert stand(frozen).stops_a_step(NOW + timedelta(hours=1)) == ""
    thawed = log((OperationType.FREEZE, {"until": until}), (OperationType.UNFREEZE, {}))
    assert stand(thawed).stops_a_step(NOW) == ""


def test_the_kill_switch_stands_until_it_is_lifted() -> None:
    off = log((OperationType.DISABLE, {"why": "an incident"}))
    assert "an incident (ann" in stand(off).stops_a_step(NOW)
    on = log((OperationType.DISABLE, {}), (OperationType.ENABLE, {}))
    assert stand(on).stops_a_step(NOW) == ""


def test_retired_versions_add_up() -> None:
    texts = log((OperationType.RETIRE, {"subject": "3"}), (OperationType.RETIRE, {"subject": "5"}))
    assert stand(texts).retired == {"3", "5"}


def test_a_changed_or_missing_act_shows() -> None:
    texts = log((OperationType.DISABLE, {"why": "one"}), (OperationType.ENABLE, {}), (OperationType.DISABLE, {}))
    with pytest.raises(BadInput, match="changed"):
        stand([texts[0].replace("one", "two"), *texts[1:]])
    with pytest.raises(BadInput, match="changed"):
        stand([texts[0], texts[2]])
