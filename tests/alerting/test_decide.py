"""What one look changes about the alerts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.alerting.alert import Alert, State, acknowledge, resolve, silence
from tasks.alerting.decide import AlertChange, Change, Examined, Signal, decide
from tasks.alerting.kinds import KIND, SEVERITY, AlertType, Kind, Severity
from tasks.alerting.rules import Rules, rules_of
from tasks.rollout.refusal import BadInput

START = datetime(2026, 1, 5, 15, tzinfo=UTC)
DRIFT = AlertType.FEATURE_DRIFT


def look(raised: bool, subject: str = "neutral", severity: Severity | None = None, version: str = "3") -> Examined:
    return Examined("nba-win", version, (Signal(DRIFT, subject, raised, "moved", {"psi": 2.0}, severity),))


def morning(day: int) -> datetime:
    return START + timedelta(days=day)


def one(reports: list[Examined], standing: list[Alert], day: int, rules: Rules | None = None) -> AlertChange:
    (change,) = decide(reports, standing, rules or Rules(), morning(day))
    return change


def test_a_first_sighting_opens_one_alert_and_tells_people() -> None:
    change = one([look(True)], [], 0)
    assert (change.change, change.notify, change.alert.severity) == (Change.OPENED, True, Severity.WARNING)
    assert change.alert.evidence == {"psi": 2.0}


def test_what_was_in_order_and_had_no_alert_changes_nothing() -> None:
    assert decide([look(False)], [], Rules(), START) == []


def test_a_cause_that_lasts_is_one_alert_and_one_message() -> None:
    first = one([look(True)], [], 0)
    again = one([look(True)], [first.alert], 1)
    assert (again.change, again.notify, again.alert.key) == (Change.UPDATED, False, first.alert.key)
    assert again.alert.updated_at == morning(1)


def test_two_reports_of_one_subject_in_a_look_are_one_alert_and_raised_wins() -> None:
    assert one([Examined("nba-win", "3", look(False).signals + look(True).signals)], [], 0).change is Change.OPENED


def test_another_version_or_column_is_another_alert() -> None:
    reports = [look(True), look(True, subject="home_elo"), look(True, version="4")]
    assert len({change.alert.key for change in decide(reports, [], Rules(), START)}) == 3


def test_an_alert_is_resolved_only_after_enough_quiet_looks() -> None:
    alert = one([look(True)], [], 0).alert
    quiet = one([look(False)], [alert], 1)
    assert (quiet.change, quiet.notify) == (Change.QUIET, False)
    gone = one([look(False)], [quiet.alert], 2)
    assert (gone.change, gone.notify, gone.alert.state) == (Change.RESOLVED, True, State.RESOLVED)
    assert (gone.alert.resolved_at, gone.alert.resolved_by) == (morning(2), "monitor")


def test_a_cause_that_comes_back_starts_the_quiet_looks_again() -> None:
    alert = one([look(True)], [], 0).alert
    for day, raised in enumerate([False, True, False], start=1):
        alert = one([look(raised)], [alert], day).alert
    assert alert.state is State.OPEN


def test_the_same_look_taken_again_changes_nothing() -> None:
    alert = one([look(True)], [], 0).alert
    quiet = one([look(False)], [alert], 1).alert
    assert decide([look(False)], [quiet], Rules(), morning(1)) == []


def test_a_subject_that_was_not_examined_is_not_resolved() -> None:
    alert = one([look(True)], [], 0).alert
    assert decide([look(False, subject="home_elo")], [alert], Rules(quiet_looks=1), morning(1)) == []


def test_after_it_is_resolved_the_same_cause_is_a_new_alert() -> None:
    alert = resolve(one([look(True)], [], 0).alert, "ada", morning(1))
    again = one([look(True)], [alert], 2)
    assert again.change is Change.OPENED
    assert again.alert.key != alert.key


def test_people_hear_of_an_alert_that_grows_louder_and_a_severity_reached_is_kept() -> None:
    alert = one([look(True)], [], 0).alert
    louder = one([look(True, severity=Severity.CRITICAL)], [alert], 1)
    assert louder.notify
    milder = one([look(True, severity=Severity.INFO)], [louder.alert], 2)
    assert (milder.alert.severity, milder.notify) == (Severity.CRITICAL, False)


def test_a_silenced_alert_says_nothing_until_the_silence_is_over_and_then_once() -> None:
    alert = silence(one([look(True)], [], 0).alert, until=morning(3), now=morning(0) + timedelta(hours=1))
    heard = []
    for day in range(1, 6):
        change = one([look(True, severity=Severity.CRITICAL if day > 1 else None)], [alert], day)
        alert = change.alert
        heard.append(change.notify)
    assert heard == [False, False, True, False, False]


def test_an_acknowledged_alert_stays_acknowledged_while_it_lasts() -> None:
    alert = acknowledge(one([look(True)], [], 0).alert, "ada", START)
    after = one([look(True)], [alert], 1).alert
    assert (after.state, after.acknowledged_by) == (State.ACKNOWLEDGED, "ada")


def test_every_message_has_its_own_key_and_a_repeat_has_the_same() -> None:
    alert = one([look(True)], [], 0).alert
    first, second = (one([look(True)], [alert], 1) for _ in range(2))
    assert first.key == second.key != one([look(True)], [], 0).key


@pytest.mark.parametrize("change", [lambda a: acknowledge(a, "ada", START), lambda a: resolve(a, "ada", START)])
def test_a_resolved_alert_is_past_changing(change) -> None:  # type: ignore[no-untyped-def] # two small lambdas
    gone = resolve(one([look(True)], [], 0).alert, "ada", START)
    with pytest.raises(BadInput, match="resolved by ada"):
        change(gone)


def test_a_silence_that_ends_in_the_past_is_refused() -> None:
    with pytest.raises(BadInput, match="not after now"):
        silence(one([look(True)], [], 0).alert, until=morning(-1), now=START)


def test_an_alert_survives_being_stored() -> None:
    alert = silence(acknowledge(one([look(True)], [], 0).alert, "ada", START), morning(4), morning(1))
    assert Alert.from_dict(alert.to_dict()) == alert
    as_text = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in alert.to_dict().items()}
    assert Alert.from_dict(as_text) == alert


def test_a_time_without_a_zone_is_refused() -> None:
    stored = one([look(True)], [], 0).alert.to_dict() | {"opened_at": datetime(2026, 1, 5)}
    with pytest.raises(BadInput, match="timezone"):
        Alert.from_dict(stored)


def test_the_policy_sets_severities_and_unknown_names_are_refused() -> None:
    rules = rules_of({"feature_drift": "CRITICAL"})
    assert one([look(True)], [], 0, rules).alert.severity is Severity.CRITICAL
    with pytest.raises(BadInput, match="no such type"):
        rules_of({"feature_drfit": "INFO"})
    with pytest.raises(BadInput, match="not one of"):
        rules_of({"feature_drift": "LOUD"})


def test_every_type_has_a_kind_and_a_severity_and_inputs_are_never_critical_by_default() -> None:
    assert set(KIND) == set(SEVERITY) == set(AlertType)
    assert all(SEVERITY[name] is not Severity.CRITICAL for name, kind in KIND.items() if kind is Kind.INPUTS)


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 4))
def test_at_most_one_alert_lasts_and_each_is_told_of_once_when_it_opens(looks: list[bool], quiet: int) -> None:
    alerts: dict[str, Alert] = {}
    opened = []
    for day, raised in enumerate(looks):
        standing = [alert for alert in alerts.values() if alert.state is not State.RESOLVED]
        assert len(standing) <= 1
        for change in decide([look(raised)], standing, Rules(quiet_looks=quiet), morning(day)):
            alerts[change.alert.key] = change.alert
            opened += [change.alert.key] if change.change is Change.OPENED and change.notify else []
    assert sorted(opened) == sorted(alerts)
