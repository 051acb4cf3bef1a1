"""Events that wait: how they are armed, and what happens when they catch something (BPMN 2.0 §10.5, §13.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.reference import gateways
from tests.reference.data import Data, Values, alone, newest, newest_writes
from tests.reference.machine import Machine
from tests.reference.reading import Node, Trigger
from tests.reference.state import Activity, Beside, Catcher, Causes, Compensation, Frame, Token, Wait
from tests.reference.times import later, plan

WAITED_FOR = {"message": "message", "signal": "signal", "timer": "timer", "conditional": "condition"}
"""The triggers that come by themselves; errors, escalations and the like look for their catcher."""


# -- arming ----------------------------------------------------------------------------------------------------------


def arm_token(machine: Machine, token: Token, nodes: list[Node]) -> None:
    """Let a token wait at a catching event, or for the first of those behind an event-based gateway."""
    for node in nodes:
        catcher = Catcher(node, token.frame, token.data, list(node.triggers), token=token)
        token.catchers.append(catcher)
        _wait(machine, catcher)


def arm_boundaries(machine: Machine, activity: Activity) -> None:
    """Arm the boundary events of an activity that begins; compensation is armed when it has been completed."""
    for node in activity.node.boundaries:
        if not node.has("compensate"):
            catcher = Catcher(node, activity.frame, activity.data, list(node.triggers), activity=activity)
            activity.catchers.append(catcher)
            _wait(machine, catcher)


def arm_starts(machine: Machine, frame: Frame) -> None:
    """Arm the starts of the event sub-processes of a scope that begins."""
    for sub_process in frame.scope.event_sub_processes:
        assert sub_process.inner is not None
        for node in sub_process.inner.nodes:
            if node.tag == "startEvent" and node.triggers and not node.has("compensate"):
                catcher = Catcher(node, frame, frame.start, list(node.triggers))
                frame.starts.append(catcher)
                _wait(machine, catcher)


def arm_message(machine: Machine, activity: Activity) -> None:
    """Let a receive task wait."""
    catcher = Catcher(activity.node, activity.frame, activity.data, list(activity.node.triggers), activity=activity)
    activity.catchers.append(catcher)
    _wait(machine, catcher)


def _wait(machine: Machine, catcher: Catcher) -> None:
    for trigger in catcher.outstanding:
        kind = WAITED_FOR.get(trigger.kind)
        if kind is None:
            continue
        wait = Wait(kind, machine.number(), catcher, trigger, trigger.name)
        if kind == "message":
            wait.key = machine.property(catcher.node, "correlationKey", catcher.data.values)
        elif kind == "timer":
            text = machine.timer(trigger.text, catcher.data.values)
            wait.due, wait.period, wait.left = plan(text, machine.now)
        machine.waits.append(wait)


# -- what comes ------------------------------------------------------------------------------------------------------


def broadcast(machine: Machine, name: str, payload: Any, causes: Causes) -> None:
    """A signal reaches every catcher that waits for it now, in the order in which they were armed."""
    for wait in list(machine.waits):
        if wait.kind == "signal" and wait.name == name and wait.is_open:
            catch(machine, wait, payload, causes)


def deliver(machine: Machine) -> bool:
    """Give the oldest message that has a receiver to it, of several the one that has waited longest; whether there was one. Early ones stay
    for their time."""
    machine.mail = [letter for letter in machine.mail if letter.expires > machine.now]
    for letter in machine.mail:
        receivers = [
            wait
            for wait in machine.waits
            if wait.is_open and (wait.kind, wait.name, wait.key) == ("message", letter.name, letter.key)
        ]
        if receivers:
            machine.mail.remove(letter)
            longest = min(receivers, key=lambda wait: wait.number)
            catch(machine, longest, letter.payload, letter.causes)
            return True
    return False


def send(machine: Machine, node: Node, trigger: Trigger, data: Data, causes: Causes) -> None:
    """Put a message into the mail."""
    payload = machine.evaluate(trigger.payload, data.values) if trigger.payload else {}
    key = machine.property(node, "correlationKey", data.values)
    machine.post(trigger.name, key, payload, causes)


def next_timer(machine: Machine, until: datetime) -> Wait | None:
    """The timer that is due first, and not after ``until``. Of several elements at the same moment nobody knows whose is first."""
    due = [wait for wait in machine.waits if wait.kind == "timer" and wait.is_open and wait.due <= until]
    first = min(due, key=lambda wait: (wait.due, wait.number), default=None)
    if len({wait.owner.node for wait in due if first is not None and wait.due == first.due}) > 1:
        machine.unsure.add("the order of timers")
    return first


def fire_timer(machine: Machine, wait: Wait) -> None:
    """A timer is due; a cycle is due again one period later."""
    wait.left -= 1 if wait.left > 0 else 0
    if wait.left and wait.period:
        wait.due = later(wait.due, wait.period)
    catch(machine, wait, None, frozenset())


def fire_condition(machine: Machine) -> bool:
    """Let one conditional event fire whose condition has become true; whether there was one. All are looked at after every step, so
    also when they have just been armed."""
    for wait in machine.waits:
        if wait.kind != "condition" or not wait.is_open:
            continue
        assert isinstance(wait.owner, Catcher)
        assert wait.trigger is not None
        held, wait.held = wait.held, machine.holds(wait.trigger.text, seen(wait.owner.frame))
        if wait.held and not held:
            catch(machine, wait, None, machine.reason)
            return True
    return False


# -- catching --------------------------------------------------------------------------------------------------------


def catch(machine: Machine, wait: Wait, payload: Any, causes: Causes) -> None:
    """Something comes that an event waits for."""
    assert isinstance(wait.owner, Catcher)
    assert wait.trigger is not None
    take(machine, wait.owner, wait.trigger, payload, causes)


def take(machine: Machine, catcher: Catcher, trigger: Trigger, payload: Any, causes: Causes) -> None:
    """A catcher gets one of its triggers: it fires, unless it has to wait for its others (parallel multiple)."""
    catcher.gathered.update(_brought(trigger, payload))
    catcher.gathered_causes |= causes
    if catcher.node.is_set("parallelMultiple"):
        catcher.outstanding.remove(trigger)
        if catcher.outstanding:
            return
    brought, causes = catcher.gathered, catcher.gathered_causes
    catcher.gathered, catcher.gathered_causes = {}, frozenset()
    if catcher.goes_on:
        _arm_again(machine, catcher)
    else:
        catcher.alive = False
    if catcher.token is not None:
        _go_on(machine, catcher, catcher.token, brought, causes)
    elif catcher.activity is None:
        _begin_event_sub_process(machine, catcher, brought, causes)
    elif catcher.node is catcher.activity.node:
        activity = catcher.activity
        machine.finished.append((activity, machine.write(activity.data, brought), activity.causes | causes))
    else:
        _leave_by_boundary(machine, catcher, catcher.activity, brought, causes)


def _brought(trigger: Trigger, payload: Any) -> dict[str, Any]:
    """The variables an event brings: all of a message or signal under one name or as they are; of others only under a name."""
    if trigger.variable:
        return {trigger.variable: payload}
    return dict(payload) if isinstance(payload, dict) and trigger.kind in ("message", "signal") else {}


def _arm_again(machine: Machine, catcher: Catcher) -> None:
    """Of an event that does not interrupt. One that had to wait for all of its triggers waits for all of them again."""
    if not catcher.outstanding:
        catcher.outstanding = list(catcher.node.triggers)
        machine.waits = [wait for wait in machine.waits if wait.owner is not catcher]
        _wait(machine, catcher)


def _go_on(machine: Machine, catcher: Catcher, token: Token, brought: dict[str, Any], causes: Causes) -> None:
    """The token that waits at an event goes on; from an event-based gateway by the event that came first (an instantiating parallel
    one goes on by each of them)."""
    together = token.node.attributes.get("eventGatewayType") == "Parallel"
    data = machine.write(token.data, brought)
    causes = machine.happened(catcher.node, token.causes | causes)
    going = Token(catcher.node, token.frame, data, causes)
    token.frame.tokens.append(going)
    if not together or not any(other.alive for other in token.catchers):
        token.die()
    machine.leave(going, gateways.flows_out(machine, catcher.node, data))


def _leave_by_boundary(
    machine: Machine, catcher: Catcher, activity: Activity, brought: dict[str, Any], causes: Causes
) -> None:
    """The flow out of a boundary event knows what the activity began with; an interrupted activity's inside is gone."""
    token = activity.token
    assert token is not None
    if catcher.node.interrupts:
        token.die()
    causes = machine.happened(catcher.node, token.causes | causes)
    going = Token(catcher.node, catcher.frame, machine.write(token.data, brought), causes)
    catcher.frame.tokens.append(going)
    machine.leave(going, catcher.node.outgoing)


