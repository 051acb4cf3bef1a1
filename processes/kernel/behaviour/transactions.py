"""Transactions: what it means to cancel one (BPMN 2.0.2, 13.5.4)."""

from __future__ import annotations

from processes.kernel.behaviour import compensation, events
from processes.kernel.errors import Stuck
from processes.kernel.machine import Machine
from processes.kernel.state import Token, Undoing


def cancel(m: Machine, token: Token) -> None:
    """A transaction is cancelled: what runs in it is withdrawn, what was completed is undone, then it is left by its border."""
    scope = compensation.scope_of(token)
    kept, around = token, token.scope
    while True:
        m.disarm_scope(around)
        around.interrupted = True
        for other in list(around.tokens.values()):
            if other is not kept:
                m.cancel(other)
        if around is scope or around.owner is None:
            break
        kept = around.owner
        around = kept.scope
    pending, scope.done = scope.done, []
    compensation.start(m, token, Undoing(pending, scope, "cancel"))


@compensation.afterwards("cancel")
def leave_by_border(m: Machine, token: Token, undoing: Undoing) -> None:
    """Everything has been undone: the flow goes on from the transaction's cancel event."""
    owner = undoing.scope.owner
    host = (owner.turn_of or owner) if owner is not None else None
    found = None
    if host is not None:
        found = next((each for each in host.node.boundary if any(one.kind == "cancel" for one in each.triggers)), None)
    if host is None or found is None:
        raise Stuck(
            token.node.id, "取消了事务，但事务的边界上没有取消边界事件", "no cancel boundary event on the transaction"
        )
    events.on_border(m, host, found, {})
