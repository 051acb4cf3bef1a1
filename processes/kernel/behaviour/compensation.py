"""Compensation: what was completed is undone by its handlers, the last first (BPMN 2.0.2, 10.7 and 13.5.5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from processes.kernel.behaviour import scopes
from processes.kernel.data import alone
from processes.kernel.machine import Machine
from processes.kernel.plan import Node, Trigger
from processes.kernel.state import GONE, WAITING, Done, Running, Token, Undoing


def throw(m: Machine, token: Token, triggers: Sequence[Trigger], then: str) -> None:
    """Undo some activities, or everything that was completed where the event sees it: in its scope and, out of an event sub-process, in
    the one around (10.5.5). ``then`` says how the event goes on."""
    waits = all(each.waits for each in triggers)
    for scope, pending in list(_seen(token, {each.activity for each in triggers})):
        scope.done = [each for each in scope.done if each not in pending]
        if waits:
            start(m, token, Undoing(pending, scope, then if scope.plan.kind != "eventSubProcess" else "further"))
            return
        beside = m.branch(token, token.node)
        m.queue.remove(beside)
        start(m, beside, Undoing(pending, scope, "vanish"))
    start(m, token, Undoing([], token.scope, then))


def _seen(token: Token, wanted: Collection[str]) -> Iterator[tuple[Running, list[Done]]]:
    """What an event undoes, the innermost scope first; ``wanted``: ids of activities, an empty one for all."""
    scope, is_near = token.scope, True
    while True:
        pending = [each for each in scope.done if each.node.id in wanted or ("" in wanted and is_near)]
        if pending:
            yield scope, pending
        if scope.plan.kind != "eventSubProcess" or scope.owner is None:
            return
        is_near, scope = scope is token.scope, scope.owner.scope


def scope_of(token: Token) -> Running:
    """The scope around the event sub-processes that a token stands in."""
    scope = token.scope
    while scope.plan.kind == "eventSubProcess" and scope.owner is not None:
        scope = scope.owner.scope
    return scope


def let_go(m: Machine, scope: Running) -> None:
    """An event sub-process is about to be withdrawn, but not the scope it stands in: what it has begun to undo there is undone to the end,
    by nobody who waits for it. Half of a compensation would be worse than all of it or none."""
    for token in list(scope.tokens.values()):
        if token.inner is not None and token.inner.plan.kind == "eventSubProcess":
            let_go(m, token.inner)
        if token.undoing is not None and token.undoing.scope is not token.scope:
            _hand_over(m, token, token.undoing)


def _hand_over(m: Machine, token: Token, undoing: Undoing) -> None:
    inside = token.scope
    while inside.owner is not None and inside.owner.scope is not undoing.scope:
        inside = inside.owner.scope
    assert inside.owner is not None
    heir = Token(m.new_id(), inside.owner.node, undoing.scope, token.data)
    heir.state, heir.view = WAITING, token.data  # what handlers change counts, nothing else
    heir.undoing = Undoing(undoing.pending, undoing.scope, "vanish")
    undoing.scope.tokens[heir.id] = heir
    for handler in undoing.scope.tokens.values():
        if handler.undoes is token:
            handler.undoes = heir
    token.undoing = None


def start(m: Machine, token: Token, undoing: Undoing) -> None:
    """Let a token undo things one after the other, and wait for that."""
    token.state, token.undoing = WAITING, undoing
    go_on(m, token)


def go_on(m: Machine, token: Token) -> None:
    """Start the next handler; when none is left, the token that waited for them goes on."""
    undoing = token.undoing
    if undoing is None or token.state is GONE:
        return
    while undoing.pending:
        done = undoing.pending.pop()
        handler = done.node.compensator
        if handler is not None:
            running = m.spawn(handler, undoing.scope, token.data)
            running.undoes = token
            if done.node.undone_by is not None:
                m.record("caught", running, done.node.undone_by)
            return
        own = _own_handler(done.node)
        if own is not None or done.inside:
            _undo_inside(m, token, done, own)
            return
    token.undoing = None
    AFTER[undoing.then](m, token, undoing)


def _own_handler(node: Node) -> Node | None:
    """The compensation event sub-process inside a sub-process."""
    if node.inner is None:
        return None
    for each in node.inner.event_scopes:
        if each.inner is not None and any(
            trigger.kind == "compensate" for trigger in each.inner.typed_starts[0].triggers
        ):
            return each.inner.typed_starts[0]
    return None


def _undo_inside(m: Machine, token: Token, done: Done, own: Node | None) -> None:
    """A sub-process without a handler on its border: its own event sub-process undoes it, or what was completed in it is undone; with
    the variables as they were when it was completed."""
    assert done.node.inner is not None
    inside = Token(m.new_id(), done.node, token.undoing.scope if token.undoing else token.scope, done.data)
    inside.state, inside.undoes, inside.view = WAITING, token, done.data
    inside.scope.tokens[inside.id] = inside
    scope = Running(m.new_id(), done.node.inner, inside, done.data)
    scope.interrupted = True
    inside.inner = scope
    if own is None:
        start(m, inside, Undoing(list(done.inside), scope, "done"))
        return
    scope.done = list(done.inside)
    inside.undoing = Undoing([], scope, "done")
    host = own.scope.host
    assert host is not None
    running = Token(m.new_id(), host, scope, scope.base)
    running.state = WAITING
    scope.tokens[running.id] = running
    m.record("entered", running)
    scopes.begin(m, host.inner, running, scope.base, at=own)


def handled(m: Machine, token: Token) -> None:
    """A handler is done: what it has changed goes to the token that waits for it."""
    controller = token.undoes
    assert controller is not None
    token.undoes = None
    begun = controller.data if token.view is None else token.view
    m.set_data(controller, alone(begun, token.data, controller.data))
    token.state = GONE
    token.scope.tokens.pop(token.id, None)
    go_on(m, controller)


# -- what comes after ------------------------------------------------------------------------------------------------------

After = Callable[[Machine, Token, Undoing], None]

AFTER: dict[str, After] = {}
"""``Undoing.then`` → how the token goes on that has waited for the handlers"""


def afterwards(then: str) -> Callable[[After], After]:
    """Register how a token goes on when everything has been undone."""

    def register(function: After) -> After:
        AFTER[then] = function
        return function

    return register


@afterwards("vanish")
def vanish(m: Machine, token: Token, _undoing: Undoing) -> None:
    """Nobody has waited."""
    m.end(token)


@afterwards("done")
def inside_undone(m: Machine, token: Token, undoing: Undoing) -> None:
    """What was completed in a sub-process has been undone, and with it the sub-process."""
    if undoing.scope.outcome is not None:
        m.set_data(token, undoing.scope.outcome)
    token.inner = None
    handled(m, token)
