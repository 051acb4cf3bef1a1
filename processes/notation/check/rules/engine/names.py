"""Data that have no name by which this engine could find them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, WARNING, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Item, children, text_of

NO_VARIABLE = Rule(
    "multi-instance-item-name", ERROR,
    "{it}的元素变量“{name}”：名称和 id 都不能作变量名，它到不了任何地方。",
    "{it} has an item {name} whose name and id are no variable names: it goes nowhere.",
    "名称由文字、数字和下划线组成，不以数字开头，不带空格和连字符，例如 item。",
    "Name it with letters, digits and underscores, no digit in front, no spaces or hyphens: item, for example.",
)  # fmt: skip
BY_NAME = Rule(
    "data-object-by-name", WARNING,
    "{it}的条件用了数据对象的名称“{name}”，引擎只认它的 id“{id}”，条件里它总是空。",
    "The condition of {it} uses the name {name} of a data object, which the engine knows by its id {id}: it is always null.",
    "在条件里写 {id}，或把数据对象的 id 改成 {name}。", "Write {id} in the condition, or make {name} the data object's id.",
)  # fmt: skip


def items(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What a multi-instance activity hands to its turns, or takes from them, can be a variable."""
    for node in world.nodes(diagram):
        for loop in children(node.element, "multiInstanceLoopCharacteristics"):
            for item in children(loop, "inputDataItem", "outputDataItem"):
                given = [(item.get("name") or "").strip(), item.get("id") or ""]
                if not any(languages.is_name(each) for each in given):
                    name = next((each for each in given if each), "?")
                    yield NO_VARIABLE.at(node, severity=world.need(NO_VARIABLE, diagram.file), name=name[:60])


def conditions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A data object that activities write is asked for by its id."""
    named = _named(diagram, world)
    if not named:
        return
    places: list[tuple[Item, Element]] = [
        (flow, each) for flow in world.flows(diagram) for each in children(flow.element, "conditionExpression")
    ]
    places += [
        (node, each)
        for node in world.nodes(diagram)
        for trigger in world.triggers(node)
        for each in children(trigger, "condition")
    ]
    for place, element in places:
        text = text_of(element)
        free = languages.free_names(text[1:]) if text.startswith("=") else None
        for name in sorted((free or frozenset()) & named.keys()):
            yield BY_NAME.at(place, severity=world.need(BY_NAME, diagram.file), name=name, id=named[name])


def _named(diagram: Diagram, world: World) -> Mapping[str, str]:
    """Name → id of the data objects that activities write under a name that no variable has."""
    found: dict[str, str] = {}
    variables: set[str] = set()
    for node in world.nodes(diagram):
        for association in children(node.element, "dataInputAssociation", "dataOutputAssociation"):
            for reference in children(association, "sourceRef", "targetRef"):
                target = world.resolve(diagram, reference, text_of(reference))
                element = target.element
                if element is not None and target.kind == "dataObjectReference":
                    element = world.resolve(diagram, element, element.get("dataObjectRef")).element
                elif element is not None and target.kind != "dataObject":
                    variables |= {element.get("name") or "", element.get("id") or ""}
                    continue
                if element is not None:
                    name, own = (element.get("name") or "").strip(), element.get("id") or ""
                    if languages.is_name(name) and name != own:
                        found[name] = own
    return {name: own for name, own in found.items() if name not in variables}


CHECKS = (items, conditions)
