"""Moves the tokens of one instance. First in, first out: branches go forward side by side, an element at a time.

What is to be done at each kind of node stands in ``behaviour``; here is what they all need: taking flows, waiting, cancelling, ending scopes,
and the record of what happened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from processes.kernel import data as variables
from processes.kernel.data import Data, Fork
from processes.kernel.effort import Effort
from processes.kernel.evaluation import Evaluator
from processes.kernel.plan import ACTIVITIES, COUNTER, Element, Flow, Node, Process
from processes.kernel.state import GONE, JOINING, READY, WAITING, Repeating, Running, Thrown, Token, Wait, Watch

Step = tuple[str, Node, str, dict[str, Any]]
"""what happened (entered, completed, caught, cancelled), where, to which token, and the element's named properties"""


class Machine:
    """One instance in memory. ``prefix`` makes its ids unique among instances; they are numbered, so that a replay gives the same."""

    def __init__(self, process: Process, evaluator: Evaluator, prefix: str) -> None:
        self.process = process
        self.evaluator = evaluator
        self.prefix = prefix
        self.root: Running = Running("", process.scope, None, {})
        self.queue: deque[Token] = deque()
        self.waiting: dict[str, Token] = {}
        """user tasks and jobs by their id"""
        self.watches: dict[str, Watch] = {}
        self.joins: dict[str, Running] = {}
        """scopes in which tokens have arrived at inclusive joins, by the scope's id"""
        self.conditions: dict[str, Watch] = {}
        self.known_as: dict[str, list[Watch]] = {}
        """ids that an older version gave to events that are waited for"""
        self.serial = 0
        self.moves = 0
        """how often variables have changed"""
        self.taken = 0
        """steps since anything came from outside"""
        self.wide = 0
        """loops under way that are written down in groups"""
        self.ended = False
        self.effort = Effort()
        # What is written down apart (see ``codec``): big variables by identity; which parts use which of them; which stand in the database.
        self.big: dict[int, tuple[Any, str]] = {}
        self.fresh: dict[str, bytes] = {}
        self.uses: dict[str, frozenset[str]] = {}
        self.stored: set[str] = set()
        self.groups: set[str] = set()
        """groups of turns that stand in the database"""
        self.forgotten: set[str] = set()
        """groups of turns of loops that are over"""
        # What came of the command in hand.
        self.steps: list[Step] = []
        self.thrown: list[Thrown] = []
        self.fired: list[tuple[str, str, list[str]]] = []
        self.opened: dict[tuple[str, str, str], Wait] = {}
        self.closed: dict[tuple[str, str, str], Wait] = {}
        self.rescheduled: dict[str, Watch] = {}
        self.carried: dict[tuple[str, str, str], Wait] = {}
        """what is waited for as before, in another version of the process"""

    # -- ids and record ----------------------------------------------------------------------------------------------

    def new_id(self) -> str:
        """The next id of this instance."""
        self.serial += 1
        return f"{self.prefix}{self.serial:x}"

    def record(self, what: str, token: Token, node: Node | None = None) -> None:
        """Note that something happened at the token's node."""
        node = node or token.node
        said: dict[str, Any] = {}
        if node.said and what in ("entered", "caught"):
            for name, text in node.said:
                said[name] = self.evaluator.property(text, token.data, node.id)
        self.steps.append((what, node, token.id, said))

    # -- variables ---------------------------------------------------------------------------------------------------

    def set_data(self, token: Token, data: Data) -> None:
        """Give a token other variables (never change those it has)."""
        if data is not token.data:
            token.data = data
            self.moves += 1
            token.moved = self.moves
            self.touch(token)

    def put(self, token: Token, values: Data) -> None:
        """Add to a token's variables, or replace some."""
        if values:
            self.set_data(token, self.written(token.data, values))

    def written(self, data: Data, values: Data) -> Data:
        """Variables with values that were written now."""
        if not values:
            return data
        return variables.stamped(data, values, self.moves + 1) if self.process.stamped else {**data, **values}

    def visible(self, token: Token) -> Data:
        """What conditions see: the data objects around, and the token's variables over them."""
        if not token.scope.plan.objects_around:
            return token.data
        return {**self.objects(token.scope), **token.data}

    def objects(self, scope: Running | None) -> Data:
        """The data objects of a scope and of those around it, the innermost first."""
        found: Data = {}
        while scope is not None:
            found = {**scope.objects, **found}
            scope = scope.owner.scope if scope.owner is not None else None
        return found

    def view(self, scope: Running) -> Data:
        """A scope's variables with what all its branches have done to them so far, the newest last. What a called process, or an instance
        of several, does with its own is not seen before it ends; of parallel instances not before all have ended."""
        versions = list(self._versions(scope))
        return variables.newest(scope.base, versions) if versions else scope.base

    def _versions(self, scope: Running) -> Iterator[tuple[Data, Data]]:
        if scope.outcome is not None:
            yield scope.base, scope.outcome
        for token in sorted(scope.tokens.values(), key=lambda each: each.moved):
            yield scope.base if token.view is None else token.view, token.data
            yield from self._inside(token)

    def _inside(self, token: Token) -> Iterator[tuple[Data, Data]]:
        if token.inner is not None and token.inner.plan.kind != "process":
            yield from self._versions(token.inner)
        loop = token.node.repetition
        if token.repetition is None or loop is None:
            return
        if loop.kind == "sequential":
            yield token.data, token.repetition.merged
        elif loop.kind == "standard":
            for turn in token.repetition.turns.values():
                counted = loop.counts and COUNTER in turn.data
                yield {**token.data, COUNTER: turn.data[COUNTER]} if counted else token.data, turn.data
                yield from self._inside(turn)

    def touch(self, token: Token) -> None:
        """Mark the groups of wide loops that this token is in as changed."""
        if not self.wide:
            return
        inside: Token | None = token
        while inside is not None:
            outer = inside.turn_of
            if outer is not None and outer.repetition is not None and outer.repetition.changed is not None:
                outer.repetition.changed.add(group_of(inside.number))
            inside = outer if outer is not None else inside.scope.owner

    def forget(self, token: Token) -> None:
        """A loop is over."""
        repetition, token.repetition = token.repetition, None
        if repetition is not None and repetition.changed is not None:
            self.wide -= 1
            groups = 1 if isinstance(repetition.items, dict) else group_of(max(repetition.total - 1, 0)) + 1
            self.forgotten.update(f"t:{token.id}:{group}" for group in range(groups))

    # -- tokens ------------------------------------------------------------------------------------------------------

    def spawn(self, node: Node, scope: Running, data: Data, fork: Fork | None = None) -> Token:
        """A new token that is about to enter a node."""
        token = Token(self.new_id(), node, scope, data, fork)
        self.moves += 1
        token.moved = self.moves
        scope.tokens[token.id] = token
        self.queue.append(token)
        if scope.owner is not None:
            self.touch(scope.owner)
        return token

    def branch(self, token: Token, node: Node) -> Token:
        """A second token beside one that stays where it is: its branches part here."""
        fork = Fork(token.fork, token.data, 2)
        token.fork = fork
        return self.spawn(node, token.scope, token.data, fork)

    def renew(self, token: Token) -> None:
        """Give a token that comes to an activity a new id: it is that of the task or job there."""
        tokens = token.scope.tokens
        del tokens[token.id]
        token.id = self.new_id()
        tokens[token.id] = token

    def take(self, token: Token, flow: Flow) -> None:
        """Let a token go along a flow."""
        token.node = flow.target
        token.arrived = flow
        token.state = READY
        self.queue.append(token)
        self.touch(token)

    def leave(self, token: Token, flows: Sequence[Flow]) -> None:
        """Let a token go on along all these flows; along none it ends."""
        if len(flows) == 1:
            self.take(token, flows[0])
        elif not flows:
            self.end(token)
        else:
            fork = Fork(token.fork, token.data, len(flows))
            first = True
            for flow in flows:
                if first:
                    token.fork = fork
                    self.take(token, flow)
                    first = False
                else:
                    self.spawn(flow.target, token.scope, token.data, fork).arrived = flow

    def end(self, token: Token) -> None:
        """A token has come to its end; with the last one its scope is over."""
        scope = token.scope
        self._gone(token)
        base = token.view
        if base is None:
            meet = variables.ended(token.fork)
            base = meet.data if meet is not None else scope.base
        before = scope.base if scope.outcome is None else scope.outcome
        together = variables.newer if scope.plan.asks_for_newest else variables.changed
        scope.outcome = together(base, token.data, before)
        variables.leave(token.fork)
        self.end_if_over(scope)

    def end_if_over(self, scope: Running) -> None:
        """End a scope in which no token is left."""
        if scope.tokens:
            return
        self.disarm_scope(scope)
        owner = scope.owner
        if owner is None:
            self.ended = True
            return
        if owner.inner is scope and owner.state is not GONE:
            ENDED[scope.plan.kind](self, owner, scope)

    def stop(self, scope: Running, outcome: Data) -> None:
        """End a scope at once, whatever is still going on in it, with these variables."""
        self.clear(scope)
        scope.outcome = outcome
        self.end_if_over(scope)

    def merge(self, tokens: Sequence[Token]) -> Token:
        """Make one token of several that have met; it has what each of them has changed since they parted."""
        first, *others = tokens
        if others:
            meet = first.fork
            for token in others:
                meet = variables.common(meet, token.fork)
            base = meet.data if meet is not None else first.scope.base
            result = base
            if meet is not None:
                meet.count += 1
            for token in tokens:
                result = variables.changed(base, token.data, result)
            for token in others:
                self._gone(token)
            first.fork = variables.joined(meet, base, [token.fork for token in tokens])
            self.set_data(first, result)
        else:
            first.fork = variables.settled(first.fork)
        return first

    def _gone(self, token: Token) -> None:
        token.state = GONE
        token.scope.tokens.pop(token.id, None)
        if token.scope.owner is not None:
            self.touch(token.scope.owner)

    # -- waiting -----------------------------------------------------------------------------------------------------

    def open(self, wait: Wait) -> None:
        """Something is waited for from now on."""
        self.opened[wait.identity] = wait

    def close(self, wait: Wait) -> None:
        """It is waited for no more."""
        if self.opened.pop(wait.identity, None) is None:
            self.closed[wait.identity] = wait

    def carry(self, wait: Wait, before: Element) -> None:
        """It is waited for as before, where another version of the process says so; ``before``: the element that said so."""
        if wait.kind == "user" or wait.element.id != before.id:
            self.carried[wait.identity] = wait

    def disarm(self, token: Token) -> None:
        """Give up everything that a token waits for on its border and in it."""
        for watch in token.watches or ():
            self.drop(watch)
        token.watches = None

    def disarm_scope(self, scope: Running) -> None:
        """No event sub-process of this scope starts any more."""
        for watch in scope.watches or ():
            self.drop(watch)
        scope.watches = None

    def drop(self, watch: Watch) -> None:
        """Wait for one event no more."""
        if self.watches.pop(watch.id, None) is not None:
            self.conditions.pop(watch.id, None)
            self.rescheduled.pop(watch.id, None)
            self.close(wait_of(watch))

    # -- cancelling --------------------------------------------------------------------------------------------------

    def cancel(self, token: Token) -> None:
        """Withdraw a token with all that is going on in it."""
        if token.state is GONE:
            return
        self.cancel_inside(token)
        if token.state is JOINING:
            parked = token.scope.parked[token.node.id]
            parked.remove(token)
            if not parked:
                del token.scope.parked[token.node.id]
        variables.leave(token.fork)
        self._gone(token)

    def cancel_inside(self, token: Token) -> None:
        """Withdraw what is going on in an activity: its work, its turns, its events; the token itself stays."""
        self.disarm(token)
        if token.repetition is not None:
            if token.state is READY:  # it was about to begin more turns
                self.queue.remove(token)
            for turn in list(token.repetition.turns.values()):
                self.cancel_inside(turn)
                turn.state = GONE
            self.forget(token)
            token.state = WAITING
        if token.inner is not None:
            self.clear(token.inner)
            token.inner = None
        undoing, token.undoing = token.undoing, None
        if token.state is WAITING:
            token.state = READY
            if token.node.kind in ACTIVITIES and (undoing is None or undoing.then != "vanish"):
                self.stop_waiting(token)
                self.record("cancelled", token)

    def stop_waiting(self, token: Token) -> None:
        """The activity's own work is no longer open: a person's task, a job, a deadline."""
        node = token.node
        if self.waiting.pop(token.id, None) is not None:
            self.close(work_of(token))
        if node.deadline and token.turn_of is None:
            self.close(Wait("deadline", token.id, node.element, node.scope.id))

    def clear(self, scope: Running) -> None:
        """Withdraw everything in a scope."""
        self.disarm_scope(scope)
        for token in list(scope.tokens.values()):
            self.cancel(token)
        scope.parked.clear()
        self.joins.pop(scope.id, None)


