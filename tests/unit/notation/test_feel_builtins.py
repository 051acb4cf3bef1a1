"""Every built-in function of FEEL, with what makes it null."""

from __future__ import annotations

import pytest

from processes.notation.feel import compile_expression, to_json
from processes.notation.feel.scope import BUILT_IN

CASES = [
    # conversion
    ('number("1 000,5", " ", ",")', 1000.5),
    ('number("x")', None),
    ("number(5)", 5),
    ("string(1.50)", "1.5"),
    ('string([1, "a", {b: null}])', '[1, "a", {b: null}]'),
    ("string(null)", None),
    ("string([1..5))", "[1..5)"),
    ("string(1E30)", "1" + "0" * 30),
    ("date(2026, 11, 23)", "2026-11-23"),
    ('date("2026-11-23")', "2026-11-23"),
    ('date(date and time("2026-11-23T10:00:00"))', "2026-11-23"),
    ("date(2026, 13, 1)", None),
    ('time("10:00:00+08:00")', "10:00:00+08:00"),
    ("time(10, 30, 1.5)", "10:30:01.5"),
    ('time(10, 30, 0, @"PT8H")', "10:30:00+08:00"),
    ('date and time("2026-11-23")', "2026-11-23T00:00:00"),
    ('date and time(date("2026-11-23"), time("10:00:00Z"))', "2026-11-23T10:00:00Z"),
    ('duration("P1Y2M")', "P1Y2M"),
    ('duration("P1DT2H3M4.5S")', "P1DT2H3M4.5S"),
    ('duration("-PT0S")', "PT0S"),
    ('duration("P")', None),
    ('years and months duration(date("2025-01-31"), date("2026-03-01"))', "P1Y1M"),
    ('years and months duration(date("2026-03-01"), date("2025-01-31"))', "-P1Y1M"),
    # strings
    ('substring("河北省人民政府", 4)', "人民政府"),
    ('substring("abcdef", -3, 2)', "de"),
    ('substring("abc", 0)', None),
    ('string length("甲乙丙")', 3),
    ('upper case("aB")', "AB"),
    ('lower case("aB")', "ab"),
    ('trim("  a ")', "a"),
    ('substring before("a-b-c", "-")', "a"),
    ('substring after("a-b-c", "-")', "b-c"),
    ('substring after("abc", "x")', ""),
    ('contains("企业之声", "之")', True),
    ('starts with("abc", "ab")', True),
    ('ends with("abc", "bc")', True),
    ('contains(null, "a")', None),
    ('matches("13800000000", "^1[0-9]{10}$")', True),
    ('matches("甲乙", "^\\w+$")', True),
    ('matches("AB", "ab", "i")', True),
    ('matches("a\nb", "a.b")', False),
    ('matches("a\nb", "a.b", "s")', True),
    ('matches("a\nb", "^b$", "m")', True),
    ('matches("a", "[a-z-[aeiou]]")', False),
    ('matches("a.c", "a.c", "q")', True),
    ('matches("a", "(?=a)")', None),
    ('matches("a", "a", "z")', None),
    ('replace("banana", "a(n)", "<$1>")', "b<n><n>a"),
    ('replace("abc", "b", "\\$")', "a$c"),
    ('replace("abc", "b", "$")', None),
    ('replace("abc", "x*", "y")', None),
    ('split("a;b;;c", ";")', ["a", "b", "", "c"]),
    ('split("a1b22c", "[0-9]+")', ["a", "b", "c"]),
    ('string join(["a", null, "b"], ", ")', "a, b"),
    ('string join(["a", "b"])', "ab"),
    ('string join(["a", 1])', None),
    # lists
    ("list contains([1, null], null)", True),
    ("count([1, 2, 3])", 3),
    ("count(null)", None),
    ("min([3, 1, 2])", 1),
    ("max(3, 1, 2)", 3),
    ('max(["a", "b"])', "b"),
    ('min([1, "a"])', None),
    ("min([])", None),
    ("sum(1, 2, 3)", 6),
    ("sum([])", None),
    ('sum([@"P1D", @"PT12H"])', "P1DT12H"),
    ("mean([1, 2, 3, 4])", 2.5),
    ("median([8, 2, 5, 3, 4])", 4),
    ("median([6, 1, 2, 3])", 2.5),
    ("stddev([2, 4, 7, 5])", 2.0816659994661326),
    ("mode([6, 3, 9, 6, 6])", [6]),
    ("mode([6, 1, 9, 6, 1])", [1, 6]),
    ("mode([])", []),
    ("product([2, 3, 4])", 24),
    ("all([true, null])", None),
    ("all([false, null])", False),
    ("all([])", True),
    ("any([true, null])", True),
    ("any([])", False),
    ("any([1])", None),
    ("sublist([4, 5, 6], 1, 2)", [4, 5]),
    ("sublist([4, 5, 6], -2)", [5, 6]),
    ("sublist([4, 5, 6], 3, 2)", None),
    ("append([1], 2, 3)", [1, 2, 3]),
    ("concatenate([1, 2], [3])", [1, 2, 3]),
    ("insert before([1, 3], 1, 2)", [2, 1, 3]),
    ("remove([1, 2, 3], 2)", [1, 3]),
    ("list replace([2, 4, 7], 3, 6)", [2, 4, 6]),
    ("list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)", [5, 5, 7, 8]),
    ("reverse([1, 2, 3])", [3, 2, 1]),
    ("index of([1, 2, 3, 2], 2)", [2, 4]),
    ("union([1, 2], [2, 3])", [1, 2, 3]),
    ("distinct values([1, 2, 1.0, null, null])", [1, 2, None]),
    ("flatten([[1, 2], [[3]], 4])", [1, 2, 3, 4]),
    ("sort([3, 1, 4], function(x, y) x < y)", [1, 3, 4]),
    ('sort(["b", "a"])', ["a", "b"]),
    # numbers
    ("decimal(1/3, 2)", 0.33),
    ("decimal(2.5, 0)", 2),
    ("decimal(1234, -2)", 1200),
    ("floor(1.5)", 1),
    ("floor(-1.56, 1)", -1.6),
    ("ceiling(1.5)", 2),
    ("round up(5.5, 0)", 6),
    ("round down(-5.5, 0)", -5),
    ("round half up(2.5, 0)", 3),
    ("round half down(2.5, 0)", 2),
    ("abs(-10)", 10),
    ('abs(@"-P1D")', "P1D"),
    ("modulo(-12, 5)", 3),
    ("modulo(1, 0)", None),
    ("sqrt(16)", 4),
    ("sqrt(-1)", None),
    ("odd(5)", True),
    ("even(5)", False),
    ("odd(1.5)", None),
    ("decimal(exp(1), 5)", 2.71828),
    ("log(1)", 0),
    ("log(0)", None),
    # ranges
    ("before(1, 10)", True),
    ("before([1..5), [5..10])", True),
    ("after([5..10], 4)", True),
    ("meets([1..5], [5..10])", True),
    ("met by([5..10], [1..5])", True),
    ("overlaps([1..5], [3..8])", True),
    ("overlaps before([1..5], [3..8])", True),
    ("overlaps after([3..8], [1..5])", True),
    ("finishes(10, [1..10])", True),
    ("finished by([1..10], [5..10])", True),
    ("includes([1..10], 5)", True),
    ("during(5, [1..10])", True),
    ("starts(1, [1..10])", True),
    ("started by([1..10], 1)", True),
    ("coincides([1..5], [1..5])", True),
    ('range("[1..5)") = [1..5)', True),
    ('range("x")', None),
    # contexts
    ('get value({a: 1}, "a")', 1),
    ('get value({a: {b: 2}}, ["a", "b"])', 2),
    ("get entries({a: 1})", [{"key": "a", "value": 1}]),
    ('context([{key: "a", value: 1}])', {"a": 1}),
    ('context put({a: 1}, "b", 2)', {"a": 1, "b": 2}),
    ('context put({a: {b: 1}}, ["a", "b"], 2)', {"a": {"b": 2}}),
    ("context merge([{a: 1}, {a: 2, b: 3}])", {"a": 2, "b": 3}),
    # calendar and logic
    ('day of year(@"2026-02-01")', 32),
    ('day of week(@"2026-11-23")', "Monday"),
    ('month of year(@"2026-11-23")', "November"),
    ('week of year(@"2026-01-01")', 1),
    ("not(true)", False),
    ("not(null)", None),
    ('is(@"10:00:00Z", @"10:00:00+00:00")', True),
    ('is(@"10:00:00", @"10:00:00Z")', False),
    ("now() instance of date and time", True),
    ("today() instance of date", True),
]


@pytest.mark.parametrize(("source", "expected"), CASES, ids=[source for source, _ in CASES])
def test_built_in(source: str, expected: object) -> None:
    assert to_json(compile_expression(source).evaluate({})) == expected


def test_named_arguments_fit_the_form_that_has_them() -> None:
    assert to_json(compile_expression("date(year: 2026, month: 1, day: 2)").evaluate({})) == "2026-01-02"
    assert compile_expression('substring(start position: 2, string: "abc")').evaluate({}) == "bc"
    assert compile_expression('substring(text: "abc", start position: 2)').evaluate({}) is None


def test_every_built_in_is_tried_above() -> None:
    sources = " ".join(source for source, _ in CASES)
    assert [name for name in BUILT_IN if f"{name}(" not in sources] == []


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_wrong_arguments_give_null_and_no_error(name: str) -> None:
    for arguments in (
        "",
        "null",
        "1",
        '"a"',
        "[1, [2]]",
        "{a: 1}",
        "1, 2, 3, 4, 5",
        "null, null",
        "[], []",
        '@"P1D", "a"',
    ):
        compile_expression(f"{name}({arguments})").evaluate({})
