"""What every transport promises: one suite, run against the embedded bus on both databases and against RabbitMQ."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest

from processes.messaging.bus import Address, Message, NotSent, Reject, Retry
from tests.integration.bus.transports import PATIENCE, Inbox, Transport, eventually, message

JOB = "rating.request"


def test_a_message_arrives_as_it_was_sent(transport: Transport) -> None:
    inbox = Inbox()
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(bus)
    sent = Message(
        "m-1", JOB, "/places/330502", message().time, {"标题": "窗口排队太久", "n": [1, 2.5, None, True]}, "湖州-2026-000001",
        {"correlationkey": "湖州-2026-000001", "traceparent": "00-1-2-01"},
    )  # fmt: skip

    bus.send(Address.JOBS, JOB, sent)

    assert inbox.wait(1) == [sent]


@pytest.mark.parametrize("address", list(Address))
def test_every_address_delivers(transport: Transport, address: Address) -> None:
    inbox = Inbox()
    bus = transport.bus()
    bus.subscribe(address, ["*"], inbox)
    transport.started(bus)

    bus.send(address, JOB, message())

    assert [one.id for one in inbox.wait(1)] == ["m-1"]


def test_what_was_sent_is_delivered_by_a_bus_that_starts_later(transport: Transport) -> None:
    sender = transport.bus()
    transport.started(sender)
    sender.send(Address.JOBS, JOB, message())
    sender.stop()

    inbox = Inbox()
    receiver = transport.bus()
    receiver.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(receiver)

    assert [one.id for one in inbox.wait(1)] == ["m-1"]


def test_a_message_that_was_handled_does_not_come_again(transport: Transport) -> None:
    first = Inbox()
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], first)
    transport.started(bus)
    bus.send(Address.JOBS, JOB, message("m-1"))
    first.wait(1)
    bus.stop()

    second = Inbox()
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], second)
    transport.started(bus)
    bus.send(Address.JOBS, JOB, message("m-2"))

    assert [one.id for one in second.wait(1)] == ["m-2"]


def test_a_handler_that_fails_gets_the_message_again_after_growing_delays(transport: Transport) -> None:
    inbox = Inbox(RuntimeError("one"), RuntimeError("two"), RuntimeError("three"), clock=transport.clock())
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(bus)
    bus.send(Address.JOBS, JOB, message())

    for attempt, delay in enumerate(transport.ladder.delays, start=1):
        inbox.wait(attempt)
        transport.let_time_pass(delay)
    inbox.wait(4)

    waited = [(later - earlier).total_seconds() for earlier, later in pairwise(inbox.times)]
    assert all(real >= delay for real, delay in zip(waited, transport.ladder.delays, strict=True))
    assert inbox.ids == ["m-1"] * 4
    assert bus.dead_letters() == []


def test_above_the_last_rung_a_message_is_given_up(transport: Transport) -> None:
    inbox = Inbox(*[RuntimeError(f"failure {n}") for n in range(1, 5)])
    bus = transport.bus()
    bus.subscribe(Address.INBOX, ["*"], inbox)
    transport.started(bus)
    sent = message(data={"score": 5})
    bus.send(Address.INBOX, "rating.given", sent)

    for attempt, delay in enumerate(transport.ladder.delays, start=1):
        inbox.wait(attempt)
        transport.let_time_pass(delay)
    (letter,) = transport.dead(bus, 1)

    assert (letter.message, letter.address, letter.topic) == (sent, Address.INBOX, "rating.given")
    assert "failure 4" in letter.reason
    assert len(inbox.got) == 4


def test_retry_without_a_time_climbs_the_ladder(transport: Transport) -> None:
    inbox = Inbox(Retry("the database is away"), clock=transport.clock())
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(bus)
    bus.send(Address.JOBS, JOB, message())

    inbox.wait(1)
    transport.let_time_pass(transport.ladder.delays[0])

    assert len(inbox.wait(2)) == 2


def test_retry_after_a_time_waits_that_long_and_uses_up_no_rung(transport: Transport) -> None:
    after = 0.3 if transport.ladder.delays[0] < 1 else 300.0
    busy = [Retry("busy", after=after) for _ in range(len(transport.ladder.delays) + 2)]
    inbox = Inbox(*busy, clock=transport.clock())
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(bus)
    bus.send(Address.JOBS, JOB, message())

    for attempt in range(1, len(busy) + 1):
        inbox.wait(attempt)
        transport.let_time_pass(after)
    inbox.wait(len(busy) + 1)

    # The broker counts whole milliseconds, and its rungs may end a little short of the time asked for.
    assert all((later - earlier).total_seconds() >= after * 0.6 for earlier, later in pairwise(inbox.times))
    assert bus.dead_letters() == []


def test_a_rejected_message_lies_with_the_dead_letters_and_does_not_come_again(transport: Transport) -> None:
    inbox = Inbox(Reject("没有这个案件"))
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(bus)
    sent = message(data={"case": "湖州-2026-000001"})
    bus.send(Address.JOBS, JOB, sent)

    (letter,) = transport.dead(bus, 1)
    bus.send(Address.JOBS, JOB, message("m-2"))
    inbox.wait(2)

    assert (letter.message, letter.address, letter.topic, letter.reason) == (sent, Address.JOBS, JOB, "没有这个案件")
    assert inbox.ids == ["m-1", "m-2"]


def test_dead_letters_can_be_read_again_and_again(transport: Transport) -> None:
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], Inbox(*[Reject(f"no {n}") for n in range(3)]))
    transport.started(bus)
    for number in range(3):
        bus.send(Address.JOBS, JOB, message(f"m-{number}"))
    transport.dead(bus, 3)

    for _ in range(5):
        assert sorted(letter.message.id for letter in bus.dead_letters()) == ["m-0", "m-1", "m-2"]
    assert len(bus.dead_letters(limit=2)) == 2


def test_no_more_handlers_run_at_once_than_asked_for(transport: Transport) -> None:
    running, most, done = 0, 0, Inbox()
    lock, full, go_on = threading.Lock(), threading.Event(), threading.Event()

    def handler(one: Message) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            if running == 3:
                full.set()
        go_on.wait(PATIENCE)
        with lock:
            running -= 1
        done(one)

    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], handler, concurrency=3)
    transport.started(bus)
    for number in range(12):
        bus.send(Address.JOBS, JOB, message(f"m-{number}"))
    assert full.wait(PATIENCE), "three handlers never ran at once"
    go_on.set()

    assert len({one.id for one in done.wait(12)}) == 12
    assert most == 3


def test_stop_lets_a_running_handler_finish(transport: Transport) -> None:
    began, go_on, done = threading.Event(), threading.Event(), Inbox()

    def handler(one: Message) -> None:
        began.set()
        go_on.wait(PATIENCE)
        done(one)

    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], handler)
    transport.started(bus)
    for number in range(3):
        bus.send(Address.JOBS, JOB, message(f"m-{number}"))
    assert began.wait(PATIENCE)
    stopping = threading.Thread(target=bus.stop)
    stopping.start()
    go_on.set()
    stopping.join(PATIENCE)
    assert not stopping.is_alive()
    finished = done.ids

    rest = Inbox()
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], rest)
    transport.started(bus)
    rest.wait(3 - len(finished))

    assert finished
    assert sorted(finished + rest.ids) == ["m-0", "m-1", "m-2"]


def test_what_a_stopped_bus_could_not_finish_comes_again(transport: Transport) -> None:
    began, never = threading.Event(), threading.Event()

    def handler(_: Message) -> None:
        began.set()
        never.wait(PATIENCE)

    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], handler)
    transport.started(bus)
    bus.send(Address.JOBS, JOB, message())
    assert began.wait(PATIENCE)
    before = time.monotonic()
    bus.stop(timeout=0.2)
    took = time.monotonic() - before

    inbox = Inbox()
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(bus)
    inbox.wait(1)
    never.set()

    assert inbox.ids == ["m-1"]
    assert took < PATIENCE / 2


def test_topics_reach_their_subscribers_only(transport: Transport) -> None:
    ratings, notices = Inbox(), Inbox()
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], ratings)
    bus.subscribe(Address.JOBS, ["notice.send"], notices)
    transport.started(bus)

    for number in range(4):
        bus.send(Address.JOBS, JOB if number % 2 else "notice.send", message(f"m-{number}"))
    ratings.wait(2)
    notices.wait(2)

    assert sorted(ratings.ids) == ["m-1", "m-3"]
    assert sorted(notices.ids) == ["m-0", "m-2"]


def test_an_event_reaches_everybody_who_listens_and_nobody_else(transport: Transport) -> None:
    all_events, closings, others = Inbox(), Inbox(), Inbox()
    bus = transport.bus()
    bus.subscribe(Address.EVENTS, ["*"], all_events)
    bus.subscribe(Address.EVENTS, ["case.closed", "case.returned"], closings)
    bus.subscribe(Address.EVENTS, ["case.opened"], others)
    transport.started(bus)

    bus.send(Address.EVENTS, "case.closed", message("m-1"))
    bus.send(Address.EVENTS, "case.opened", message("m-2"))
    all_events.wait(2)
    closings.wait(1)
    others.wait(1)

    assert sorted(all_events.ids) == ["m-1", "m-2"]
    assert closings.ids == ["m-1"]
    assert others.ids == ["m-2"]


def test_one_listener_s_failure_is_not_the_other_s(transport: Transport) -> None:
    good, bad = Inbox(), Inbox(RuntimeError("no"), clock=transport.clock())
    bus = transport.bus()
    bus.subscribe(Address.EVENTS, ["*"], good)
    bus.subscribe(Address.EVENTS, ["case.closed"], bad)
    transport.started(bus)

    bus.send(Address.EVENTS, "case.closed", message())
    good.wait(1)
    bad.wait(1)
    transport.let_time_pass(transport.ladder.delays[0])
    bad.wait(2)

    assert good.ids == ["m-1"]


def test_an_event_that_nobody_listens_to_is_no_error(transport: Transport) -> None:
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], Inbox())
    transport.started(bus)

    bus.send(Address.EVENTS, "case.closed", message())

    assert bus.dead_letters() == []


def test_a_job_that_nobody_knows_is_an_error(transport: Transport) -> None:
    bus = transport.bus()
    transport.started(bus)

    with pytest.raises(NotSent):
        bus.send(Address.JOBS, "no.such.topic", message())


def test_a_job_of_the_catalogue_waits_for_its_worker(transport: Transport) -> None:
    bus = transport.bus()
    transport.started(bus)
    bus.send(Address.JOBS, "notice.send", message())

    inbox = Inbox()
    worker = transport.bus()
    worker.subscribe(Address.JOBS, ["*"], inbox)
    transport.started(worker)

    assert [one.id for one in inbox.wait(1)] == ["m-1"]


def test_the_same_message_may_be_sent_again(transport: Transport) -> None:
    inbox = Inbox()
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(bus)

    for _ in range(3):
        bus.send(Address.JOBS, JOB, message("m-1"))
    bus.send(Address.JOBS, JOB, message("m-2"))
    eventually(lambda: {"m-1", "m-2"} <= set(inbox.ids))

    assert bus.dead_letters() == []


def test_a_megabyte_of_chinese_arrives_whole(transport: Transport) -> None:
    inbox = Inbox()
    bus = transport.bus()
    bus.subscribe(Address.INBOX, ["*"], inbox)
    transport.started(bus)
    text = "企业反映的问题" * 50_000

    bus.send(Address.INBOX, "supplement.answered", message(data={"text": text}))

    assert inbox.wait(1)[0].data == {"text": text}


def test_a_hundred_messages_arrive_each(transport: Transport) -> None:
    inbox = Inbox()
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox, concurrency=4)
    transport.started(bus)

    for number in range(100):
        bus.send(Address.JOBS, JOB, message(f"m-{number}"))
    inbox.wait(100)

    assert sorted(set(inbox.ids)) == sorted(f"m-{number}" for number in range(100))


def test_subscribing_after_the_start_is_refused(transport: Transport) -> None:
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], Inbox())
    transport.started(bus)

    with pytest.raises(RuntimeError):
        bus.subscribe(Address.JOBS, ["notice.send"], Inbox())
