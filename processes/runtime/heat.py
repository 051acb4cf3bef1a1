"""Tells, of instances that have ended, how often each element was gone through, how long it took and how often it failed, day by day.

Nobody waits for it: it follows the ends of instances a while after them, in small transactions with rests in between. How far it is stands in the
database, and is written with what it has counted, so that each instance counts once whoever dies.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, bindparam, insert, or_, select, update

from processes.clock import Clock
from processes.runtime.rounds import Rounds
from processes.store import history
from processes.store.database import Database
from processes.store.history import Entry
from processes.store.tables import ElementHeat, Incident, Instance, Setting

AFTER = timedelta(minutes=2)
"""From an instance's end on: the ends of other engines have been committed by then."""

GAP = 10.0
"""Seconds between two looks."""

BATCH = 20
"""Instances of a transaction: on SQLite everybody else waits for it."""

RESTS = 9
"""Times as long as a transaction took, before the next."""

SETTING = "heat"
"""Key of the ``Setting`` row that says behind which end, and instance, all has still to be counted."""

STEPS = 2
"""of the scale, for each doubling of the time: a median read off it is right within a fifth."""


class Where(NamedTuple):
    """What is counted apart."""

    definition_id: str
    day: date
    process_id: str
    element_id: str


@dataclass
class Count:
    """Of an element: how often, how long in all, and the spread of that over the steps of the scale."""

    times: int = 0
    seconds: float = 0.0
    failures: int = 0
    spread: dict[str, int] = field(default_factory=dict)

    def add(self, seconds: float) -> None:
        """It was gone through once more."""
        step = str(step_of(seconds))
        self.times += 1
        self.seconds += seconds
        self.spread[step] = self.spread.get(step, 0) + 1


def step_of(seconds: float) -> int:
    """The step of the scale.

    >>> [step_of(each) for each in (0, 1, 3, 60, 86_400)]
    [0, 2, 4, 11, 32]
    """
    return int(math.log2(max(seconds, 0.0) + 1) * STEPS)


def seconds_of(step: int) -> float:
    """The middle of a step of the scale, in seconds.

    >>> [round(seconds_of(each)) for each in (0, 2, 11, 32)]
    [0, 1, 53, 77935]
    """
    return 0.0 if step == 0 else float(2 ** ((step + 0.5) / STEPS) - 1)


class Heat(Rounds):
    """See above."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__("heat", GAP, RESTS)
        self._database = database
        self._clock = clock

    def run(self) -> int:
        """Count some instances, in one transaction; returns how many."""
        before = self._clock.now() - AFTER
        with self._database.read() as connection:
            if not _next(connection, _reached(connection, locked=False), before, 1):
                return 0
        with self._database.write() as connection:
            reached = _reached(connection, locked=True)
            ended = _next(connection, reached, before, BATCH)
            counts: dict[Where, Count] = defaultdict(Count)
            for row in ended:
                _count(counts, row, history.read(connection, row.id), _failed(connection, row.id))
            _write(connection, counts)
            if ended:
                value = {"at": ended[-1].ended_at.isoformat(), "id": ended[-1].id}
                connection.execute(update(Setting).where(Setting.key == SETTING).values(value=value))
        return len(ended)

    def round(self) -> bool:
        """See ``Rounds``."""
        return self.run() == BATCH


def _reached(connection: Connection, *, locked: bool) -> Mapping[str, str]:
    statement = select(Setting.value).where(Setting.key == SETTING)
    found: Any = connection.execute(statement.with_for_update() if locked else statement).scalar()
    if found is None and locked:
        connection.execute(insert(Setting), {"key": SETTING, "value": {}})
    return found or {}


def _next(connection: Connection, reached: Mapping[str, str], before: datetime, most: int) -> Sequence[Row[Any]]:
    statement = select(Instance.id, Instance.definition_id, Instance.process_id, Instance.ended_at)
    statement = statement.where(Instance.ended_at.is_not(None), Instance.ended_at <= before)
    if reached:
        at = bindparam("at", datetime.fromisoformat(reached["at"]), Instance.ended_at.type)
        statement = statement.where(
            Instance.ended_at >= at,
            or_(Instance.ended_at > at, and_(Instance.ended_at == at, Instance.id > reached["id"])),
        )
    rows: Any = connection.execute(statement.order_by(Instance.ended_at, Instance.id).limit(most)).all()
    return list(rows)


def _failed(connection: Connection, instance_id: str) -> Sequence[str]:
    found = connection.execute(select(Incident.element_id).where(Incident.instance_id == instance_id)).scalars()
    return [each for each in found if each]


def _count(counts: dict[Where, Count], row: Row[Any], entries: Iterable[Entry], failed: Iterable[str]) -> None:
    day = row.ended_at.astimezone(UTC).date()
    begun: dict[tuple[str, str], list[datetime]] = {}
    process_of: dict[str, str] = {}
    for entry in entries:
        for element, process, what in entry.steps:
            process_of.setdefault(element, process)
            waiting = begun.setdefault((process, element), [])
            if what == "entered":
                waiting.append(entry.at)
                continue
            since = waiting.pop(0) if waiting else entry.at
            if what != "cancelled":
                where = Where(row.definition_id, day, process, element)
                counts[where].add((entry.at - since).total_seconds())
    for element in failed:
        counts[Where(row.definition_id, day, process_of.get(element, row.process_id), element)].failures += 1


def _write(connection: Connection, counts: Mapping[Where, Count]) -> None:
    days = {(where.definition_id, where.day) for where in counts}
    known: dict[Where, Any] = {}
    for definition, day in days:
        own = (ElementHeat.definition_id == definition, ElementHeat.day == day)
        for each in connection.execute(select(ElementHeat.__table__).where(*own)):
            known[Where(definition, day, each.process_id, each.element_id)] = each
    for where, count in counts.items():
        before = known.get(where)
        if before is None:
            connection.execute(insert(ElementHeat), {**where._asdict(), **vars(count)})
            continue
        spread = {
            step: before.spread.get(step, 0) + count.spread.get(step, 0) for step in {*before.spread, *count.spread}
        }
        conditions = [getattr(ElementHeat, name) == value for name, value in where._asdict().items()]
        connection.execute(
            update(ElementHeat)
            .where(*conditions)
            .values(
                times=before.times + count.times,
                seconds=before.seconds + count.seconds,
                failures=before.failures + count.failures,
                spread=spread,
            )
        )
