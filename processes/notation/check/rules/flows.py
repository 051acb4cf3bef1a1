"""Sequence flows: they lead from something to something inside one scope, and everything drawn lies on a way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from processes.notation.check.findings import ERROR, WARNING, Both, Finding, Rule, together
from processes.notation.check.world import World, starts_blank
from processes.notation.diagram import GATEWAYS, Diagram, Flow, Node, Scope

DANGLING = Rule(
    "dangling-flow", ERROR,
    "{it}的{end}“{reference}”不存在，这条线没有接好。", "{it} is not connected: its {end} {reference} is not there.",
    "把线的两端都接到流程里的元素上，或删掉这条线。", "Connect both ends to elements of the process, or delete the flow.",
)  # fmt: skip
CROSSES_BORDER = Rule(
    "flow-crosses-border", ERROR,
    "{it}从{source}直接连到{target}，越过了子流程或流程的边界。引擎会把里面的步骤当成外面的来执行。",
    "{it} leads from {source} to {target} across the border of a sub-process or process: the engine would run inner steps as if they stood outside.",
    "线连到子流程本身，再在子流程里画开始事件和结束事件；两个流程之间用消息或调用活动。",
    "Lead the flow to the sub-process itself and draw a start and an end event inside; between processes use messages or a call activity.",
)  # fmt: skip
WRONG_WAY = Rule(
    "flow-direction", ERROR,
    "{it}：{why}。", "{it}: {why}.",
    "改接到前面或后面的步骤；要回头重做，请连到步骤前的排他网关。",
    "Lead it to the step before or after; to repeat something, lead back to an exclusive gateway in front of it.",
)  # fmt: skip
MULTIPLE_OUTGOING = Rule(
    "multiple-outgoing", ERROR,
    "{it}有 {count} 条出线，引擎不接受：看不出是同时走还是选一条。",
    "{it} has {count} outgoing flows, which the engine refuses: all of them, or one?",
    "后面加一个网关：同时走用并行网关，选一条用排他网关（条件写在网关的出线上）。",
    "Put a gateway behind it: parallel to take all, exclusive to choose one (with the conditions on its flows).",
)  # fmt: skip
CONDITION_IGNORED = Rule(
    "condition-ignored", ERROR,
    "{it}带有条件，但它从{source}出来，引擎不看这个条件，总会走过去。",
    "{it} has a condition, but it leaves {source}: the engine ignores the condition and always goes on.",
    "在{source}后面加排他网关，把条件移到网关的出线上，并设一条默认流。",
    "Put an exclusive gateway behind {source}, move the condition to one of its flows, and set a default flow.",
)  # fmt: skip
NO_START = Rule(
    "no-start", ERROR,
    "{it}没有开始事件，无法启动。", "{it} has no start event: it cannot start.",
    "画一个开始事件，连到第一个步骤。", "Draw a start event and connect it to the first step.",
)  # fmt: skip
SEVERAL_STARTS = Rule(
    "several-starts", ERROR,
    "{it}有 {count} 个没有触发条件的开始事件：{starts}。引擎会从哪里开始是不确定的。",
    "{it} has {count} blank start events: {starts}. Where it starts is not defined.",
    "只留一个空白开始事件；其余的改成消息开始事件，或用网关合在一起。",
    "Keep one blank start event; make the others message start events or join them by a gateway.",
)  # fmt: skip
NO_END = Rule(
    "no-end", WARNING,
    "{it}没有结束事件。", "{it} has no end event.",
    "在最后一个步骤后画结束事件；被调用的流程没有结束事件时，调用它的流程会一直等下去。",
    "Draw an end event after the last step: who calls a process without one waits for ever.",
)  # fmt: skip
DEAD_END = Rule(
    "dead-end", WARNING,
    "{it}后面没有线，流程走到这里就停了；这条路上填写的数据会丢失。",
    "Nothing follows {it}: the process stops there, and what was entered on this way is lost.",
    "连到下一个步骤，或连到结束事件。", "Connect it to the next step, or to an end event.",
)  # fmt: skip
HANGS = Rule(
    "dead-end", ERROR,
    "{it}后面没有线，{scope}到这里不会结束，外面的流程会一直等下去或丢失数据。",
    "Nothing follows {it}: {scope} does not end there, and the process around it waits for ever or loses its data.",
    "连到{scope}里的结束事件。", "Connect it to an end event of {scope}.",
)  # fmt: skip
UNREACHABLE = Rule(
    "unreachable", ERROR,
    "{it}从开始事件走不到，永远不会执行{also}。", "{it} cannot be reached from a start event and never runs{also}.",
    "从前面的步骤连一条线过来；不需要就删掉。", "Lead a flow to it from the step before; delete it if it is not needed.",
)  # fmt: skip
NO_WAY_OUT = Rule(
    "no-way-out", WARNING,
    "从{it}开始只能绕圈，走不到任何结束事件。", "From {it} on, the process can only go round in circles and never ends.",
    "给循环加一条出路：在循环里放排他网关，一条线回去，一条线出去。",
    "Give the loop an exit: an exclusive gateway in it, with one flow back and one out.",
)  # fmt: skip

# Each costs a walk; a diagram with more loose ends than this is told about them in turns.
MOST_ISLANDS = 50


def ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Both ends of a flow are there, and on the same level."""
    for scope in diagram.scopes:
        for flow in scope.flows:
            for node, attribute, zh in ((flow.source, "sourceRef", "起点"), (flow.target, "targetRef", "终点")):
                reference = flow.element.get(attribute, "")
                if node is None and reference not in diagram.by_id:
                    english = "source" if attribute == "sourceRef" else "target"
                    yield DANGLING.at(flow, end=Both(zh, english), reference=reference or "?")
            yield from _border(diagram, flow)


