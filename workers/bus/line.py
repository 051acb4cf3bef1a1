"""The engine's own line to the broker: takes messages in groups, has each group carried out in one transaction, sends what came of it.

One connection and one channel on a thread of their own; two more carry the groups out, so that a database that takes its time holds up no
message: while one group is stored, the next is worked out (``processes.runtime.turns``). What arrives meanwhile is the group after that: the
more there is to do, the more share a commit. A group is acknowledged once it is committed; the messages that it made are sent at once, and
their parcel (``processes.store.parcels``) is struck off with a later transaction, when the broker has confirmed them. Should this process die in
between, the parcel's lease runs out and a relay sends them, with the same ids.
"""

from __future__ import annotations

import functools
import queue
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pika
import pika.exceptions

from processes.failpoints import hit
from processes.messaging import cloudevents
from processes.messaging.addresses import exchange_of, is_mandatory
from processes.messaging.bus import Address, Message, Unreadable
from processes.runtime.turns import Turn
from processes.store.outbox import Outgoing
from processes.store.parcels import Packed
from workers.bus import envelope
from workers.bus.connection import Connection
from workers.bus.consumer import Delivery
from workers.bus.delivery import Done, Ending, log

GROUP = 200
"""Messages that share a transaction at most: beyond that a commit costs each of them next to nothing."""

PREFETCH = 512
"""Messages in this process's hands: the next groups arrive while one is carried out."""

LINGER_SECONDS = 0.001
"""How long the first message waits for others when there was nothing to do."""

PACE_SECONDS = 0.025
"""From one group to the next at least, unless it is full: a group costs as much as ten messages, and what the processor saves by fewer
of them the messages get back by waiting for it less."""

UNCONFIRMED = 2_000
"""Messages sent and not confirmed; beyond that the broker is in trouble, and the relay takes over."""

TIDY_SECONDS = 0.25
"""How long parcels that were delivered stay stored when no other transaction takes them along."""

_LONGEST_PAUSE = 5.0

Came = Message | Unreadable

Receive = Callable[[Sequence[Came], Turn], Sequence[Ending]]
"""Carries out a group of messages, in their order and when it is their turn; returns what became of each."""

Taken = tuple[int, Any, Delivery]
"""a delivery with its tag and the channel it came by"""

GiveBack = Callable[[Mapping[str, Sequence[Outgoing]]], None]
"""Puts messages into the outbox that were not delivered, by the ids of their parcels."""

End = Callable[[Delivery, str, Ending], None]
"""Puts off or gives up a message that could not be handled now."""


class _UnderWay:
    """A parcel whose messages are on their way: so many are ``waiting`` for their confirms, those that ``failed`` will not get any."""

    __slots__ = ("failed", "id", "waiting")

    def __init__(self, parcel: Packed) -> None:
        self.id = parcel.id
        self.waiting = len(parcel.messages)
        self.failed: list[Outgoing] = []


