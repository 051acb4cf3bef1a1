"""The calendar: now, today, and where a day lies in its week and year."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from processes.notation.feel.builtins.registry import built_in
from processes.notation.feel.scope import Run

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _day(value: Any) -> datetime.date:
    if not isinstance(value, datetime.date):
        raise TypeError("a date expected")
    return value


@built_in("now", needs_run=True)
def _now(run: Run) -> datetime.datetime:
    return run.now()


@built_in("today", needs_run=True)
def _today(run: Run) -> datetime.date:
    return run.now().date()


@built_in("day of year", "date")
def _day_of_year(value: Any) -> Decimal:
    return Decimal(_day(value).timetuple().tm_yday)


@built_in("day of week", "date")
def _day_of_week(value: Any) -> str:
    return _DAYS[_day(value).weekday()]


@built_in("month of year", "date")
def _month_of_year(value: Any) -> str:
    return _MONTHS[_day(value).month - 1]


@built_in("week of year", "date")
def _week_of_year(value: Any) -> Decimal:
    return Decimal(_day(value).isocalendar().week)
