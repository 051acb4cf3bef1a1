"""The printable file of a case."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

from pypdf import PdfReader
from sqlalchemy import select

from processes.casework import attachments, texts
from processes.store.tables import Case, CaseText, Report
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

ANSWER = "增容方案已批复，<b>12月5日</b>送电。"


def test_the_file_tells_what_the_page_tells_with_the_same_masks(world: World, browser: Open) -> None:
    number = _answered(world)
    text = _text(browser("wx.chen"), number)
    for words in ("供电增容迟迟不批", number, "湖州一二三机械有限公司", "138****5678", ANSWER, "吴致远", "第 1 页"):
        assert words in text, words
    assert "13812345678" not in text


def test_attachments_are_listed_with_their_hashes(world: World, browser: Open) -> None:
    number = _answered(world)
    with world.services.database.write() as connection:
        case_id = connection.scalar(select(Case.id))
        found = attachments.add(connection, str(case_id), "批复.pdf", "application/pdf", b"%PDF", world.clock.now())
    text = _text(browser("wx.chen"), number)
    assert "批复.pdf" in text
    assert found.sha256[:32] in text.replace("\n", "")


def test_the_same_case_at_the_same_moment_gives_the_same_bytes(world: World, browser: Open) -> None:
    number, clerk = _answered(world), browser("wx.chen")
    first = clerk.client.get(f"/cases/{number}/file.pdf")
    assert first.data == clerk.client.get(f"/cases/{number}/file.pdf").data
    assert first.headers["Content-Disposition"] == f"attachment; filename={number}.pdf"


def test_it_is_for_whoever_may_see_the_case(world: World, browser: Open) -> None:
    browser("nx.chen").get(f"/cases/{_answered(world)}/file.pdf", status=404)


def test_what_was_deleted_is_not_in_it(world: World, browser: Open) -> None:
    number = _answered(world)
    with world.services.database.write() as connection:
        texts.blank(connection, str(connection.scalar(select(Report.id))))
        assert set(connection.scalars(select(CaseText.body))) == {""}
    text = _text(browser("wx.chen"), number)
    assert ANSWER not in text
    assert "湖州一二三" not in text
    assert "内容已按规定删除" in text


def test_signs_of_every_kind_and_length_do_no_harm(world: World, browser: Open) -> None:
    words = "我公司申请供电增容 </para> & <i> 😀 \x0b\x00" + "长" * 6000 + "x" * 3000
    number = world.report("H1", body=words).number
    text = _text(browser("wx.li"), number)
    assert "</para> & <i>" in text
    assert text.count("长") == 6000


def _answered(world: World) -> str:
    number = world.report("H1").number
    world.complete(world.open_tasks(number)[0].id, {"outcome": "accept"}, "wx.wu")
    world.clock.advance(timedelta(hours=3))
    given = {"outcome": "answer", "resolution": "solved", "answer": ANSWER}
    world.complete(world.open_tasks(number)[0].id, given, "wx.wu")
    return number


def _text(browser: Browser, number: str) -> str:
    answer = browser.client.get(f"/cases/{number}/file.pdf")
    assert answer.status_code == 200, answer.text[:2000]
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
