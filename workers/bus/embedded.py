"""The bus without a broker: the outbox table itself, leased by a pool of this process.

One thread, the dispatcher, settles what handlers have finished and leases what is due, both in one transaction a turn.
It is woken by every commit that put rows; besides, it looks every ``poll_seconds`` (for rows whose time has come).
"""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from processes.clock import Clock
from processes.failpoints import hit
from processes.messaging.addresses import URGENT
from processes.messaging.bus import Address, DeadLetter, Handler, Keep, Message, NotSent, QueueState, Replayed
from processes.store import outbox, parcels
from processes.store.database import Database
from processes.store.gauges import MOST
from processes.store.outbox import Leased, Outgoing, Want
from workers.bus.buried import Buried, address_of
from workers.bus.delivery import (
    ALL,
    Again,
    Done,
    Ending,
    GivenUp,
    Ladder,
    Resolve,
    Subscription,
    identity,
    log,
    run,
    subscription,
)
from workers.bus.pool import Pool

_BATCH = 100
"""Events that are spread to their subscribers in one turn."""


@dataclass
class _Consumer:
    """A subscription with its threads and the rows it holds."""

    subscription: Subscription
    want: Want
    pool: Pool
    urgent: bool = False
    """whether its rows go first: it shares its pool with a consumer of those that can wait"""
    held: set[int] = field(default_factory=set)

    def room(self, gone: Collection[int] = ()) -> int:
        """How many rows it may take, those in ``gone`` being settled."""
        # More than can run at once are held ready, so that no thread waits for the next transaction.
        return self.subscription.prefetch - len(self.held.difference(gone))


