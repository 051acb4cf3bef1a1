"""An instance goes on by another version of its process; or, to see what would become of it, a copy of it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from processes.errors import BihuanError
from processes.kernel import migration
from processes.kernel.errors import NotWaiting, Unfit
from processes.kernel.instance import RunningInstance
from processes.kernel.migration import Fate, Place
from processes.kernel.plan import Process
from processes.runtime import commands as c
from processes.runtime import incidents
from processes.runtime.rows import Owner, Rows
from processes.runtime.unit import Unit
from processes.store.bulk import Writes
from processes.store.tables import Incident


class OtherVersion(BihuanError):
    """The instance is not on the version that it is to be taken from."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            "该问题已不在原来的版本上，可能已经迁移过；请重新试迁",
            f"instance {instance_id} is on another version: has it been migrated already?",
            instance=instance_id,
        )


class OtherProcess(Unfit):
    """The two versions are of different processes."""

    def __init__(self, process: str, other: str) -> None:
        super().__init__(
            f"只能迁到同一个流程的另一个版本：原来是“{process}”，要迁到的是“{other}”",
            f"an instance of {process!r} cannot become one of {other!r}",
        )


class CannotMigrate(Unfit):
    """Some steps have no place in the other version; the instance stays where it was. ``fates``: of every step."""

    def __init__(self, fates: Sequence[Fate]) -> None:
        self.fates = fates
        stuck = [fate for fate in fates if fate.what is migration.STUCK]
        zh = "；".join(dict.fromkeys(f"“{fate.element.name or fate.element.id}”：{fate.zh}" for fate in stuck))
        en = "; ".join(dict.fromkeys(f"{fate.element.name or fate.element.id}: {fate.en}" for fate in stuck))
        super().__init__(zh, en)


def migrate(unit: Unit, command: c.Migrate) -> c.Outcome:
    """Carry the command out. Raises :class:`OtherVersion`, :class:`OtherProcess`, :class:`CannotMigrate`: then nothing has changed."""
    held = unit.held(command.instance_id)
    if held.status not in ("active", "suspended"):
        raise NotWaiting(command.instance_id)
    if held.owner.definition_id != command.source:
        raise OtherVersion(command.instance_id)
    process = unit.workshop.definitions.process(command.target, unit.connection)
    mapping = migration.from_json(command.mapping)
    suspended = held.status == "suspended"

    def work(running: RunningInstance) -> None:
        _move(running, process, mapping, command.timers_anew)
        if not suspended:
            running.run()

    running = unit.onto(command.instance_id, command.target)
    unit.change(command.instance_id, work, suspended_too=True)
    waiting = {wait.task_id for wait in running.waits()}
    incidents.close_gone(unit.connection, command.instance_id, waiting, "move", unit.now)
    _rename(unit.connection, command.instance_id, mapping)
    return c.Outcome(command.instance_id)


def rehearse(
    connection: Connection,
    running: RunningInstance,
    owner: Owner,
    process: Process,
    mapping: Mapping[Place, Place],
    now: Any,
    *,
    timers_anew: bool = False,
) -> Sequence[Fate]:
    """What would become of an instance. ``running``, a copy of it, is moved, and everything is worked out that the rows would say; nothing is
    written. Raises what :func:`migrate` would."""
    fates = _move(running, process, mapping, timers_anew)
    running.run()
    derived = Rows(connection, Writes(), owner, running, now)
    derived.follow(running.take_changes(), None, frozenset())
    return fates


def _move(
    running: RunningInstance, process: Process, mapping: Mapping[Place, Place], timers_anew: bool
) -> Sequence[Fate]:
    if process.id != running.process.id:
        raise OtherProcess(running.process.id, process.id)
    fates = running.migrate(process, mapping, timers_anew)
    if migration.verdict(fates) is migration.STUCK:
        raise CannotMigrate(fates)
    return fates


def _rename(connection: Connection, instance_id: str, mapping: Mapping[Place, Place]) -> None:
    """Open incidents say where they happened by the ids of the version that the instance has now."""
    renamed = {source.element: target.element for source, target in mapping.items() if source.element != target.element}
    own = (Incident.instance_id == instance_id, Incident.resolved_at.is_(None))
    for id, element in connection.execute(select(Incident.id, Incident.element_id).where(*own)).all():
        if element in renamed:
            connection.execute(update(Incident).where(Incident.id == id).values(element_id=renamed[element]))
