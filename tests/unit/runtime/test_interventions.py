"""What an operator does to a running instance, on small diagrams, through the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select

from processes.kernel.errors import NotWaiting, StepFailed, Unsound
from processes.kernel.instance import RunningInstance, Stand
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.interventions import JobHeld
from processes.runtime.unit import Suspended, read_state
from processes.store import history
from processes.store.tables import HistoryEntry, Incident, Instance, Job, Subscription, Timer, UserTask
from tests.diagrams import (
    boundary,
    element,
    end,
    flow,
    message,
    path,
    process,
    script,
    service,
    start,
    timer,
    user,
)
from tests.unit.runtime.test_engine import PAID, deployed

NUMBERS = count(1)


def do(engine: Orchestrator, kind: Callable[..., c.Command], instance: str, *more: Any, **named: Any) -> c.Outcome:
    """An intervention by an operator."""
    command = kind(f"op:{next(NUMBERS)}", instance, "核实后处理", *more, actor="wx.yun", **named)
    return engine._do(lambda _: command)


def running(engine: Orchestrator, instance: str) -> RunningInstance:
    with engine.database.read() as connection:
        row = connection.execute(select(Instance.__table__).where(Instance.id == instance)).one()
        plan = engine.engine.definitions.process(row.definition_id, connection)
        return RunningInstance.load(
            read_state(connection, instance, row.parts), plan, engine.engine.evaluator, instance
        )


def at(engine: Orchestrator, instance: str, element_id: str) -> Stand:
    """The token at an element."""
    return next(each for each in running(engine, instance).stands() if each.element.id == element_id)


def open_rows(engine: Orchestrator, instance: str) -> dict[str, list[str]]:
    """What waits outside, by table."""
    with engine.database.read() as connection:
        return {
            "tasks": list(
                connection.scalars(
                    select(UserTask.element_id).where(UserTask.instance_id == instance, UserTask.state == "open")
                )
            ),
            "jobs": list(
                connection.scalars(select(Job.element_id).where(Job.instance_id == instance, Job.state == "open"))
            ),
            "timers": list(connection.scalars(select(Timer.element_id).where(Timer.instance_id == instance))),
            "messages": list(
                connection.scalars(select(Subscription.element_id).where(Subscription.instance_id == instance))
            ),
        }


def three_steps() -> Orchestrator:
    return deployed(
        process(
            "p", start(), user("one"), service("two", "do"), user("three"), end(),
            path("start", "one", "two", "three", "end"),
            boundary("late", "one", timer("timeDuration", '"P1D"'), interrupting=False), end("told"), path("late", "told"),
        )
    )  # fmt: skip


def test_a_moved_token_leaves_nothing_behind_and_enters_the_new_element() -> None:
    engine = three_steps()
    case = engine.start("p")
    assert open_rows(engine, case) == {"tasks": ["one"], "jobs": [], "timers": ["late"], "messages": []}
    do(engine, c.Move, case, at(engine, case, "one").id, "two")
    assert open_rows(engine, case) == {"tasks": [], "jobs": ["two"], "timers": [], "messages": []}
    do(engine, c.Move, case, at(engine, case, "two").id, "one")  # back again: the timer runs anew
    assert open_rows(engine, case) == {"tasks": ["one"], "jobs": [], "timers": ["late"], "messages": []}
    do(engine, c.Move, case, at(engine, case, "one").id, "end")
    assert engine.instance(case).state == "completed"


def test_the_history_says_who_moved_what_and_why() -> None:
    engine = three_steps()
    case = engine.start("p")
    do(engine, c.Move, case, at(engine, case, "one").id, "three")
    with engine.database.read() as connection:
        entry = history.read(connection, case)[-1]
    assert (entry.kind, entry.actor, entry.input["reason"], entry.input["target"]) == (
        "Move",
        "wx.yun",
        "核实后处理",
        "three",
    )
    assert entry.steps == [("one", "p", "cancelled"), ("three", "p", "entered")]


def parallel() -> Orchestrator:
    """start → before → split → (a1 → a2 | b1) → join → after → end"""
    return deployed(
        process(
            "p", start(), user("before"), element("parallelGateway", "split"), user("a1"), user("a2"), user("b1"),
            element("parallelGateway", "join"), user("after"), end(),
            path("start", "before", "split", "a1", "a2", "join", "after", "end"), path("split", "b1", "join"),
        )
    )  # fmt: skip


@pytest.mark.parametrize("target", ["before", "b1", "after", "split", "join", "start", "end", "nothing"])
def test_a_token_of_a_branch_stays_in_its_branch(target: str) -> None:
    engine = parallel()
    case = engine.start("p")
    engine.complete(engine.tasks(case)[0].id)
    with pytest.raises(Unsound):
        do(engine, c.Move, case, at(engine, case, "a1").id, target)
    assert open_rows(engine, case)["tasks"] == ["a1", "b1"]


def test_a_move_within_a_branch_lets_the_branches_meet() -> None:
    engine = parallel()
    case = engine.start("p")
    engine.complete(engine.tasks(case)[0].id)
    assert [each.id for each in running(engine, case).targets(at(engine, case, "a1").id)] == ["a2"]
    do(engine, c.Move, case, at(engine, case, "a1").id, "a2")
    for _ in range(2):
        engine.complete(engine.tasks(case)[0].id)
    assert [each.element for each in engine.tasks(case)] == ["after"]


def test_a_token_that_waits_for_the_others_at_a_join_may_go_back_into_its_branch() -> None:
    engine = parallel()
    case = engine.start("p")
    engine.complete(engine.tasks(case)[0].id)
    engine.complete(next(each.id for each in engine.tasks(case) if each.element == "b1"))
    do(engine, c.Move, case, at(engine, case, "join").id, "b1")
    assert sorted(open_rows(engine, case)["tasks"]) == ["a1", "b1"]
    for name in ("b1", "a1", "a2", "after"):
        engine.complete(next(each.id for each in engine.tasks(case) if each.element == name))
    assert engine.instance(case).state == "completed"


def test_a_token_that_is_alone_may_go_before_or_behind_parallel_branches_but_not_into_one() -> None:
    engine = parallel()
    case = engine.start("p")
    assert {each.id for each in running(engine, case).targets(at(engine, case, "before").id)} == {
        "split",
        "after",
        "end",
    }
    do(engine, c.Move, case, at(engine, case, "before").id, "after")
    do(engine, c.Move, case, at(engine, case, "after").id, "split")
    assert sorted(open_rows(engine, case)["tasks"]) == ["a1", "b1"]


def test_a_token_in_a_sub_process_stays_in_it_and_the_sub_process_moves_as_a_whole() -> None:
    inner = "".join((start("s"), user("in1"), user("in2"), end("e"), path("s", "in1", "in2", "e")))
    engine = deployed(
        process(
            "p",
            start(),
            element("subProcess", "sub", inner),
            user("after"),
            end(),
            path("start", "sub", "after", "end"),
        )
    )
    case = engine.start("p")
    with pytest.raises(Unsound):
        do(engine, c.Move, case, at(engine, case, "in1").id, "after")
    do(engine, c.Move, case, at(engine, case, "in1").id, "in2")
    assert open_rows(engine, case)["tasks"] == ["in2"]
    do(engine, c.Move, case, at(engine, case, "sub").id, "after")
    assert open_rows(engine, case)["tasks"] == ["after"]


def test_one_turn_of_several_is_skipped_and_the_whole_is_moved() -> None:
    many = element(
        "userTask", "each", '<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality>'
        "</bpmn:multiInstanceLoopCharacteristics>", name="each",
    )  # fmt: skip
    engine = deployed(process("p", start(), many, user("after"), end(), path("start", "each", "after", "end")))
    case = engine.start("p")
    turn = next(each for each in running(engine, case).stands() if each.turn is not None)
    with pytest.raises(Unsound):
        do(engine, c.Move, case, turn.id, "after")
    do(engine, c.Skip, case, turn.id)
    assert open_rows(engine, case)["tasks"] == ["each", "each"]
    whole = next(each for each in running(engine, case).stands() if each.turn is None)
    do(engine, c.Move, case, whole.id, "after")
    assert open_rows(engine, case)["tasks"] == ["after"]


def test_a_skipped_task_gives_what_its_form_would_have_given() -> None:
    engine = deployed(
        process(
            "p", start(), user("ask", resultVariable="answer"), element("exclusiveGateway", "which", default="which_no"),
            user("yes"), user("no"), end(), path("start", "ask", "which"), flow("which", "yes", "= answer.ok"),
            path("which", "no", "end"), path("yes", "end"),
        )
    )  # fmt: skip
    case = engine.start("p")
    do(engine, c.Skip, case, engine.tasks(case)[0].id, {"ok": True})
    assert [each.element for each in engine.tasks(case)] == ["yes"]
    with engine.database.read() as connection:
        assert set(connection.execute(select(UserTask.state, UserTask.completed_by))) == {
            ("cancelled", None),
            ("open", None),
        }


def test_a_message_that_never_comes_is_skipped() -> None:
    engine = deployed(
        PAID,
        process(
            "p", start(), element("intermediateCatchEvent", "wait", message("M")), user("after"), end(),
            path("start", "wait", "after", "end"),
        ),
    )  # fmt: skip
    case = engine.start("p")
    do(engine, c.Skip, case, at(engine, case, "wait").id, {"sum": 3})
    assert open_rows(engine, case) == {"tasks": ["after"], "jobs": [], "timers": [], "messages": []}
    assert engine.instance(case).variables == {"sum": 3}


def test_a_failed_job_that_is_skipped_or_moved_is_no_incident_any_more() -> None:
    for way in ("skip", "move"):
        engine = three_steps()
        case = engine.start("p")
        engine.complete(engine.tasks(case)[0].id)
        (job,) = engine.jobs()
        engine.fail_job(job.id, "无应答", final=True)
        if way == "skip":
            do(engine, c.Skip, case, job.id, {"n": 1})
        else:
            do(engine, c.Move, case, job.id, "three")
        assert engine.instance(case).incidents == []
        assert [each.element for each in engine.tasks(case)] == ["three"]
        with engine.database.read() as connection:
            assert connection.scalar(select(Incident.resolution)) == way
            assert connection.scalar(select(Job.state)) == "cancelled"


def test_who_cancels_an_instance_deals_with_its_incidents() -> None:
    engine = three_steps()
    case = engine.start("p")
    engine.complete(engine.tasks(case)[0].id)
    engine.fail_job(engine.jobs()[0].id, "无应答", final=True)
    engine.cancel(case, "企业撤回")
    with engine.database.read() as connection:
        assert connection.scalar(select(Incident.resolution)) == "cancel"


def until_ready() -> Orchestrator:
    """Waits until the variable ``ready`` is true."""
    condition = '<bpmn:condition xsi:type="bpmn:tFormalExpression">= ready</bpmn:condition>'
    event = f"<bpmn:conditionalEventDefinition>{condition}</bpmn:conditionalEventDefinition>"
    return deployed(
        process(
            "p", start(), element("intermediateCatchEvent", "until", event), user("go"), end(),
            path("start", "until", "go", "end"),
        )
    )  # fmt: skip


def test_variables_are_changed_in_every_branch_and_conditions_see_them() -> None:
    engine = until_ready()
    case = engine.start("p", {"ready": False})
    do(engine, c.SetVariables, case, {"ready": True, "note": {"a": [1, 2]}})
    assert [each.element for each in engine.tasks(case)] == ["go"]
    assert engine.instance(case).variables == {"ready": True, "note": {"a": [1, 2]}}


def test_a_suspended_instance_takes_variables_stays_suspended_and_sees_them_when_resumed() -> None:
    engine = until_ready()
    case = engine.start("p", {"ready": False})
    engine.suspend(case)
    do(engine, c.SetVariables, case, {"ready": True})
    assert engine.instance(case).state == "suspended"
    assert engine.tasks(case) == []
    with pytest.raises(Suspended):
        do(engine, c.Move, case, at(engine, case, "until").id, "go")
    engine.resume(case)
    assert [each.element for each in engine.tasks(case)] == ["go"]


def test_a_timer_is_fired_now_or_at_another_time() -> None:
    engine = deployed(
        process(
            "p", start(), element("intermediateCatchEvent", "wait", timer("timeDuration", '"P10D"')), user("after"), end(),
            path("start", "wait", "after", "end"),
        )
    )  # fmt: skip
    first, second = engine.start("p"), engine.start("p")
    (watch,) = at(engine, first, "wait").watches
    do(engine, c.FireNow, first, watch)
    assert open_rows(engine, first) == {"tasks": ["after"], "jobs": [], "timers": [], "messages": []}
    (watch,) = at(engine, second, "wait").watches
    do(engine, c.MoveTimer, second, watch, engine.clock.now() + timedelta(hours=1))
    engine.advance(timedelta(minutes=59))
    assert open_rows(engine, second)["timers"] == ["wait"]
    engine.advance(timedelta(minutes=1))
    assert open_rows(engine, second)["tasks"] == ["after"]


def cycling() -> Orchestrator:
    """Every day a script is run that fails as long as ``n`` is 0."""
    return deployed(
        process(
            "p", start(), user("work"), end(), path("start", "work", "end"),
            boundary("daily", "work", timer("timeCycle", '"R/P1D"'), interrupting=False),
            script("divide", "= {x: assertNumber(n), n: n}"), end("done"), path("daily", "divide", "done"),
        ),
        check=False,
    )  # fmt: skip


def test_a_cycle_whose_firing_was_an_incident_fires_on_after_the_retry() -> None:
    engine = cycling()
    case = engine.start("p", {"n": "no number"})
    engine.register("assertNumber", lambda value: value + 1)
    engine.advance(timedelta(days=1))
    (incident,) = engine.instance(case).incidents
    engine.advance(timedelta(days=3))
    assert len(engine.instance(case).incidents) == 1
    engine.resolve(incident.id, "retry", {"n": 1})
    done = engine.instance(case).trace.count("done")
    engine.advance(timedelta(days=2))
    assert engine.instance(case).trace.count("done") > done >= 1


def test_a_timer_of_an_incident_that_is_moved_waits_again() -> None:
    engine = cycling()
    case = engine.start("p", {"n": "no number"})
    engine.register("assertNumber", lambda value: value + 1)
    engine.advance(timedelta(days=1))
    do(engine, c.SetVariables, case, {"n": 2})
    watch = next(each for each in at(engine, case, "work").watches)
    do(engine, c.MoveTimer, case, watch, engine.clock.now() + timedelta(hours=2))
    assert engine.instance(case).incidents == []
    engine.advance(timedelta(hours=2))
    assert engine.instance(case).trace.count("done") == 1


def test_a_job_that_waits_for_its_next_attempt_is_tried_now_unless_a_worker_has_it() -> None:
    engine = three_steps()
    case = engine.start("p")
    engine.complete(engine.tasks(case)[0].id)
    (job,) = engine.jobs()
    with pytest.raises(JobHeld):
        do(engine, c.RetryJob, case, job.id)
    engine.fail_job(job.id, "无应答", retry_after=3600)
    assert engine.jobs() == []
    do(engine, c.RetryJob, case, job.id)
    assert [each.id for each in engine.jobs()] == [job.id]


def test_what_fails_is_told_changes_nothing_and_is_no_incident() -> None:
    engine = deployed(
        process("p", start(), user("one"), script("bad", "= {a: missing.b.c + 1, b: fail()}"), end(), path("start", "one", "bad", "end")),
        check=False,
    )  # fmt: skip
    engine.register("fail", lambda: 1 / 0)
    case = engine.start("p")
    with pytest.raises(StepFailed):
        do(engine, c.Skip, case, engine.tasks(case)[0].id)
    assert engine.instance(case).incidents == []
    assert open_rows(engine, case)["tasks"] == ["one"]


def test_what_is_not_there_any_more_is_not_moved() -> None:
    engine = three_steps()
    case = engine.start("p")
    task = engine.tasks(case)[0].id
    engine.complete(task)
    with pytest.raises(NotWaiting):
        do(engine, c.Move, case, task, "three")
    with pytest.raises(NotWaiting):
        do(engine, c.Skip, case, task)


def test_the_same_intervention_twice_counts_once() -> None:
    engine = three_steps()
    case = engine.start("p")
    command = c.Skip("op:same", case, "重复点击", engine.tasks(case)[0].id, actor="wx.yun")
    assert not engine.engine.execute(command).duplicate
    assert engine.engine.execute(command).duplicate
    with engine.database.read() as connection:
        count = select(func.count()).where(HistoryEntry.instance_id == case, HistoryEntry.kind == "Skip")
        assert connection.scalar(count) == 1


def test_commands_keep_their_times_as_json() -> None:
    engine = three_steps()
    moved = c.MoveTimer("op:1", "i", "节假日", "t", engine.clock.now())
    assert c.from_json(c.to_json(moved)) == moved
