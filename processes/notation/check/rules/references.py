"""References inside a file: everything that is named is there."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, WARNING, Both, Finding, Rule
from processes.notation.check.labels import kind_name
from processes.notation.check.world import World
from processes.notation.diagram import BPMNDI, Diagram, children, text_of

UNKNOWN = Rule(
    "unknown-reference", ERROR,
    "{it}引用的{what}“{reference}”不存在。", "{it} refers to the {what} {reference}, which is not there.",
    "在属性面板里重新选择{what}，或补上它的定义。", "Choose the {what} again in the properties panel, or define it.",
)  # fmt: skip
UNKNOWN_IN_DRAWING = Rule(
    "unknown-drawing-reference", WARNING,
    "{it}指向不存在的元素“{reference}”；流程照常运行，但图画得不对。",
    "{it} points at {reference}, which is not there; the process runs, but the picture is wrong.",
    "在建模工具里打开并重新保存；若元素是误删的，请补画。",
    "Open and save the diagram in the modeler; draw the element again if it was deleted by mistake.",
)  # fmt: skip
STALE_FLOW = Rule(
    "stale-flow-reference", WARNING,
    "{it}写着连有顺序流“{reference}”，但这条线不存在：可能误删了一条线。",
    "{it} lists the sequence flow {reference}, which is not there: a flow may have been deleted by mistake.",
    "需要这条线就补画；不需要就在建模工具里重新保存。", "Draw it again if it is needed; else save the diagram again in the modeler.",
)  # fmt: skip
TWO_LANES = Rule(
    "two-lanes", WARNING,
    "{it}同时放在泳道{lanes}里，只有最后一个算数。", "{it} is in the lanes {lanes} at once: only the last one counts.",
    "让它只属于一条泳道。", "Leave it in one lane.",
)  # fmt: skip

DEFINITIONS: tuple[tuple[str, str, str], ...] = (
    ("messageEventDefinition", "messageRef", "message"),
    ("sendTask", "messageRef", "message"),
    ("receiveTask", "messageRef", "message"),
    ("signalEventDefinition", "signalRef", "signal"),
    ("errorEventDefinition", "errorRef", "error"),
    ("escalationEventDefinition", "escalationRef", "escalation"),
    ("dataObjectReference", "dataObjectRef", "dataObject"),
    ("dataStoreReference", "dataStoreRef", "dataStore"),
    ("participant", "processRef", "process"),
)


def definitions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Messages, signals, errors, data objects… that are named are defined."""
    for kind, attribute, target in DEFINITIONS:
        for item in diagram.items(kind):
            reference = item.element.get(attribute)
            if reference is None or diagram.defined(target, reference) is not None:
                continue
            parent = item.element.getparent()
            place = diagram.item(parent) if kind.endswith("EventDefinition") and parent is not None else item
            yield UNKNOWN.at(place, what=Both(kind_name(target), target), reference=reference)


def flow_lists(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What a node says of its flows agrees with the flows."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            for listed in children(node.element, "incoming", "outgoing"):
                reference = text_of(listed)
                if reference and diagram.defined("sequenceFlow", reference) is None:
                    yield STALE_FLOW.at(node, reference=reference)


def lanes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Lanes hold elements that exist, and each of them once."""
    for item in diagram.items("laneSet"):
        held: dict[str, list[str]] = {}
        for lane in children(item.element, "lane"):
            listed = [text_of(each) for each in children(lane, "flowNodeRef")]
            lost = [each for each in listed if each not in diagram.by_id]
            if lost:
                yield UNKNOWN_IN_DRAWING.at(diagram.item(lane), reference=", ".join(lost[:5]))
            for reference in listed:
                held.setdefault(reference, []).append(lane.get("name") or lane.get("id") or "?")
        for reference, names in held.items():
            if len(set(names)) > 1 and reference in diagram.by_id:
                lanes_of = Both("、".join(f"“{name}”" for name in names), ", ".join(names))
                yield TWO_LANES.at(diagram.item(diagram.by_id[reference]), lanes=lanes_of)


def drawing(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Shapes, edges and message flows show something that is there."""
    for tag in ("BPMNShape", "BPMNEdge"):
        for element in diagram.root.iter(f"{{{BPMNDI}}}{tag}"):
            reference = element.get("bpmnElement")
            if reference and reference.rpartition(":")[2] not in diagram.by_id and reference not in diagram.by_id:
                yield UNKNOWN_IN_DRAWING.at(diagram.item(element), reference=reference)
    for item in diagram.items("messageFlow", "association"):
        for attribute in ("sourceRef", "targetRef"):
            reference = item.element.get(attribute)
            if reference and reference.rpartition(":")[2] not in diagram.by_id and reference not in diagram.by_id:
                yield UNKNOWN_IN_DRAWING.at(item, reference=reference)


CHECKS = (definitions, flow_lists, lanes, drawing)
