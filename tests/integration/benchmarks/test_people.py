"""Twenty people at once in front of the real gateway, for a few seconds: how fast that is, is measured elsewhere; here nothing may go wrong, and what
goes wrong must be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from processes.store.database import Database
from tests.benchmarks import people
from tests.benchmarks.people import Day
from tests.benchmarks.rig import reckoning
from tests.benchmarks.rig.crowd.browsing import Log
from tests.benchmarks.rig.office import Office, Size
from tests.servers import install

pytestmark = [pytest.mark.broker, pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    problem = install.ensure(["rabbitmq-server", "postgresql"])
    if problem:
        pytest.skip(problem)
    with Office(Size(cases=200, waiting=100, people=20)) as office:
        yield office
    office.remove()


@pytest.fixture(scope="module")
def day(office: Office) -> Day:
    return people.play(office, seconds=4.0, think=0.6, rounds=0)


def test_nothing_that_people_do_at_once_is_lost_or_done_twice(day: Day) -> None:
    assert day.amiss == []
    assert day.log.done
    assert day.log.reported
    assert day.log.late, "of two who send the same task at the same moment one is told that he is late"
    assert {"inbox", "a task", "a task: complete"} <= set(day.kinds())


def test_what_is_lost_or_done_twice_would_be_seen(office: Office, day: Day) -> None:
    (done, *_), (late, *_) = day.log.done, day.log.late
    database = Database(office.database_url)

    def amiss(log: Log) -> list[str]:
        return reckoning.amiss(database, log, [each["account"] for each in office.plan["people"]])

    told_twice = replace(day.log, done=[*day.log.done, (done[0], late[1], "")])
    assert f"task {done[0]}: 2 people were told that they have done it" in amiss(told_twice)
    lost = replace(day.log, done=[*day.log.done, (late[0], late[1], "说过的话")])
    assert f"task {late[0]}: what {late[1]} said stands there 0 times" in amiss(lost)
    heard = replace(day.log, late=[next(each for each in day.log.done if each[2])])
    assert any("came too late, and was heard" in each for each in amiss(heard))
    assert any("who was not told so" in each for each in amiss(replace(day.log, done=[])))
    assert amiss(replace(day.log, reported=["没有人报过的事"])) == [
        "“没有人报过的事” was reported once, and is there 0 times"
    ]
    assert any("draft" in each for each in amiss(replace(day.log, drafts={f"{late[0]} {late[1]}": "没有存过"})))
    database.dispose()
