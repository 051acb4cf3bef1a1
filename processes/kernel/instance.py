"""One running instance: the only face of the kernel that the runtime sees."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from processes.kernel import codec, migration
from processes.kernel.behaviour import activities, arming, catchers, events, intervening, scopes, throwing
from processes.kernel.data import Data, without_stamps
from processes.kernel.effort import SECONDS, SLICE, STEPS, Effort
from processes.kernel.errors import NotWaiting, failing
from processes.kernel.evaluation import Evaluator
from processes.kernel.machine import Machine, wait_of, work_of
from processes.kernel.migration import Fate
from processes.kernel.migration.mapping import Mapped
from processes.kernel.plan import Element, Process, Start
from processes.kernel.run import run
from processes.kernel.state import GONE, Thrown, Token, Wait, Watch
from processes.kernel.timers import Schedule


class Step(NamedTuple):
    """Something that happened to an element: entered, completed, caught or cancelled."""

    what: str
    element_id: str
    process_id: str
    task_id: str
    element: Element
    properties: Mapping[str, Any]
    """the element's named properties that casework reads, evaluated on entering"""


class Stand(NamedTuple):
    """Where a token is. ``state``: ready, waiting (in the element) or joining (at a gateway, for others); ``watches``: ids of the events that
    it waits for; ``turn``: which turn of a loop it is; ``within``: the id of the token whose activity it is inside of."""

    id: str
    element: Element
    state: str
    watches: tuple[str, ...]
    kind: str
    turn: int | str | None
    within: str


class Changes(NamedTuple):
    """What an instance began to wait for, what it waits for no more, timers that are due at another time, and what is waited for as before, but
    by another version of the process."""

    opened: tuple[Wait, ...]
    closed: tuple[Wait, ...]
    moved: tuple[Wait, ...]
    carried: tuple[Wait, ...] = ()


PREFIX = 24
"""Characters of a task's id that tell its instance; a dash and a number follow."""


