"""The reference interpreter: BPMN as it is meant here, with no thought of speed or storage.

>>> run = Reference({"hello.bpmn": HELLO}).start("hello", {"name": "湖州"})            # doctest: +SKIP
>>> (task,) = run.waiting()                                                           # doctest: +SKIP
>>> run.complete(task, {"approved": True})                                            # doctest: +SKIP
>>> run.state, run.trace                                                              # doctest: +SKIP
('completed', ['begin', 'approve', 'done'])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from processes.errors import BihuanError
from processes.notation.decisions import parse_decisions
from tests.reference import activities, catching, compensation, gateways, throwing
from tests.reference.data import Data
from tests.reference.machine import ENDLESS, Entry, Functions, Incident, Machine, TooLong
from tests.reference.reading import ACTIVITIES, GLOBAL_TASKS, Node, read
from tests.reference.state import Activity, Catcher, Frame, Record, Token, Wait

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
"""When the clock of a run begins: that of ``ManualClock``."""

State = Literal["active", "completed", "incident"]


@dataclass(frozen=True, order=True)
class Waiting:
    """Something a run waits for. ``key``: a person's task, its organisation; of a job, its arguments; of a message, its key."""

    kind: str
    element: str
    name: str
    key: str
    number: int
    due: datetime = datetime.max
    repeats: bool = False
    """whether it is waited for again when it has come"""


class Reference:
    """The processes of some files (name → content, .bpmn and .dmn)."""

    def __init__(self, files: Mapping[str, bytes], functions: Functions | None = None) -> None:
        self.callables = read(files)
        self.functions = functions or {}
        self.decisions = {}
        for name, body in files.items():
            if name.endswith(".dmn"):
                model = parse_decisions(body, name)
                self.decisions.update(dict.fromkeys(model.decision_ids, model))

    def start(self, process: str, variables: Mapping[str, Any] | None = None, now: datetime = START) -> Run:
        """Start an instance and let it run until it waits."""
        return Run(lambda: Machine(self.callables, self.decisions, self.functions, now), process, variables or {})


class Run:
    """One instance. Every command lets it run until it waits again; one that fails has not happened (``state`` is then incident)."""

    def __init__(self, make: Callable[[], Machine], process: str, variables: Mapping[str, Any]) -> None:
        self._make = make
        self._done: list[Callable[[Machine], None]] = []
        self.machine = make()
        self.failure = ""
        """what went wrong, of an incident"""
        self._do(lambda machine: _start(machine, process, variables))

    # -- what is -----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Of an instance with an incident nothing has moved."""
        if self.failure:
            return "incident"
        return "completed" if self.machine.is_completed else "active"

    @property
    def entries(self) -> Sequence[Entry]:
        """The trace, with causes."""
        return self.machine.trace

    @property
    def trace(self) -> list[str]:
        """Ids of the elements that have finished or caught something, in order."""
        return [entry.element for entry in self.machine.trace]

    @property
    def variables(self) -> dict[str, Any]:
        """Of a completed instance what its branches know together; of an active one what its tokens know."""
        machine = self.machine
        if machine.root is not None and not machine.is_completed:
            return dict(catching.known(machine.root).values)
        return dict(machine.variables)

    def waiting(self, kind: str = "") -> list[Waiting]:
        """All it waits for (or all of a kind), by kind, element and key."""
        waits = [_told(wait) for wait in self.machine.waits if wait.is_open]
        return sorted(wait for wait in waits if kind in ("", wait.kind))

    # -- what comes --------------------------------------------------------------------------------------------------

    def complete(self, waiting: Waiting, data: Mapping[str, Any] | None = None) -> None:
        """A person has done a task."""
        self._do(lambda machine: _complete(machine, waiting.number, deepcopy(dict(data or {}))))

    def job_done(self, waiting: Waiting, result: Any = None) -> None:
        """A worker has done a job."""
        self._do(lambda machine: _job_done(machine, waiting.number, result))

    def job_error(
        self, waiting: Waiting, code: str, message: str = "", variables: Mapping[str, Any] | None = None
    ) -> None:
        """A worker has met a business error."""
        self._do(
            lambda machine: _job_error(
                machine, waiting.number, code, {"code": code, "message": message, **(variables or {})}
            )
        )

    def message(self, name: str, key: str = "", payload: Mapping[str, Any] | None = None) -> None:
        """A message comes; early ones are kept."""
        self._do(lambda machine: machine.post(name, key, dict(payload or {})))

    def signal(self, name: str, payload: Mapping[str, Any] | None = None) -> None:
        """A signal comes from outside."""
        self._do(lambda machine: catching.broadcast(machine, name, dict(payload or {}), frozenset()))

    def advance(self, seconds: float) -> None:
        """Time passes; timers fire in the order of their times."""
        self._do(lambda machine: _advance(machine, machine.now + timedelta(seconds=seconds)))

    def _do(self, command: Callable[[Machine], None]) -> None:
        try:
            _run(self.machine, command)
            self._done.append(command)
            self.failure = ""
        except (Incident, BihuanError) as failure:
            self.failure = str(failure)
            self.machine = self._make()
            for done in self._done:
                _run(self.machine, done)


def _told(wait: Wait) -> Waiting:
    catcher = wait.owner if isinstance(wait.owner, Catcher) else None
    return Waiting(
        wait.kind,
        wait.owner.node.id,
        wait.name,
        wait.key,
        wait.number,
        wait.due,
        catcher is not None and catcher.goes_on,
    )


# -- commands --------------------------------------------------------------------------------------------------------


