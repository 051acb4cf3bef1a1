"""Publishing with confirms: one connection on a thread of its own, futures for everybody else. Nothing waits for ever.

Who consumes does so on the same connection (:meth:`Publisher.serve`).
"""

from __future__ import annotations

import functools
import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pika
import pika.exceptions

from processes.failpoints import hit
from processes.messaging.bus import NotSent
from workers.bus.connection import Connection
from workers.bus.consumer import Consumer
from workers.bus.delivery import log

_SWEEP_SECONDS = 0.5
"""How often overdue messages are looked for."""

_LONGEST_PAUSE = 5.0
"""Seconds between attempts to connect, at most."""


class Unroutable(NotSent):
    """The broker has no queue for the message's topic: nobody has declared it."""


@dataclass
class Publication:
    """A message on its way to the broker."""

    exchange: str
    routing_key: str
    body: bytes
    properties: pika.BasicProperties
    mandatory: bool
    deadline: float
    future: Future[None] = field(default_factory=Future)


class Publisher:
    """Holds a connection open for ever, and publishes over it. At most ``window`` messages wait for their confirm.

    ``prepare`` is called with the parameters before each connection (it declares the topology); it may raise.
    """

    def __init__(
        self, parameters: pika.connection.Parameters, prepare: Callable[[], None], *, window: int, seconds: float
    ) -> None:
        self._parameters = parameters
        self._prepare = prepare
        self._seconds = seconds
        self._slots = threading.BoundedSemaphore(window)
        self._lock = threading.Lock()
        self._waiting: deque[Publication] = deque()
        self._sent: OrderedDict[int, Publication] = OrderedDict()
        self._next_tag = 1
        self._planned = False
        self._channel: Any = None
        self._connection: Any = None
        self._consumer: Consumer | None = None
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    # ---- any thread --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect, in the background."""
        self._thread = threading.Thread(target=self._run, name="bus-publisher", daemon=True)
        self._thread.start()

    def serve(self, consumer: Consumer) -> None:
        """Let it consume on the connection, from now on."""
        with self._lock:
            self._consumer = consumer
            connection = self._connection if self._ready.is_set() else None
        if connection is not None:
            connection.ioloop.add_callback_threadsafe(functools.partial(consumer.open, connection))

    def wait_ready(self, timeout: float) -> bool:
        """Whether there is a connection, after waiting up to ``timeout`` seconds for one."""
        return self._ready.wait(timeout)

    def publish(
        self, exchange: str, routing_key: str, body: bytes, properties: pika.BasicProperties, *, mandatory: bool = True
    ) -> Future[None]:
        """Hand a message to the broker. The future ends within the publisher's ``seconds``: with nothing once the broker
        has taken responsibility, else with :class:`NotSent`."""
        deadline = time.monotonic() + self._seconds
        one = Publication(exchange, routing_key, body, properties, mandatory, deadline)
        if not self._ready.wait(self._seconds):
            one.future.set_exception(NotSent("no connection to the broker"))
        elif not self._slots.acquire(timeout=max(deadline - time.monotonic(), 0.0)):
            one.future.set_exception(NotSent("the broker does not confirm"))
        else:
            one.future.add_done_callback(lambda _: self._slots.release())
            self._enqueue(one)
        return one.future

    def _enqueue(self, one: Publication) -> None:
        with self._lock:
            connection = self._connection if self._ready.is_set() else None
            planned = self._planned
            if connection is not None:
                self._waiting.append(one)
                self._planned = True
        if connection is None:
            one.future.set_exception(NotSent("the connection to the broker was lost"))
        elif not planned:
            connection.ioloop.add_callback_threadsafe(self._flush)

    def close(self, timeout: float) -> None:
        """End the connection; what is not confirmed by then fails."""
        self._closing.set()
        with self._lock:
            connection = self._connection
        if connection is not None:
            connection.ioloop.add_callback_threadsafe(functools.partial(_close, connection))
        if self._thread is not None:
            self._thread.join(timeout)
        self._fail_all(NotSent("the bus was stopped"))

    # ---- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = 0.1
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self._prepare()
                self._serve()
            except Exception as error:
                log.warning("publisher: %s: %s", type(error).__name__, error)
            if self._consumer is not None:
                self._consumer.lost()
            self._fail_all(NotSent("the connection to the broker was lost"))
            pause = 0.1 if time.monotonic() - began > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
            # Full jitter: after a restart of the broker not everybody comes at once.
            self._closing.wait(random.uniform(0, pause))

    def _serve(self) -> None:
        connection = Connection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_closed,
            on_close_callback=self._on_closed,
        )
        with self._lock:
            self._connection = connection
        if self._closing.is_set():
            return
        connection.ioloop.start()

    def _on_open(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel, self._next_tag = channel, 1
        channel.add_on_return_callback(self._on_return)
        channel.add_on_close_callback(lambda *_: _close(self._connection))
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._on_ready())

    def _on_ready(self) -> None:
        with self._lock:
            self._ready.set()
            consumer = self._consumer
        if consumer is not None:
            consumer.open(self._connection)
        self._connection.ioloop.call_later(_SWEEP_SECONDS, self._sweep)

    def _flush(self) -> None:
        with self._lock:
            self._planned = False  # before the first is taken: what comes later asks for another turn
        while self._waiting and self._channel is not None and self._channel.is_open:
            one = self._waiting.popleft()
            try:
                self._channel.basic_publish(one.exchange, one.routing_key, one.body, one.properties, one.mandatory)
            except (
                ValueError,
                pika.exceptions.ProtocolSyntaxError,
                pika.exceptions.ShortStringTooLong,
                pika.exceptions.UnsupportedAMQPFieldException,
            ) as error:
                _fail(one, NotSent(f"the message does not fit into AMQP: {error}"))
                continue
            hit("publisher.published")
            self._sent[self._next_tag] = one
            self._next_tag += 1

    def _on_return(self, _channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        """An unroutable message comes back before its confirm, which then finds its future ended."""
        for one in self._sent.values():
            if one.properties.message_id == properties.message_id and one.routing_key == method.routing_key:
                _fail(one, Unroutable(f"no queue for {method.routing_key!r} at {method.exchange!r}"))

    def _on_confirm(self, frame: Any) -> None:
        hit("publisher.confirmed")
        method = frame.method
        last = method.delivery_tag
        confirmed = []
        if method.multiple:
            while self._sent and next(iter(self._sent)) <= last:
                confirmed.append(self._sent.popitem(last=False)[1])
        elif last in self._sent:
            confirmed.append(self._sent.pop(last))
        for one in confirmed:
            if one.future.done():
                continue
            if isinstance(method, pika.spec.Basic.Ack):
                one.future.set_result(None)
            else:
                _fail(one, NotSent("the broker refused the message"))

    def _sweep(self) -> None:
        """A queue without a majority never answers. Fail what is overdue, on a new connection everything begins anew."""
        if not self._connection.is_open:
            return
        oldest = next(iter(self._sent.values()), None)
        if oldest is not None and oldest.deadline < time.monotonic():
            # A close would wait for an answer that a mute peer never gives; pika's heartbeat checker does the same.
            self._connection._terminate_stream(pika.exceptions.AMQPHeartbeatTimeout("no confirm in time"))
        else:
            self._connection.ioloop.call_later(_SWEEP_SECONDS, self._sweep)

    def _on_closed(self, connection: Any, error: BaseException) -> None:
        if not self._closing.is_set():
            log.warning("publisher lost its connection: %s", type(error).__name__)
        self._ready.clear()
        connection.ioloop.stop()

    def _fail_all(self, error: NotSent) -> None:
        with self._lock:
            self._ready.clear()
            self._connection = None
            lost = [*self._sent.values(), *self._waiting]
            self._planned = False
            self._sent.clear()
            self._waiting.clear()
        for one in lost:
            _fail(one, error)


def _fail(one: Publication, error: NotSent) -> None:
    if not one.future.done():
        one.future.set_exception(error)


def _close(connection: Any) -> None:
    if connection.is_open:
        connection.close()
