"""The morning after: results in, gated, recorded with their revisions; nights closed."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from tasks.clock import moment
from tasks.gates import data_gate, read_locked
from tasks.outcomes import Settled, must_pass_by_night, open_nights, read_results, record_results
from tasks.records import read_policy_of


@flow(name="settle", flow_run_name="settle {model}")
def settle(
    model: str = "nba-win", platform: str = "local", now: datetime | None = None, date: str | None = None
) -> Settled:
    """Record the results of every night that waits for them, and corrections of the last ones.

    Args:
        model: The registered model.
        platform: The saved platform to work on.
        now: The time of the settling, with its timezone; the present when empty.
        date: One US/Eastern date alone, however long ago; every night that waits when empty.
    """
    world, at = Platform.open(platform), moment(now)
    gate = data_gate(read_policy_of(world, model), "results")
    nights = open_nights(world, model, at, date)
    locked = read_locked(world, model, [night.date for night in nights])
    results = must_pass_by_night(world, gate, read_results(world, nights, at), locked)
    return record_results(world, model, nights, results, at)
