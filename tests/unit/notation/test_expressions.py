"""The one door for conditions, scripts, timers and decisions: which language, which result, which error."""

from __future__ import annotations

import ast
import builtins
import datetime
import pickle
from typing import Any

import pytest

from processes.errors import BihuanError
from processes.notation import expressions, feel, python_subset
from processes.notation.decisions import parse_decisions
from processes.notation.expressions import ExpressionError, evaluate, execute, timer_value, validate


def test_an_equals_sign_means_feel_and_its_absence_python() -> None:
    assert evaluate("= if days > 3 then 1 else 2", {"days": 5}) == 1
    assert evaluate(" =days>3 ", {"days": 5}) is True
    assert evaluate("1 if days > 3 else 2", {"days": 5}) == 1


def test_results_are_json() -> None:
    assert evaluate('= {day: date("2026-11-23"), n: 1.50, whole: 2.0, d: duration("P1D")}', {}) == {
        "day": "2026-11-23",
        "n": 1.5,
        "whole": 2,
        "d": "P1D",
    }


def test_a_feel_script_sees_its_earlier_entries() -> None:
    assert execute("= {a: 1, b: a + x, c: {d: b}}", {"x": 2}) == {"a": 1, "b": 3, "c": {"d": 3}}


def test_a_feel_script_must_give_a_context() -> None:
    for script in ("= 1", "= null", "= [1]"):
        with pytest.raises(ExpressionError):
            execute(script, {})


def test_a_python_script_gives_what_it_changed() -> None:
    assert execute("a = x + 1", {"x": 2}) == {"a": 3}


@pytest.mark.parametrize(
    "text",
    [
        "PT10S",
        "P1DT2H",
        "P2W",
        "R3/PT10S",
        "R/PT1H",
        "R/2026-01-01T00:00:00Z/P1D",
        "2026-11-23",
        "2026-11-23T09:00:00",
        "2026-11-23T09:00:00+08:00",
        "2026-11-23T09:00:00.5Z",
    ],
)
def test_a_bare_or_quoted_timer_stands_for_itself(text: str) -> None:
    assert timer_value(text, {}) == text
    assert timer_value(f'"{text}"', {}) == text
    assert timer_value(f'= "{text}"', {}) == text
    assert timer_value("due", {"due": text}) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('= duration("P3D") + duration("PT1H")', "P3DT1H"),
        ('= date("2026-11-23") + duration("P1D")', "2026-11-24"),
        ('= date and time("2026-11-23T09:00:00@Asia/Shanghai")', "2026-11-23T09:00:00+08:00"),
        ("= due", "2026-12-01T09:00:00Z"),
        ("= add working days(now(), 3)", "2026-11-26T17:00:00+08:00"),
        ("timedelta(minutes=90)", "PT1H30M"),
        ('= "R3/" + string(duration("PT10S"))', "R3/PT10S"),
    ],
)
def test_a_timer_may_be_computed(text: str, expected: str) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=8))
    functions = {"add working days": lambda start, n: (start + datetime.timedelta(days=n)).replace(hour=17)}
    moment = datetime.datetime(2026, 11, 23, 1, 0, tzinfo=datetime.UTC)
    variables = {"due": "2026-12-01T09:00:00Z"}
    assert timer_value(text, variables, functions, lambda: moment) == expected
    assert moment.astimezone(zone).day == 23


@pytest.mark.parametrize("text", ["= 1", "= null", "= true", '= "tomorrow"', '"P"', "PT", "5 + 5", "= P1D", "", "R3/"])
def test_what_is_no_timer_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        timer_value(text, {})


def test_today_turns_at_the_countrys_midnight() -> None:
    just_after = datetime.datetime(2026, 11, 22, 16, 0, 1, tzinfo=datetime.UTC)
    assert evaluate("= today()", {}, clock=lambda: just_after) == "2026-11-23"
    assert evaluate("= now()", {}, clock=lambda: just_after) == "2026-11-23T00:00:01+08:00"


