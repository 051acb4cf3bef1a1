"""Throw and end events, and send tasks (BPMN 2.0.2, 10.5.4 and 13.5.5)."""

from __future__ import annotations

from typing import Any

from processes.kernel.behaviour import activities, arming, associations, catchers, compensation, events, transactions
from processes.kernel.errors import uncaught
from processes.kernel.machine import Machine, entering, number_of, working
from processes.kernel.plan import Trigger
from processes.kernel.state import GONE, READY, Thrown, Token, Undoing

PLACE = "place"


@entering("intermediateThrowEvent")
def throw(m: Machine, token: Token) -> None:
    """Throws everything it has, and goes on; a link's flow goes on at its catch."""
    m.record("entered", token)
    if not _compensates(m, token):
        _thrown(m, token)


@entering("endEvent")
def end(m: Machine, token: Token) -> None:
    """Throws everything it has and ends the token; what ends more than the token comes last."""
    m.record("entered", token)
    if not _compensates(m, token):
        _ended(m, token)


def _compensates(m: Machine, token: Token) -> bool:
    """Whether the event throws a compensation: that comes first, and everything else when the handlers have run."""
    triggers = [each for each in token.node.triggers if each.kind == "compensate"]
    if triggers:
        compensation.throw(m, token, triggers, "end" if token.node.kind == "endEvent" else "leave")
    return bool(triggers)


def _thrown(m: Machine, token: Token) -> None:
    node = token.node
    m.record("completed", token)
    _throw_all(m, token)
    if token.state is GONE:
        return
    if node.triggers and node.triggers[0].kind == "link":
        token.node = token.scope.plan.links[node.triggers[0].name]
        token.arrived = None
        m.queue.append(token)
    else:
        m.leave(token, node.outgoing)


def _ended(m: Machine, token: Token) -> None:
    m.record("completed", token)
    _throw_all(m, token)
    if token.state is GONE:
        return
    ending = [each for each in token.node.triggers if each.kind in _LAST]
    # What leaves the scope ends what a terminate event would end, too.
    last = min(ending, key=lambda each: each.kind == "terminate", default=None)
    if last is None:
        m.end(token)
    else:
        _LAST[last.kind](m, token, last)


@compensation.afterwards("leave")
def leave(m: Machine, token: Token, _undoing: Undoing) -> None:
    """A throw event has waited for compensation."""
    token.state = READY
    _thrown(m, token)


@compensation.afterwards("end")
def undone(m: Machine, token: Token, _undoing: Undoing) -> None:
    """An end event has waited for compensation."""
    token.state = READY
    _ended(m, token)


@compensation.afterwards("further")
def undo_further(m: Machine, token: Token, _undoing: Undoing) -> None:
    """What was completed in an event sub-process has been undone; what is around it comes next."""
    _compensates(m, token)


@working("sendTask")
def send(m: Machine, token: Token) -> None:
    """Sends its message."""
    _throw_all(m, token)
    activities.finish(m, token)


def _throw_all(m: Machine, token: Token) -> None:
    for trigger in token.node.triggers:
        if trigger.kind == "message":
            _send(m, token, trigger)
        elif trigger.kind == "signal":
            payload = _payload(m, token, trigger)
            m.thrown.append(Thrown("signal", trigger.name, "", payload, "", token.node.id, m.new_id()))
            broadcast(m, trigger.name, payload)
        elif trigger.kind == "escalation":
            _escalate(m, token, trigger)


def _payload(m: Machine, token: Token, trigger: Trigger) -> dict[str, Any]:
    """What an event carries: what its expression gives, or what data associations bring into it (10.5.1)."""
    brought = associations.read(m, token) if token.node.inputs else {}
    if not trigger.expression:
        return brought
    value = m.evaluator.evaluate(trigger.expression, {**m.visible(token), **brought}, token.node.id)
    return value if isinstance(value, dict) else {"value": value}


def _send(m: Machine, token: Token, trigger: Trigger) -> None:
    properties, node = token.node.element.properties, token.node
    data = m.visible(token)
    key, place = (m.evaluator.property(properties.get(name, ""), data, node.id) for name in (arming.KEY, PLACE))
    payload = _payload(m, token, trigger)
    m.thrown.append(
        Thrown(
            "message",
            trigger.name,
            "" if key is None else str(key),
            payload,
            "" if place is None else str(place),
            node.id,
            m.new_id(),
        )
    )


def broadcast(m: Machine, name: str, payload: dict[str, Any]) -> int:
    """Give a signal to everything in the instance that waits for it now; returns how many there were."""
    waiting = [each for each in m.watches.values() if each.trigger.kind == "signal" and each.trigger.name == name]
    caught = 0
    for watch in sorted(waiting, key=lambda each: number_of(each.id)):
        if watch.id in m.watches:
            events.fire(m, watch, payload)
            caught += 1
    return caught


# -- escalations, errors, and what ends a scope ----------------------------------------------------------------------------


def _escalate(m: Machine, token: Token, trigger: Trigger) -> None:
    """To the nearest that catches it; nobody need (13.5.5)."""
    catcher = catchers.find("escalation", trigger.code, token.scope)
    if catcher is not None:
        catchers.fire(m, catcher, _payload(m, token, trigger) or None)


def _error(m: Machine, token: Token, trigger: Trigger) -> None:
    catcher = catchers.find("error", trigger.code, token.scope)
    if catcher is None:
        raise uncaught(trigger.code, token.node.id)
    catchers.fire(m, catcher, _payload(m, token, trigger) or None)


def _terminate(m: Machine, token: Token, _trigger: Trigger) -> None:
    """Everything else in the scope is withdrawn; the scope is over with what had been done to its variables."""
    if token.scope.plan.kind == "eventSubProcess":
        compensation.let_go(m, token.scope)
    m.stop(token.scope, m.view(token.scope))


def _cancel(m: Machine, token: Token, _trigger: Trigger) -> None:
    transactions.cancel(m, token)


_LAST = {"error": _error, "terminate": _terminate, "cancel": _cancel}
