"""A program's connection to the broker: event driven, one channel with confirms, as the yardsticks do it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import pika

PREFETCH = 400
"""As in the yardstick: messages of a consumer that are not acknowledged yet, at most."""

PERSISTENT = 2

Then = Callable[[], None]
OnMessage = Callable[[int, Any, bytes], None]
"""(delivery tag, properties, body)"""


class Link:
    """Connects when it runs, calls ``ready``, and then whoever waits for messages, confirms or time, all in the one thread."""

    def __init__(self, url: str, ready: Then) -> None:
        self._ready = ready
        self._unconfirmed: OrderedDict[int, Then | None] = OrderedDict()
        self._sent = 0
        self._channel: Any = None
        self._connection = pika.SelectConnection(
            pika.URLParameters(url),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_open_error_callback=lambda _, error: self._lost(error),
            on_close_callback=lambda _, error: self._closed(error),
        )
        self._stopping = False

    def run(self) -> None:
        """Until :meth:`stop`. Raises ConnectionError when the broker ends the connection."""
        self._connection.ioloop.start()

    def stop(self) -> None:
        """Let :meth:`run` return."""
        self._stopping = True
        self._connection.ioloop.stop()

    def later(self, seconds: float, then: Then) -> None:
        """Call back after a while."""
        self._connection.ioloop.call_later(seconds, then)

    def consume(self, queue: str, on_message: OnMessage, *, acknowledged: bool = True) -> None:
        """Hear a queue; with ``acknowledged`` each message is to be :meth:`settle`-d."""
        self._channel.basic_consume(
            queue,
            lambda _, method, properties, body: on_message(method.delivery_tag, properties, body),
            not acknowledged,
        )

    def overhear(self, exchange: str, key: str, on_message: OnMessage) -> None:
        """Hear copies of what passes an exchange, without anybody's noticing."""

        def declared(frame: Any) -> None:
            queue = frame.method.queue
            self._channel.queue_bind(
                queue, exchange, key, callback=lambda _: self.consume(queue, on_message, acknowledged=False)
            )

        self._channel.queue_declare("", exclusive=True, callback=declared)

    def settle(self, tag: int) -> None:
        """Acknowledge a message."""
        self._channel.basic_ack(tag)

    def publish(
        self,
        exchange: str,
        key: str,
        body: bytes,
        headers: Mapping[str, Any],
        message_id: str,
        then: Then | None = None,
    ) -> None:
        """A persistent message that must reach a queue; ``then`` is called when the broker has taken responsibility."""
        self._sent += 1
        self._unconfirmed[self._sent] = then
        properties = pika.BasicProperties(
            content_type="application/json", headers=headers, delivery_mode=PERSISTENT, message_id=message_id
        )
        self._channel.basic_publish(exchange, key, body, properties, mandatory=True)

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_return_callback(lambda *_: self._lost("a message that no queue takes"))
        channel.confirm_delivery(self._confirmed, callback=lambda _: None)
        channel.basic_qos(prefetch_count=PREFETCH)
        self._ready()

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        if not isinstance(method, pika.spec.Basic.Ack):
            self._lost("a message was not taken")
        tags = [method.delivery_tag]
        if method.multiple:
            tags = []
            for tag in self._unconfirmed:
                if tag > method.delivery_tag:
                    break
                tags.append(tag)
        for tag in tags:
            then = self._unconfirmed.pop(tag)
            if then is not None:
                then()

    def _closed(self, error: Any) -> None:
        if not self._stopping:
            self._lost(error)

    def _lost(self, why: object) -> None:
        raise ConnectionError(f"the broker: {why!r}")
