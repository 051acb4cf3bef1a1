"""Scenarios and the demo data, played on a platform as ``make run`` starts it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from gateway.client import demo, expectations, trace
from gateway.client.player import Play, Stuck
from gateway.client.scenario import parse, read_folder
from tests.integration.tour.conftest import Running

pytestmark = pytest.mark.slow

MODELS = Path(__file__).parents[3] / "bpmn"
SCENARIOS = {each.name: each for each in read_folder(MODELS / "scenarios")}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_ends_as_its_file_expects(name: str, running: Running) -> None:
    play = Play(running.api, SCENARIOS[name], name, running.outside, running.clock)
    family = play.run()
    assert expectations.differences(SCENARIOS[name].expect, family) == []
    told = trace.family(family)
    assert all(case["number"] in told for case in family.cases)


def test_a_step_that_cannot_be_taken_is_told_with_where_things_stand(running: Running) -> None:
    report = {
        "channel": "hotline",
        "place": "330502",
        "title": "营业执照变更",
        "body": "我公司申请变更营业执照经营范围。",
    }
    stuck = parse({"name": "stuck", "report": report, "steps": [{"task": "leader_in_charge", "form": {}}]})
    with pytest.raises(Stuck) as caught:
        Play(running.api, stuck, "stuck", running.outside, running.clock, patience=1).run()
    assert "stuck 第 1 步 leader_in_charge" in caught.value.zh
    assert "待办" in caught.value.zh


def test_the_demo_stands_at_every_stage_and_is_played_once(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        played = demo.play(running.api, MODELS / "demo", running.standins_url)
    assert caplog.messages == []
    cases = running.api.get("/api/cases", limit=500)["cases"]
    stages = {case["stage"] for case in cases if case["closed_at"] is None}
    assert played == len(read_folder(MODELS / "demo"))
    assert {"intake", "assignment", "handling", "rating"} <= stages
    assert demo.play(running.api, MODELS / "demo", running.standins_url) == 0
    assert len(running.api.get("/api/cases", limit=500)["cases"]) == len(cases)


def test_the_demo_accounts_are_people_of_the_reference_data() -> None:
    found = dict(demo.accounts(MODELS / "reference"))
    assert len(found) >= 8
    assert all("·" in words for words in found.values())
