"""Which outgoing flows are taken (BPMN 2.0.2, 13.3.2 and 13.4)."""

from __future__ import annotations

from collections.abc import Sequence

from processes.kernel.errors import no_condition_holds
from processes.kernel.machine import Machine
from processes.kernel.plan import Flow
from processes.kernel.state import Token


def first(m: Machine, token: Token) -> Flow:
    """The first flow whose condition holds, else the default: an exclusive gateway's choice."""
    node = token.node
    data = m.visible(token)
    for flow in node.outgoing:
        if flow is node.default:
            continue
        if not flow.condition or m.evaluator.holds(flow.condition, data, node.id):
            return flow
    if node.default is None:
        raise no_condition_holds(node.id)
    return node.default


def chosen(m: Machine, token: Token) -> Sequence[Flow]:
    """Every flow whose condition holds, or that has none; else the default: an inclusive gateway's and an activity's choice."""
    node = token.node
    data = m.visible(token)
    found = [
        flow
        for flow in node.outgoing
        if flow is not node.default and (not flow.condition or m.evaluator.holds(flow.condition, data, node.id))
    ]
    if found:
        return found
    if node.default is None:
        raise no_condition_holds(node.id)
    return (node.default,)