@lru_cache(4096)  # a command asks several times
def prefix_of(instance_id: str) -> str:
    """What the ids of an instance's tasks and jobs begin with."""
    return hashlib.blake2b(instance_id.encode(), digest_size=PREFIX // 2).hexdigest()


class RunningInstance:
    """Start or load it, give it what it waits for, let it run, look at what it waits for now, and dump it."""

    def __init__(self, process: Process, machine: Machine) -> None:
        self.process = process
        self._m = machine

    # -- coming to life ----------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls, process: Process, evaluator: Evaluator, variables: Mapping[str, Any], instance_id: str
    ) -> RunningInstance:
        """A new instance that has not begun yet. Its tasks' ids are made from ``instance_id``, so that a replay gives the same."""
        machine = Machine(process, evaluator, f"{prefix_of(instance_id)}-")
        machine.root.base = dict(variables)
        return cls(process, machine)

    @classmethod
    def load(cls, state: codec.State, process: Process, evaluator: Evaluator, instance_id: str) -> RunningInstance:
        """The instance whose state this is."""
        return cls(process, codec.load(state, process, evaluator, f"{prefix_of(instance_id)}-"))

    def dump(self) -> codec.Written:
        """The state, as far as it has changed since it was written last."""
        return codec.dump(self._m)

    # -- what to do --------------------------------------------------------------------------------------------------

    def allow(self, steps: int = STEPS, seconds: float = SECONDS, slice: int = SLICE) -> None:
        """What the command in hand may cost: steps without anything from outside, processor time, and steps before others have a turn."""
        self._m.effort = Effort(self._m.taken, steps, seconds, slice)

    def begin(self) -> None:
        """Start at the blank start event, or wait for the first of the typed ones. Raises :class:`StepFailed`."""
        with failing():
            scopes.begin(self._m, self.process.scope, None, self._m.root.base)
            run(self._m)

    def begin_at(self, start: Start, payload: Mapping[str, Any]) -> None:
        """Begin at one of the process's starts from outside, which has come."""
        with failing():
            events.begin_at(self._m, start, dict(payload))
            run(self._m)

    def run(self) -> None:
        """Go on until there is nothing left but to wait, or the slice is used up. Raises :class:`StepFailed`."""
        with failing():
            run(self._m)

    def complete_task(self, task_id: str, data: Mapping[str, Any]) -> None:
        """A person finished a user task.

        ``data`` is put under the element's ``resultVariable``; without one, under the element's id when it has a form of ours, and among the
        variables otherwise (what diagrams from elsewhere expect).
        """
        token = self._working(task_id, job=False)
        properties = token.node.element.properties
        variable = properties.get("resultVariable") or (token.node.id if "form" in properties else "")
        self._complete(token, {variable: dict(data)} if variable else dict(data))

    def topic_of(self, task_id: str) -> str:
        """The topic of a job that waits to be answered. Raises :class:`NotWaiting`."""
        operator = self._working(task_id, job=True).node.operator
        assert operator is not None
        return str(operator.topic)

    def complete_job(self, task_id: str, result: Any) -> None:
        """A worker's result for an external service task, under its result variable."""
        token = self._working(task_id, job=True)
        assert token.node.operator is not None
        self._complete(token, {token.node.operator.result: result})

    def _complete(self, token: Token, values: Data) -> None:
        self._m.taken = 0
        with failing():
            activities.complete(self._m, token, values)
            run(self._m)

    def throw_error(self, task_id: str, code: str, variables: Mapping[str, Any]) -> bool:
        """A business error at an external service task; False when nobody catches it (nothing was changed)."""
        catcher = catchers.find("error", code, None, self._working(task_id, job=True))
        if catcher is None:
            return False
        with failing():
            catchers.fire(self._m, catcher, {"code": code, **variables})
            run(self._m)
        return True

    def catch_message(self, task_id: str, name: str, payload: Mapping[str, Any]) -> None:
        """Give a message to the one event that waits for it."""
        watch = self._watch(task_id, "message", name)
        with failing():
            events.fire(self._m, watch, dict(payload))
            run(self._m)

    def catch_signal(self, name: str, payload: Mapping[str, Any]) -> int:
        """Give a signal to everything that waits for it; returns how many there were."""
        with failing():
            caught = throwing.broadcast(self._m, name, dict(payload))
            run(self._m)
        return caught

    def fire_timer(self, task_id: str, due_at: datetime) -> None:
        """A timer is due. Raises :class:`NotWaiting` when it is planned for another time now."""
        watch = self._watch(task_id, "timer")
        if watch.time is None or watch.time.due != due_at:
            raise NotWaiting(task_id)
        with failing():
            events.fire(self._m, watch)
            run(self._m)

    def replan_timer(self, task_id: str) -> None:
        """Work the due time out again (a calendar year was loaded)."""
        with failing():
            arming.replan(self._m, self._watch(task_id, "timer"))

    def merge_variables(self, variables: Mapping[str, Any]) -> None:
        """A person corrects variables: every branch sees the new values."""
        m = self._m
        m.root.base = {**m.root.base, **variables}
        for token in list(_tokens(m)):
            m.put(token, dict(variables))
            if token.repetition is not None:
                token.repetition.base = {**token.repetition.base, **variables}
                token.repetition.merged = {**token.repetition.merged, **variables}

    def skip(self, task_id: str, variables: Mapping[str, Any]) -> None:
        """What a token waits for counts as done, with these variables as what it would have brought. Raises :class:`Unsound`."""
        token = self._token(task_id)
        if token.id in self._m.waiting:
            if token.node.operator is not None:
                self.complete_job(task_id, dict(variables))
            else:
                self.complete_task(task_id, variables)
            return
        self._intervene(lambda m: intervening.skip(m, token, dict(variables)))

    def move(self, task_id: str, target: str) -> None:
        """Take a token from where it waits to another element of its scope, as if a flow had led there. Raises :class:`Unsound`."""
        token = self._token(task_id)
        self._intervene(lambda m: intervening.move(m, token, target))

    def targets(self, task_id: str) -> list[Element]:
        """Where a token may be moved, in the order of the diagram file."""
        return [node.element for node in intervening.targets(self._token(task_id))]

    def fire_now(self, task_id: str) -> None:
        """A timer need not wait any longer."""
        watch = self._watch(task_id, "timer")
        self._intervene(lambda m: events.fire(m, watch))

    def reschedule(self, task_id: str, due_at: datetime) -> None:
        """A timer is due at another time; a cycle goes on from there."""
        with failing():
            arming.reschedule(self._m, self._watch(task_id, "timer"), due_at)

    def migrate(self, process: Process, mapping: Mapped, timers_anew: bool = False) -> Sequence[Fate]:
        """Go on by another version of the process; returns what becomes of every active step. When one of them is STUCK nothing has changed.
        See ``migration``."""
        with failing():
            course = migration.look(self._m, process, mapping)
            if migration.verdict(course.fates) is not migration.STUCK:
                self._m.taken = 0
                migration.move(self._m, course, timers_anew)
                self.process = process
        return course.fates

    def _intervene(self, work: Callable[[Machine], None]) -> None:
        self._m.taken = 0
        with failing():
            work(self._m)
            run(self._m)

    def cancel(self) -> None:
        """End the instance and all that it waits for."""
        m = self._m
        m.queue.clear()
        outcome = m.view(m.root)
        m.clear(m.root)
        m.root.outcome, m.ended = outcome, True

    def let_go(self) -> None:
        """Nobody needs this object any more: its circles are cut, so that it is gone at once, without the garbage collector."""
        scopes = {self._m.root}
        for token in list(_tokens(self._m)):
            scopes.add(token.scope)
            token.inner = token.watches = token.repetition = token.undoing = None
        for scope in scopes:
            scope.tokens.clear()
            scope.parked.clear()
            scope.watches = None

    # -- what is -----------------------------------------------------------------------------------------------------

    def _working(self, task_id: str, job: bool) -> Token:
        token = self._m.waiting.get(task_id)
        if token is None or (token.node.operator is not None) is not job:
            raise NotWaiting(task_id)
        return token

    def _watch(self, task_id: str, kind: str, name: str = "") -> Watch:
        watch = self._m.watches.get(task_id)
        for each in [watch] if watch is not None else self._m.known_as.get(task_id, ()):
            if each.id in self._m.watches and each.trigger.kind == kind and (not name or each.trigger.name == name):
                return each
        raise NotWaiting(task_id)

    @property
    def prefix(self) -> str:
        """What the ids of its tasks and jobs begin with."""
        return self._m.prefix

    @property
    def is_completed(self) -> bool:
        """Whether nothing is left to do or to wait for."""
        return self._m.ended

    @property
    def is_unfinished(self) -> bool:
        """Whether something can move: the slice was used up, and the rest is for another command."""
        return bool(self._m.queue)

    @property
    def data(self) -> Data:
        """The variables: at the end when it is completed, else with what every branch has done to them so far."""
        root = self._m.root
        if not self._m.ended:
            return without_stamps(self._m.view(root))
        return without_stamps(root.base if root.outcome is None else root.outcome)

    def task_data(self, task_id: str) -> Data:
        """The variables a waiting task sees."""
        return without_stamps(self._token(task_id).data)

    def _token(self, task_id: str) -> Token:
        token = self._m.waiting.get(task_id)
        if token is None:
            watch = self._m.watches.get(task_id)
            token = watch.token if watch is not None else None
        if token is None:
            token = next((each for each in _tokens(self._m) if each.id == task_id), None)
        if token is None:
            raise NotWaiting(task_id)
        return token

    def property(self, task_id: str, name: str) -> Any:
        """The value of a named property of a waiting task's element, evaluated over its data."""
        token = self._token(task_id)
        return self._m.evaluator.property(token.node.element.properties.get(name, ""), token.data, token.node.id)

    def due(self, task_id: str, name: str) -> Schedule | None:
        """A due time (``dueAt``, ``warnAt``) of a waiting task, or None."""
        token = self._token(task_id)
        text = token.node.element.properties.get(name, "")
        if not text:
            return None
        evaluator, element = self._m.evaluator, token.node.id
        if text.startswith("=") and evaluator.evaluate(text, token.data, element) is None:
            return None
        return evaluator.timer(text, token.data, element)

    def take_outgoing(self) -> list[Thrown]:
        """The messages and signals thrown since the last look."""
        thrown, self._m.thrown = self._m.thrown, []
        return thrown

    def take_fired(self) -> list[tuple[str, str, list[str]]]:
        """The decisions taken since the last look: element, decision, and which of its rules fired."""
        fired, self._m.fired = self._m.fired, []
        return fired

    def take_steps(self) -> list[Step]:
        """What happened since the last look, in order."""
        steps, self._m.steps = self._m.steps, []
        return [
            Step(what, node.element.id, node.element.process_id, task_id, node.element, said)
            for what, node, task_id, said in steps
            if node.element.id
        ]

    def take_changes(self) -> Changes:
        """What has begun and ceased to be waited for since the last look."""
        m = self._m
        moved = tuple(wait_of(watch) for watch in m.rescheduled.values())
        changes = Changes(tuple(m.opened.values()), tuple(m.closed.values()), moved, tuple(m.carried.values()))
        m.opened, m.closed, m.rescheduled, m.carried = {}, {}, {}, {}
        return changes

    def waits(self) -> Iterator[Wait]:
        """Everything the instance waits for now."""
        for token in self._m.waiting.values():
            yield work_of(token)
        for watch in self._m.watches.values():
            yield wait_of(watch)

    def stands(self) -> Iterator[Stand]:
        """Where its tokens are, those of inner scopes and of turns included."""
        for token in _tokens(self._m):
            owner = token.scope.owner
            yield Stand(
                token.id,
                token.node.element,
                token.state,
                tuple(watch.id for watch in token.watches or ()),
                token.node.kind,
                token.number if token.turn_of is not None else None,
                owner.id if owner is not None else "",
            )


def _tokens(m: Machine) -> Iterator[Token]:
    """Every token of the instance, those of turns and of inner scopes included."""
    pending = list(m.root.tokens.values())
    while pending:
        token = pending.pop()
        if token.state is GONE:
            continue
        yield token
        if token.repetition is not None:
            pending.extend(token.repetition.turns.values())
        if token.inner is not None:
            pending.extend(token.inner.tokens.values())
