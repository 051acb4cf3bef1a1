"""What the engine promises, on small diagrams, through the Python face."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from processes.kernel.errors import NotWaiting
from processes.orchestrator import Orchestrator
from processes.store import history, quarantine
from processes.store.tables import BufferedMessage, HistoryEntry, Incident, Job, Subscription, Timer, UserTask
from tests.diagrams import (
    boundary,
    definitions,
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

ERROR = '<bpmn:error id="E" name="refused" errorCode="E1"/>'
CATCH_E1 = '<bpmn:errorEventDefinition errorRef="E"/>'
PAID = '<bpmn:message id="M" name="paid"/>'


def deployed(*parts: str, check: bool = True) -> Orchestrator:
    engine = Orchestrator()
    engine.deploy({"model.bpmn": definitions(*parts)}, check=check)
    return engine


def test_a_case_goes_from_start_to_end_and_its_trace_says_how() -> None:
    engine = deployed(
        process(
            "p", start(), script("add", "= {total: a + 1}"), user("look"), end(), path("start", "add", "look", "end")
        )
    )
    case = engine.start("p", {"a": 41})
    (task,) = engine.tasks(case)
    assert task.element == "look"
    engine.complete(task.id, {"seen": True})
    view = engine.instance(case)
    assert view.state == "completed"
    assert view.variables == {"a": 41, "total": 42, "seen": True}
    assert view.trace == ["start", "add", "look", "end"]


def calling_itself() -> Orchestrator:
    return deployed(
        process(
            "p", start(), element("exclusiveGateway", "which", default="which_wait"), script("less", "= {n: n - 1}"),
            element("callActivity", "call", calledElement="p"), user("wait"), end(), path("start", "which"),
            flow("which", "less", "= n > 0"), path("less", "call", "end"), path("which", "wait", "end"),
        )
    )  # fmt: skip


def test_a_process_that_calls_itself_forty_times_comes_back() -> None:
    engine = calling_itself()
    case = engine.start("p", {"n": 40})
    engine.complete(engine.tasks(case)[0].id)
    assert engine.instance(case).state == "completed"


def test_a_process_that_calls_itself_without_end_is_an_incident_at_the_call() -> None:
    engine = calling_itself()
    engine.start("p", {"n": 10_000})
    with engine.database.read() as connection:
        assert connection.execute(select(Incident.element_id)).scalars().all() == ["call"]


def test_variables_that_are_nested_too_deep_to_be_stored_are_an_incident() -> None:
    loop = '<bpmn:standardLoopCharacteristics loopMaximum="300"/><bpmn:script>= {x: [x]}</bpmn:script>'
    engine = deployed(
        process(
            "p", start(), user("one"), element("scriptTask", "nest", loop), end(), path("start", "one", "nest", "end")
        )
    )
    case = engine.start("p", {"x": 1})
    engine.complete(engine.tasks(case)[0].id)
    assert ["嵌套得太深" in each.detail for each in engine.instance(case).incidents] == [True]


def test_a_called_process_that_only_a_message_starts_is_an_incident_at_the_call() -> None:
    called = process("q", element("startEvent", "asked", message("M")), end("q_end"), path("asked", "q_end"))
    engine = deployed(
        PAID,
        process(
            "p",
            start(),
            user("ask"),
            element("callActivity", "call", calledElement="q"),
            end(),
            path("start", "ask", "call", "end"),
        ),
        called,
        check=False,
    )
    case = engine.start("p")
    engine.complete(engine.tasks(case)[0].id)
    view = engine.instance(case)
    assert [each.element for each in view.incidents] == ["call"]
    assert "没有空白开始事件" in view.incidents[0].detail


def test_the_same_command_id_has_its_effect_once() -> None:
    engine = deployed(process("p", start(), user("one"), user("two"), end(), path("start", "one", "two", "end")))
    case = engine.start("p", id="report-1")
    assert engine.start("p", id="report-1") == case
    assert len(engine.instances()) == 1
    first = engine.tasks(case)[0].id
    assert not engine.complete(first, id="click-1").duplicate
    assert engine.complete(first, id="click-1").duplicate
    assert [task.element for task in engine.tasks(case)] == ["two"]


def test_a_finished_task_cannot_be_finished_again() -> None:
    engine = deployed(process("p", start(), user("one"), user("two"), end(), path("start", "one", "two", "end")))
    case = engine.start("p")
    first = engine.tasks(case)[0].id
    engine.complete(first)
    with pytest.raises(NotWaiting):
        engine.complete(first)
    assert engine.instance(case).trace == ["start", "one"]


def test_the_history_keeps_every_command_with_its_full_input() -> None:
    engine = deployed(process("p", start(), user("one"), end(), path("start", "one", "end")))
    case = engine.start("p", {"words": "长" * 2000})
    engine.complete(engine.tasks(case)[0].id, {"answer": 42}, actor="wx.li")
    with engine.database.read() as connection:
        first, second = history.read(connection, case)
    assert first.kind == "Start"
    assert first.input["variables"]["words"] == "长" * 2000
    assert (second.kind, second.actor, second.input["data"]) == ("CompleteTask", "wx.li", {"answer": 42})
    assert ("one", "p", "completed") in second.steps


def test_the_history_says_of_every_command_which_versions_it_met() -> None:
    engine = deployed(
        process("p", start(), *(user(each) for each in "abc"), end(), path("start", "a", "b", "c", "end"))
    )
    versions = {"calendar": "1"}
    engine.engine.workshop = replace(engine.engine.workshop, versions=lambda _: lambda: dict(versions))
    case = engine.start("p")
    engine.complete(engine.tasks(case)[0].id)
    versions["calendar"] = "2"
    engine.complete(engine.tasks(case)[0].id)
    engine.engine.workshop.hot.clear()
    engine.complete(engine.tasks(case)[0].id)
    with engine.database.read() as connection:
        met = [entry.versions for entry in history.read(connection, case)]
        kept = connection.scalars(select(HistoryEntry.versions).order_by(HistoryEntry.seq)).all()
    definition = engine.instance(case).definition
    assert met == [{"definition": definition, "calendar": version} for version in "1122"]
    assert kept == [
        {"calendar": "1"},
        {},
        {"calendar": "2"},
        {"calendar": "2"},
    ]  # the last did not know what the one before met


def test_a_workers_result_lands_in_the_result_variable() -> None:
    engine = deployed(
        process(
            "p",
            start(),
            service("pay", "bank.pay", {"sum": "= price * 2"}, "receipt"),
            end(),
            path("start", "pay", "end"),
        )
    )
    case = engine.start("p", {"price": 21})
    (job,) = engine.jobs("bank.pay")
    assert job.arguments == {"sum": 42}
    engine.complete_job(job.id, {"ok": True})
    assert engine.instance(case).variables["receipt"] == {"ok": True}
    with pytest.raises(NotWaiting):
        engine.complete_job(job.id, {"ok": False})


def test_a_failing_job_is_tried_again_later_and_then_is_an_incident() -> None:
    engine = deployed(
        process(
            "p", start(), service("pay", "bank.pay", retries="1", backoff="PT30S"), end(), path("start", "pay", "end")
        )
    )
    case = engine.start("p")
    (job,) = engine.jobs()
    engine.fail_job(job.id, "银行没有应答")
    assert engine.jobs() == []
    engine.advance(timedelta(seconds=31))
    (again,) = engine.jobs()
    assert again.attempt == 2
    engine.fail_job(again.id, "银行还是没有应答")
    engine.advance(timedelta(hours=1))
    assert engine.jobs() == []
    (incident,) = engine.instance(case).incidents
    assert (incident.kind, incident.element, incident.detail) == ("job-failed", "pay", "银行还是没有应答")
    engine.resolve(incident.id)
    (third,) = engine.jobs()
    engine.complete_job(third.id)
    assert engine.instance(case).state == "completed"
    assert engine.instance(case).incidents == []


def test_a_failed_job_can_be_skipped_with_a_result() -> None:
    engine = deployed(
        process(
            "p", start(), service("pay", "bank.pay", result="receipt", retries="0"), end(), path("start", "pay", "end")
        )
    )
    case = engine.start("p")
    engine.fail_job(engine.jobs()[0].id, "坏了")
    engine.resolve(engine.instance(case).incidents[0].id, "skip", {"number": "手工办理"})
    assert engine.instance(case).variables["receipt"] == {"number": "手工办理"}


def test_a_business_error_goes_to_its_own_tasks_boundary_and_not_to_a_siblings() -> None:
    engine = deployed(
        ERROR,
        process(
            "p",
            start(),
            element("parallelGateway", "split"),
            service("a", "op.a"),
            service("b", "op.b"),
            boundary("a_failed", "a", CATCH_E1),
            boundary("b_failed", "b", CATCH_E1),
            user("after_a"),
            user("after_b"),
            user("mend_a"),
            user("mend_b"),
            *(end(f"end_{name}") for name in ("a", "b", "am", "bm")),
            flow("start", "split"),
            path("split", "a", "after_a", "end_a"),
            path("split", "b", "after_b", "end_b"),
            path("a_failed", "mend_a", "end_am"),
            path("b_failed", "mend_b", "end_bm"),
        ),
    )
    case = engine.start("p")
    (job,) = engine.jobs("op.b")
    engine.throw_error(job.id, "E1", "不受理")
    assert [task.element for task in engine.tasks(case)] == ["mend_b"]
    assert [job.element for job in engine.jobs("op.a")] == ["a"]


def test_an_unhandled_business_error_is_an_incident_and_nothing_moves() -> None:
    engine = deployed(process("p", start(), service("a", "op.a"), end(), path("start", "a", "end")))
    case = engine.start("p")
    outcome = engine.throw_error(engine.jobs()[0].id, "E9", "谁也没想到")
    assert outcome.incident is not None
    view = engine.instance(case)
    assert [incident.kind for incident in view.incidents] == ["business-error"]
    assert view.state == "active"


def test_an_error_end_that_nobody_catches_is_an_incident_not_a_success() -> None:
    engine = deployed(ERROR, process("p", start(), user("one"), end("bad", CATCH_E1), path("start", "one", "bad")))
    case = engine.start("p")
    outcome = engine.complete(engine.tasks(case)[0].id)
    assert outcome.incident is not None
    view = engine.instance(case)
    assert view.state == "active"
    assert view.incidents[0].element == "bad"


def test_a_message_that_two_events_of_a_case_wait_for_is_an_incident_of_that_case_when_it_leads_to_a_failure() -> None:
    engine = deployed(
        PAID, ERROR,
        process(
            "p", start(), user("one"), end(), end("bad", CATCH_E1), path("start", "one", "end"),
            boundary("first", "one", message("M")), boundary("second", "one", message("M")),
            path("first", "bad"), path("second", "bad"),
        ),
    )  # fmt: skip
    case = engine.start("p")
    engine.correlate("paid")
    assert [each.element for each in engine.instance(case).incidents] == ["bad"]


def test_an_error_end_inside_a_sub_process_goes_to_its_boundary() -> None:
    inner = element("subProcess", "sub", start("s1"), user("inside"), end("bad", CATCH_E1), path("s1", "inside", "bad"))
    engine = deployed(
        ERROR,
        process(
            "p",
            start(),
            inner,
            boundary("caught", "sub", CATCH_E1),
            user("mend"),
            end(),
            end("e2"),
            path("start", "sub", "end"),
            path("caught", "mend", "e2"),
        ),
    )
    case = engine.start("p")
    engine.complete(engine.tasks(case)[0].id)
    assert [task.element for task in engine.tasks(case)] == ["mend"]


def test_a_failing_script_is_an_incident_and_a_retry_with_corrected_variables_goes_on() -> None:
    engine = deployed(
        process(
            "p",
            start(),
            user("one"),
            script("divide", "part = total / number"),
            end(),
            path("start", "one", "divide", "end"),
        )
    )
    case = engine.start("p", {"total": 10, "number": 0})
    engine.complete(engine.tasks(case)[0].id)
    (incident,) = engine.instance(case).incidents
    assert incident.element == "divide"
    assert [task.element for task in engine.tasks(case)] == ["one"]
    engine.resolve(incident.id, "retry", {"number": 4})
    view = engine.instance(case)
    assert view.state == "completed"
    assert view.variables["part"] == 2.5


# -- time ------------------------------------------------------------------------------------------------------------


def test_timers_fire_at_their_time_bare_iso_quoted_or_feel() -> None:
    for text in ("PT1H", '"PT1H"', '= duration("PT1H")', "= at"):
        engine = deployed(
            process(
                "p",
                start(),
                element("intermediateCatchEvent", "wait", timer("timeDuration", text)),
                user("one"),
                end(),
                path("start", "wait", "one", "end"),
            )
        )
        due = (engine.clock.now() + timedelta(hours=1)).isoformat()
        case = engine.start("p", {"at": due})
        engine.advance(timedelta(minutes=59))
        assert engine.tasks(case) == [], text
        engine.advance(timedelta(minutes=1))
        assert [task.element for task in engine.tasks(case)] == ["one"], text


def test_an_interrupting_boundary_timer_ends_its_task_and_a_non_interrupting_one_does_not() -> None:
    engine = deployed(
        process(
            "p",
            start(),
            user("work"),
            boundary("remind", "work", timer("timeDuration", "PT1H"), interrupting=False),
            boundary("late", "work", timer("timeDuration", "PT2H")),
            script("note", "= {reminded: true}"),
            user("chase"),
            end(),
            end("e2"),
            end("e3"),
            path("start", "work", "end"),
            path("remind", "note", "e2"),
            path("late", "chase", "e3"),
        )
    )
    case = engine.start("p")
    engine.advance(timedelta(minutes=61))
    assert [task.element for task in engine.tasks(case)] == ["work"]
    assert "note" in engine.instance(case).trace
    engine.advance(timedelta(hours=1))
    assert [task.element for task in engine.tasks(case)] == ["chase"]


def test_a_cycle_timer_fires_as_often_as_it_says() -> None:
    engine = deployed(
        process(
            "p",
            start(),
            user("work"),
            boundary("tick", "work", timer("timeCycle", "R3/PT10M"), interrupting=False),
            script("count", "= {n: n + 1}"),
            end(),
            end("e2"),
            path("start", "work", "end"),
            path("tick", "count", "e2"),
        )
    )
    case = engine.start("p", {"n": 0})
    engine.advance(timedelta(hours=5))
    assert engine.instance(case).trace.count("count") == 3
    assert [task.element for task in engine.tasks(case)] == ["work"]
    assert engine.scheduler.next_due() is None, "a row of a timer that has rung for the last time is due for ever"


def test_a_timer_start_whose_first_step_fails_is_an_incident_each_time_and_a_retry_begins_one_instance() -> None:
    numbers = [0]
    engine = Orchestrator()
    engine.register("number", lambda: numbers[-1])
    begin = element("startEvent", "begin", timer("timeCycle", "R2/PT10M"))
    body = (script("divide", "part = 10 / number()"), user("one"), end(), path("begin", "divide", "one", "end"))
    engine.deploy({"model.bpmn": definitions(process("p", begin, *body))})
    engine.advance(timedelta(hours=1))
    assert engine.scheduler.next_due() is None
    assert engine.instances("p") == []
    with engine.database.read() as connection:
        incidents = list(connection.execute(select(Incident.id).where(Incident.element_id == "divide")).scalars())
    assert len(incidents) == 2
    numbers.append(5)
    for each in incidents:
        engine.resolve(each)
    assert [engine.instance(each).variables["part"] for each in engine.instances("p")] == [2, 2]


def test_late_timers_fire_in_the_order_of_their_due_times() -> None:
    engine = deployed(
        process(
            "p",
            start(),
            element("intermediateCatchEvent", "wait", timer("timeDate", "= at")),
            end(),
            path("start", "wait", "end"),
        )
    )
    now = engine.clock.now()
    second = engine.start("p", {"at": (now + timedelta(hours=2)).isoformat()})
    first = engine.start("p", {"at": (now + timedelta(hours=1)).isoformat()})
    engine.clock.set(now + timedelta(days=30))  # type: ignore[attr-defined]
    engine.scheduler.run_due()
    with engine.database.read() as connection:
        fired = [history.read(connection, case)[1].seq for case in (first, second)]
    assert fired == sorted(fired)
    assert engine.instance(second).state == engine.instance(first).state == "completed"


# -- messages --------------------------------------------------------------------------------------------------------


def waiting_for_payment() -> str:
    return process(
        "p",
        start(),
        element(
            "intermediateCatchEvent",
            "wait",
            message("M", variable="payment"),
            properties={"correlationKey": "= number"},
        ),
        user("one"),
        end(),
        path("start", "wait", "one", "end"),
    )


def test_a_message_goes_to_the_one_instance_with_its_key() -> None:
    engine = deployed(PAID, waiting_for_payment())
    first, second = engine.start("p", {"number": "A"}), engine.start("p", {"number": "B"})
    outcome = engine.correlate("paid", "B", {"sum": 7})
    assert outcome.instance_id == second
    assert engine.tasks(first) == []
    assert engine.instance(second).variables["payment"] == {"sum": 7}


def test_early_messages_are_all_taken_when_their_receivers_begin_to_wait_at_once() -> None:
    catches = [
        element("intermediateCatchEvent", name, message("M"), properties={"correlationKey": f'= "{name}"'})
        for name in ("a", "b", "c")
    ]
    ways = "".join(path("fork", name, "join") for name in ("a", "b", "c"))
    engine = deployed(
        PAID,
        process(
            "p", start(), user("work"), element("parallelGateway", "fork"), *catches,
            element("parallelGateway", "join"), end(), path("start", "work", "fork"), ways, path("join", "end"),
        ),
    )  # fmt: skip
    case = engine.start("p")
    for name in ("c", "b", "a"):
        assert engine.correlate("paid", name).buffered
    engine.complete(engine.tasks(case)[0].id)
    assert engine.instance(case).state == "completed"


def test_an_early_message_waits_for_its_receiver_until_its_time_is_over() -> None:
    engine = deployed(PAID, waiting_for_payment())
    assert engine.correlate("paid", "A", {"sum": 1}, ttl=3600).buffered
    case = engine.start("p", {"number": "A"})
    assert [task.element for task in engine.tasks(case)] == ["one"]
    assert engine.correlate("paid", "B", {"sum": 1}, ttl=3600).buffered
    engine.advance(timedelta(hours=2))
    late = engine.start("p", {"number": "B"})
    assert engine.tasks(late) == []


def test_a_message_that_nobody_waited_for_in_time_is_kept_for_a_person() -> None:
    engine = deployed(PAID, waiting_for_payment())
    assert engine.correlate("paid", "A", {"sum": 1}, ttl=3600).buffered
    engine.advance(timedelta(hours=2))
    engine.scheduler.expire()
    with engine.database.read() as connection:
        assert connection.execute(select(BufferedMessage)).all() == []
        (listed,) = quarantine.listed(connection, quarantine.Wanted())
        kept = quarantine.get(connection, listed.id)
    assert (kept.type, kept.body) == ("paid", b'{"sum":1}')
    assert "没有流程在等" in kept.reason
    assert "nothing has waited" in kept.reason_en
    engine.scheduler.expire()


def test_messages_that_nobody_waited_for_are_kept_in_the_order_in_which_they_came() -> None:
    engine = deployed(PAID, waiting_for_payment())
    for number in range(9):
        assert engine.correlate("paid", "A", {"sum": number}, ttl=3600).buffered
        engine.advance(timedelta(seconds=1))
    engine.advance(timedelta(hours=2))
    engine.scheduler.expire()
    with engine.database.read() as connection:
        listed = sorted(quarantine.listed(connection, quarantine.Wanted()), key=lambda each: each.id)
        bodies = [quarantine.get(connection, each.id).body for each in listed]
    assert bodies == [f'{{"sum":{number}}}'.encode() for number in range(9)]


def test_an_early_message_is_taken_by_an_event_that_comes_after_another_and_nobody_waits_for_it_any_more() -> None:
    keyed = {"properties": {"correlationKey": "= number"}}
    first = element("receiveTask", "first", messageRef="N", **keyed)
    then = element("intermediateCatchEvent", "then", message("M"), **keyed)
    engine = deployed(
        PAID,
        '<bpmn:message id="N" name="ordered"/>',
        process("p", start(), first, then, end(), path("start", "first", "then", "end")),
    )
    case = engine.start("p", {"number": "A"})
    assert engine.correlate("paid", "A").buffered
    engine.correlate("ordered", "A")
    assert engine.instance(case).state == "completed"
    with engine.database.read() as connection:
        assert connection.execute(select(Subscription)).all() == []
    assert engine.correlate("paid", "A").buffered


def test_a_message_that_two_wait_for_is_an_incident_and_reaches_neither() -> None:
    engine = deployed(PAID, waiting_for_payment())
    cases = [engine.start("p", {"number": "A"}) for _ in range(2)]
    assert engine.correlate("paid", "A").incident is not None
    assert [engine.tasks(case) for case in cases] == [[], []]


def test_one_message_reaches_one_of_two_catchers_of_the_same_instance() -> None:
    engine = deployed(
        PAID,
        process(
            "p",
            start(),
            element("parallelGateway", "split"),
            *(
                element(
                    "intermediateCatchEvent",
                    f"wait_{n}",
                    message("M", variable=f"got_{n}"),
                    properties={"correlationKey": f'= "{n}"'},
                )
                for n in "ab"
            ),
            element("parallelGateway", "join"),
            end(),
            flow("start", "split"),
            path("split", "wait_a", "join"),
            path("split", "wait_b", "join"),
            flow("join", "end"),
        ),
    )
    case = engine.start("p")
    engine.correlate("paid", "a", {"n": 1})
    assert engine.instance(case).state == "active"
    engine.correlate("paid", "b", {"n": 2})
    assert engine.instance(case).state == "completed"


def test_a_message_starts_an_instance_and_instances_talk_to_each_other() -> None:
    asking = process(
        "asking",
        start(),
        element(
            "intermediateThrowEvent",
            "ask",
            message("Q", "= {from: number, n: 20}"),
            properties={"correlationKey": "= number"},
        ),
        element(
            "intermediateCatchEvent",
            "answered",
            message("A", variable="answer"),
            properties={"correlationKey": "= number"},
        ),
        end(),
        path("start", "ask", "answered", "end"),
    )
    answering = process(
        "answering",
        start("asked", message("Q", variable="question")),
        script("think", "= {n: question.n + 22}"),
        end("reply", message("A", "= {n: n}"), correlationKey="= question.from"),
        path("asked", "think", "reply"),
    )
    engine = deployed('<bpmn:message id="Q" name="question"/><bpmn:message id="A" name="answer"/>', asking, answering)
    case = engine.start("asking", {"number": "330502-26-00001-3"})
    assert engine.instance(case).state == "completed"
    assert engine.instance(case).variables["answer"] == {"n": 42}
    assert len(engine.instances("answering")) == 1


def test_an_event_based_gateway_takes_what_comes_first() -> None:
    body = process(
        "p",
        start(),
        element("eventBasedGateway", "race"),
        element(
            "intermediateCatchEvent",
            "paid",
            message("M", variable="payment"),
            properties={"correlationKey": "= number"},
        ),
        element("intermediateCatchEvent", "lapsed", timer("timeDuration", "P3D")),
        user("thank"),
        user("chase"),
        end(),
        end("e2"),
        flow("start", "race"),
        path("race", "paid", "thank", "end"),
        path("race", "lapsed", "chase", "e2"),
    )
    engine = deployed(PAID, body)
    paying, lapsing = engine.start("p", {"number": "A"}), engine.start("p", {"number": "B"})
    engine.correlate("paid", "A", {"sum": 5})
    engine.advance(timedelta(days=4))
    assert [task.element for task in engine.tasks(paying)] == ["thank"]
    assert engine.instance(paying).variables["payment"] == {"sum": 5}
    assert [task.element for task in engine.tasks(lapsing)] == ["chase"]


def test_a_signal_reaches_every_instance_that_waits_for_it() -> None:
    waiting = process(
        "p",
        start(),
        element("intermediateCatchEvent", "wait", '<bpmn:signalEventDefinition signalRef="S"/>'),
        end(),
        path("start", "wait", "end"),
    )
    throwing = process(
        "q",
        start("q_start"),
        element("intermediateThrowEvent", "tell", '<bpmn:signalEventDefinition signalRef="S"/>'),
        end("q_end"),
        path("q_start", "tell", "q_end"),
    )
    engine = deployed('<bpmn:signal id="S" name="calendar loaded"/>', waiting, throwing)
    cases = [engine.start("p") for _ in range(3)]
    engine.start("q")
    assert {engine.instance(case).state for case in cases} == {"completed"}


# -- the whole instance ----------------------------------------------------------------------------------------------


def test_cancelling_withdraws_everything_that_waits() -> None:
    engine = deployed(
        PAID,
        process(
            "p",
            start(),
            element("parallelGateway", "split"),
            user("one"),
            boundary("late", "one", timer("timeDuration", "PT1H")),
            service("pay", "bank.pay"),
            element("receiveTask", "receive", messageRef="M"),
            end(),
            end("e1"),
            end("e2"),
            end("e3"),
            flow("start", "split"),
            path("split", "one", "end"),
            path("late", "e1"),
            path("split", "pay", "e2"),
            path("split", "receive", "e3"),
        ),
    )
    case = engine.start("p")
    engine.cancel(case, "企业撤回")
    assert engine.instance(case).state == "cancelled"
    with engine.database.read() as connection:
        assert connection.execute(select(Timer)).all() == []
        assert connection.execute(select(Subscription)).all() == []
        assert connection.execute(select(UserTask.state)).scalars().all() == ["cancelled"]
        assert connection.execute(select(Job.state)).scalars().all() == ["cancelled"]


def test_a_suspended_instance_takes_nothing_and_catches_up_when_resumed() -> None:
    engine = deployed(PAID, waiting_for_payment())
    case = engine.start("p", {"number": "A"})
    engine.suspend(case)
    assert engine.correlate("paid", "A", {"sum": 1}).buffered
    assert engine.tasks(case) == []
    engine.resume(case)
    assert [task.element for task in engine.tasks(case)] == ["one"]
    with engine.database.read() as connection:
        assert connection.execute(select(BufferedMessage)).all() == []


def test_running_cases_stay_on_their_version_and_new_ones_take_the_new() -> None:
    old = process("p", start(), user("one"), end(), path("start", "one", "end"))
    new = process("p", start(), user("one"), user("sign"), end(), path("start", "one", "sign", "end"))
    engine = deployed(old)
    running = engine.start("p")
    engine.deploy({"model.bpmn": definitions(new)})
    fresh = engine.start("p")
    for case in (running, fresh):
        engine.complete(engine.tasks(case)[0].id)
    assert engine.instance(running).state == "completed"
    assert [task.element for task in engine.tasks(fresh)] == ["sign"]


def test_called_processes_are_pinned_with_their_caller() -> None:
    caller = process(
        "p",
        start(),
        user("one"),
        element("callActivity", "call", calledElement="q"),
        end(),
        path("start", "one", "call", "end"),
    )
    engine = Orchestrator()
    called = process("q", start("s"), script("mark", '= {version: "old"}'), end("e"), path("s", "mark", "e"))
    engine.deploy({"p.bpmn": definitions(caller), "q.bpmn": definitions(called)})
    case = engine.start("p")
    engine.deploy({"p.bpmn": definitions(caller), "q.bpmn": definitions(called.replace("old", "new"))})
    engine.complete(engine.tasks(case)[0].id)
    assert engine.instance(case).variables["version"] == "old"


def test_outputs_of_a_parallel_multi_instance_come_in_the_order_of_its_inputs() -> None:
    many = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>xs</bpmn:loopDataInputRef>"
        '<bpmn:loopDataOutputRef>ys</bpmn:loopDataOutputRef><bpmn:inputDataItem id="x"/><bpmn:outputDataItem id="y"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    engine = deployed(
        process("p", start(), service("each", "op", {"x": "= x"}, "y", many), end(), path("start", "each", "end"))
    )
    case = engine.start("p", {"xs": [10, 20, 30]})
    jobs = {job.arguments["x"]: job for job in engine.jobs()}
    for x in (30, 10, 20):
        engine.complete_job(jobs[x].id, x + 1)
    assert engine.instance(case).variables["ys"] == [11, 21, 31]


def test_a_loop_of_four_hundred_turns_ends_at_its_end() -> None:
    engine = deployed(
        process(
            "p",
            start(),
            element("exclusiveGateway", "again"),
            script("count", "= {n: n + 1}"),
            element("exclusiveGateway", "enough", default="enough_again"),
            user("one"),
            end(),
            path("start", "again", "count", "enough"),
            flow("enough", "one", "= n >= 400"),
            flow("enough", "again"),
            flow("one", "end"),
        )
    )
    case = engine.start("p", {"n": 0})
    assert [task.element for task in engine.tasks(case)] == ["one"]
    assert engine.instance(case).trace.count("count") == 400


def test_a_change_in_one_branch_is_not_seen_in_the_other() -> None:
    engine = deployed(
        process(
            "p",
            start(),
            element("parallelGateway", "split"),
            script("a", 'box["a"] = 1'),
            script("b", 'seen = "a" in box'),
            element("parallelGateway", "join"),
            end(),
            flow("start", "split"),
            path("split", "a", "join"),
            path("split", "b", "join"),
            flow("join", "end"),
        )
    )
    case = engine.start("p", {"box": {}})
    assert engine.instance(case).variables["seen"] is False
    assert engine.instance(case).variables["box"] == {"a": 1}
