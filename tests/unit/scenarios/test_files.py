"""What a file of a scenario may say, and how one is told what is wrong with it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from processes.notation.civil_time import CIVIL_TIME
from processes.scenarios.files import SCHEMA, Answer, Asked, Complete, Tell, Then, Unreadable, Wait, find, read

WHOLE: dict[str, Any] = {
    "name": "一件事",
    "about": "为什么",
    "process": "p",
    "given": {"time": "2026-03-02T08:30", "variables": {"a": 1}, "answers": {"notice.send": {"receipt": "n"}}},
    "when": [
        {"task": "q/one", "where": {"organisation": "o"}, "form": {"outcome": "yes"}},
        {"job": "two", "error": "code", "variables": {"b": 2}},
        {"message": "said", "key": "k", "payload": {"c": 3}},
        {"wait": "P1D"},
        {"until": "2026-03-04T12:00:00Z"},
        {"then": {"state": "active"}},
    ],
    "then": {"state": "completed", "jobs": [{"job": "two", "arguments": {"x": 1}, "times": 0}]},
}


def written(folder: Path, data: object) -> Path:
    path = folder / "one.scenario.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), "utf-8")
    return path


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text("utf-8")))


def test_everything_is_read(tmp_path: Path) -> None:
    scenario = read(written(tmp_path, WHOLE))
    assert (scenario.name, scenario.process) == ("一件事", "p")
    assert scenario.given.time == datetime(2026, 3, 2, 8, 30, tzinfo=CIVIL_TIME)
    assert scenario.given.answers == {"notice.send": {"receipt": "n"}}
    task, job, told, wait, until, look = scenario.when
    assert task == Complete("q/one", {"organisation": "o"}, {"outcome": "yes"}, False)
    assert job == Answer("two", {}, None, "code", {"b": 2}, None, False)
    assert told == Tell("said", "k", {"c": 3}, False)
    assert wait == Wait("P1D")
    assert isinstance(until, Wait)
    assert until.until == datetime.fromisoformat("2026-03-04T12:00:00Z")
    assert look == Then(state="active")
    assert scenario.then == Then(state="completed", jobs=(Asked("two", {"arguments": {"x": 1}}, 0),))


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        ({"name": ""}, "name：不能为空", "name: must not be empty"),
        ({"when": {}}, "when：应为列表", "when: must be a list"),
        ({"then": {"status": 5}}, "then status：应为文字", "then status: must be text"),
        ({"then": {"states": 1}}, "then：没有 states 这一项，可以写：state、", "then: no states here, but: state, "),
        ({"then": {"state": "done"}}, "then state：“done”不能写在这里，可以写：active", "then state: not 'done'"),
        ({"when": [{"wait": "P1D"}, {"form": {}}]}, "when 第 2 步：要写、而且只写一种：task、job", "when step 2: exactly one of"),
        ({"when": [{"task": "a", "key": "b"}]}, "when 第 1 步：“key”不能写在这里，可以写：task、where、form", "when step 1: not 'key'"),
        ({"when": [{"job": "a", "error": "b", "result": 1}]}, "when 第 1 步：result、error、failure 只能写一种", "only one of"),
        ({"when": [{"wait": "1 day"}]}, "when 第 1 步 wait：“1 day”不是时间或时长", "when step 1 wait: '1 day' is no time"),
        ({"when": [{"wait": "P1X"}]}, "when 第 1 步 wait：“P1X”不是时长", "when step 1 wait: P1X is no duration"),
        ({"when": [{"until": "2026-02-30T09:00"}]}, "when 第 1 步 until：没有“2026-02-30T09:00”这个时间", "there is no time"),
        ({"then": {"deadlines": {"a": {"due": "2026-13-01T09:00"}}}}, "then deadlines a due：没有“2026-13-01", "no time"),
        ({"then": {"jobs": [{"job": "a"}, {}]}}, "then jobs 第 2 项：缺少 job", "then jobs item 2: job missing"),
        ({"given": {"start": {}}}, "given start：要写、而且只写一种：message、signal、timer", "given start: exactly one of"),
        ({"more": 1}, "文件：没有 more 这一项", "the file: no more here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_the_step_and_the_field(
    tmp_path: Path, change: dict[str, Any], zh: str, en: str
) -> None:
    path = written(tmp_path, {**WHOLE, **change})
    with pytest.raises(Unreadable) as told:
        read(path)
    assert f"{path}：{zh}" in told.value.zh
    assert en in told.value.en


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as told:
        read(written(tmp_path, {"name": "n", "when": [{"wait": 1}], "then": {}}))
    assert len(told.value.zh.splitlines()) == 2


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "[]"])
def test_what_is_no_json_object_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable, match=r"不是 JSON|应为对象"):
        read(written(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="读不了"):
        read(tmp_path / "none.scenario.json")


def test_files_are_found_below_folders_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = written(tmp_path / "a", WHOLE)
    (tmp_path / "a" / "other.json").write_text("{}")
    assert find([tmp_path, tmp_path / "a", path]) == [path]