class Line:
    """See above. Also the engine's courier (``processes.runtime.courier``): :meth:`send`, :meth:`take_delivered`, :meth:`put_back`.

    ``prepare`` declares the topology before each connection; ``tidy`` strikes delivered parcels off; ``give_back`` puts
    messages into the outbox that were not delivered; ``resolve`` completes a job's message as it leaves.
    """

    def __init__(
        self,
        parameters: pika.connection.Parameters,
        queues: Sequence[str],
        *,
        prepare: Callable[[], None],
        receive: Receive,
        end: End,
        tidy: Callable[[], None],
        give_back: GiveBack,
        resolve: Callable[[Message], Message],
        wire: Callable[[Address, str, Message], cloudevents.Wire],
        decode: Callable[[Delivery], Came | None],
    ) -> None:
        self._parameters = parameters
        self._sources = queues
        self._prepare = prepare
        self._receive = receive
        self._end = end
        self._tidy = tidy
        self._give_back = give_back
        self._resolve = resolve
        self._wire = wire
        self._decode = decode
        self._group: list[Taken] = []
        self._groups: queue.SimpleQueue[tuple[list[Taken], Turn] | None] = queue.SimpleQueue()
        self._turn: Turn | None = None
        """of the newest group"""
        self._busy = False
        """the newest group is not worked out yet"""
        self._planned = False
        self._begun = 0.0
        """the newest group, at that time of the monotonic clock"""
        self._sent: OrderedDict[int, tuple[_UnderWay, Outgoing]] = OrderedDict()
        """by the tags of their confirms"""
        self._next_tag = 1
        self._delivered: list[str] = []
        self._lock = threading.Lock()
        self._connection: Any = None
        self._channel: Any = None
        self._closing = threading.Event()
        self.ready = threading.Event()
        """set while messages can come and go"""
        self._thread = threading.Thread(target=self._run, name="line", daemon=True)
        self._workers = [threading.Thread(target=self._work, name="line-groups", daemon=True) for _ in range(2)]

    # -- any thread ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect and to take messages, in the background."""
        self._thread.start()
        for worker in self._workers:
            worker.start()

    def stop(self, timeout: float) -> None:
        """Take nothing new, finish the groups in hand, and end."""
        self._closing.set()
        deadline = time.monotonic() + timeout
        for _ in self._workers:
            self._groups.put(None)
        for worker in self._workers:
            worker.join(max(deadline - time.monotonic(), 0.0))
        self._on_thread(self._leave)
        self._thread.join(timeout)

    def send(self, parcels: Sequence[Packed]) -> None:
        """Deliver what is in parcels. What does not get out goes to the outbox."""
        if not (self.ready.is_set() and self._on_thread(functools.partial(self._publish_all, parcels))):
            self._give_back({parcel.id: parcel.messages for parcel in parcels})

    def _on_thread(self, callback: Callable[[], None]) -> bool:
        """Have the connection's thread call something; False when there is no connection."""
        connection = self._connection
        if connection is None:
            return False
        connection.ioloop.add_callback_threadsafe(callback)
        return True

    def take_delivered(self) -> list[str]:
        """Parcels of which the broker has confirmed everything; whoever takes their ids strikes them off."""
        with self._lock:
            parcels, self._delivered = self._delivered, []
        return parcels

    def put_back(self, parcels: Sequence[str]) -> None:
        """They could not be struck off now."""
        with self._lock:
            self._delivered.extend(parcels)

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = 0.1
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self._prepare()
                self._serve()
            except Exception as error:
                log.warning("line: %s: %s", type(error).__name__, error)
            self._lost()
            pause = 0.1 if time.monotonic() - began > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
            self._closing.wait(random.uniform(0, pause))

    def _serve(self) -> None:
        connection = Connection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_closed,
            on_close_callback=self._on_closed,
        )
        self._connection = connection
        if not self._closing.is_set():
            connection.ioloop.start()

    def _on_open(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel, self._next_tag = channel, 1
        channel.add_on_close_callback(lambda *_: _close(self._connection))
        channel.add_on_cancel_callback(lambda *_: _close(self._connection))  # a queue was deleted: declare it anew
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._on_ready())

    def _on_ready(self) -> None:
        self._channel.basic_qos(prefetch_count=PREFETCH)
        for source in self._sources:
            self._channel.basic_consume(source, functools.partial(self._on_message, source))
        self.ready.set()
        self._connection.ioloop.call_later(TIDY_SECONDS, self._tidy_up)

    def _on_closed(self, connection: Any, error: BaseException) -> None:
        if not self._closing.is_set():
            log.warning("the line lost its connection: %s", type(error).__name__)
        connection.ioloop.stop()

    def _lost(self) -> None:
        self.ready.clear()
        self._connection, self._channel = None, None
        self._group, self._planned = [], False  # not acknowledged: they come again
        self._busy = False
        for parcel, outgoing in self._sent.values():
            parcel.failed.append(outgoing)
        lost = {parcel.id: parcel.failed for parcel, _ in self._sent.values()}
        self._sent.clear()
        if lost:
            self._give_back(lost)

    def _leave(self) -> None:
        """What has been carried out is acknowledged and sent by now; what has not goes back to its queue."""
        self._tidy_quietly()
        _close(self._connection)

    # -- receiving -------------------------------------------------------------------------------------------------------

    def _on_message(self, source: str, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        if self._closing.is_set():
            return  # not acknowledged: it goes back when the connection ends
        tag = method.delivery_tag
        settle = functools.partial(self._settle, channel, tag)
        beginning, whole = envelope.shortened(body)
        delivery = Delivery(
            source, method.routing_key, properties, beginning, settle, lambda: bool(channel.is_open), whole
        )
        self._group.append((tag, channel, delivery))
        if len(self._group) == GROUP:
            self._hand_over()
        elif not (self._planned or self._busy):
            self._plan(LINGER_SECONDS)

    def _plan(self, seconds: float) -> None:
        self._planned = True
        self._connection.ioloop.call_later(seconds, self._hand_over)

    def _hand_over(self) -> None:
        """Give the messages at hand to another thread, unless the group before is still worked out, or has only begun: then they wait, and
        more may join them."""
        self._planned = False
        if not self._group or self._busy:
            return
        early = self._begun + PACE_SECONDS - time.monotonic()
        if early > 0 and len(self._group) < GROUP:
            self._plan(early)
        else:
            self._begun, self._busy = time.monotonic(), True
            group, self._group = self._group[:GROUP], self._group[GROUP:]
            turn = Turn(self._turn, lambda: self._let_next_begin(turn))
            self._turn = turn
            self._groups.put((group, turn))

    def _next(self, turn: Turn) -> None:
        if turn is self._turn:
            self._busy = False
            self._hand_over()

    def _settle(self, channel: Any, tag: int, done: bool) -> None:
        """Acknowledge a message, or put it back. From any thread."""
        self._on_thread(functools.partial(_settle, channel, tag, done))

    def _let_next_begin(self, turn: Turn) -> None:
        self._on_thread(functools.partial(self._next, turn))

    # -- the other threads -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (taken := self._groups.get()) is not None:
            group, turn = taken
            try:
                self._carry_out(group, turn)
            except Exception:
                log.exception("a group of messages was not carried out; it comes again")
                for _, _, delivery in group:
                    delivery.settle(False)
            finally:
                turn.end()

    def _carry_out(self, group: list[Taken], turn: Turn) -> None:
        hit("line.taken")
        waiting = [(delivery, message) for _, _, delivery in group if (message := self._decode(delivery)) is not None]
        endings = self._receive([message for _, message in waiting], turn)
        hit("line.carried-out")
        if len(waiting) == len(group) and all(isinstance(ending, Done) for ending in endings):
            tag, channel, _ = group[-1]
            self._on_thread(functools.partial(_settle, channel, tag, True, multiple=True))
            return
        for (delivery, _), ending in zip(waiting, endings, strict=True):
            self._end(delivery, envelope.topic(delivery), ending)

    # -- sending ---------------------------------------------------------------------------------------------------------

    def _publish_all(self, parcels: Sequence[Packed]) -> None:
        for parcel in parcels:
            under_way = _UnderWay(parcel)
            for outgoing in parcel.messages:
                if not self._publish(under_way, outgoing):
                    under_way.failed.append(outgoing)
            self._over(under_way, len(under_way.failed))

    def _publish(self, under_way: _UnderWay, outgoing: Outgoing) -> bool:
        if self._channel is None or not self._channel.is_open or len(self._sent) >= UNCONFIRMED:
            return False
        address, message = Address(outgoing.address), outgoing.message
        try:
            if address == Address.JOBS:
                message = self._resolve(message)
            wire = self._wire(address, outgoing.topic, message)
            properties = envelope.properties(message, wire)
            exchange, mandatory = exchange_of(address), is_mandatory(address)
            self._channel.basic_publish(exchange, outgoing.topic, wire.body, properties, mandatory)
        except Exception as error:
            # The relay will meet the same error, and knows what to do with it.
            log.warning("message %s was not sent: %s", message.id, error)
            return False
        self._sent[self._next_tag] = under_way, outgoing
        self._next_tag += 1
        hit("line.sent")
        return True

    def _over(self, under_way: _UnderWay, messages: int = 1) -> None:
        """So many messages of a parcel have been delivered or have failed."""
        under_way.waiting -= messages
        if under_way.waiting:
            return
        if under_way.failed:
            self._give_back({under_way.id: under_way.failed})
        else:
            with self._lock:
                self._delivered.append(under_way.id)

    def _on_return(self, _channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        """Nobody has declared a queue for it: it comes back before its confirm. The relay puts it on its ladder."""
        returned = (method.exchange, method.routing_key, properties.message_id)
        for tag, (under_way, outgoing) in list(self._sent.items()):
            if returned == (
                exchange_of(Address(outgoing.address)),
                outgoing.topic,
                envelope.fitting(outgoing.message.id),
            ):
                del self._sent[tag]
                under_way.failed.append(outgoing)
                self._over(under_way)

    def _on_confirm(self, frame: Any) -> None:
        hit("line.confirmed")
        method = frame.method
        last = method.delivery_tag
        confirmed = []
        if method.multiple:
            while self._sent and next(iter(self._sent)) <= last:
                confirmed.append(self._sent.popitem(last=False)[1])
        elif last in self._sent:
            confirmed.append(self._sent.pop(last))
        for under_way, outgoing in confirmed:
            if not isinstance(method, pika.spec.Basic.Ack):
                under_way.failed.append(outgoing)
            self._over(under_way)

    def _tidy_up(self) -> None:
        if self._connection is None or not self._connection.is_open:
            return
        if self._delivered and not self._group:
            self._tidy_quietly()
        self._connection.ioloop.call_later(TIDY_SECONDS, self._tidy_up)

    def _tidy_quietly(self) -> None:
        try:
            self._tidy()
        except Exception as error:
            log.warning("delivered messages are struck off later: %s", error)


def _settle(channel: Any, tag: int, done: bool, multiple: bool = False) -> None:
    if not channel.is_open:
        return  # it comes again on the next connection
    if done:
        channel.basic_ack(tag, multiple=multiple)
        hit("line.acknowledged")
    else:
        channel.basic_nack(tag, requeue=True)


def _close(connection: Any) -> None:
    if connection is not None and connection.is_open:
        connection.close()