def number_of(id: str) -> int:
    """The number in an id of an instance: what was there first has the smaller one, before and after a restart."""
    return int(id.rpartition("-")[2], 16)


def groups_of(repetition: Repeating) -> range:
    """The groups that a wide loop's turns are in."""
    return range(1 if isinstance(repetition.items, dict) else group_of(max(repetition.total - 1, 0)) + 1)


def group_of(number: int | str) -> int:
    """Which group of a wide loop's turns a turn is in."""
    return number // GROUP if isinstance(number, int) else 0


GROUP = 64
"""Turns of a wide loop that are written down together: a command writes the groups it has changed, not the whole loop."""


def work_of(token: Token) -> Wait:
    """What is open while a token is in a user task or a job."""
    node = token.node
    if node.operator is not None:
        return Wait("job", token.id, node.element, node.scope.id, node.operator.topic)
    return Wait("user", token.id, node.element, node.scope.id)


_KINDS = {"message": "message", "signal": "signal", "timer": "timer", "conditional": "condition"}


def wait_of(watch: Watch) -> Wait:
    """What is open while an event is waited for."""
    node, trigger = watch.node, watch.trigger
    return Wait(
        _KINDS[trigger.kind], watch.id, node.element, node.scope.id, trigger.name, key=watch.key, time=watch.time
    )


Enter = Callable[[Machine, Token], None]
Ended = Callable[[Machine, Token, Running], None]

ENTER: dict[str, Enter] = {}
"""node kind → what happens when a token enters; filled by ``behaviour``"""

ENDED: dict[str, Ended] = {}
"""scope kind → what its end means to the token it runs in"""


def entering(*kinds: str) -> Callable[[Enter], Enter]:
    """Register what happens when a token enters nodes of these kinds."""

    def register(function: Enter) -> Enter:
        ENTER.update(dict.fromkeys(kinds, function))
        return function

    return register


WORK: dict[str, Enter] = {}
"""activity kind → its own work; it ends with ``activities.finish``, now or when something comes from outside"""


def working(*kinds: str) -> Callable[[Enter], Enter]:
    """Register the work of activities of these kinds."""

    def register(function: Enter) -> Enter:
        WORK.update(dict.fromkeys(kinds, function))
        return function

    return register


def ending(*kinds: str) -> Callable[[Ended], Ended]:
    """Register what the end of scopes of these kinds means."""

    def register(function: Ended) -> Ended:
        ENDED.update(dict.fromkeys(kinds, function))
        return function

    return register
