"""Overlaps and gaps of decision tables: exact where cells are constants, silent elsewhere, and never a false alarm."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from processes.notation.check import Finding, check_files
from processes.notation.check.table_search import gaps, unreachable
from processes.notation.check.table_space import Undecidable
from processes.notation.check.tables import dimensions, overlaps
from processes.notation.feel import FeelError, compile_unary

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("SHARED", ROOT.parent / "shared"))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], policy: str = "UNIQUE", **more: str) -> bytes:
    """A file with one table; a row is its cells and, last, its output."""
    types = more.get("types", "").split(",") if more.get("types") else []
    inputs = "".join(
        f"<input><inputExpression{f' typeRef={types[place]!r}' if types else ''}><text>{escape(head)}</text>"
        f"</inputExpression>{more.get('values', '') if place == 0 else ''}</input>"
        for place, head in enumerate(heads)
    )
    body = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in row[:-1])
        + f"<outputEntry><text>{escape(row[-1])}</text></outputEntry></rule>"
        for row in rows
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">'
        f'{more.get("types_defined", "")}<decision id="t" name="t"><decisionTable id="table" hitPolicy="{policy}">{inputs}'
        f'<output name="o">{more.get("output", "")}</output>{body}</decisionTable></decision></definitions>'
    ).encode()


def _said(heads: Sequence[str], rows: Sequence[Sequence[str]], policy: str = "UNIQUE", **more: str) -> list[Finding]:
    found = check_files({"t.dmn": _table(heads, rows, policy, **more)})
    return [each for each in found if each.rule.startswith(("dmn-overlap", "dmn-gap", "dmn-table", "dmn-unreachable"))]


def test_ranges_that_meet_overlap_in_their_common_point() -> None:
    (finding,) = _said(["days"], [["<= 3", "1"], ["[3..5]", "2"], ["> 5", "3"]])
    assert (finding.rule, finding.severity) == ("dmn-overlap", "error")
    assert "第 1 行和第 2 行" in finding.zh
    assert "days = 3" in finding.zh


def test_a_hole_between_ranges_is_told_with_an_input_that_falls_into_it() -> None:
    (finding,) = _said(["days"], [["< 3", "1"], ["> 3", "2"]])
    assert (finding.rule, finding.severity) == ("dmn-gap", "warning")
    assert "days = 3；" in finding.zh


def test_a_hole_in_one_combination_of_columns_is_found() -> None:
    rows = [['"a"', "< 3", "1"], ['"a"', ">= 3", "2"], ['"b"', "< 3", "3"]]
    (finding,) = _said(["board", "days"], rows)
    assert 'board = "b"，days = 3' in finding.zh


def test_a_complete_table_is_praised_by_silence() -> None:
    rows = [
        ['"a","b"', "[1..3)", "true", "1"],
        ['"a","b"', "[1..3)", "false", "2"],
        ['"a","b"', "not([1..3))", "-", "3"],
        ['not("a", "b")', "-", "-", "4"],
    ]
    assert _said(["board", "days", "major"], rows) == []


def test_the_last_row_for_all_the_rest_closes_every_gap_and_overlaps_in_unique() -> None:
    rows = [['"a"', "1"], ["-", "2"]]
    assert _said(["board"], rows, "FIRST") == []
    (finding,) = _said(["board"], rows)
    assert 'board = "a"' in finding.zh


@pytest.mark.parametrize("policy", ["COLLECT", "RULE ORDER", "OUTPUT ORDER"])
def test_lists_of_results_may_be_empty_or_long(policy: str) -> None:
    assert _said(["days"], [["< 3", "1"], ["< 2", "2"]], policy) == []


def test_any_may_match_together_with_the_same_result_only() -> None:
    assert _said(["days"], [["<= 3", "1"], [">= 3", "1"]], "ANY") == []
    assert [each.rule for each in _said(["days"], [["<= 3", "1"], [">= 3", "2"]], "ANY")] == ["dmn-overlap"]
    assert _said(["days"], [["<= 3", "1"], [">= 3", "other"]], "ANY") == []


def test_priority_may_overlap() -> None:
    values = "<outputValues><text>1, 2</text></outputValues>"
    assert _said(["days"], [["<= 3", "1"], [">= 3", "2"]], "PRIORITY", output=values) == []


def test_a_default_output_closes_gaps() -> None:
    default = "<defaultOutputEntry><text>0</text></defaultOutputEntry>"
    assert _said(["days"], [["< 3", "1"]], output=default) == []


def test_declared_values_say_what_may_come() -> None:
    values = '<inputValues><text>"a", "b", "c"</text></inputValues>'
    (finding,) = _said(["board"], [['"a"', "1"], ['"b"', "2"]], values=values)
    assert 'board = "c"' in finding.zh
    assert _said(["board"], [['"a"', "1"], ['"b"', "2"]]) == []
    numbers = "<inputValues><text>[0..10]</text></inputValues>"
    assert _said(["days"], [["< 3", "1"], ["[3..10]", "2"]], values=numbers) == []


def test_the_values_of_a_declared_type_count_as_well() -> None:
    defined = (
        '<itemDefinition name="tBoard"><typeRef>string</typeRef>'
        '<allowedValues><text>"a", "b"</text></allowedValues></itemDefinition>'
    )
    (finding,) = _said(["board"], [['"a"', "1"]], types="tBoard", types_defined=defined)
    assert 'board = "b"' in finding.zh
    assert _said(["board"], [['"a"', "1"], ['not("a")', "1"]], types="tBoard", types_defined=defined) == []


def test_a_row_after_one_that_takes_everything_is_never_reached() -> None:
    rows = [['"a"', "< 3", "1"], ["-", "-", "2"], ['"b"', "> 9", "3"]]
    (finding,) = _said(["board", "days"], rows, "FIRST")
    assert (finding.rule, finding.severity) == ("dmn-unreachable", "warning")
    assert "第 3 行" in finding.zh
    together = [["<= 3", "1"], ["> 3", "2"], ["[2..5]", "3"], ["-", "4"]]
    (finding,) = _said(["days"], together, "FIRST")
    assert "第 3 行" in finding.zh


def test_the_rest_after_rows_that_name_everything_is_for_the_missing_value() -> None:
    assert _said(["days"], [["<= 3", "1"], ["> 3", "2"], ["-", "3"]], "FIRST") == []
    assert _said(["text"], [['matches(?, "a")', "1"], ['matches(?, "a")', "2"], ["-", "3"]], "FIRST") == []


def test_dates_and_durations_are_ranges_too() -> None:
    rows = [['< date("2026-01-01")', "1"], ['[@"2026-01-01"..@"2026-06-30"]', "2"], ['> @"2026-06-30"', "3"]]
    assert _said(["d"], rows, types="date") == []
    (finding,) = _said(["d"], [rows[0], rows[2]])
    assert "d = 2026-01-01" in finding.zh
    (finding,) = _said(["p"], [['<= duration("P3D")', "1"], ['>= duration("P3D")', "2"]])
    assert "P3D" in finding.zh


def test_between_whole_numbers_a_gap_is_only_a_remark() -> None:
    (finding,) = _said(["days"], [["[0..3]", "1"], ["[4..6]", "2"], ["> 6", "3"]])
    assert (finding.rule, finding.severity) == ("dmn-gap-fraction", "info")
    assert "3.5" in finding.zh


def test_the_missing_value_overlaps_but_is_no_gap() -> None:
    assert _said(["days"], [["< 3", "1"], [">= 3", "2"]]) == []
    (finding,) = _said(["days"], [["null", "1"], ["not(> 3)", "2"], ["not(<= 3)", "2"], ["-", "4"]])[:1]
    assert finding.rule == "dmn-overlap"


def test_one_input_in_two_columns_is_one_input() -> None:
    assert _said(["days", "days"], [[">= 3", "<= 5", "1"], ["< 3", "-", "2"], ["-", "> 5", "3"]]) == []


@pytest.mark.parametrize(
    ("heads", "cells"),
    [
        (["days", "days * 2"], [["< 3", "> 5", "1"], ["< 4", "> 5", "2"]]),
        (["case", "case.board"], [["null", '"a"', "1"], ["-", '"a"', "2"]]),
        (["text"], [['matches(?, "a")', "1"], ['matches(?, "b")', "2"]]),
        (["days"], [["< limit", "1"], ["< limit", "2"]]),
        (["days"], [["< today()", "1"], ["< now()", "2"]]),
        (["1"], [["1", "1"], ["1", "2"]]),
    ],
)
def test_what_cannot_be_decided_is_left_alone(heads: list[str], cells: list[list[str]]) -> None:
    assert _said(heads, cells) == []


def test_a_column_that_cannot_be_decided_hides_no_overlap_of_rows_that_do_not_use_it() -> None:
    rows = [["< 3", "-", "1"], ["< 4", "-", "2"], ["> 9", 'matches(?, "x")', "3"]]
    found = _said(["days", "text"], rows)
    assert [each.rule for each in found] == ["dmn-overlap", "dmn-gap"]


def test_a_huge_table_ends_in_time_and_says_so() -> None:
    heads = [f"x{place}" for place in range(8)]
    rng = random.Random(1)
    rows = [[f"[{(low := rng.randrange(900))}..{low + 90}]" for _ in heads] + ["1"] for _ in range(600)]
    start = time.process_time()
    found = _said(heads, rows, "FIRST")
    assert time.process_time() - start < 20
    assert found


CELLS = {
    "number": ["-", "< 2", "<= 2", "[1..3]", "(1..3]", "> 3", ">= 3", "2", "1, 4", "not(2)", "not(< 2, > 3)", "? > 1 and ? < 4"],
    "string": ["-", '"a"', '"a", "b"', 'not("a")', "not(\"a\", \"b\")", '"c"', '["a", "c"]', '? = "b"'],
    "boolean": ["-", "true", "false", "not(true)"],
}  # fmt: skip
GRID = {
    "number": [0, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, None],
    "string": ["a", "b", "c", "zzz", None],
    "boolean": [True, False, None],
}


@pytest.mark.parametrize("seed", range(150))
def test_it_agrees_with_trying_every_input(seed: int) -> None:
    """Every overlap on a grid of inputs is found; every example given is one by the cells' own tests."""
    rng = random.Random(seed)
    kinds = [rng.choice(list(CELLS)) for _ in range(rng.randint(1, 3))]
    rows = [[rng.choice(CELLS[kind]) for kind in kinds] for _ in range(rng.randint(1, 5))]
    heads = [f"x{place}" for place in range(len(kinds))]
    xml = _table(heads, [[*row, "1"] for row in rows], types=",".join(kinds))
    _check_examples(xml)
    root = etree.fromstring(xml)
    table = next(root.iter("{*}decisionTable"))
    space = dimensions(table, root, frozenset())
    found = {overlap.rows for overlap in overlaps(space, table, "UNIQUE", frozenset())}
    tried, uncovered, tried_hits = set(), False, []
    for values in itertools.product(*(GRID[kind] for kind in kinds)):
        hits = [
            place
            for place, row in enumerate(rows, 1)
            if all(compile_unary(cell).test(value) is True for cell, value in zip(row, values, strict=True))
        ]
        tried_hits.append(hits)
        tried |= set(itertools.combinations(hits, 2))
        plain = all(value is not None and value != "zzz" and not isinstance(value, float) for value in values)
        named = all(
            kind != "string" or any(f'"{value}"' in row[place] for row in rows)
            for place, (kind, value) in enumerate(zip(kinds, values, strict=True))
        )
        uncovered |= plain and named and not hits and all(value != 0 for value in values)
    assert found == tried
    if uncovered:
        assert list(gaps(space))
    first = {hits[0] for hits in tried_hits if hits}
    assert not first & set(unreachable(space))


