"""Which sequence flows tokens go along, noted while an engine's command is in flight.

The history says which elements were reached, not always by which flow; a token knows it when it enters what the flow leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from processes.kernel import instance as _all_behaviours  # noqa: F401 (those that are wrapped here have to be there)
from processes.kernel.machine import ENTER, Enter, Machine
from processes.kernel.state import Token

Passed = tuple[str, str]
"""The process that a flow is drawn in, and its id."""

_passed: ContextVar[set[Passed] | None] = ContextVar("passed", default=None)


@contextmanager
def noted() -> Iterator[set[Passed]]:
    """The flows that tokens go along in this thread until the end of the block."""
    passed: set[Passed] = set()
    before = _passed.set(passed)
    try:
        yield passed
    finally:
        _passed.reset(before)


def _noting(enter: Enter) -> Enter:
    def noting(m: Machine, token: Token) -> None:
        passed, flow = _passed.get(), token.arrived
        if passed is not None and flow is not None:
            passed.add((flow.source.element.process_id, flow.id))
        enter(m, token)

    return noting


# An event-based gateway's flows are not entered by: what is caught behind it tells (see ``coverage``).
ENTER.update({kind: _noting(enter) for kind, enter in ENTER.items()})
