"""The relay: carries the outbox to the broker. Any number of relays may run: each row is leased by one at a time.

Lease, publish a window, wait for the confirms, delete. A relay that dies in between leaves rows whose lease runs out:
another publishes them again, with the same message id.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import Future, wait
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from processes.clock import Clock
from processes.failpoints import hit
from processes.messaging.bus import Address, NotSent
from processes.store import outbox, parcels
from processes.store.database import Database
from processes.store.outbox import Leased
from workers.bus.amqp import AmqpBus
from workers.bus.carrier import Carrier
from workers.bus.delivery import Ladder, Resolve, identity, log
from workers.bus.publisher import Unroutable

_CONFIRM_SECONDS = 30.0
"""The publisher ends every future long before this: it is the net below the net."""


class Relay(Carrier):
    """Moves outbox rows to the bus in a thread of its own; woken by every commit of this process that put rows. Stop it before its bus.

    ``poll_seconds``: how often it looks for rows of other processes and for those whose time has come.
    """

    def __init__(
        self,
        database: Database,
        bus: AmqpBus,
        clock: Clock,
        resolve: Resolve = identity,
        *,
        ladder: Ladder | None = None,
        window: int = 256,
        lease_seconds: float = 30.0,
        poll_seconds: float = 0.5,
    ) -> None:
        super().__init__("relay", poll_seconds, "the relay could not read or write the outbox; trying again")
        self._database = database
        self._bus = bus
        self._clock = clock
        self._resolve = resolve
        self._ladder = ladder or Ladder()
        self._window = window
        self._lease = timedelta(seconds=lease_seconds)
        database.on_commit(outbox.SIGNAL, self.wake)

    def carry(self) -> bool:
        """See the base."""
        while not self._stopping.is_set() and self._bus.wait_connected(1.0) and self.turn():
            pass
        return True

    def turn(self) -> int:
        """Relay one window; returns how many rows it took."""
        now = self._clock.now()
        with self._database.read() as connection:
            late = parcels.any_late(connection, now)
            if not (late or outbox.any_due(connection, now)):
                return 0
        with self._database.write() as connection:
            if late:
                parcels.open_late(connection, now)
            rows = outbox.lease(connection, now, self._window, now + self._lease)
        hit("relay.leased")
        posted = [(row, self._post(row)) for row in rows]
        hit("relay.posted")
        wait([future for _, future in posted], _CONFIRM_SECONDS)
        hit("relay.confirmed")
        with self._database.write() as connection:
            self._settle(connection, posted, self._clock.now())
        hit("relay.settled")
        return len(rows)

    def _post(self, row: Leased) -> Future[None]:
        """Resolve and publish; an error is the row's own, and no other row's."""
        # A copy that an embedded bus made for one listener (events:…) goes to all: some may hear it twice, none never.
        address = Address(row.address.partition(":")[0])
        try:
            message = self._resolve(row.message) if address == Address.JOBS else row.message
            return self._bus.post(address, row.topic, message)
        except Exception as error:
            log.warning("message %s (%s) could not be sent", row.message.id, row.topic, exc_info=True)
            failed: Future[None] = Future()
            failed.set_exception(error)
            return failed

    def _settle(self, connection: Connection, posted: Sequence[tuple[Leased, Future[None]]], now: datetime) -> None:
        outbox.done(connection, [row.id for row, future in posted if _error(future) is None])
        for row, future in posted:
            error = _error(future)
            if error is not None:
                self._put_off(connection, row, error, now)

    def _put_off(self, connection: Connection, row: Leased, error: BaseException, now: datetime) -> None:
        """A broker that is away costs no attempt; a message that the broker or we can't take climbs the ladder."""
        if isinstance(error, (NotSent, TimeoutError)) and not isinstance(error, Unroutable):
            soon = timedelta(seconds=random.uniform(0.5, 2.0))
            outbox.retry(connection, row.id, now + soon, failed=False)
            return
        wait = self._ladder.wait(row.attempts)
        if wait is None:
            outbox.bury(connection, row.id, f"{type(error).__name__}: {error}", now)
        else:
            outbox.retry(connection, row.id, now + timedelta(seconds=wait))


def _error(future: Future[None]) -> BaseException | None:
    return future.exception() if future.done() else TimeoutError("no confirm in time")
