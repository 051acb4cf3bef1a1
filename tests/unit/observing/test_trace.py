"""The W3C trace context: what is taken over, what begins anew."""

from __future__ import annotations

import threading

import pytest

from processes.observing import here
from processes.observing.trace import Trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_trace_that_comes_in_goes_on_with_a_span_of_its_own() -> None:
    asked = Trace.parse(f"00-{TRACE}-{SPAN}-01")
    assert asked is not None
    ours = asked.child()
    assert (ours.id, ours.sampled) == (TRACE, True)
    assert ours.span != SPAN
    assert Trace.parse(str(ours)) == ours


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01x",
        f"01-{TRACE}-{SPAN}-01-{'x' * 600}",
        f"00-{TRACE}-{SPAN}-０1",
    ],
)
def test_what_is_not_valid_is_no_trace(text: str | None) -> None:
    assert Trace.parse(text) is None


def test_a_later_version_may_say_more() -> None:
    assert Trace.parse(f"cc-{TRACE}-{SPAN}-03-more") == Trace(TRACE, SPAN, True)


def test_an_unsampled_trace_stays_unsampled() -> None:
    asked = Trace.parse(f"00-{TRACE}-{SPAN}-00")
    assert asked is not None
    assert str(asked.child()).endswith("-00")


def test_traces_that_begin_here_are_valid_and_distinct() -> None:
    begun = [Trace.begin() for _ in range(100)]
    assert len({trace.id for trace in begun}) == 100
    assert all(Trace.parse(str(trace)) == trace for trace in begun)


# ---- where the thread is -----------------------------------------------------------------------------------------------


def test_a_door_knows_what_the_outer_door_knows() -> None:
    with here.door(f"00-{TRACE}-{SPAN}-01", "hotline"):
        here.note(case="c-1")
        with here.door():
            here.note(instance="i-1", case=None)
            assert here.known() == {"instance": "i-1", "case": "c-1", "partner": "hotline", "trace": TRACE}
        assert here.known() == {"case": "c-1", "partner": "hotline", "trace": TRACE}
    assert here.known() == {}


def test_a_message_may_belong_to_another_trace_than_the_request_that_brought_it() -> None:
    other = "a" * 32
    with here.door(f"00-{TRACE}-{SPAN}-01"), here.door(f"00-{other}-{SPAN}-01"):
        assert here.known()["trace"] == other


def test_leaving_messages_carry_the_trace_and_keep_one_they_have() -> None:
    own = f"00-{'b' * 32}-{SPAN}-01"
    assert here.stamped({"place": "330502"}) == {"place": "330502"}
    with here.door(f"00-{TRACE}-{SPAN}-01"):
        stamped = Trace.parse(here.stamped({})["traceparent"])
        assert stamped is not None
        assert stamped.id == TRACE
        assert here.stamped({"traceparent": own}) == {"traceparent": own}


def test_a_door_without_a_trace_begins_one_that_all_its_messages_share() -> None:
    with here.door():
        assert here.stamped({}) == here.stamped({})


def test_work_handed_to_another_thread_takes_its_place_along() -> None:
    found: list[dict[str, str]] = []

    def work(place: here.Here) -> None:
        with here.at(place):
            found.append(here.known())

    with here.door(f"00-{TRACE}-{SPAN}-01", "hotline") as place:
        thread = threading.Thread(target=work, args=[place])
        thread.start()
        thread.join(10)

    assert found == [{"partner": "hotline", "trace": TRACE}]


def test_noting_outside_every_door_does_nothing() -> None:
    here.note(case="c-1")
    assert here.known() == {}
