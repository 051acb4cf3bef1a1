"""Boundary events: attached to an activity of their level, leading somewhere; cancel events belong to transactions."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.world import World, is_torn
from processes.notation.diagram import ACTIVITIES, CHOREOGRAPHY, Diagram, Node, is_true, kind_of

NOT_ATTACHED = Rule(
    "boundary-on-nothing", ERROR,
    "{it}没有贴在任务、子流程或调用活动上{where}。", "{it} is not attached to a task, sub-process or call activity{where}.",
    "把它拖到所属活动的边线上；网关和事件不能带边界事件。", "Drag it onto the border of its activity; gateways and events take none.",
    "10.5.4",
)  # fmt: skip
OTHER_LEVEL = Rule(
    "boundary-on-other-level", ERROR,
    "{it}贴在{host}上，却画在另一个流程或子流程里。", "{it} is attached to {host}, but stands in another process or sub-process.",
    "把边界事件和它贴着的活动放在同一层。", "Put the boundary event on the same level as its activity.",
    "8.4.6, 10.5.4",
)  # fmt: skip
LEADS_NOWHERE = Rule(
    "boundary-without-outgoing", ERROR,
    "{it}没有出线，触发之后哪里也不去。", "{it} has no outgoing flow: what happens when it fires?",
    "连到触发之后要做的步骤，或连到结束事件。", "Connect it to what is to be done then, or to an end event.",
    "10.5.4",
)  # fmt: skip
NO_TRANSACTION = Rule(
    "cancel-outside-transaction", ERROR,
    "{it}是取消事件，只能用在事务子流程里（或其边界上）。", "{it} is a cancel event, which belongs into a transaction (or onto its border).",
    "改用错误事件，或把子流程改成事务。", "Use an error event, or make the sub-process a transaction.",
    "10.3.5, 10.5.4, 10.5.5",
)  # fmt: skip


def boundaries(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Each boundary event is attached to an activity beside it."""
    for scope in diagram.scopes:
        events = [node for node in scope.nodes if node.kind == "boundaryEvent"]
        torn = bool(events) and is_torn(scope)
        for node in events:
            yield from _boundary(diagram, world, node, torn)


def _boundary(diagram: Diagram, world: World, node: Node, torn: bool) -> Iterator[Finding]:
    kinds = world.trigger_kinds(node)
    reference = node.element.get("attachedToRef")
    host = world.resolve(diagram, node.element, reference).element
    if host is None or kind_of(host) not in ACTIVITIES | CHOREOGRAPHY:
        said = diagram.item(host) if host is not None else None
        where = Both(f"，而是{said.label('zh')}", f", but to {said.label('en')}") if said else Both("", "")
        yield NOT_ATTACHED.at(node, where=where)
        return
    if host.getparent() is not node.element.getparent():
        yield OTHER_LEVEL.at(node, host=diagram.item(host))
    if not node.outgoing and "compensate" not in kinds and not torn:
        yield LEADS_NOWHERE.at(node)
    if "cancel" in kinds and kind_of(host) != "transaction":
        yield NO_TRANSACTION.at(node)


def cancel_ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Cancel end events stand in a transaction, or in an event sub-process of one."""
    for scope in diagram.scopes:
        around = scope
        while around.parent is not None and is_true(around.element.get("triggeredByEvent")):
            around = around.parent
        for node in scope.nodes:
            if node.kind == "endEvent" and "cancel" in world.trigger_kinds(node) and around.kind != "transaction":
                yield NO_TRANSACTION.at(node)


CHECKS = (boundaries, cancel_ends)
