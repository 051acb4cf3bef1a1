"""Sheets of problems that programs hand in: the same rows are taken as on the page, and the same are refused."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select
from werkzeug.test import TestResponse

from processes.store.tables import Case, Report
from tests.integration.gateway.programs import Caller, caller, told
from tests.integration.gateway.test_sheets import GOOD, OTHER, rows, sheet
from tests.integration.gateway.world import World

COORDINATOR, HANDLER = "wx.li", "wx.wu"


def send(
    program: Caller, body: bytes, name: str = "问题.xlsx", channel: str = "help_visit", **more: Any
) -> TestResponse:
    query = {"name": name, "channel": channel}
    return program.send(
        "POST", "/sheets", data=body, query_string=query, content_type="application/octet-stream", **more
    )


def test_good_rows_are_taken_and_bad_ones_are_told_by_row_and_column(world: World) -> None:
    body = sheet(GOOD, (*OTHER, "91330000"), ("", "", "湖州空白有限公司"), (*OTHER, "", "11"))
    found = told(send(caller(world, COORDINATOR), body), 200)
    assert (found["taken"], found["bad"]) == (1, 3)
    [case] = rows(world, Case.number)
    assert [each["number"] for each in found["rows"]] == [case.number, None, None, None]
    assert [[wrong["path"] for wrong in each["errors"]] for each in found["rows"]] == [
        [],
        ["uscc"],
        ["body"],
        ["place"],
    ]
    assert found["rows"][1]["errors"][0]["zh"].startswith("应为 18 位")
    assert found["rows"][1]["errors"][0]["en"].isascii()
    assert "“地区代码”列：不是您职责范围内的地区" in found["rows"][3]["words"]
    assert [row.channel for row in rows(world, Report.channel)] == ["help_visit"]


def test_the_mended_sheet_again_takes_what_was_mended_and_nothing_twice(world: World) -> None:
    program = caller(world, COORDINATOR)
    send(program, sheet(GOOD, (*OTHER, "91330000")))
    found = told(send(program, sheet(GOOD, OTHER)), 200)
    assert [each["outcome"] for each in found["rows"]] == ["known", "pool"]
    assert len(rows(world, Report.id)) == 2


def test_the_same_request_under_its_key_has_the_same_answer(world: World) -> None:
    program, body, headers = caller(world, COORDINATOR), sheet(GOOD), {"Idempotency-Key": "s-1"}
    first, again = (send(program, body, headers=headers) for _ in range(2))
    assert told(first, 200)["rows"][0]["outcome"] == "pool"
    assert first.data == again.data
    assert again.headers["Idempotent-Replayed"] == "true"
    told(send(program, sheet(OTHER), headers=headers), 422)
    assert len(rows(world, Report.id)) == 1


def test_the_template_can_be_filled_in_and_handed_in(world: World) -> None:
    program = caller(world, COORDINATOR)
    told_of = program.get("/sheets")
    assert told_of["most"] == 200
    assert "help_visit" in {each["code"] for each in told_of["channels"]}
    book = load_workbook(io.BytesIO(program.send("GET", "/sheets/template").data))
    assert [cell.value for cell in book.worksheets[0][1]] == [each["heading"] for each in told_of["columns"]]
    book.worksheets[0].append(list(GOOD))
    body = io.BytesIO()
    book.save(body)
    assert told(send(program, body.getvalue()), 200)["taken"] == 1


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
    world: World, body: bytes, name: str, words: str
) -> None:
    (wrong,) = told(send(caller(world, COORDINATOR), body, name), 422)["errors"]
    assert wrong["path"] == "body"
    assert words in wrong["zh"]
    assert wrong["en"].isascii()
    assert rows(world, Report.id) == []


@pytest.mark.parametrize(
    "line",
    [
        b'{"title": "\\ud800", "body": "x"}',
        b'{"title": "a\\u0000b", "body": "x"}',
        b'{"title": {"deep": 1}, "body": ["x"]}',
        b'{"title": 1, "place": 7, "uscc": false, "id": [1]}',
        b'{"place": ["330502"]}',
        b"[]",
        b"\xff\xfe{",
    ],
)
def test_rows_that_are_none_are_refused_one_by_one(world: World, line: bytes) -> None:
    good = '{"title": "增容", "body": "供电增容两个月没有批复，请协调。", "enterprise": "湖州一二三公司"}'.encode()
    found = told(send(caller(world, COORDINATOR), line + b"\n" + good, "rows.jsonl"), 200)
    assert [each["outcome"] for each in found["rows"]] == ["bad", "pool"]
    assert found["rows"][0]["errors"]


def test_sheets_are_for_who_may_hand_them_in_and_over_own_channels(world: World) -> None:
    handler = caller(world, HANDLER)
    handler.get("/sheets", 403)
    told(send(handler, sheet(GOOD)), 403)
    told(send(caller(world, "wx.sun"), sheet(GOOD), channel="leader"), 403)
    assert rows(world, Report.id) == []
    program = caller(world, COORDINATOR)
    refused = program.send("POST", "/sheets?name=x.csv&channel=help_visit", data=b"x", content_type="text/csv")
    told(refused, 415)
    (wrong,) = told(send(program, sheet(GOOD), name=""), 422)["errors"]
    assert wrong["path"] == "query.name"
    with world.services.database.read() as connection:
        assert connection.execute(select(Report.id)).all() == []
