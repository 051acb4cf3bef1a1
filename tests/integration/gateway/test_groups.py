"""A form with rows and files in it: filled in without scripts, checked row by row, kept as a draft, sent."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update

from processes.notation.check.forms import form_findings
from processes.store import history
from processes.store.tables import Attachment, Instance, TaskDraft, UserTask
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.rows import begin
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

ROWS = {
    "costs": ["0", "7"],
    "costs.0.what": "检测费",
    "costs.0.amount": "1200.50",
    "costs.0.how": "card",
    "costs.7.what": "差旅费",
    "costs.7.amount": "300",
    "costs.7.day": "2026-11-20",
}


def test_rows_are_added_and_taken_away_without_scripts(world: World, browser: Open) -> None:
    path, writer = f"/tasks/{begin(world)}", browser("wx.wu")
    assert _keys(writer.get(path)) == ["0"]
    given = {"costs": "0", "costs.0.what": "检测费"}
    assert writer.post(path, {**given, "row": "add:costs"}, path) == f"{path}#at-f-costs"
    page = writer.get(path)
    assert _keys(page) == ["0", "1"]
    assert 'value="检测费"' in page
    assert writer.post(path, {**ROWS, "row": "drop:costs:0"}, path) == f"{path}#at-f-costs"
    page = writer.get(path)
    assert _keys(page) == ["0"]
    assert 'value="差旅费"' in page
    assert "检测费" not in page
    for nonsense in ("drop:costs:99", "drop:costs:-1", "add:reason", "add:nosuch", "drop", "x:costs:y"):
        writer.post(path, {**ROWS, "row": nonsense}, path)
    assert _keys(writer.get(path)) == ["0", "1"]


def test_rows_and_files_are_sent_as_the_form_types_them(world: World, browser: Open) -> None:
    task, writer = begin(world), browser("wx.wu")
    path = f"/tasks/{task}"
    given = {**ROWS, "costs": ["0", "7", "8"], "costs.8.what": "", "outcome": "paid"}
    given["file:receipts"] = (io.BytesIO(b"%PDF-1"), "发票.pdf")
    assert writer.post(path, given, path) == "/"
    sent = _completed_with(world, task)
    assert sent["costs"] == [
        {"what": "检测费", "amount": 1200.5, "how": "card"},
        {"what": "差旅费", "amount": 300, "day": "2026-11-20"},
    ]
    with world.services.database.read() as connection:
        assert sent["receipts"] == list(connection.scalars(select(Attachment.id)))


def test_a_mistake_is_told_at_its_row_and_field(world: World, browser: Open) -> None:
    path, writer = f"/tasks/{begin(world)}", browser("wx.wu")
    given = {**ROWS, "costs.0.amount": "-1", "costs.0.how": "cash", "costs.7.what": "", "outcome": "paid"}
    page = writer.post(path, given, path, status=422)
    assert "“费用明细”第1行：“金额（元）”不能小于0" in page
    assert "“费用明细”第1行：“付款方式”不在可选范围内" in page
    assert "“费用明细”第2行：请填写“用途”" in page
    assert re.search(r'name="costs\.1\.what"[^>]*aria-invalid="true"', page)
    assert 'href="#at-f-costs.1.what"' in page
    assert 'value="300"' in page


def test_a_group_and_files_that_are_asked_for_must_be_there(world: World, browser: Open) -> None:
    path, writer = f"/tasks/{begin(world)}", browser("wx.wu")
    page = writer.post(path, {"costs": "0", "outcome": "paid"}, path, status=422)
    assert "请填写“费用明细”" in page
    many = {"costs": [str(at) for at in range(5)], "outcome": "paid"}
    many |= {f"costs.{at}.{name}": "1" for at in range(5) for name in ("what", "amount")}
    assert "“费用明细”最多填写3项" in writer.post(path, many, path, status=422)


def test_a_group_that_the_outcome_does_not_ask_for_is_not_sent(world: World, browser: Open) -> None:
    task, writer = begin(world), browser("wx.wu")
    path = f"/tasks/{task}"
    assert writer.post(path, {**ROWS, "outcome": "refused", "reason": "不符合条件"}, path) == "/"
    assert _completed_with(world, task) == {"outcome": "refused", "reason": "不符合条件"}


def test_a_draft_keeps_rows_as_they_are(world: World, browser: Open) -> None:
    task, writer = begin(world), browser("wx.wu")
    path = f"/tasks/{task}"
    writer.post(f"{path}/draft", {**ROWS, "costs.7.amount": "三百"}, path, status=200)
    with world.services.database.read() as connection:
        rows = connection.scalars(select(TaskDraft.data)).one()["costs"]
    assert [row["what"] for row in rows] == ["检测费", "差旅费"]
    assert 'value="三百"' in writer.get(path)


def test_the_second_of_two_people_is_shown_his_rows_and_files(world: World, browser: Open) -> None:
    task, second = begin(world), browser("wx.wu")
    path = f"/tasks/{task}"
    second.post(path, {**ROWS, "attach": "receipts", "file:receipts": (io.BytesIO(b"%PDF-1"), "发票.pdf")}, path)
    with world.services.database.write() as connection:
        done = {"state": "completed", "completed_by": "wx.wu", "ended_at": world.clock.now()}
        connection.execute(update(UserTask).where(UserTask.id == task).values(done))
    page = second.get(path)
    assert "检测费，1200.50，card" in page
    assert "发票.pdf" in page


def test_what_is_typed_into_rows_is_text(world: World, browser: Open) -> None:
    path, writer = f"/tasks/{begin(world)}", browser("wx.wu")
    hostile = '"><script>alert(1)</script>'
    page = writer.post(
        path, {**ROWS, "costs.0.what": hostile, "costs.7.amount": "-1", "outcome": "paid"}, path, status=422
    )
    assert "<script>alert" not in page
    writer.post(path, {"costs": ["0", "x", "-", "1" * 500], "save": "draft"}, path)
    writer.get(path)


def test_check_says_what_rows_do_not_offer() -> None:
    form = b"""{"type": "object", "title": "t", "properties": {"rows": {"type": "array", "title": "r", "items": {"type": "object",
      "properties": {"a": {"title": "a", "type": "string", "x-text": true}, "b": {"title": "b", "type": "string", "x-show": "= a = 1"},
      "c": {"title": "c", "type": "array"}, "d": {"title": "d", "type": "string", "x-options": "no feel"},
      "e": {"title": "e", "type": "string", "x-half": true}}}}}}"""
    found = [(each.rule, each.zh) for each in form_findings("a.form.json", form)]
    assert [rule for rule, _ in found] == ["form-hint"] * 4
    assert [re.findall("rows.[a-e]", zh)[0] for _, zh in found] == ["rows.a", "rows.b", "rows.c", "rows.d"]


def _keys(page: str) -> list[str]:
    """The keys of the rows of the page, without the one that scripts copy."""
    return [key for key in re.findall(r'<input type="hidden" name="costs" value="([^"]+)"', page) if key != "-"]


def _completed_with(world: World, task: str) -> Any:
    with world.services.database.read() as connection:
        instance = connection.scalars(select(UserTask.instance_id).where(UserTask.id == task)).one()
        assert connection.scalar(select(Instance.ended_at).where(Instance.id == instance))
        entries = history.read(connection, instance)
    return next(each.input["data"] for each in entries if each.kind == "CompleteTask")
