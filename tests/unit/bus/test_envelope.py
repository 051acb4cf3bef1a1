"""How long a message that came back from a wait queue still has to wait."""

from __future__ import annotations

from datetime import datetime, timedelta

from processes.clock import ManualClock
from workers.bus import envelope


def waiting(clock: ManualClock, seconds: float) -> dict[str, str]:
    """The headers of a message that is to wait so long from now on."""
    return {
        envelope.NOT_BEFORE: (clock.now() + timedelta(seconds=seconds)).isoformat(),
        envelope.WAITS: str(seconds),
    }


def test_what_is_left_of_a_wait_is_waited_for(clock: ManualClock) -> None:
    headers = waiting(clock, 60)
    clock.advance(timedelta(seconds=20))
    assert envelope.seconds_left(headers, clock.now()) == 40
    clock.advance(timedelta(seconds=40))
    assert envelope.seconds_left(headers, clock.now()) == 0


def test_a_clock_that_was_set_back_makes_nobody_wait_for_it(clock: ManualClock) -> None:
    headers = waiting(clock, 1)
    clock.advance(timedelta(hours=-1))
    assert envelope.seconds_left(headers, clock.now()) == 0


def test_headers_that_say_nothing_of_the_kind_mean_no_wait() -> None:
    assert envelope.seconds_left({}, datetime.now().astimezone()) == 0
    assert envelope.seconds_left({envelope.NOT_BEFORE: "soon"}, datetime.now().astimezone()) == 0
