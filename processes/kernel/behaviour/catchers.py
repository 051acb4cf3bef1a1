"""Who catches an error or an escalation: innermost first, event sub-processes of a scope before the border of its activity, a code before
none (BPMN 2.0.2, 10.5.6 and 13.5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from processes.kernel.behaviour import arming, events
from processes.kernel.machine import Machine
from processes.kernel.plan import Node, Trigger
from processes.kernel.state import Running, Token


@dataclass(frozen=True)
class Catcher:
    """An event that catches: on the border of ``host``, or the start of an event sub-process of ``scope``."""

    node: Node
    trigger: Trigger
    host: Token | None
    scope: Running | None


def find(kind: str, code: str | None, scope: Running | None, activity: Token | None = None) -> Catcher | None:
    """The nearest catcher of something thrown inside ``scope``, or by the ``activity`` itself.

    An activity that is completed and being compensated catches no more: what its handlers throw belongs to the scope that compensates
    (10.5.4). An event sub-process does not catch what is thrown in it, whoever else there may.
    """
    while True:
        handler: Node | None = None
        if activity is not None:
            host = activity.turn_of or activity
            if activity.undoing is None:
                found = _best(host.node.boundary, kind, code)
                if found is not None:
                    return Catcher(*found, host, None)
            scope, handler = host.scope, host.node
        if scope is None:
            return None
        if not scope.interrupted:
            starts = (
                each.inner.typed_starts[0] for each in scope.plan.event_scopes if each.inner and each is not handler
            )
            found = _best(starts, kind, code)
            if found is not None:
                return Catcher(*found, None, scope)
        activity = scope.owner
        if activity is None:
            return None


def _best(nodes: Iterable[Node], kind: str, code: str | None) -> tuple[Node, Trigger] | None:
    """The event with the very code, else one that catches every code."""
    every: tuple[Node, Trigger] | None = None
    for node in nodes:
        for trigger in node.triggers:
            if trigger.kind == kind:
                if trigger.code == code and code is not None:
                    return node, trigger
                if trigger.code is None and every is None:
                    every = node, trigger
    return every


def fire(m: Machine, catcher: Catcher, payload: Any) -> None:
    """Let the catcher have it."""
    values = arming.payload_of(catcher.trigger, payload)
    if catcher.host is not None:
        events.on_border(m, catcher.host, catcher.node, values)
    else:
        assert catcher.scope is not None
        events.start_event_scope(m, catcher.scope, catcher.node, values)
