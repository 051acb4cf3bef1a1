"""The pool: never more at once than its size, and an end that can be waited for."""

from __future__ import annotations

import threading

from workers.bus.pool import Pool

PATIENCE = 10.0


def test_tasks_run_in_order_in_a_pool_of_one() -> None:
    done: list[int] = []
    last = threading.Event()
    pool = Pool("test", 1)

    for number in range(50):
        pool.submit(lambda number=number: done.append(number))
    pool.submit(last.set)

    assert last.wait(PATIENCE)
    assert done == list(range(50))


def test_urgent_tasks_run_before_the_others() -> None:
    done: list[str] = []
    began, go_on, last = threading.Event(), threading.Event(), threading.Event()
    pool = Pool("test", 1)

    pool.submit(lambda: began.set() or (go_on.wait(PATIENCE) and None))
    assert began.wait(PATIENCE)
    for name in ("a", "b"):
        pool.submit(lambda name=name: done.append(name))
    for name in ("urgent-a", "urgent-b"):
        pool.submit(lambda name=name: done.append(name), urgent=True)
    pool.submit(last.set)
    go_on.set()

    assert last.wait(PATIENCE)
    assert done == ["urgent-a", "urgent-b", "a", "b"]


def test_as_many_run_at_once_as_there_is_room() -> None:
    pool = Pool("test", 3)
    together = threading.Barrier(4, timeout=PATIENCE)

    for _ in range(3):
        pool.submit(lambda: together.wait() and None)

    together.wait()


def test_closing_forgets_what_has_not_begun_and_waits_for_what_has() -> None:
    pool = Pool("test", 1)
    began, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> None:
        began.set()
        go_on.wait(PATIENCE)
        done.append("first")

    pool.submit(first)
    pool.submit(lambda: done.append("second"))
    assert began.wait(PATIENCE)
    pool.close()
    assert not pool.wait(0.01)
    go_on.set()

    assert pool.wait(PATIENCE)
    assert done == ["first"]


def test_a_closed_pool_takes_nothing() -> None:
    pool = Pool("test", 1)
    pool.close()

    pool.submit(lambda: None)

    assert pool.wait(0)