def _border(diagram: Diagram, flow: Flow) -> Iterator[Finding]:
    places: list[Both] = []
    crossing = False
    for node, attribute in ((flow.source, "sourceRef"), (flow.target, "targetRef")):
        element = diagram.by_id.get(flow.element.get(attribute, ""))
        if element is None:
            return
        item = node or diagram.item(element)
        places.append(Both(item.label("zh"), item.label("en")))
        crossing = crossing or node is None or node.scope is not flow.scope
    if crossing:
        yield CROSSES_BORDER.at(flow, source=places[0], target=places[1])


def directions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Nothing leads into a start or out of an end."""
    for node in diagram.nodes:
        if node.incoming and node.kind in {"startEvent", "boundaryEvent"}:
            kind = Both("开始事件和边界事件不能有入线", "a start or boundary event takes no incoming flow")
            yield WRONG_WAY.at(node, why=kind)
        if node.outgoing and node.kind == "endEvent":
            yield WRONG_WAY.at(node, why=Both("结束事件不能有出线", "an end event has no outgoing flow"))


def outgoing(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Only gateways choose or split."""
    for node in diagram.nodes:
        if node.kind in GATEWAYS or node.kind == "endEvent":
            continue
        connected = sum(flow.target is not None for flow in node.outgoing)
        if connected > 1 and node.kind != "startEvent":
            yield MULTIPLE_OUTGOING.at(node, count=connected)
            continue
        for flow in node.outgoing:
            if flow.condition:
                yield CONDITION_IGNORED.at(flow, source=node)


def starts_and_ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A process starts somewhere, and ends."""
    for scope in diagram.running:
        if scope.parent is not None or not scope.nodes:
            if scope.parent is None:
                yield NO_START.at(scope)
            continue
        starts = [node for node in scope.nodes if node.kind == "startEvent"]
        blank = [node for node in starts if starts_blank(node)]
        if not starts:
            yield NO_START.at(scope)
        if len(blank) > 1:
            yield SEVERAL_STARTS.at(scope, count=len(blank), starts=together(blank))
        if not any(node.kind == "endEvent" for node in scope.nodes):
            yield NO_END.at(scope, severity=ERROR if world.is_called(scope) else None)


def dead_ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Every way leads to an end event."""
    for scope in diagram.running:
        if scope.refused or not any(node.kind == "endEvent" for node in scope.nodes):
            continue
        for node in _known(diagram, scope):
            if node.outgoing or _may_end(node):
                continue
            called = world.is_called(scope)
            yield HANGS.at(node, scope=scope) if called else DEAD_END.at(node)


