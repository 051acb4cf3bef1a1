"""Every step lies on a way: something leads to it where there is a start event, and on from it where there is an end event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from processes.notation.check.findings import ERROR, Both, Finding, Rule, together
from processes.notation.check.rules.standard.compensation import meant_as_handlers
from processes.notation.check.world import World, instantiates, is_torn
from processes.notation.diagram import Diagram, Element, Node, Scope, is_true, kind_of
from processes.notation.links import link_name

UNREACHABLE = Rule(
    "unreachable", ERROR,
    "{it}从开始事件走不到，永远不会执行{also}。", "{it} cannot be reached from a start event and never runs{also}.",
    "从前面的步骤连一条线过来；不需要就删掉。", "Lead a flow to it from the step before; delete it if it is not needed.",
    "10.5.2",
)  # fmt: skip
DEAD_END = Rule(
    "dead-end", ERROR,
    "{it}没有出线，这条路走到这里就断了；同一层画了结束事件，每条路都要走到结束事件。",
    "Nothing follows {it}: where there are end events, every way leads to one.",
    "真的到此为止，就连到一个结束事件；否则连到下一个步骤。", "If it really ends, lead a flow to an end event; else connect it to the next step.",
    "10.5.3",
)  # fmt: skip

# Each costs a walk; a diagram with more loose ends than this is told about them in turns.
MOST_ISLANDS = 50


def _whole(diagram: Diagram) -> Iterator[Scope]:
    """Scopes of which it is known what can be reached in them; in an ad-hoc sub-process flows are optional."""
    for scope in diagram.scopes:
        if not _is_free(scope) and not is_torn(scope):
            yield scope


def _is_free(scope: Scope) -> bool:
    return scope.kind == "adHocSubProcess" or (scope.parent is not None and _is_free(scope.parent))


def _stands_apart(node: Node) -> bool:
    """Nodes that no flow leads to by design."""
    return is_true(node.element.get("triggeredByEvent")) or is_true(node.element.get("isForCompensation"))


def links_of(world: World, scope: Scope) -> Mapping[Node, list[Node]]:
    """Link throw event → the catch events of its link."""
    catches: dict[str, list[Node]] = {}
    throws: list[tuple[Node, str]] = []
    for node in scope.nodes:
        for trigger in world.triggers(node) if node.kind.startswith("intermediate") else ():
            if kind_of(trigger) == "linkEventDefinition":
                name = link_name(world.diagram_of(node), node, trigger)
                if node.kind == "intermediateCatchEvent":
                    catches.setdefault(name, []).append(node)
                else:
                    throws.append((node, name))
    return {node: catches.get(name, []) for node, name in throws}


def _known(diagram: Diagram, scope: Scope, apart: set[Element]) -> list[Node]:
    """Nodes that flows can name: not those without an id, or with one that another has; and not what is told of elsewhere."""
    return [
        node
        for node in scope.nodes
        if node.id and diagram.by_id.get(node.id) is node.element and node.element not in apart
    ]


def unreachable(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Where there is a start event, everything is the target of a flow, and in a process that runs reached from a start."""
    apart = meant_as_handlers(diagram, world)
    for scope in _whole(diagram):
        starts = [node for node in scope.nodes if node.kind == "startEvent" or instantiates(node)]
        if not starts:
            continue  # it begins wherever nothing leads to
        links = links_of(world, scope)
        caught = {catch for catches in links.values() for catch in catches}
        hosts = {node.id for node in scope.nodes}
        roots = [*starts, *(node for node in scope.nodes if _is_root(world, node, hosts, caught))]
        found = reached(roots, links)
        lost = [node for node in _known(diagram, scope, apart) if node not in found and _is_told_here(node)]
        yield from _islands(lost, links, runs=world.runs(scope))


def _is_root(world: World, node: Node, hosts: set[str], caught: set[Node]) -> bool:
    # What a rule of the standard says of an event (attached to nothing, a link without a source) is not said again of what follows.
    floating = node.kind == "boundaryEvent" and node.element.get("attachedToRef", "") not in hosts
    lonely = node.kind == "intermediateCatchEvent" and "link" in world.trigger_kinds(node) and node not in caught
    return _stands_apart(node) or floating or lonely


def _is_told_here(node: Node) -> bool:
    """End and intermediate events without incoming flows have a rule of their own."""
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


def _islands(lost: list[Node], links: Mapping[Node, list[Node]], *, runs: bool) -> Iterator[Finding]:
    """One finding for each thing that lacks an incoming flow, naming what hangs on it; what only goes round is told where it should run."""
    heads = [node for node in lost if not node.incoming and node.kind != "boundaryEvent"]
    told = reached(heads, links)
    heads += [node for node in lost if node not in told][:1] if runs else []
    remaining = set(lost)
    for head in heads[:MOST_ISLANDS]:
        behind = reached([head], links)
        rest = [node for node in lost if node is not head and node in behind and node in remaining]
        remaining.difference_update(behind)
        also = together(rest)
        extra = Both(f"，连带{also.zh}也不会执行", f", nor does {also.en}") if rest else Both("", "")
        yield UNREACHABLE.at(head, also=extra)


def dead_ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Where there are end events, every activity and gateway leads on."""
    apart = meant_as_handlers(diagram, world)
    for scope in _whole(diagram):
        if any(node.kind == "endEvent" for node in scope.nodes):
            for node in _known(diagram, scope, apart):
                if not node.outgoing and not _stands_apart(node) and not _is_event_or_idle(node):
                    yield DEAD_END.at(node)


def _is_event_or_idle(node: Node) -> bool:
    """Events, and gateways that neither split nor join, have rules of their own."""
    return node.kind.endswith("Event") or (node.kind.endswith("Gateway") and len(node.incoming) < 2)


CHECKS = (unreachable, dead_ends)
