"""How much waits in the database, worked out when somebody reads the metrics: indexed queries that count to a bound.

Every process on a database tells the same; a dashboard takes the greatest, not the sum.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import func, literal_column, select
from sqlalchemy.engine import Connection

from processes.clock import Clock
from processes.store import peer_outbox
from processes.store.database import Database
from processes.store.tables import JOB_IS_OPEN, Incident, Job, OutboxMessage, Parcel

MOST = 100_000
"""Rows that are counted at most: whoever has more has a problem that no greater number makes clearer."""

LASTING = 1.0
"""Seconds for which an answer is given again: reading the page more often costs the database nothing."""


class Gauges:
    """A source of metrics. An absent database is told as ``bihuan_database_up 0``, and the rest is left out."""

    def __init__(self, database: Database, clock: Clock, lasting: float = LASTING) -> None:
        self._database = database
        self._clock = clock
        self._lasting = lasting
        self._lock = threading.Lock()
        self._until = 0.0
        self._last: list[Metric] = []

    def collect(self) -> Iterator[Metric]:
        """The gauges of this moment, or of a second ago."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._last = self._look()
                self._until = time.monotonic() + self._lasting
            yield from self._last

    def _look(self) -> list[Metric]:
        try:
            with self._database.read() as connection:
                found = _waiting(connection, self._clock.now())
        except Exception:
            return [_gauge("database_up", "Whether the database answers", 0)]
        return [_gauge("database_up", "Whether the database answers", 1), *found]


def _waiting(connection: Connection, now: datetime) -> list[Metric]:
    depth, oldest = _outbox(connection)
    age = 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0)
    return [
        _gauge("incidents_open", "Incidents that nobody has resolved", connection.scalar(_INCIDENTS)),
        _gauge("outbox_messages", "Messages that wait to leave", depth),
        _gauge("outbox_oldest_seconds", "How long the oldest message that could leave has waited", age),
        _gauge("outbox_dead_messages", "Messages in the outbox that were given up", connection.scalar(_DEAD)),
        _jobs(connection),
        *_peers(connection, now),
    ]


def _outbox(connection: Connection) -> tuple[int, datetime | None]:
    """How many messages wait to leave, and since when the oldest could."""
    depth, oldest = connection.execute(_OUTBOX).one()
    packed, first = connection.execute(_PARCELS).one()
    return depth + packed, min((each for each in (oldest, first) if each is not None), default=None)


def _jobs(connection: Connection) -> Metric:
    family = GaugeMetricFamily("bihuan_jobs_open", "Jobs that nobody has answered, by topic", labels=["topic"])
    for topic, count in connection.execute(_OPEN_JOBS):
        family.add_metric([topic], count)
    return family


def _peers(connection: Connection, now: datetime) -> list[Metric]:
    """What waits for other deployments: nothing is told by those that have none."""
    found = peer_outbox.waiting(connection, MOST)
    if not found:
        return []
    messages = GaugeMetricFamily("bihuan_peer_messages", "Messages that wait for another deployment", labels=["peer"])
    oldest = GaugeMetricFamily("bihuan_peer_oldest_seconds", "How long the oldest of them has waited", labels=["peer"])
    dead = GaugeMetricFamily("bihuan_peer_dead_messages", "Messages to another deployment given up", labels=["peer"])
    for each in found:
        age = 0.0 if each.oldest is None else max((now - each.oldest).total_seconds(), 0.0)
        for family, value in ((messages, each.messages), (oldest, age), (dead, each.dead)):
            family.add_metric([each.peer], float(value))
    return [messages, oldest, dead]


def _gauge(name: str, about: str, value: Any) -> Metric:
    return GaugeMetricFamily(f"bihuan_{name}", about, value=float(value))


def _bounded(*conditions: Any) -> Any:
    few = select(literal_column("1")).where(*conditions).limit(MOST).subquery()
    return select(func.count()).select_from(few)


_INCIDENTS = _bounded(Incident.resolved_at.is_(None))
_DEAD = _bounded(OutboxMessage.dead_at.is_not(None))
_LIVING = OutboxMessage.dead_at.is_(None)
_OUTBOX = select(
    _bounded(_LIVING).scalar_subquery(),
    select(func.min(OutboxMessage.available_at, type_=OutboxMessage.available_at.type))
    .where(_LIVING)
    .scalar_subquery(),
)
_PARCELS = select(
    func.coalesce(func.sum(Parcel.messages), 0), func.min(Parcel.created_at, type_=Parcel.created_at.type)
)
_open = select(Job.topic).where(JOB_IS_OPEN).limit(MOST).subquery()
_OPEN_JOBS = select(_open.c.topic, func.count()).group_by(_open.c.topic)
