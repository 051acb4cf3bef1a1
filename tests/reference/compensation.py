"""Undoing what was completed: handlers run one after another, the last completed first (BPMN 2.0 §10.7, §13.5.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tests.reference import activities, catching
from tests.reference.machine import Machine
from tests.reference.reading import Node
from tests.reference.state import Activity, Causes, Compensation, Frame, Record, Token


def throw(machine: Machine, token: Token) -> bool:
    """Compensate what the event names, or all that was completed where it sees it. Whether the token has to wait for that."""
    triggers = [trigger for trigger in token.node.triggers if trigger.kind == "compensate"]
    records = list(_visible(machine, token.frame, {trigger.name for trigger in triggers}))
    if records and all(trigger.waits for trigger in triggers):
        token.compensation = _begin(records, token, "go on")
    elif records:
        beside = Token(token.node, token.frame, token.data, token.causes)
        token.frame.tokens.append(beside)
        beside.compensation = _begin(records, beside, "end")
    return token.compensation is not None


def _visible(machine: Machine, frame: Frame, names: set[str]) -> Iterator[Record]:
    """What is seen is in the event's scope and, out of an event sub-process, in that in which it runs (§10.5.5); what has a name, further
    out as well."""
    yield from _to_do(machine, frame, names)
    while frame.event is not None and frame.parent is not None:
        frame = frame.parent
        yield from _to_do(machine, frame, names)
        names = names - {""}


def cancel(machine: Machine, frame: Frame, token: Token) -> None:
    """Compensate everything that a cancelled transaction has completed; ``token`` waits for it."""
    token.compensation = _begin(list(_to_do(machine, frame)), token, "cancel")


def outlive(frame: Frame) -> None:
    """An event sub-process is ended: what it has begun to compensate in its scope goes on there without it."""
    outer = frame.parent
    if frame.event is None or outer is None:
        return
    for event in frame.events:
        outlive(event)
    for token in frame.tokens:
        under_way = token.compensation
        if under_way is not None:
            under_way.then, token.compensation = "end", None
            outer.tokens.append(Token(token.node, outer, token.data, token.causes, compensation=under_way))


def _begin(records: list[Record], token: Token, then: str) -> Compensation:
    for record in records:
        record.is_done = True
    return Compensation(records, token.data, token.causes, then)


def _to_do(machine: Machine, frame: Frame, names: Collection[str] = ("",)) -> Iterator[Record]:
    """What can be compensated, the last first. A sub-process without a handler of its own is compensated from inside."""
    later: Record | None = None
    for record in reversed(frame.records):
        if record.is_done or not {"", record.node.id} & {*names}:
            continue
        if _boundary(record.node) is not None or _event_sub_process(record.node) is not None:
            found = [record]
        elif record.inner is not None and not record.inner.called:
            record.inner.snapshot = record.data
            found = list(_to_do(machine, record.inner))
        else:
            continue
        if found and later is not None and not _in_order(machine, record, later):
            machine.unsure.add("the order of compensation")
        later = record if found else later
        yield from found


def _in_order(machine: Machine, earlier: Record, later: Record) -> bool:
    """Whether the diagram, or the driver, says which was completed first (or it makes no difference)."""
    if earlier.node is later.node and later.inner is None:
        return True
    return machine.trace[earlier.entry].step < machine.trace[later.entry].step or machine.follows(
        later.entry, earlier.entry
    )


def _boundary(node: Node) -> Node | None:
    return next((each for each in node.boundaries if each.has("compensate") and each.handler), None)


def _event_sub_process(node: Node) -> tuple[Node, Node] | None:
    """The compensation event sub-process inside a sub-process, and its start."""
    for inside in node.inner.event_sub_processes if node.inner is not None else ():
        assert inside.inner is not None
        for start in inside.inner.nodes:
            if start.tag == "startEvent" and start.has("compensate"):
                return inside, start
    return None


def next_handler(machine: Machine, compensation: Compensation) -> None:
    """Let the next handler begin. It knows what the thrower knows; inside a completed sub-process, and an event sub-process of one, what that
    knew at its end (§13.5.5: a snapshot)."""
    record = compensation.todo.pop(0)
    boundary = _boundary(record.node)
    if boundary is not None:
        assert boundary.handler is not None
        causes = machine.happened(boundary, compensation.causes)
        data = compensation.data if record.frame.snapshot is None else record.frame.snapshot
        handler = Activity(boundary.handler, record.frame, data, causes, compensation=compensation, begun=data)
        compensation.activity = handler
        activities.begin_handler(machine, handler)
        return
    found = _event_sub_process(record.node)
    assert found is not None
    assert record.inner is not None
    node, start = found
    inside = catching.begin_event_frame(machine, node, start, record.inner, record.data, compensation.causes)
    inside.compensation, compensation.frame = compensation, inside


def end_event_sub_process(machine: Machine, compensation: Compensation, frame: Frame, causes: Causes) -> None:
    """A compensation event sub-process is done; what it changed is changed for the thrower."""
    assert frame.parent is not None
    assert frame.parent.parent is not None
    compensation.go_on(frame.parent.parent, frame.start, machine.outcome(frame), causes)
