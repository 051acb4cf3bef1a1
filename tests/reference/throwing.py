"""Events that tell: to others, to whoever catches around them, or to the end of their scope (BPMN 2.0 §10.5, §13.5)."""

from __future__ import annotations

from tests.reference import catching, compensation, gateways
from tests.reference.machine import Incident, Machine
from tests.reference.reading import Trigger
from tests.reference.state import Frame, Token


def throw(machine: Machine, token: Token) -> None:
    """A token has come to a throwing or an end event. Compensation comes first: the event is over when that is."""
    if not compensation.throw(machine, token):
        thrown(machine, token)


def thrown(machine: Machine, token: Token) -> None:
    """Throw everything else, then go on, as long as nobody has caught it who ends the thrower."""
    token.causes = machine.happened(token.node, token.causes)
    for trigger in sorted(token.node.triggers, key=lambda each: each.kind == "terminate"):
        _throw(machine, token, trigger)
        if not token.alive:
            return
    if token.node.tag == "endEvent":
        machine.end(token)
    else:
        machine.leave(token, token.node.outgoing)


def _throw(machine: Machine, token: Token, trigger: Trigger) -> None:
    payload = None
    if trigger.payload and trigger.kind in ("signal", "error", "escalation"):
        payload = machine.evaluate(trigger.payload, token.data.values)
    if trigger.kind == "signal":
        catching.broadcast(machine, trigger.name, payload or {}, token.causes)
    elif trigger.kind == "message":
        catching.send(machine, token.node, trigger, token.data, token.causes)
    elif trigger.kind in ("error", "escalation"):
        found = catching.find_catcher(trigger.kind, trigger.name, token.frame, None)
        if found is not None:
            catching.take(machine, *found, payload, token.causes)
        elif trigger.kind == "error":
            raise Incident(f"{token.node.id}: nobody catches the error {trigger.name}")
    elif trigger.kind == "link":
        (target,) = gateways.link_targets(token.node, trigger.name)
        machine.put(target, token.frame, token.data, token.causes)
        token.die()
    elif trigger.kind == "terminate":
        _terminate(machine, token)
    elif trigger.kind == "cancel":
        _cancel(machine, token)


def _terminate(machine: Machine, token: Token) -> None:
    """The scope ends at once, with all that has been done in it so far."""
    frame = token.frame
    data = catching.known(frame)
    compensation.outlive(frame)
    frame.disarm()
    frame.clear()
    frame.ended.clear()
    machine.give(frame, data, token.causes)


def _cancel(machine: Machine, token: Token) -> None:
    """Whatever runs in the transaction is cancelled, what it has completed is compensated, and then it is left."""
    frame: Frame | None = token.frame
    while frame is not None and not (frame.activity is not None and frame.activity.node.tag == "transaction"):
        frame = frame.parent
    if frame is None:
        raise Incident(f"{token.node.id}: no transaction to cancel")
    frame.disarm()
    frame.clear()
    waiting = Token(token.node, frame, token.data, token.causes)
    frame.tokens.append(waiting)
    compensation.cancel(machine, frame, waiting)


def cancelled(machine: Machine, token: Token) -> None:
    """A cancelled transaction has been compensated: it is left by its cancel boundary event."""
    activity = token.frame.activity
    assert activity is not None
    found = catching.find_catcher("cancel", "", None, activity)
    if found is None:
        raise Incident(f"{activity.node.id}: no boundary event catches the cancellation")
    catching.take(machine, *found, None, token.causes)
