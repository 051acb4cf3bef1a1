"""What only a broker can do to us: die, fall silent, lose a queue, bring messages of strangers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from processes.messaging.bus import Address, Message, NotSent, Reject
from tests.integration.bus.transports import PATIENCE, TOPICS, Inbox, eventually, message
from tests.servers.rabbit import RabbitNode
from workers.bus import topology
from workers.bus.amqp import AmqpBus, TopologyConflict
from workers.bus.delivery import Ladder

pytestmark = pytest.mark.broker

JOB = "rating.request"
LADDER = Ladder((0.1, 0.2))

MakeBus = Callable[..., AmqpBus]


@pytest.fixture
def make_bus(amqp_url: str) -> Iterator[MakeBus]:
    made: list[AmqpBus] = []

    def make(**options: Any) -> AmqpBus:
        bus = AmqpBus(amqp_url, topics=TOPICS, ladder=LADDER, **options)
        made.append(bus)
        return bus

    yield make
    for bus in made:
        bus.stop(5.0)


def started(bus: AmqpBus) -> AmqpBus:
    bus.start()
    assert bus.wait_connected(PATIENCE)
    return bus


@pytest.fixture
def channel(amqp_url: str) -> Iterator[BlockingChannel]:
    """A stranger's channel."""
    connection = BlockingConnection(pika.URLParameters(amqp_url))
    yield connection.channel()
    if connection.is_open:
        connection.close()


def send_until_taken(bus: AmqpBus, sent: Message) -> None:
    """As a relay does: what was not taken is sent again with the same id."""

    def taken() -> bool:
        try:
            bus.send(Address.JOBS, JOB, sent)
        except NotSent:
            return False
        return True

    eventually(taken)


def test_a_broker_killed_in_mid_stream_loses_nothing(rabbit: RabbitNode, make_bus: MakeBus) -> None:
    inbox = Inbox()
    worker = make_bus()
    worker.subscribe(Address.JOBS, [JOB], inbox, concurrency=4)
    started(worker)
    sender = started(make_bus())
    rabbit.sync()
    ids = [f"m-{number}" for number in range(400)]

    sending = threading.Thread(target=lambda: [send_until_taken(sender, message(id)) for id in ids])
    sending.start()
    inbox.wait(100)
    rabbit.kill()
    rabbit.boot()
    sending.join(PATIENCE)

    assert not sending.is_alive()
    eventually(lambda: set(inbox.ids) == set(ids))


def test_messages_that_wait_in_a_queue_survive_the_broker_s_death(rabbit: RabbitNode, make_bus: MakeBus) -> None:
    sender = started(make_bus())
    rabbit.sync()
    for number in range(20):
        sender.send(Address.JOBS, JOB, message(f"m-{number}"))
    rabbit.kill()
    rabbit.boot()

    inbox = Inbox()
    worker = make_bus()
    worker.subscribe(Address.JOBS, [JOB], inbox)
    started(worker)
    inbox.wait(20)

    assert sorted(inbox.ids) == sorted(f"m-{number}" for number in range(20))


def test_a_broker_that_falls_silent_fails_a_send_in_time_and_is_found_again(
    rabbit: RabbitNode, make_bus: MakeBus
) -> None:
    bus = started(make_bus(publish_seconds=0.5))
    rabbit.pause()
    began = time.monotonic()
    with pytest.raises(NotSent):
        bus.send(Address.JOBS, JOB, message())
    took = time.monotonic() - began
    rabbit.resume()

    send_until_taken(bus, message())

    assert took < 3.0


def test_a_bus_may_start_before_its_broker(rabbit: RabbitNode, make_bus: MakeBus) -> None:
    inbox = Inbox()
    bus = make_bus(publish_seconds=0.5)
    bus.subscribe(Address.JOBS, [JOB], inbox)
    rabbit.stop()
    bus.start()
    with pytest.raises(NotSent):
        bus.send(Address.JOBS, JOB, message("m-0"))
    rabbit.boot()

    send_until_taken(bus, message("m-1"))

    eventually(lambda: "m-1" in inbox.ids)


def test_a_queue_deleted_under_its_consumer_is_declared_and_consumed_again(
    make_bus: MakeBus, channel: BlockingChannel
) -> None:
    inbox = Inbox()
    bus = make_bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    started(bus)

    channel.queue_delete(topology.job_queue(JOB))
    send_until_taken(bus, message())

    inbox.wait(1)


def test_a_structured_event_is_accepted(make_bus: MakeBus, channel: BlockingChannel) -> None:
    inbox = Inbox()
    bus = make_bus()
    bus.subscribe(Address.INBOX, ["*"], inbox)
    started(bus)
    event = {
        "specversion": "1.0", "id": "x-1", "type": "rating.given", "source": "/ratings",
        "time": "2026-01-05T09:00:00+08:00", "correlationkey": "湖州-1", "data": {"score": "满意"},
    }  # fmt: skip

    channel.basic_publish(
        "bihuan.inbox", "rating.given", json.dumps(event).encode(),
        pika.BasicProperties(content_type="application/cloudevents+json; charset=utf-8"),
    )  # fmt: skip

    (got,) = inbox.wait(1)
    assert (got.id, got.type, got.source, got.data) == ("x-1", "rating.given", "/ratings", {"score": "满意"})
    assert got.time.isoformat() == "2026-01-05T01:00:00+00:00"
    assert got.extensions == {"correlationkey": "湖州-1"}


