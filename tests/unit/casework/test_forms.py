"""Forms are checked field by field, in Chinese, for what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from processes.casework.forms import Form, FormErrors, Option, check, evaluator, fields

FORM = Form(
    "sign.form.json",
    {
        "type": "object",
        "title": "签收",
        "required": ["outcome", "reason", "board"],
        "properties": {
            "outcome": {
                "type": "string",
                "title": "您的决定",
                "oneOf": [{"const": "sign", "title": "签收"}, {"const": "dispute", "title": "提出异议"}],
            },
            "reason": {
                "type": "string",
                "title": "理由",
                "x-text": True,
                "maxLength": 10,
                "x-show": '= outcome = "dispute"',
            },
            "board": {
                "type": "string",
                "title": "应由哪个板块办理",
                "x-options": "= boards(case.place)[item.const != own]",
                "x-show": '= outcome = "dispute"',
            },
            "boards": {
                "type": "array",
                "title": "会办板块",
                "items": {"type": "string"},
                "maxItems": 2,
                "x-options": "= boards(case.place)",
            },
            "days": {"type": "integer", "title": "天数", "minimum": 1, "maximum": 5},
            "on": {"type": "string", "title": "日期", "format": "date"},
            "urgent": {"type": "boolean", "title": "加急"},
        },
    },
)
BOARDS = [{"const": "330502.policy", "title": "政策板块"}, {"const": "330502.finance", "title": "金融板块"}]
VARIABLES = {"case": {"place": "330502"}, "own": "330502.finance", "outcome": "dispute"}
EVALUATE = evaluator(
    {"boards": lambda place: BOARDS if place == "330502" else []}, lambda: datetime(2026, 1, 5, tzinfo=UTC)
)


def checked(data: Mapping[str, Any]) -> dict[str, Any]:
    return check(FORM, data, VARIABLES, EVALUATE)


def errors(data: Mapping[str, Any]) -> dict[str, str]:
    with pytest.raises(FormErrors) as raised:
        checked(data)
    return raised.value.fields


def test_hidden_fields_are_neither_required_nor_kept() -> None:
    assert checked({"outcome": "sign", "reason": "没有用的"}) == {"outcome": "sign"}


def test_what_is_shown_is_required() -> None:
    assert errors({"outcome": "dispute"}) == {"reason": "请填写“理由”", "board": "请选择“应由哪个板块办理”"}


def test_blank_is_empty() -> None:
    assert errors({"outcome": "dispute", "reason": "  \n", "board": "330502.policy"}) == {"reason": "请填写“理由”"}


def test_only_the_choices_of_the_moment_are_accepted() -> None:
    assert checked({"outcome": "dispute", "reason": "不归我管", "board": "330502.policy"})["board"] == "330502.policy"
    assert errors({"outcome": "dispute", "reason": "不归我管", "board": "330502.finance"}) == {
        "board": "“应由哪个板块办理”不在可选范围内"
    }


def test_a_process_variable_of_the_same_name_does_not_show_a_field() -> None:
    shown = {each.name: each.shown for each in fields(FORM, {}, VARIABLES, EVALUATE)}
    assert not shown["reason"]


def test_choices_come_with_their_titles() -> None:
    found = {each.name: each.options for each in fields(FORM, {"outcome": "dispute"}, VARIABLES, EVALUATE)}
    assert found["board"] == (Option("330502.policy", "政策板块"),)
    assert found["outcome"] == (Option("sign", "签收"), Option("dispute", "提出异议"))


def test_texts_from_web_forms_and_the_command_line_become_values() -> None:
    data = {"outcome": " sign ", "days": "3", "urgent": "on", "boards": "330502.policy", "on": "2026-11-23"}
    assert checked(data) == {
        "outcome": "sign",
        "boards": ["330502.policy"],
        "days": 3,
        "on": "2026-11-23",
        "urgent": True,
    }


@pytest.mark.parametrize(
    ("field", "value", "zh"),
    [
        ("outcome", "shred", "“您的决定”不在可选范围内"),
        ("days", "许多", "“天数”应为整数"),
        ("days", 9, "“天数”不能大于5"),
        ("days", 0, "“天数”不能小于1"),
        ("on", "下周", "“日期”应为日期（如 2026-11-23）"),
        ("boards", ["330502.none"], "“会办板块”不在可选范围内"),
        ("boards", ["330502.policy"] * 3, "“会办板块”最多选2项"),
        ("urgent", "maybe", "“加急”应为是或否"),
        ("secret", "x", "表单里没有“secret”这一项"),
    ],
)
def test_each_mistake_is_named_at_its_field(field: str, value: object, zh: str) -> None:
    assert errors({"outcome": "sign", field: value}) == {field: zh}


def test_all_mistakes_are_named_at_once_in_the_order_of_the_form() -> None:
    found = errors({"outcome": "dispute", "reason": "理由" * 6, "days": 7})
    assert list(found) == ["reason", "board", "days"]
    assert found["reason"] == "“理由”最多10个字，现有12个"