def _begin_event_sub_process(machine: Machine, catcher: Catcher, brought: dict[str, Any], causes: Causes) -> None:
    """An event sub-process runs in its scope, and knows what the scope knows. An interrupting one has it for itself."""
    frame, start = catcher.frame, catcher.node
    node = next(each for each in frame.scope.event_sub_processes if each.inner is start.scope)
    data = known(frame)
    if start.interrupts:
        frame.disarm()
        frame.clear()
    inside = begin_event_frame(machine, node, start, frame, machine.write(data, brought), frame.causes | causes)
    if not start.interrupts:
        inside.beside = Beside(data, newest([frame.start, *(arrival.data for arrival in frame.ended)]))


def begin_event_frame(machine: Machine, node: Node, start: Node, parent: Frame, data: Data, causes: Causes) -> Frame:
    """The frame of an event sub-process, with a token that has caught its start event."""
    assert node.inner is not None
    inside = Frame(node.inner, parent, data, causes, event=node, objects=dict.fromkeys(node.inner.objects))
    parent.events.append(inside)
    arm_starts(machine, inside)
    token = Token(start, inside, data, machine.happened(start, causes))
    inside.tokens.append(token)
    machine.leave(token, start.outgoing)
    return inside


# -- errors and escalations ------------------------------------------------------------------------------------------


