"""Sequence flows lead from a flow node to a flow node of the same process level, in the allowed direction."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import FLOW_NODES, Diagram, Element, Flow, Scope, is_true, kind_of

DANGLING = Rule(
    "dangling-flow", ERROR,
    "{it}的{end}“{reference}”不存在，这条线没有接好。", "{it} is not connected: its {end} {reference} is not there.",
    "把线的两端都接到流程里的元素上，或删掉这条线。", "Connect both ends to elements of the process, or delete the flow.",
    "8.4.13",
)  # fmt: skip
WRONG_END = Rule(
    "sequence-flow-end", ERROR,
    "{it}的{end}是{found}；顺序流只能连接活动、事件和网关。",
    "The {end} of {it} is {found}; sequence flows connect only activities, events and gateways.",
    "数据和注释用关联去连，泳池之间用消息流；顺序流接到步骤上。",
    "Connect data and annotations by associations and pools by message flows; lead the sequence flow to a step.",
    "7.6.1, 8.4.1, 8.4.13",
)  # fmt: skip
CROSSES_BORDER = Rule(
    "flow-crosses-border", ERROR,
    "{it}从{source}直接连到{target}，越过了子流程的边界。", "{it} leads from {source} to {target} across the border of a sub-process.",
    "线连到子流程本身，再在子流程里画开始事件和结束事件。",
    "Lead the flow to the sub-process itself, and draw a start and an end event inside.",
    "7.6.1, 10.3.5",
)  # fmt: skip
CROSSES_POOL = Rule(
    "flow-crosses-pool", ERROR,
    "{it}从{source}直接连到另一个流程（泳池）里的{target}。", "{it} leads from {source} to {target} in another process (pool).",
    "两个泳池之间用消息流，或用调用活动调用那个流程。", "Use a message flow between pools, or call the other process by a call activity.",
    "7.6.1, 9.3",
)  # fmt: skip
WRONG_WAY = Rule(
    "flow-direction", ERROR,
    "{it}：{why}。", "{it}: {why}.",
    "改接到前面或后面的步骤；要回头重做，请连到步骤前的排他网关。",
    "Lead it to the step before or after; to repeat something, lead back to an exclusive gateway in front of it.",
    "10.5.2, 10.5.3, 10.5.4",
)  # fmt: skip
NOT_IMMEDIATE = Rule(
    "flow-not-immediate", ERROR,
    "{it}写着 isImmediate=\"false\"，可执行流程里的顺序流不能这样写。", '{it} says isImmediate="false", which no flow of an executable process may.',
    "删去 isImmediate。", "Delete isImmediate.",
    "8.4.13",
)  # fmt: skip

ENDS = (("sourceRef", Both("起点", "source")), ("targetRef", Both("终点", "target")))


def ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Both ends of a flow are there, are flow nodes, and stand on the same level."""
    scopes = {scope.element: scope for scope in diagram.scopes}
    for scope in diagram.scopes:
        for flow in scope.flows:
            yield from _ends(diagram, scopes, flow)


def _ends(diagram: Diagram, scopes: dict[Element, Scope], flow: Flow) -> Iterator[Finding]:
    elements: list[Element] = []
    for attribute, end in ENDS:
        reference = flow.element.get(attribute, "").strip()
        element = diagram.by_id.get(reference)
        if element is None:
            yield DANGLING.at(flow, end=end, reference=reference or "?")
        elif kind_of(element) not in FLOW_NODES:
            yield WRONG_END.at(flow, end=end, found=diagram.item(element))
        else:
            elements.append(element)
    if len(elements) == 2 and elements[0].getparent() is not elements[1].getparent():
        source, target = (diagram.item(element) for element in elements)
        apart = _process(scopes, elements[0]) is not _process(scopes, elements[1])
        yield (CROSSES_POOL if apart else CROSSES_BORDER).at(flow, source=source, target=target)


def _process(scopes: dict[Element, Scope], element: Element) -> Element | None:
    """The process a flow node stands in."""
    parent = element.getparent()
    scope = scopes.get(parent) if parent is not None else None
    return scope.process.element if scope is not None else None


def directions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Nothing leads into a start or boundary event, or out of an end event."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            if node.incoming and node.kind in {"startEvent", "boundaryEvent"}:
                kind = Both("开始事件和边界事件不能有入线", "a start or boundary event takes no incoming flow")
                yield WRONG_WAY.at(node, why=kind)
            if node.outgoing and node.kind == "endEvent":
                yield WRONG_WAY.at(node, why=Both("结束事件不能有出线", "an end event has no outgoing flow"))


def immediacy(diagram: Diagram, world: World) -> Iterator[Finding]:
    """``isImmediate`` must not be false in executable processes (Table 8.60)."""
    for scope in diagram.scopes:
        if world.runs(scope):
            for flow in scope.flows:
                value = flow.element.get("isImmediate")
                if value is not None and not is_true(value):
                    yield NOT_IMMEDIATE.at(flow)


CHECKS = (ends, directions, immediacy)
