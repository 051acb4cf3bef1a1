"""Timers on an injected clock: the due time is worked out once, when the timer is reached, and the timer fires when it is told to.

The library compares with the operating system's clock whenever a task is refreshed, reads timer text as Python, and keeps cycles in a format of its
own. Here ``event_value`` is ``{"due": ISO UTC, "cycles": n, "period": ISO duration or null, "provisional": bool}``; ``n`` is -1 for ever.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    TimeDateEventDefinition,
    TimerEventDefinition,
)

from processes.errors import BihuanError

DURATION = re.compile(
    r"(-)?P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=.)(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?",
    re.IGNORECASE,
)


class TimerError(BihuanError):
    """A timer's value is not ISO 8601."""


def add_duration(start: datetime, text: str) -> datetime:
    """``start`` plus an ISO 8601 duration; months and years are calendar ones (31 January + P1M = 28 or 29 February)."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise TimerError(f"“{text}”不是 ISO 8601 时长,例如 P3D、PT30M", f"{text!r} is not an ISO 8601 duration")
    sign = -1 if match[1] else 1
    months = sign * (int(match[2] or 0) * 12 + int(match[3] or 0))
    weeks, days, hours, minutes, seconds = (float((match[n] or "0").replace(",", ".")) for n in range(4, 9))
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    moved = start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))
    return moved + sign * timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def moment(text: str) -> datetime:
    """An ISO 8601 date and time as aware UTC; a value without a zone is UTC."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise TimerError(f"“{text}”不是 ISO 8601 日期时间", f"{text!r} is not an ISO 8601 date and time") from error
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def plan(text: str, now: datetime) -> dict[str, Any]:
    """What a timer's evaluated text means: when it is due first, how often, and how far apart."""
    text = text.strip()
    if text[:1] in "Rr" and "/" in text:
        count, *parts = text[1:].split("/")
        cycles = int(count) if count else -1
        if len(parts) == 1:
            due, period = add_duration(now, parts[0]), parts[0]
        elif parts[0][:1] in "Pp":
            end, period = moment(parts[1]), parts[0]
            due = add_duration(end, "-" + period)
        else:
            due, period = moment(parts[0]), parts[1]
        return {"due": due.isoformat(), "cycles": cycles, "period": period}
    due = add_duration(now, text) if text.lstrip("-")[:1] in "Pp" else moment(text)
    return {"due": due.isoformat(), "cycles": 1, "period": None}


class _Told:
    """Fires when ``internal_data['fire']`` says so; plans itself on first sight."""

    expression: str
    name: str

    def planned(self, my_task: Any) -> dict[str, Any]:
        value = my_task.internal_data.get("event_value")
        if value is None:
            value = my_task.workflow.script_engine.timer(my_task, self.expression)
            my_task.internal_data["event_value"] = value
        return dict(value)

    def has_fired(self, my_task: Any) -> bool:
        self.planned(my_task)
        if my_task.internal_data.pop("fire", False):
            my_task.internal_data["event_fired"] = True
        return bool(my_task.internal_data.get("event_fired", False))


class TimeDate(_Told, TimeDateEventDefinition):
    """Due at a date and time (or a duration: FEEL may give either)."""


class Duration(_Told, DurationTimerEventDefinition):
    """Due after a duration (or at a date and time: FEEL may give either)."""


class Cycle(_Told, CycleTimerEventDefinition):
    """Due again and again; the event stays until its turns are used up."""

    def has_fired(self, my_task: Any) -> bool:
        self.planned(my_task)
        return bool(my_task.internal_data.get("event_fired", False))

    def cycle_complete(self, my_task: Any) -> bool:
        value = self.planned(my_task)
        if not my_task.internal_data.pop("fire", False):
            return False
        if value["cycles"] > 0:
            value["cycles"] -= 1
        if value["cycles"] == 0:
            my_task.internal_data["event_fired"] = True
        elif value["period"]:
            value["due"] = add_duration(moment(value["due"]), value["period"]).isoformat()
        my_task.internal_data["event_value"] = value
        return True


_REPLACED = {
    TimeDateEventDefinition: TimeDate,
    DurationTimerEventDefinition: Duration,
    CycleTimerEventDefinition: Cycle,
}


def mended(definition: Any) -> Any:
    """Our definition in place of the library's."""
    fresh: Any = _REPLACED[type(definition)](definition.name, definition.expression)
    fresh.description = definition.description
    return fresh


def is_timer(definition: Any) -> bool:
    """Whether this is a timer of any kind."""
    return isinstance(definition, TimerEventDefinition)


def fire(task: Any) -> None:
    """Let a waiting timer (or the event-based gateway it stands behind) fire now."""
    task.internal_data["fire"] = True
    task.task_spec._update(task)
    task.internal_data.pop("fire", None)


def due_of(task: Any, definition: Any) -> dict[str, Any]:
    """When a waiting timer is due: the plan described at the top."""
    return dict(definition.planned(task))
