"""What two versions differ in is what has been done to one of them, and nothing else."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from processes.notation import difference
from processes.notation.difference import Detail

MODELS = Path(__file__).resolve().parents[3] / "bpmn"
DIAGRAMS = sorted(MODELS.rglob("*.bpmn"))
DECISIONS = sorted(MODELS.rglob("*.dmn"))
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"


def named(path: Path) -> str:
    return path.name


def written(root: Any, *, indent: bool = False) -> bytes:
    if indent:
        etree.indent(root, space="\t")
    body: bytes = etree.tostring(root)
    return body


@pytest.mark.parametrize("path", DIAGRAMS, ids=named)
def test_another_layout_of_the_file_and_another_order_in_it_are_no_difference(path: Path) -> None:
    body = path.read_bytes()
    root = etree.fromstring(body)
    for process in root.iter(f"{BPMN}process"):
        flows = list(process.iterchildren(f"{BPMN}sequenceFlow"))
        random.Random(7).shuffle(flows)
        process.extend(flows)
    for lane in root.iter(f"{BPMN}lane"):
        members = list(lane.iterchildren(f"{BPMN}flowNodeRef"))
        lane[:0] = reversed(members)
    assert difference.diagrams(body, written(root, indent=True)) == []


@pytest.mark.parametrize("path", DIAGRAMS, ids=named)
def test_what_is_done_to_a_diagram_is_told(path: Path) -> None:
    body = path.read_bytes()
    root = etree.fromstring(body)
    starts = list(root.iter(f"{BPMN}startEvent"))
    ends = list(root.iter(f"{BPMN}endEvent"))
    renamed, moved = starts[0], ends[0]
    renamed.set("name", "另一个名字")
    bounds = next(each for each in root.iter(BOUNDS) if each.getparent().get("bpmnElement") == moved.get("id"))
    bounds.set("x", "99999")
    fresh = etree.SubElement(renamed.getparent(), f"{BPMN}task", id="fresh", name="法律审核")
    shape = bounds.getparent()
    drawn = etree.SubElement(shape.getparent(), shape.tag, id="fresh_di", bpmnElement="fresh")
    etree.SubElement(drawn, BOUNDS, x="0", y="0", width="100", height="80")
    assert fresh is not None
    found = {each.id: each for each in difference.diagrams(body, written(root))}
    assert {each: change.kind for each, change in found.items()} == {
        renamed.get("id"): "changed",
        moved.get("id"): "moved",
        "fresh": "added",
    }
    [detail] = found[renamed.get("id")].details
    assert (detail.property, detail.after) == ("@name", "另一个名字")
    back = {each.id: each.kind for each in difference.diagrams(written(root), body)}
    assert back == {renamed.get("id"): "changed", moved.get("id"): "moved", "fresh": "removed"}


def test_properties_are_known_by_their_names_wherever_they_stand() -> None:
    path = next(each for each in DIAGRAMS if each.name == "board_handoff.bpmn")
    root = etree.fromstring(path.read_bytes())
    listed = next(
        each for each in root.iter(f"{SPIFF}properties") if each.getparent().getparent().tag == f"{BPMN}userTask"
    )
    first = etree.Element(f"{SPIFF}property", name="warnAfter", value="2")
    listed.insert(0, first)
    [change] = difference.diagrams(path.read_bytes(), written(root))
    assert list(change.details) == [Detail("warnAfter", "", "2")]


def handoff() -> tuple[bytes, Any]:
    body = next(each for each in DIAGRAMS if each.name == "board_handoff.bpmn").read_bytes()
    return body, etree.fromstring(body)


def test_of_an_element_that_is_new_or_gone_it_is_told_what_it_says() -> None:
    body, root = handoff()
    task = next(
        each for each in root.iter(f"{BPMN}serviceTask") if each.find(f".//{SPIFF}serviceTaskOperator") is not None
    )
    said = {each.get("id"): each.get("value") for each in task.iter(f"{SPIFF}parameter")}
    shape = next(each for each in root.iter("{*}BPMNShape") if each.get("bpmnElement") == task.get("id"))
    task.getparent().remove(task)
    shape.getparent().remove(shape)
    without = written(root)
    [added] = [each for each in difference.diagrams(without, body) if each.id == task.get("id")]
    [gone] = [each for each in difference.diagrams(body, without) if each.id == task.get("id")]
    topic = task.find(f".//{SPIFF}serviceTaskOperator").get("id")
    told = {each.property: each.after for each in added.details}
    assert told["job"] == topic
    assert {name: told[f"parameter {name}"] for name in said} == said
    assert all(not each.before for each in added.details)
    assert {each.property: each.before for each in gone.details} == told
    assert all(not each.after for each in gone.details)


def test_another_job_and_another_name_of_a_parameter_are_told() -> None:
    body, root = handoff()
    operator = next(root.iter(f"{SPIFF}serviceTaskOperator"))
    parameter = next(operator.iter(f"{SPIFF}parameter"))
    was, name, value = operator.get("id"), parameter.get("id"), parameter.get("value")
    operator.set("id", "another.job")
    parameter.set("id", "another")
    [change] = difference.diagrams(body, written(root))
    assert sorted(change.details, key=lambda each: each.property) == [
        Detail("job", was, "another.job"),
        *sorted(
            [Detail("parameter another", "", value), Detail(f"parameter {name}", value, "")],
            key=lambda each: each.property,
        ),
    ]


def test_a_message_is_told_by_its_name_and_kinds_of_expressions_are_no_difference() -> None:
    body, root = handoff()
    flow = next(root.iter(f"{BPMN}conditionExpression"))
    kind = "{http://www.w3.org/2001/XMLSchema-instance}type"
    del flow.attrib[kind]
    event = next(root.iter(f"{BPMN}messageEventDefinition"))
    messages = {each.get("id"): each.get("name") for each in root.iter(f"{BPMN}message")}
    other = next(each for each in messages if each != event.get("messageRef"))
    was = messages[event.get("messageRef")]
    event.set("messageRef", other)
    [change] = difference.diagrams(body, written(root))
    [detail] = change.details
    assert (detail.before, detail.after) == (was, messages[other])


@pytest.mark.parametrize("path", DECISIONS, ids=named)
def test_rows_of_decision_tables_are_told_cell_by_cell(path: Path) -> None:
    body = path.read_bytes()
    assert difference.decisions(body, body) == []
    root = etree.fromstring(body)
    tables = [each for each in root.iter("{*}decisionTable") if len(list(each.iterchildren("{*}rule"))) > 2]
    if not tables:
        pytest.skip("no table of three rows")
    rules = list(tables[0].iterchildren("{*}rule"))
    cell = next(each for each in rules[0].iterchildren("{*}outputEntry"))
    was = "".join(cell.itertext()).strip()
    next(cell.iterchildren("{*}text")).text = '"其他"'
    tables[0].remove(rules[-1])
    [found] = difference.decisions(body, written(root))
    assert [(each.kind, each.number) for each in found.rows] == [("changed", 1), ("removed", len(rules))]
    assert [each for each in found.rows[0].cells if each[0] != each[1]] == [(was, '"其他"')]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=3), JSON, min_size=1, max_size=4), JSON)
def test_forms_differ_where_something_was_put(form: dict[str, Any], fresh: Any) -> None:
    before = json.dumps(form).encode()
    assert difference.forms(before, before) == []
    after = json.dumps({**form, "fresh": fresh}).encode()
    found = difference.forms(before, after)
    assert found
    assert all(each.property.startswith("fresh") and not each.before for each in found)
    assert [each.property for each in difference.forms(after, before)] == [each.property for each in found]
