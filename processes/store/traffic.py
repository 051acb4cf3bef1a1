"""How many messages and answers to jobs there were, by hour, and when the last: written down by each process every few seconds.

A process has one row an hour, so that nobody waits for anybody, and what was counted costs no command anything. What a process that is
killed has counted in its last seconds is not in it: this is for looking at, not for reckoning.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.engine import Connection

from processes.clock import Clock
from processes.messaging.tally import TALLY, Seen, Tally
from processes.store.database import Database
from processes.store.tables import Setting

log = logging.getLogger(__name__)

HOURS = 24
"""How far back it is told."""

_PREFIX = "traffic:"
"""Keys of the ``Setting`` rows: ``traffic:2026112309:1f0c93ab``, the hour (UTC) and the process."""

GAP = 5.0
"""Seconds between two writings."""


@dataclass(frozen=True)
class Line:
    """What was seen: how often in each of the last 24 hours (the current one last), and when it was last."""

    seen: Seen
    hourly: Sequence[int]
    last: datetime

    @property
    def total(self) -> int:
        """How often in all."""
        return sum(self.hourly)


class Traffic:
    """Writes down what a process counts, in a thread of its own."""

    def __init__(self, database: Database, clock: Clock, tally: Tally = TALLY) -> None:
        self._database = database
        self._clock = clock
        self._tally = tally
        self._process = uuid4().hex[:8]
        self._hour = ""
        self._counts: Counter[Seen] = Counter()
        self._last: dict[Seen, str] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def write(self) -> None:
        """Write down what was counted since the last time, if anything was."""
        taken = self._tally.take()
        if not taken:
            return
        now = self._clock.now()
        hour, earlier, before = _hour(now), Counter(self._counts), dict(self._last)
        if hour != self._hour:
            earlier, before = Counter(), {}
        counts = earlier + taken
        last = {**before, **dict.fromkeys(taken, now.astimezone(UTC).isoformat())}
        try:
            with self._database.write() as connection:
                if hour != self._hour:
                    _forget(connection, now)
                self._put(connection, f"{_PREFIX}{hour}:{self._process}", _value(counts, last))
        except Exception:
            self._tally.give_back(taken)
            raise
        self._hour, self._counts, self._last = hour, counts, last

    def _put(self, connection: Connection, key: str, value: Mapping[str, Any]) -> None:
        fresh = self._database.insert(Setting).values(key=key, value=value)
        connection.execute(
            fresh.on_conflict_do_update(index_elements=[Setting.key], set_={"value": fresh.excluded.value})
        )

    # -- as a thread -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._loop, name="traffic", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write once more and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while not self._stopping.wait(GAP):
            self._try()
        self._try()

    def _try(self) -> None:
        try:
            self.write()
        except Exception:
            log.warning("what was counted could not be written down; trying again", exc_info=True)


def read(connection: Connection, now: datetime) -> Sequence[Line]:
    """What all processes have seen in the last 24 hours."""
    hours = {_hour(now - timedelta(hours=HOURS - 1 - at)): at for at in range(HOURS)}
    hourly: dict[Seen, list[int]] = {}
    last: dict[Seen, datetime] = {}
    for hour, value in _rows(connection):
        at = hours.get(hour)
        if at is None:
            continue
        for seen, count, moment in _lines(value):
            hourly.setdefault(seen, [0] * HOURS)[at] += count
            last[seen] = max(moment, last.get(seen, moment))
    return [Line(seen, counts, last[seen]) for seen, counts in hourly.items()]


def _rows(connection: Connection) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = connection.execute(select(Setting.key, Setting.value).where(Setting.key.startswith(_PREFIX)))
    for key, value in rows:
        yield key.removeprefix(_PREFIX).partition(":")[0], value


def _value(counts: Mapping[Seen, int], last: Mapping[Seen, str]) -> Mapping[str, Any]:
    return {"seen": [[*seen, count, last[seen]] for seen, count in counts.items()]}


def _lines(value: Mapping[str, Any]) -> Iterable[tuple[Seen, int, datetime]]:
    for *seen, count, moment in value["seen"]:
        yield Seen(*seen), count, datetime.fromisoformat(moment)


def _hour(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%d%H}"


def _forget(connection: Connection, now: datetime) -> None:
    """Rows of hours that nobody asks for any more."""
    oldest = f"{_PREFIX}{_hour(now - timedelta(hours=HOURS))}"
    keys = connection.scalars(select(Setting.key).where(Setting.key.startswith(_PREFIX))).all()
    old = [key for key in keys if key < oldest]
    if old:
        connection.execute(delete(Setting).where(Setting.key.in_(old)))
