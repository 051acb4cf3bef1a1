"""The W3C trace context: one id for all that follows from one report, in every process and system that it touches.

Source: W3C Recommendation "Trace Context", 23 November 2021 (level 1), sections 3.2 and 4. On messages the same text is the
CloudEvents extension ``traceparent`` (CloudEvents "Distributed Tracing" extension 1.0). ``tracestate`` is not passed on, as
section 3.3.1.1 allows: it belongs to tracing systems, and none of them stands in our processes.

>>> trace = Trace.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
>>> trace.child().id == trace.id
True
"""

from __future__ import annotations

import random
import re
from typing import NamedTuple

HEADER = "traceparent"
"""The name of the HTTP header and of the message extension."""

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)
_LONGEST = 512
"""Characters: a later version may add parts, but not a book."""

_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_SAMPLED = 1
_random = random.Random()


class Trace(NamedTuple):
    """``id``: the trace's, the same everywhere. ``span``: the piece of work that is going on. ``sampled``: somebody keeps it."""

    id: str
    span: str
    sampled: bool = True

    @classmethod
    def parse(cls, text: str | None) -> Trace | None:
        """The trace that a ``traceparent`` names; None for none and for one that is not valid (section 3.2.2.3)."""
        found = _FORM.fullmatch(text.strip()) if text and len(text) <= _LONGEST else None
        if found is None:
            return None
        version, trace, span, flags, more = found.groups()
        if version == "ff" or trace == _NO_TRACE or span == _NO_SPAN or (version == "00" and more):
            return None
        return cls(trace, span, bool(int(flags, 16) & _SAMPLED))

    @classmethod
    def begin(cls) -> Trace:
        """A trace that begins here."""
        return cls(f"{_random.getrandbits(128) or 1:032x}", _span())

    @classmethod
    def going_on(cls, text: str | None) -> Trace:
        """The piece of work that ``traceparent`` asked for, within its trace; without a valid one a trace that begins here."""
        parent = cls.parse(text)
        return cls.begin() if parent is None else parent.child()

    def child(self) -> Trace:
        """The next piece of work within the same trace."""
        return Trace(self.id, _span(), self.sampled)

    def __str__(self) -> str:
        """The ``traceparent`` to send along."""
        return f"00-{self.id}-{self.span}-{self.sampled:02x}"


def _span() -> str:
    return f"{_random.getrandbits(64) or 1:016x}"
