"""The dead letters on the broker: looking at them, putting them back, throwing them away.

AMQP has no way to look into a queue: whoever looks takes the letters and gives them back. So one does at a time, who has the exclusive
queue ``dead.open``. It goes with its owner's connection, however that ends, and what he had in hand is in the queue again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from processes.clock import Clock
from processes.failpoints import hit
from processes.messaging.addresses import exchange_of
from processes.messaging.bus import Address, DeadLetter, Keep, LettersInHand, NotSent, Replayed
from workers.bus import envelope, topology
from workers.bus.connection import visit
from workers.bus.publisher import Unroutable

OPEN = "dead.open"
"""An exclusive queue without messages: its owner has the letters."""

PATIENCE = 10.0
"""Seconds for which a second one waits until the first has given them back."""

MOST = 100_000
"""Letters that are gone through at most: so many are read in half a minute."""

Publish = Callable[[str, str, bytes, Any], "Future[None]"]
"""(exchange, routing key, body, properties) → the broker's confirm"""


@dataclass(frozen=True)
class _Taken:
    """A letter in our hands, until ``tag`` is acknowledged or the connection ends."""

    tag: int
    letter: DeadLetter
    queue: str
    """where it was given up"""
    properties: Any
    body: bytes


class DeadLetters:
    """See above. ``publish_seconds``: how long a confirm is waited for."""

    def __init__(
        self,
        parameters: pika.connection.Parameters,
        declare: Callable[[BlockingChannel], None],
        publish: Publish,
        clock: Clock,
        publish_seconds: float,
    ) -> None:
        self._parameters = parameters
        self._declare = declare
        self._publish = publish
        self._clock = clock
        self._publish_seconds = publish_seconds

    def look(self, limit: int) -> list[DeadLetter]:
        """Up to ``limit`` of them, newest last."""
        with self._opened() as channel:
            found = [taken.letter for taken in self._taken(channel, limit)]
        return sorted(found, key=lambda letter: letter.at)

    def replay(self, ids: Collection[str] | None, before: datetime | None, limit: int) -> Replayed:
        """See the port. A letter is published first, and acknowledged once that is confirmed."""
        sent: list[tuple[_Taken, Future[None]]] = []
        more = False
        with self._opened() as channel:
            for taken in self._taken(channel, MOST):
                if not _wanted(taken.letter, ids, before):
                    continue
                if len(sent) == limit or (sent and _broken(sent[-1][1])):
                    more = True
                    break
                sent.append((taken, self._send_back(taken)))
            kept = tuple(taken.letter.id for taken, future in sent if not self._confirmed(channel, taken, future))
        return Replayed(len(sent) - len(kept), kept, more)

    def discard(self, ids: Collection[str], keep: Keep) -> int:
        """See the port."""
        with self._opened() as channel:
            found = [taken for taken in self._taken(channel, MOST) if taken.letter.id in ids]
            if found:
                keep([taken.letter for taken in found])
            for taken in found:
                channel.basic_ack(taken.tag)
        return len(found)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BlockingChannel]:
        """A channel on which the letters are ours alone. What is not acknowledged at the end is in the queue again."""
        with visit(self._parameters) as connection:
            _lock(connection)
            channel = connection.channel()
            self._declare(channel)
            yield channel

    def _taken(self, channel: BlockingChannel, limit: int) -> Iterator[_Taken]:
        for _ in range(limit):
            method, properties, body = channel.basic_get(topology.DEAD_QUEUE)
            if method is None or body is None:
                return
            letter = envelope.dead_letter(method, properties, body, self._clock.now())
            yield _Taken(method.delivery_tag, letter, envelope.given_up_in(method, properties), properties, body)

    def _send_back(self, taken: _Taken) -> Future[None]:
        letter = taken.letter
        properties = envelope.returning(taken.properties, letter.topic)
        if letter.address == Address.EVENTS:
            # To the one listener who could not take it: the others have had it.
            return self._publish("", taken.queue, taken.body, properties)
        return self._publish(exchange_of(letter.address), letter.topic, taken.body, properties)

    def _confirmed(self, channel: BlockingChannel, taken: _Taken, future: Future[None]) -> bool:
        try:
            future.result(2 * self._publish_seconds)
        except (NotSent, TimeoutError):
            return False
        hit("dead.replayed")
        channel.basic_ack(taken.tag)
        return True


def _wanted(letter: DeadLetter, ids: Collection[str] | None, before: datetime | None) -> bool:
    return (ids is None or letter.id in ids) and (before is None or letter.at <= before)


def _broken(future: Future[None]) -> bool:
    """Whether the connection, not the message, is what failed: then the next ones would wait for nothing."""
    error = future.exception() if future.done() else None
    return error is not None and not isinstance(error, Unroutable)


def _lock(connection: BlockingConnection) -> None:
    """Have the letters alone, as long as the connection lasts. Raises :class:`LettersInHand`."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.channel().queue_declare(OPEN, exclusive=True)
            return
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != _LOCKED:
                raise
        if time.monotonic() > deadline:
            raise LettersInHand
        connection.sleep(0.05)


_LOCKED = 405
"""AMQP's reply code for a queue that is another connection's"""
