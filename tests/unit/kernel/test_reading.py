"""What a file says is read as the standard has it written: comments, encodings, references, names of files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from processes.errors import BihuanError
from processes.notation.bundle import read_folder
from processes.orchestrator import Orchestrator, Refused
from processes.runtime.definitions import NothingToDeploy
from tests.diagrams import definitions, element, end, flow, path, process, script, start, timer, user
from tests.reference.words import root, throw

PLAIN = definitions(process("p", start(), end(), path("start", "end")))
MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def other(*content: str, imports: str = "", namespace: str = "urn:other") -> bytes:
    """A file whose prefix ``o`` is the namespace urn:other, and ``own`` its own."""
    drawn = definitions(*content).decode()
    head = f'<bpmn:definitions xmlns:o="urn:other" xmlns:own="{namespace}" '
    drawn = drawn.replace("<bpmn:definitions ", head, 1)
    before, _, after = drawn.partition('targetNamespace="')
    _, _, rest = after.partition('"')
    drawn = f'{before}targetNamespace="{namespace}"{rest}'
    head, bracket, body = drawn.partition('">')
    return (head + bracket + imports + body).encode()


IMPORT = f'<bpmn:import importType="{MODEL}" location="other.bpmn" namespace="urn:other"/>'


def run(files: bytes | dict[str, bytes], **variables: object) -> tuple[Orchestrator, str]:
    engine = Orchestrator()
    engine.deploy({"p.bpmn": files} if isinstance(files, bytes) else files)
    return engine, engine.start("p", variables)


@pytest.mark.parametrize("inside", ["<!-- said --> = x = 1", "= x <!-- is --> = 1", "= x = 1<?note it?>"])
def test_a_comment_in_a_condition_is_no_content(inside: str) -> None:
    body = start() + element("exclusiveGateway", "either", default="either_no") + script("yes", "= {y: 1}")
    body += script("no", "= {y: 2}") + end() + path("start", "either") + flow("either", "yes", "CONDITION")
    body += path("either", "no", "end") + path("yes", "end")
    drawn = definitions(process("p", body)).replace(b"CONDITION", inside.encode())
    for x in (1, 2):
        engine, case = run(drawn, x=x)
        assert engine.instance(case).variables["y"] == x


@pytest.mark.parametrize("before", [b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf  \n"])
def test_what_stands_before_the_declaration_is_passed_over(before: bytes) -> None:
    engine, case = run(before + b'<?xml version="1.0" encoding="UTF-8"?>' + PLAIN.partition(b"?>")[2])
    assert engine.instance(case).state == "completed"


@pytest.mark.parametrize("name", ["p.bpmn20.xml", "P.BPMN", "p.xml", "p"])
def test_a_file_is_what_it_holds_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(PLAIN)
    engine = Orchestrator()
    (version,) = engine.deploy(read_folder([tmp_path / name]))
    assert version.process_id == "p"
    assert engine.instance(engine.start("p")).state == "completed"


def test_a_deployment_that_puts_nothing_into_force_says_so() -> None:
    drawn = PLAIN.replace(b'isExecutable="true"', b'isExecutable="false"')
    with pytest.raises(NothingToDeploy):
        Orchestrator().engine.deploy({"p.bpmn": drawn})
    with pytest.raises(BihuanError, match=r"notes\.txt"):
        Orchestrator().engine.deploy({"notes.txt": b"not a diagram"})


def test_what_the_engine_would_run_wrongly_is_refused_with_every_finding() -> None:
    twice = element("userTask", "work", startQuantity="2") + element("complexGateway", "odd")
    drawn = definitions(process("p", start(), twice, end(), path("start", "work", "odd", "end")))
    engine = Orchestrator()
    with pytest.raises(Refused) as refused:
        engine.deploy({"p.bpmn": drawn})
    found = {(each.rule, each.element) for each in refused.value.findings}
    assert {("token-quantity", "work"), ("complex-gateway", "odd")} <= found
    assert all(each.severity == "error" for each in refused.value.findings)
    with pytest.raises(BihuanError):
        engine.start("p")


def test_an_event_is_attached_by_a_qualified_name() -> None:
    late = element("boundaryEvent", "late", timer("timeDuration", "PT1H"), attachedToRef="own:work")
    body = (
        start()
        + user("work")
        + late
        + user("remind")
        + end()
        + path("start", "work", "end")
        + path("late", "remind", "end")
    )
    engine, case = run(other(process("p", body)))
    engine.advance(timedelta(hours=1))
    assert [each.element for each in engine.tasks(case)] == ["remind"]


def test_compensation_is_tied_by_qualified_names() -> None:
    body = (
        start()
        + script("work", "= {done: 1}")
        + script("undo", "= {done: 0}").replace('id="undo"', 'id="undo" isForCompensation="true"')
    )
    body += element("boundaryEvent", "sorry", "<bpmn:compensateEventDefinition/>", attachedToRef="work")
    body += '<bpmn:association id="a" sourceRef="own:sorry" targetRef="own:undo"/>'
    body += throw("back", '<bpmn:compensateEventDefinition activityRef="own:work"/>') + end()
    engine, case = run(other(process("p", body + path("start", "work", "back", "end"))))
    assert engine.instance(case).variables == {"done": 0}


def test_the_association_of_a_compensation_may_stand_outside_its_sub_process() -> None:
    inside = (
        start("begin")
        + script("work", "= {done: 1}")
        + script("undo", "= {done: 0}").replace('id="undo"', 'id="undo" isForCompensation="true"')
    )
    inside += element("boundaryEvent", "sorry", "<bpmn:compensateEventDefinition/>", attachedToRef="work")
    inside += throw("back", "<bpmn:compensateEventDefinition/>") + end("stop") + path("begin", "work", "back", "stop")
    body = start() + element("subProcess", "sub", inside) + end() + path("start", "sub", "end")
    engine, case = run(definitions(process("p", body, '<bpmn:association id="a" sourceRef="sorry" targetRef="undo"/>')))
    assert engine.instance(case).variables == {"done": 0}


def test_a_list_is_named_by_a_qualified_name() -> None:
    many = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>own:xs</bpmn:loopDataInputRef>"
        '<bpmn:inputDataItem id="x" name="x"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    data = '<bpmn:ioSpecification><bpmn:dataInput id="xs" name="xs"/><bpmn:inputSet><bpmn:dataInputRefs>xs</bpmn:dataInputRefs>'
    data += "</bpmn:inputSet><bpmn:outputSet/></bpmn:ioSpecification>"
    body = start() + element("userTask", "work", data, many) + end() + path("start", "work", "end")
    engine, case = run(other(process("p", body)), xs=[1, 2, 3])
    assert len(engine.tasks(case)) == 3


def test_messages_and_event_definitions_of_an_imported_file_are_meant_by_its_prefix() -> None:
    wait = element("receiveTask", "wait", messageRef="o:m", name="Wait")
    later = element("intermediateCatchEvent", "later", "<bpmn:eventDefinitionRef>o:hour</bpmn:eventDefinitionRef>")
    body = process("p", start(), wait, later, end(), path("start", "wait", "later", "end"))
    hour = (
        '<bpmn:timerEventDefinition id="hour"><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>'
    )
    files = {
        "p.bpmn": other('<bpmn:message id="m" name="ours"/>', body, imports=IMPORT, namespace="urn:mine"),
        "other.bpmn": other('<bpmn:message id="m" name="theirs"/>', hour),
    }
    engine, case = run(files)
    engine.correlate("ours")
    assert engine.instance(case).trace == ["start"]
    engine.correlate("theirs")
    engine.engine.definitions._parsed.clear()  # as in another process: the definition is read from the database
    engine.advance(timedelta(hours=1))
    assert engine.instance(case).trace == ["start", "wait", "later", "end"]


def test_errors_of_an_imported_file_are_told_apart_by_their_codes() -> None:
    errors = '<bpmn:error id="e1" errorCode="A"/><bpmn:error id="e2" errorCode="B"/>'

    def error(name: str) -> str:
        return f'<bpmn:errorEventDefinition errorRef="o:{name}"/>'

    inside = start("begin") + element("endEvent", "fails", error("e2")) + path("begin", "fails")
    body = start() + element("subProcess", "sub", inside) + end() + path("start", "sub", "end")
    for name in ("e1", "e2"):
        body += element("boundaryEvent", f"on_{name}", error(name), attachedToRef="sub") + end(f"end_{name}")
        body += path(f"on_{name}", f"end_{name}")
    mine = other(process("p", body), imports=IMPORT, namespace="urn:mine")
    engine, case = run({"p.bpmn": mine, "other.bpmn": other(errors)})
    assert engine.instance(case).trace == ["start", "begin", "fails", "on_e2", "end_e2"]


def test_a_message_event_that_names_an_operation_alone_waits_for_its_message_though_check_asks_for_the_message() -> (
    None
):
    interface = (
        '<bpmn:interface id="i" name="i"><bpmn:operation id="op" name="op"><bpmn:inMessageRef>m</bpmn:inMessageRef>'
        "</bpmn:operation></bpmn:interface>"
    )
    named = "<bpmn:messageEventDefinition><bpmn:operationRef>op</bpmn:operationRef></bpmn:messageEventDefinition>"
    body = (
        start() + element("intermediateCatchEvent", "wait", named, name="Wait") + end() + path("start", "wait", "end")
    )
    files = {"p.bpmn": definitions(root("message", "m"), interface, process("p", body))}
    engine = Orchestrator()
    with pytest.raises(Refused):
        engine.deploy(files)
    engine.deploy(files, check=False)
    case = engine.start("p")
    engine.correlate("m")
    assert engine.instance(case).state == "completed"


def test_the_condition_of_a_default_flow_is_ignored() -> None:
    body = start() + element("exclusiveGateway", "either", default="either_no") + script("yes", "= {y: 1}")
    body += script("no", "= {y: 2}") + end() + path("start", "either") + flow("either", "yes", "= x = 1")
    body += flow("either", "no", "= x = 3") + path("yes", "end") + path("no", "end")
    engine, case = run(definitions(process("p", body)), x=2)
    assert engine.instance(case).variables["y"] == 2
