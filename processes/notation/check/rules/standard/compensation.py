"""Compensation: a boundary event leads by one association to one activity, which stands outside the normal flow."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule, together
from processes.notation.check.world import World
from processes.notation.diagram import (
    ACTIVITIES,
    Diagram,
    Element,
    Node,
    Scope,
    is_true,
    kind_of,
)

BOUNDARY_FLOW = Rule(
    "compensation-boundary-flow", ERROR,
    "{it}是补偿边界事件，不能有顺序流出线。", "{it} is a compensation boundary event: it has no outgoing sequence flow.",
    "用关联（association）连到标为“补偿”的活动。", "Connect it by an association to an activity that is marked for compensation.",
    "10.5.4, 10.7",
)  # fmt: skip
MIXED = Rule(
    "compensation-boundary-mixed", ERROR,
    "{it}既等补偿又等别的触发：补偿边界事件没有出线，其他的必须有。",
    "{it} waits for compensation and for something else: a compensation boundary event has no outgoing flow, any other must have one.",
    "拆成两个边界事件：补偿的用关联连到补偿活动，另一个画出线。",
    "Draw two boundary events: that of compensation with an association to its activity, the other with a flow.",
    "10.5.4, 10.7",
)  # fmt: skip
NO_HANDLER = Rule(
    "compensation-without-handler", ERROR,
    "{it}没有用关联连到补偿活动，撤销时不知道做什么。", "{it} is not connected to a compensation activity: what is to undo the work?",
    "画一个标为“补偿”（isForCompensation）的活动，用关联从边界事件连过去。",
    "Draw an activity marked isForCompensation and lead an association from the boundary event to it.",
    "10.7",
)  # fmt: skip
SEVERAL_HANDLERS = Rule(
    "compensation-several-handlers", ERROR,
    "{it}连到 {count} 个补偿活动（{handlers}），只能有一个。", "{it} is connected to {count} compensation activities ({handlers}): only one may be.",
    "把几步补偿放进一个标为“补偿”的子流程。", "Put the steps into one sub-process that is marked for compensation.",
    "10.7",
)  # fmt: skip
TWICE = Rule(
    "compensation-boundary-twice", ERROR,
    "{it}是{host}的第二个补偿边界事件：一个活动只能由一个补偿活动撤销。",
    "{it} is a second compensation boundary event of {host}: an activity is undone by one compensation activity only.",
    "只留一个；要做几步，就放进一个标为“补偿”的子流程。", "Keep one; put several steps into one sub-process that is marked for compensation.",
    "10.7",
)  # fmt: skip
OF_HANDLER = Rule(
    "compensation-of-handler", ERROR,
    "{it}画在补偿活动{host}上：补偿本身不会再被撤销，它永远不会触发。",
    "{it} is on the compensation activity {host}: what undoes is not undone itself, so it never triggers.",
    "删去它；撤销失败要另行处理，就在补偿活动上画错误边界事件。", "Delete it; for an undoing that fails draw an error boundary event there.",
    "10.7",
)  # fmt: skip
NOT_MARKED = Rule(
    "compensation-handler-not-marked", ERROR,
    "{it}连到{handler}，但它没有标为补偿活动（isForCompensation）。", "{it} is connected to {handler}, which is not marked isForCompensation.",
    "把{handler}标为补偿活动。", "Mark {handler} isForCompensation.",
    "10.7",
)  # fmt: skip
ELSEWHERE = Rule(
    "compensation-handler-elsewhere", ERROR,
    "{it}连到{handler}，但它在另一个流程或子流程里。", "{it} is connected to {handler}, which stands in another process or sub-process.",
    "把补偿活动画在边界事件的同一层。", "Draw the compensation activity on the level of the boundary event.",
    "10.7",
)  # fmt: skip
HANDLER_FLOW = Rule(
    "compensation-activity-flow", ERROR,
    "{it}是补偿活动，不能有顺序流（{flows}）。", "{it} is a compensation activity: it takes no sequence flows ({flows}).",
    "删去这些线，由补偿边界事件用关联连过来；不是补偿活动就去掉标记。",
    "Delete the flows and connect it by an association from a compensation boundary event; take off the mark if it is an ordinary step.",
    "10.3, 10.7",
)  # fmt: skip
NEVER_CALLED = Rule(
    "compensation-without-boundary", ERROR,
    "{it}是补偿活动，却没有补偿边界事件用关联连到它，永远不会执行{reversed}。",
    "{it} is a compensation activity that no compensation boundary event is associated with: it never runs{reversed}.",
    "在被撤销的活动边上画补偿边界事件，用关联从它连到这里；不是补偿活动就去掉标记，并连进流程。",
    "Draw a compensation boundary event on what it undoes and lead an association from there to it; "
    "take off the mark and connect it if it is an ordinary step.",
    "10.3, 10.7",
)  # fmt: skip
WRONG_ACTIVITY = Rule(
    "compensation-activity-ref", ERROR,
    "{it}要补偿的“{reference}”不对：{why}。", "What {it} is to compensate, {reference}, is wrong: {why}.",
    "选择同一层（或所在子流程）里带补偿边界事件的活动；不选就是补偿这一层已完成的全部活动。",
    "Choose an activity of the same level that has a compensation boundary event; choose none to compensate all that was completed.",
    "10.5.5, 10.7",
)  # fmt: skip


def boundaries(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A boundary event that catches compensation has no sequence flow, and an association to one handler."""
    found = [node for scope in diagram.scopes for node in scope.nodes if _catches(world, node)]
    ends = association_ends(diagram, world) if found else {}
    first: dict[Node, Node] = {}
    for node in found:
        if node.host is not None and first.setdefault(node.host, node) is not node:
            yield TWICE.at(node, host=node.host)
        if node.host is not None and is_true(node.host.element.get("isForCompensation")):
            yield OF_HANDLER.at(node, host=node.host)
        if world.trigger_kinds(node) != ["compensate"]:
            yield MIXED.at(node)
        elif node.outgoing:
            yield BOUNDARY_FLOW.at(node)
        handlers = [each for each in ends.get(node.element, []) if kind_of(each) in ACTIVITIES]
        if not handlers and not node.outgoing:
            yield NO_HANDLER.at(node)
        if len(handlers) > 1:
            yield SEVERAL_HANDLERS.at(
                node, count=len(handlers), handlers=together(diagram.item(each) for each in handlers)
            )
        for handler in handlers:
            if not is_true(handler.get("isForCompensation")):
                yield NOT_MARKED.at(node, handler=diagram.item(handler))
            elif handler.getparent() is not node.element.getparent():
                yield ELSEWHERE.at(node, handler=diagram.item(handler))


