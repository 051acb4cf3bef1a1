"""How any scope begins: a process, a sub-process, a called process, an event sub-process, or the inside of one that is undone."""

from __future__ import annotations

from processes.kernel.behaviour import arming
from processes.kernel.data import Data, Fork
from processes.kernel.machine import Machine
from processes.kernel.plan import Node, Scope
from processes.kernel.state import Running, Token


def begin(m: Machine, plan: Scope | None, owner: Token | None, data: Data, at: Node | None = None) -> Running:
    """Start a scope: its event sub-processes wait, its starts (or the one node ``at``) get their tokens."""
    assert plan is not None
    scope = Running(m.new_id(), plan, owner, data)
    if owner is None:
        m.root = scope
    else:
        owner.inner = scope
    for node in plan.armed_event_scopes:
        assert node.inner is not None
        arming.arm(m, node.inner.typed_starts[0], None, scope)
    starts = (at,) if at is not None else plan.starts
    if len(starts) == 1:
        token = m.spawn(starts[0], scope, data)
        if at is not None and at.kind == "startEvent":
            m.record("caught", token)
    elif starts:
        fork = Fork(None, data, len(starts))
        for node in starts:
            m.spawn(node, scope, data, fork)
    elif plan.chooser is not None:
        m.spawn(plan.chooser, scope, data)
    else:
        m.end_if_over(scope)
    return scope
