"""Whether the tokens of a scope will come to an end from where they would stand in the new version.

They do when, at those places, everything ahead of them is as it was: the same branches meet at the same joins, and none comes to where another one
stands. Else they must be able to stand there together in the new version itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from processes.kernel.migration.fitting import NEVER_TOGETHER, TOO_MANY, Reason, is_join
from processes.kernel.migration.reaching import spot_of, together
from processes.kernel.plan import Flow, Node, Scope
from processes.kernel.state import JOINING, Running, Token

Image = Callable[[Node], Node | None]


def flow_images(source: Node, target: Node, image: Image) -> dict[Flow, Flow]:
    """Which flow into a join is which in the new version: the one of the same id, else the one that comes from the same step, whatever has been
    put in between or taken out."""
    found = {flow: same for flow in source.incoming for same in target.incoming if same.id == flow.id}
    left = [flow for flow in source.incoming if flow not in found]
    free = [flow for flow in target.incoming if flow not in found.values()]
    near = {flow: _origins(flow, image) for flow in left}
    known = {each for origins in near.values() for each in origins}
    for flow in left:
        fitting = [each for each in free if near[flow] & _nearest(each, known)]
        if fitting:
            found[flow] = fitting[0]
            free.remove(fitting[0])
    return found


def _origins(flow: Flow, image: Image) -> set[Node]:
    """The nearest steps before a flow that the new version has, as they are there."""
    found, seen, pending = set[Node](), set[Node](), [flow.source]
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        target = image(node)
        if target is not None:
            found.add(target)
        else:
            pending += _before(node)
    return found


def _nearest(flow: Flow, wanted: set[Node]) -> set[Node]:
    """The nearest of the wanted steps before a flow."""
    found, seen, pending = set[Node](), set[Node](), [flow.source]
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in wanted:
            found.add(node)
        else:
            pending += _before(node)
    return found


def _before(node: Node) -> list[Node]:
    return [node.host] if node.host is not None else [flow.source for flow in node.incoming]


class _Ahead(NamedTuple):
    joins: frozenset[tuple[Node, Flow]]
    """all joins on some way, with the flows by which they are reached"""
    nodes: frozenset[Node]


def _ahead(start: Node, arrived: Flow | None) -> _Ahead:
    joins, seen, pending = set[tuple[Node, Flow]](), {start}, [start]
    if arrived is not None and is_join(start):
        joins.add((start, arrived))
    while pending:
        node = pending.pop()
        for flow in node.outgoing:
            if is_join(flow.target):
                joins.add((flow.target, flow))
        for other in _next(node):
            if other not in seen:
                seen.add(other)
                pending.append(other)
    return _Ahead(frozenset(joins), frozenset(seen))


def _next(node: Node) -> list[Node]:
    found = [flow.target for flow in node.outgoing] + list(node.boundary)
    if node.kind == "intermediateThrowEvent" and node.triggers and node.triggers[0].kind == "link":
        found.append(node.scope.links[node.triggers[0].name])
    return found


def unsound(
    scope: Running, plan: Scope, nodes: Mapping[Token, Node], flows: Mapping[Token, Flow], image: Image
) -> Reason | None:
    """What keeps the tokens of a scope from going on in the new version's ``plan``. ``nodes``, ``flows``: where each would stand, and by which
    flow it has come to a join; ``image``: what an element of the old version is in the new one."""
    tokens = [token for token in scope.tokens.values() if _walks(token)]
    if all(_as_it_was(token, tokens, nodes, flows, image) for token in tokens):
        return None
    possible = together(plan, [spot_of(nodes[token], flows.get(token)) for token in tokens])
    if possible:
        return None
    return TOO_MANY if possible is None else NEVER_TOGETHER


def _walks(token: Token) -> bool:
    """Event sub-processes stand beside the walk, and so does what undoes."""
    return token.node.kind != "eventSubProcess" and token.undoes is None and token.view is None


def _as_it_was(
    token: Token, others: list[Token], nodes: Mapping[Token, Node], flows: Mapping[Token, Flow], image: Image
) -> bool:
    old = _ahead(token.node, token.arrived if token.state is JOINING else None)
    new = _ahead(nodes[token], flows.get(token))
    images = {node: image(node) for node in old.nodes}
    known = {target for target in images.values() if target is not None}
    if any(nodes[other] in new.nodes - known for other in others if other is not token):
        return False
    joins = set[tuple[Node, Flow]]()
    for join, flow in old.joins:
        target = images[join]
        if target is None or len(target.incoming) != len(join.incoming) or target.kind != join.kind:
            return False
        into = flow_images(join, target, image).get(flow)
        if into is None:
            return False
        joins.add((target, into))
    return joins == new.joins
