"""Consuming, on the connection that the publisher holds open: what is acknowledged leaves with what is published in the same turn."""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from processes.failpoints import hit
from processes.messaging.bus import Whole


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
    whole: Whole | None = None
    """set when ``body`` is only the beginning of what came"""


@dataclass(frozen=True)
class Source:
    """A queue to consume, and how many messages may be in this process's hands at once."""

    queue: str
    prefetch: int


class Consumer:
    """Takes messages off queues for as long as there is a connection: whoever holds one open calls :meth:`open` with each new one, and
    :meth:`lost` when it is gone. A queue that is deleted ends the connection, so that it is declared and consumed anew.

    ``accept`` must return at once.
    """

    def __init__(self, sources: Sequence[Source], accept: Callable[[Delivery], None]) -> None:
        self._sources = sources
        self._accept = accept
        self._connection: Any = None
        self._channel: Any = None
        self._tags: list[str] = []
        self._confirmed = 0
        """of the sources, how many the broker has said yes to"""
        self._settled: deque[tuple[Any, int, bool]] = deque()
        self._planned = False
        self._lock = threading.Lock()
        self._open: dict[int, bool] = {}
        """deliveries that the broker waits for, the oldest first: whether they are done"""
        self._cancelling = threading.Event()
        self._cancelled = threading.Event()
        self.consuming = threading.Event()
        """set while deliveries can come"""

    # ---- any thread --------------------------------------------------------------------------------------------------

    def cancel(self, timeout: float) -> None:
        """Take nothing new; what is in hand can still be settled."""
        self._cancelling.set()
        connection = self._connection
        if connection is not None:
            connection.ioloop.add_callback_threadsafe(self._cancel)
            self._cancelled.wait(timeout)

    def _settle(self, channel: Any, tag: int, done: bool) -> None:
        with self._lock:
            self._settled.append((channel, tag, done))
            connection, planned = self._connection, self._planned
            self._planned = connection is not None
        if connection is not None and not planned:
            connection.ioloop.add_callback_threadsafe(self._flush)

    # ---- the connection's thread -------------------------------------------------------------------------------------

    def open(self, connection: Any) -> None:
        """There is a connection: consume."""
        self._connection = connection
        connection.channel(on_open_callback=self._on_channel)

    def lost(self) -> None:
        """There is none any more: what was not acknowledged comes again."""
        self.consuming.clear()
        with self._lock:
            self._connection = self._channel = None
            self._settled.clear()
            self._planned = False
        self._open, self._tags = {}, []
        if self._cancelling.is_set():
            self._cancelled.set()

    def _on_channel(self, channel: Any) -> None:
        self._channel, self._confirmed = channel, 0
        channel.add_on_close_callback(lambda *_: self._end())
        channel.add_on_cancel_callback(lambda *_: self._end())
        if self._cancelling.is_set():
            self._cancelled.set()
            return
        for source in self._sources:
            # Not global: on a channel each consumer keeps the prefetch that was set when it was made.
            channel.basic_qos(prefetch_count=source.prefetch)
            taken = functools.partial(self._on_message, source.queue)
            self._tags.append(channel.basic_consume(source.queue, taken, callback=self._on_consuming))

    def _on_consuming(self, _frame: Any) -> None:
        self._confirmed += 1
        if self._confirmed == len(self._sources):
            self.consuming.set()

    def _end(self) -> None:
        connection = self._connection
        if connection is not None and connection.is_open:
            connection.close()

    def _cancel(self) -> None:
        channel, tags = self._channel, self._tags
        self._tags = []
        if channel is None or not channel.is_open or not tags:
            self._cancelled.set()
            return
        for tag in tags[:-1]:
            channel.basic_cancel(tag)
        channel.basic_cancel(tags[-1], callback=lambda _: self._cancelled.set())

    def _on_message(self, queue: str, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        hit("consumer.received")
        tag = method.delivery_tag
        self._open[tag] = False
        settle = functools.partial(self._settle, channel, tag)
        self._accept(Delivery(queue, method.routing_key, properties, body, settle, lambda: bool(channel.is_open)))

    def _flush(self) -> None:
        """Tell the broker what has been settled: all up to the oldest that is not, in one word."""
        with self._lock:
            self._planned = False
            settled, self._settled = self._settled, deque()
        channel = self._channel
        if channel is None or not channel.is_open:
            return
        done = []
        for of, tag, well in settled:
            if of is not channel:
                continue  # of a connection that is gone
            if well:
                self._open[tag] = True
                done.append(tag)
            else:
                self._open.pop(tag, None)
                channel.basic_nack(tag, requeue=True)
        self._acknowledge(channel, done)

    def _acknowledge(self, channel: Any, done: Sequence[int]) -> None:
        if not done:
            return
        hit("consumer.acknowledging")
        last = 0
        while self._open and self._open[oldest := next(iter(self._open))]:
            last = oldest
            del self._open[oldest]
        if last:
            channel.basic_ack(last, multiple=True)
        for tag in done:
            if tag > last:
                del self._open[tag]
                channel.basic_ack(tag)
        hit("consumer.acknowledged")
