"""Working days: what counts as one, and when a term of n working days ends.

The rule is 民法典 (Civil Code) articles 201 to 203: the day a term starts on is not counted; the term ends on its last day, at the
time business closes; a last day that is no working day moves to the next one. Years that are loaded know the State Council's
arrangement (调休); a year that is not counts Monday to Friday, and what rests on such a year is *provisional* (暂定).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, select

from processes.casework.versions import Versioned
from processes.errors import BihuanError
from processes.store.tables import CalendarDay, CalendarYear

SETTING = "calendar"
"""Key of the ``Setting`` row that holds zone, closing time and version."""

MAX_TERM = 10_000
"""The longest term, in working days (forty years): a bound on the work that an expression can ask for."""

_SATURDAY = 5


class CalendarError(BihuanError):
    """A date that no calendar can answer for."""


@dataclass(frozen=True)
class WorkingTime:
    """What is left until a due time (``overdue``: what has passed since), in whole units, the largest that says something."""

    overdue: bool
    days: int
    """working days; 0 on the due day itself"""
    hours: int
    minutes: int

    def words(self) -> str:
        """Say it in Chinese.

        >>> WorkingTime(False, 3, 0, 0).words()
        '还剩3个工作日'
        >>> WorkingTime(True, 0, 2, 5).words()
        '已超2小时'
        """
        if self.days:
            amount = f"{self.days}个工作日"
        elif self.hours:
            amount = f"{self.hours}小时"
        else:
            amount = f"{self.minutes}分钟"
        return ("已超" if self.overdue else "还剩") + amount


class WorkingCalendar:
    """An immutable calendar. Each year's working days are listed once and then found by binary search.

    ``days`` are the days that differ from Monday-to-Friday, with whether they are worked.

    >>> calendar = WorkingCalendar({2026}, {date(2026, 1, 1): False, date(2026, 1, 2): False, date(2026, 1, 4): True})
    >>> due, provisional = calendar.add_working_days(datetime(2025, 12, 31, 2, 0, tzinfo=calendar.zone), 1)
    >>> due.isoformat(), provisional
    ('2026-01-04T17:30:00+08:00', False)
    """

    def __init__(
        self,
        years: Iterable[int],
        days: Mapping[date, bool],
        *,
        zone: str = "Asia/Shanghai",
        closing: time = time(17, 30),
        version: str = "",
    ) -> None:
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise CalendarError(f"没有时区“{zone}”，请改正日历设置。", f"unknown time zone {zone!r}") from error
        self.years = frozenset(years)
        self.closing = closing
        self.version = version
        self._days = dict(days)
        self._cache: dict[int, list[int]] = {}

    @classmethod
    def read(cls, connection: Connection) -> WorkingCalendar:
        """The calendar in force (``loading.load`` writes its rows); an empty database gives Monday to Friday, all provisional."""
        return _in_force.get(connection)

    @classmethod
    def ask(cls, connection: Connection) -> Callable[[], WorkingCalendar]:
        """Like :meth:`read`; the answer is to be called for after ``bulk.together``."""
        return _in_force.ask(connection)

    def is_working(self, day: date) -> bool:
        """Whether people work on that day."""
        return self._days.get(day, day.weekday() < _SATURDAY)

    def local_date(self, moment: datetime) -> date:
        """The calendar date of a moment in the calendar's zone; a naive one is taken to be local already."""
        return (moment.astimezone(self.zone) if moment.tzinfo else moment).date()

    def closing_of(self, day: date) -> datetime:
        """When business closes on that day, aware, in the calendar's zone."""
        return datetime.combine(day, self.closing, tzinfo=self.zone)

    def add_working_days(self, start: datetime, n: int) -> tuple[datetime, bool]:
        """The end of a term of ``n`` working days from ``start``, aware in the calendar's zone, and whether it is provisional.

        The day of ``start`` is not counted. ``n`` below 0 counts backwards: -1 is the closing time of the working day before.
        0 is the closing time of the same day, or of the next working day where that is none (article 203).

        :raises CalendarError: when the term is longer than ``MAX_TERM`` or leaves the years 1 to 9999
        """
        if abs(n) > MAX_TERM:
            raise CalendarError(f"期限最长为{MAX_TERM}个工作日，现为{n}个。", f"a term of {n} working days is too long")
        first = self.local_date(start)
        day = self._shift(first, n)
        return self.closing_of(day), self.is_provisional(first, day)

    def working_days_between(self, a: datetime, b: datetime) -> int:
        """Working days after the day of ``a`` up to the day of ``b`` inclusive; negative when ``b`` is the earlier day."""
        first, last = self.local_date(a), self.local_date(b)
        if last < first:
            return -self._count(last, first)
        return self._count(first, last)

    def is_provisional(self, a: date, b: date) -> bool:
        """Whether a day from ``a`` (not counted) to ``b`` lies in a year that is not loaded."""
        low, high = (a + timedelta(days=1), b) if a < b else (b, a - timedelta(days=1)) if b < a else (a, a)
        return any(year not in self.years for year in range(low.year, high.year + 1))

    def working_time(self, now: datetime, due: datetime) -> WorkingTime:
        """What is left from ``now`` to ``due``: working days when they are on different ones, else hours and minutes."""
        overdue = now > due
        early, late = (due, now) if overdue else (now, due)
        days = self.working_days_between(early, late)
        if days:
            return WorkingTime(overdue, days, 0, 0)
        minutes = int((late - early).total_seconds() // 60)
        return WorkingTime(overdue, 0, minutes // 60, minutes % 60)

    def _year(self, year: int) -> list[int]:
        """The ordinals of a year's working days, sorted."""
        known = self._cache.get(year)
        if known is None:
            if not date.min.year <= year <= date.max.year:
                raise CalendarError("期限超出了日历的范围，请检查工作日天数。", f"year {year} is out of range")
            first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
            known = [n for n in range(first, last + 1) if self.is_working(date.fromordinal(n))]
            self._cache[year] = known
        return known

    def _shift(self, day: date, n: int) -> date:
        """The n-th working day after (before, when negative) ``day``."""
        if n == 0:
            return day if self.is_working(day) else self._shift(day, 1)
        year, ordinals, ordinal = day.year, self._year(day.year), day.toordinal()
        if n > 0:
            index = bisect_right(ordinals, ordinal) + n - 1
            while index >= len(ordinals):
                index -= len(ordinals)
                year += 1
                ordinals = self._year(year)
            return date.fromordinal(ordinals[index])
        index = bisect_left(ordinals, ordinal) + n
        while index < 0:
            year -= 1
            ordinals = self._year(year)
            index += len(ordinals)
        return date.fromordinal(ordinals[index])

    def _count(self, low: date, high: date) -> int:
        """Working days in (low, high]."""
        total = sum(len(self._year(year)) for year in range(low.year, high.year))
        before = bisect_right(self._year(low.year), low.toordinal())
        return total - before + bisect_right(self._year(high.year), high.toordinal())


def aware(value: datetime | date | str, calendar: WorkingCalendar) -> datetime:
    """Read a moment: a datetime, a date or an ISO string; what has no zone is local time of the calendar.

    :raises CalendarError: when the text is no date
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise CalendarError(f"“{value}”不是日期时间。", f"{value!r} is no ISO 8601 date and time") from error
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value if value.tzinfo else value.replace(tzinfo=calendar.zone)


def _read(connection: Connection, about: dict[str, Any]) -> WorkingCalendar:
    years = connection.scalars(select(CalendarYear.year)).all()
    days = dict(connection.execute(select(CalendarDay.day, CalendarDay.working)).all())
    given: dict[str, Any] = {name: about[name] for name in ("zone", "version") if name in about}
    if "closing" in about:
        given["closing"] = time.fromisoformat(about["closing"])
    return WorkingCalendar(years, days, **given)


_in_force = Versioned(SETTING, _read)
