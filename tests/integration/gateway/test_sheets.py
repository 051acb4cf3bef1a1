"""Problems handed in as a filled-in sheet: by whom, over which channel, and what is said of each row."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from processes.store.tables import Case, PersonalData, Report
from tests.integration.gateway.conftest import TOKEN, Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]
COORDINATOR, HANDLER = "wx.li", "wx.wu"

GOOD = ("供电增容迟迟不批", "我公司在吴兴区申请供电增容已两个月，仍未批复，请协调解决。", "湖州一二三机械有限公司")
OTHER = ("贷款到期续不上", "我公司贷款月底到期，银行要求先还后贷，请帮助对接续贷。", "湖州四五六纺织有限公司")


def sheet(
    *rows: tuple[Any, ...], heading: tuple[str, ...] = ("标题", "内容", "企业名称", "统一社会信用代码", "地区代码")
) -> bytes:
    """An Excel file."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(heading)
    for row in rows:
        page.append(row)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def hand_in(
    browser: Browser, body: bytes, name: str = "问题.xlsx", channel: str = "help_visit", status: int = 200
) -> str:
    """Send the page's form; returns the page that comes back."""
    found = TOKEN.search(browser.get("/sheets"))
    assert found
    data = {"csrf_token": found.group(1), "channel": channel, "sheet": (io.BytesIO(body), name)}
    answer = browser.client.post("/sheets", data=data, content_type="multipart/form-data")
    assert answer.status_code == status, (answer.status_code, answer.text[:2000])
    return answer.text


def rows(world: World, *columns: Any) -> list[Any]:
    with world.services.database.read() as connection:
        return list(connection.execute(select(*columns)))


def test_good_rows_are_taken_and_bad_ones_are_told_by_row_and_column(world: World, browser: Open) -> None:
    page = hand_in(
        browser(COORDINATOR),
        sheet(GOOD, (*OTHER, "91330000"), ("", "", "湖州空白有限公司"), (*OTHER, "", "11")),
    )
    [case] = rows(world, Case.number)
    assert case.number in page
    assert "收下 1 行，没有收 3 行" in page
    assert "“统一社会信用代码”列：应为 18 位" in page
    assert "“内容”列：标题和内容不能都空着" in page
    assert "“地区代码”列：不是您职责范围内的地区" in page
    [report] = rows(world, Report.channel, Report.place)
    assert tuple(report) == ("help_visit", "330502")
    [person] = rows(world, PersonalData.enterprise)
    assert person.enterprise == GOOD[2]


def test_the_mended_sheet_again_takes_what_was_mended_and_nothing_twice(world: World, browser: Open) -> None:
    clerk = browser(COORDINATOR)
    hand_in(clerk, sheet(GOOD, (*OTHER, "91330000")))
    page = hand_in(clerk, sheet(GOOD, OTHER))
    assert "收下 2 行" in page
    assert "没有重复受理" in page
    assert len(rows(world, Report.id)) == 2


def test_two_sheets_may_count_their_rows_alike(world: World, browser: Open) -> None:
    heading = ("编号", "标题", "内容", "企业名称")
    clerk = browser(COORDINATOR)
    hand_in(clerk, sheet((1, *GOOD), heading=heading))
    hand_in(clerk, sheet((1, *OTHER), heading=heading))
    assert len(rows(world, Report.id)) == 2


def test_a_csv_as_excel_writes_it_in_china_is_read(world: World, browser: Open) -> None:
    body = "标题,内容,企业名称\n" + ",".join(GOOD)
    assert "收下 1 行" in hand_in(browser(COORDINATOR), body.encode("gb18030"), "问题.csv", "department")
    assert [row.channel for row in rows(world, Report.channel)] == ["department"]


def test_the_template_can_be_filled_in_and_handed_in(world: World, browser: Open) -> None:
    clerk = browser(COORDINATOR)
    answer = clerk.client.get("/sheets/template.xlsx")
    book = load_workbook(io.BytesIO(answer.data))
    book.worksheets[0].append(list(GOOD))
    body = io.BytesIO()
    book.save(body)
    assert "收下 1 行" in hand_in(clerk, body.getvalue())


@pytest.mark.parametrize(
    ("body", "name", "words"),
    [
        (b"", "empty.csv", "空的"),
        (b"no excel", "broken.xlsx", "不是有效的 Excel"),
        (b"%PDF", "problems.pdf", "只认"),
        (sheet(), "heading.xlsx", "文件里没有问题"),
        (sheet(*[(f"问题{n}",) for n in range(201)]), "long.xlsx", "最多 200 行"),
        (b"x" * (2 * 1024 * 1024 + 1), "large.csv", "超过 2 MB"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why_and_takes_nothing(
    world: World, browser: Open, body: bytes, name: str, words: str
) -> None:
    assert words in hand_in(browser(COORDINATOR), body, name, status=422)
    assert rows(world, Report.id) == []


def test_sheets_are_for_those_whose_duty_it_is(browser: Open) -> None:
    browser(HANDLER).get("/sheets", status=403)
    browser(HANDLER).get("/sheets/template.xlsx", status=403)
    assert "/sheets" not in browser(HANDLER).get("/")
    assert "/sheets" in browser(COORDINATOR).get("/")


def test_nobody_reports_over_a_channel_that_is_not_of_his_duty(browser: Open) -> None:
    hand_in(browser(COORDINATOR), sheet(GOOD), channel="hotline", status=403)
