"""Working days, by the Civil Code's rule, over the State Council's arrangements of 2025 and 2026."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes.casework.calendar import MAX_TERM, CalendarError, WorkingCalendar, WorkingTime, aware

FOLDER = Path(__file__).parents[3] / "bpmn/reference/calendar"
BEIJING = ZoneInfo("Asia/Shanghai")


def shipped(*years: int) -> WorkingCalendar:
    days: dict[date, bool] = {}
    for year in years:
        with (FOLDER / f"{year}.csv").open(encoding="utf-8", newline="") as file:
            days |= {date.fromisoformat(row["day"]): row["working"] == "yes" for row in csv.DictReader(file)}
    return WorkingCalendar(years, days)


CALENDAR = shipped(2025, 2026)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-23T09:00", 1, "2026-11-24"),  # Monday to Tuesday
        ("2026-11-20T09:00", 1, "2026-11-23"),  # over a plain weekend
        ("2026-11-21T09:00", 1, "2026-11-23"),  # begun on a Saturday
        ("2026-09-30T09:00", 1, "2026-10-08"),  # over the National Day holiday
        ("2026-09-30T09:00", 3, "2026-10-10"),  # the Saturday after it is worked
        ("2026-09-18T09:00", 1, "2026-09-20"),  # a Sunday that is worked
        ("2026-02-13T09:00", 1, "2026-02-14"),  # worked Saturday before the Spring Festival …
        ("2026-02-13T09:00", 2, "2026-02-24"),  # … then nine days off
        ("2025-12-31T09:00", 1, "2026-01-04"),  # over a year's end
        ("2026-10-08T09:00", -1, "2026-09-30"),
        ("2026-02-24T09:00", -2, "2026-02-13"),
        ("2026-01-04T09:00", -1, "2025-12-31"),
        ("2026-11-23T09:00", 0, "2026-11-23"),
        ("2026-10-03T09:00", 0, "2026-10-08"),
    ],
)
def test_a_term_ends_at_closing_time_of_its_last_working_day(start: str, days: int, due: str) -> None:
    assert CALENDAR.add_working_days(at(start), days) == (at(f"{due}T17:30"), False)


def test_the_day_of_the_start_is_the_day_in_the_zone_of_the_calendar() -> None:
    late = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # already Monday in Beijing
    assert CALENDAR.add_working_days(late, 1)[0] == at("2026-11-24T17:30")


def test_what_reaches_into_a_year_that_is_not_loaded_is_provisional_and_counts_monday_to_friday() -> None:
    assert CALENDAR.add_working_days(at("2026-12-30T09:00"), 1) == (at("2026-12-31T17:30"), False)
    assert CALENDAR.add_working_days(at("2026-12-30T09:00"), 2) == (at("2027-01-01T17:30"), True)
    assert CALENDAR.add_working_days(at("2027-01-04T09:00"), -1) == (at("2027-01-01T17:30"), True)


def test_a_loaded_year_moves_the_due_time_that_was_provisional() -> None:
    fuller = WorkingCalendar({2026, 2027}, {date(2027, 1, 1): False})
    assert fuller.add_working_days(at("2026-12-30T09:00"), 2) == (at("2027-01-04T17:30"), False)


def test_closing_time_and_zone_are_data() -> None:
    calendar = WorkingCalendar({2026}, {}, zone="Asia/Urumqi", closing=time(19, 0))
    assert calendar.add_working_days(datetime(2026, 11, 23, tzinfo=UTC), 1)[0] == datetime(2026, 11, 24, 13, tzinfo=UTC)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(CalendarError, match="时区"):
        WorkingCalendar({2026}, {}, zone="Asia/Huzhou")


def test_terms_that_are_too_long_or_leave_the_calendar_are_refused() -> None:
    with pytest.raises(CalendarError):
        CALENDAR.add_working_days(at("2026-11-23T09:00"), MAX_TERM + 1)
    with pytest.raises(CalendarError):
        CALENDAR.add_working_days(datetime(9999, 12, 30, tzinfo=UTC), 5)


MOMENTS = st.datetimes(datetime(2024, 6, 1), datetime(2027, 8, 1)).map(lambda moment: moment.replace(tzinfo=BEIJING))


def counted_by_hand(start: date, days: int) -> date:
    step, left, day = (1 if days > 0 else -1), abs(days), start
    while left:
        day += timedelta(days=step)
        left -= CALENDAR.is_working(day)
    return day


@given(MOMENTS, st.integers(-400, 400).filter(bool))
def test_adding_agrees_with_counting_day_by_day(start: datetime, days: int) -> None:
    assert CALENDAR.add_working_days(start, days)[0].date() == counted_by_hand(start.date(), days)


@given(MOMENTS, st.integers(-400, 400).filter(bool))
def test_between_undoes_adding(start: datetime, days: int) -> None:
    due, _ = CALENDAR.add_working_days(start, days)
    counted = CALENDAR.working_days_between(start, due)
    # Backwards, the day that was started on counts too when it is a working day, as going forward from there would count it.
    assert counted == (days if days > 0 else days + (not CALENDAR.is_working(start.date())))


@given(MOMENTS, MOMENTS, MOMENTS)
def test_between_adds_up(a: datetime, b: datetime, c: datetime) -> None:
    assert CALENDAR.working_days_between(a, b) + CALENDAR.working_days_between(b, c) == CALENDAR.working_days_between(
        a, c
    )


@given(MOMENTS, st.integers(-100, 100), st.integers(-100, 100))
def test_a_longer_term_never_ends_earlier(start: datetime, a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert CALENDAR.add_working_days(start, low)[0] <= CALENDAR.add_working_days(start, high)[0]


@given(MOMENTS, st.integers(-200, 200))
def test_a_date_is_provisional_exactly_when_a_year_on_the_way_is_not_loaded(start: datetime, days: int) -> None:
    due, provisional = CALENDAR.add_working_days(start, days)
    first, last = start.date(), due.date()
    step = 1 if last >= first else -1
    passed = {(first + timedelta(days=step * n)).year for n in range(1, abs((last - first).days) + 1)} or {first.year}
    assert provisional == bool(passed - {2025, 2026})


@pytest.mark.parametrize(
    ("now", "due", "words"),
    [
        ("2026-11-23T09:00", "2026-11-26T17:30", "还剩3个工作日"),
        ("2026-11-23T09:00", "2026-11-23T17:30", "还剩8小时"),
        ("2026-11-23T17:00", "2026-11-23T17:30", "还剩30分钟"),
        ("2026-11-23T17:31", "2026-11-23T17:30", "已超1分钟"),
        ("2026-11-24T09:00", "2026-11-23T17:30", "已超1个工作日"),
        ("2026-10-05T09:00", "2026-09-30T17:30", "已超111小时"),
    ],
)
def test_what_is_left_is_said_in_words(now: str, due: str, words: str) -> None:
    assert CALENDAR.working_time(at(now), at(due)).words() == words


def test_working_time_is_plain_data() -> None:
    assert CALENDAR.working_time(at("2026-11-23T09:00"), at("2026-11-24T17:30")) == WorkingTime(False, 1, 0, 0)


def test_moments_are_read_from_texts_dates_and_datetimes() -> None:
    assert aware("2026-11-23T09:00:00+08:00", CALENDAR) == at("2026-11-23T09:00")
    assert aware("2026-11-23T01:00:00Z", CALENDAR) == at("2026-11-23T09:00")
    assert aware("2026-11-23", CALENDAR) == at("2026-11-23T00:00")
    assert aware(date(2026, 11, 23), CALENDAR) == at("2026-11-23T00:00")
    with pytest.raises(CalendarError, match="不是日期时间"):
        aware("明天", CALENDAR)
