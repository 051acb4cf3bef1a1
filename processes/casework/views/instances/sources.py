"""The indexes along which instances are searched for, each with a position from which it goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, literal, literal_column, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from processes.casework.views.instances.criteria import Criteria
from processes.casework.views.models import models
from processes.kernel.instance import PREFIX
from processes.store.position import position
from processes.store.tables import (
    JOB_IS_OPEN,
    TASK_IS_OPEN,
    Case,
    Definition,
    Incident,
    Instance,
    Instant,
    Job,
    Subscription,
    Timer,
    UserTask,
)

CHUNK = 200
"""Rows of an index that are read at once."""

RUN = 400
"""The same where it is cheaper, for most are passed over without being read further."""

HERE = ZoneInfo("Asia/Shanghai")

VERSIONS = 20
"""Versions of a process whose elements are looked at to know what is waited for there."""


class Step(NamedTuple):
    """An instance on the way along an index, and the position behind it."""

    instance_id: str
    position: list[Any]


@dataclass(frozen=True)
class Source:
    """A way along an index: ``column`` gives the instance's id, ``order`` is what the index begins with after ``where``. ``keep``: a column
    or what is asked of it, and which values are kept: the rest is passed over although the index leads there."""

    number: int
    column: InstrumentedAttribute[Any]
    where: Sequence[ColumnElement[bool]]
    order: tuple[InstrumentedAttribute[Any], ...]
    falling: bool = False
    chunk: int = CHUNK
    """rows looked at in one go, at most"""
    keep: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], Callable[[Any], bool]] | None = None

    def take(self, connection: Connection, at: Sequence[Any] | None, most: int) -> tuple[list[Step], list[Any] | None]:
        """The next so many rows, and the position behind them when there may be more."""
        told, fits = self.keep or (self.column, bool)
        statement = select(self.column, told.label("told"), *self.order).where(*self.where).limit(most)
        statement = statement.order_by(*(each.desc() if self.falling else each for each in self.order))
        if at:
            here = tuple_(*self.order)
            there = tuple_(*(_bound(column, value) for column, value in zip(self.order, at, strict=True)))
            statement = statement.where(here < there if self.falling else here > there)
        rows = connection.execute(statement).all()
        steps = [Step(row[0], _position(row[2:])) for row in rows if row[0] and fits(row.told)]
        return steps, _position(rows[-1][2:]) if len(rows) == most else None


@dataclass(frozen=True)
class ById(Source):
    """Along the ids, the newest first. Those that do not fit are passed over at once, without a look at their cases."""

    asked: Criteria = field(default_factory=Criteria)

    def take(self, connection: Connection, at: Sequence[Any] | None, most: int) -> tuple[list[Step], list[Any] | None]:
        """The next so many instances, and the position behind them when there may be more."""
        before = [Instance.id < at[0]] if at else []
        columns = (Instance.id, Instance.process_id, Instance.definition_id, Instance.status)
        statement = select(*columns).where(*self.where, *before).order_by(Instance.id.desc()).limit(most)
        rows = connection.execute(statement).all()
        steps = [Step(row.id, [row.id]) for row in rows if self._fits(row)]
        return steps, [rows[-1].id] if len(rows) == most else None

    def _fits(self, row: Any) -> bool:
        asked = self.asked
        return (
            (not asked.process or str(row.process_id) == asked.process)
            and (not asked.state or str(row.status) == asked.state)
            and str(row.definition_id).startswith(asked.version)
        )


def sources_of(connection: Connection, asked: Criteria) -> list[Source]:
    """The ways to go, one after the other."""
    if asked.text:
        return [Source(0, Instance.id, [_named(connection, asked.text)], (Instance.id,))]
    if asked.trouble or asked.state == "incident":
        said = (position(connection, Incident.detail, asked.trouble), bool) if asked.trouble else None
        order = (Incident.created_at, Incident.id)
        return [Source(0, Incident.instance_id, [Incident.resolved_at.is_(None)], order, True, RUN, said)]
    if asked.message:
        return [_waiting_for(0, asked.message, asked.element)]
    if asked.topic:
        return [_at_job(0, asked.topic, asked.element)]
    if asked.element:
        return _standing(connection, asked)
    if asked.state == "suspended":
        return [Source(0, Instance.id, [Instance.status == literal_column("'suspended'")], (Instance.id,), True)]
    return [ById(0, Instance.id, _period(asked), (Instance.id,), True, RUN, asked=asked)]


def _named(connection: Connection, text: str) -> ColumnElement[bool]:
    """By a number, a business key, or an id of the instance or of something of it."""
    names = [Instance.id == text, Instance.key == text]
    if text[PREFIX : PREFIX + 1] == "-":
        names.append(Instance.prefix == text[:PREFIX])
    cases = connection.execute(select(Case.instance_id).where(Case.number == text)).scalars().all()
    reported = connection.execute(select(Incident.instance_id).where(Incident.id == text)).scalars().all()
    found = [each for each in (*cases, *reported) if each]
    return or_(*names, Instance.id.in_(found)) if found else or_(*names)


def _waiting_for(number: int, message: str, element: str) -> Source:
    order = (Subscription.key, Subscription.instance_id, Subscription.task_id)
    return Source(
        number, Subscription.instance_id, [Subscription.message == message], order, keep=_at(Subscription, element)
    )


def _at_job(number: int, topic: str, element: str) -> Source:
    jobs = [JOB_IS_OPEN, Job.topic == topic]
    return Source(number, Job.instance_id, jobs, (Job.available_at, Job.id), keep=_at(Job, element))


def _at(table: Any, element: str) -> Any:
    return (table.element_id, lambda found: found == element) if element else None


def _standing(connection: Connection, asked: Criteria) -> list[Source]:
    """By the element stood at: as a person's task, as a job of one of its topics, as a message of one of its names, or as a timer."""
    element, waits = asked.element, dict[tuple[str, str], None]()
    known = select(Definition.id).order_by(Definition.created_at.desc()).limit(VERSIONS)
    if asked.process:
        known = known.where(Definition.process_id == asked.process)
    for definition in connection.execute(known).scalars():
        waits.update(dict.fromkeys(models(connection, definition).waits(element)))
    tasks = [TASK_IS_OPEN, UserTask.element_id == element]
    found = [Source(0, UserTask.instance_id, tasks, (UserTask.element_id, UserTask.id))]
    for kind, name in waits:
        found.append((_at_job if kind == "job" else _waiting_for)(len(found), name, element))
    order = (Timer.due_at, Timer.instance_id, Timer.task_id)
    return [*found, Source(len(found), Timer.instance_id, [], order, chunk=RUN, keep=_at(Timer, element))]


def _period(asked: Criteria) -> list[ColumnElement[bool]]:
    """Ids begin with the time of the start in milliseconds (``handlers.start_id``)."""
    found: list[ColumnElement[bool]] = []
    if asked.since:
        found.append(Instance.id >= _first_id(date.fromisoformat(asked.since)))
    if asked.until:
        found.append(Instance.id < _first_id(date.fromisoformat(asked.until) + timedelta(days=1)))
    return found


def _first_id(day: date) -> str:
    moment = datetime.combine(day, time(), HERE).astimezone(UTC)
    digits = f"{max(int(moment.timestamp() * 1000), 0):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def _position(values: Sequence[Any]) -> list[Any]:
    """As JSON."""
    return [value.isoformat() if isinstance(value, datetime) else value for value in values]


def _bound(column: InstrumentedAttribute[Any], value: Any) -> ColumnElement[Any]:
    if isinstance(column.type, Instant):
        value = datetime.fromisoformat(str(value))
    return literal(value, column.type)
