"""What the database says: before, of what is on its way; afterwards, whether all of it is still there; in the end, which way each case has gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from processes.store import history
from processes.store.history import Entry
from processes.store.tables import (
    JOB_IS_OPEN,
    TASK_IS_OPEN,
    HistoryEntry,
    Incident,
    Instance,
    Job,
    OutboxMessage,
    Subscription,
    TaskDraft,
    Timer,
    UserTask,
)
from tests.migration.cases import SEVERAL, Case, way
from tests.migration.models import CALLED, NEW_STEPS, OLD_STEPS
from tests.migration.world import Campaign

DRAFTED = 5
"""Of so many open tasks one has a draft."""


@dataclass
class Before:
    """What was on its way before the migration."""

    jobs: set[str] = field(default_factory=set)
    terms: dict[str, datetime | None] = field(default_factory=dict)
    """of people's tasks"""
    timers: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """by instance and id"""
    keys: set[tuple[str, str, str]] = field(default_factory=set)
    """what messages are waited for: instance, name, key"""
    drafts: dict[str, Any] = field(default_factory=dict)


def before(world: Campaign) -> Before:
    """Write drafts, and note all that is on its way."""
    now = world.clock.now()
    with world.observed.write() as connection:
        tasks = connection.execute(select(UserTask.id, UserTask.due_at).where(TASK_IS_OPEN).order_by(UserTask.id)).all()
        rows = [
            {"task_id": each.id, "person_id": "people", "data": {"text": f"草稿 {each.id}"}, "saved_at": now}
            for each in tasks[::DRAFTED]
        ]
        connection.execute(insert(TaskDraft), rows)
        return Before(
            set(connection.scalars(select(Job.id).where(JOB_IS_OPEN))),
            {each.id: each.due_at for each in tasks},
            {(row.instance_id, row.task_id): row.due_at for row in connection.execute(select(Timer.__table__))},
            {(row.instance_id, row.message, row.key) for row in connection.execute(select(Subscription.__table__))},
            {row["task_id"]: row["data"] for row in rows},
        )


def eligible(world: Campaign, cases: Sequence[Case]) -> set[str]:
    """The instances all of whose active steps exist in both versions, by their tokens."""
    found = set[str]()
    passing = {"split", "join", "which", "merge", "ask", "asked"}
    with world.observed.read() as connection:
        for case in cases:
            running = world.core.engine.look(connection, case.instance)
            assert running is not None
            if all(each.element.id in CALLED or each.element.id in passing for each in running.stands()):
                found.add(case.instance)
    return found


def lost(world: Campaign, was: Before) -> Counter[str]:
    """What was on its way and is neither as it was nor done: how much of each."""
    found: Counter[str] = Counter()
    with world.observed.read() as connection:
        jobs = {row.id: row.state for row in connection.execute(select(Job.id, Job.state))}
        tasks = {row.id: row for row in connection.execute(select(UserTask.id, UserTask.state, UserTask.due_at))}
        timers = {(row.instance_id, row.task_id): row.due_at for row in connection.execute(select(Timer.__table__))}
        waited = {(row.instance_id, row.message, row.key) for row in connection.execute(select(Subscription.__table__))}
        drafts = {row.task_id: row.data for row in connection.execute(select(TaskDraft.task_id, TaskDraft.data))}
        came = _came(connection)
    found["jobs"] = sum(jobs.get(each) not in ("open", "done") for each in was.jobs)
    for id, due in was.terms.items():
        row = tasks.get(id)
        found["tasks"] += row is None or row.state == "cancelled"
        found["terms"] += row is None or row.due_at != due
        still = row is not None and row.state == "open" and id in was.drafts
        found["drafts"] += still and drafts.get(id) != was.drafts[id]
    found["timers"] = sum(timers.get(key, due if key[0] in came else None) != due for key, due in was.timers.items())
    found["messages"] = sum(key not in waited and key[0] not in came for key in was.keys)
    return +found


def _came(connection: Connection) -> set[str]:
    """Instances in which something has happened since they began, beside a migration: their waits may have ended by themselves."""
    kinds = ("CompleteTask", "CompleteJob", "Correlate", "FireTimer")
    statement = select(HistoryEntry.instance_id).where(HistoryEntry.kind.in_(kinds))
    ended = connection.scalars(select(Instance.id).where(Instance.ended_at.is_not(None)))  # their histories are filed
    return {*ended, *connection.scalars(statement.where(HistoryEntry.at > _began(connection)))}


def _began(connection: Connection) -> datetime:
    found = connection.scalar(select(TaskDraft.saved_at).order_by(TaskDraft.saved_at).limit(1))
    assert found is not None
    return found


# -- in the end --------------------------------------------------------------------------------------------------------


def broken(world: Campaign, cases: Sequence[Case], moved: Collection[str]) -> Mapping[str, str]:
    """The cases that did not go the way they should have, and what is wrong with each."""
    found = dict[str, str]()
    with world.observed.read() as connection:
        troubles = dict(connection.execute(select(Incident.instance_id, Incident.detail)).tuples().all())
        states = {
            row.id: row for row in connection.execute(select(Instance.id, Instance.status, Instance.definition_id))
        }
        undone = set(connection.scalars(select(Job.instance_id).where(Job.state != "done")))
        for case in cases:
            entries = history.read(connection, case.instance)
            wrong = _wrong(case, entries, case.instance in moved)
            running = world.core.engine.look(connection, case.instance)
            if states[case.instance].status != "completed":
                wrong = f"{states[case.instance].status}: {wrong}"
            if case.instance in troubles:
                wrong = f"incident: {troubles[case.instance]}"
            if case.instance in undone:
                wrong = f"a job is not done: {wrong}"
            if running is not None and case.kind == 1 and running.data.get("votes") != [{"vote": "同意"}] * 3:
                wrong = f"votes: {running.data.get('votes')}"
            if wrong:
                found[case.number] = f"{case.position.name}: {wrong}"
    return found


def unanswered(world: Campaign) -> Mapping[str, str]:
    """Jobs that nobody has answered in the end: their rows, what lies in the outbox, in the queues and among the dead letters."""
    found = dict[str, str]()
    with world.observed.read() as connection:
        rows = connection.execute(select(Job.__table__).where(Job.state != "done")).all()
        waiting = [dict(row._mapping) for row in connection.execute(select(OutboxMessage.__table__).limit(20))]
    for row in rows:
        found[f"job {row.id}"] = f"{dict(row._mapping)}; outbox: {waiting}; queues: {world.queue_depths()}"
    return found


def _wrong(case: Case, entries: Sequence[Entry], moved: bool) -> str:
    migrations = [at for at, entry in enumerate(entries) if entry.kind == history.MIGRATED]
    if len(migrations) != moved:
        return f"{len(migrations)} migrations in its history"
    begun = Counter(step[0] for entry in entries[: migrations[0] if migrations else 0] for step in entry.steps)
    names = NEW_STEPS if moved else OLD_STEPS
    gone = Counter(
        element
        for entry in entries
        for element, _, what in entry.steps
        if what in ("completed", "caught") and element in names
    )
    wanted = way(case, moved, begun)
    for free in ("hurry", "remind", *SEVERAL, *(CALLED[each] for each in SEVERAL)):
        gone.pop(free, None)
        wanted.pop(free, None)
    return "" if gone == wanted else f"went {dict(gone - wanted)} too often, {dict(wanted - gone)} not at all"
