"""Scenario files: what can be played, and what is said of one that cannot."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.client.scenario import BadScenario, Clock, Do, duration, parse, read_folder

MODELS = Path(__file__).parents[3] / "bpmn"


def scenario(**changes: Any) -> dict[str, Any]:
    return {"name": "one", "report": {"channel": "hotline", "title": "…", "body": "…"}, "steps": [], **changes}


def test_the_tour_has_ten_scenarios_each_with_what_must_come_of_it() -> None:
    found = read_folder(MODELS / "scenarios")
    assert len(found) == 10
    assert all({"stages", "outcome", "tasks", "messages"} <= set(each.expect) for each in found)


def test_the_demo_has_about_forty_problems_with_names_of_their_own() -> None:
    assert 40 <= len(read_folder(MODELS / "demo")) <= 50


def test_a_task_step_says_which_task_and_who() -> None:
    step = parse(
        scenario(steps=[{"task": "sign", "organisation": "basic", "by": "a", "form": {"outcome": "accept"}}])
    ).steps[0]
    assert step == Do("sign", {"outcome": "accept"}, None, "basic", "a")


@pytest.mark.parametrize(
    ("text", "to", "by"),
    [
        ("P1D", None, timedelta(days=1)),
        ("due", "due", timedelta()),
        ("due+PT1M", "due", timedelta(minutes=1)),
        ("warn-PT1H", "warn", timedelta(hours=-1)),
    ],
)
def test_a_clock_step_moves_by_a_duration_or_to_a_time_of_the_case(text: str, to: str | None, by: timedelta) -> None:
    assert parse(scenario(steps=[{"clock": text}])).steps == (Clock(to, by),)


@pytest.mark.parametrize("text", ["P", "PT", "1D", "P1Y", "due"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration(text) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": [{"do": "sign"}]}, "第 1 步"),
        ({"steps": [{"task": "sign", "from": {}}]}, "from"),
        ({"steps": [{"clock": "tomorrow"}]}, "tomorrow"),
        ({"steps": [{"clock": "2026-05-01T09:00:00"}]}, "时区"),
        ({"steps": [{"until": {"sunset": True}}]}, "sunset"),
        ({"steps": [{"outside": "ratings"}]}, "ratings"),
        ({"report": {"title": "…"}}, "channel"),
        ({"report": {"channel": "hotline", "id": "1"}}, "id"),
        ({"expect": {"happiness": 5}}, "happiness"),
    ],
)
def test_what_cannot_be_played_is_refused_with_the_place_and_the_reason(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadScenario) as caught:
        parse(scenario(**changes), "one.json")
    assert "one.json（one）" in caught.value.zh
    assert said in caught.value.zh


def test_two_scenarios_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(scenario()), "utf-8")
    with pytest.raises(BadScenario, match="都叫"):
        read_folder(tmp_path)


@pytest.mark.parametrize("body", ["", "{", '{"name": 1}', "[]"])
def test_a_file_that_is_no_scenario_is_refused_by_name(body: str, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text(body, "utf-8")
    with pytest.raises(BadScenario) as caught:
        read_folder(tmp_path)
    assert "broken.json" in caught.value.zh
