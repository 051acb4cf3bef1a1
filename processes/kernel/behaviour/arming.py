"""Waiting for events: what is armed, when it fires, and what conditions say (BPMN 2.0.2, 13.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from processes.kernel.machine import Machine, wait_of
from processes.kernel.plan import ARMED, Node, Trigger
from processes.kernel.state import Running, Token, Watch

KEY = "correlationKey"


def arm(m: Machine, node: Node, token: Token | None, scope: Running | None) -> None:
    """Wait for an event's triggers: in or on the border of a token, or at the start of an event sub-process of a scope."""
    holder: Any = token if token is not None else scope
    for trigger in node.triggers:
        if trigger.kind not in ARMED:
            continue
        watch = Watch(m.new_id(), node, trigger, token, scope)
        _plan(m, watch)
        m.watches[watch.id] = watch
        if holder.watches is None:
            holder.watches = []
        holder.watches.append(watch)
        m.open(wait_of(watch))


def _plan(m: Machine, watch: Watch) -> None:
    """Work out the key or the time that is waited for."""
    trigger, node = watch.trigger, watch.node
    if trigger.kind == "message":
        text = node.element.properties.get(KEY, "")
        if text:
            value = m.evaluator.property(text, data_of(m, watch), node.id)
            watch.key = "" if value is None else str(value)
    elif trigger.kind == "timer":
        watch.time = m.evaluator.timer(trigger.expression or "", data_of(m, watch), node.id)
    elif trigger.kind == "conditional":
        m.conditions[watch.id] = watch
        m.moves += 1  # it is looked at once before anything else changes


def data_of(m: Machine, watch: Watch) -> dict[str, Any]:
    """The variables that a key or a time is worked out from."""
    if watch.token is not None:
        return m.visible(watch.token)
    assert watch.scope is not None
    return {**m.objects(watch.scope), **m.view(watch.scope)}


def replan(m: Machine, watch: Watch) -> None:
    """Work a timer's due time out again: a calendar year was loaded."""
    _plan(m, watch)
    _moved(m, watch)


def reschedule(m: Machine, watch: Watch, due: datetime) -> None:
    """A person wants a timer to be due at another time."""
    assert watch.time is not None
    watch.time = replace(watch.time, due=due, provisional=False)
    _moved(m, watch)


def again(m: Machine, watch: Watch) -> bool:
    """Whether an event that does not interrupt goes on waiting after it has fired; a cycle is planned anew."""
    if watch.trigger.kind != "timer":
        return True
    assert watch.time is not None
    following = watch.time.after_firing()
    if following is None:
        m.drop(watch)
        return False
    watch.time = following
    _moved(m, watch)
    return True


def _moved(m: Machine, watch: Watch) -> None:
    wait = wait_of(watch)
    if wait.identity in m.opened:
        m.opened[wait.identity] = wait
    else:
        m.rescheduled[watch.id] = watch
    if watch.token is not None:
        m.touch(watch.token)


def payload_of(trigger: Trigger, payload: Any) -> dict[str, Any]:
    """The variables that a caught event brings."""
    if trigger.variable:
        return {trigger.variable: payload}
    if trigger.kind in ("message", "signal") and isinstance(payload, dict):
        return payload
    return {}