def _check_examples(xml: bytes) -> int:
    """Try every example on the cells themselves; returns how many there were."""
    root = etree.fromstring(xml)
    names = frozenset(name for each in root.iter("*") if (name := " ".join((each.get("name") or "").split())))
    tried = 0
    for table in root.iter("{*}decisionTable"):
        try:
            space = dimensions(table, root, names)
        except (Undecidable, FeelError):
            continue
        heads = [each.findtext("{*}inputExpression/{*}text", "").strip() for each in table.iterfind("{*}input")]
        rows = [
            [(each.findtext("{*}text") or "-").strip() for each in row.iterfind("{*}inputEntry")]
            for row in table.iterfind("{*}rule")
        ]

        def passes(row: list[str], given: dict[str, object], heads: list[str] = heads) -> bool:
            return all(
                compile_unary(cell).test(given[head]) is True
                for head, cell in zip(heads, row, strict=True)
                if head in given
            )

        for overlap in itertools.islice(overlaps(space, table, "UNIQUE", names), 20):
            tried += 1
            assert all(passes(rows[place - 1], dict(overlap.case.values)) for place in overlap.rows)
        for case in itertools.islice(gaps(space), 20):
            tried += 1
            given = dict(case.values)
            assert not any(passes(row, given) for row in rows), case
    return tried


def test_no_false_alarm_on_the_shipped_models() -> None:
    files = {path.name: path.read_bytes() for path in sorted((ROOT / "bpmn").rglob("*.dmn"))}
    assert [
        each.zh for each in check_files(files) if each.rule.startswith(("dmn-overlap", "dmn-gap", "dmn-unreach"))
    ] == []
    assert len(files) > 5


@pytest.mark.skipif(not (SHARED / "tck").exists(), reason="no conformance kit here")
@pytest.mark.parametrize("folder", ["tck", "baselines"])
def test_no_false_alarm_on_tables_of_others(folder: str) -> None:
    """Each example is tried on the cells; the kit's own tables overlap nowhere."""
    for path in sorted((SHARED / folder).rglob("*.dmn")):
        body = path.read_bytes()
        _check_examples(body)
        assert [each.zh for each in check_files({path.name: body}) if each.rule == "dmn-overlap"] == []
