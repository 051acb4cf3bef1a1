"""The inbox: an effect happens once, whoever comes at the same time."""

from __future__ import annotations

import threading

import pytest

from processes.clock import ManualClock
from processes.store import inbox
from processes.store.database import Database

KEY = ("hotline", "/orders", "m-1")


def claim(database: Database, clock: ManualClock, key: tuple[str, str, str] = KEY) -> bool:
    with database.write() as connection:
        return inbox.claim(connection, *key, clock.now())


def claim_and_fail(database: Database, clock: ManualClock) -> None:
    with database.write() as connection:
        inbox.claim(connection, *KEY, clock.now())
        raise RuntimeError("the command failed")


def test_a_key_is_claimed_once(database: Database, clock: ManualClock) -> None:
    assert [claim(database, clock) for _ in range(3)] == [True, False, False]


def test_partner_source_and_id_together_are_the_key(database: Database, clock: ManualClock) -> None:
    keys = [KEY, ("ratings", "/orders", "m-1"), ("hotline", "/answers", "m-1"), ("hotline", "/orders", "m-2")]

    assert [claim(database, clock, key) for key in keys] == [True] * 4


def test_a_claim_whose_effect_failed_is_free_again(database: Database, clock: ManualClock) -> None:
    with pytest.raises(RuntimeError):
        claim_and_fail(database, clock)

    assert claim(database, clock)


def test_the_answer_is_kept_for_those_who_ask_again(database: Database, clock: ManualClock) -> None:
    with database.write() as connection:
        assert inbox.result(connection, *KEY) is None
        inbox.claim(connection, *KEY, clock.now())
        inbox.record(connection, *KEY, {"case": "湖州-2026-000001"})

    with database.read() as connection:
        assert inbox.result(connection, *KEY) == {"case": "湖州-2026-000001"}


def test_of_many_at_the_same_time_one_has_the_effect_and_all_see_its_answer(
    database: Database, clock: ManualClock
) -> None:
    start = threading.Barrier(6, timeout=10)
    firsts: list[bool] = []
    answers: list[object] = []

    def handle() -> None:
        start.wait()
        with database.write() as connection:
            first = inbox.claim(connection, *KEY, clock.now())
            if first:
                inbox.record(connection, *KEY, {"outcome": "pool"})
            firsts.append(first)
            answers.append(inbox.result(connection, *KEY))

    threads = [threading.Thread(target=handle) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(firsts) == [False] * 5 + [True]
    assert answers == [{"outcome": "pool"}] * 6
