"""A few words to write the reference interpreter's own tests with."""

from __future__ import annotations

from typing import Any

from tests.diagrams import (
    definitions,
    end,
    flow,
    process,
    start,
)
from tests.reference.interpreter import Reference, Run
from tests.reference.words import (
    root,
)

ROOTS = (
    root("message", "M")
    + root("signal", "S", variable="told")
    + root("error", "E", errorCode="E1")
    + root("error", "F", errorCode="E2")
    + root("escalation", "X", escalationCode="X1")
)


def run_of(*body: str, outside: str = "", **variables: Any) -> Run:
    """Start a process ``p`` with this body."""
    return Reference({"p.bpmn": definitions(ROOTS, process("p", *body), outside)}).start("p", variables)


def do(run: Run, name: str, **data: Any) -> None:
    """Complete the first task of this name."""
    run.complete(next(each for each in run.waiting("user") if each.element == name), data)


def waits(run: Run) -> list[str]:
    """What is waited for, as ``kind element``."""
    return [f"{each.kind} {each.element}" for each in run.waiting()]


def between(*inner: str, first: str = "", last: str = "") -> tuple[str, ...]:
    """A start and an end around a body that begins and ends at these elements."""
    return (start(), end(), *inner, flow("start", first), flow(last or first, "end"))
