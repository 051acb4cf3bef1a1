"""The same intervention in many instances: a row says what, how far it has come and for whom; an engine process carries it out bit by bit.

Nothing of it is lost when the process dies: what has been looked for and what has been done stand in the database, and a command that had its effect
before its note was written is known by its id, and has no second one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from processes.casework import access, migration_plans, people
from processes.casework.functions import Snapshots
from processes.casework.migration_plans import Ended
from processes.casework.views.instances import search
from processes.casework.views.instances.criteria import Criteria
from processes.errors import BihuanError
from processes.failpoints import hit
from processes.kernel.errors import NotWaiting
from processes.runtime import commands as c
from processes.runtime.engine import Engine
from processes.runtime.rounds import Rounds
from processes.store import history
from processes.store.tables import Incident, Operation, OperationItem

ACTS = ("cancel", "suspend", "resume", "move", "retry", "pass")
"""What can be done in many; ``retry`` and ``pass``: with their open incidents."""

BATCH = 20
"""Instances of a step."""

GAP = 1.0
"""Seconds between two looks when there is nothing to do."""

RESTS = 0.5
"""Times as long as a step took, before the next: people's own commands come first."""

LEASE = timedelta(minutes=1)
"""For so long an operation is one process's after each of its steps."""

MOST_CHOSEN = 500
"""Instances that can be chosen one by one."""

COLLECTING, RUNNING, DONE, STOPPED = "collecting", "running", "done", "stopped"


def begin(
    connection: Connection,
    act: str,
    reason: str,
    actor: str,
    places: Collection[str],
    now: datetime,
    *,
    criteria: Criteria | None = None,
    chosen: Sequence[str] = (),
    said: Mapping[str, Any] | None = None,
    plan_id: str | None = None,
) -> str:
    """Let it be done to all that ``criteria`` find, or to the ``chosen`` instances; returns the operation's id. ``plan_id``: of a migration, which
    is meant for all that are on its version when nothing is ``chosen``."""
    identity = str(uuid4())
    ids = list(dict.fromkeys(chosen))[:MOST_CHOSEN]
    collects = criteria is not None or (plan_id is not None and not ids)
    row = {
        "id": identity,
        "act": act,
        "said": dict(said or {}),
        "places": sorted(places),
        "criteria": criteria.to_json() if criteria else None,
        "reason": reason,
        "actor": actor,
        "created_at": now,
        "state": COLLECTING if collects else RUNNING,
        "total": 0 if collects else len(ids),
        "done": 0,
        "failed": 0,
        "plan_id": plan_id,
    }
    connection.execute(insert(Operation), row)
    if not collects:
        _add(connection, identity, 0, ids)
    return identity


def stop(connection: Connection, operation_id: str, now: datetime) -> None:
    """What has not been done yet is not done any more."""
    open_ones = (Operation.id == operation_id, Operation.state.in_((COLLECTING, RUNNING)))
    connection.execute(update(Operation).where(*open_ones).values(state=STOPPED, ended_at=now))


def _add(connection: Connection, operation_id: str, after: int, ids: Sequence[str]) -> None:
    rows = [
        {"operation_id": operation_id, "position": after + at, "instance_id": each, "state": "open"}
        for at, each in enumerate(ids)
    ]
    if rows:
        connection.execute(insert(OperationItem), rows)


