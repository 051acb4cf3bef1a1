"""FEEL the language: grammar, scopes, three-valued logic, errors, budgets, and its borders to Python."""

from __future__ import annotations

import datetime
import threading
from decimal import Decimal
from typing import Any

import pytest

from processes.notation.feel import (
    Budget,
    BudgetExceeded,
    FeelError,
    FeelSyntaxError,
    compile_expression,
    compile_unary,
    to_json,
)


def value(source: str, **variables: Any) -> Any:
    return compile_expression(source).evaluate(variables)


def json(source: str, **variables: Any) -> Any:
    return to_json(value(source, **variables))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ** 3 ** 2", 64),
        ("-2 ** 2", 4),
        ("10 - 2 - 3", 5),
        ("7 / 2", 3.5),
        (".5 + 1e2", 100.5),
        ("0.1 + 0.2 = 0.3", True),
        ("1 / 0", None),
        ('"甲" + "乙"', "甲乙"),
        ('"a" + 1', None),
        ('"\\u4e2d\\n\\"\\\\"', '中\n"\\'),
        ('"\\uD83D\\uDCA9"', "💩"),
        ("1 < 2 and 2 < 3", True),
        ("1 < 2 or null", True),
        ("null and false", False),
        ("null and true", None),
        ("null or false", None),
        ("1 = null", False),
        ('1 = "1"', None),
        ("null = null", True),
        ("5 between 1 and 10", True),
        ("null between 1 and 10", None),
        ("5 in (1..10)", True),
        ("1 in (1..10)", False),
        ("1 in [1..10)", True),
        ("10 in ]1..10[", False),
        ("5 in (< 3, > 4)", True),
        ("5 in (1, 2, 5)", True),
        ("5 in [1, [5]]", True),
        ("5 in > 4", True),
        ("5 in (null..10)", None),
        ("5 in (!= 4)", True),
        ("if 1 > 2 then 1 else 2", 2),
        ("if null then 1 else 2", 2),
        ("for i in 1..3 return i * i", [1, 4, 9]),
        ("for i in 3..1 return i", [3, 2, 1]),
        ("for i in [1..3] return i", [1, 2, 3]),
        ("for i in (1..3) return i", [2]),
        ("for i in 1..2, j in i..2 return [i, j]", [[1, 1], [1, 2], [2, 2]]),
        ("for i in 1..4 return if i = 1 then 1 else sum(partial)", [1, 1, 2, 4]),
        ("for i in 1..3 return partial", [[], [[]], [[], [[]]]]),
        ('for d in @"2026-01-30"..@"2026-02-01" return d', ["2026-01-30", "2026-01-31", "2026-02-01"]),
        ("some x in [1, 2] satisfies x > 1", True),
        ("every x in [1, 2] satisfies x > 1", False),
        ("every x in [] satisfies x > 1", True),
        ("some x in null satisfies x > 1", None),
        ("[1, 2, 3][2]", 2),
        ("[1, 2, 3][-1]", 3),
        ("[1, 2, 3][4]", None),
        ("[1, 2, 3][item > 1]", [2, 3]),
        ("[{a: 1}, {a: 2}][a = 2]", [{"a": 2}]),
        ("[{a: 1}, {a: 2}].a", [1, 2]),
        ("5[item > 3]", [5]),
        ("null[1]", None),
        ("{a: 1, b: a + 1}.b", 2),
        ("{a: 1, a: 2}", None),
        ('{"a-b": 5, c: a-b}.c', 5),
        ('{first name: "张", r: first name + "三"}.r', "张三"),
        ("{f: function(x, y: number) x + y, r: f(1, 2)}.r", 3),
        ('{f: function(x: number) x, r: f("a")}.r', None),
        ("{f: function(x: number) x, r: f([1])}.r", 1),
        ("{f: function(a) a, r: f(a: 3)}.r", 3),
        ("{f: function(n) if n < 2 then 1 else n * f(n - 1), r: f(10)}.r", 3628800),
        ("(function(x) x * 2)(4)", 8),
        ("1 instance of number", True),
        ("[1] instance of list<number>", True),
        ('{a: "x"} instance of context<a: string>', True),
        ("[1..2] instance of range<number>", True),
        ("null instance of Any", False),
        ('@"P1D" instance of days and time duration', True),
        ("function(a, b) a instance of function<number, number> -> number", None),
        ("// a comment\n1 /* another */ + 1", 2),
        ("1+1=2", True),
    ],
)
def test_expression(source: str, expected: object) -> None:
    result = value(source)
    assert (None if callable(getattr(result, "call", None)) else to_json(result)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('@"2026-11-23" + @"P1M"', "2026-12-23"),
        ('@"2026-01-31" + @"P1M"', "2026-02-28"),
        ('@"2026-11-23T08:00:00+08:00" - @"2026-11-23T00:00:00Z"', "PT0S"),
        ('@"2026-11-23" - @"2026-11-20"', "P3D"),
        ('@"10:00:00" + @"PT14H30M"', "00:30:00"),
        ('@"P1Y" + @"P2M"', "P1Y2M"),
        ('@"P1D" * 1.5', "P1DT12H"),
        ('@"P1D" / @"PT6H"', 4),
        ('-@"P1D"', "-P1D"),
        ('@"2026-11-23".weekday', 1),
        ('@"P1Y2M".months', 2),
        ('@"10:00:00+08:00".time offset', "PT8H"),
        ('@"2026-11-23T10:00:00@Asia/Shanghai".timezone', "Asia/Shanghai"),
        ('@"2026-11-23T10:00:00@Asia/Shanghai" = @"2026-11-23T02:00:00Z"', True),
        ('@"2026-11-23T10:00:00" < @"2026-11-23T10:00:00Z"', None),
        ('@"2026-02-30"', None),
        ('@"2026-12-31T24:00:00"', "2027-01-01T00:00:00"),
        ('string(@"2026-11-23T10:00:00@Asia/Shanghai")', "2026-11-23T10:00:00@Asia/Shanghai"),
        ('[@"2026-01-01"..@"2026-12-31"].start', "2026-01-01"),
        ('@"9999-12-31" + @"P1D"', None),
    ],
)
def test_dates_and_durations(source: str, expected: object) -> None:
    assert json(source) == expected


