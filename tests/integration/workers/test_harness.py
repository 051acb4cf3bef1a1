"""A worker tested by its harness: typed variables and results, retries, and jobs that last."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

import pytest

from processes.messaging import incoming as i
from tests.integration.workers.conftest import PATIENCE
from workers.kit import BusinessError, Failed, Retry, RetryLater, Worker
from workers.kit.testing import Harness


@dataclass
class Slot:
    """A time at the counter."""

    at: datetime
    minutes: int = 15


class Booked(TypedDict):
    """What the counter gives back."""

    ticket: str
    until: datetime


class Busy(Exception):
    """The counter does not answer."""


class Closed(Exception):
    """The counter is no more."""


class Unasked(Exception):
    """The counter was not even asked."""


def worker() -> Worker:
    """The counter's."""
    counter = Worker("counter")

    @counter.job("counter.book", retry=Retry(final=(Closed,), free=(Unasked,), first=5, factor=3))
    def book(case: str, slots: list[Slot], urgent: bool = False) -> Booked:
        if case == "busy":
            raise Busy("too many")
        if case == "closed":
            raise Closed("for ever")
        if case == "unasked":
            raise Unasked("breaker")
        if case == "full":
            raise BusinessError("full", "没有号了", {"next": slots[0].at})
        if case == "later":
            raise RetryLater(30, "午休", counted=False)
        if case == "impossible":
            raise Failed("没有这个窗口")
        return {"ticket": f"{case}-{len(slots)}-{urgent}", "until": slots[-1].at}

    return counter


SLOTS = [{"at": "2026-11-23T09:30:00+08:00"}, {"at": "2026-11-23T10:30:00+08:00", "minutes": 30, "unasked": 1}]


def test_typed_variables_come_in_and_a_typed_result_goes_out() -> None:
    with Harness(worker()) as harness:
        said = harness.run("counter.book", case="C-1", slots=SLOTS, urgent=True)
    assert said.result == {"ticket": "C-1-2-True", "until": "2026-11-23T10:30:00+08:00"}


ENDINGS = {
    "busy": i.JobFailed("", "工作程序出错：Busy: too many", 5.0, False, True, 1),
    "closed": i.JobFailed("", "工作程序出错：Closed: for ever", 5.0, True, True, 1),
    "unasked": i.JobFailed("", "工作程序出错：Unasked: breaker", 5.0, False, False, 1),
    "full": i.JobError("", "full", "没有号了", {"next": "2026-11-23T09:30:00+08:00"}, 1),
    "later": i.JobFailed("", "午休", 30.0, False, False, 1),
    "impossible": i.JobFailed("", "没有这个窗口", None, True, True, 1),
}


def test_each_way_in_which_it_may_end_otherwise() -> None:
    with Harness(worker()) as harness:
        said = {case: harness.run("counter.book", case=case, slots=SLOTS) for case in ENDINGS}
    assert said == {
        case: type(ending)(**{**vars(ending), "job_id": said[case].job_id}) for case, ending in ENDINGS.items()
    }


def test_a_wrong_type_is_told_by_the_name_of_the_field() -> None:
    with Harness(worker()) as harness:
        said = harness.run("counter.book", case="C-1", slots=[{"at": "tomorrow"}])
    assert said.reason == "变量 slots[0].at 应是带时区的时间，如 2026-11-23T09:30:00+08:00，得到的是文字"
    assert said.final


def test_a_topic_that_the_worker_does_not_take_is_the_tests_mistake() -> None:
    with Harness(worker()) as harness, pytest.raises(ValueError, match=r"counter\.close"):
        harness.run("counter.close")


def test_a_backoff_grows_and_ends() -> None:
    retry = Retry(first=5, factor=3, longest=60)
    assert [retry.seconds(attempt) for attempt in (1, 2, 3, 4, 1000)] == [5, 15, 45, 60, 60]
    with pytest.raises(ValueError, match="backoff"):
        Retry(first=5, factor=0.5)


# ---- jobs that last ------------------------------------------------------------------------------------------------------


def test_a_long_job_is_accepted_before_it_begins_and_its_lock_is_extended_until_it_ends() -> None:
    counter, finish = Worker("counter"), threading.Event()

    @counter.job("counter.audit", lock=1)
    def audit(case: str) -> dict[str, str]:
        assert finish.wait(PATIENCE)
        return {"case": case}

    with Harness(counter) as harness:
        waiting = threading.Thread(target=lambda: harness.wait_for_lock(3) and finish.set(), daemon=True)
        waiting.start()
        said = harness.run("counter.audit", case="C-1")
    assert said == i.JobCompleted(said.job_id, {"case": "C-1"}, 1)
    assert harness.locks[0] == i.JobAccepted(said.job_id, 1, 1)
    assert {type(each) for each in harness.locks[1:]} == {i.JobExtended}
    assert {(each.job_id, each.lock_seconds, each.attempt) for each in harness.locks} == {(said.job_id, 1, 1)}


def test_no_more_long_jobs_run_at_once_than_asked_for() -> None:
    counter, finish = Worker("counter"), threading.Event()
    begun: list[str] = []

    @counter.job("counter.audit", lock=60, concurrency=2)
    def audit(case: str) -> None:
        begun.append(case)
        assert finish.wait(PATIENCE)

    with Harness(counter) as harness:
        runs = [
            threading.Thread(target=harness.run, args=("counter.audit",), kwargs={"case": str(number)})
            for number in range(5)
        ]
        for each in runs:
            each.start()
        harness.wait_for_lock(2)
        assert len(harness.locks) == 2, "who is not accepted has not begun"
        finish.set()
        for each in runs:
            each.join(PATIENCE)
    assert sorted(begun) == ["0", "1", "2", "3", "4"]
    assert [type(each) for each in harness.locks] == [i.JobAccepted] * 5


def test_a_worker_that_is_stopped_lets_its_long_job_finish() -> None:
    counter, finish, began = Worker("counter"), threading.Event(), threading.Event()

    @counter.job("counter.audit", lock=60)
    def audit(case: str) -> dict[str, str]:
        began.set()
        assert finish.wait(PATIENCE)
        return {"case": case}

    endings: list[object] = []
    harness = Harness(counter)
    harness.__enter__()
    running = threading.Thread(target=lambda: endings.append(harness.run("counter.audit", case="1").result))
    running.start()
    assert began.wait(PATIENCE)
    stopping = threading.Thread(target=harness.__exit__, args=(None, None, None))
    stopping.start()
    finish.set()
    stopping.join(PATIENCE)
    running.join(PATIENCE)
    assert endings == [{"case": "1"}]