@pytest.mark.parametrize(
    ("text", "kind", "line", "column"),
    [
        ("= 1 +", "condition", 1, 6),
        ("= {a: 1,\n b 2}", "script", 2, 2),
        ("a = = 1", "script", 1, 5),
        ("import os", "script", 1, 1),
        ("a.__class__", "condition", 1, 1),
        ("= duration(", "timer", 1, 12),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_its_place(text: str, kind: Any, line: int, column: int) -> None:
    with pytest.raises(ExpressionError) as raised:
        validate(text, kind)
    assert (raised.value.line, raised.value.column) == (line, column)
    assert f"第{line}行第{column}列" in raised.value.zh


def test_validating_tells_the_names_a_feel_text_uses() -> None:
    assert validate("= level of(place) = 县", "condition") == {"level of", "place", "县"}
    assert validate("PT1H", "timer") == frozenset()


def test_the_words_of_a_failing_function_reach_the_person() -> None:
    def fail() -> None:
        raise BihuanError("没有这个地方", "no such place")

    for text in ("= fail()", "fail()"):
        with pytest.raises(ExpressionError) as raised:
            evaluate(text, {}, {"fail": fail})
        assert raised.value.zh == "没有这个地方"


TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="d" namespace="n">
  <decision id="feel" name="feel"><decisionTable><input><inputExpression><text>x</text></inputExpression></input>
    <output name="o"/><rule><inputEntry><text>&gt; 1</text></inputEntry><outputEntry><text>x * 2</text></outputEntry></rule>
  </decisionTable></decision>
  <decision id="python" name="python"><decisionTable expressionLanguage="python">
    <input><inputExpression><text>x</text></inputExpression></input><output name="o"/>
    <rule><inputEntry><text>&gt; 1</text></inputEntry><outputEntry><text>x * 2</text></outputEntry></rule>
  </decisionTable></decision></definitions>"""


def test_nothing_reaches_eval_exec_compile_or_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conditions, scripts, timers and decisions, parsed and evaluated with all of them made to fail. Python's parser is
    reached through ``compile`` too: it may be asked for a tree, never for code."""
    real_compile = builtins.compile

    def refuse(*arguments: object, **named: object) -> object:
        raise AssertionError("a user's text reached Python")

    def only_parse(source: object, filename: object, mode: str, flags: int = 0, **named: object) -> object:
        if not flags & ast.PyCF_ONLY_AST:
            refuse()
        return real_compile(source, filename, mode, flags, **named)  # type: ignore[call-overload]

    for cached in (
        feel.compile_expression,
        feel.compile_unary,
        python_subset.compile_condition,
        python_subset.compile_script,
    ):
        cached.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(builtins, "eval", refuse)
        patched.setattr(builtins, "exec", refuse)
        patched.setattr(builtins, "compile", only_parse)
        patched.setattr(pickle, "loads", refuse)
        patched.setattr(pickle, "load", refuse)
        results = (
            evaluate('= for i in 1..3 return matches(string(i), "[0-9]")', {}),
            evaluate("[i * 2 for i in range(3)]", {}),
            execute("= {a: sort([2, 1], function(x, y) x < y)}", {}),
            execute("a = 1\nfor i in range(3):\n    a += i", {}),
            timer_value('= duration("P1D") * 2', {}),
            timer_value("timedelta(days=1)", {}),
            *(parse_decisions(TABLE, "t.dmn").evaluate(name, {"x": 4}).value for name in ("feel", "python")),
        )
    assert results == (
        [True, True, True],
        [0, 2, 4],
        {"a": [1, 2]},
        {"a": 4, "i": 2},
        "P2D",
        "P1D",
        8,
        8,
    )


def test_the_caller_is_told_the_language() -> None:
    assert expressions.is_feel(" = 1")
    assert not expressions.is_feel("1 == 1")