class Bulk(Rounds):
    """Carries operations out. Any number of processes may: each operation is one's at a time."""

    def __init__(self, engine: Engine, snapshots: Snapshots) -> None:
        super().__init__("bulk", GAP, RESTS)
        self._engine = engine
        self._database = engine.database
        self._snapshots = snapshots

    def round(self) -> bool:
        """Do a bit of the oldest operation that nobody has in hand; whether there was one."""
        operation = self._take()
        if operation is None:
            return False
        if operation.state == COLLECTING:
            self._collect(operation)
        else:
            self._carry_out(operation)
        return True

    def _take(self) -> Row[Any] | None:
        now = self._engine.clock.now()
        free = Operation.leased_until.is_(None) | (Operation.leased_until <= now)
        waiting = select(Operation.__table__).where(Operation.state.in_((COLLECTING, RUNNING)), free)
        waiting = waiting.order_by(Operation.created_at).limit(1)
        with self._database.read() as connection:
            if connection.execute(waiting).first() is None:
                return None
        with self._database.write() as connection:
            row: Row[Any] | None = connection.execute(waiting.with_for_update(skip_locked=True)).first()
            if row is not None:
                own = update(Operation).where(Operation.id == row.id)
                connection.execute(own.values(leased_until=now + LEASE))
        return row

    def _collect(self, operation: Row[Any]) -> None:
        """Find the next of those that are meant, and note them."""
        with self._database.write() as connection:
            here = self._snapshots.now()
            authority = people.authority(
                here.reference, operation.actor, here.calendar.local_date(self._engine.clock.now())
            )
            allowed = access.instances_of(authority, here.reference, operation.places)
            if operation.plan_id is not None:
                found, position = migration_plans.meant(connection, operation, allowed)
            else:
                criteria = Criteria.of(operation.criteria)
                rows, position = search.page(connection, here.reference, criteria, allowed, operation.position)
                found = [row.id for row in rows]
            known = select(OperationItem.instance_id).where(OperationItem.operation_id == operation.id)
            before = set(connection.execute(known.where(OperationItem.instance_id.in_(found))).scalars())
            fresh = [each for each in found if each not in before]
            _add(connection, operation.id, operation.total, fresh)
            values = {
                "total": operation.total + len(fresh),
                "position": position,
                "state": COLLECTING if position else RUNNING,
                "leased_until": None,
            }
            own = (Operation.id == operation.id, Operation.state == COLLECTING)
            connection.execute(update(Operation).where(*own).values(**values))

    def _carry_out(self, operation: Row[Any]) -> None:
        items = (OperationItem.operation_id == operation.id, OperationItem.state == "open")
        with self._database.read() as connection:
            batch = connection.execute(
                select(OperationItem.__table__).where(*items).order_by(OperationItem.position).limit(BATCH)
            ).all()
            plan = migration_plans.one(connection, operation.plan_id) if operation.plan_id is not None else None
        ended = [
            (
                item.position,
                self._do(operation, item.instance_id) if plan is None else self._move(operation, plan, item),
            )
            for item in batch
        ]
        hit("bulk.acted")
        counted = {"done": 0, "failed": 0}
        with self._database.write() as connection:
            for position, (state, outcome, words) in ended:
                own = (OperationItem.operation_id == operation.id, OperationItem.position == position)
                noted = update(OperationItem).where(*own, OperationItem.state == "open")
                values = {"state": state, "result": words, "outcome": outcome}
                counted[state] += connection.execute(noted.values(**values)).rowcount
            own_row = update(Operation).where(Operation.id == operation.id)
            more = {"done": Operation.done + counted["done"], "failed": Operation.failed + counted["failed"]}
            connection.execute(own_row.values(**more, leased_until=None))
            if connection.execute(select(OperationItem.position).where(*items).limit(1)).first() is None:
                over = own_row.where(Operation.state == RUNNING)
                connection.execute(over.values(state=DONE, ended_at=self._engine.clock.now()))

    def _move(self, operation: Row[Any], plan: Row[Any], item: Row[Any]) -> Ended:
        if operation.act == migration_plans.TRY:
            return migration_plans.tried(self._engine, plan, item.instance_id)
        return migration_plans.moved(self._engine, operation, plan, item.instance_id)

    def _do(self, operation: Row[Any], instance_id: str) -> Ended:
        wrong = self._wrong(operation, instance_id)
        return Ended("failed" if wrong else "done", None, wrong)

    def _wrong(self, operation: Row[Any], instance_id: str) -> dict[str, str] | None:
        """What has been in its way, in both languages; None when it is done."""
        try:
            for command in self._commands(operation, instance_id):
                if self._engine.execute(command).incident is not None:
                    return {"zh": "又没有成功，异常仍在", "en": "it failed again, and the incident is still there"}
        except NotWaiting:
            return {
                "zh": "流程已经不在这一步，或状态已变",
                "en": "the instance is not at this step any more, or in another state",
            }
        except BihuanError as error:
            return {"zh": error.zh, "en": error.en}
        return None

    def _commands(self, operation: Row[Any], instance: str) -> list[c.Command]:
        """The commands of one instance; their ids are the same should they be given again."""
        identity, reason, who = f"bulk:{operation.id}:{instance}", operation.reason, operation.actor
        if operation.act == "cancel":
            return [c.Cancel(identity, instance, reason, actor=who)]
        if operation.act == "suspend":
            return [c.Suspend(identity, instance, reason, actor=who)]
        if operation.act == "resume":
            return [c.Resume(identity, instance, reason, actor=who)]
        if operation.act == "move":
            return self._moves(operation, instance)
        statement = select(Incident.id).where(Incident.instance_id == instance, Incident.resolved_at.is_(None))
        with self._database.read() as connection:
            incidents = connection.execute(statement).scalars().all()
        action = "retry" if operation.act == "retry" else "skip"
        return [c.Resolve(f"bulk:{operation.id}:{each}", each, action, {}, reason, actor=who) for each in incidents]

    def _moves(self, operation: Row[Any], instance: str) -> list[c.Command]:
        element, target = operation.said["element"], operation.said["target"]
        with self._database.read() as connection:
            running = self._engine.look(connection, instance)
        found = [
            c.Move(f"bulk:{operation.id}:{each.id}", instance, operation.reason, each.id, target, actor=operation.actor)
            for each in (running.stands() if running is not None else ())
            if each.element.id == element and each.turn is None
        ]
        if not found and not self._moved(operation, instance):
            raise NotWaiting(instance)
        return list(found)

    def _moved(self, operation: Row[Any], instance: str) -> bool:
        """Whether this operation has moved it already, and died before it could note that."""
        with self._database.read() as connection:
            entries = history.read(connection, instance)
        return any(each.command_id.startswith(f"bulk:{operation.id}:") for each in entries)
