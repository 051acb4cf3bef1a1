"""Runs the DMN Technology Compatibility Kit: ``python -m tests.tck.run PATH [-v] [FILTER]``.

PATH is a folder that holds ``compliance-level-N`` folders, or one of those. Prints what passes by level, and the share of
the results that are not null (many tests expect null, which an engine that can do nothing gives too); with ``--verbose``
every folder and every failure as well. The kit is read in place; see https://github.com/dmn-tck/tck.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from processes.notation.decisions import DecisionModel, parse_decisions
from processes.notation.decisions.reader import Element, child, children, name_of
from processes.notation.feel.budget import Budget
from processes.notation.feel.compare import equals
from processes.notation.feel.temporal import parse_date, parse_date_time, parse_duration, parse_time
from processes.notation.feel.values import NUMBER, kind_of

_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_NUMBERS = ("decimal", "double", "integer", "int", "float", "long")
_TEMPORAL = {"date": parse_date, "time": parse_time, "dateTime": parse_date_time, "duration": parse_duration}
_TOLERANCE = Decimal("1e-8")


@dataclass
class Score:
    """Result nodes passed and met; the same of those that are not null."""

    passed: int = 0
    total: int = 0
    passed_with_value: int = 0
    total_with_value: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Take over what another score counted."""
        self.passed += other.passed
        self.total += other.total
        self.passed_with_value += other.passed_with_value
        self.total_with_value += other.total_with_value
        self.failures += other.failures

    def count(self, passed: bool, has_value: bool, failure: str) -> None:
        """Count one result node."""
        self.total += 1
        self.passed += passed
        self.total_with_value += has_value
        self.passed_with_value += passed and has_value
        if not passed:
            self.failures.append(failure)

    def __str__(self) -> str:
        share = 100 * self.passed / max(1, self.total)
        with_value = 100 * self.passed_with_value / max(1, self.total_with_value)
        return (
            f"{self.passed}/{self.total} = {share:.1f} %, "
            f"non-null {self.passed_with_value}/{self.total_with_value} = {with_value:.1f} %"
        )


def value_of(element: Element) -> Any:
    """The FEEL value an input or expected node holds."""
    if element.get(f"{_INSTANCE}nil") == "true":
        return None
    items = child(element, "list")
    if items is not None:
        return None if items.get(f"{_INSTANCE}nil") == "true" else [value_of(item) for item in children(items, "item")]
    components = list(children(element, "component"))
    if components:
        return {name_of(component): value_of(component) for component in components}
    value = child(element, "value")
    return None if value is None or value.get(f"{_INSTANCE}nil") == "true" else _scalar(value)


def _scalar(element: Element) -> Any:
    kind = (element.get(f"{_INSTANCE}type") or "xsd:string").rpartition(":")[2]
    text = element.text or ""
    if kind in _NUMBERS:
        return Decimal(text.strip())
    if kind == "boolean":
        return text.strip() == "true"
    return _TEMPORAL[kind](text.strip()) if kind in _TEMPORAL else text


def same(expected: Any, got: Any) -> bool:
    """Equal, numbers to eight digits as the kit allows."""
    if expected is None or got is None:
        return expected is None and got is None
    if kind_of(expected) == NUMBER and kind_of(got) == NUMBER:
        return bool(abs(expected - got) <= _TOLERANCE * max(1, abs(expected), abs(got)))
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(same(expected[key], got[key]) for key in expected)
    return equals(expected, got, Budget()) is True


def load_model(path: Path) -> DecisionModel:
    """The model of a test; models it imports lie beside it."""

    def resolve(namespace: str) -> DecisionModel | None:
        for other in sorted(path.parent.glob("*.dmn")):
            if other != path and etree.parse(str(other)).getroot().get("namespace") == namespace:
                return load_model(other)
        return None

    return parse_decisions(path.read_bytes(), path.name, resolve, strict=False)


def _invoked(model: DecisionModel, case: Element, node: Element, inputs: Mapping[str, Any]) -> Any:
    target, name = case.get("invocableName"), name_of(node)
    if not target or case.get("type") not in ("decisionService", "bkm"):
        return model.invoke(name, inputs)
    result = model.invoke(" ".join(target.split()), inputs)
    several = isinstance(result, dict) and len(list(children(case, "resultNode"))) > 1
    return result[name] if several and name in result else result


def run_file(path: Path, score: Score) -> None:
    """Run the cases of one test file."""
    root = etree.parse(str(path)).getroot()
    model_name = child(root, "modelName")
    assert model_name is not None
    model = load_model(path.parent / (model_name.text or "").strip())
    for case in children(root, "testCase"):
        inputs = {name_of(node): value_of(node) for node in children(case, "inputNode")}
        for node in children(case, "resultNode"):
            expected_node = child(node, "expected")
            expected = value_of(expected_node) if expected_node is not None else None
            error, got = "", None
            try:
                got = _invoked(model, case, node, inputs)
            except Exception as raised:
                error = f" {type(raised).__name__}: {raised}"[:120]
            passed = same(expected, got) and (not error or node.get("errorResult") == "true")
            label = f"{path.parent.name} {case.get('id')} {name_of(node)}"
            score.count(passed, expected is not None, f"{label}: expected {expected!r:.80}, got {got!r:.80}{error}")


def levels(path: Path) -> Iterator[Path]:
    """The folders of the levels under a path, or the path itself."""
    found = sorted(path.glob("compliance-level-*"))
    yield from found or [path]


def folders(level: Path, only: str = "") -> dict[str, Score]:
    """The scores of a level by its folders."""
    scores: dict[str, Score] = {}
    for file in sorted(level.glob("*/*.xml")):
        if only in file.name:
            run_file(file, scores.setdefault(file.parent.name, Score()))
    return scores


def run(path: Path, only: str = "", verbose: bool = False) -> dict[str, Score]:
    """The scores by level."""
    scores = {}
    for level in levels(path):
        score = scores[level.name] = Score()
        for name, own in folders(level, only).items():
            score.add(own)
            if verbose:
                print(f"  {name}: {own}")
    return scores


def main() -> int:
    """Print the scores; 0 when there was anything to run."""
    parser = argparse.ArgumentParser(description="Run the DMN TCK")
    parser.add_argument("path", type=Path)
    parser.add_argument("only", nargs="?", default="", help="part of the names of test files")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every folder and every failure")
    options = parser.parse_args()
    scores = run(options.path, options.only, options.verbose)
    for name, score in scores.items():
        if options.verbose:
            print(*score.failures, sep="\n")
        print(f"{name}: {score}")
    if not any(score.total for score in scores.values()):
        print(f"no tests under {options.path}: is TCK=path right?", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
