"""Drive the world towards the log: aliases, tags, the gateway's routes. Safe to repeat, heals what a crash left."""

from __future__ import annotations

from blocks.errors import BackendError
from blocks.log.rollouts import PROJECTED_TAG, Record
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.records import every, rollout_of
from tasks.rollout.fold import Rollout
from tasks.rollout.projection import alias_writes, tag_writes
from tasks.step import step


def project_all(registry: Registry, model: str) -> Rollout | None:
    """Project every rollout that has events the world does not show yet; return the newest one.

    After the last write the log is read again: if it grew meanwhile, the projection starts over, so that the last
    projector to leave has seen the last event.
    """
    while True:
        behind = _behind(registry, model)
        if not behind:
            return None
        newest = rollout_of(behind[-1])
        _aliases(registry, model, newest)
        for record in behind:
            if not _is_projected(record):
                _tags(registry, model, rollout_of(record))
        again = registry.log.head(model)
        if again is not None and (again.run_id, len(again.events)) == (newest.run_id, len(newest.events)):
            return newest


def _behind(registry: Registry, model: str) -> list[Record]:
    """Return the newest rollout and those before it that the world may not show yet, oldest first.

    The walk back ends at the first earlier one that is projected: it was marked after all that are older.
    """
    order = registry.log.order(model)
    found: list[Record] = []
    for number in range(len(order), 0, -1):
        found.append(registry.log.read(order[number - 1], number))
        if len(found) > 1 and _is_projected(found[-1]):
            break
    return found[::-1]


def _is_projected(record: Record) -> bool:
    return record.tags.get(PROJECTED_TAG) == str(len(record.events))


def _aliases(registry: Registry, model: str, rollout: Rollout) -> None:
    standing = registry.aliases(model)
    for write in alias_writes(rollout):
        if standing.get(write.alias) != write.version:
            registry.set_alias(model, write.alias, write.version)


def _tags(registry: Registry, model: str, rollout: Rollout) -> None:
    for write in tag_writes(rollout):
        registry.tag(model, write.version, write.key, write.value)
    registry.tag_model(model, "rollout.run", rollout.run_id)
    if not rollout.live:
        registry.log.close(rollout.run_id)
    registry.log.tag(rollout.run_id, {PROJECTED_TAG: str(len(rollout.events))})


def poke(platform: Platform) -> None:
    """Have the gateway read the log now; one that is not reached finds out by itself within a second."""
    if platform.gateway is None:
        return
    try:
        platform.gateway.poke()
    except BackendError:
        # the gateway polls the record; a poke that does not arrive costs half a second, not correctness
        return


@step("bring the world in line with the log")
def project(platform: Platform, model: str) -> Rollout | None:
    """Set aliases and tags as the log says, and poke the gateway."""
    rollout = project_all(platform.registry, model)
    poke(platform)
    return rollout


@step("read every rollout")
def read_every_rollout(registry: Registry, model: str) -> list[Rollout]:
    """Return every rollout of a model, oldest first."""
    return every(registry, model)
