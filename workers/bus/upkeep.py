"""What a person looks after on a platform with a broker: the broker's queues and dead letters, and those of the outbox before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from processes.clock import Clock
from processes.messaging.bus import DeadLetter, Keep, QueueState, Replayed, Upkeep
from processes.store import outbox
from processes.store.database import Database
from processes.store.gauges import MOST
from workers.bus.buried import Buried
from workers.bus.topology import DEAD_QUEUE


class BothUpkeep:
    """The broker's and the outbox's as one."""

    def __init__(self, broker: Upkeep, database: Database, clock: Clock) -> None:
        self._broker = broker
        self._buried = Buried(database, clock)
        self._database = database
        self._clock = clock

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        """See the port."""
        found = [*self._buried.dead_letters(limit), *self._broker.dead_letters(limit)]
        return sorted(found, key=lambda letter: letter.at)[-limit:]

    def replay(
        self, ids: Collection[str] | None = None, *, before: datetime | None = None, limit: int = 500
    ) -> Replayed:
        """See the port."""
        ours = self._buried.replay(ids, before=before, limit=limit)
        if ours.done >= limit:
            return replace(ours, more=True)
        theirs = self._broker.replay(ids, before=before, limit=limit - ours.done)
        return Replayed(ours.done + theirs.done, theirs.kept, theirs.more)

    def discard(self, ids: Collection[str], keep: Keep) -> int:
        """See the port."""
        return self._buried.discard(ids, keep) + self._broker.discard(ids, keep)

    def queues(self) -> Sequence[QueueState]:
        """See the port; before the broker's what has not left the outbox yet."""
        now = self._clock.now()
        with self._database.read() as connection:
            rows = outbox.waiting(connection, now, MOST)
            buried = outbox.count_dead(connection, MOST)
        ready, held = sum(row.ready + row.later for row in rows), sum(row.held for row in rows)
        oldest = min((row.oldest for row in rows), default=None)
        states = [
            replace(each, ready=each.ready + buried) if each.name == DEAD_QUEUE else each
            for each in self._broker.queues()
        ]
        return [QueueState("outbox", None, "", ready, held, None, oldest), *states]
