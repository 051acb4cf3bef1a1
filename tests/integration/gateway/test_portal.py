"""The enterprises' portal: reporting by a verified number, following by a code, answering, rating; and nobody else's problems."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from processes.casework import attachments
from processes.store.tables import Case, CaseText, PersonalData, PortalMessage, PortalReport, Report
from tests.integration.gateway import words
from tests.integration.gateway.conftest import TOKEN
from tests.integration.gateway.portal_world import GIVEN, MINE, OTHERS, Enterprise, Post, handled, photo
from tests.integration.gateway.test_every_page_in_english import SHOWN_AS_IT_IS
from tests.integration.gateway.world import World

ANSWERED = {"outcome": "answer", "resolution": "solved", "answer": "增容已批复，本周五送电。"}


@pytest.fixture
def post(world: World) -> Post:
    """Whoever carries messages."""
    return Post(world)


@pytest.fixture
def opened(world: World, post: Post) -> Callable[[], Enterprise]:
    """Opens another browser."""
    return lambda: Enterprise(world, post)


@pytest.fixture
def mine(opened: Callable[[], Enterprise]) -> Enterprise:
    """A browser of a verified number."""
    found = opened()
    found.verify(MINE)
    return found


def rows(world: World, *columns: Any) -> list[Any]:
    with world.services.database.read() as connection:
        return list(connection.execute(select(*columns)))


def test_a_problem_is_reported_and_followed_from_another_browser(
    world: World, post: Post, mine: Enterprise, opened: Callable[[], Enterprise]
) -> None:
    number, code = mine.report(uscc=" 91330502ma2b0abc1w", files=photo())
    told = [text for phone, text in post.texts if phone == MINE]
    assert any(number in text and code in text for text in told)
    assert (MINE, "91330502MA2B0ABC1W") in rows(world, PersonalData.phone, PersonalData.uscc)
    [(kept,)], [(channel,)] = rows(world, PortalReport.code), rows(world, Report.channel)
    assert kept.startswith("$argon2")
    assert code not in kept
    assert channel == "portal"
    page = mine.browser.get("/portal/problems")
    assert GIVEN["title"] in page
    other = opened()
    assert other.browser.get(f"/portal/problems/{number}", 302)  # to where the code is asked for
    assert "不对" in other.follow(number, "22222222", 422)
    assert other.follow(number.lower(), f" {code[:4].lower()}-{code[4:]} ") == f"/portal/problems/{number}"
    page = other.browser.get(f"/portal/problems/{number}")
    assert "现场.png" in page
    assert "项目" in page
    assert "王明" not in page
    with world.services.database.read() as connection:
        [case] = connection.scalars(select(Case.id)).all()
        [file] = attachments.of_case(connection, case)
    answer = other.browser.client.get(f"/portal/problems/{number}/files/{file.id}")
    assert answer.data.startswith(b"\x89PNG")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    other.browser.post("/portal/leave", {}, f"/portal/problems/{number}")
    other.browser.get(f"/portal/problems/{number}", 302)


def test_what_is_not_right_is_said_and_nothing_typed_is_lost(world: World, mine: Enterprise) -> None:
    page = mine.send({**GIVEN, "uscc": "91330000MA0000000A", "consent": ""}, 422)
    assert "统一社会信用代码不对" in page
    assert "请阅读并同意" in page
    assert GIVEN["body"] in page
    page = mine.send({**GIVEN, "title": ""}, 422, files=(io.BytesIO(b"MZ" + bytes(64)), "报表.exe"))
    assert "没有上传" in page
    mine.send(GIVEN, 400, website="https://spam.example")
    assert rows(world, Report.id) == []


def test_a_form_sent_twice_reports_once_and_the_new_code_holds(
    world: World, mine: Enterprise, opened: Callable[[], Enterprise]
) -> None:
    own = {"form": "202611230930-0123456789ab"}
    number, first = mine.report(**own)
    again, second = mine.report(**own)
    assert again == number
    assert len(rows(world, Report.id)) == 1
    assert "不对" in opened().follow(number, first, 422)
    opened().follow(number, second)


def test_a_code_is_good_once_for_a_while_and_for_a_few_tries(
    world: World, post: Post, opened: Callable[[], Enterprise]
) -> None:
    one = opened()
    assert "11 位" in one.browser.post("/portal/phone", {"phone": "0572-2030405"}, "/portal/phone", 422)
    one.browser.post("/portal/phone", {"phone": MINE}, "/portal/phone")
    code = post.code(MINE)
    assert MINE not in str(rows(world, PortalMessage.words))
    assert MINE not in one.browser.get("/portal/code")
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        one.browser.post("/portal/code", {"code": wrong}, "/portal/code", 422)
    one.browser.post("/portal/code", {"code": code}, "/portal/code", 422)  # too late
    one.verify(MINE)
    one.browser.get("/portal/problems")
    with one.browser.client.session_transaction() as kept:
        kept["portal_code"] = {"message": "none", "phone": "", "next": "https://elsewhere.example/"}
    one.browser.post("/portal/code", {"code": post.code(MINE)}, "/portal/code", 422)  # used
    one.browser.post("/portal/phone", {"phone": MINE, "next": "//elsewhere.example"}, "/portal/phone")
    world.clock.advance(timedelta(minutes=11))
    one.browser.post("/portal/code", {"code": post.code(MINE)}, "/portal/code", 422)  # over
    one.browser.post("/portal/phone", {"phone": MINE, "next": "//elsewhere.example"}, "/portal/phone")
    led = one.browser.post("/portal/code", {"code": post.code(MINE)}, "/portal/code")
    assert led == "/portal/problems"
    one.browser.post("/portal/phone", {"phone": MINE}, "/portal/phone")
    one.browser.post("/portal/phone", {"phone": MINE}, "/portal/phone", 429)
    world.clock.advance(timedelta(minutes=31))
    assert "/portal/phone" in one.browser.client.get("/portal/problems").location


def test_codes_are_not_guessed_and_numbers_not_found_out(
    world: World, mine: Enterprise, opened: Callable[[], Enterprise]
) -> None:
    number, code = mine.report()
    other = opened()
    for guess in ("22222222", "33333333", "44444444", "55555555", "x" * 5000):
        there = other.follow(number, guess, 422)
    nowhere = other.follow("330502-26-99999-0", "22222222", 422)
    assert _words(there) == _words(nowhere)
    assert "过于频繁" in other.follow(number, code, 429)
    world.clock.advance(timedelta(hours=2))
    other.follow(number, code)


def test_what_came_over_another_channel_or_from_another_number_is_nobodys(
    world: World, mine: Enterprise, opened: Callable[[], Enterprise]
) -> None:
    number, _ = mine.report()
    hotline = world.report("12345-1", phone=MINE).number
    other = opened()
    other.verify(OTHERS)
    other.browser.get(f"/portal/problems/{number}", 404)
    assert number not in other.browser.get("/portal/problems")
    for browser in (mine, other):
        browser.browser.get(f"/portal/problems/{hotline}", 404)
    token = {"csrf_token": TOKEN.findall(other.browser.get("/portal/phone"))[0]}
    for what in ("supplement", "rate", "withdraw", "reopen"):
        answer = other.browser.client.post(f"/portal/problems/{number}/{what}", data={**token, "level": "1"})
        assert answer.status_code == 404, what
        assert mine.browser.client.post(f"/portal/problems/{number}/{what}", data={"level": "1"}).status_code == 400
    other.browser.get(f"/portal/problems/{number}/files/x", 404)


def test_a_question_is_answered_and_the_answer_rated(world: World, post: Post, mine: Enterprise) -> None:
    number, _ = mine.report()
    handled(world, post, number, outcome="ask", question="请补充用电容量和厂房地址。")
    assert (MINE, "请补充用电容量和厂房地址。") in post.texts
    assert "请补充用电容量" in mine.browser.get(f"/portal/problems/{number}")
    assert "等您回复" in mine.browser.get("/portal/problems")
    assert "请填写回答" in mine.say(number, "supplement", 422, words=" ")
    mine.say(number, "supplement", words="<script>alert(1)</script> 630 kVA", files=photo("铭牌.png"))
    page = mine.browser.get(f"/portal/problems/{number}")
    assert "需要您补充" not in page
    assert "铭牌.png" in page
    assert "<script>alert(1)</script> 630 kVA" in [row.body for row in rows(world, CaseText.body)]
    handled(world, post, number, **ANSWERED)
    page = mine.browser.get(f"/portal/problems/{number}")
    assert ANSWERED["answer"] in page
    assert "您满意吗" in page
    assert "请选择满意程度" in mine.say(number, "rate", 422, level="9")
    mine.say(number, "rate", level="5", words="办得快，谢谢。")
    post.run()
    page = mine.browser.get(f"/portal/problems/{number}")
    assert "非常满意" in page
    assert "您满意吗" not in page
    assert rows(world, Case.rating, Case.outcome) == [("5", "solved")]


def test_a_closed_problem_is_reopened_once_within_its_term(
    world: World, post: Post, mine: Enterprise, opened: Callable[[], Enterprise]
) -> None:
    number, code = mine.report()
    handled(world, post, number, **ANSWERED)
    mine.say(number, "rate", level="4")
    post.run()
    assert "请说明" in mine.say(number, "reopen", 422)
    where = mine.say(number, "reopen", words="周五没有送电。")
    fresh = where.rsplit("/", 1)[1]
    assert fresh != number
    assert mine.say(number, "reopen", words="又一次") == f"/portal/problems/{number}"
    assert "申请重新办理" not in mine.browser.get(f"/portal/problems/{number}")
    page = mine.browser.get(where)
    assert "周五没有送电" in page
    assert number in page
    opened().follow(fresh, code)
    assert len(rows(world, Case.id)) == 2


def test_the_term_for_reopening_ends_and_what_is_withdrawn_stays_so(world: World, post: Post, mine: Enterprise) -> None:
    number, code = mine.report()
    handled(world, post, number, **ANSWERED)
    mine.say(number, "rate", level="4")
    post.run()
    assert "申请重新办理" in mine.browser.get(f"/portal/problems/{number}")
    world.clock.advance(timedelta(days=40))
    mine.follow(number, code)
    assert "申请重新办理" not in mine.browser.get(f"/portal/problems/{number}")
    mine.verify(MINE)
    other, _ = mine.report(
        title="标准厂房漏水", body="园区标准厂房漏水三周没有人来修，影响我公司设备，请协调物业处理。"
    )
    mine.say(other, "withdraw", words="已自行修好。")
    post.run()
    page = mine.browser.get(f"/portal/problems/{other}")
    assert "企业已撤回" in page
    assert "申请重新办理" not in page
    assert "撤回的原因" not in page


def test_whatever_is_typed_shows_as_text_and_a_file_is_called_by_its_last_name(mine: Enterprise) -> None:
    script = "<script>alert(1)</script>"
    file = photo("../../etc/<img src=x onerror=alert(1)>.png")
    number, _ = mine.report(title=script, body=f"{GIVEN['body']}\"'>{script}", contact=script, files=file)
    for path in ("problems", f"problems/{number}"):
        page = mine.browser.get(f"/portal/{path}")
        assert "&lt;script&gt;" in page
        assert script not in page
        assert "<img" not in page
        assert "../" not in page


def test_the_portal_speaks_english(mine: Enterprise) -> None:
    mine.browser.post("/language", {"language": "en", "back": "/portal/report"}, "/portal/report")
    number, _ = mine.report()
    mine.browser.post("/portal/phone", {"phone": MINE}, "/portal/phone")
    for path in ("report", "filed", "code", "problems", f"problems/{number}"):
        page = SHOWN_AS_IT_IS.sub("", mine.browser.get(f"/portal/{path}"))
        for each in GIVEN.values():
            page = page.replace(each, "")
        assert [line for line in page.splitlines() if words.CHINESE.search(line)] == [], path


def _words(page: str) -> str:
    return page[page.index('role="alert"') : page.index("<form method")].split("</div>")[0]
