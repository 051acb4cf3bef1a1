"""Reads what is left of a trial: our database, the outside's own logs, what the partners were told. Each effect once, each case explained."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, func, or_, select

from processes.store import history
from processes.store.tables import (
    BufferedMessage,
    Deadline,
    InboxMessage,
    Incident,
    Instance,
    Job,
    OutboxMessage,
    Parcel,
    RefusedMessage,
    Subscription,
    Timer,
    UserTask,
)
from tests.faults.cases import HTTP, PARTNER, SOURCE, Case, instances_of

ENDED = ("completed", "cancelled")
SHOWN = 3
"""Cases whose history is printed."""


@dataclass
class Findings:
    """What is wrong, and with which cases. ``effects``: how many there were in the outside."""

    wrong: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    effects: int = 0

    def add(self, key: str, what: str) -> None:
        """Something is wrong with a case ("": with no particular one)."""
        self.wrong.append(f"{key}: {what}" if key else what)
        if key and key not in self.cases:
            self.cases.append(key)


@dataclass(frozen=True)
class Outside:
    """What the outside says: the effects that it logged, and which messages its partners were told have arrived."""

    effects: Sequence[Mapping[str, Any]]
    accepted: Mapping[str, str]


def check(connection: Connection, cases: Sequence[Case], outside: Outside, bounds: tuple[str, str]) -> Findings:
    """Everything that can be told from the database and the outside's logs about these cases."""
    found = Findings()
    instances = connection.execute(
        select(Instance.id, Instance.key, Instance.process_id, Instance.status).where(
            Instance.key >= bounds[0], Instance.key < bounds[1]
        )
    ).all()
    owner = {row.id: row.key for row in instances}
    _check_instances(found, cases, instances)
    _check_effects(found, connection, cases, outside.effects, bounds, owner)
    _check_history(found, connection, bounds, owner)
    _check_inbox(found, connection, cases, outside.accepted)
    _check_left_over(found, connection, bounds)
    return found


def _within(bounds: tuple[str, str]) -> Any:
    """The ids of the trial's instances, for a condition."""
    return select(Instance.id).where(Instance.key >= bounds[0], Instance.key < bounds[1])


def _check_instances(found: Findings, cases: Sequence[Case], instances: Sequence[Any]) -> None:
    """Every case began once, and all of it has ended."""
    by_key: dict[str, Counter[str]] = defaultdict(Counter)
    for row in instances:
        by_key[row.key][row.process_id] += 1
        if row.status != "completed":
            found.add(row.key, f"{row.process_id} {row.id} is {row.status}")
    for case in cases:
        _compare(found, case.key, "instances", by_key.pop(case.key, Counter()), instances_of(case))
    for key, left in by_key.items():
        found.add(key, f"nobody sent this case: {dict(left)}")


def _compare(found: Findings, key: str, what: str, seen: Mapping[str, int], wanted: Mapping[str, int]) -> None:
    for name in sorted({*seen, *wanted}):
        if seen.get(name, 0) != wanted.get(name, 0):
            found.add(key, f"{what} {name}: {seen.get(name, 0)}, should be {wanted.get(name, 0)}")


def _check_effects(
    found: Findings,
    connection: Connection,
    cases: Sequence[Case],
    effects: Sequence[Mapping[str, Any]],
    bounds: tuple[str, str],
    owner: Mapping[str, str],
) -> None:
    """Each effect once, under the key of a job of that case that is done; each such job had its effect."""
    jobs = {
        row.id: (owner[row.instance_id], row.state)
        for row in connection.execute(
            select(Job.id, Job.instance_id, Job.state).where(Job.instance_id.in_(_within(bounds)))
        )
    }
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    keys: Counter[str] = Counter()
    for effect in effects:
        subject = str(effect["subject"])
        if not bounds[0] <= subject < bounds[1]:
            continue
        found.effects += 1
        seen[subject][str(orjson.loads(effect["data"])["kind"])] += 1
        keys[str(effect["key"])] += 1
        key, state = jobs.get(str(effect["key"]), ("", "unknown"))
        if key != subject:
            found.add(subject, f"an effect under {effect['key']}, which is no job of this case")
        elif state != "done":
            found.add(subject, f"an effect of job {effect['key']}, which is {state}")
    for case in cases:
        _compare(found, case.key, "effect", seen.pop(case.key, Counter()), case.kind.effects)
    for subject, left in seen.items():
        found.add(subject, f"effects for a case that nobody sent: {dict(left)}")
    for key, times in keys.items():
        if times > 1:
            found.add(jobs.get(key, ("", ""))[0], f"{times} effects under the one key {key}")


_ANSWERS = {"CompleteTask": "task_id", "CompleteJob": "job_id", "ThrowJobError": "job_id", "FireTimer": "task_id"}
"""Commands that answer a wait, and their field that names it."""


