"""The functions that owners call in FEEL, as they call them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from processes.casework import functions, texts
from processes.casework.doors import report
from processes.clock import provisional
from processes.errors import BihuanError
from processes.notation import expressions
from processes.store.tables import Case, Report
from tests.integration.casework.conftest import House, problem

CASE = {"case": {"place": "330502"}, "received_at": "2026-09-30T02:00:00+00:00"}


def value(house: House, text: str, **variables: Any) -> Any:
    table = functions.build(functions.Snapshots(house.database))
    return expressions.evaluate(text, {**CASE, **variables}, table, house.clock.now)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("= add working days(received_at, 1, case.place)", "2026-10-08T17:30:00+08:00"),
        ('= add working days("2026-09-30", 3, case.place)', "2026-10-10T17:30:00+08:00"),
        ('= add working days(date and time("2026-10-08T09:00:00Z"), -1, case.place)', "2026-09-30T17:30:00+08:00"),
        ("= string(add working days(received_at, 1, case.place))", "2026-10-08T17:30:00+08:00"),
        ("= add working days(null, 1, case.place)", None),
        ('= add working days(received_at, 1, case.place) > date and time("2026-10-08T09:00:00Z")', True),
        ('= working days between(received_at, "2026-10-10T09:00:00+08:00", case.place)', 3),
        ("= superior(case.place)", "3305"),
        ('= superior("33")', None),
        ("= superior(null)", None),
        ("= level of(case.place)", "county"),
        ("= place name(superior(case.place))", "湖州市"),
        ("= boards(case.place)[1]", {"const": "330502.basic", "title": "吴兴区基本政务服务板块"}),
        ("= count(boards(case.place))", 10),
        ('= boards(case.place)[item.const = "330502.legal"][1].title', "吴兴区法治板块"),
        ('= departments("330502.policy")[1].title', "吴兴区经济和信息化局"),
        ("= departments(null)", []),
        ('= organisation(case.place, "policy")', "330502.policy"),
        ('= organisation(case.place, "330502.policy")', "330502.policy"),
        ('= organisation(case.place, "no such board")', None),
        ('= organisation name("330502.policy")', "吴兴区政策板块"),
        ("= centre(case.place)", "330502.centre"),
        ('= text({"$text": "gone"})', ""),
        ('= mentions("区市场监管局和派出所都不办", case.place)', ["330502.market", "330502.police"]),
        ("= mentions(null, case.place)", []),
    ],
)
def test_functions_answer_as_documented(small_house: House, text: str, expected: object) -> None:
    assert value(small_house, text) == expected


def test_words_are_read_behind_a_reference(small_house: House) -> None:
    report(small_house.engine, problem(body="税务局多收了我公司的税款。"))
    words = texts.of_report(small_house.row(Report).id, "body")
    assert value(small_house, "= text(words)", words=words) == "税务局多收了我公司的税款。"
    assert value(small_house, "= mentions(words, case.place)", words=words) == ["330502.tax"]


def test_only_a_date_in_a_year_without_calendar_is_provisional(small_house: House) -> None:
    token = provisional.set(False)
    try:
        value(small_house, "= add working days(received_at, 5, case.place)")
        assert not provisional.get()
        value(small_house, "= add working days(received_at, 100, case.place)")
        assert provisional.get()
    finally:
        provisional.reset(token)


@pytest.mark.parametrize(
    "text", ["= add working days(received_at, 1.5, case.place)", '= add working days("soon", 1, case.place)']
)
def test_what_makes_no_sense_is_an_error_in_chinese(small_house: House, text: str) -> None:
    with pytest.raises(BihuanError, match=r"应为整数|不是日期时间"):
        value(small_house, text)


def test_each_function_is_explained_in_chinese_with_an_example(small_house: House) -> None:
    for name, function in functions.build(functions.Snapshots(small_house.database)).items():
        assert function.__doc__ is not None
        assert "例：" in function.__doc__, name
        assert name in function.__doc__.split("例：")[1], name


def test_the_history_notes_which_calendar_and_reference_data_a_command_met(small_house: House) -> None:
    from processes.store import history

    report(small_house.engine, problem())
    with small_house.database.read() as connection:
        versions = history.read(connection, small_house.row(Case).instance_id)[0].versions
    assert len(versions["calendar"]) == len(versions["reference"]) == 64


def test_a_command_meets_one_state_of_the_reference_data(small_house: House) -> None:
    snapshots = functions.Snapshots(small_house.database)
    with small_house.database.read():
        assert snapshots.now() is snapshots.now()
    assert snapshots.now().calendar.add_working_days(datetime(2026, 9, 30, tzinfo=UTC), 1)[0].day == 8
    assert snapshots.superior("330502") == "3305"
