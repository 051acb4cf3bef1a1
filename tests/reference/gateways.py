"""Where flows part and meet (BPMN 2.0 §13.4)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.data import Arrival, Data
from tests.reference.machine import Incident, Machine
from tests.reference.reading import ACTIVITIES, Flow, Node
from tests.reference.state import Causes, Frame, Token

# -- parting ---------------------------------------------------------------------------------------------------------


def flows_out(machine: Machine, node: Node, data: Data) -> list[Flow]:
    """The flows a token takes out of an element."""
    if node.tag == "exclusiveGateway" and node.outgoing:
        return [_exclusive(machine, node, data)]
    if node.tag == "inclusiveGateway" or node.tag in ACTIVITIES:
        return _conditional(machine, node, data)
    return node.outgoing


def _exclusive(machine: Machine, node: Node, data: Data) -> Flow:
    """The first that holds, in the order of the document; else the default."""
    for flow in node.outgoing:
        if flow is not node.default and (not flow.condition or machine.holds(flow.condition, data.values)):
            return flow
    if node.default is None:
        raise Incident(f"{node.id}: no condition holds")
    return node.default


def _conditional(machine: Machine, node: Node, data: Data) -> list[Flow]:
    """Those whose condition holds and those without a condition; the default when there is none of them."""
    taken = [
        flow
        for flow in node.outgoing
        if flow is not node.default and (not flow.condition or machine.holds(flow.condition, data.values))
    ]
    if taken or not node.outgoing:
        return taken
    if node.default is None:
        raise Incident(f"{node.id}: no condition holds")
    return [node.default]


# -- meeting ---------------------------------------------------------------------------------------------------------


def is_join(node: Node) -> bool:
    """Whether tokens wait for each other here."""
    return node.tag in ("parallelGateway", "inclusiveGateway") and len(node.incoming) > 1


def fire_join(machine: Machine, frame: Frame) -> bool:
    """Let one join go on that has what it needs; whether there was one."""
    for node in frame.scope.nodes:
        parked = [token for token in frame.tokens if token.parked and token.node is node]
        if parked and (_parallel(node, parked) if node.tag == "parallelGateway" else _inclusive(frame, node, parked)):
            enabling = machine.reason if node.tag == "inclusiveGateway" else frozenset()
            _meet(machine, node, frame, parked, enabling)
            return True
    return False


def _parallel(node: Node, parked: list[Token]) -> bool:
    """A token on every flow."""
    return {token.flow for token in parked} >= set(node.incoming)


def _inclusive(frame: Frame, node: Node, parked: list[Token]) -> bool:
    """No token elsewhere can still come by a flow that has none, unless it could as well come by one that has (§13.4.3)."""
    filled = {token.flow for token in parked}
    empty = set(node.incoming) - filled
    for token in frame.tokens:
        if token in parked:
            continue
        if token.node is node:
            return False  # it is about to arrive
        reached = _flows_ahead(token.node, node)
        if reached & empty and not reached & filled:
            return False
    return True


def _flows_ahead(start: Node, join: Node) -> set[Flow]:
    """The flows into the join that can be reached from a node without passing through the join."""
    reached: set[Flow] = set()
    seen, pending = {start}, [start]
    while pending:
        for step in _steps(pending.pop()):
            target = step.target if isinstance(step, Flow) else step
            if target is join and isinstance(step, Flow):
                reached.add(step)
            elif target not in seen:
                seen.add(target)
                pending.append(target)
    return reached


def _steps(node: Node) -> Iterator[Flow | Node]:
    """Ways on from a node: its flows, its boundary events, and the other end of a link."""
    yield from node.outgoing
    yield from node.boundaries
    for trigger in node.triggers:
        if trigger.kind == "link" and node.tag == "intermediateThrowEvent":
            yield from link_targets(node, trigger.name)


def link_targets(node: Node, name: str) -> list[Node]:
    """The catching ends of a link in the same scope; there is one."""
    return [
        other
        for other in node.scope.nodes
        if other.tag == "intermediateCatchEvent" and any(t.kind == "link" and t.name == name for t in other.triggers)
    ]


def _meet(machine: Machine, node: Node, frame: Frame, parked: list[Token], enabling: Causes) -> None:
    """One token of each flow goes on as one, in the order in which they came; the others wait for the next round."""
    first: dict[Flow | None, Token] = {}
    for token in parked:
        first.setdefault(token.flow, token)
    met = [token for token in parked if token in first.values()]
    data = machine.gather([Arrival(token.data, token.arrived) for token in met])
    causes = machine.happened(node, enabling.union(*(token.causes for token in met)))
    for token in met:
        token.die()
    together = Token(node, frame, data, causes)
    frame.tokens.append(together)
    machine.leave(together, flows_out(machine, node, data))