def test_times_with_a_named_zone_leave_as_plain_iso_8601() -> None:
    assert json('@"2026-11-23T10:00:00@Asia/Shanghai"') == "2026-11-23T10:00:00+08:00"


def test_chinese_names_and_texts_work_everywhere() -> None:
    case = {"牌子": "发改局", "天数": 5, "全 称": "某区"}
    assert json('if 案件.牌子 = "发改局" and 案件.天数 > 3 then 案件.全 称 else "无"', 案件=case) == "某区"


def test_names_with_spaces_need_not_be_known() -> None:
    assert json("working days + 1", **{"working days": 4}) == 5
    assert compile_expression("add up(first one, second one)").names == {"add up", "first one", "second one"}


def test_a_registered_function_may_hold_keywords_in_its_name() -> None:
    functions = {
        "working days between": lambda a, b, place: 7,
        "level of": lambda place: "县",
        "text": lambda ref: "甲",
    }
    source = 'working days between(a, a between 1 and 2, "x") + 1'
    assert to_json(compile_expression(source).evaluate({"a": 1}, functions)) == 8
    assert compile_expression('level of(p) = "县"').evaluate({"p": "x"}, functions) is True
    assert compile_expression("text(text)").evaluate({"text": {"$text": "1"}}, functions) == "甲"


def test_between_stays_an_operator_after_a_name_with_spaces() -> None:
    assert value("whole days between (1) and 5", **{"whole days": 3}) is True


def test_registered_functions_get_plain_numbers_and_copies() -> None:
    seen: list[object] = []
    items = [1, {"a": 2}]

    def keep(number: object, things: list[object], day: object) -> tuple[int, int]:
        seen.extend((number, day))
        things.append(3)
        return 1, 2

    result = compile_expression('keep(2.0, items, @"2026-01-01")').evaluate({"items": items}, {"keep": keep})
    assert seen == [2, datetime.date(2026, 1, 1)]
    assert type(seen[0]) is int
    assert items == [1, {"a": 2}]
    assert result == [1, 2]


def test_a_failing_registered_function_is_an_error_with_its_cause() -> None:
    def fail() -> None:
        raise LookupError("no such place")

    with pytest.raises(FeelError) as raised:
        compile_expression("fail()").evaluate({}, {"fail": fail})
    assert isinstance(raised.value.__cause__, LookupError)


def test_unknown_names_are_null_and_listed() -> None:
    expression = compile_expression("missing + for i in known return i + other")
    assert expression.evaluate({"known": [1]}) is None
    assert expression.names == {"missing", "known", "other"}


def test_names_bound_inside_are_not_listed() -> None:
    source = "{a: 1, b: a + c, f: function(x) f(x) + y, l: list[m = 1], s: some q in l satisfies q}"
    assert compile_expression(source).names == {"c", "y", "list"}


def test_now_and_today_are_the_injected_clocks() -> None:
    moment = datetime.datetime(2026, 11, 23, 8, 30, tzinfo=datetime.UTC)
    assert compile_expression("[now(), today()]").evaluate({}, clock=lambda: moment) == [moment, moment.date()]


