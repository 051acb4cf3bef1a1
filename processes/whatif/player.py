"""Plays one instance in memory, and notes what it shows and what it waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson

from processes.casework.rehearsal import UNTOLD
from processes.clock import ManualClock
from processes.kernel.effort import STEPS
from processes.kernel.errors import failing
from processes.kernel.evaluation import Evaluator
from processes.kernel.instance import RunningInstance, Step
from processes.kernel.machine import number_of
from processes.kernel.plan import Element, Process
from processes.kernel.state import Wait
from processes.messaging import schema
from processes.messaging.jobs import CATALOGUE
from processes.store.history import StepLine
from processes.whatif import trace
from processes.whatif.trace import Effect, Key, Trace

SECONDS = 5.0
"""Processor time of one step: a draft whose loop never ends is found out after so long."""

WHERE = ("role", "organisation", "place", "assignee")
"""Properties of a user task that say whose it is."""


@dataclass(eq=False)
class Answer:
    """What ended a task or a job: ``how`` is done, error (its ``code``) or skip. ``after`` it had been open for so long."""

    how: str
    data: Any
    after: timedelta
    order: int
    code: str = ""


@dataclass(eq=False)
class Occurrence:
    """A user task or a job that was open. ``answer``: None when it was withdrawn, or is open still (``open``)."""

    kind: str
    id: str
    element: Key
    where: str
    at: datetime
    open: bool = True
    answer: Answer | None = None


@dataclass(frozen=True)
class Listening:
    """A message that is waited for."""

    name: str
    key: str
    task_id: str
    element: Element


@dataclass(frozen=True)
class Armed:
    """A timer that runs."""

    element: Key
    due: datetime


class House:
    """What plays have in common: the clock that they move, and the functions that expressions call."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.clock = ManualClock()
        self.evaluator = Evaluator(functions, self.clock)


