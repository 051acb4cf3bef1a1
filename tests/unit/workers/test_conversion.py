"""Variables as a handler's type hints want them, and what is said when they are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal, TypedDict

import pytest

from workers.kit import Failed, Job, Worker
from workers.kit.conversion import Unfit, check_hint, convert, plain
from workers.kit.signature import call_of


class Level(Enum):
    CITY = "city"
    COUNTY = "county"


@dataclass
class Person:
    name: str
    age: int | None = None
    tags: list[str] = field(default_factory=list)


class Order(TypedDict, total=False):
    number: int


MOMENT = datetime.fromisoformat("2026-11-23T09:30:00+08:00")

FITTING = [
    (int, 3, 3),
    (int, 3.0, 3),
    (float, 3, 3.0),
    (str, "三", "三"),
    (bool, False, False),
    (datetime, "2026-11-23T09:30:00+08:00", MOMENT),
    (date, "2026-11-23", date(2026, 11, 23)),
    (list, [1, "x"], [1, "x"]),
    (list[int], [1, 2.0], [1, 2]),
    (dict, {"a": 1}, {"a": 1}),
    (dict[str, float], {"a": 1}, {"a": 1.0}),
    (Mapping[str, Any], {"a": None}, {"a": None}),
    (Any, None, None),
    (object, [1], [1]),
    (str | None, None, None),
    (int | str, "x", "x"),
    (Literal["a", 1], 1, 1),
    (Level, "city", Level.CITY),
    (Person, {"name": "王", "unasked": 1}, Person("王")),
    (Person, {"name": "王", "age": 40.0, "tags": ["a"]}, Person("王", 40, ["a"])),
    (list[Person], [{"name": "王"}], [Person("王")]),
    (Order, {}, {}),
    (Order, {"number": 7}, {"number": 7}),
]

UNFIT = [
    (int, "3", "变量 x 应是整数，得到的是文字"),
    (int, 3.5, "变量 x 应是整数，得到的是数字"),
    (int, True, "变量 x 应是整数，得到的是是或否"),
    (float, None, "变量 x 应是数字，得到的是空值"),
    (str, 3, "变量 x 应是文字，得到的是数字"),
    (bool, 1, "变量 x 应是是或否，得到的是数字"),
    (datetime, "2026-11-23T09:30:00", "变量 x 应是带时区的时间，如 2026-11-23T09:30:00+08:00，得到的是文字"),
    (list[int], [1, "二"], "变量 x[1] 应是整数，得到的是文字"),
    (list[int], "1", "变量 x 应是列表，得到的是文字"),
    (dict[str, float], {"a": "b"}, "变量 x.a 应是数字，得到的是文字"),
    (dict, [], "变量 x 应是对象，得到的是列表"),
    (int | None, "x", "变量 x 应是整数，得到的是文字"),
    (Literal["a", 1], True, "变量 x 应是以下之一：a、1，得到的是是或否"),
    (Level, "town", "变量 x 应是以下之一：city、county，得到的是文字"),
    (Level, {}, "变量 x 应是以下之一：city、county，得到的是对象"),
    (Person, {"name": 1}, "变量 x.name 应是文字，得到的是数字"),
    (Order, {"number": "7"}, "变量 x.number 应是整数，得到的是文字"),
]


@pytest.mark.parametrize(("hint", "value", "expected"), FITTING, ids=str)
def test_a_value_that_fits_is_made_into_what_is_wanted(hint: Any, value: Any, expected: Any) -> None:
    check_hint(hint, "x")
    found = convert(hint, value, "x")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("hint", "value", "reason"), UNFIT, ids=str)
def test_a_value_that_does_not_fit_is_told_in_chinese_by_its_name(hint: Any, value: Any, reason: str) -> None:
    with pytest.raises(Unfit) as caught:
        convert(hint, value, "x")
    assert caught.value.reason == reason


def test_what_a_dataclass_lacks_is_named() -> None:
    with pytest.raises(Failed) as caught:
        convert(list[Person], [{"age": 1}], "people")
    assert caught.value.reason == "变量 people[0] 缺少name"


@pytest.mark.parametrize("hint", [bytes, set[int], Worker, list[bytes], tuple[int, int]])
def test_a_type_that_no_json_becomes_is_refused_when_the_handler_is_registered(hint: Any) -> None:
    def ask(x: Any) -> None: ...

    ask.__annotations__["x"] = hint
    with pytest.raises(TypeError, match="no JSON value"):
        call_of(ask)


def test_null_is_as_good_as_nothing_where_nothing_will_do() -> None:
    def ask(case: str, urgent: bool = False, note: str | None = "none", **others: Any) -> Any:
        return case, urgent, note, others

    call = call_of(ask)
    assert call(Job("j", "t", 1, {"case": "C", "urgent": None, "note": None, "more": 1})) == (
        "C",
        False,
        None,
        {"more": 1},
    )
    with pytest.raises(Unfit):
        call(Job("j", "t", 1, {"case": None}))


def test_what_comes_back_is_json_again() -> None:
    person = {"name": "王", "age": None, "tags": []}
    given = {"at": MOMENT, "on": date(2026, 1, 5), "who": Person("王"), "levels": (Level.CITY,)}
    assert plain(given) == {
        "at": "2026-11-23T09:30:00+08:00",
        "on": "2026-01-05",
        "who": person,
        "levels": ["city"],
    }
    assert plain(Person("王")) == person