def test_the_simplest_client_sets_no_properties(make_bus: MakeBus, channel: BlockingChannel) -> None:
    inbox = Inbox()
    bus = make_bus()
    bus.subscribe(Address.INBOX, ["*"], inbox)
    started(bus)
    event = {"specversion": "1.0", "id": "x-1", "type": "rating.given", "source": "/ratings", "data": 5}

    channel.basic_publish("bihuan.inbox", "rating.given", json.dumps(event).encode())

    assert inbox.wait(1)[0].data == 5


def test_a_job_may_go_out_structured(make_bus: MakeBus, channel: BlockingChannel) -> None:
    bus = started(make_bus(structured=[JOB]))
    bus.send(Address.JOBS, JOB, message(data={"case": "湖州-1"}, jobid="j-1"))

    _, properties, body = eventually(lambda: _get(channel, topology.job_queue(JOB)))

    event = json.loads(body)
    assert properties.content_type == "application/cloudevents+json"
    assert (event["id"], event["jobid"], event["data"]) == ("m-1", "j-1", {"case": "湖州-1"})


def test_a_job_goes_out_in_binary_mode_persistent_and_with_its_id(make_bus: MakeBus, channel: BlockingChannel) -> None:
    bus = started(make_bus())
    bus.send(Address.JOBS, JOB, message(data={"case": "湖州-1"}, correlationkey="湖州-1"))

    _, properties, body = eventually(lambda: _get(channel, topology.job_queue(JOB)))

    assert (properties.message_id, properties.type, properties.correlation_id) == ("m-1", JOB, "湖州-1")
    assert properties.delivery_mode == 2
    assert properties.headers["ce-source"] == "/tests"
    assert json.loads(body) == {"case": "湖州-1"}


def test_what_is_no_event_lies_with_the_dead_letters(make_bus: MakeBus, channel: BlockingChannel) -> None:
    bus = make_bus()
    bus.subscribe(Address.INBOX, ["*"], Inbox())
    started(bus)

    channel.basic_publish("bihuan.inbox", "rating.given", "不是事件 \udcff".encode("utf-8", "surrogateescape"))
    (letter,) = eventually(bus.dead_letters)

    assert letter.topic == "rating.given"
    assert letter.reason.startswith("not a CloudEvent")
    assert "不是事件" in letter.message.data


def test_the_broker_s_record_of_the_way_is_not_carried_along(make_bus: MakeBus, channel: BlockingChannel) -> None:
    bus = make_bus()
    bus.subscribe(Address.INBOX, ["*"], Inbox(RuntimeError("one"), Reject("two")))
    started(bus)
    bus.send(Address.INBOX, "rating.given", message())

    _, properties, _ = eventually(lambda: _get(channel, topology.DEAD_QUEUE))

    assert "x-death" not in properties.headers
    assert properties.headers["bihuan-attempts"] == 1
    assert properties.headers["bihuan-reason"] == "two"


def test_a_message_that_kills_whoever_takes_it_is_given_up(
    make_bus: MakeBus, channel: BlockingChannel, amqp_url: str
) -> None:
    bus = started(make_bus())
    bus.send(Address.JOBS, JOB, message())

    def taken_and_dropped() -> bool:
        victim = BlockingConnection(pika.URLParameters(amqp_url))
        method, _, _ = victim.channel().basic_get(topology.job_queue(JOB))
        victim.close()
        return method is None

    eventually(taken_and_dropped)
    (letter,) = eventually(bus.dead_letters)

    assert (letter.message.id, letter.address, letter.topic) == ("m-1", Address.JOBS, JOB)
    assert "delivery_limit" in letter.reason


def test_a_queue_of_another_kind_is_a_conflict_that_is_told(make_bus: MakeBus, channel: BlockingChannel) -> None:
    channel.queue_declare(topology.job_queue(JOB), durable=True)

    with pytest.raises(TopologyConflict, match=r"rating\.request"):
        make_bus().start()


def test_processes_share_the_work(make_bus: MakeBus) -> None:
    boxes = [Inbox(), Inbox()]
    for box in boxes:
        worker = make_bus()
        worker.subscribe(Address.JOBS, [JOB], box)
        worker.subscribe(Address.EVENTS, ["*"], box)
        started(worker)
    sender = started(make_bus())

    for number in range(20):
        sender.send(Address.JOBS, JOB, message(f"job-{number}"))
        sender.send(Address.EVENTS, "case.closed", message(f"event-{number}"))
    eventually(lambda: len(boxes[0].ids) + len(boxes[1].ids) == 40)

    assert set(boxes[0].ids).isdisjoint(boxes[1].ids)


def test_two_names_each_hear_an_event(make_bus: MakeBus) -> None:
    boxes = {"engine": Inbox(), "gateway": Inbox()}
    for name, box in boxes.items():
        bus = make_bus(name=name)
        bus.subscribe(Address.EVENTS, ["*"], box)
        started(bus)

    started(make_bus()).send(Address.EVENTS, "case.closed", message())

    assert [box.wait(1)[0].id for box in boxes.values()] == ["m-1", "m-1"]


def test_attributes_too_long_for_amqp_s_short_strings_still_arrive(make_bus: MakeBus) -> None:
    inbox = Inbox()
    bus = make_bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    started(bus)
    sent = message(id="长" * 100, correlationkey="湖" * 200)

    bus.send(Address.JOBS, JOB, sent)

    assert inbox.wait(1) == [sent]


def test_a_message_that_amqp_cannot_carry_fails_alone(make_bus: MakeBus) -> None:
    bus = started(make_bus())

    with pytest.raises((NotSent, ValueError)):
        bus.send(Address.JOBS, JOB, message(broken="\udcff"))

    bus.send(Address.JOBS, JOB, message())


def _get(channel: BlockingChannel, queue: str) -> Any:
    method, properties, body = channel.basic_get(queue, auto_ack=True)
    return None if method is None else (method, properties, body)
