"""Models rewritten to mean the same: every id another one, every diagram's elements in another order, decision tables told otherwise."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"

_FIRST = ("documentation", "extensionElements", "laneSet", "ioSpecification", "property", "incoming", "outgoing")
"""What stands at the beginning of a process or sub-process, in this order."""

_REFERENCES = ("id", "sourceRef", "targetRef", "attachedToRef", "default", "bpmnElement", "activityRef")

_PEOPLE = ("userTask", "manualTask")


def rewritten(files: Mapping[str, bytes], seed: int) -> dict[str, bytes]:
    """The same models: other ids inside of processes, other order, rules of tables under other ids."""
    chance = random.Random(seed)
    out = dict(files)
    for name, body in files.items():
        if name.endswith(".bpmn"):
            out[name] = _diagram(body, chance)
        elif name.endswith(".dmn"):
            out[name] = _table(body, chance)
    return out


def changed(body: bytes, change: Callable[[Any], None]) -> bytes:
    """A file after a change of its tree."""
    root = etree.fromstring(body)
    change(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def by_id(root: Any, identity: str) -> Any:
    """The element of an id."""
    return next(each for each in root.iter() if each.get("id") == identity)


def _diagram(body: bytes, chance: random.Random) -> bytes:
    return changed(body, lambda root: _mix(root, chance))


def _mix(root: Any, chance: random.Random) -> None:
    fresh = {each: f"n{chance.getrandbits(48):x}" for process in root.iter(BPMN + "process") for each in _ids(process)}
    for process in root.iter(BPMN + "process"):
        for each in _with_results(process):
            _keep_variable(each)
    for element in root.iter():
        if not isinstance(element.tag, str) or element.tag.startswith(SPIFF):
            continue
        for attribute, value in element.attrib.items():
            if attribute in _REFERENCES and value in fresh:
                element.set(attribute, fresh[value])
        if (
            element.text
            and element.text.strip() in fresh
            and _local(element) in ("incoming", "outgoing", "flowNodeRef")
        ):
            element.text = fresh[element.text.strip()]
    for scope in [*root.iter(BPMN + "process", BPMN + "subProcess", BPMN + "transaction")]:
        _shuffle(scope, chance)


def _ids(process: Any) -> Iterator[str]:
    """Of all flow elements of a process."""
    for each in process.iterdescendants():
        if isinstance(each.tag, str) and each.tag.startswith(BPMN) and not _local(each).endswith("DataItem"):
            yield from filter(None, [each.get("id")])


def _with_results(process: Any) -> Iterator[Any]:
    """User tasks and decisions whose outcome stands under their id."""
    yield from (each for tag in _PEOPLE for each in process.iter(BPMN + tag))


def _keep_variable(task: Any) -> None:
    properties = task.find(f"{BPMN}extensionElements/{SPIFF}properties")
    names = {each.get("name") for each in properties} if properties is not None else set()
    if "form" in names and "resultVariable" not in names:
        etree.SubElement(properties, f"{SPIFF}property", name="resultVariable", value=task.get("id"))


def _shuffle(scope: Any, chance: random.Random) -> None:
    """The flows out of one element keep their order: the first whose condition holds is taken."""
    kept = [each for each in scope if _local(each) in _FIRST]
    rest = [each for each in scope if _local(each) not in _FIRST]
    order = {each: number for number, each in enumerate(rest)}
    chance.shuffle(rest)
    for source in {each.get("sourceRef") for each in rest if _local(each) == "sequenceFlow"}:
        at = [number for number, each in enumerate(rest) if each.get("sourceRef") == source]
        for number, each in zip(at, sorted((rest[one] for one in at), key=order.__getitem__), strict=True):
            rest[number] = each
    for each in rest:
        scope.remove(each)
    scope.extend(rest)
    assert [*scope] == [*kept, *rest]


def _table(body: bytes, chance: random.Random) -> bytes:
    return changed(body, lambda root: _rules(root, chance))


def _rules(root: Any, chance: random.Random) -> None:
    """Rules get other ids; where the hit policy lets any order do, another order."""
    for table in root.iter("{*}decisionTable"):
        rules = [each for each in table if _local(each) == "rule"]
        for each in rules:
            each.set("id", f"r{chance.getrandbits(48):x}")
        if table.get("hitPolicy", "UNIQUE") in ("UNIQUE", "ANY"):
            chance.shuffle(rules)
            for each in rules:
                table.remove(each)
            table.extend(rules)


def split(body: bytes, decision_id: str) -> bytes:
    """A table of hit policy FIRST as two: the first half of its rules, the rest of them, and a decision that takes what either of them says."""
    return changed(body, lambda root: _split(by_id(root, decision_id)))


def _split(decision: Any) -> None:
    table = next(each for each in decision if _local(each) == "decisionTable")
    assert table.get("hitPolicy") == "FIRST"
    whole, rules = decision.get("id"), [each for each in table if _local(each) == "rule"]
    half = len(rules) // 2
    parts = []
    for number, kept in enumerate((rules[:half], rules[half:]), start=1):
        part = deepcopy(decision)
        keep = {each.get("id") for each in kept}
        inside = next(each for each in part if _local(each) == "decisionTable")
        for rule in [each for each in inside if _local(each) == "rule" and each.get("id") not in keep]:
            inside.remove(rule)
        for each in part.iter():
            if isinstance(each.tag, str) and each.get("id"):
                each.set("id", f"{each.get('id')}_part{number}")
        part.set("name", part.get("id"))
        variable = next((each for each in part if _local(each) == "variable"), None)
        if variable is not None:
            variable.set("name", part.get("id"))
        parts.append(part)
    space = etree.QName(decision).namespace
    decision.remove(table)
    for part in parts:
        decision.addprevious(part)
        needed = etree.SubElement(decision, f"{{{space}}}informationRequirement", id=f"needs_{part.get('id')}")
        etree.SubElement(needed, f"{{{space}}}requiredDecision", href=f"#{part.get('id')}")
    said = etree.SubElement(decision, f"{{{space}}}literalExpression", id=f"{whole}_either")
    one, other = (part.get("id") for part in parts)
    etree.SubElement(said, f"{{{space}}}text").text = f"if {one} != null then {one} else {other}"


def _local(element: Any) -> str:
    return re.sub(r"^\{.*\}", "", element.tag) if isinstance(element.tag, str) else ""
