"""The bus over RabbitMQ: quorum queues, publisher confirms, a retry ladder, dead letters, for ever reconnecting."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any

import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingConnection

from processes.clock import Clock, SystemClock
from processes.errors import BihuanError
from processes.failpoints import hit
from processes.messaging import cloudevents, measures
from processes.messaging.addresses import INBOX_QUEUE, URGENT, exchange_of, is_mandatory
from processes.messaging.bus import (
    Address,
    DeadLetter,
    Handler,
    Keep,
    Message,
    NotSent,
    QueueState,
    Replayed,
    Unreadable,
)
from processes.messaging.signing import Signer
from workers.bus import envelope, topology
from workers.bus.consumer import Consumer, Delivery, Source
from workers.bus.dead import DeadLetters
from workers.bus.delivery import Again, Done, Ending, GivenUp, Ladder, Subscription, log, run, subscription
from workers.bus.line import GiveBack, Line, Receive
from workers.bus.pool import Pool
from workers.bus.properties import SHORT_STRING
from workers.bus.publisher import Publisher
from workers.bus.states import states

_HEARTBEAT_SECONDS = 20


class TopologyConflict(BihuanError):
    """The broker has a queue or exchange of ours with other arguments; these can't be changed in place."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"消息队列的设置与现有队列冲突：{detail}。请清空并删除该队列后重试。",
            f"the broker has a queue with other arguments: {detail}; empty and delete it, then try again",
        )


