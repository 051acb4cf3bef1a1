"""What every transport promises of messages whose handlers answer later, and of urgent ones."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from processes.messaging.addresses import urgent
from processes.messaging.bus import Address, Message, NotSent
from tests.integration.bus.transports import PATIENCE, Inbox, Transport, eventually, message

JOB = "rating.request"


class Answering:
    """A handler that answers later: when it is told to."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.pending: list[tuple[str, Future[None]]] = []

    def __call__(self, message: Message) -> Future[None]:
        answer: Future[None] = Future()
        with self._changed:
            self.pending.append((message.id, answer))
            self._changed.notify_all()
        return answer

    def nth(self, number: int) -> tuple[str, Future[None]]:
        """The answer to the message that came as the nth."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.pending) >= number, PATIENCE), self.pending
            return self.pending[number - 1]


def test_a_message_whose_answer_was_not_sent_comes_again(transport: Transport) -> None:
    handler, bus = Answering(), transport.bus()
    bus.subscribe(Address.JOBS, [JOB], handler)
    transport.started(bus)
    bus.send(Address.JOBS, JOB, message())

    handler.nth(1)[1].set_exception(NotSent("the broker is away"))
    transport.let_time_pass(1.0)
    again, answer = handler.nth(2)
    answer.set_result(None)

    assert again == "m-1"
    assert bus.dead_letters() == []


def test_a_message_is_not_done_before_its_answer_is(transport: Transport) -> None:
    handler, bus = Answering(), transport.bus()
    bus.subscribe(Address.JOBS, [JOB], handler)
    transport.started(bus)
    bus.send(Address.JOBS, JOB, message())
    handler.nth(1)
    bus.stop(0.5)

    inbox, other = Inbox(), transport.bus()
    other.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(other)

    assert [one.id for one in inbox.wait(1)] == ["m-1"]


def test_stop_waits_for_answers_that_are_on_their_way(transport: Transport) -> None:
    handler, bus = Answering(), transport.bus()
    bus.subscribe(Address.JOBS, [JOB], handler)
    transport.started(bus)
    bus.send(Address.JOBS, JOB, message())
    _, answer = handler.nth(1)

    stopper = threading.Thread(target=bus.stop, args=(PATIENCE,))
    stopper.start()
    answer.set_result(None)
    stopper.join(PATIENCE)
    assert not stopper.is_alive()

    inbox, other = Inbox(), transport.bus()
    other.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(other)
    other.send(Address.JOBS, JOB, message("m-2"))
    inbox.wait(1)
    assert inbox.ids == ["m-2"]


def test_a_bus_that_has_ceased_takes_nothing_new_and_still_sends(transport: Transport) -> None:
    inbox, bus = Inbox(), transport.bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    transport.started(bus)
    bus.cease(PATIENCE)
    bus.send(Address.JOBS, JOB, message())

    other_inbox, other = Inbox(), transport.bus()
    other.subscribe(Address.JOBS, [JOB], other_inbox)
    transport.started(other)
    other_inbox.wait(1)

    assert (inbox.ids, other_inbox.ids) == ([], ["m-1"])


def test_urgent_messages_do_not_wait_behind_the_others(transport: Transport) -> None:
    sender = transport.bus()
    transport.started(sender)
    for number in range(40):
        sender.send(Address.JOBS, JOB, message(f"m-{number}"))
    sender.send(Address.JOBS, urgent(JOB), message("urgent"))
    inbox, bus = Inbox(), transport.bus()
    bus.subscribe(Address.JOBS, [JOB, urgent(JOB)], inbox)
    transport.started(bus)

    inbox.wait(41)

    assert inbox.ids.index("urgent") <= 4


def test_an_urgent_message_reaches_who_takes_all_topics(transport: Transport) -> None:
    inbox, bus = Inbox(), transport.bus()
    bus.subscribe(Address.JOBS, ["*"], inbox)
    transport.started(bus)

    bus.send(Address.JOBS, urgent(JOB), message())

    eventually(lambda: inbox.ids == ["m-1"])
