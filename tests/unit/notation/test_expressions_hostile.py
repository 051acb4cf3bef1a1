"""Hostile sources: each is refused, is null, or is stopped within its budget, as a condition, a script, a cell and a timer."""

from __future__ import annotations

import resource
import time

import pytest

from processes.notation import expressions, feel
from processes.notation.decisions import DecisionError, parse_decisions
from processes.notation.expressions import ExpressionError
from tests.hostile.sources import FEEL, PYTHON, SCRIPTS

DATA = {"a": [1, 2, {"x": 1}], "b": "s", "d": {"x": "y"}}
_SECONDS = 2.5
"""Processor time one evaluation may take: its own limit is two seconds."""

_MEGABYTES = 120


def _cases(table: dict[str, list[str]]) -> list[object]:
    return [
        pytest.param(source, id=f"{family}-{place}")
        for family, sources in table.items()
        for place, source in enumerate(sources)
    ]


def _bounded(action: object) -> None:
    """Nothing but our own error may come out, in time."""
    assert callable(action)
    start = time.thread_time()
    try:
        result = action()
    except (ExpressionError, feel.FeelError, DecisionError):
        result = None
    assert time.thread_time() - start < _SECONDS
    assert not callable(result)


@pytest.fixture(autouse=True, scope="module")
def _memory_stays_flat() -> object:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    assert grown < _MEGABYTES


@pytest.mark.parametrize("source", _cases(FEEL))
def test_hostile_feel_is_stopped_as_condition_and_script(source: str) -> None:
    _bounded(lambda: expressions.evaluate(f"={source}", DATA))
    _bounded(lambda: expressions.execute(f"= {{r: {source}}}", DATA))


@pytest.mark.parametrize("source", _cases(FEEL))
def test_hostile_feel_is_stopped_as_timer_and_cell(source: str) -> None:
    _bounded(lambda: expressions.timer_value(f"={source}", DATA))
    _bounded(lambda: feel.compile_unary(source).test(1, DATA))


@pytest.mark.parametrize("source", _cases(PYTHON))
def test_hostile_python_is_stopped_everywhere(source: str) -> None:
    _bounded(lambda: expressions.evaluate(source, DATA))
    _bounded(lambda: expressions.execute(f"r = {source}", DATA))
    _bounded(lambda: expressions.timer_value(source, DATA))


@pytest.mark.parametrize("source", _cases(SCRIPTS))
def test_hostile_scripts_are_stopped(source: str) -> None:
    _bounded(lambda: expressions.execute(source, DATA))


@pytest.mark.parametrize("family", ["escapes"])
def test_no_escape_gives_anything_but_an_error(family: str) -> None:
    for source in PYTHON[family]:
        with pytest.raises(ExpressionError):
            expressions.evaluate(source, DATA)


def test_the_data_are_as_they_were() -> None:
    assert DATA == {"a": [1, 2, {"x": 1}], "b": "s", "d": {"x": "y"}}


HOSTILE_XML = {
    "entity": '<!DOCTYPE d [<!ENTITY x "y">]><definitions>&x;</definitions>',
    "laughs": '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><definitions>&b;</definitions>',
    "external": '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><definitions>&x;</definitions>',
    "dtd": '<!DOCTYPE definitions SYSTEM "http://127.0.0.1:9/x.dtd"><definitions/>',
    "deep": "<definitions>" + "<a>" * 5000 + "</a>" * 5000 + "</definitions>",
    "other": "<html/>",
    "cut": "<definitions>",
    "nothing": "",
}


@pytest.mark.parametrize("xml", HOSTILE_XML.values(), ids=HOSTILE_XML.keys())
def test_hostile_decision_files_are_refused(xml: str) -> None:
    with pytest.raises(DecisionError):
        parse_decisions(xml.encode(), "hostile.dmn")
