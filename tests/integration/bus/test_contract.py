"""What every transport promises: one suite, run against the embedded bus on both databases and against RabbitMQ."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest

from processes.messaging.bus import (
    Address,
    Bus,
    BusAway,
    DeadLetter,
    Message,
    NotSent,
    QueueState,
    Reject,
    Replayed,
    Retry,
)
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


@pytest.mark.parametrize("address", [each for each in Address if each is not Address.REPLY])
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


def _rejected(transport: Transport, *ids: str) -> tuple[Bus, Inbox]:
    """A bus with dead letters of these ids, and the handler that has rejected them and takes what comes next."""
    inbox = Inbox(*[Reject(f"no {id}") for id in ids])
    bus = transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(bus)
    for id in ids:
        bus.send(Address.JOBS, JOB, message(id, data={"case": id}, correlationkey=id))
    transport.dead(bus, len(ids))
    return bus, inbox


def test_a_dead_letter_that_is_replayed_comes_as_it_was_sent_and_is_not_dead_any_more(transport: Transport) -> None:
    bus, inbox = _rejected(transport, "m-0", "m-1", "m-2")
    (chosen,) = [letter for letter in bus.dead_letters() if letter.message.id == "m-1"]

    assert bus.replay([chosen.id]) == Replayed(1)

    assert inbox.wait(4)[3] == message("m-1", data={"case": "m-1"}, correlationkey="m-1")
    assert [letter.message.id for letter in transport.dead(bus, 2)] == ["m-0", "m-2"]


def test_all_dead_letters_are_replayed_a_part_at_a_time(transport: Transport) -> None:
    bus, inbox = _rejected(transport, "m-0", "m-1", "m-2")

    first = bus.replay(limit=2)
    inbox.wait(5)
    assert first == Replayed(2, more=True)
    transport.dead(bus, 1)
    assert bus.replay(limit=2).done == 1

    inbox.wait(6)
    assert sorted(inbox.ids[3:]) == ["m-0", "m-1", "m-2"]
    assert bus.dead_letters() == []


def test_what_dies_after_a_moment_is_not_replayed_with_what_was_dead_then(transport: Transport) -> None:
    bus, inbox = _rejected(transport, "m-0")
    before = bus.dead_letters()[0].at - timedelta(seconds=1)

    assert bus.replay(before=before).done == 0

    assert [letter.message.id for letter in transport.dead(bus, 1)] == ["m-0"]
    assert inbox.ids == ["m-0"]


def test_a_replayed_message_climbs_the_whole_ladder_again(transport: Transport) -> None:
    inbox = Inbox(Reject("no"), RuntimeError("one"), RuntimeError("two"), RuntimeError("three"))
    bus = transport.bus()
    bus.subscribe(Address.INBOX, ["*"], inbox)
    transport.started(bus)
    bus.send(Address.INBOX, "rating.given", message())
    bus.replay([letter.id for letter in transport.dead(bus, 1)])

    for attempt, delay in enumerate(transport.ladder.delays, start=2):
        inbox.wait(attempt)
        transport.let_time_pass(delay)

    assert len(inbox.wait(5)) == 5
    assert bus.dead_letters() == []


def test_a_replayed_event_goes_to_the_listener_that_could_not_take_it_alone(transport: Transport) -> None:
    good, bad = Inbox(), Inbox(Reject("no"))
    bus = transport.bus()
    bus.subscribe(Address.EVENTS, ["*"], good)
    bus.subscribe(Address.EVENTS, ["case.closed"], bad)
    transport.started(bus)
    bus.send(Address.EVENTS, "case.closed", message())
    bus.replay([letter.id for letter in transport.dead(bus, 1)])

    bad.wait(2)
    bus.send(Address.EVENTS, "case.closed", message("m-2"))
    bad.wait(3)
    good.wait(2)

    assert (good.ids, bad.ids) == (["m-1", "m-2"], ["m-1", "m-1", "m-2"])


def test_the_same_letter_has_the_same_name_each_time_and_letters_of_other_names_stay(transport: Transport) -> None:
    bus, inbox = _rejected(transport, "m-0", "m-1")
    names = {letter.message.id: letter.id for letter in bus.dead_letters()}

    assert {letter.message.id: letter.id for letter in bus.dead_letters()} == names
    assert len(set(names.values())) == 2
    for nobodys in ("", "row-x", "row-999999999999999999999", "0" * 32):
        assert bus.replay([nobodys]).done == 0
        assert bus.discard([nobodys], keep=_keep_nothing) == 0
    assert len(bus.dead_letters()) == 2
    assert len(inbox.got) == 2


def test_what_is_discarded_is_kept_first_and_then_gone(transport: Transport) -> None:
    bus, inbox = _rejected(transport, "m-0", "m-1")
    chosen = [letter for letter in bus.dead_letters() if letter.message.id == "m-1"]
    kept: list[DeadLetter] = []

    assert bus.discard([chosen[0].id], keep=kept.extend) == 1

    assert kept == chosen
    assert [letter.message.id for letter in transport.dead(bus, 1)] == ["m-0"]
    assert inbox.ids == ["m-0", "m-1"]


def test_what_could_not_be_kept_is_not_discarded(transport: Transport) -> None:
    bus, _ = _rejected(transport, "m-0")
    (letter,) = bus.dead_letters()

    def full(_: Sequence[DeadLetter]) -> None:
        raise OSError("the disk is full")

    with pytest.raises((OSError, BusAway)):
        bus.discard([letter.id], keep=full)

    assert transport.dead(bus, 1) == [letter]


def test_two_who_look_at_once_both_see_everything(transport: Transport) -> None:
    bus, _ = _rejected(transport, *(f"m-{number}" for number in range(20)))
    seen: list[int] = []

    def look() -> None:
        for _ in range(3):
            seen.append(len(transport.dead(bus, 20)))

    people = [threading.Thread(target=look) for _ in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join(3 * PATIENCE)

    assert seen == [20] * 12


def test_the_queues_tell_what_waits_and_who_takes(transport: Transport) -> None:
    bus = transport.bus()
    bus.subscribe(Address.INBOX, ["*"], Inbox())
    transport.started(bus)
    for number in range(3):
        bus.send(Address.JOBS, "notice.send", message(f"m-{number}"))

    def states() -> dict[str, QueueState]:
        return {each.name: each for each in bus.queues()}

    eventually(lambda: states()["jobs.notice.send"].ready == 3)
    notices, ratings, inbox = (states()[name] for name in ("jobs.notice.send", "jobs.rating.request", "inbox"))
    assert (notices.address, notices.topic, notices.consumers) == (Address.JOBS, "notice.send", 0)
    assert (ratings.ready, ratings.consumers) == (0, 0)
    assert (inbox.address, inbox.ready) == (Address.INBOX, 0)
    assert inbox.consumers
    assert states()["dead"].ready == 0


def test_the_queues_tell_of_the_dead(transport: Transport) -> None:
    bus, _ = _rejected(transport, "m-0", "m-1")
    eventually(lambda: {each.name: each.ready for each in bus.queues()}["dead"] == 2)


def _keep_nothing(letters: Sequence[DeadLetter]) -> None:
    raise AssertionError(f"{letters} were to be kept")