class EmbeddedBus:
    """The bus port on the outbox table. ``topics``: the catalogue of jobs (empty: any job topic is taken)."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        topics: Collection[str] = (),
        resolve: Resolve = identity,
        ladder: Ladder | None = None,
        lease_seconds: float = 60.0,
        poll_seconds: float = 0.5,
    ) -> None:
        self._database = database
        self._clock = clock
        self._buried = Buried(database, clock)
        self._topics = frozenset(topics)
        self._resolve = resolve
        self._ladder = ladder or Ladder()
        self._lease = timedelta(seconds=lease_seconds)
        self._poll_seconds = poll_seconds
        self._subscriptions: list[Subscription] = []
        self._consumers: list[_Consumer] = []
        self._endings: deque[tuple[_Consumer, Leased, Ending]] = deque()
        self._woken = threading.Event()
        self._stopping = False
        self._ceased = False
        self._dispatcher: threading.Thread | None = None
        self._renew_at: datetime | None = None
        database.on_commit(outbox.SIGNAL, self.wake)

    # ---- the port ----------------------------------------------------------------------------------------------------

    def send(self, address: Address, topic: str, message: Message) -> None:
        """Put the message into the outbox, in a transaction of its own; to send within one, use ``outbox.put``."""
        if address == Address.JOBS and not self._knows(topic):
            raise NotSent(f"no job of topic {topic!r} in the catalogue")
        try:
            with self._database.write() as connection:
                outbox.put(connection, [Outgoing(address, topic, message)], self._clock.now())
            hit("embedded.sent")
        except Exception as error:
            if not self._database.is_transient(error):
                raise
            raise NotSent(f"the database did not take message {message.id}") from error

    def post(self, address: Address, topic: str, message: Message) -> Future[None]:
        """See the port. Nothing is gained by waiting for a transaction elsewhere: it has ended when this returns."""
        posted: Future[None] = Future()
        try:
            self.send(address, topic, message)
        except Exception as error:
            posted.set_exception(error)
        else:
            posted.set_result(None)
        return posted

    def _knows(self, topic: str) -> bool:
        if not self._topics or topic.removesuffix(URGENT) in self._topics:
            return True
        return any(one.address == Address.JOBS and topic in one.topics for one in self._subscriptions)

    def subscribe(
        self,
        address: Address,
        topics: Sequence[str],
        handler: Handler,
        *,
        concurrency: int = 1,
        prefetch: int | None = None,
    ) -> None:
        """See the port. For events, one bus may subscribe to the same topics only once."""
        if self._dispatcher is not None:
            raise RuntimeError("subscribe before start")
        new = subscription(address, topics, handler, concurrency, prefetch)
        if address == Address.EVENTS and any(new.key == one.key for one in self._subscriptions):
            raise ValueError(f"two subscriptions to the same events: {sorted(topics)}")
        self._subscriptions.append(new)

    def start(self) -> None:
        """See the port."""
        self._stopping = self._ceased = False
        self._consumers = [each for one in self._subscriptions for each in _consumers(one)]
        with self._database.write() as connection:
            parcels.open_all(connection, self._clock.now())
            if self._database.dialect == "sqlite":
                # The only process on this database: leases that stand are those of a process that died.
                outbox.release(connection)
        self._dispatcher = threading.Thread(target=self._dispatch, name="bus", daemon=True)
        self._dispatcher.start()
        self.wake()

    def cease(self, timeout: float = 30.0) -> None:
        """See the port."""
        self._ceased = True

    def stop(self, timeout: float = 30.0) -> None:
        """See the port."""
        if self._dispatcher is None:
            return
        deadline = time.monotonic() + timeout
        self._stopping = True
        self.wake()
        self._dispatcher.join(timeout)
        if self._dispatcher.is_alive():
            log.error("the bus did not stop within %s s: the database does not answer", timeout)
            return
        for consumer in self._consumers:
            consumer.pool.close()
        for consumer in self._consumers:
            consumer.pool.wait(deadline - time.monotonic())
        self._dispatcher = None
        try:
            with self._database.write() as connection:
                settled = self._settle(connection)
                outbox.release(connection, [row for consumer in self._consumers for row in consumer.held])
        except Exception:
            log.warning("the last endings could not be written: these messages come again", exc_info=True)
        else:
            self._forget(settled)

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        """See the port."""
        return self._buried.dead_letters(limit)

    def replay(
        self, ids: Collection[str] | None = None, *, before: datetime | None = None, limit: int = 500
    ) -> Replayed:
        """See the port."""
        return self._buried.replay(ids, before=before, limit=limit)

    def discard(self, ids: Collection[str], keep: Keep) -> int:
        """See the port."""
        return self._buried.discard(ids, keep)

    def queues(self) -> Sequence[QueueState]:
        """See the port: one state for all messages to the platform, one for each job topic, one for all events."""
        with self._database.read() as connection:
            rows = outbox.waiting(connection, self._clock.now(), MOST)
            dead = outbox.count_dead(connection, MOST)
        topics = {row.topic for row in rows if row.address == Address.JOBS}
        names = [
            (Address.INBOX, ""),
            *((Address.JOBS, each) for each in sorted(self._topics | topics)),
            (Address.EVENTS, ""),
        ]
        later = sum(row.later for row in rows)
        return [
            *(self._state(address, topic, rows) for address, topic in names),
            QueueState("wait", None, "", later, 0, None),
            QueueState("dead", None, "", dead, 0, None),
        ]

    def _state(self, address: Address, topic: str, rows: Sequence[outbox.Waiting]) -> QueueState:
        here = [row for row in rows if address_of(row.address) == address and topic in ("", row.topic)]
        oldest = min((row.oldest for row in here if row.ready or row.held), default=None)
        consumers = sum(
            one.concurrency for one in self._subscriptions if one.address == address and (not topic or one.wants(topic))
        )
        return QueueState(
            f"{address}.{topic}" if topic else str(address),
            address,
            topic,
            sum(row.ready for row in here),
            sum(row.held for row in here),
            consumers if self._subscriptions else None,  # else somebody else's process delivers
            oldest,
        )

    def wake(self) -> None:
        """Look for work now. Safe in any thread; for whoever moves an injected clock."""
        self._woken.set()

    # ---- the dispatcher ----------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        pause = self._poll_seconds
        while not self._stopping:
            self._woken.wait(pause)
            woken = self._woken.is_set()
            self._woken.clear()
            try:
                while not self._stopping and self._turn(woken):
                    woken = False
                pause = self._poll_seconds
            except Exception:
                log.warning("the outbox could not be read; trying again", exc_info=True)
                pause = min(pause * 2, 5.0)

    def _turn(self, woken: bool) -> bool:
        """Settle and lease once. True when there may be more to do at once."""
        events = Want(Address.EVENTS)
        if not woken and not self._endings and not self._renewal_due():
            wants = [events, *(one.want for one in self._consumers if one.room() > 0)]
            with self._database.read() as connection:
                if not outbox.any_due(connection, self._clock.now(), wants):
                    return False
        with self._database.write() as connection:
            settled = self._settle(connection)
            gone = {row.id for _, row, _ in settled}
            spread = self._spread(connection, events)
            self._renew(connection)
            taken = [(consumer, row) for consumer in self._consumers for row in self._take(connection, consumer, gone)]
        hit("embedded.leased")
        self._forget(settled)
        for consumer, row in taken:
            consumer.held.add(row.id)
            consumer.pool.submit(functools.partial(self._handle, consumer, row), urgent=consumer.urgent)
        return bool(taken or settled or spread)

    def _take(self, connection: Connection, consumer: _Consumer, gone: Collection[int]) -> Iterable[Leased]:
        room = consumer.room(gone)
        if room <= 0 or self._ceased:
            return []
        now = self._clock.now()
        rows = outbox.lease(connection, now, room, now + self._lease, [consumer.want])
        # After a jump of the clock our own leases look run out: what we still hold is not begun a second time.
        return [row for row in rows if row.id not in consumer.held or row.id in gone]

    def _handle(self, consumer: _Consumer, row: Leased) -> None:
        resolve = self._resolve if row.address == Address.JOBS else identity
        hit("embedded.delivered")
        ending = run(consumer.subscription.handler, row.message, resolve)
        assert ending is not None
        hit("embedded.handled")
        self._endings.append((consumer, row, ending))
        self.wake()

    def _settle(self, connection: Connection) -> list[tuple[_Consumer, Leased, Ending]]:
        """Write down the endings there are; they are only forgotten once this transaction has committed."""
        settled = [self._endings[index] for index in range(len(self._endings))]
        now = self._clock.now()
        outbox.done(connection, [row.id for _, row, ending in settled if isinstance(ending, Done)])
        for _, row, ending in settled:
            if isinstance(ending, Again):
                self._again(connection, row, ending, now)
            elif isinstance(ending, GivenUp):
                outbox.bury(connection, row.id, ending.reason, now)
        return settled

    def _again(self, connection: Connection, row: Leased, ending: Again, now: datetime) -> None:
        if ending.after is not None:
            outbox.retry(connection, row.id, now + timedelta(seconds=ending.after), failed=False)
            return
        wait = self._ladder.wait(row.attempts)
        if wait is None:
            outbox.bury(connection, row.id, ending.reason, now)
        else:
            outbox.retry(connection, row.id, now + timedelta(seconds=wait))

    def _forget(self, settled: list[tuple[_Consumer, Leased, Ending]]) -> None:
        for consumer, row, _ in settled:
            self._endings.popleft()
            consumer.held.discard(row.id)

    def _spread(self, connection: Connection, events: Want) -> bool:
        """Replace each event by a copy for each of its subscribers; nobody listens: it is gone."""
        now = self._clock.now()
        rows = outbox.lease(connection, now, _BATCH, now, [events])
        for row in rows:
            places = [one.want.address for one in self._consumers if _hears(one.subscription, row.topic)]
            outbox.copy(connection, row, places, now)
        return bool(rows)

    def _renewal_due(self) -> bool:
        return self._renew_at is not None and self._clock.now() >= self._renew_at

    def _renew(self, connection: Connection) -> None:
        """Long handlers keep their rows: leases are renewed when half their time is over."""
        held = [row for consumer in self._consumers for row in consumer.held]
        now = self._clock.now()
        if held and self._renewal_due():
            outbox.extend(connection, held, now + self._lease)
        if self._renew_at is None or self._renewal_due():
            self._renew_at = now + self._lease / 2


def _consumers(subscription: Subscription) -> list[_Consumer]:
    """One; or two with one pool, when some of the topics are urgent: those first, so that they are leased and begun before the others."""
    place, topics = str(subscription.address), subscription.topics
    if subscription.address == Address.EVENTS:
        place = f"{Address.EVENTS}:{subscription.key}"
    pool = Pool(f"bus-{place}", subscription.concurrency)
    if subscription.address == Address.EVENTS or ALL in topics:
        return [_Consumer(subscription, Want(place), pool)]
    urgent = frozenset(topic for topic in topics if topic.endswith(URGENT))
    parts = ((urgent, True), (topics - urgent, False))
    return [_Consumer(subscription, Want(place, part), pool, first) for part, first in parts if part]


def _hears(subscription: Subscription, topic: str) -> bool:
    return subscription.address == Address.EVENTS and subscription.wants(topic)