def _catches(world: World, node: Node) -> bool:
    return node.kind == "boundaryEvent" and "compensate" in world.trigger_kinds(node)


def association_ends(diagram: Diagram, world: World, *, along: bool = False) -> dict[Element, list[Element]]:
    """Element → what associations connect it with. ``along``: only where they lead, unless they point nowhere or both ways."""
    found: dict[Element, list[Element]] = {}
    for element in world.elements(diagram, "association"):
        source, target = (
            world.resolve(diagram, element, element.get(name)).element for name in ("sourceRef", "targetRef")
        )
        if source is not None and target is not None:
            found.setdefault(source, []).append(target)
            if not along or element.get("associationDirection") != "One":
                found.setdefault(target, []).append(source)
    return found


def meant_as_handlers(diagram: Diagram, world: World, *, along: bool = False) -> set[Element]:
    """What associations connect with a compensation boundary event, rightly or not."""
    events = [node for scope in diagram.scopes for node in scope.nodes if _catches(world, node)]
    ends = association_ends(diagram, world, along=along) if events else {}
    return {each for event in events for each in ends.get(event.element, [])}


def lonely(diagram: Diagram, world: World) -> Iterator[Finding]:
    """In a process that runs a boundary event leads to each compensation activity."""
    marked = [
        node
        for node in world.nodes(diagram)
        if is_true(node.element.get("isForCompensation")) and not is_true(node.element.get("triggeredByEvent"))
    ]
    if not marked:
        return
    meant, called = (meant_as_handlers(diagram, world, along=along) for along in (False, True))
    for node in marked:
        if node.element not in called and not node.incoming and not node.outgoing:
            way = Both("：关联画反了方向", "; the association points the wrong way")
            yield NEVER_CALLED.at(node, reversed=way if node.element in meant else Both("", ""))


def handlers(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Compensation activities stand outside the normal flow."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            if is_true(node.element.get("isForCompensation")) and (node.incoming or node.outgoing):
                yield HANDLER_FLOW.at(node, flows=together([*node.incoming, *node.outgoing], 3))


def throws(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What a throw event names is an activity that it can see and that can be compensated."""
    found = [
        (scope, node, trigger)
        for scope in diagram.scopes
        for node in scope.nodes
        if node.kind in {"intermediateThrowEvent", "endEvent"}
        for trigger in world.triggers(node)
        if kind_of(trigger) == "compensateEventDefinition" and trigger.get("activityRef") is not None
    ]
    able = _compensable(diagram, world) if found else set()
    for scope, node, trigger in found:
        reference = trigger.get("activityRef", "")
        target = world.resolve(diagram, trigger, reference)
        why: Both | None = None
        if target.element is None:
            why = Both("它不存在", "it is not there") if target.lost else None
        elif target.kind not in ACTIVITIES:
            why = Both("它不是活动", "it is no activity")
        elif target.element.getparent() not in _visible(scope):
            why = Both("它不在这个事件看得到的范围里", "the event cannot see it")
        elif target.element not in able:
            why = Both("它没有补偿边界事件", "it has no compensation boundary event")
        if why is not None:
            yield WRONG_ACTIVITY.at(node, reference=reference[:60] or "?", why=why)


def _visible(scope: Scope) -> list[Element]:
    """The level itself and, out of an event sub-process, the level around it."""
    found = [scope.element]
    while is_true(scope.element.get("triggeredByEvent")) and scope.parent is not None:
        scope = scope.parent
        found.append(scope.element)
    return found


def _compensable(diagram: Diagram, world: World) -> set[Element]:
    """The activities that have a compensation handler, or hold something that has one."""
    able: set[Element] = set()
    for scope in diagram.scopes:
        for node in scope.nodes:
            catching = node.kind in {"boundaryEvent", "startEvent"} and "compensate" in world.trigger_kinds(node)
            if catching:
                host = world.resolve(diagram, node.element, node.element.get("attachedToRef")).element
                able.update([host] if host is not None else [])
                able.update(node.element.iterancestors())
    return able


CHECKS = (boundaries, handlers, lonely, throws)
