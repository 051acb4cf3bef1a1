"""Data associations: what they bring into activities and events, and take out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from processes.orchestrator import Orchestrator
from tests.diagrams import definitions, element, end, message, path, process, start, user
from tests.reference.words import call, catch, data_object, many, reads, root, sub_process, throw, writes

MESSAGE = root("message", "M")


def started(*body: str, outside: str = "", **variables: Any) -> tuple[Orchestrator, str]:
    """An instance of a process with this body."""
    engine = Orchestrator()
    engine.deploy({"p.bpmn": definitions(MESSAGE, process("p", *body), outside)})
    return engine, engine.start("p", variables)


def script(name: str, text: str, *inner: str) -> str:
    """A script task with associations."""
    return element("scriptTask", name, *inner, f"<bpmn:script>{text}</bpmn:script>")


def declared(inputs: Sequence[str] = (), outputs: Sequence[str] = (), optional: Sequence[str] = ()) -> str:
    """An ``ioSpecification`` with these data inputs and outputs, each of which is its own name."""
    parts = "".join(f'<bpmn:dataInput id="{each}" name="{each}"/>' for each in inputs)
    parts += "".join(f'<bpmn:dataOutput id="{each}" name="{each}"/>' for each in outputs)
    wanted = "".join(f"<bpmn:dataInputRefs>{each}</bpmn:dataInputRefs>" for each in inputs)
    wanted += "".join(f"<bpmn:optionalInputRefs>{each}</bpmn:optionalInputRefs>" for each in optional if each in inputs)
    given = "".join(f"<bpmn:dataOutputRefs>{each}</bpmn:dataOutputRefs>" for each in outputs)
    given += "".join(
        f"<bpmn:optionalOutputRefs>{each}</bpmn:optionalOutputRefs>" for each in optional if each in outputs
    )
    return f"<bpmn:ioSpecification>{parts}<bpmn:inputSet>{wanted}</bpmn:inputSet><bpmn:outputSet>{given}</bpmn:outputSet></bpmn:ioSpecification>"


def into(source: str, target: str) -> str:
    """A data input association."""
    ends = f"<bpmn:sourceRef>{source}</bpmn:sourceRef><bpmn:targetRef>{target}</bpmn:targetRef>"
    return f"<bpmn:dataInputAssociation>{ends}</bpmn:dataInputAssociation>"


def out(source: str, target: str) -> str:
    """A data output association."""
    return into(source, target).replace("dataInputAssociation", "dataOutputAssociation")


def variables(run: tuple[Orchestrator, str]) -> Any:
    engine, case = run
    assert engine.instance(case).state == "completed"
    return engine.instance(case).variables


def test_a_property_of_the_process_is_data_like_a_data_object() -> None:
    write = script("a", "= {res: 5}", declared(outputs=["res"]), out("res", "held"))
    read = script("b", "= {y: inp + 1}", declared(inputs=["inp"]), into("held", "inp"))
    found = variables(
        started('<bpmn:property id="held" name="held"/>', start(), write, read, end(), path("start", "a", "b", "end"))
    )
    assert found["y"] == 6
    assert "held" not in found


def test_inputs_and_outputs_of_the_process_are_its_variables() -> None:
    task = script("b", "= {y: inp + 1}", declared(["inp"], ["y"]), into("pin", "inp"), out("y", "pout"))
    found = variables(started(declared(["pin"], ["pout"]), start(), task, end(), path("start", "b", "end"), pin=5))
    assert (found["y"], found["pout"]) == (6, 6)


def test_an_event_puts_what_it_has_caught_into_a_data_object() -> None:
    given = '<bpmn:dataOutput id="got" name="amount"/>' + out("got", "held_ref")
    given += "<bpmn:outputSet><bpmn:dataOutputRefs>got</bpmn:dataOutputRefs></bpmn:outputSet>"
    read = script("b", "= {seen: inp}", reads("held", "b", "inp"))
    engine, case = started(
        data_object("held"), start(), catch("wait", given, message("M")), read, end(), path("start", "wait", "b", "end")
    )
    engine.correlate("M", payload={"amount": 7})
    assert variables((engine, case))["seen"] == 7


def test_an_event_throws_what_a_data_object_holds() -> None:
    write = script("a", "= {res: 5}", writes("held", "a", "res"))
    given = '<bpmn:dataInput id="sent" name="got"/>' + into("held_ref", "sent")
    given += "<bpmn:inputSet><bpmn:dataInputRefs>sent</bpmn:dataInputRefs></bpmn:inputSet>"
    other = process("q", start("qs", message("M")), user("look"), end("qe"), path("qs", "look", "qe"))
    engine, _ = started(
        data_object("held"), start(), write, throw("tell", given, message("M")), end(),
        path("start", "a", "tell", "end"), outside=other,
    )  # fmt: skip
    (case,) = engine.instances("q")
    assert engine.instance(case).variables == {"got": 5}


def test_several_go_over_a_data_object_and_are_collected_in_another() -> None:
    named = '<bpmn:dataObject id="list" name="values"/><bpmn:dataObjectReference id="list_ref" dataObjectRef="list" name="values"/>'
    write = script("a", "= {res: [1, 2]}", writes("list", "a", "res"))
    for meant in ("list", "list_ref"):
        turn = sub_process(
            "each", many(items=meant, item="x", outputs="sums", output="y"), start("i"),
            script("double", "= {y: 2 * x}"), end("ie"), path("i", "double", "ie"),
        )  # fmt: skip
        found = variables(
            started(
                named,
                data_object("sums"),
                start(),
                write,
                turn,
                script("b", "= {seen: inp}", reads("sums", "b", "inp")),
                end(),
                path("start", "a", "each", "b", "end"),
            )
        )
        assert found["seen"] == [2, 4]
        assert "sums" not in found


def test_an_item_goes_into_a_turn_by_its_own_data_input() -> None:
    loop = many(items="xs", item="x", outputs="ys", output="y")
    inner = (declared(["xs", "one"], ["ys", "result"]), into("x", "one"), out("result", "y"))
    task = script("each", "= {result: 10 * one}", *inner, loop)
    found = variables(started(start(), task, end(), path("start", "each", "end"), xs=[1, 2]))
    assert found == {"xs": [1, 2], "ys": [10, 20]}


@pytest.mark.parametrize(("given", "expected"), [({}, None), ({"maybe": 3}, 3)])
def test_what_is_optional_for_a_called_process_may_be_missing(given: dict[str, Any], expected: int | None) -> None:
    called = process(
        "q", declared(["maybe"], ["seen", "never"], optional=["maybe", "never"]), start("qs"),
        script("qa", "= {seen: maybe}"), end("qe"), path("qs", "qa", "qe"),
    )  # fmt: skip
    found = variables(started(start(), call("go", "q"), end(), path("start", "go", "end"), outside=called, **given))
    assert found == {**given, "seen": expected}
