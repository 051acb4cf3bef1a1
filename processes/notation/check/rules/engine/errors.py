"""Errors that a process throws are caught somewhere around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from processes.notation.check.findings import WARNING, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Item, Scope, children, is_true, kind_of

UNCAUGHT = Rule(
    "uncaught-error", WARNING,
    "{it}抛出的错误{code}没有任何事件接住；发生时会成为一个需要人处理的异常。",
    "Nothing catches the error {code} that {it} throws; when it happens, it becomes an incident for a person.",
    "在外层的子流程或调用活动上画错误边界事件，或画错误事件子流程；若只是正常结束，改用普通结束事件。",
    "Draw an error boundary event on the sub-process or call activity around it, or an event sub-process; use a plain end if this is a normal end.",
)  # fmt: skip


Handled = dict[Scope, list[str]]


def errors(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Every error end event has a catcher: an event sub-process, a boundary event, or one of a caller."""
    handled: Handled = {}
    for node in world.nodes(diagram):
        if node.kind == "endEvent":
            for code in _codes(world, node):
                if _escapes(world, node.scope, code, handled):
                    severity = world.need(UNCAUGHT, node.file)
                    yield UNCAUGHT.at(node, severity=severity, code=f"“{code}”" if code else "")


def _codes(world: World, node: Item) -> list[str]:
    """The codes of an event's errors; an empty one where it names no error."""
    found: list[str] = []
    for definition in world.triggers(node):
        if kind_of(definition) == "errorEventDefinition":
            error = world.resolve(world.diagram_of(node), definition, definition.get("errorRef")).element
            found.append((error.get("errorCode") or "") if error is not None else "")
    return found


def _escapes(world: World, scope: Scope, code: str, handled: Handled) -> bool:
    """Whether an error thrown in a scope may leave it, through its callers too, without being caught."""
    pending, seen = [scope], {scope}
    while pending:
        top = _uncaught_in(world, pending.pop(), code, handled)
        if top is None:
            continue
        callers = world.callers.get(top.id, [])
        if not callers:
            return True
        for caller in callers:
            if caller.scope not in seen and not _catches(_caught(world, caller.boundary), code):
                seen.add(caller.scope)
                pending.append(caller.scope)
    return False


def _uncaught_in(world: World, scope: Scope, code: str, handled: Handled) -> Scope | None:
    """The process, if the error comes all the way up to it."""
    inside: Scope | None = None
    while True:
        # An error in an event sub-process is not caught by another beside it, but further out.
        apart = inside is not None and is_true(inside.element.get("triggeredByEvent"))
        if not apart and _catches(_handlers(world, scope, handled), code):
            return None
        if scope.parent is None:
            return scope
        if scope.host is not None and _catches(_caught(world, scope.host.boundary), code):
            return None
        inside, scope = scope, scope.parent


def _handlers(world: World, scope: Scope, handled: Handled) -> list[str]:
    """What the event sub-processes right in the scope start by."""
    if scope not in handled:
        starts = (
            Item(node.file, each)
            for node in scope.nodes
            if is_true(node.element.get("triggeredByEvent"))
            for each in children(node.element, "startEvent")
        )
        handled[scope] = _caught(world, starts)
    return handled[scope]


def _caught(world: World, events: Iterable[Item]) -> list[str]:
    """The codes that events catch; an empty one stands for all."""
    return [code for event in events for code in _codes(world, event)]


def _catches(codes: list[str], code: str) -> bool:
    return any(not caught or caught == code for caught in codes)


CHECKS = (errors,)
