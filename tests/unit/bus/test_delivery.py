"""What a handler's end means, and how long a message waits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from processes.messaging.bus import Address, Message, Reject, Retry
from workers.bus.delivery import Again, Done, GivenUp, Ladder, run, subscription

MESSAGE = Message("m-1", "rating.request", "/tests", datetime(2026, 1, 5, tzinfo=UTC), None)


def ending(error: BaseException | None) -> object:
    def handler(_: Message) -> None:
        if error is not None:
            raise error

    return run(handler, MESSAGE)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, Done()),
        (Retry("busy", after=30), Again("busy", 30)),
        (Retry("busy"), Again("busy", None)),
        (Reject("never"), GivenUp("never")),
        (ValueError("odd"), Again("ValueError: odd", None)),
        (SystemExit(1), Again("SystemExit: 1", None)),
    ],
)
def test_every_way_a_handler_can_end_means_something(error: BaseException | None, expected: object) -> None:
    assert ending(error) == expected


def test_a_long_reason_is_cut() -> None:
    end = ending(Reject("长" * 10_000))

    assert isinstance(end, GivenUp)
    assert len(end.reason) == 500


def test_the_ladder_ends() -> None:
    ladder = Ladder((1.0, 10.0))

    assert [ladder.wait(failures) for failures in range(4)] == [1.0, 10.0, None, None]


def test_the_default_ladder_outlasts_an_hour_s_outage() -> None:
    assert sum(Ladder().delays) > 3600


def test_a_subscription_is_known_by_its_address_and_topics_whatever_their_order() -> None:
    first = subscription(Address.EVENTS, ["b", "a"], lambda _: None, 1)
    same = subscription(Address.EVENTS, ["a", "b"], lambda _: None, 4)
    other = subscription(Address.EVENTS, ["a"], lambda _: None, 1)

    assert first.key == same.key != other.key


@pytest.mark.parametrize(
    ("topics", "concurrency"), [([], 1), ("rating.request", 1), (["rating.request"], 0), (["rating.*"], 1)]
)
def test_a_subscription_that_makes_no_sense_is_refused(topics: list[str], concurrency: int) -> None:
    with pytest.raises(ValueError, match="subscription"):
        subscription(Address.JOBS, topics, lambda _: None, concurrency)
