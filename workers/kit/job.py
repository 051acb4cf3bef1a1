"""A job as a handler sees it, and the ways in which it may end other than with a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from processes.messaging.bus import Message, Reject


@dataclass(frozen=True)
class Job:
    """A piece of work. ``id`` is the same on every attempt: the right ``Idempotency-Key`` for other systems.
    ``attempt`` counts from 1."""

    id: str
    topic: str
    attempt: int
    variables: Mapping[str, Any] = field(repr=False)


class BusinessError(Exception):
    """The other side's answer is no: ``code`` is for the diagram, ``message`` (Chinese) for people."""

    def __init__(self, code: str, message: str = "", variables: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.variables = dict(variables or {})


class RetryLater(Exception):
    """Not now. ``seconds`` None: after the job's own backoff. ``reason`` is shown to people, so it is Chinese.

    ``counted``: whether this uses up one of the job's attempts. A system that was not even asked (an open circuit breaker) costs none;
    ``system`` is its name, and ``since`` tells since when it is down.
    """

    def __init__(
        self,
        seconds: float | None = None,
        reason: str = "对方系统请稍后再试",
        *,
        counted: bool = True,
        system: str = "",
        since: datetime | None = None,
    ) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason
        self.counted = counted
        self.system = system
        self.since = since


class Failed(Exception):
    """It can't be done, and trying again won't help. ``reason`` (Chinese) is for the person who looks into it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def job_of(message: Message) -> Job:
    """The job that a message carries. Raises :class:`Reject` for a message that is no job."""
    id_ = message.extensions.get("jobid", "")
    attempt = message.extensions.get("attempt", "1")
    if not id_ or not attempt.isascii() or not attempt.isdecimal() or not isinstance(message.data, Mapping):
        raise Reject(
            f"message {message.id} is no job: it needs the extensions jobid and attempt, and an object as data"
        )
    return Job(id_, message.type, int(attempt), message.data)
