"""The corpus: every broken file is named with its rule and element and nothing else; no valid twin raises an alarm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from processes.notation.check import Finding, check_files, check_paths, render

TESTS = Path(__file__).parents[2]
BROKEN = sorted((TESTS / "broken").iterdir())
VALID = sorted((TESTS / "valid").iterdir())
ORDER = Path("/work/shared/baselines/order")
EXPECTED = re.compile(r"<!-- expected: (.*?) -->")
# Files that cannot carry their expectation as a comment.
ELSEWHERE = {
    "billion-laughs.bpmn": "xml-doctype -",
    "blank.bpmn": "empty-file -",
    "bpmn-1.bpmn": "not-bpmn -",
    "empty.bpmn": "empty-file -",
    "external-dtd.bpmn": "xml-doctype -",
    "external-entity.bpmn": "xml-doctype -",
    "form-duplicate-key.form.json": "form-duplicate-key -",
    "form-hint-options.form.json": "form-hint board",
    "form-hint-show.form.json": "form-hint days",
    "form-hint-widget.form.json": "form-hint board",
    "form-json.form.json": "form-json line 1",
    "form-not-object.form.json": "form-not-object -",
    "form-reference.form.json": "form-reference board",
    "form-required.form.json": "form-required signature",
    "form-schema.form.json": "form-schema days",
    "form-show-unknown.form.json": "warning:form-show days",
    "form-unknown-hint.form.json": "warning:form-unknown-hint board",
    "json.bpmn": "not-a-diagram -",
    "not-utf-8.bpmn": "encoding -",
    "plain-text.bpmn": "not-a-diagram -",
    "truncated.bpmn": "xml-syntax line",
    "truncated.dmn": "xml-syntax line 1",
    "unknown-encoding.bpmn": "encoding-unknown -",
    "web-page.bpmn": "not-bpmn -",
}


def expectation(path: Path) -> set[str]:
    """``severity:rule element`` for each finding that must come, and no other."""
    found = EXPECTED.search(path.read_bytes().decode("utf-8", "replace"))
    listed = found[1] if found else ELSEWHERE[path.name]
    return {each if ":" in each.split()[0] else f"error:{each}" for each in listed.split(", ")}


def summary(finding: Finding) -> str:
    return f"{finding.severity}:{finding.rule} {finding.element or '-'}"


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_a_broken_file_is_named_with_its_rule_and_element_and_nothing_else(path: Path) -> None:
    findings = [each for each in check_files({path.name: path.read_bytes()}) if each.severity != "info"]
    said = {summary(each) for each in findings}
    expected = expectation(path)
    if any(each.endswith(" line") for each in expected):  # the number does not matter
        said = {re.sub(r" line \d+$", " line", each) for each in said}
    assert said == expected, render(findings)
    for each in findings:
        assert each.file == path.name
        assert re.search(r"[\u4e00-\u9fff]", each.zh)
        assert re.search(r"[\u4e00-\u9fff]", each.remedy_zh)
        assert each.en
        assert each.remedy_en


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_a_valid_twin_raises_no_alarm(path: Path) -> None:
    beside = {other.name: other.read_bytes() for other in VALID}
    findings = check_files({path.name: path.read_bytes()}, context=beside)
    assert [summary(each) for each in findings if each.severity != "info"] == []


def test_the_broken_folder_is_checked_in_one_go_with_every_file_named() -> None:
    findings = check_paths([TESTS / "broken"])
    named = {Path(each.file).name for each in findings if each.severity != "info"}
    assert named == {path.name for path in BROKEN}


def test_the_valid_folder_has_no_errors_and_no_warnings() -> None:
    findings = check_paths([TESTS / "valid"])
    assert [summary(each) for each in findings if each.severity != "info"] == []


@pytest.mark.skipif(not ORDER.is_dir(), reason="the order model is not on this machine")
def test_the_order_model_has_no_errors_but_a_join_that_a_timer_leads_past() -> None:
    findings = check_paths([ORDER])
    assert [summary(each) for each in findings if each.severity != "info"] == ["warning:token-left pj"]


def test_the_shipped_models_raise_no_alarm() -> None:
    findings = check_paths([TESTS.parent / "bpmn"])
    assert [summary(each) for each in findings if each.severity != "info"] == []
