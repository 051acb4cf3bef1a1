"""Where the running thread is: which command, case, partner and trace its work belongs to. Log lines and messages carry it.

Doors set it (a request, a delivered message, a command of the engine); a door inside another one knows what the outer knows.
Work that is handed to another thread takes it along: ``with at(handed_over): …``.

>>> with door(traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", partner="hotline"):
...     note(case="c-1")
...     known()["case"]
'c-1'
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

from processes.observing.trace import HEADER, Trace

_SHOWN = ("command", "kind", "instance", "case", "partner")


class Here:
    """What is known at a place. Filled in by :func:`note` as the work learns it; used by one thread at a time."""

    __slots__ = ("_trace", "address", "case", "command", "instance", "kind", "partner", "topic")

    def __init__(self, trace: Trace | None = None, outer: Here | None = None) -> None:
        self.command: str | None = None
        self.kind: str | None = None
        self.topic: str | None = None
        """the topic of the job that the command is about"""
        if outer is None:
            self.instance: str | None = None
            self.case: str | None = None
            self.partner: str | None = None
            self.address: str | None = None
            """where a request came from"""
            self._trace = trace
        else:
            self.instance, self.case, self.partner = outer.instance, outer.case, outer.partner
            self.address = outer.address
            self._trace = trace or outer.trace

    @property
    def trace(self) -> Trace:
        """The trace that the work belongs to; it begins here when nobody named one, as soon as somebody asks."""
        if self._trace is None:
            self._trace = Trace.begin()
        return self._trace


_here: ContextVar[Here | None] = ContextVar("here", default=None)


class at:
    """Be at a place for a block."""

    __slots__ = ("_token", "here")

    def __init__(self, here: Here) -> None:
        self.here = here
        self._token: Token[Here | None]

    def __enter__(self) -> Here:
        self._token = _here.set(self.here)
        return self.here

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        _here.reset(self._token)


def current() -> Here | None:
    """Where the thread is; None outside every door."""
    return _here.get()


def door(traceparent: str | None = None, partner: str | None = None) -> at:
    """Come in from outside, or from another thread's work. The trace: the one named, else the outer door's, else a new one."""
    return at(place(traceparent, partner))


def place(traceparent: str | None = None, partner: str | None = None) -> Here:
    """Where :func:`door` leads: for work that is begun later, or side by side with others'."""
    named = Trace.parse(traceparent)
    found = Here(None if named is None else named.child(), _here.get())
    if partner is not None:
        found.partner = partner
    return found


def note(**learnt: str | None) -> None:
    """Add what the work has learnt of itself (``case``, ``instance``, ``topic``, …) to the innermost door; outside: nothing."""
    here = _here.get()
    if here is not None:
        for name, value in learnt.items():
            if value:
                setattr(here, name, value)


def note_case(instance: str, case: str) -> None:
    """An instance's case, if it is that instance that the work is about: rows of several may be written at once."""
    here = _here.get()
    if here is not None and here.instance == instance:
        here.case = case


def known() -> dict[str, Any]:
    """All that is known, for a log line: what is not known is left out."""
    here = _here.get()
    if here is None:
        return {}
    found = {name: value for name in _SHOWN if (value := getattr(here, name)) is not None}
    return {**found, "trace": here.trace.id}


def stamped(extensions: dict[str, str]) -> dict[str, str]:
    """A leaving message's extensions with the ``traceparent`` of the work that sends it, unless it names one already."""
    here = _here.get()
    if here is not None and HEADER not in extensions:
        extensions[HEADER] = str(here.trace)
    return extensions