def find_catcher(
    kind: str, code: str, frame: Frame | None, activity: Activity | None
) -> tuple[Catcher, Trigger] | None:
    """Who catches an error or escalation, innermost first: the boundary of the activity it comes from (if it is an activity), then the
    event sub-processes of the scope, then the boundary of the activity around the scope, and so on outwards.

    Among those beside each other one with the very code goes before one that catches any.
    """
    inside: Node | None = None
    while True:
        while activity is not None:
            found = _match(kind, code, activity.catchers)
            if found is not None:
                return found
            activity = activity.whole
        if frame is None:
            return None
        found = _match(
            kind, code, [start for start in frame.starts if inside is None or start.node.scope is not inside.inner]
        )
        if found is not None:
            return found
        activity, inside, frame = frame.activity, frame.event, frame.parent


def _match(kind: str, code: str, catchers: list[Catcher]) -> tuple[Catcher, Trigger] | None:
    fitting = [
        (catcher, trigger)
        for catcher in catchers
        for trigger in catcher.outstanding
        if catcher.alive and trigger.kind == kind and trigger.name in ("", code)
    ]
    return min(fitting, key=lambda pair: pair[1].name != code, default=None)


# -- what a scope knows ----------------------------------------------------------------------------------------------


def seen(frame: Frame) -> Values:
    """What a condition looks at: the variables of its scope with the newest writes of all tokens in it, those in sub-processes inside it
    included."""
    return newest_writes(list(_versions(frame)))


def known(frame: Frame) -> Data:
    """What an event sub-process begins with: what its scope's branches know together now."""
    return newest(list(_versions(frame)))


def _versions(frame: Frame) -> Iterator[Data]:
    yield frame.start
    yield from (arrival.data for arrival in frame.ended)
    for token in frame.tokens:
        yield token.data
        if token.activity is not None:
            yield from _at_work(token.activity)
        if token.compensation is not None:
            yield from _undoing(token.compensation)
    for event in frame.events:
        for version in _versions(event):
            yield version if event.beside is None else event.beside.own(version)


def _at_work(whole: Activity) -> Iterator[Data]:
    for activity in whole.all():
        if activity.whole is not None and activity.node.loop is not None and activity.node.loop.kind != "standard":
            continue  # one of several: what it knows is its own until it ends
        yield activity.data
        if activity.inner is not None and not activity.inner.called:
            yield from _versions(activity.inner)


def _undoing(compensation: Compensation) -> Iterator[Data]:
    """What handlers have done so far; some began with what a sub-process knew when it was completed."""
    yield compensation.data
    handler = compensation.activity
    if handler is not None:
        assert handler.begun is not None
        for version in _at_work(handler):
            yield alone(handler.begun, version, compensation.data)
    if compensation.frame is not None:
        for version in _versions(compensation.frame):
            yield alone(compensation.frame.start, version, compensation.data)
