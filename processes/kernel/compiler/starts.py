"""Where scopes begin: at blank starts, at the first event that comes, or at what has no incoming flow (BPMN 2.0.2, 13.2 and 13.5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from processes.kernel.compiler.reading import ParseError
from processes.kernel.plan import ARMED, Element, Node, Scope, Start
from processes.notation import diagram as drawn
from processes.notation.diagram import is_true

_FROM_OUTSIDE = frozenset({"message", "signal", "timer"})


def set_starts(plan: Scope, scope: drawn.Scope) -> None:
    """Tell where a scope begins, and which of its event sub-processes wait for something from its beginning."""
    for_compensation = {each.id for each in scope.nodes if is_true(each.element.get("isForCompensation"))}
    events = [node for node in plan.nodes.values() if node.kind == "startEvent"]
    blank = [node for node in events if not node.triggers]
    creating = [
        plan.nodes[each.id]
        for each in scope.nodes
        if each.kind in ("receiveTask", "eventBasedGateway")
        and is_true(each.element.get("instantiate"))
        and not plan.nodes[each.id].incoming
    ]
    plan.typed_starts = tuple(node for node in events if node.triggers) + tuple(creating)
    plan.event_scopes = tuple(node for node in plan.nodes.values() if node.kind == "eventSubProcess")
    plan.armed_event_scopes = tuple(
        node
        for node in plan.event_scopes
        if node.inner is not None and any(trigger.kind in ARMED for trigger in event_start(node).triggers)
    )
    if plan.kind == "eventSubProcess":
        return
    if blank:
        plan.starts = tuple(blank)
    elif len(plan.typed_starts) == 1 and plan.typed_starts[0].kind == "eventBasedGateway":
        plan.starts = plan.typed_starts
    elif plan.typed_starts:
        plan.chooser = Node(f"{plan.id}:start", "chooser", Element("", "", "", plan.process_id), plan)
        plan.chooser.catchers = tuple(_caught_first(plan))
        plan.nodes[plan.chooser.id] = plan.chooser
    else:
        plan.starts = tuple(
            node
            for node in plan.nodes.values()
            if not node.incoming
            and node.kind not in ("boundaryEvent", "eventSubProcess")
            and node.id not in for_compensation
            and not any(trigger.kind == "link" and node.kind == "intermediateCatchEvent" for trigger in node.triggers)
        )


def event_start(node: Node) -> Node:
    """The start event of an event sub-process. Raises :class:`ParseError` when none of it has a trigger."""
    starts = node.inner.typed_starts if node.inner is not None else ()
    if not starts:
        raise ParseError(
            f"事件子流程 {node.id} 的开始事件没有触发条件",
            f"event sub-process {node.id}: its start event has no trigger",
            None,
            node.id,
        )
    return starts[0]


def _caught_first(plan: Scope) -> Iterator[Node]:
    """The events of which the first begins the scope."""
    for node in plan.typed_starts:
        yield from node.catchers if node.kind == "eventBasedGateway" else (node,)


def starts_from_outside(plan: Scope) -> Iterator[Start]:
    """The ways in which events from outside start the process."""
    for node in _caught_first(plan):
        for trigger in node.triggers:
            if trigger.kind in _FROM_OUTSIDE:
                yield Start(trigger.kind, trigger.name, trigger.expression or "", node.id, node.all_of_them)
