"""Paths: what is done at every wait, in which order, until the process has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from lxml import etree

from tests.reference.drawing import Draw, Model
from tests.reference.interpreter import Reference, Run, Waiting
from tests.reference.machine import TooLong

PATIENCE = 25
"""So many steps are chosen freely; from then on whatever leads to the end is done first."""

MOST = 250
"""A path that is not at its end after so many steps does not end."""

LONGEST = 250
"""Traces that are longer are not looked at: they only take their time."""

ORDER = ("user", "job", "message", "signal", "timer")
"""What is done first when patience is over. Time comes last, since things that are late begin others."""


@dataclass(frozen=True)
class Action:
    """One step of a path. ``kind``: user, job, error (of a job), message, signal or time."""

    kind: str
    element: str = ""
    name: str = ""
    """of a message or signal; the code of an error"""
    key: str = ""
    """what tells the wait from others of the element (see ``Waiting``)"""
    data: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def __repr__(self) -> str:
        given = [f"{each.name}={getattr(self, each.name)!r}" for each in fields(self)[1:] if getattr(self, each.name)]
        return f"Action({', '.join([repr(self.kind), *given])})"


@dataclass(frozen=True, repr=False)
class Play:
    """A process and a path to its end, with what the reference makes of it."""

    model: Model
    actions: Sequence[Action]
    run: Run

    @property
    def trace(self) -> list[str]:
        return self.run.trace

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """How Hypothesis shows it."""
        printer.text(repr(self))

    def __repr__(self) -> str:
        """All that is needed to play it again."""
        tree = etree.fromstring(self.model.files["p.bpmn"])
        etree.indent(tree)
        actions = "\n  ".join(map(repr, self.actions))
        drawn = etree.tostring(tree, encoding="unicode")
        return f"\n{drawn}\nvariables: {self.model.variables}\nactions:\n  {actions}\ntrace: {' '.join(self.trace)}\n"


Told = Counter[tuple[str, str, str, str]]


def told(waits: Iterable[Waiting]) -> Told:
    """What is waited for from outside, in the words that the reference and an engine have in common: kind, element, name, key."""
    return Counter((wait.kind, wait.element, wait.name, wait.key) for wait in waits if wait.kind in ORDER[:4])


def do(run: Run, action: Action) -> None:
    """Let the reference take a step. Raises ``StopIteration`` when it does not wait for that."""
    kind = {"error": "job"}.get(action.kind, action.kind)
    if action.kind == "time":
        run.advance(action.seconds)
    elif action.kind == "message":
        run.message(action.name, action.key, action.data)
    elif action.kind == "signal":
        run.signal(action.name, action.data)
    else:
        wait = next(each for each in run.waiting(kind) if (each.element, each.key) == (action.element, action.key))
        if action.kind == "user":
            run.complete(wait, action.data)
        elif action.kind == "job":
            run.job_done(wait, dict(action.data))
        else:
            run.job_error(wait, action.name)


def play(draw: Draw[Any], model: Model) -> Play:
    """Choose a path. Where its outcome would hang on what BPMN leaves open, another example is taken."""
    run = Reference(model.files).start("p", model.variables)
    actions: list[Action] = []
    while run.state == "active":
        action = _choose(draw, model, run, len(actions))
        actions.append(action)
        try:
            do(run, action)
        except TooLong:
            reject()
        if len(run.trace) > LONGEST:
            reject()
        if len(actions) > MOST:
            raise AssertionError(f"no end after {MOST} steps: {run.trace[-20:]}")
    if run.machine.unsure:
        reject()
    if run.state == "incident":
        raise AssertionError(run.failure)
    return Play(model, actions, run)


def _choose(draw: Draw[Any], model: Model, run: Run, number: int) -> Action:
    waits = run.waiting()
    options = [wait for wait in waits if wait.kind in ORDER]
    if not options:
        raise AssertionError(f"nothing can be done, yet it has not ended: {waits}, {run.trace}")
    free = number < PATIENCE
    if not free:
        options = [wait for wait in options if not wait.repeats or wait.kind == "timer"]
        options.sort(key=lambda wait: (ORDER.index(wait.kind), wait))
    wait = options[draw(st.integers(0, len(options) - 1)) if free else 0]
    if told(waits)[wait.kind, wait.element, wait.name, wait.key] > 1 and wait.kind != "signal":
        reject()  # nobody could say which of them is meant
    if wait.kind == "user":
        answers = model.answers[wait.element]
        return Action(
            "user", wait.element, key=wait.key, data=answers[draw(st.integers(0, len(answers) - 1)) if free else 0]
        )
    if wait.kind == "job":
        codes = model.errors.get(wait.element, ())
        code = draw(st.sampled_from(["", *codes])) if free and codes else ""
        if code:
            return Action("error", wait.element, code, wait.key)
        return Action("job", wait.element, key=wait.key, data={"of": wait.element})
    if wait.kind in ("message", "signal"):
        return Action(wait.kind, wait.element, wait.name, wait.key, {"n": number})
    return Action("time", seconds=(min(each.due for each in run.waiting("timer")) - run.machine.now).total_seconds())
