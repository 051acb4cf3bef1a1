"""Dead letters in the outbox: what the embedded bus gave up, and what the relay could not bring to the broker."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from processes.clock import Clock
from processes.messaging.bus import Address, DeadLetter, Keep, Replayed
from processes.store import outbox
from processes.store.database import Database

_PREFIX = "row-"
"""of the letters' ids, before the row's"""


class Buried:
    """The port's part that is about dead letters, on the outbox table."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        """See the port."""
        with self._database.read() as connection:
            rows = outbox.dead(connection, limit)
        return [_letter(row) for row in rows]

    def replay(
        self, ids: Collection[str] | None = None, *, before: datetime | None = None, limit: int = 500
    ) -> Replayed:
        """See the port: a row lives again in one transaction."""
        with self._database.write() as connection:
            if ids is None:
                rows = outbox.dead_until(connection, before, limit + 1)
            else:
                dead = outbox.dead_of(connection, _rows(ids))
                rows = [row.id for row in dead if before is None or row.at <= before]
            return Replayed(outbox.revive(connection, rows[:limit], self._clock.now()), (), len(rows) > limit)

    def discard(self, ids: Collection[str], keep: Keep) -> int:
        """See the port."""
        with self._database.read() as connection:
            rows = outbox.dead_of(connection, _rows(ids))
        if not rows:
            return 0
        keep([_letter(row) for row in rows])
        with self._database.write() as connection:
            return outbox.throw_away(connection, [row.id for row in rows])


def address_of(place: str) -> Address:
    """The address of a row: a copy for one listener of an event stands at a place of its own."""
    return Address(place.partition(":")[0])


def _letter(row: outbox.Dead) -> DeadLetter:
    return DeadLetter(row.message, address_of(row.address), row.topic, row.reason, row.at, f"{_PREFIX}{row.id}")


def _rows(ids: Collection[str]) -> list[int]:
    """The rows that are meant; what is no id of ours is no row's."""
    numbers = [each.removeprefix(_PREFIX) for each in ids if each.startswith(_PREFIX)]
    return [int(each) for each in numbers if each.isascii() and each.isdigit() and len(each) < 19]
