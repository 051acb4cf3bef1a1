"""What is particular to a broker: messages of strangers, queues of others, processes that share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from processes.messaging.addresses import job_queue
from processes.messaging.bus import Address, NotSent, Reject
from tests.integration.bus.transports import Inbox, MakeBus, eventually, message, send_until_taken, started
from workers.bus import topology
from workers.bus.amqp import TopologyConflict

pytestmark = pytest.mark.broker

JOB = "rating.request"


@pytest.fixture
def channel(amqp_url: str) -> Iterator[BlockingChannel]:
    """A stranger's channel."""
    connection = BlockingConnection(pika.URLParameters(amqp_url))
    yield connection.channel()
    if connection.is_open:
        connection.close()


def test_a_queue_deleted_under_its_consumer_is_declared_and_consumed_again(
    make_bus: MakeBus, channel: BlockingChannel
) -> None:
    inbox = Inbox()
    bus = make_bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    started(bus)

    channel.queue_delete(job_queue(JOB))
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

    _, properties, body = eventually(lambda: _get(channel, job_queue(JOB)))

    event = json.loads(body)
    assert properties.content_type == "application/cloudevents+json"
    assert (event["id"], event["jobid"], event["data"]) == ("m-1", "j-1", {"case": "湖州-1"})


def test_a_job_goes_out_in_binary_mode_persistent_and_with_its_id(make_bus: MakeBus, channel: BlockingChannel) -> None:
    bus = started(make_bus())
    bus.send(Address.JOBS, JOB, message(data={"case": "湖州-1"}, correlationkey="湖州-1"))

    _, properties, body = eventually(lambda: _get(channel, job_queue(JOB)))

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
        method, _, _ = victim.channel().basic_get(job_queue(JOB))
        victim.close()
        return method is None

    eventually(taken_and_dropped)
    (letter,) = eventually(bus.dead_letters)

    assert (letter.message.id, letter.address, letter.topic) == ("m-1", Address.JOBS, JOB)
    assert "delivery_limit" in letter.reason


def test_a_queue_of_another_kind_is_a_conflict_that_is_told(make_bus: MakeBus, channel: BlockingChannel) -> None:
    channel.queue_declare(job_queue(JOB), durable=True)

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