def test_data_are_never_changed() -> None:
    data = {"items": [3, 1, 2], "context": {"a": {"b": 1}}}
    source = '[sort(items), append(items, 4), context put(context, ["a", "b"], 2), context put(context, "c", 3), items]'
    assert json(source, **data) == [
        [1, 2, 3],
        [3, 1, 2, 4],
        {"a": {"b": 2}},
        {"a": {"b": 1}, "c": 3},
        [3, 1, 2],
    ]
    assert data == {"items": [3, 1, 2], "context": {"a": {"b": 1}}}


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("1 +", 1, 4),
        ("1 +\n  )", 2, 3),
        ('"open', 1, 1),
        ("{a: 1, b}", 1, 8),
        ("for x return x", 1, 5),
        ("f(1, a: 2)", 1, 11),
        ("", 1, 1),
        ("[1, 2", 1, 6),
        ("a\n\n+ @1", 3, 4),
    ],
)
def test_a_syntax_error_says_where(source: str, line: int, column: int) -> None:
    with pytest.raises(FeelSyntaxError) as raised:
        compile_expression(source)
    assert (raised.value.line, raised.value.column) == (line, column)


@pytest.mark.parametrize(
    ("cell", "passing", "failing"),
    [
        ('"金", "银"', "金", "铜"),
        ('not("金", "银")', "铜", "金"),
        ("< 18, >= 60", 60, 30),
        ("[18..65)", 18, 65),
        ("(18..65]", 65, 18),
        ("-", None, ...),
        ("null", None, 1),
        ("true", True, False),
        ("not(null)", 1, None),
        ("limit", 7, 8),
        ("> limit", 8, 7),
        ("? > 1 and ? < 5", 3, 5),
        ("count(?) > 1", [1, 2], [1]),
        ("[1, 2, 3]", 2, 4),
        ('starts with(?, "国")', "国家", "省"),
        ('@"2026-01-01"', datetime.date(2026, 1, 1), datetime.date(2026, 1, 2)),
        ('< date("2026-01-01")', datetime.date(2025, 1, 1), datetime.date(2026, 1, 2)),
        ("5", 5.0, 5.1),
    ],
)
def test_unary_tests(cell: str, passing: object, failing: object) -> None:
    tests = compile_unary(cell)
    assert tests.test(passing, {"limit": 7}) is True
    if failing is not ...:
        assert tests.test(failing, {"limit": 7}) is not True


def test_a_missing_boolean_does_not_pass_for_true() -> None:
    assert compile_unary("true").test(None) is not True


def test_a_condition_without_the_input_may_stand_in_a_cell() -> None:
    assert compile_unary("days > 3").test("anything", {"days": 5}) is True
    assert compile_unary("days > 3").test("anything", {"days": 1}) is False


def test_a_budget_is_shared_by_the_evaluations_it_is_given_to() -> None:
    budget = Budget(steps=1000)
    expression = compile_expression("count(for i in 1..100 return i)")
    expression.evaluate({}, budget=budget)
    left = budget.left
    assert 0 < left < 1000
    spent = Budget(steps=1000 - left - 1)
    with pytest.raises(BudgetExceeded):
        expression.evaluate({}, budget=spent)


def test_time_runs_out_when_steps_do_not() -> None:
    budget = Budget(steps=10**9, seconds=0.05)
    with pytest.raises(BudgetExceeded):
        compile_expression("some i in 1..1000000000 satisfies false").evaluate({}, budget=budget)


def test_numbers_leave_as_json_keeps_them() -> None:
    assert [type(number) for number in json("[1.0, 1.5, 1E3, 2 ** 70]")] == [int, float, int, float]
    with pytest.raises(FeelError):
        to_json(Decimal("1E400"))


def test_functions_and_ranges_do_not_leave() -> None:
    for source in ("function(x) x", "[1..2]", "count"):
        with pytest.raises(FeelError):
            to_json(value(source))


def test_data_that_are_no_json_raise_our_error_only() -> None:
    for odd in (float("nan"), object(), {1: 2}, b"x"):
        with pytest.raises(FeelError):
            to_json(compile_expression("if x = 1 then 1 else [x, x + 1]").evaluate({"x": odd}))


def test_compiled_expressions_are_shared_between_threads() -> None:
    expression = compile_expression("sum(for i in 1..n return i)")
    results: dict[int, object] = {}

    def work(n: int) -> None:
        for _ in range(50):
            results[n] = expression.evaluate({"n": n})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: Decimal(n * (n + 1) // 2) for n in range(1, 9)}


def test_compiling_is_cached() -> None:
    assert compile_expression("1 + 41") is compile_expression("1 + 41")
