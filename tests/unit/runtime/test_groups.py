"""Several commands in one transaction, and commands that undo what they did themselves: rows are as if each step had been written at once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.store.tables import Job, Subscription, UserTask
from tests.diagrams import boundary, definitions, element, end, message, path, process, service, start, user

MESSAGES = '<bpmn:message id="A" name="first"/><bpmn:message id="B" name="second"/>'
KEY = {"correlationKey": "= number"}


@pytest.fixture
def engine() -> Orchestrator:
    """``waiting`` waits for two messages one after the other, under one key; in ``work`` a message ends the second job, or the second task."""
    first = element("intermediateCatchEvent", "first", message("A"), properties=KEY)
    second = element("intermediateCatchEvent", "second", message("B"), properties=KEY)
    jobs = (service("one", "t"), service("two", "t"), boundary("stop", "two", message("A"), **KEY))
    tasks = (user("three"), user("four"), boundary("halt", "four", message("B"), **KEY))
    ends = (end("stopped"), path("stop", "three"), end("halted"), path("halt", "halted"))
    made = Orchestrator()
    made.deploy(
        {
            "m.bpmn": definitions(
                MESSAGES,
                process("waiting", start(), first, second, end(), path("start", "first", "second", "end")),
                process(
                    "work",
                    start(),
                    *jobs,
                    *tasks,
                    *ends,
                    end(),
                    path("start", "one", "two", "three", "four", "end"),
                ),
            )
        },
        check=False,  # the two processes share the ids of their ends
    )
    return made


def subscriptions(engine: Orchestrator) -> list[str]:
    with engine.database.read() as connection:
        return list(connection.execute(select(Subscription.message).order_by(Subscription.task_id)).scalars())


def test_a_message_that_came_early_leaves_no_subscription(engine: Orchestrator) -> None:
    case = engine.start("waiting", {"number": "1"})
    engine.correlate("second", "1")
    engine.correlate("first", "1")
    assert engine.instance(case).state == "completed"
    assert subscriptions(engine) == []


def test_a_message_that_came_early_leaves_no_subscription_in_a_group_either(engine: Orchestrator) -> None:
    cases = [engine.start("waiting", {"number": number}) for number in ("1", "2")]
    engine.correlate("second", "2")
    engine.engine.execute_all([c.Correlate("g1", "first", "1"), c.Correlate("g2", "first", "2")])
    assert [engine.instance(case).state for case in cases] == ["active", "completed"]
    assert subscriptions(engine) == ["second"]


def test_a_job_and_a_task_that_are_over_as_soon_as_they_begin_are_not_open(engine: Orchestrator) -> None:
    case = engine.start("work", {"number": "1"})
    engine.correlate("first", "1")
    engine.correlate("second", "1")
    (job,) = engine.jobs()
    engine.complete_job(job.id)
    (task,) = engine.tasks(case)
    engine.complete(task.id)
    assert engine.instance(case).state == "completed"
    with engine.database.read() as connection:
        jobs = connection.execute(select(Job.element_id, Job.state).order_by(Job.element_id)).all()
        tasks = connection.execute(select(UserTask.element_id, UserTask.state).order_by(UserTask.element_id)).all()
    assert jobs == [("one", "done"), ("two", "cancelled")]
    assert tasks == [("four", "cancelled"), ("three", "completed")]


def test_commands_of_one_instance_share_a_transaction(engine: Orchestrator) -> None:
    case = engine.start("waiting", {"number": "1"})
    outcomes = engine.engine.execute_all([c.Correlate("g1", "first", "1"), c.Correlate("g2", "second", "1")])
    assert [isinstance(each, c.Outcome) for each in outcomes] == [True, True]
    assert engine.instance(case).state == "completed"
    assert subscriptions(engine) == []
