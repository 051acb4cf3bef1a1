"""Consuming: one connection on a thread of its own that pumps deliveries to pools and their endings back to the broker."""

from __future__ import annotations

import contextlib
import functools
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from processes.failpoints import hit
from workers.bus.delivery import log

_LONGEST_PAUSE = 5.0
"""Seconds between attempts to connect, at most."""

_PUMP_SECONDS = 5.0
"""How long the pump waits at most: deliveries, endings and the end of it all wake it at once."""


@dataclass(slots=True)
class Delivery:
    """A message as it came off a queue, and its way back to the channel that it must be settled on."""

    queue: str
    routing_key: str
    properties: Any
    body: bytes
    settle: Callable[[bool], None]
    """True: acknowledge, False: back into the queue. From any thread, once."""
    alive: Callable[[], bool]
    """whether it can still be settled; if not, it comes again anyway"""


@dataclass(frozen=True)
class Source:
    """A queue to consume, and how many messages may be in this process's hands at once."""

    queue: str
    prefetch: int


class Consumer:
    """Consumes for ever: reconnects, and consumes anew when a queue was deleted under it.

    ``prepare`` declares the topology on the new channel. ``accept`` must return at once.
    """

    def __init__(
        self,
        parameters: pika.connection.Parameters,
        prepare: Callable[[BlockingChannel], None],
        sources: Sequence[Source],
        accept: Callable[[Delivery], None],
    ) -> None:
        self._parameters = parameters
        self._prepare = prepare
        self._sources = sources
        self._accept = accept
        self._cancelling = threading.Event()
        self._closing = threading.Event()
        self._cancelled = threading.Event()
        self._connection: BlockingConnection | None = None
        self._thread = threading.Thread(target=self._run, name="bus-consumer", daemon=True)
        self.consuming = threading.Event()
        """set while deliveries can come"""

    def start(self) -> None:
        """Begin to connect and consume, in the background."""
        self._thread.start()

    def cancel(self, timeout: float) -> None:
        """Take nothing new; what is in hand can still be settled."""
        self._cancelling.set()
        self._wake()
        self._cancelled.wait(timeout)

    def close(self, timeout: float) -> None:
        """End the connection; what has not been settled goes back to its queue."""
        self._cancelling.set()
        self._closing.set()
        self._wake()
        self._thread.join(timeout)

    def _wake(self) -> None:
        """Bring the pump back from waiting for the broker."""
        connection = self._connection
        if connection is not None:
            _call(connection, lambda: None)

    def _run(self) -> None:
        pause = 0.1
        while not self._cancelling.is_set():
            began = time.monotonic()
            try:
                self._consume()
            except Exception as error:
                log.warning("consumer lost its connection: %s: %s", type(error).__name__, error)
            finally:
                self.consuming.clear()
            pause = 0.1 if time.monotonic() - began > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
            self._cancelling.wait(random.uniform(0, pause))
        self._cancelled.set()

    def _consume(self) -> None:
        connection = self._connection = BlockingConnection(self._parameters)
        try:
            channel = connection.channel()
            self._prepare(channel)
            tags = [self._subscribe(connection, channel, source) for source in self._sources]
            self.consuming.set()
            self._pump(connection, channel, tags)
        finally:
            _abandon(connection)

    def _subscribe(self, connection: BlockingConnection, channel: BlockingChannel, source: Source) -> str:
        # Not global: on a channel each consumer keeps the prefetch that was set when it was made.
        channel.basic_qos(prefetch_count=source.prefetch)
        return str(channel.basic_consume(source.queue, functools.partial(self._on_message, connection, source.queue)))

    def _pump(self, connection: BlockingConnection, channel: BlockingChannel, tags: list[str]) -> None:
        while not self._closing.is_set():
            if self._cancelling.is_set():
                for tag in tags:
                    channel.basic_cancel(tag)
                tags = []
                self._cancelled.set()
            elif len(channel.consumer_tags) < len(tags):
                raise pika.exceptions.ConsumerCancelled("a queue was deleted")
            connection.process_data_events(_PUMP_SECONDS)
        # Endings that came in just before the end.
        connection.process_data_events(0)

    def _on_message(
        self,
        connection: BlockingConnection,
        queue: str,
        channel: BlockingChannel,
        method: Any,
        properties: Any,
        body: bytes,
    ) -> None:
        hit("consumer.received")
        settle = functools.partial(_settle_later, connection, channel, method.delivery_tag)
        self._accept(Delivery(queue, method.routing_key, properties, body, settle, lambda: bool(channel.is_open)))


def _settle_later(connection: BlockingConnection, channel: BlockingChannel, tag: int, done: bool) -> None:
    _call(connection, functools.partial(_settle, channel, tag, done))


def _call(connection: BlockingConnection, callback: Callable[[], None]) -> None:
    """Have the pump's thread call something; when the connection is gone, its deliveries are too: they come again."""
    with contextlib.suppress(pika.exceptions.ConnectionWrongStateError):
        connection.add_callback_threadsafe(callback)


def _settle(channel: BlockingChannel, tag: int, done: bool) -> None:
    if not channel.is_open:
        return
    if done:
        hit("consumer.acknowledging")
        channel.basic_ack(tag)
        hit("consumer.acknowledged")
    else:
        channel.basic_nack(tag, requeue=True)


def _abandon(connection: BlockingConnection) -> None:
    """Close without waiting for a peer that does not answer."""
    if connection.is_open:
        with contextlib.suppress(pika.exceptions.AMQPError, OSError):
            connection.close()
