"""The connection that sends what belongs together at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pika
import pytest

from workers.bus.connection import Connection

pytestmark = pytest.mark.broker

MESSAGES = 50


class Counted(Connection):
    """Counts what it hands to the system."""

    sends = 0

    def _send(self) -> None:
        self.sends += 1
        super()._send()


def run(url: str, work: Callable[[Counted, Any, str], None]) -> Counted:
    """Connect, declare a queue, work, and go on until the connection has ended."""

    def opened(channel: Any) -> None:
        channel.queue_declare("", exclusive=True, callback=lambda frame: work(connection, channel, frame.method.queue))

    connection = Counted(
        pika.URLParameters(url),
        on_open_callback=lambda it: it.channel(on_open_callback=opened),
        on_close_callback=lambda it, _: it.ioloop.stop(),
    )
    connection.ioloop.start()
    return connection


def test_what_is_published_in_one_turn_goes_at_once_and_in_order(amqp_url: str) -> None:
    received: list[bytes] = []
    sends: list[int] = []

    def work(connection: Counted, channel: Any, queue: str) -> None:
        def on_message(_channel: Any, _method: Any, _properties: Any, body: bytes) -> None:
            received.append(body)
            if len(received) == MESSAGES:
                sends.append(connection.sends - before)
                connection.close()

        channel.basic_consume(queue, on_message, auto_ack=True)
        before = connection.sends
        for number in range(MESSAGES):
            channel.basic_publish("", queue, b"%d" % number)

    run(amqp_url, work)
    assert received == [b"%d" % number for number in range(MESSAGES)]
    assert sends == [1]


def test_what_was_published_before_the_connection_is_closed_arrives(amqp_url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as other:
        channel = other.channel()
        queue = channel.queue_declare("", exclusive=False, auto_delete=True).method.queue

        def work(connection: Counted, own: Any, _queue: str) -> None:
            for number in range(MESSAGES):
                own.basic_publish("", queue, b"%d" % number)
            connection.close()

        run(amqp_url, work)
        assert channel.queue_declare(queue, passive=True).method.message_count == MESSAGES
        channel.queue_delete(queue)


def test_a_connection_that_is_lost_takes_no_harm_from_what_was_not_sent(amqp_url: str) -> None:
    def work(connection: Counted, channel: Any, queue: str) -> None:
        channel.basic_publish("", queue, b"lost")
        connection._terminate_stream(pika.exceptions.AMQPHeartbeatTimeout("mute"))

    assert run(amqp_url, work).is_closed
