"""The ways through a process end, and none is drawn twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from processes.notation.check.findings import WARNING, Finding, Rule
from processes.notation.check.rules.engine.refused import is_refused
from processes.notation.check.rules.standard.ways import links_of, reached
from processes.notation.check.world import World, instantiates, is_torn
from processes.notation.diagram import Diagram, Node, Scope

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


def _whole(diagram: Diagram, world: World) -> Iterator[Scope]:
    """Scopes of which it is known what can be reached in them."""
    for scope in world.running(diagram):
        if not is_refused(scope) and not is_torn(scope):
            yield scope


def exits(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No loop without a way out."""
    for scope in _whole(diagram, world):
        links = links_of(world, scope)
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


CHECKS = (exits, duplicates)
