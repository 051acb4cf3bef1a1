"""Whom a signal reaches outside the instance that throws it: every instance that waits for it, every process that it starts (BPMN 2.0.2, 13.5.5)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from processes.runtime.definitions import Definitions, Force
from processes.store.tables import Instance, Subscription


@dataclass(frozen=True)
class Reached:
    """Instances by their id, and processes by theirs."""

    instances: tuple[str, ...]
    processes: tuple[str, ...]


def reached(connection: Connection, definitions: Definitions, force: Force, name: str, place: str) -> Reached:
    """Whom a signal thrown at ``place`` reaches now.

    A process whose start needs the signal together with something else is not started once more while an instance of it waits for
    just that signal at its start.
    """
    rows = connection.execute(_WAITING, {"m": f"signal:{name}"}).all()
    waiting = {(row.process_id, row.element_id) for row in rows}
    processes = []
    for process_id, definition in force.started_by(f"signal:{name}", place):
        starts = definitions.process(definition, connection).starts
        at_start = [(process_id, start.node_id) for start in starts if start.name == name and start.together]
        if not any(each in waiting for each in at_start):
            processes.append(process_id)
    return Reached(tuple(dict.fromkeys(row.instance_id for row in rows)), tuple(processes))


_WAITING = (
    select(Subscription.instance_id, Subscription.element_id, Instance.process_id)
    .join(Instance, Instance.id == Subscription.instance_id)
    .where(Subscription.message == bindparam("m"))
    .order_by(Instance.created_at, Instance.id)
)