def _start(machine: Machine, process: str, variables: Mapping[str, Any]) -> None:
    machine.root = activities.begin_scope(
        machine, machine.callables[process], None, Data.first(variables), frozenset(), called=True
    )


def _activity(machine: Machine, number: int, kind: str) -> Activity:
    wait = next(each for each in machine.waits if each.number == number and each.is_open)
    assert wait.kind == kind
    assert isinstance(wait.owner, Activity)
    machine.waits.remove(wait)
    return wait.owner


def _complete(machine: Machine, number: int, data: dict[str, Any]) -> None:
    """What the person gave lands under the result variable; without one among the variables."""
    activity = _activity(machine, number, "user")
    properties = activity.node.properties
    variable = properties.get("resultVariable") or (activity.node.id if "form" in properties else "")
    after = machine.write(activity.data, {variable: data} if variable else data)
    machine.finished.append((activity, after, activity.causes))


def _job_done(machine: Machine, number: int, result: Any) -> None:
    activity = _activity(machine, number, "job")
    machine.finished.append((activity, machine.write(activity.data, {activity.node.result: result}), activity.causes))


def _job_error(machine: Machine, number: int, code: str, payload: dict[str, Any]) -> None:
    activity = _activity(machine, number, "job")
    found = catching.find_catcher("error", code, activity.frame, activity)
    if found is None:
        raise Incident(f"{activity.node.id}: nobody catches the error {code}")
    catching.take(machine, *found, payload, activity.causes)


def _advance(machine: Machine, end: datetime) -> None:
    while (wait := catching.next_timer(machine, end)) is not None:
        if wait.due > machine.now:
            machine.now, machine.step = wait.due, machine.step + 1
        catching.fire_timer(machine, wait)
        _settle(machine)
    machine.now = end


# -- running ---------------------------------------------------------------------------------------------------------


def _run(machine: Machine, command: Callable[[Machine], None]) -> None:
    machine.step += 1
    machine.fresh.clear()
    command(machine)
    _settle(machine)
    while (wait := catching.next_timer(machine, machine.now)) is not None:
        catching.fire_timer(machine, wait)
        _settle(machine)


def _settle(machine: Machine) -> None:
    """Run until there is nothing left but to wait; messages are delivered when nothing else runs."""
    while True:
        _conclude(machine)
        if len(machine.trace) > ENDLESS:
            raise TooLong
        machine.fresh.clear()
        machine.queue = [token for token in machine.queue if token.alive]
        if machine.queue:
            _step(machine, machine.queue.pop(0))
        elif not catching.deliver(machine):
            return


def _conclude(machine: Machine) -> None:
    """Everything that follows at once from the element that has just run."""
    while True:
        if machine.finished:
            activity, data, causes = machine.finished.pop(0)
            if activity.alive:
                activities.finish(machine, activity, data, causes)
        elif not (
            _end_frame(machine) or _compensate(machine) or catching.fire_condition(machine) or _fire_join(machine)
        ):
            return


def _frames(machine: Machine) -> list[Frame]:
    return list(machine.root.all()) if machine.root is not None and not machine.is_completed else []


def _fire_join(machine: Machine) -> bool:
    return any(gateways.fire_join(machine, frame) for frame in _frames(machine))


def _end_frame(machine: Machine) -> bool:
    """A scope is over when no token is left in it."""
    for frame in _frames(machine):
        if not frame.is_over:
            continue
        if frame is machine.root:
            machine.variables, machine.is_completed = machine.outcome(frame).values, True
            frame.die()
        elif frame.event is not None:
            _end_event_sub_process(machine, frame, frame.event)
        else:
            activities.end_scope(machine, frame)
        return True
    return False


def _end_event_sub_process(machine: Machine, frame: Frame, node: Node) -> None:
    """What an event sub-process changed is changed for the scope it ran in."""
    assert frame.parent is not None
    causes = machine.happened(node, frame.ended_causes)
    frame.die()
    if frame.compensation is not None:
        compensation.end_event_sub_process(machine, frame.compensation, frame, causes)
    else:
        frame.parent.events.remove(frame)
        data = machine.outcome(frame)
        frame.parent.records.append(Record(node, frame.parent, frame, data, min(causes)))
        if frame.beside is not None:
            data = frame.beside.own(data)
        machine.give(frame.parent, data, causes)


def _compensate(machine: Machine) -> bool:
    """Begin the next handler of a token that waits for it, or let the token go on."""
    for token in [token for frame in _frames(machine) for token in frame.tokens]:
        waited = token.compensation
        if waited is None or not waited.is_idle:
            continue
        if waited.todo:
            compensation.next_handler(machine, waited)
            return True
        token.data, token.causes, token.compensation = waited.data, waited.causes, None
        if waited.then == "go on":
            throwing.thrown(machine, token)
        elif waited.then == "cancel":
            throwing.cancelled(machine, token)
        else:
            machine.end(token)
        return True
    return False


def _step(machine: Machine, token: Token) -> None:
    """What an element does with a token that has come to it."""
    node = token.node
    if gateways.is_join(node):
        token.parked, token.arrived = True, machine.step
    elif node.tag in ACTIVITIES | GLOBAL_TASKS:
        activities.begin(machine, token)
    elif node.tag == "intermediateCatchEvent" and not node.has("link"):
        catching.arm_token(machine, token, [node])
    elif node.tag in ("intermediateThrowEvent", "endEvent"):
        throwing.throw(machine, token)
    else:
        token.causes = machine.happened(node, token.causes)
        if node.tag == "eventBasedGateway":
            catching.arm_token(machine, token, [flow.target for flow in node.outgoing])
        else:
            machine.leave(token, gateways.flows_out(machine, node, token.data))
