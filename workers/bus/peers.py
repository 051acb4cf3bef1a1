"""The relay to another deployment: carries its outbox straight to its broker, over TLS, with confirms.

Rows wait as long as the link is down, and nothing is counted against them; when it is back they leave from the oldest on, a window at a
time, so that a day's backlog is no storm. One process at a time sends to a peer. A process that dies between the broker's confirm and our
commit leaves rows that the next one sends again, with the same ids.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from datetime import timedelta
from uuid import uuid4

import pika

from processes.clock import Clock
from processes.failpoints import hit
from processes.messaging import cloudevents
from processes.messaging.addresses import EXCHANGES, peer_key
from processes.messaging.bus import Address, Message, NotSent
from processes.messaging.peers import Peer
from processes.observing.metrics import counter
from processes.store import peer_outbox
from processes.store.database import Database
from processes.store.peer_outbox import Row
from workers.bus import envelope
from workers.bus.carrier import Carrier
from workers.bus.delivery import log
from workers.bus.publisher import Publisher

SENT = counter("peer_messages_sent", "Rows of a peer's outbox that its broker has confirmed", "peer")

Unfold = Callable[[Peer, Message], Iterator[Message]]
"""What a row becomes when it leaves; of several messages the last is to leave only when the others have arrived."""

WINDOW = 64
"""messages that wait for their confirms"""

PIECES = 8
"""pieces of a file that do, of a quarter of a megabyte each: over a link of 300 kbit/s they are through within the time that a confirm has"""

_CONFIRM_SECONDS = 150.0
"""The publisher ends every future long before this: it is the net below the net."""

_HEARTBEAT_SECONDS = 20


class PeerRelay(Carrier):
    """Sends to one peer, in a thread of its own. ``name``: our own, by which the peer knows us.

    ``poll_seconds``: how often it looks for rows that other processes put; ``turn_seconds``: after that, another process may go on for one
    that is not heard of; ``meanwhile`` is called after each look.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        peer: Peer,
        name: str,
        unfold: Unfold,
        *,
        poll_seconds: float = 0.5,
        turn_seconds: float = 60.0,
        publish_seconds: float = 60.0,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        trouble = f"messages to {peer.name} could not be read or settled; trying again"
        super().__init__(f"peer-{peer.name}", poll_seconds, trouble)
        self._database = database
        self._clock = clock
        self._peer = peer
        self._routing_key = peer_key(name)
        self._unfold = unfold
        self._turn = timedelta(seconds=turn_seconds)
        self._meanwhile = meanwhile
        self._holder = str(uuid4())
        # The topology is the peer's: we declare nothing there, and may not.
        self._publisher = Publisher(parameters(peer, name), lambda: None, window=WINDOW, seconds=publish_seconds)
        database.on_commit(peer_outbox.SIGNAL, self.wake)

    def start(self) -> None:
        """Begin to connect and to send."""
        self._publisher.start()
        super().start()

    def stop(self, timeout: float = 30.0) -> None:
        """Finish the window at hand and end."""
        super().stop(timeout)
        self._publisher.close(timeout)

    def carry(self) -> bool:
        """See the base."""
        self._meanwhile()
        while not self._stopping.is_set() and self._publisher.wait_ready(1.0):
            sent, well = self.turn()
            if not well:
                return False
            if not sent:
                break
        return True

    def _longer(self, pause: float) -> float:
        # Jitter: after a break not everybody comes at once.
        return super()._longer(pause) * random.uniform(0.5, 1.0)

    def turn(self) -> tuple[int, bool]:
        """Send a window; returns how many rows left, and whether all of them did."""
        now = self._clock.now()
        with self._database.read() as connection:
            if not peer_outbox.any_waiting(connection, self._peer.name):
                return 0, True
        with self._database.write() as connection:
            if not peer_outbox.take_turn(connection, self._peer.name, self._holder, now, now + self._turn):
                return 0, True
        with self._database.read() as connection:
            rows = peer_outbox.oldest(connection, self._peer.name, WINDOW)
        posted: list[tuple[Row, Sequence[Future[None]] | None]] = []
        for row in rows:
            posted.append((row, self._post(row)))
            if posted[-1][1] is None:
                break
        hit("peers.posted")
        left = self._settle(posted)
        return left, left == len(posted)

    def _post(self, row: Row) -> Sequence[Future[None]] | None:
        """Publish what a row becomes; what it waits for, or None when the row did not leave and has to stay.

        A row of which nothing can be made is given up, or it would hold up all that come after it.
        """
        futures: list[Future[None]] = []
        try:
            last = None
            for message in self._unfold(self._peer, row.message):
                if last is not None:
                    futures.append(self._publish(last))
                if len(futures) == PIECES:
                    if not _confirmed(futures):
                        return None
                    futures.clear()
                    self._renew()
                last = message
            if not _confirmed(futures):
                return None
            hit("peers.parts-sent")
            return [self._publish(last)] if last is not None else []
        except Exception as error:
            if self._database.was_away(error):
                raise
            log.error("message %s to %s was given up", row.message.id, self._peer.name, exc_info=True)
            with self._database.write() as connection:
                reason = getattr(error, "zh", f"{type(error).__name__}: {error}")
                peer_outbox.bury(connection, row.id, reason, self._clock.now())
            return []

    def _publish(self, message: Message) -> Future[None]:
        wire = cloudevents.to_binary(message)
        properties = envelope.properties(message, wire)
        return self._publisher.publish(EXCHANGES[Address.INBOX], self._routing_key, wire.body, properties)

    def _renew(self) -> None:
        """A large file may take longer than a turn."""
        now = self._clock.now()
        with self._database.write() as connection:
            peer_outbox.take_turn(connection, self._peer.name, self._holder, now, now + self._turn)

    def _settle(self, posted: Sequence[tuple[Row, Sequence[Future[None]] | None]]) -> int:
        """Strike off what has arrived, up to the first row that has not: those after it are sent again, behind it."""
        left = []
        for row, futures in posted:
            if futures is None or not _confirmed(futures):
                break
            left.append(row.id)
        hit("peers.confirmed")
        with self._database.write() as connection:
            peer_outbox.done(connection, left)
        hit("peers.settled")
        SENT.labels(self._peer.name).inc(len(left))
        return len(left)


def _confirmed(futures: Sequence[Future[None]]) -> bool:
    wait(futures, _CONFIRM_SECONDS)
    for each in futures:
        error = each.exception() if each.done() else NotSent("no confirm in time")
        if error is not None:
            log.warning("the peer has not taken a message: %s", error)
            return False
    return True


def parameters(peer: Peer, name: str) -> pika.URLParameters:
    """How a peer's broker is reached: its certificate is checked by ``ca`` (or the system's), ours shown if there is one."""
    found = pika.URLParameters(peer.url)
    found.heartbeat = _HEARTBEAT_SECONDS
    found.socket_timeout = 5.0
    found.stack_timeout = 10.0
    found.blocked_connection_timeout = 30.0
    found.client_properties = {"connection_name": f"peer-{name}"}
    if found.ssl_options is not None:
        context = ssl.create_default_context(cafile=str(peer.ca) if peer.ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if peer.certificate is not None:
            context.load_cert_chain(str(peer.certificate), str(peer.key) if peer.key else None)
        found.ssl_options = pika.SSLOptions(context, found.host)
    return found