@dataclass(eq=False)
class Player:
    """One play. ``name`` says what an element counts as in comparisons."""

    process: Process
    house: House
    instance_id: str
    variables: Mapping[str, Any]
    place: str
    name: Callable[[Element], str]
    trace: Trace = field(default_factory=Trace)
    steps: list[StepLine] = field(default_factory=list)
    open: dict[str, Occurrence] = field(default_factory=dict)
    fresh: list[Occurrence] = field(default_factory=list)
    """tasks and jobs that have opened since the list was taken"""
    timers: dict[str, Armed] = field(default_factory=dict)
    listening: dict[tuple[str, str, str], Listening] = field(default_factory=dict)
    heard: list[Listening] = field(default_factory=list)
    """messages that are waited for since the list was taken"""
    withdrawn: list[Armed] = field(default_factory=list)
    """timers that ran no more after the last step, without having fired in it"""

    def __post_init__(self) -> None:
        self.running = RunningInstance.create(self.process, self.house.evaluator, self.variables, self.instance_id)

    def do(self, at: datetime, work: Callable[[RunningInstance], Any], fired: str = "") -> Any:
        """Let something happen at a time. ``fired``: the timer whose time it is. Raises ``StepFailed``."""
        running = self.running
        self.house.clock.set(at)
        running.allow(STEPS, SECONDS, STEPS)
        flows: set[tuple[str, str]] = set()
        self.house.evaluator.passing = lambda flow: flows.add((flow.source.element.process_id, flow.id))
        with failing():
            found = work(running)
            self._look(at, fired)
        self.trace.flows |= flows
        if running.is_completed and self.trace.ended is None:
            self.trace.ended = at
        return found

    def receiver(self, name: str, key: str) -> str | None:
        """Who gets a message: the event that has waited longest."""
        found = [each.task_id for each in self.listening.values() if each.name == name and each.key == key]
        return min(found, key=number_of, default=None)

    def timer(self, element: Key, due: datetime) -> str | None:
        """The timer of an element that is due at a time; the one that was there first."""
        found = [id for id, each in self.timers.items() if each.element == element and each.due == due]
        return min(found, key=number_of, default=None)

    # -- what it shows -----------------------------------------------------------------------------------------------

    def _look(self, at: datetime, fired: str) -> None:
        running = self.running
        for step in running.take_steps():
            self.steps.append((step.element_id, step.process_id, step.what))
            self._passed(step, at)
        changes = running.take_changes()
        self.withdrawn = []
        for wait in changes.closed:
            self._closed(wait, fired)
        for wait in changes.moved:
            assert wait.time is not None
            self.timers[wait.task_id] = Armed(_key(wait.element), wait.time.due)
        for wait in changes.opened:
            self._opened(wait, at)
        for thrown in running.take_outgoing():
            where, said = _json({"place": thrown.place}), _json({"key": thrown.key, "payload": thrown.payload})
            self._show(Effect(thrown.kind, thrown.name, where, said, at, (self.process.id, thrown.element_id)))
        running.take_fired()

    def _passed(self, step: Step, at: datetime) -> None:
        element, said = step.element, step.properties
        self.trace.reached.add(_key(element))
        for kind, name in (("stage", trace.STAGE), ("caseStatus", trace.STATUS)):
            if said.get(kind):
                english = str(said.get(f"{kind}En") or "")
                self._show(Effect(name, str(said[kind]), "", "", at, _key(element), None, english))
        if said.get("record"):
            self._show(Effect(trace.RECORD, "", "", _json(said["record"]), at, _key(element)))
        if step.what == "completed" and element.tag == "endEvent" and self._is_outermost(element):
            self._show(Effect(trace.END, self.name(element), "", "", at, _key(element), None, _english(element)))

    def _is_outermost(self, element: Element) -> bool:
        return element.process_id == self.process.id and element.id in self.process.scope.nodes

    def _opened(self, wait: Wait, at: datetime) -> None:
        if wait.kind == "user":
            self._task(wait, at)
        elif wait.kind == "job":
            self._job(wait, at)
        elif wait.kind == "timer":
            assert wait.time is not None
            self.timers[wait.task_id] = Armed(_key(wait.element), wait.time.due)
        elif wait.kind == "message":
            heard = Listening(wait.name, wait.key, wait.task_id, wait.element)
            self.listening[wait.identity] = heard
            self.heard.append(heard)

    def _closed(self, wait: Wait, fired: str) -> None:
        if wait.kind in ("user", "job"):
            self.open.pop(wait.task_id).open = False
        elif wait.kind == "timer":
            armed = self.timers.pop(wait.task_id, None)
            if armed is not None and wait.task_id != fired:
                self.withdrawn.append(armed)
        elif wait.kind == "message":
            self.listening.pop(wait.identity, None)

    def _task(self, wait: Wait, at: datetime) -> None:
        element, running = wait.element, self.running
        said = {name: running.property(wait.task_id, name) for name in WHERE if name in element.properties}
        said["place"] = str(said.get("place") or self.place)
        due = running.due(wait.task_id, "dueAt")
        where = _json(said)
        self._wait("task", wait, where, at)
        self.trace.load[str(said.get("organisation") or said.get("role") or "")] += 1
        until = due.due if due is not None else None
        self._show(Effect(trace.TASK, self.name(element), where, "", at, _key(element), until, _english(element)))

    def _job(self, wait: Wait, at: datetime) -> None:
        words = words_of(wait.name)
        where = _json({name: value for name, value in wait.arguments.items() if name not in words})
        said = _json({name: value for name, value in wait.arguments.items() if name in words})
        kind = trace.NOTICE if wait.name in UNTOLD else trace.JOB
        self._wait("job", wait, where, at, wait.name)
        element = wait.element
        self._show(Effect(kind, self.name(element), where, said, at, _key(element), None, _english(element)))

    def _wait(self, kind: str, wait: Wait, where: str, at: datetime, topic: str = "") -> None:
        found = Occurrence(topic or kind, wait.task_id, _key(wait.element), where, at)
        self.open[wait.task_id] = found
        self.fresh.append(found)

    def _show(self, effect: Effect) -> None:
        self.trace.effects.append(effect)


@cache
def words_of(topic: str) -> frozenset[str]:
    """The arguments of a job that say something in words, or until when, and so not where it goes."""
    kind = CATALOGUE.get(topic)
    found = schema.describe(kind.arguments) if kind is not None else ()
    return frozenset(each.name for each in found if each.text or each.name.endswith("_at"))


def _key(element: Element) -> Key:
    return element.process_id, element.id


def _english(element: Element) -> str:
    return element.properties.get("nameEn", "")


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str).decode()
