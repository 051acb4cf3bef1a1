"""The ways through a process: everything drawn lies on one, and every one ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule, Severity, together
from processes.notation.check.rules.engine.refused import is_refused
from processes.notation.check.world import World, instantiates, is_torn
from processes.notation.diagram import Diagram, Node, Scope, is_true, kind_of

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
DUPLICATE = Rule(
    "duplicate-flow", WARNING,
    "{it}与另一条顺序流（{other}）重复：起点、终点和条件都一样，后面的步骤会执行两遍。",
    "{it} repeats another flow ({other}): same ends, same condition; what follows runs twice.",
    "删去其中一条。", "Delete one of them.",
)  # fmt: skip
ENDS_HERE = Rule(
    "dead-end", INFO,
    "{it}后面没有线，这条路到此结束。", "Nothing follows {it}: this way ends here.",
    "真的到此为止，就画一个结束事件，看图的人才放心；否则连到下一个步骤。",
    "If it really ends, draw an end event, so that readers can be sure; else connect it to the next step.",
)  # fmt: skip

# Each costs a walk; a diagram with more loose ends than this is told about them in turns.
MOST_ISLANDS = 50


def _whole(diagram: Diagram, world: World) -> Iterator[Scope]:
    """Scopes of which it is known what can be reached in them."""
    for scope in world.running(diagram):
        if not is_refused(scope) and not is_torn(scope):
            yield scope


def _stands_apart(node: Node) -> bool:
    """Nodes that no flow leads to by design."""
    return is_true(node.element.get("triggeredByEvent")) or is_true(node.element.get("isForCompensation"))


def _links(world: World, scope: Scope) -> Mapping[Node, list[Node]]:
    """Link throw event → the catch events of its name."""
    catches: dict[str, list[Node]] = {}
    throws: list[tuple[Node, str]] = []
    for node in scope.nodes:
        for trigger in world.triggers(node) if node.kind.startswith("intermediate") else ():
            if kind_of(trigger) == "linkEventDefinition":
                name = (trigger.get("name") or "").strip()
                if node.kind == "intermediateCatchEvent":
                    catches.setdefault(name, []).append(node)
                else:
                    throws.append((node, name))
    return {node: catches.get(name, []) for node, name in throws}


def _known(diagram: Diagram, scope: Scope) -> list[Node]:
    """Nodes that flows can name: not those without an id, or with one that another has."""
    return [node for node in scope.nodes if node.id and diagram.by_id.get(node.id) is node.element]


def unreachable(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Everything drawn can be reached. (A scope without any start begins wherever nothing leads to.)"""
    for scope in _whole(diagram, world):
        starts = [node for node in scope.nodes if node.kind == "startEvent" or instantiates(node)]
        if not starts:
            continue
        links = _links(world, scope)
        caught = {catch for catches in links.values() for catch in catches}
        hosts = {node.id for node in scope.nodes}
        roots = [*starts, *(node for node in scope.nodes if _is_root(world, node, hosts, caught))]
        found = reached(roots, links)
        lost = [node for node in _known(diagram, scope) if node not in found and _is_told_here(world, node)]
        if lost:
            yield from _islands(lost, links, world.need(UNREACHABLE, diagram.file))


def _is_root(world: World, node: Node, hosts: set[str], caught: set[Node]) -> bool:
    # What a rule of the standard says of an event (attached to nothing, a link without a source) is not said again of what follows.
    floating = node.kind == "boundaryEvent" and node.element.get("attachedToRef", "") not in hosts
    lonely = node.kind == "intermediateCatchEvent" and "link" in world.trigger_kinds(node) and node not in caught
    return _stands_apart(node) or floating or lonely


def _is_told_here(world: World, node: Node) -> bool:
    """End and intermediate events and gateways without incoming flows are errors of BPMN itself."""
    return bool(node.incoming) or node.kind not in {"endEvent", "intermediateCatchEvent", "intermediateThrowEvent"}


def reached(roots: Iterable[Node], links: Mapping[Node, list[Node]]) -> set[Node]:
    """All nodes that flows, links and boundary events lead to from these."""
    seen: set[Node] = set()
    pending = list(roots)
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        pending += [flow.target for flow in node.outgoing if flow.target is not None]
        pending += node.boundary
        pending += links.get(node, ())
    return seen


def _islands(lost: list[Node], links: Mapping[Node, list[Node]], severity: Severity) -> Iterator[Finding]:
    """One finding for each thing that lacks an incoming flow, naming what hangs on it."""
    heads = [node for node in lost if not node.incoming and node.kind != "boundaryEvent"]
    told = reached(heads, links)
    heads += [node for node in lost if node not in told][:1]
    remaining = set(lost)
    for head in heads[:MOST_ISLANDS]:
        behind = reached([head], links)
        rest = [node for node in lost if node is not head and node in behind and node in remaining]
        remaining.difference_update(behind)
        also = together(rest)
        extra = Both(f"，连带{also.zh}也不会执行", f", nor does {also.en}") if rest else Both("", "")
        yield UNREACHABLE.at(head, severity=severity, also=extra)


def exits(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No loop without a way out."""
    for scope in _whole(diagram, world):
        links = _links(world, scope)
        finishing = _leading_out(scope, links)
        live = reached((node for node in scope.nodes if node.kind == "startEvent" or instantiates(node)), links)
        trapped = [node for node in scope.nodes if node in live and node not in finishing]
        if trapped:
            yield NO_WAY_OUT.at(trapped[0])


def _leading_out(scope: Scope, links: Mapping[Node, list[Node]]) -> set[Node]:
    """Nodes from which some way ends (any node without outgoing flows counts as an end here)."""
    seen: set[Node] = set()
    throws: dict[Node, list[Node]] = {}
    for throw, catches in links.items():
        for catch in catches:
            throws.setdefault(catch, []).append(throw)
    pending = [node for node in scope.nodes if not node.outgoing and not links.get(node)]
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        pending += [flow.source for flow in node.incoming if flow.source is not None]
        pending += throws.get(node, ())
        if node.kind == "boundaryEvent":
            pending += node.hosts
    return seen


def duplicates(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No two flows with the same ends and the same condition."""
    for scope in world.running(diagram):
        seen: dict[tuple[Node, Node, str], str] = {}
        for flow in scope.flows:
            if flow.source is not None and flow.target is not None:
                other = seen.setdefault((flow.source, flow.target, flow.condition), flow.id)
                if other != flow.id:
                    yield DUPLICATE.at(flow, severity=world.need(DUPLICATE, diagram.file), other=other)


def dead_ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Where others end in an end event, a way that just stops may be an oversight."""
    for scope in _whole(diagram, world):
        if any(node.kind == "endEvent" for node in scope.nodes):
            for node in _known(diagram, scope):
                if not node.outgoing and not _stands_apart(node) and _is_step(node):
                    yield ENDS_HERE.at(node)


def _is_step(node: Node) -> bool:
    return not node.kind.endswith(("Event", "Gateway"))


CHECKS = (unreachable, exits, duplicates, dead_ends)
