"""Random sources: nothing but FEEL's own errors ever leaves the parser or the evaluator."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processes.notation import expressions
from processes.notation.expressions import ExpressionError
from processes.notation.feel import Budget, FeelError, compile_expression, compile_unary, to_json
from processes.notation.feel.scope import BUILT_IN

DATA = {"a": 1, "b": [1, 2, {"x": 3}], "x": {"y": "s", "b": []}, "y": None, "名称": "甲", "中": 2.5, "t": "2026-01-01"}
FUNCTIONS = {"level of": lambda place: place, "working days between": lambda a, b, c: 3}

_VOCABULARY = """if then else for in return some every satisfies and or between instance of function true false null a b x y ? 1 2.5
    1e3 .5 -1 ( ) [ ] { } , : . .. + - * / ** = != < > <= >= item partial external list<number> context<a:number>
    range<number> -> number // /* */ 中 名称 "s" " \\ @ @"P1D" @"2026-01-01" function<> level of( between("""
_WORDS = st.sampled_from(_VOCABULARY.split())
_ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "x",
        "y",
        "名称",
        "1",
        "-1.5",
        '"s"',
        "null",
        "true",
        '@"2026-01-01"',
        '@"P1D"',
        '@"10:00:00Z"',
        "[1..5)",
        "(< 3)",
    ]
)


def _combined(operand: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inner = operand.map("({})".format)
    names = st.sampled_from(sorted(BUILT_IN))
    operators = st.sampled_from(["+", "-", "*", "/", "**", "=", "<", ">=", "and", "or", "in"])
    return st.one_of(
        st.builds("{} {} {}".format, inner, operators, inner),
        st.builds("({})".format, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}.{}".format, inner, st.sampled_from(["x", "year", "time offset", "start"])),
        st.builds("{{k: {}, 中文: {}}}".format, inner, inner),
        st.builds("if {} then {} else {}".format, inner, inner, inner),
        st.builds("for i in {} return {}".format, inner, inner),
        st.builds("some i in {} satisfies {}".format, inner, inner),
        st.builds("(function(p, q) {})({}, {})".format, inner, inner, inner),
        st.builds("{}({})".format, names, st.lists(inner, max_size=4).map(", ".join)),
        st.builds("{} between {} and {}".format, inner, inner, inner),
        st.builds("{} instance of {}".format, inner, st.sampled_from(["number", "list<string>", "Any", "tThing"])),
    )


SENTENCES = st.recursive(_ATOMS, _combined, max_leaves=12)
SOURCES = st.one_of(st.text(max_size=60), st.lists(_WORDS, max_size=14).map(" ".join), SENTENCES)
_settings = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_settings
@given(SOURCES)
def test_an_expression_gives_a_value_or_our_error(source: str) -> None:
    with suppress(FeelError):
        to_json(compile_expression(source).evaluate(DATA, FUNCTIONS, Budget(20_000)))


@_settings
@given(SOURCES, st.sampled_from([None, True, 1, 2.5, "s", [1], {"x": 1}]))
def test_a_cell_gives_a_truth_value_or_our_error(source: str, value: object) -> None:
    with suppress(FeelError):
        assert compile_unary(source).test(value, DATA, FUNCTIONS, Budget(20_000)) in (True, False, None)


@_settings
@given(SENTENCES)
def test_what_was_built_by_the_grammar_is_read(source: str) -> None:
    compile_expression(source)


@_settings
@given(SOURCES, st.booleans())
def test_the_front_door_raises_its_own_error_only(source: str, as_feel: bool) -> None:
    text = f"={source}" if as_feel else source
    for door in (expressions.evaluate, expressions.execute, expressions.timer_value):
        with suppress(ExpressionError):
            door(text, DATA, FUNCTIONS)
    for kind in ("condition", "script", "timer"):
        with suppress(ExpressionError):
            expressions.validate(text, kind)  # type: ignore[arg-type]
