"""Gateways (BPMN 2.0.2, 13.4)."""

from __future__ import annotations

from processes.kernel.behaviour import arming, flows
from processes.kernel.machine import Machine, entering, number_of
from processes.kernel.plan import Node
from processes.kernel.state import JOINING, WAITING, Running, Token


def passed(m: Machine, token: Token) -> None:
    """Note that a token has come through a node that takes no time."""
    m.record("entered", token)
    m.record("completed", token)


@entering("exclusiveGateway")
def exclusive(m: Machine, token: Token) -> None:
    """One way of several; each token that arrives goes through (13.4.2)."""
    passed(m, token)
    outgoing = token.node.outgoing
    if len(outgoing) > 1 or (outgoing and outgoing[0].condition):
        m.take(token, flows.first(m, token))
    else:
        m.leave(token, outgoing)


@entering("parallelGateway")
def parallel(m: Machine, token: Token) -> None:
    """Waits for a token on every incoming flow, then takes every outgoing one (13.4.1)."""
    node = token.node
    if len(node.incoming) > 1:
        parked = _park(token)
        present = _one_a_flow(parked)
        if len(present) < len(node.incoming):
            return
        token = _join(m, token.scope, node, present)
    passed(m, token)
    m.leave(token, node.outgoing)


@entering("inclusiveGateway")
def inclusive(m: Machine, token: Token) -> None:
    """Takes every outgoing flow whose condition holds (13.4.3); whether an arriving token has to wait is seen when nothing moves any more."""
    if len(token.node.incoming) > 1:
        _park(token)
        m.joins[token.scope.id] = token.scope
    else:
        _split(m, token)


def _split(m: Machine, token: Token) -> None:
    passed(m, token)
    outgoing = token.node.outgoing
    m.leave(token, flows.chosen(m, token) if len(outgoing) > 1 or (outgoing and outgoing[0].condition) else outgoing)


def join_inclusive(m: Machine) -> bool:
    """Let the first inclusive join go on that no other token can still reach; whether there was one."""
    for scope in sorted(m.joins.values(), key=lambda each: number_of(each.id)):
        waiting = [scope.plan.nodes[each] for each in scope.parked if scope.plan.nodes[each].ways is not None]
        if not waiting:
            del m.joins[scope.id]
        for node in waiting:
            present = _one_a_flow(scope.parked[node.id])
            if not _others_come(scope, node, present):
                _split(m, _join(m, scope, node, present))
                return True
    return False


def _others_come(scope: Running, node: Node, present: dict[str, Token]) -> bool:
    """Whether a token can still come by an empty flow, and could not as well come by one that has a token already (13.4.3)."""
    assert node.ways is not None
    filled = sum(1 << number for number, flow in enumerate(node.incoming) if flow.id in present)
    for other in scope.tokens.values():
        if other.node is node and other.state is JOINING:
            continue
        ways = node.ways.get(other.node.id, 0)
        if ways & ~filled and not ways & filled:
            return True
    return False


def _park(token: Token) -> list[Token]:
    token.state = JOINING
    parked = token.scope.parked.setdefault(token.node.id, [])
    parked.append(token)
    return parked


def _one_a_flow(parked: list[Token]) -> dict[str, Token]:
    """The first token of each incoming flow, in the order of arrival."""
    found: dict[str, Token] = {}
    for token in parked:
        found.setdefault(token.arrived.id if token.arrived is not None else "", token)
    return found


def _join(m: Machine, scope: Running, node: Node, present: dict[str, Token]) -> Token:
    """Take one token of each flow and make one of them; what else has arrived waits for the next time."""
    parked = scope.parked[node.id]
    for token in present.values():
        parked.remove(token)
    if not parked:
        del scope.parked[node.id]
    return m.merge(list(present.values()))


@entering("eventBasedGateway")
def event_based(m: Machine, token: Token) -> None:
    """Waits for the first of the events behind it (13.4.4)."""
    passed(m, token)
    token.state = WAITING
    for event in token.node.catchers:
        arming.arm(m, event, token, None)


@entering("chooser")
def choose_start(m: Machine, token: Token) -> None:
    """A process that only events start, started by hand: it waits for the first of them."""
    token.state = WAITING
    for start in token.node.catchers:
        arming.arm(m, start, token, None)
