"""Blocks about compensation and transactions.

What can be compensated is never completed in two branches at once, since then nobody could say in which order.
"""

from __future__ import annotations

from tests.diagrams import element, end, flow
from tests.reference import words
from tests.reference.blocks.events import instead, waiting_scope
from tests.reference.blocks.scopes import add_event_sub_process, scope
from tests.reference.drawing import Block, Drawing, Ends
from tests.reference.words import (
    CANCEL,
    begins,
    compensated,
    compensation,
    gateway,
    guard,
    many,
    root,
    sub_process,
    throw,
)


def undoable(drawing: Drawing) -> str:
    """Something with a handler that undoes it: a task, several instances of one, or a sub-process."""
    larger = ("several", "sub-process", "inside", "event sub-process") if drawing.left > 0 else ()
    kind = drawing.choose(("script", "user", *larger))
    if kind == "script":
        name = drawing.note()
    elif kind == "user":
        name = drawing.user()
    elif kind == "several":
        name = drawing.name("script")
        drawing.add(element("scriptTask", name, many(number="= 2"), f"<bpmn:script>= {{{name}: n}}</bpmn:script>"))
    elif kind == "sub-process":
        name = drawing.name("sub")
        drawing.add(sub_process(name, scope(drawing)))
    else:
        return _undoable_inside(drawing, kind == "event sub-process")
    _handler(drawing, name)
    return name


def _undoable_inside(drawing: Drawing, by_event_sub_process: bool) -> str:
    """A sub-process that is undone from inside, or by an event sub-process of its own."""
    name = drawing.name("sub")

    def fill(_: Drawing) -> Ends:
        if not by_event_sub_process:
            return drawing.chain(*[undoable(drawing) for _ in range(drawing.choose((1, 2)))])
        begin = drawing.name("begin")
        add_event_sub_process(drawing, begin, begins(begin, compensation()))
        return drawing.sequence()

    drawing.left -= 1
    drawing.add(sub_process(name, scope(drawing, fill)))
    return name


def _handler(drawing: Drawing, activity: str) -> None:
    name, kind = drawing.name("undo"), drawing.choose(("script", "user", "sub-process"))
    given: words.Attributes = {"isForCompensation": "true"}
    if kind == "script":
        drawing.add(element("scriptTask", name, f"<bpmn:script>= {{{name}: n}}</bpmn:script>", **given))
    elif kind == "user":
        drawing.user({name: 1}, {name: 2}, name=name, **given)
    else:
        drawing.add(sub_process(name, scope(drawing), **given))
    drawing.add(*compensated(activity, name))


def undone(drawing: Drawing) -> Ends:
    """A scope that undoes something, or everything, of what it has done."""

    def fill(_: Drawing) -> Ends:
        done = [undoable(drawing) for _ in range(drawing.choose((1, 2, 3)))]
        which = drawing.choose(("", done[0]))
        definition = compensation(which, waits=not drawing.may("compensation beside"))
        undo = drawing.name("undo")
        way = drawing.choose(("throw", "end", "event sub-process"))
        if way == "throw":
            drawing.add(throw(undo, definition))
            return drawing.chain(
                *done, *([drawing.block()] if drawing.choose((True, False)) else []), undo, drawing.block()
            )
        last = drawing.user()
        if way == "end":
            drawing.add(end(undo, definition), flow(last, undo))
        else:
            _undo_from_event_sub_process(drawing, undo, definition)
        return drawing.chain(*done, last)

    host = waiting_scope(drawing, fill, drawing.may("call"))
    return host, host


def _undo_from_event_sub_process(drawing: Drawing, undo: str, definition: str) -> None:
    begin = drawing.name("begin")
    trigger, properties, _ = drawing.trigger("message", begin)
    body = begins(begin, trigger, **properties) + end(undo, definition) + flow(begin, undo)
    drawing.add(words.event_sub_process(drawing.name("event"), body))


def transaction(drawing: Drawing) -> Ends:
    """A transaction that somebody may cancel, or that fails by an error; perhaps several at once, which are then cancelled together."""
    code, name = drawing.name("error"), drawing.name("sub")
    item = drawing.name("item") if drawing.may("several sub-processes") else ""
    drawing.keys += [f"string({item})"] if item else []
    drawing.roots.append(root("error", code, errorCode=code))

    def fill(_: Drawing) -> Ends:
        decision, choice = drawing.name("d"), drawing.name("choice")
        decide, good = drawing.user({decision: 0}, {decision: 1}, {decision: 2}), drawing.note()
        cancel, fail = drawing.name("end"), drawing.name("end")
        drawing.add(
            gateway("exclusive", choice, f"{choice}_{good}"),
            end(cancel, CANCEL),
            end(fail, words.error(code)),
            flow(decide, choice),
            flow(choice, good),
            flow(choice, cancel, f"= {decision} = 1"),
            flow(choice, fail, f"= {decision} = 2"),
        )
        done = [undoable(drawing) for _ in range(drawing.choose((1, 2)))]
        return drawing.chain(*done, decide)[0], good

    several = many(item=item, number="= 2", one_by_one=drawing.choose((False, True))) if item else ""
    drawing.add(sub_process(name, several, scope(drawing, fill), tag="transaction"))
    drawing.keys[len(drawing.keys) - bool(item) :] = []
    cancelled, failed = drawing.name("bound"), drawing.name("bound")
    drawing.add(guard(cancelled, name, CANCEL), guard(failed, name, words.error(code)))
    return instead(drawing, name, cancelled, failed)


UNDOING: dict[str, Block] = {"compensation": undone, "transaction": transaction}
