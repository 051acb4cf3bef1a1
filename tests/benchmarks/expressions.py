"""A compiled unary test and a table of 20 rules, beside the prototype interpreter in the same run."""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from processes.notation import expressions, python_subset
from processes.notation.decisions import parse_decisions
from processes.notation.feel import compile_expression, compile_unary
from tests.benchmarks.report import Section, at_most, figure, times

PROTOTYPE = Path(__file__).resolve().parents[3] / "shared" / "prototypes" / "expressions"
ROUNDS = 7
TESTS = ["< 3", "[3..5)", '"gold", "silver"', "not(1, 2)", "? > 10 and ? < 20"]
VALUES = [4, 4, "silver", 3, 15]
REDUCED: dict[str, Any] = {}
BOARDS = ["basic", "project", "policy", "finance", "talent"]


def _table() -> bytes:
    """Twenty rules over a text, a number and a boolean; the last that matches is the 19th."""
    rows = "".join(
        f'<rule id="r{number}"><inputEntry><text>"{BOARDS[number % 5]}"</text></inputEntry>'
        f"<inputEntry><text>[{number // 5 * 10}..{number // 5 * 10 + 10})</text></inputEntry>"
        f"<inputEntry><text>{'-' if number % 2 else 'true, false'}</text></inputEntry>"
        f"<outputEntry><text>{number}</text></outputEntry></rule>"
        for number in range(20)
    )
    heads = "".join(
        f"<input><inputExpression typeRef={kind!r}><text>{name}</text></inputExpression></input>"
        for name, kind in (("board", "string"), ("days", "number"), ("major", "boolean"))
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">'
        '<inputData id="i1" name="board"/><inputData id="i2" name="days"/><inputData id="i3" name="major"/>'
        '<decision id="t" name="t"><variable name="t"/>'
        + "".join(
            f'<informationRequirement><requiredInput href="#i{number}"/></informationRequirement>'
            for number in (1, 2, 3)
        )
        + f'<decisionTable id="tt" hitPolicy="UNIQUE">{heads}<output name="o"/>{rows}</decisionTable></decision></definitions>'
    ).encode()


def _micros(call: Callable[[], Any], times: int) -> float:
    """Microseconds of processor time a call."""
    begun = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - begun) / times * 1e6


def _rounds(calls: dict[str, Callable[[], Any]], times: int) -> dict[str, float]:
    """The median of alternating rounds."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            taken[name].append(_micros(call, times))
    return {name: statistics.median(values) for name, values in taken.items()}


def _prototype() -> tuple[Any, Any] | None:
    if not (PROTOTYPE / "minifeel.py").exists():
        return None
    sys.path.insert(0, str(PROTOTYPE))
    limit = sys.getrecursionlimit()
    try:
        return importlib.import_module("minifeel"), importlib.import_module("tckrun")
    finally:
        sys.path.remove(str(PROTOTYPE))
        sys.setrecursionlimit(limit)


def add_options(_: argparse.ArgumentParser) -> None:
    """There are none."""


def run(_: argparse.Namespace) -> list[Section]:
    """Measure, and tell."""
    prototype = _prototype()
    compiled = [(compile_unary(test), value) for test, value in zip(TESTS, VALUES, strict=True)]
    assert [cell.test(value) for cell, value in compiled] == [False, True, True, True, True]
    unary: dict[str, Callable[[], Any]] = {"ours": lambda: [cell.test(value) for cell, value in compiled]}
    xml, given = _table(), {"board": "finance", "days": 35, "major": True}
    model = parse_decisions(xml, "bench.dmn")
    assert model.evaluate("t", given).value == 18
    table: dict[str, Callable[[], Any]] = {"ours": lambda: model.evaluate("t", given)}
    if prototype:
        minifeel, tckrun = prototype
        none: frozenset[str] = frozenset()
        pairs = [
            (test, Decimal(value) if isinstance(value, int) else value)
            for test, value in zip(TESTS, VALUES, strict=True)
        ]
        unary["prototype"] = lambda: [minifeel.unary(test, value, {}, names=none) for test, value in pairs]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bench.dmn"
            path.write_bytes(xml)
            theirs = tckrun.Model(str(path), tckrun.Mini())
        inputs = {**given, "days": Decimal(35)}
        decision = theirs.byname["t"]
        assert theirs.value(decision, inputs) == 18
        table["prototype"] = lambda: theirs.value(decision, inputs)
    tests, tables = _rounds(unary, 4_000), _rounds(table, 400)
    condition = compile_expression("days > 3 and board = x.board")
    variables = {"days": 5, "board": "basic", "x": {"board": "basic"}}
    other = _rounds(
        {
            "condition": lambda: condition.evaluate(variables),
            "door": lambda: expressions.evaluate("= days > 3 and board = x.board", variables),
            "python": lambda: python_subset.evaluate('days > 3 and board == x["board"]', variables, {}),
        },
        2_000,
    )
    door, python = other["door"], other["python"]
    return [
        Section(
            "FEEL",
            ["", "this engine", "beside it", "ratio", "goal"],
            [
                _row("a compiled unary test", {name: value / len(TESTS) for name, value in tests.items()}, 5.0),
                _row("a table of 20 rules, 3 inputs", tables, 150.0),
                [
                    "a condition",
                    _micros_of(other["condition"]),
                    f"{_micros_of(python)} in the Python subset",
                    times(python / other["condition"]),
                    "",
                ],
                [
                    "the same through the engine's door",
                    _micros_of(door),
                    f"{_micros_of(python)} in the Python subset",
                    times(python / door),
                    "",
                ],
            ],
            f"Processor time, median of {ROUNDS} alternating rounds.",
        )
    ]


def _row(what: str, micros: dict[str, float], goal: float) -> list[str]:
    mine, theirs = micros["ours"], micros.get("prototype")
    beside = ["–", "–"] if theirs is None else [f"{_micros_of(theirs)}, the prototype", times(theirs / mine)]
    return [what, _micros_of(mine), *beside, at_most(mine, goal, "µs")]


def _micros_of(value: float) -> str:
    return figure(value, "µs")