def _known(diagram: Diagram, scope: Scope) -> list[Node]:
    """Nodes that flows can name: not those without an id, or with one that another has."""
    return [node for node in scope.nodes if node.id and diagram.by_id.get(node.id) is node.element]


def _is_torn(scope: Scope) -> bool:
    """Whether flows of the scope lead nowhere or across its border: what can be reached is not known then."""
    flows = [*scope.flows, *(flow for node in scope.nodes for flow in (*node.incoming, *node.outgoing))]
    return any(
        flow.source is None or flow.target is None or flow.source.scope is not flow.target.scope for flow in flows
    )


def _may_end(node: Node) -> bool:
    if node.kind == "endEvent" or node.kind in GATEWAYS or _stands_apart(node):
        return True
    return node.has_trigger("link") or node.has_trigger("compensate")


def _stands_apart(node: Node) -> bool:
    """Nodes that no flow leads to by design; all of them are refused by rules of their own."""
    element = node.element
    return element.get("triggeredByEvent") in {"true", "1"} or element.get("isForCompensation") in {"true", "1"}


def unreachable(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Everything drawn can be reached."""
    for scope in diagram.running:
        if scope.refused or _is_torn(scope) or not any(node.kind == "startEvent" for node in scope.nodes):
            continue
        hosts = {node.id for node in scope.nodes}
        found = reached(node for node in scope.nodes if _is_root(node, hosts))
        lost = [node for node in _known(diagram, scope) if node not in found]
        if lost:
            yield from _islands(lost)


def _is_root(node: Node, hosts: set[str]) -> bool:
    if node.kind == "startEvent" or _stands_apart(node):
        return True
    # A link catch is refused where it stands; a boundary event on nothing likewise: what follows them is not news.
    floating = node.kind == "boundaryEvent" and node.element.get("attachedToRef", "") not in hosts
    return floating or (node.kind == "intermediateCatchEvent" and node.has_trigger("link"))


def reached(roots: Iterable[Node]) -> set[Node]:
    """All nodes that flows and boundary events lead to from these."""
    seen: set[Node] = set()
    pending = list(roots)
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        pending += [flow.target for flow in node.outgoing if flow.target is not None]
        pending += node.boundary
    return seen


def _islands(lost: list[Node]) -> Iterator[Finding]:
    """One finding for each thing that lacks an incoming flow, naming what hangs on it."""
    heads = [node for node in lost if not node.incoming and node.kind != "boundaryEvent"]
    told = reached(heads)
    heads += [node for node in lost if node not in told][:1]
    remaining = set(lost)
    for head in heads[:MOST_ISLANDS]:
        behind = reached([head])
        rest = [node for node in lost if node is not head and node in behind and node in remaining]
        remaining.difference_update(behind)
        also = together(rest)
        extra = Both(f"，连带{also.zh}也不会执行", f", nor does {also.en}") if rest else Both("", "")
        yield UNREACHABLE.at(head, also=extra)


def exits(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No loop without a way out."""
    for scope in diagram.running:
        if scope.refused or _is_torn(scope):
            continue
        finishing = _leading_out(scope)
        live = reached(node for node in scope.nodes if node.kind == "startEvent")
        trapped = [node for node in scope.nodes if node in live and node not in finishing]
        if trapped:
            yield NO_WAY_OUT.at(trapped[0])


def _leading_out(scope: Scope) -> set[Node]:
    """Nodes from which some way ends (any node without outgoing flows counts as an end here)."""
    seen: set[Node] = set()
    pending = [node for node in scope.nodes if not node.outgoing]
    by_id = {node.id: node for node in scope.nodes}
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        pending += [flow.source for flow in node.incoming if flow.source is not None]
        if node.kind == "boundaryEvent":
            host = by_id.get(node.element.get("attachedToRef", ""))
            pending += [host] if host is not None else []
    return seen


CHECKS = (ends, directions, outgoing, starts_and_ends, dead_ends, unreachable, exits)
