"""Files in the form of a task: put in, looked at, taken out, sent along; and what is not taken."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from processes.casework import texts
from processes.casework.tidying import Tidying
from processes.store.tables import Attachment, AttachmentChunk, Case, TaskDraft, Upload, UserTask
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

PDF = b"%PDF-1.7\n" + b"0123456789abcdef" * 70_000
"""more than one piece of a megabyte"""


def test_a_file_goes_with_the_task_and_becomes_the_cases(world: World, browser: Open) -> None:
    task, writer = _task(world), browser("wx.wu")
    (kept,) = _upload(writer, task, "批复 文件.pdf", PDF)["kept"]
    assert kept["name"] == "批复 文件.pdf"
    assert "批复 文件.pdf" in writer.get(f"/tasks/{task.id}")
    assert writer.client.get(kept["href"]).data == PDF
    assert _rows(world, Attachment) == []  # not yet: the case page of others says nothing of it
    writer.post(f"/tasks/{task.id}", {"outcome": "accept", "command": "c1"}, f"/tasks/{task.id}")
    (row,) = _rows(world, Attachment)
    assert (row.name, row.media_type, row.size, row.author) == ("批复 文件.pdf", "application/pdf", len(PDF), "wx.wu")
    assert _rows(world, Upload) == []
    page = browser("wx.chen").get(f"/cases/{task.number}")
    address = re.search(r'href="(/cases/[^"]+/attachments/[^"]+)"', page)
    assert address
    answer = browser("wx.chen").client.get(address.group(1))
    assert answer.data == PDF
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.mimetype == "application/octet-stream"


def test_the_same_form_sent_twice_sends_its_files_once(world: World, browser: Open) -> None:
    task, writer = _task(world), browser("wx.wu")
    _upload(writer, task, "a.pdf", PDF)
    for _ in range(2):
        writer.post(f"/tasks/{task.id}", {"outcome": "accept", "command": "c1"}, "/")
    assert len(_rows(world, Attachment)) == 1


def test_without_scripts_files_come_with_the_form_and_what_was_typed_is_kept(world: World, browser: Open) -> None:
    task, writer = _task(world), browser("wx.wu")
    path = f"/tasks/{task.id}"
    given = {"reason": "写了一半", "attach": "", "file:": (io.BytesIO(PDF), "说明.pdf")}
    assert writer.post(path, given, path) == path
    page = writer.get(path)
    assert "说明.pdf" in page
    assert "写了一半" in page
    (upload,) = _rows(world, Upload)
    assert writer.post(path, {"detach": upload.id}, path) == path
    assert "说明.pdf" not in writer.get(path)
    assert _count(world, AttachmentChunk) == 0
    given = {"outcome": "accept", "file:": (io.BytesIO(PDF), "说明.pdf")}
    assert writer.post(path, given, path) == "/"
    assert [row.name for row in _rows(world, Attachment)] == ["说明.pdf"]


def test_a_file_that_is_not_taken_holds_up_the_form_and_says_why(world: World, browser: Open) -> None:
    task, writer = _task(world), browser("wx.wu")
    path = f"/tasks/{task.id}"
    given = {"outcome": "accept", "file:": (io.BytesIO(b"MZ\x90\0"), "照片.jpg")}
    assert writer.post(path, given, path) == path
    assert "“照片.jpg”没有上传：不是可以上传的类型" in writer.get(path)
    assert world.open_tasks(task.number)[0].name == "签收"


def test_a_refusal_is_told_in_the_language_of_the_page(world: World, browser: Open) -> None:
    task, writer = _task(world), browser("wx.wu")
    writer.post("/language", {"language": "en", "back": "/"}, "/")
    answer = _upload(writer, task, "photo.jpg", b"MZ\x90\0")
    assert answer["refused"] == ["“photo.jpg” was not uploaded: files of this kind are not taken."]


def test_what_is_too_large_or_too_much_is_refused(world: World, browser: Open) -> None:
    object.__setattr__(world.services.settings, "largest_upload", 1000)
    task, writer = _task(world), browser("wx.wu")
    answer = _upload(writer, task, "a.pdf", b"%PDF-" + b"x" * 1000)
    assert answer["kept"] == []
    assert "超过" in answer["refused"][0]
    for at in range(30):
        assert _upload(writer, task, f"{at}.pdf", b"%PDF-1")["kept"]
    assert "最多上传 30 个文件" in _upload(writer, task, "one more.pdf", b"%PDF-1")["refused"][0]
    assert len(_upload(writer, task, "3.pdf", b"%PDF-1")["kept"]) == 1  # the same again is no new one


def test_hostile_names_stay_names(world: World, browser: Open) -> None:
    task, writer = _task(world), browser("wx.wu")
    for name in (
        "../../../etc/cron.d/x.pdf",
        "<script>alert(1)</script>.pdf",
        "发票.pdf.exe",
    ):
        answer = _upload(writer, task, name, b"%PDF-1" + name.encode())
        assert answer["refused"] == []
        (kept,) = answer["kept"]
        assert not set(kept["name"]) & set('/\\<>"\r\n')
        assert kept["name"].endswith(".pdf")
        header = writer.client.get(kept["href"]).headers
        assert header["Content-Disposition"].startswith("attachment")
    assert "<script>alert" not in writer.get(f"/tasks/{task.id}")


def test_a_file_is_its_owners_alone_until_it_is_sent(world: World, browser: Open) -> None:
    task, writer = _task(world), browser("wx.wu")
    (kept,) = _upload(writer, task, "a.pdf", b"%PDF-1")["kept"]
    stranger = browser("wx.han")
    stranger.get(kept["href"], status=404)
    stranger.post(f"{kept['href']}/delete", {}, "/", status=404)
    stranger.post(f"/tasks/{task.id}/uploads", {"file:": (io.BytesIO(b"%PDF-1"), "b.pdf")}, "/", status=403)
    assert writer.post(f"{kept['href']}/delete", {}, "/", status=200)
    writer.get(kept["href"], status=404)
    writer.post(f"/tasks/{task.id}/uploads", {"file:nosuch": (io.BytesIO(b"%PDF-1"), "b.pdf")}, "/", status=400)


def test_the_second_of_two_people_keeps_files_and_draft_for_a_week(world: World, browser: Open) -> None:
    task, second = _task(world), browser("wx.wu")
    path = f"/tasks/{task.id}"
    _upload(second, task, "我的材料.pdf", b"%PDF-1")
    second.post(f"{path}/draft", {"reason": "写了一半"}, path, status=200)
    with world.services.database.write() as connection:
        connection.execute(
            update(UserTask)
            .where(UserTask.id == task.id)
            .values(state="completed", completed_by="wx.li", ended_at=world.clock.now())
        )
    page = second.get(path)
    assert "已经办结" in page
    assert "写了一半" in page
    assert "我的材料.pdf" in page
    tidying = Tidying(world.services.database, world.clock)
    assert tidying.run() == 0
    world.clock.advance(timedelta(days=8))
    assert tidying.run() == 2
    assert [_count(world, table) for table in (Upload, AttachmentChunk, TaskDraft)] == [0, 0, 0]


def test_files_and_drafts_of_open_tasks_are_never_collected(world: World, browser: Open) -> None:
    task, writer = _task(world), browser("wx.wu")
    _upload(writer, task, "a.pdf", b"%PDF-1")
    writer.post(f"/tasks/{task.id}/draft", {"reason": "写了一半"}, f"/tasks/{task.id}", status=200)
    world.clock.advance(timedelta(days=400))
    assert Tidying(world.services.database, world.clock).run() == 0


def test_deletion_of_a_problems_data_takes_files_that_are_not_sent_too(world: World, browser: Open) -> None:
    task, writer = _task(world), browser("wx.wu")
    _upload(writer, task, "a.pdf", b"%PDF-1")
    with world.services.database.write() as connection:
        texts.blank(connection, connection.scalars(select(Case.report_id)).one())
    assert [_count(world, table) for table in (Upload, AttachmentChunk)] == [0, 0]


def _task(world: World) -> Any:
    number = world.report("H1").number
    return world.open_tasks(number)[0]


def _upload(writer: Browser, task: Any, name: str, body: bytes) -> Any:
    """What the script of the page does with a chosen file."""
    page = writer.get(f"/tasks/{task.id}")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    answer = writer.client.post(
        f"/tasks/{task.id}/uploads", data={"csrf_token": token.group(1), "file:": (io.BytesIO(body), name)}
    )
    assert answer.status_code == 200, answer.text
    return answer.json


def _rows(world: World, table: Any) -> list[Any]:
    with world.services.database.read() as connection:
        return list(connection.execute(select(table.__table__)))


def _count(world: World, table: Any) -> int:
    with world.services.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0
