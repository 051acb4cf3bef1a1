"""Scopes and tasks, one rule a test."""

from __future__ import annotations

from tests.diagrams import (
    boundary,
    definitions,
    element,
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
from tests.reference.hand import between, do, run_of, waits
from tests.reference.interpreter import Reference
from tests.reference.words import (
    begins,
    call,
    catch,
    compensated,
    event_sub_process,
    link,
    scripted,
    signal,
    sub_process,
)

# -- scopes ----------------------------------------------------------------------------------------------------------


def test_a_process_runs_from_its_start_to_its_end() -> None:
    run = run_of(*between(script("a", "= {x: n + 1}"), first="a"), n=1)
    assert (run.state, run.trace, run.variables) == ("completed", ["start", "a", "end"], {"n": 1, "x": 2})


def test_a_scope_without_a_start_begins_everywhere_that_nothing_leads_to() -> None:
    run = run_of(script("a", "= {a: 1}"), script("b", "= {b: 1}"), script("c", "= {c: 1}"), flow("a", "c"))
    assert run.trace == ["a", "b", "c"]
    assert run.variables == {"a": 1, "b": 1, "c": 1}


def test_an_implicit_start_is_no_boundary_event_link_or_handler() -> None:
    run = run_of(
        user("a"),
        boundary("late", "a", timer("timeDuration", "PT1H")),
        *compensated("a", "undo"),
        script("undo", "= {}").replace("<bpmn:scriptTask", '<bpmn:scriptTask isForCompensation="true"'),
        catch("there", link("L")),
        event_sub_process("on", begins("on_start", signal("S"))),
    )
    do(run, "a")
    assert (run.state, run.trace) == ("completed", ["a"])


def test_a_token_ends_where_no_flow_goes_on_and_the_scope_ends_with_the_last() -> None:
    run = run_of(start(), user("a"), user("b"), path("start", "a"), flow("start", "b"))
    do(run, "b")
    assert (run.state, run.trace) == ("active", ["start", "b"])
    do(run, "a")
    assert (run.state, run.trace) == ("completed", ["start", "b", "a"])


def test_a_sub_process_stands_in_the_trace_after_its_content() -> None:
    inner = sub_process("sub", start("s1"), script("a", "= {x: 1}"), path("s1", "a"))
    run = run_of(*between(inner, first="sub"))
    assert run.trace == ["start", "s1", "a", "sub", "end"]
    assert run.variables == {"x": 1}


def test_a_call_activity_runs_a_process_with_everything_and_gets_everything_back() -> None:
    called = process("q", start("s1"), script("a", "= {x: n + 1}"), path("s1", "a"))
    run = run_of(*between(call("c", "q"), first="c"), outside=called, n=1)
    assert run.trace == ["start", "s1", "a", "c", "end"]
    assert run.variables == {"n": 1, "x": 2}


def test_a_called_process_that_declares_its_data_gets_and_gives_only_that() -> None:
    declared = (
        '<bpmn:ioSpecification><bpmn:dataInput id="i" name="n"/><bpmn:dataOutput id="o" name="x"/>'
        "<bpmn:inputSet/><bpmn:outputSet/></bpmn:ioSpecification>"
    )
    called = process("q", declared, start("s1"), script("a", "= {x: n + 1, y: m}"), path("s1", "a"))
    run = run_of(*between(call("c", "q"), first="c"), outside=called, n=1, m=5)
    assert run.variables == {"n": 1, "m": 5, "x": 2}


def test_a_call_of_a_global_task_runs_that_task() -> None:
    run = run_of(*between(call("c", "g"), first="c"), outside=element("globalUserTask", "g"))
    assert waits(run) == ["user g"]
    do(run, "g", done=True)
    assert (run.trace, run.variables) == (["start", "g", "c", "end"], {"done": True})


def test_a_process_that_only_events_start_waits_for_the_first_of_them() -> None:
    run = run_of(
        element("startEvent", "by_signal", signal("S")),
        element("startEvent", "by_message", message("M")),
        script("a", "= {}"),
        script("b", "= {}"),
        flow("by_signal", "a"),
        flow("by_message", "b"),
    )
    assert waits(run) == ["message by_message", "signal by_signal"]
    run.message("M")
    assert (run.state, run.trace) == ("completed", ["by_message", "b"])


def test_an_instantiating_gateway_waits_for_its_first_event_or_for_all() -> None:
    def body(kind: str) -> tuple[str, ...]:
        return (
            element("eventBasedGateway", "g", instantiate="true", eventGatewayType=kind),
            catch("m", message("M")),
            catch("s", signal("S")),
            flow("g", "m"),
            flow("g", "s"),
        )

    one, both = run_of(*body("Exclusive")), run_of(*body("Parallel"))
    one.signal("S")
    assert (one.state, one.trace) == ("completed", ["g", "s"])
    both.signal("S")
    assert both.state == "active"
    both.message("M")
    assert (both.state, both.trace) == ("completed", ["g", "s", "m"])


# -- tasks -----------------------------------------------------------------------------------------------------------


def test_a_plain_task_passes_and_a_manual_task_waits() -> None:
    run = run_of(*between(element("task", "a"), element("manualTask", "b"), flow("a", "b"), first="a", last="b"))
    assert waits(run) == ["user b"]
    do(run, "b")
    assert run.trace == ["start", "a", "b", "end"]


def test_a_persons_data_land_among_the_variables_or_under_the_result_variable() -> None:
    run = run_of(*between(user("a"), user("b", resultVariable="r"), flow("a", "b"), first="a", last="b"))
    do(run, "a", x=1)
    do(run, "b", y=2)
    assert run.variables == {"x": 1, "r": {"y": 2}}


def test_a_service_task_waits_for_its_result() -> None:
    run = run_of(*between(service("a", "work", {"k": "= n"}, "r"), first="a"), n=3)
    (job,) = run.waiting("job")
    assert (job.name, job.key) == ("work", "{'k': 3}")
    run.job_done(job, [1])
    assert run.variables == {"n": 3, "r": [1]}


def test_a_business_rule_task_decides() -> None:
    table = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d"><decision id="level" name="level">'
        '<variable name="level"/><literalExpression><text>if n &gt; 2 then "high" else "low"</text></literalExpression></decision></definitions>'
    )
    rule = element(
        "businessRuleTask",
        "a",
        "<bpmn:extensionElements><spiffworkflow:calledDecisionId>level</spiffworkflow:calledDecisionId></bpmn:extensionElements>",
    )
    files = {"p.bpmn": definitions(process("p", *between(rule, first="a"))), "d.dmn": table.encode()}
    assert Reference(files).start("p", {"n": 3}).variables == {"n": 3, "level": "high"}


def test_a_sent_message_is_received_by_a_task_even_when_it_comes_early() -> None:
    send = element(
        "sendTask",
        "a",
        "<bpmn:extensionElements><spiffworkflow:messagePayload>= {x: n}</spiffworkflow:messagePayload></bpmn:extensionElements>",
        messageRef="M",
    )
    receive = element("receiveTask", "b", messageRef="M")
    run = run_of(*between(send, receive, flow("a", "b"), first="a", last="b"), n=1)
    assert (run.state, run.trace, run.variables) == ("completed", ["start", "a", "b", "end"], {"n": 1, "x": 1})


def test_scripts_run_before_and_after_an_activity() -> None:
    task = scripted("userTask", "a", before="= {x: 1}", after="= {y: x + z}")
    run = run_of(*between(task, first="a"))
    assert run.variables == {"x": 1}
    do(run, "a", z=2)
    assert run.variables == {"x": 1, "z": 2, "y": 3}
