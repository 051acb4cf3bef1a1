"""The two decision tables that sort what comes in, measured on real hotline texts through the real decision engine.

The texts are real people's words and are kept beside the project (``../shared/data``); without that folder the tests that
need them skip. The sample beside this file is invented.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from processes.notation.decisions import DecisionModel, parse_decisions

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
HERE = Path(__file__).parent

needs_real_texts = pytest.mark.skipif(
    not (DATA / "labels.jsonl").exists() or not (DATA / "hotline.jsonl").exists(),
    reason=f"the real hotline texts are not at {DATA}: the collection standard is not measured",
)


@dataclass(frozen=True)
class Report:
    """A report as its channel gives it, with what a reader of it decided."""

    title: str
    body: str
    enterprise: bool
    uscc: bool
    label: Mapping[str, Any]

    def variables(self) -> dict[str, Any]:
        """What a case's process holds of it: references in place of texts."""
        return {
            "report": {
                "id": "report",
                "title": {"$text": "title"},
                "text": {"$text": "body"},
                "channel": "hotline",
                "enterprise": {"named": self.enterprise, "uscc": self.uscc, "phone": False},
                "similar": None,
            }
        }

    def text(self, reference: Mapping[str, str]) -> str:
        """The FEEL function ``text(ref)``."""
        return {"title": self.title, "body": self.body}[reference["$text"]]

    def decide(self, model: DecisionModel, decision: str) -> dict[str, Any]:
        """The outputs of a decision about this report."""
        outputs = model.evaluate(decision, self.variables(), {"text": self.text}).outputs
        assert outputs is not None
        return outputs


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _model(path: str) -> DecisionModel:
    file = ROOT / "bpmn" / path
    return parse_decisions(file.read_bytes(), file.name)


def _joined(reports: Iterable[Mapping[str, Any]], labels: Iterable[Mapping[str, Any]]) -> list[Report]:
    by_id = {report["id"]: report for report in reports}
    return [
        Report(
            title=by_id[label["id"]]["title"],
            body=by_id[label["id"]]["body"],
            enterprise=bool(by_id[label["id"]].get("enterprise")),
            uscc=bool(by_id[label["id"]].get("uscc")),
            label=label,
        )
        for label in labels
    ]


def _share(hits: Iterable[bool]) -> float:
    counted = list(hits)
    assert counted, "nothing to measure"
    return sum(counted) / len(counted)


@pytest.fixture(scope="module")
def collection() -> DecisionModel:
    return _model("discovery/collection_standard.dmn")


@pytest.fixture(scope="module")
def classification() -> DecisionModel:
    return _model("handling/classification.dmn")


@pytest.fixture(scope="module")
def labelled() -> list[Report]:
    return _joined(_rows(DATA / "hotline.jsonl"), _rows(DATA / "labels.jsonl"))


@pytest.fixture(scope="module")
def verdicts(collection: DecisionModel, labelled: list[Report]) -> list[str]:
    return [report.decide(collection, "collection")["verdict"] for report in labelled]


@pytest.fixture(scope="module")
def sample() -> list[Report]:
    return _joined(_rows(HERE / "reports_sample.jsonl"), _rows(HERE / "reports_sample_expected.jsonl"))


@needs_real_texts
def test_at_least_95_percent_of_the_enterprises_problems_reach_the_pool_or_a_person(
    labelled: list[Report], verdicts: list[str]
) -> None:
    kept = [v != "refuse" for r, v in zip(labelled, verdicts, strict=True) if r.label["enterprise"] == "yes"]
    assert _share(kept) >= 0.95


@needs_real_texts
def test_at_most_35_percent_of_all_texts_go_to_a_person(verdicts: list[str]) -> None:
    assert _share(verdict == "triage" for verdict in verdicts) <= 0.35


@needs_real_texts
def test_at_least_60_percent_of_what_reaches_the_pool_unasked_belongs_there(
    labelled: list[Report], verdicts: list[str]
) -> None:
    right = [r.label["enterprise"] != "no" for r, v in zip(labelled, verdicts, strict=True) if v == "pool"]
    assert _share(right) >= 0.60


@needs_real_texts
def test_the_board_is_the_readers_board_for_most_enterprises_problems(
    classification: DecisionModel, labelled: list[Report]
) -> None:
    judged = [r for r in labelled if r.label["enterprise"] == "yes" and r.label["board"] not in (None, "other")]
    assert _share(r.decide(classification, "classification")["board"] == r.label["board"] for r in judged) >= 0.75


@needs_real_texts
def test_few_enterprises_problems_are_called_major_without_cause(
    classification: DecisionModel, labelled: list[Report]
) -> None:
    minor = [r for r in labelled if r.label["enterprise"] == "yes" and not r.label["major"]]
    assert _share(r.decide(classification, "classification")["major"] for r in minor) <= 0.10


def test_no_invented_problem_of_an_enterprise_is_refused_and_no_other_text_is_pooled(
    collection: DecisionModel, sample: list[Report]
) -> None:
    swapped = {("pool", "refuse"), ("refuse", "pool")}
    pairs = [(r.label["verdict"], r.decide(collection, "collection")["verdict"]) for r in sample]
    assert not swapped.intersection(pairs)
    assert _share(expected == given for expected, given in pairs) >= 0.90


def test_every_invented_refusal_says_why_and_what_to_do(collection: DecisionModel, sample: list[Report]) -> None:
    refused = [r.decide(collection, "collection") for r in sample if r.label["verdict"] == "refuse"]
    assert all("不属于涉企问题" in given["reason"] and "再次提交" in given["reason"] for given in refused)


def test_invented_problems_get_the_board_and_the_list_they_should(
    classification: DecisionModel, sample: list[Report]
) -> None:
    pooled = [(r.label, r.decide(classification, "classification")) for r in sample if r.label["verdict"] == "pool"]
    assert _share(label["board"] == given["board"] for label, given in pooled) >= 0.85
    assert [given["list"] for _, given in pooled] == [label["list"] for label, _ in pooled]
    assert all(given["major"] == (given["list"] is not None) for _, given in pooled)


def test_a_cross_board_problem_names_two_or_three_boards_and_any_other_exactly_one(
    classification: DecisionModel, sample: list[Report]
) -> None:
    given = [r.decide(classification, "classification") for r in sample]
    cross = [g for g in given if g["difficulty"] == "cross_board"]
    assert cross
    assert all(2 <= len(g["boards"]) <= 3 and g["boards"][0] == g["board"] for g in cross)
    assert all(g["boards"] == [g["board"]] for g in given if g["difficulty"] != "cross_board")


def test_a_text_that_says_nothing_goes_to_a_person_and_not_back(collection: DecisionModel) -> None:
    empty = Report("反映问题", "", False, False, {})
    assert empty.decide(collection, "collection")["verdict"] == "triage"


def test_a_text_about_nothing_known_gets_the_basic_board_and_ordinary_handling(classification: DecisionModel) -> None:
    given = Report("反映一件事情", "麻烦看一看。", True, True, {}).decide(classification, "classification")
    assert (given["board"], given["difficulty"], given["major"], given["list"]) == ("basic", "ordinary", False, None)


def test_a_valid_credit_code_moves_a_doubtful_text_into_the_pool(collection: DecisionModel) -> None:
    title, body = "反映停水的问题", "这里从上周开始一直停水，打电话也没有人管，请尽快恢复。"
    doubtful = Report(title, body, False, False, {})
    registered = Report(title, body, True, True, {})
    assert doubtful.decide(collection, "collection")["verdict"] != "pool"
    assert registered.decide(collection, "collection")["verdict"] == "pool"
