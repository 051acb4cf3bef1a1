"""Compensation that is cut short, throws, or undoes what an event sub-process has done."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import select, update

from processes.kernel.codec.form import pack, unpack
from processes.orchestrator import Orchestrator
from processes.store.tables import Instance
from tests.diagrams import boundary, definitions, element, end, flow, path, process, script, start, user
from tests.reference.words import (
    ASSOCIATION,
    TERMINATE,
    begins,
    compensation,
    error,
    escalation,
    event_sub_process,
    gateway,
    root,
    signal,
    sub_process,
    throw,
)

ROOTS = (
    root("signal", "S")
    + root("error", "E", errorCode="E1")
    + root("escalation", "X", escalationCode="X1")
    + root("escalation", "Y", escalationCode="Y1")
)


def started(*body: str) -> tuple[Orchestrator, str]:
    """An instance of a process with this body; nothing of it stays in memory between two steps."""
    engine = Orchestrator()
    engine.deploy({"p.bpmn": definitions(ROOTS, process("p", *body))}, check=False)
    return engine, engine.start("p")


def do(engine: Orchestrator, case: str, name: str) -> None:
    """Complete the task of this name; before and after it the engine has nothing in memory."""
    engine.engine.workshop.hot.clear()
    engine.complete(next(each.id for each in engine.tasks(case) if each.element == name), {})
    engine.engine.workshop.hot.clear()


def undone(name: str, handler: str) -> str:
    """An activity of this name that is undone by this handler."""
    event = element("boundaryEvent", f"{name}_undo", compensation(), attachedToRef=name)
    tie = f'{ASSOCIATION}id="{name}_tie" associationDirection="One" sourceRef="{name}_undo" targetRef="{handler}"/>'
    return script(name, "= {}") + event + tie


def by_person(name: str) -> str:
    """A handler."""
    return element("userTask", name, isForCompensation="true")


@pytest.mark.parametrize("order", [("work", "undo_a", "undo_b"), ("undo_a", "undo_b", "work")], ids=["later", "first"])
def test_an_event_sub_process_that_ends_leaves_a_compensation_to_be_finished(order: tuple[str, ...]) -> None:
    inside = (
        begins("begin", signal("S"), interrupting=False),
        gateway("parallel", "both"),
        throw("undo", compensation()),
        end("undone"),
        user("enough"),
        end("stop", TERMINATE),
        path("begin", "both", "undo", "undone"),
        path("both", "enough", "stop"),
    )
    engine, case = started(
        start(), undone("b", "undo_b"), undone("a", "undo_a"), by_person("undo_a"), by_person("undo_b"), user("work"),
        end(), path("start", "b", "a", "work", "end"), event_sub_process("beside", *inside),
    )  # fmt: skip
    engine.signal("S")
    do(engine, case, "enough")
    for name in order:
        assert engine.instance(case).state == "active"
        do(engine, case, name)
    assert engine.instance(case).state == "completed"


def test_a_handler_that_was_stored_without_its_thrower_is_finished_and_the_case_ends() -> None:
    """Earlier versions withdrew the thrower, left its handler, and could not load what they had stored."""
    inside = (begins("begin", signal("S"), interrupting=False), throw("undo", compensation()), end("undone"))
    engine, case = started(
        start(), undone("a", "undo_a"), by_person("undo_a"), end(), path("start", "a", "end"), user("work"),
        path("start", "work"), event_sub_process("beside", *inside, path("begin", "undo", "undone")),
    )  # fmt: skip
    engine.signal("S")
    do(engine, case, "work")
    with engine.database.write() as connection:
        ((blob,),) = connection.execute(select(Instance.state).where(Instance.id == case)).all()
        body = unpack(blob)
        body[5][11] = [token for token in body[5][11] if token[1] != "beside"]
        connection.execute(update(Instance).where(Instance.id == case).values(state=pack(orjson.dumps(body))))
    do(engine, case, "undo_a")
    assert engine.instance(case).state == "completed"


def test_a_completed_sub_process_catches_nothing_that_its_compensation_throws() -> None:
    undoing = event_sub_process(
        "own", begins("undo_it", compensation()), end("fail", error("E")), flow("undo_it", "fail")
    )
    inner = sub_process("inner", start("i"), script("a", "= {}"), end("ie"), path("i", "a", "ie"), undoing)
    outer = sub_process(
        "outer", start("o"), inner, boundary("old", "inner", error("E")), script("wrong", "= {}"), end("we"),
        throw("undo", compensation()), end("oe"), path("o", "inner", "undo", "oe"), path("old", "wrong", "we"),
    )  # fmt: skip
    engine, case = started(
        start(), outer, boundary("caught", "outer", error("E")), script("right", "= {}"), end("re"), end(),
        path("start", "outer", "end"), path("caught", "right", "re"),
    )  # fmt: skip
    trace = engine.instance(case).trace
    assert "wrong" not in trace
    assert trace[-3:] == ["caught", "right", "re"]


def test_an_escalation_handler_does_not_start_itself() -> None:
    for thrown, caught in (("X", "X"), ("Y", "")):
        beside = event_sub_process(
            "beside", begins("begin", escalation(caught), interrupting=False), throw("again", escalation(thrown)), end("be"),
            path("begin", "again", "be"),
        )  # fmt: skip
        inner = sub_process("inner", start("i"), throw("up", escalation("X")), end("ie"), path("i", "up", "ie"), beside)
        engine, case = started(
            start(), inner, boundary("out", "inner", escalation(thrown), interrupting=False), script("told", "= {}"),
            end("oe"), end(), path("start", "inner", "end"), path("out", "told", "oe"),
        )  # fmt: skip
        trace = engine.instance(case).trace
        assert (trace.count("begin"), trace.count("told")) == (1, 1)
        assert engine.instance(case).state == "completed"


def test_what_was_completed_in_an_event_sub_process_that_is_over_can_be_undone() -> None:
    beside = event_sub_process(
        "beside", begins("begin", signal("S"), interrupting=False), undone("a", "undo_a"), by_person("undo_a"), end("be"),
        path("begin", "a", "be"),
    )  # fmt: skip
    engine, case = started(
        start(), user("work"), throw("undo", compensation()), end(), path("start", "work", "undo", "end"), beside
    )
    engine.signal("S")
    do(engine, case, "work")
    do(engine, case, "undo_a")
    assert engine.instance(case).state == "completed"
    assert engine.instance(case).trace[-4:] == ["a_undo", "undo_a", "undo", "end"]


def test_a_transaction_can_be_cancelled_from_an_event_sub_process_in_it() -> None:
    beside = event_sub_process(
        "beside",
        begins("begin", signal("S")),
        end("give_up", "<bpmn:cancelEventDefinition/>"),
        flow("begin", "give_up"),
    )
    deal = sub_process(
        "deal", start("d"), undone("a", "undo_a"), by_person("undo_a"), user("work"), end("de"),
        path("d", "a", "work", "de"), beside, tag="transaction",
    )  # fmt: skip
    engine, case = started(
        start(), deal, boundary("off", "deal", "<bpmn:cancelEventDefinition/>"), end("oe"), end(),
        path("start", "deal", "end"), path("off", "oe"),
    )  # fmt: skip
    engine.signal("S")
    do(engine, case, "undo_a")
    assert engine.instance(case).state == "completed"
    assert engine.instance(case).trace[-3:] == ["undo_a", "off", "oe"]


@pytest.mark.parametrize("own", [False, True], ids=["by what is inside", "by an event sub-process"])
def test_to_write_anew_what_was_there_before_is_to_write(own: bool) -> None:
    """What undoes the inside of a sub-process sees its variables as they were when it was completed: ``status`` was open already."""
    back = '<bpmn:script>= {status: "open"}</bpmn:script>'
    handler = element("scriptTask", "undo_a", back, isForCompensation="true")
    undoing = event_sub_process(
        "own", begins("undo_it", compensation()), script("again", '= {status: "open"}'), end("ue"), path("undo_it", "again", "ue")
    )  # fmt: skip
    inside = [script("a", "= {}"), undoing] if own else [undone("a", "undo_a"), handler]
    inner = sub_process("inner", start("i"), *inside, end("ie"), path("i", "a", "ie"))
    engine, case = started(
        start(), script("first", '= {status: "open", other: 1}'), inner, script("closed", '= {status: "closed", other: 2}'),
        user("wait"), throw("undo", compensation()), end(), path("start", "first", "inner", "closed", "wait", "undo", "end"),
    )  # fmt: skip
    do(engine, case, "wait")

    assert engine.instance(case).variables == {"status": "open", "other": 2}
