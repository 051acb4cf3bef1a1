"""The outbox: what is leased, by whom, until when, and what becomes of it."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from processes.clock import ManualClock
from processes.messaging.bus import Message
from processes.store import outbox
from processes.store.database import Database
from processes.store.outbox import Leased, Outgoing, Want

MINUTE = timedelta(minutes=1)


def message(id: str, clock: ManualClock, data: Any = None, **more: Any) -> Message:
    return Message(id, "rating.request", more.pop("source", "/engine"), clock.now(), data, **more)


def put(
    database: Database, clock: ManualClock, *ids: str, address: str = "jobs", topic: str = "rating.request"
) -> None:
    with database.write() as connection:
        outbox.put(connection, [Outgoing(address, topic, message(id, clock)) for id in ids], clock.now())


def lease(database: Database, clock: ManualClock, limit: int = 100, want: list[Want] | None = None) -> list[Leased]:
    with database.write() as connection:
        return outbox.lease(connection, clock.now(), limit, clock.now() + MINUTE, want)


def ids(rows: list[Leased]) -> list[str]:
    return [row.message.id for row in rows]


def due(database: Database) -> datetime | None:
    with database.read() as connection:
        return outbox.next_due(connection)


def test_a_message_comes_back_as_it_was_put(database: Database, clock: ManualClock) -> None:
    put_in = message(
        "m-1", clock, {"乙": [1, None], "甲": "x"}, subject="案件", extensions={"correlationkey": "湖州-1"}
    )
    with database.write() as connection:
        outbox.put(connection, [Outgoing("jobs", "notice.send", put_in)], clock.now())

    (row,) = lease(database, clock)

    assert (row.address, row.topic, row.attempts) == ("jobs", "notice.send", 0)
    assert row.message == put_in


def test_a_row_has_one_holder_at_a_time(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a", "b", "c")

    assert ids(lease(database, clock, 2)) == ["a", "b"]
    assert ids(lease(database, clock, 2)) == ["c"]
    assert lease(database, clock) == []


def test_a_lease_that_ran_out_is_anybody_s(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a")
    lease(database, clock)

    clock.advance(MINUTE)

    assert ids(lease(database, clock)) == ["a"]


def test_an_extended_lease_lasts(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a")
    (row,) = lease(database, clock)
    with database.write() as connection:
        outbox.extend(connection, [row.id], clock.now() + 2 * MINUTE)

    clock.advance(MINUTE)

    assert lease(database, clock) == []


def test_released_rows_are_due_at_once(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a", "b")
    first, _ = lease(database, clock)

    with database.write() as connection:
        outbox.release(connection, [first.id])
    assert ids(lease(database, clock)) == ["a"]
    with database.write() as connection:
        outbox.release(connection)
    assert ids(lease(database, clock)) == ["a", "b"]


def test_only_what_is_wanted_is_leased(database: Database, clock: ManualClock) -> None:
    put(database, clock, "rating")
    put(database, clock, "notice", topic="notice.send")
    put(database, clock, "answer", address="inbox", topic="case.answered")

    assert ids(lease(database, clock, want=[Want("jobs", frozenset({"notice.send"}))])) == ["notice"]
    assert ids(lease(database, clock, want=[Want("inbox"), Want("events")])) == ["answer"]
    assert ids(lease(database, clock)) == ["rating"]


def test_a_row_is_not_due_before_its_time(database: Database, clock: ManualClock) -> None:
    later = clock.now() + MINUTE
    with database.write() as connection:
        outbox.put(connection, [Outgoing("jobs", "x", message("a", clock), later)], clock.now())

    assert lease(database, clock) == []
    assert due(database) == later
    clock.advance(MINUTE)
    assert ids(lease(database, clock)) == ["a"]


def test_done_rows_are_gone(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a", "b")
    with database.write() as connection:
        outbox.done(connection, [row.id for row in outbox.lease(connection, clock.now(), 1, clock.now() + MINUTE)])

    clock.advance(MINUTE)

    assert ids(lease(database, clock)) == ["b"]


def test_a_retried_row_comes_at_its_time_with_one_attempt_more(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a")
    (row,) = lease(database, clock)
    with database.write() as connection:
        outbox.retry(connection, row.id, clock.now() + MINUTE)
    assert lease(database, clock) == []
    clock.advance(MINUTE)
    (row,) = lease(database, clock)
    assert row.attempts == 1

    with database.write() as connection:
        outbox.retry(connection, row.id, clock.now(), failed=False)

    assert [row.attempts for row in lease(database, clock)] == [1]


def test_a_buried_row_is_kept_with_its_reason_and_not_delivered(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a")
    (row,) = lease(database, clock)
    with database.write() as connection:
        outbox.bury(connection, row.id, "没有这个案件", clock.now())

    with database.read() as connection:
        (dead,) = outbox.dead(connection)
    assert (dead.message.id, dead.reason, dead.at) == ("a", "没有这个案件", clock.now())
    clock.advance(MINUTE)
    assert lease(database, clock) == []
    assert due(database) is None


def test_the_newest_dead_come_last(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a", "b", "c")
    for row in lease(database, clock):
        with database.write() as connection:
            outbox.bury(connection, row.id, "no", clock.advance(MINUTE))

    with database.read() as connection:
        assert [one.message.id for one in outbox.dead(connection, limit=2)] == ["b", "c"]


def test_a_dead_row_can_be_revived(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a")
    (row,) = lease(database, clock)
    with database.write() as connection:
        outbox.retry(connection, row.id, clock.now())
        outbox.bury(connection, row.id, "no", clock.now())
        outbox.revive(connection, [row.id], clock.now())

    assert [(row.message.id, row.attempts) for row in lease(database, clock)] == [("a", 0)]


def test_a_message_that_waits_is_not_put_twice(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a")
    put(database, clock, "a")

    assert ids(lease(database, clock)) == ["a"]


def test_sources_and_partners_may_use_the_same_id(database: Database, clock: ManualClock) -> None:
    same = [
        message("1", clock, source="/hotline"),
        message("1", clock, source="/ratings"),
        message("1", clock, source="/ratings", extensions={"partner": "other"}),
    ]
    with database.write() as connection:
        outbox.put(connection, [Outgoing("inbox", "x", one) for one in same], clock.now())

    assert [row.message for row in lease(database, clock)] == same


def test_an_id_of_any_length_fits(database: Database, clock: ManualClock) -> None:
    put(database, clock, "长" * 500)

    assert ids(lease(database, clock)) == ["长" * 500]


def test_a_dead_message_that_is_put_again_lives_again(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a")
    (row,) = lease(database, clock)
    with database.write() as connection:
        outbox.bury(connection, row.id, "no", clock.now())

    put(database, clock, "a")

    assert ids(lease(database, clock)) == ["a"]
    with database.read() as connection:
        assert outbox.dead(connection) == []


def test_next_due_is_the_earliest_of_what_waits_and_what_is_leased(database: Database, clock: ManualClock) -> None:
    assert due(database) is None
    put(database, clock, "a")
    assert due(database) == clock.now()

    lease(database, clock)

    assert due(database) == clock.now() + MINUTE


@pytest.mark.postgres
def test_four_takers_at_once_take_each_row_once(postgresql_database: Database, clock: ManualClock) -> None:
    database = postgresql_database
    put(database, clock, *[f"m-{number}" for number in range(200)])
    taken: list[str] = []
    start = threading.Barrier(4, timeout=10)

    def take() -> None:
        start.wait()
        while rows := lease(database, clock, 7):
            assert len(rows) <= 7
            taken.extend(ids(rows))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(taken) == sorted(f"m-{number}" for number in range(200))
