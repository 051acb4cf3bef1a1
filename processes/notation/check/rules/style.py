"""Notes that help a reader: names, pictures, what is not used. None of them is an error or a warning."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import INFO, Finding, Rule, Whole, together
from processes.notation.check.world import World
from processes.notation.diagram import ACTIVITIES, BPMN, BPMNDI, EVENTS, Diagram, Element, Item, kind_of

UNLABELLED = Rule(
    "style-label", INFO,
    "没有名称的元素：{items}。", "Without a name: {items}.",
    "给它们起名，办理的人才看得懂流程图。", "Name them, so that people can read the diagram.",
)  # fmt: skip
UNDRAWN = Rule(
    "style-not-drawn", INFO,
    "没有图形的元素：{items}；能运行，但图上看不到。", "Without a shape: {items}; they run, but cannot be seen.",
    "在建模工具里打开并补上图形，或用自动布局。", "Draw them in the modeler, or use its automatic layout.",
)  # fmt: skip
UNUSED = Rule(
    "style-unused", INFO,
    "{it}没有被使用。", "{it} is not used.",
    "不需要就删掉。", "Delete it if it is not needed.",
)  # fmt: skip
JOIN_AND_FORK = Rule(
    "style-join-and-fork", INFO,
    "{it}既汇合又分支，看图的人不易分清。", "{it} joins and forks at once, which is hard to read.",
    "画成两个网关：先汇合，再分支。", "Draw two gateways: join first, then fork.",
)  # fmt: skip
LONELY_TERMINATION = Rule(
    "style-termination", INFO,
    "{it}是唯一的结束，不需要“终止”。", "{it} is the only end: it need not terminate.",
    "改成普通结束事件。", "Make it a plain end event.",
)  # fmt: skip

DECISIONS = frozenset({"exclusiveGateway", "inclusiveGateway"})
DEFINITIONS = ("message", "signal", "error", "escalation")


def labels(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Activities, events and decisions have names."""
    nodes = [node for scope in diagram.scopes for node in scope.nodes]
    nameless: list[Item] = [
        node
        for node in nodes
        if not node.name and (node.kind in ACTIVITIES | EVENTS or (node.kind in DECISIONS and len(node.outgoing) > 1))
    ]
    yield from _gathered(diagram, UNLABELLED, nameless)


def pictures(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What is part of a process has a shape, where the file has a picture at all or was made without one."""
    shown = {
        (element.get("bpmnElement") or "").rpartition(":")[2]
        for tag in ("BPMNShape", "BPMNEdge")
        for element in diagram.root.iter("{" + BPMNDI + "}" + tag)
    }
    items = [item for scope in diagram.scopes for item in (*scope.nodes, *scope.flows)]
    yield from _gathered(diagram, UNDRAWN, [item for item in items if item.id and item.id not in shown])


def _gathered(diagram: Diagram, rule: Rule, items: list[Item]) -> Iterator[Finding]:
    if items:
        yield rule.at(items[0] if len(items) == 1 else Whole(diagram.file), items=together(items))


def unused(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Messages, signals, errors and escalations that nothing in the file refers to."""
    items = list(world.items(diagram, *DEFINITIONS))
    if items and not world.imports(diagram):
        named = _names(diagram.root)
        yield from (UNUSED.at(item) for item in items if item.id and item.id not in named)


def _names(root: Element) -> set[str]:
    """Everything that any reference in the file names."""
    found: set[str] = set()
    for element in root.iter("{" + BPMN + "}*"):
        found.update(
            str(value).rpartition(":")[2] for name, value in element.attrib.items() if str(name).endswith("Ref")
        )
        if kind_of(element).endswith("Ref") and element.text:
            found.add(element.text.strip().rpartition(":")[2])
    return found


def gateways(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A gateway joins or forks."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            if node.kind.endswith("Gateway") and len(node.incoming) > 1 and len(node.outgoing) > 1:
                yield JOIN_AND_FORK.at(node)


def terminations(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Where there is one end only, and one way to it, nothing else is left to terminate."""
    for scope in diagram.scopes:
        ends = [node for node in scope.nodes if node.kind == "endEvent"]
        one_way = len(ends) == 1 and all(len(node.outgoing) < 2 and not node.boundary for node in scope.nodes)
        if one_way and "terminate" in world.trigger_kinds(ends[0]):
            yield LONELY_TERMINATION.at(ends[0])


CHECKS = (labels, pictures, unused, gateways, terminations)
