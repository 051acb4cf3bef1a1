"""The circuit breaker, by a clock that is moved."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes.clock import ManualClock
from processes.observing.metrics import Metrics
from workers.adapters.breaker import Breaker, Breakers, Open, State


class Trouble(Exception):
    pass


class No(Exception):
    """The system answered, and the answer is no."""


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker("hotline", clock, failures=3, rest=30.0)


def call(breaker: Breaker, error: Exception | None = None) -> None:
    with suppress(Trouble, No), breaker.guard(Trouble):
        if error is not None:
            raise error


def test_it_opens_after_so_many_troubles_in_a_row(breaker: Breaker) -> None:
    for _ in range(2):
        call(breaker, Trouble())
    assert breaker.state is State.CLOSED
    call(breaker, Trouble())
    assert breaker.state is State.OPEN


@pytest.mark.parametrize("answer", [None, No()])
def test_an_answer_between_troubles_begins_the_count_anew(breaker: Breaker, answer: Exception | None) -> None:
    for _ in range(5):
        call(breaker, Trouble())
        call(breaker, Trouble())
        call(breaker, answer)
    assert breaker.state is State.CLOSED


def test_while_it_is_open_nothing_goes_out_and_it_says_since_when_and_how_long_still(
    breaker: Breaker, clock: ManualClock
) -> None:
    began = clock.now()
    for _ in range(3):
        call(breaker, Trouble())
        clock.advance(timedelta(seconds=1))
    with pytest.raises(Open) as refused, breaker.guard(Trouble):
        pytest.fail("it went out")
    assert (refused.value.since, refused.value.left) == (began, 29.0)


def test_after_its_rest_one_call_goes_out_and_the_others_wait_for_what_it_says(
    breaker: Breaker, clock: ManualClock
) -> None:
    for _ in range(3):
        call(breaker, Trouble())
    clock.advance(timedelta(seconds=30))
    with breaker.guard(Trouble), pytest.raises(Open), breaker.guard(Trouble):
        pytest.fail("two went out")
    assert breaker.state is State.CLOSED
    call(breaker)


def test_a_trial_that_fails_opens_it_for_another_rest(breaker: Breaker, clock: ManualClock) -> None:
    began = clock.now()
    for _ in range(3):
        call(breaker, Trouble())
    clock.advance(timedelta(seconds=30))
    call(breaker, Trouble())
    assert breaker.state is State.OPEN
    clock.advance(timedelta(seconds=29))
    with pytest.raises(Open) as refused, breaker.guard(Trouble):
        pytest.fail("it went out")
    assert (refused.value.since, refused.value.left) == (began, 1.0)


def test_what_was_under_way_when_it_opened_does_not_prolong_the_rest(breaker: Breaker, clock: ManualClock) -> None:
    with suppress(Trouble), breaker.guard(Trouble):
        for _ in range(3):
            call(breaker, Trouble())
        clock.advance(timedelta(seconds=20))
        raise Trouble
    clock.advance(timedelta(seconds=10))
    assert breaker.state is State.HALF_OPEN


def test_a_clock_set_back_keeps_nothing_closed_for_ever(breaker: Breaker, clock: ManualClock) -> None:
    for _ in range(3):
        call(breaker, Trouble())
    clock.set(clock.now() - timedelta(days=1))
    call(breaker)
    assert breaker.state is State.CLOSED


def test_its_state_is_a_metric(clock: ManualClock) -> None:
    breaker = Breakers(clock).of("seven-lists", failures=1, rest=30.0)
    assert b'bihuan_breaker_state{system="seven-lists"} 0.0' in Metrics().page()
    call(breaker, Trouble())
    assert b'bihuan_breaker_state{system="seven-lists"} 2.0' in Metrics().page()


def test_each_system_has_its_own(clock: ManualClock) -> None:
    breakers = Breakers(clock)
    call(breakers.of("ratings", 1, 30.0), Trouble())
    assert breakers.of("ratings", 1, 30.0).state is State.OPEN
    assert breakers.of("notices", 1, 30.0).state is State.CLOSED


@given(st.lists(st.sampled_from(["answer", "trouble", "second", "minute"])))
def test_no_more_than_the_limit_and_one_trial_a_rest_go_out_to_what_is_down(steps: list[str]) -> None:
    clock = ManualClock()
    breaker = Breaker("down", clock, failures=3, rest=30.0)
    in_a_row, last = 0, clock.now()
    for step in steps:
        if step in ("second", "minute"):
            clock.advance(timedelta(seconds=1 if step == "second" else 60))
            continue
        went_out = False
        with suppress(Open, Trouble), breaker.guard(Trouble):
            went_out = True
            if step == "trouble":
                raise Trouble
        rested = clock.now() - last >= timedelta(seconds=30)
        assert went_out == (in_a_row < 3 or rested)
        if went_out:
            in_a_row = in_a_row + 1 if step == "trouble" else 0
            last = clock.now()
