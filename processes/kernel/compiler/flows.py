"""What ties the nodes of a scope together: sequence flows, borders of activities, links."""

from __future__ import annotations

from processes.kernel.compiler.reading import ParseError
from processes.kernel.plan import ACTIVITIES, ARMED, Flow, Scope
from processes.notation import diagram as drawn


def connect(plan: Scope, diagram: drawn.Diagram, scope: drawn.Scope) -> None:
    """Give the nodes of a scope their flows, the events on their border, and the links between them. Raises :class:`ParseError` for a loose end."""
    outgoing: dict[str, list[Flow]] = {}
    incoming: dict[str, list[Flow]] = {}
    for each in scope.flows:
        source = plan.nodes.get(each.source.id) if each.source is not None else None
        target = plan.nodes.get(each.target.id) if each.target is not None else None
        if source is None or target is None:
            raise ParseError(
                f"{each.label('zh')}的一端没有接在同一层的元素上",
                f"{each.label('en')} does not lead from one element to another of the same level",
                each.file,
                each.id,
            )
        flow = Flow(each.id, source, target, each.condition)
        outgoing.setdefault(source.id, []).append(flow)
        incoming.setdefault(target.id, []).append(flow)
    for drawing in scope.nodes:
        node = plan.nodes[drawing.id]
        node.outgoing = tuple(outgoing.get(node.id, ()))
        node.incoming = tuple(incoming.get(node.id, ()))
        default = drawing.element.get("default")
        node.default = next((flow for flow in node.outgoing if flow.id == default), None)
        if node.default is not None:
            node.default.condition = ""  # it is ignored (10.3.1)
        chooses = node.default is not None or any(flow.condition for flow in node.outgoing)
        node.conditional = node.kind in ACTIVITIES and chooses
        if node.kind == "eventBasedGateway":
            node.catchers = tuple(flow.target for flow in node.outgoing)
            node.parallel_start = drawing.element.get("eventGatewayType") == "Parallel"
        if node.kind == "intermediateCatchEvent":
            for trigger in node.triggers:
                if trigger.kind == "link":
                    plan.links[trigger.name] = node
        for event in drawing.boundary:
            attached = plan.nodes[event.id]
            attached.host = node
            node.boundary = (*node.boundary, attached)
        node.armed_boundary = tuple(
            each for each in node.boundary if any(trigger.kind in ARMED for trigger in each.triggers)
        )
    _check_links(plan, diagram)


def _check_links(plan: Scope, diagram: drawn.Diagram) -> None:
    for node in plan.nodes.values():
        for trigger in node.triggers:
            if node.kind == "intermediateThrowEvent" and trigger.kind == "link" and trigger.name not in plan.links:
                raise ParseError(
                    f"链接“{trigger.name}”没有对应的捕获事件（{node.id}）",
                    f"{node.id}: no catch event for the link {trigger.name!r}",
                    diagram.file,
                    node.id,
                )