def _check_history(found: Findings, connection: Connection, bounds: tuple[str, str], owner: Mapping[str, str]) -> None:
    """No command twice, no wait answered twice, and every task that is completed was completed by a command."""
    commands: Counter[tuple[str, str, str]] = Counter()
    waits: Counter[tuple[str, str, str, str]] = Counter()
    answered: set[str] = set()
    for instance, key in owner.items():
        for entry in history.read(connection, instance):
            commands[key, entry.kind, entry.command_id] += 1
            name = _ANSWERS.get(entry.kind)
            if name is not None:
                answered.add(entry.input[name])
                # A cycle's timer has one id and rings at several times.
                waits[key, entry.kind, entry.input[name], str(entry.input.get("due_at", ""))] += 1
    for (key, kind, command), times in commands.items():
        if times > 1 and kind != "Resolve":
            found.add(key, f"{kind} {command} had its effect {times} times")
    for (key, kind, wait, due), times in waits.items():
        if times > 1:
            found.add(key, f"{wait} was answered {times} times by {kind} {due}".rstrip())
    tasks = select(UserTask.id, UserTask.instance_id).where(UserTask.instance_id.in_(_within(bounds)))
    for task in connection.execute(tasks.where(UserTask.state == "completed")):
        if task.id not in answered:
            found.add(owner[task.instance_id], f"task {task.id} is completed, and no command of the history did it")


def _check_inbox(found: Findings, connection: Connection, cases: Sequence[Case], accepted: Mapping[str, str]) -> None:
    """What a partner was told had arrived is in the inbox."""
    kept = set(connection.execute(select(InboxMessage.id).where(InboxMessage.source == "Correlate")).scalars())
    source = SOURCE.replace("/", "%2F")
    for case in cases:
        for id_ in case.messages:
            partner = PARTNER if case.door == HTTP or not id_.endswith(":start") else "bihuan"
            if id_ not in accepted:
                found.add(case.key, f"the sender of {id_} was never told that it arrived")
            elif f"{partner}/{source}/{id_}" not in kept:
                found.add(case.key, f"{id_} was accepted ({accepted[id_]}) and is not in the inbox")


def _check_left_over(found: Findings, connection: Connection, bounds: tuple[str, str]) -> None:
    """Nothing of an ended instance waits, nothing lies in the outbox or in a parcel, no message is without its receiver, no incident is open."""
    orphans: Sequence[tuple[str, Any, Any]] = (
        ("job", Job, Job.state.in_(("open", "failed"))),
        ("task", UserTask, UserTask.state == "open"),
        ("timer", Timer, None),
        ("subscription", Subscription, None),
        ("deadline", Deadline, None),
    )
    for name, table, condition in orphans:
        statement = select(Instance.key, func.count()).join(table, table.instance_id == Instance.id)
        statement = statement.where(Instance.status.in_(ENDED)).group_by(Instance.key)
        for key, times in connection.execute(statement if condition is None else statement.where(condition)):
            found.add(key or "", f"{times} {name} rows of an ended instance")
    for row in connection.execute(select(OutboxMessage.topic, OutboxMessage.headers, OutboxMessage.dead_reason)):
        found.add("", f"in the outbox: {row.topic} {row.headers['id']} ({row.dead_reason or 'not sent'})")
    for count in connection.execute(select(Parcel.messages)).scalars():
        found.add("", f"in a parcel: {count} messages")
    early = select(BufferedMessage.key, BufferedMessage.message).where(
        BufferedMessage.key >= bounds[0], BufferedMessage.key < bounds[1]
    )
    for key, message in connection.execute(early):
        found.add(key, f"{message} waits for a receiver")
    open_ = (
        select(Incident.kind, Incident.detail, Instance.key)
        .outerjoin(Instance, Instance.id == Incident.instance_id)
        .where(Incident.resolved_at.is_(None))
        .where(or_(Incident.instance_id.is_(None), (Instance.key >= bounds[0]) & (Instance.key < bounds[1])))
    )
    for kind, detail, key in connection.execute(open_):
        found.add(key or "", f"open incident {kind}: {detail}")


def refused(connection: Connection, trial: str) -> int:
    """How many messages of a trial are kept as refused."""
    return sum(1 for each in quarantined(connection) if each.startswith(f"{trial}-"))


def quarantined(connection: Connection) -> set[str]:
    """The ids of the messages in the quarantine."""
    return {str(each) for each in connection.execute(select(RefusedMessage.message_id)).scalars()}


def story(connection: Connection, keys: Iterable[str]) -> str:
    """The whole history of cases, as lines."""
    lines = []
    for key in list(keys)[:SHOWN]:
        lines.append(f"    case {key}")
        for instance in connection.execute(
            select(Instance.__table__).where(Instance.key == key).order_by(Instance.created_at)
        ):
            lines.append(f"      {instance.process_id} {instance.id} {instance.status} version {instance.version}")
            for entry in history.read(connection, instance.id):
                steps = " ".join(f"{step[0]}:{step[2]}" for step in entry.steps)
                lines.append(f"        {entry.at:%H:%M:%S.%f} {entry.kind} {entry.command_id} → {steps}")
            jobs = connection.execute(select(Job.__table__).where(Job.instance_id == instance.id))
            lines += [
                f"        job {job.element_id} {job.id} {job.state} ({job.attempts}) {job.error or ''}" for job in jobs
            ]
    return "\n".join(lines)
