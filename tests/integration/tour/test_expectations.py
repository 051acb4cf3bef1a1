"""A played scenario against what its file expects: every difference is told, and only those."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.client.expectations import differences
from gateway.client.player import Family

TASK = {"element": "sign", "state": "completed", "place": "330502", "role": "board_handler"}
TASK |= {"organisation": "330502.basic", "completed_by": "wx.wang"}


def family() -> Family:
    case: dict[str, Any] = {
        "place": "330502",
        "outcome": "solved",
        "rating": "满意",
        "status": "已办结",
        "incidents": [],
    }
    case["stages"] = [{"stage": "intake"}, {"stage": "closure"}]
    case["tasks"] = [
        {**TASK, "ended_at": "2026-04-24T01:02:00Z"},
        {**TASK, "element": "handle", "ended_at": "2026-04-24T01:03:00Z"},
    ]
    case["jobs"] = [{"topic": "channel.answer", "state": "done"}, {"topic": "channel.progress", "state": "cancelled"}]
    case["notices"] = [{"kind": "reminder", "day": 4, "at": "2026-04-30T09:30:00Z", "to": {"role": "board_handler"}}]
    return Family([case])


RIGHT: dict[str, Any] = {
    "stages": ["intake", "closure"],
    "outcome": "solved",
    "tasks": [{"task": "sign", "organisation": "basic"}, {"task": "handle", "by": "wx.wang"}],
    "messages": ["channel.answer"],
    "notices": [{"kind": "reminder", "day": 4, "role": "board_handler"}],
    "cases": [{"place": "330502", "outcome": "solved"}],
}


def test_nothing_differs_from_what_was_expected() -> None:
    assert differences(RIGHT, family()) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"outcome": "explained"}, "outcome：应为 explained，实为 solved"),
        ({"stages": ["intake"]}, "stages：应为 intake，实为 intake → closure"),
        ({"tasks": [{"task": "sign"}]}, "tasks 第 2 项：多出 task=handle"),
        ({"tasks": [{"task": "handle"}, {"task": "sign"}]}, "tasks 第 1 项：应为 task=handle，实为 task=sign"),
        ({"tasks": [{"task": "sign", "organisation": "sic"}, {"task": "handle"}]}, "应为 task=sign、organisation=sic"),
        ({"messages": ["channel.answer", "channel.answer"]}, "messages：缺少 channel.answer × 1"),
        ({"messages": []}, "messages：多出 channel.answer × 1"),
        ({"notices": [{"kind": "reminder", "day": 3}]}, "day=3"),
        ({"notices": RIGHT["notices"] * 2}, "notices 第 2 项：缺少"),
        ({"cases": [{"place": "33"}]}, "place=33"),
    ],
)
def test_a_difference_is_told(wrong: dict[str, Any], said: str) -> None:
    found = differences({**RIGHT, **wrong}, family())
    assert any(said in each for each in found), found


def test_an_open_incident_is_always_a_difference() -> None:
    hurt = family()
    hurt.cases[0]["incidents"].append({"element": "tell", "detail": "渠道没有这个编号"})
    assert differences({}, hurt) == ["异常：tell 渠道没有这个编号"]
