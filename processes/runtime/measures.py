"""What the engine counts and times: commands, jobs, timers, hot instances.

>>> with measures.of(command) as seen:  # doctest: +SKIP
...     return seen.outcome(engine_does_it())
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from time import perf_counter
from typing import Any

from prometheus_client import Counter, Histogram

from processes.errors import BihuanError
from processes.messaging.tally import JOB, TALLY
from processes.observing import here
from processes.observing.here import Here
from processes.observing.metrics import NOTES, counter, histogram
from processes.runtime import commands as c

log = logging.getLogger("bihuan.command")

COMMANDS = counter("commands", "Commands by kind and by how they ended", "kind", "outcome")
SECONDS = histogram("command_seconds", "Time from giving a command to its answer", "kind")
GROUP = histogram(
    "group_commit_commands", "Commands that shared one commit", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
RETRIES = counter("transaction_retries", "Transactions begun anew after a conflict or a lost connection")
DUPLICATES = counter("inbox_duplicates", "Commands that had had their effect before")
JOBS = counter("jobs", "Answers to jobs that counted, and jobs handed on, by topic and outcome", "topic", "outcome")
LATENESS = histogram(
    "timer_lateness_seconds",
    "How long after its time a timer was fired",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0),
)
HOT = counter("hot_instances", "Instances looked for in memory", "found")
HOT_HIT, HOT_MISS = HOT.labels("hit"), HOT.labels("miss")

_OF_JOBS = {
    c.CompleteJob: "completed",
    c.FailJob: "failed",
    c.ThrowJobError: "business_error",
    c.HandOnJob: "handed_on",
}


class within(here.at):
    """A command is being carried out: log lines and messages from within carry its ids. ``outer``: the door that it came by, when that
    is not where the thread is."""

    __slots__ = ()

    def __init__(self, command: c.Command, outer: Here | None = None) -> None:
        outer = outer or here.current()
        if outer is not None and outer.command == command.id:
            self.here = outer
            return
        self.here = place = Here(None, outer)
        place.command, place.kind = command.id, type(command).__name__


class of(within):
    """The same, and its end is counted."""

    __slots__ = ("_begun", "_command", "_ended")

    def __init__(self, command: c.Command) -> None:
        super().__init__(command)
        self._command = command
        self._ended = "error"

    def __enter__(self) -> of:  # type: ignore[override]
        super().__enter__()
        self._begun = perf_counter()
        return self

    def outcome(self, outcome: c.Outcome) -> c.Outcome:
        """What came of it, passed through."""
        self._ended = _word(outcome)
        if outcome.instance_id is not None:
            self.here.instance = outcome.instance_id
        return outcome

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        seconds = perf_counter() - self._begun
        ended = "refused" if isinstance(error, BihuanError) else self._ended
        _count(self._command, self.here, ended, seconds)
        super().__exit__(kind, error, trace)


Done = tuple[c.Command, Here, c.Outcome]
"""A command, where it was carried out, and what came of it."""


def committed(commands: Sequence[Done], seconds: float, counted: bool) -> None:
    """These commands shared a commit. ``counted``: here; one alone is counted by whoever gave it (:class:`of`), with all its attempts."""
    if commands:
        NOTES.note(GROUP.observe, len(commands))
    if counted:
        for command, place, outcome in commands:
            with here.at(place):
                _count(command, place, _word(outcome), seconds)


def _word(outcome: c.Outcome) -> str:
    if outcome.duplicate:
        return "duplicate"
    if outcome.incident is not None:
        return "incident"
    return "buffered" if outcome.buffered else "done"


def _count(command: c.Command, place: Here, ended: str, seconds: float) -> None:
    NOTES.note(_add, type(command).__name__, ended, seconds)
    if place.topic is not None and type(command) in _OF_JOBS and ended in ("done", "incident"):
        outcome = "incident" if ended == "incident" else _OF_JOBS[type(command)]
        NOTES.note(_add_job, place.topic, outcome)
        TALLY.note(JOB, place.topic, "", outcome)
    if log.isEnabledFor(logging.INFO):
        log.info("%s in %.1f ms", ended, seconds * 1000)


def _add(kind: str, ended: str, seconds: float) -> None:
    count, time = _of(kind, ended)
    count.inc()
    time.observe(seconds)
    if ended == "duplicate":
        DUPLICATES.inc()


@cache
def _of(kind: str, ended: str) -> tuple[Counter, Histogram]:
    """Of a kind of commands: labels() costs twice what it costs to count."""
    return COMMANDS.labels(kind, ended), SECONDS.labels(kind)


def _add_job(topic: str, outcome: str) -> None:
    JOBS.labels(topic, outcome).inc()