class AmqpBus:
    """The bus port over RabbitMQ.

    ``name``: processes of one name share their subscriptions to events. ``topics``: the catalogue of jobs, whose queues
    every process declares. ``structured``: job topics whose messages go out in structured mode. ``signer`` signs what goes to the
    platform, when the platform has keys. ``window``: how many messages may wait for their confirm. ``publish_seconds``: after this
    a message without confirm counts as not sent.
    """

    def __init__(
        self,
        url: str,
        clock: Clock | None = None,
        *,
        name: str = "bihuan",
        topics: Collection[str] = (),
        structured: Collection[str] = (),
        signer: Signer | None = None,
        ladder: Ladder | None = None,
        window: int = 256,
        publish_seconds: float = 10.0,
    ) -> None:
        self._parameters = _parameters(url, name)
        self._clock = clock or SystemClock()
        self._name = name
        self._topics = frozenset(topics)
        self._structured = frozenset(structured)
        self._signer = signer
        self._ladder = ladder or Ladder()
        self._window = window
        self._publish_seconds = publish_seconds
        self._subscriptions: list[Subscription] = []
        self._pools: dict[int, Pool] = {}
        self._by_queue: dict[str, list[Subscription]] = {}
        self._publisher: Publisher | None = None
        self._consumer: Consumer | None = None
        self._moves = Pool("bus-moves", 1)
        """for what is to come again although its handler has returned"""
        self._pending = 0
        """handlers that have returned whose answers are not confirmed yet"""
        self._answers = threading.Condition()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._stopped = False

    # ---- the port ----------------------------------------------------------------------------------------------------

    def send(self, address: Address, topic: str, message: Message) -> None:
        """See the port: returns when the broker has confirmed."""
        try:
            self.post(address, topic, message).result(2 * self._publish_seconds)
        except TimeoutError as error:
            raise NotSent("the broker did not confirm in time") from error

    def post(self, address: Address, topic: str, message: Message) -> Future[None]:
        """Like :meth:`send`, without waiting: the future ends with None or :class:`NotSent`. For many messages at once."""
        wire = self.wire(address, topic, message)
        if len(topic.encode()) > SHORT_STRING:
            raise ValueError(f"a topic has at most {SHORT_STRING} bytes")
        return self._running_publisher().publish(
            exchange_of(address),
            topic,
            wire.body,
            envelope.properties(message, wire),
            mandatory=is_mandatory(address),
        )

    def wire(self, address: Address, topic: str, message: Message) -> cloudevents.Wire:
        """A message as it leaves: in the mode that its job's workers want, and signed when it comes back to us."""
        if address == Address.JOBS and message.type in self._structured:
            return cloudevents.to_structured(message)
        wire = cloudevents.to_binary(message)
        if self._signer is not None and address == Address.INBOX:
            return self._signer.signed(topic, message, wire)
        return wire

    def line(
        self,
        receive: Receive,
        *,
        tidy: Callable[[], None],
        give_back: GiveBack,
        resolve: Callable[[Message], Message],
    ) -> Line:
        """A line on which an engine takes the messages to the platform in groups, and sends its own (see :class:`Line`)."""
        return Line(
            self._parameters,
            [INBOX_QUEUE],
            prepare=self._declare,
            receive=receive,
            end=self._end,
            tidy=tidy,
            give_back=give_back,
            resolve=resolve,
            wire=self.wire,
            decode=self._taken,
        )

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
        if self._consumer is not None:
            raise RuntimeError("subscribe before start")
        new = subscription(address, topics, handler, concurrency, prefetch)
        if address == Address.EVENTS and any(new.key == one.key for one in self._subscriptions):
            raise ValueError(f"two subscriptions to the same events: {sorted(topics)}")
        self._subscriptions.append(new)

    def start(self) -> None:
        """See the port. An absent broker is waited for in the background; raises :class:`TopologyConflict`."""
        self._stopping.clear()
        self._stopped = False
        try:
            self._declare()
        except (pika.exceptions.AMQPConnectionError, OSError) as error:
            log.warning("the broker does not answer yet: %s", type(error).__name__)
        publisher = self._running_publisher()
        if not self._subscriptions:
            return
        self._pools = {index: _pool(one) for index, one in enumerate(self._subscriptions)}
        self._by_queue = {}
        for one in self._subscriptions:
            # The urgent ones are consumed first: what is done at once need not be done before them.
            for queue in sorted(
                topology.queues_of(self._name, self._topics, one), key=lambda it: not it.endswith(URGENT)
            ):
                self._by_queue.setdefault(queue, []).append(one)
        sources = [Source(queue, sum(one.prefetch for one in ones)) for queue, ones in self._by_queue.items()]
        self._consumer = Consumer(sources, self._accept)
        publisher.serve(self._consumer)

    def cease(self, timeout: float = 30.0) -> None:
        """See the port."""
        if self._consumer is not None:
            self._consumer.cancel(timeout)

    def stop(self, timeout: float = 30.0) -> None:
        """See the port."""
        deadline = time.monotonic() + timeout
        self._stopping.set()
        if self._consumer is not None:
            self._consumer.cancel(timeout)
            for pool in self._pools.values():
                pool.close()
            for pool in self._pools.values():
                pool.wait(deadline - time.monotonic())
            with self._answers:
                self._answers.wait_for(lambda: self._pending == 0, max(deadline - time.monotonic(), 0.0))
            self._moves.wait(deadline - time.monotonic())
            self._consumer = None
        with self._lock:
            publisher, self._publisher = self._publisher, None
            self._stopped = True
        if publisher is not None:
            publisher.close(max(deadline - time.monotonic(), 1.0))

    def wait_connected(self, timeout: float) -> bool:
        """Whether messages can be sent and received now, after waiting up to ``timeout`` seconds for it."""
        deadline = time.monotonic() + timeout
        ready = self._running_publisher().wait_ready(timeout)
        if self._consumer is not None:
            ready = self._consumer.consuming.wait(max(deadline - time.monotonic(), 0.0)) and ready
        return ready

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        """See the port. The letters are taken and put back; meanwhile others who want them wait."""
        return self._dead().look(limit)

    def replay(
        self, ids: Collection[str] | None = None, *, before: datetime | None = None, limit: int = 500
    ) -> Replayed:
        """See the port."""
        return self._dead().replay(ids, before, limit)

    def discard(self, ids: Collection[str], keep: Keep) -> int:
        """See the port."""
        return self._dead().discard(ids, keep)

    def queues(self) -> Sequence[QueueState]:
        """See the port: the queues that this bus knows, those of jobs by its catalogue."""
        return states(self._parameters, [queue.name for queue in self._topology().queues])

    def _dead(self) -> DeadLetters:
        return DeadLetters(
            self._parameters, self._topology().declare, self._publish, self._clock, self._publish_seconds
        )

    def _publish(self, exchange: str, routing_key: str, body: bytes, properties: Any) -> Future[None]:
        return self._running_publisher().publish(exchange, routing_key, body, properties)

    # ---- sending -----------------------------------------------------------------------------------------------------

    def _topology(self) -> topology.Topology:
        return topology.topology(self._name, self._topics, self._subscriptions, self._ladder)

    def _declare(self) -> None:
        connection = BlockingConnection(self._parameters)
        try:
            self._topology().declare(connection.channel())
        except pika.exceptions.ChannelClosedByBroker as error:
            raise TopologyConflict(error.reply_text) from error
        finally:
            if connection.is_open:
                connection.close()

    def _running_publisher(self) -> Publisher:
        with self._lock:
            if self._stopped:
                raise NotSent("the bus was stopped")
            if self._publisher is None:
                self._publisher = Publisher(
                    self._parameters, self._declare, window=self._window, seconds=self._publish_seconds
                )
                self._publisher.start()
            return self._publisher

    # ---- receiving ---------------------------------------------------------------------------------------------------

    def _accept(self, delivery: Delivery) -> None:
        topic = envelope.topic(delivery)
        for index, one in enumerate(self._subscriptions):
            if one in self._by_queue[delivery.queue] and (one.wants(topic) or one.address != Address.INBOX):
                work = functools.partial(self._work, delivery, topic, one.handler)
                self._pools[index].submit(work, urgent=topic.endswith(URGENT))
                return
        self._pools[0].submit(functools.partial(self._give_up, delivery, topic, f"nobody subscribes to {topic!r}"))

    def _work(self, delivery: Delivery, topic: str, handler: Handler) -> None:
        if not delivery.alive():
            return
        message = self._arrived(delivery)
        if message is not None:
            hit("amqp.delivered")
            ending = run(handler, message, later=functools.partial(self._later, delivery, topic))
            hit("amqp.handled")
            if ending is not None:
                self._end(delivery, topic, ending)
            else:
                with self._answers:
                    self._pending += 1

    def _later(self, delivery: Delivery, topic: str, ending: Ending) -> None:
        """In the publisher's thread, which must not wait for itself."""
        if isinstance(ending, Done):
            delivery.settle(True)
        elif delivery.alive():  # else it comes again anyway
            self._moves.submit(functools.partial(self._end, delivery, topic, ending))
        with self._answers:
            self._pending -= 1
            if not self._pending:
                self._answers.notify_all()

    def _arrived(self, delivery: Delivery) -> Message | None:
        """The message, when it is one and its time has come; else it has been put where it belongs."""
        now = self._clock.now()
        if self._has_to_wait(delivery, now):
            return None
        try:
            return envelope.told_apart(envelope.decode(delivery.properties, delivery.body, now), delivery)
        except cloudevents.NotACloudEvent as error:
            self._give_up(delivery, envelope.topic(delivery), f"not a CloudEvent: {error}")
            return None

    def _taken(self, delivery: Delivery) -> Message | Unreadable | None:
        """What has come to the platform; None when its time has not, and it was put back to wait."""
        now = self._clock.now()
        return None if self._has_to_wait(delivery, now) else envelope.read(delivery, now)

    def _has_to_wait(self, delivery: Delivery, now: datetime) -> bool:
        left = envelope.seconds_left(delivery.properties.headers or {}, now)
        if left > 0:
            self._wait(delivery, envelope.topic(delivery), left, 0, "")
        return left > 0

    def _end(self, delivery: Delivery, topic: str, ending: Ending) -> None:
        if isinstance(ending, Done):
            delivery.settle(True)
        elif delivery.whole is not None:
            # Only the broker has all of it: put there again, it is not cut short.
            self._stopping.wait(1.0)
            delivery.settle(False)
        elif isinstance(ending, GivenUp):
            self._give_up(delivery, topic, ending.reason)
        else:
            self._again(delivery, topic, ending)

    def _again(self, delivery: Delivery, topic: str, ending: Again) -> None:
        if ending.after is not None:
            self._wait(delivery, topic, ending.after, 0, ending.reason)
            return
        wait = self._ladder.wait(envelope.attempts(delivery.properties.headers or {}))
        if wait is None:
            self._give_up(delivery, topic, ending.reason)
        else:
            self._wait(delivery, topic, wait, 1, ending.reason)

    def _wait(self, delivery: Delivery, topic: str, seconds: float, failures: int, reason: str) -> None:
        """Put the message into a wait queue: the longest that is not too long; what is left is waited out afterwards."""
        headers = envelope.kept(delivery.properties.headers or {}) | {
            envelope.TOPIC: topic,
            envelope.ATTEMPTS: envelope.attempts(delivery.properties.headers or {}) + failures,
            **({envelope.USER: user} if (user := envelope.text(delivery.properties.user_id)) else {}),
            envelope.NOT_BEFORE: (self._clock.now() + timedelta(seconds=seconds)).isoformat(),
            envelope.WAITS: str(seconds),
        }
        if reason:
            headers[envelope.REASON] = reason
        rungs = sorted(set(self._ladder.delays))
        rung = max((one for one in rungs if one <= seconds), default=rungs[0])
        self._move(delivery, topology.wait_exchange(rung), delivery.queue, headers)

    def _give_up(self, delivery: Delivery, topic: str, reason: str) -> None:
        measures.DEAD.inc()
        headers = envelope.kept(delivery.properties.headers or {}) | {
            envelope.TOPIC: topic,
            envelope.QUEUE: delivery.queue,
            envelope.REASON: reason,
            envelope.GIVEN_UP_AT: self._clock.now().isoformat(),
        }
        self._move(delivery, topology.DEAD_EXCHANGE, delivery.queue, headers)

    def _move(self, delivery: Delivery, exchange: str, routing_key: str, headers: Mapping[str, Any]) -> None:
        """Publish it elsewhere, and only then acknowledge it here."""
        properties = envelope.copy(delivery.properties, headers)
        try:
            self._running_publisher().publish(exchange, routing_key, delivery.body, properties).result(
                2 * self._publish_seconds
            )
        except (NotSent, TimeoutError):
            log.warning("message %s could not be moved to %s; it comes again", properties.message_id, exchange)
            self._stopping.wait(1.0)
            delivery.settle(False)
        else:
            hit("amqp.moved")
            delivery.settle(True)


def _parameters(url: str, name: str) -> pika.URLParameters:
    parameters = pika.URLParameters(url)
    parameters.heartbeat = _HEARTBEAT_SECONDS
    parameters.socket_timeout = 5.0
    parameters.stack_timeout = 10.0
    parameters.blocked_connection_timeout = 30.0
    parameters.client_properties = {"connection_name": name}
    return parameters


def _pool(one: Subscription) -> Pool:
    return Pool(f"bus-{one.address}", one.concurrency)
