"""Whoever has verified a number sees what was reported from it in the portal, has a copy, puts it right, and has it deleted."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from sqlalchemy import select

from processes.store.tables import Case, Instance, PersonalData
from tests.integration.gateway.conftest import TOKEN, Browser
from tests.integration.gateway.portal_world import GIVEN, MINE, OTHERS, Enterprise, Post, photo
from tests.integration.gateway.world import World
from tests.integration.subjects import held

Open = Callable[..., Browser]

PAGE = "/portal/personal"


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


@pytest.fixture
def mine(world: World, post: Post) -> Enterprise:
    found = Enterprise(world, post)
    found.verify(MINE)
    return found


def test_only_a_verified_number_gets_there(world: World, post: Post) -> None:
    stranger = Browser(world.app.test_client())
    stranger.get(PAGE, 302)
    for what in ("copy", "correct", "delete"):
        assert stranger.post(f"{PAGE}/{what}", {}, "/portal/phone").startswith("/portal/phone")


def test_what_is_held_is_shown_copied_and_put_right(world: World, mine: Enterprise, post: Post) -> None:
    number, _code = mine.report(files=photo())
    page = mine.browser.get(PAGE)
    assert number in page
    assert GIVEN["contact"] in page
    token = TOKEN.findall(page)[0]
    answer = mine.browser.client.post(f"{PAGE}/copy", data={"csrf_token": token})
    copy = zipfile.ZipFile(io.BytesIO(answer.data))
    [found] = json.loads(copy.read("data.json"))["reports"]
    assert (found["number"], found["contact"]["phone"]) == (number, MINE)
    assert any(name.endswith("现场.png") for name in copy.namelist())
    assert "name@example.cn" in mine.browser.post(f"{PAGE}/correct", {"email": "x"}, PAGE, 422)
    mine.browser.post(f"{PAGE}/correct", {"contact": "王小明", "phone": OTHERS}, PAGE)
    with world.services.database.read() as connection:
        assert connection.execute(select(PersonalData.contact, PersonalData.phone)).all() == [("王小明", MINE)]
    assert [act for act, _ in held.log(world)] == ["subject.export", "subject.correct"]
    other = Enterprise(world, post)
    other.verify(OTHERS)
    assert number not in other.browser.get(PAGE)


def test_deletion_is_asked_for_here_and_decided_by_an_administrator(
    world: World, mine: Enterprise, browser: Open
) -> None:
    number, _code = mine.report(email="wang@ming.example")
    assert "请先勾选" in mine.browser.post(f"{PAGE}/delete", {}, PAGE, 422)
    assert f"{number} 还没有办结" in mine.browser.post(f"{PAGE}/delete", {"sure": "yes"}, PAGE, 422)
    mine.say(number, "withdraw", words="不用了")
    mine.post.run()
    with world.services.database.read() as connection:
        rows = connection.execute(
            select(Case.closed_at, Instance.ended_at).join(Instance, Instance.id == Case.instance_id)
        )
        assert all(None not in row for row in rows)
    mine.browser.post(f"{PAGE}/delete", {"sure": "yes"}, PAGE)
    assert "正在办理" in mine.browser.get(PAGE)
    administrator = browser("wx.su")
    page = administrator.get("/subjects/approvals")
    assert "本人，在企业服务门户" in page
    assert MINE not in page
    request = page.split('action="/subjects/')[1].split("/")[0]
    sent = {"verdict": "approve", "words": "同意"}
    administrator.post(f"/subjects/{request}/decide", sent, "/subjects/approvals")
    held.carry_out(world)
    traces = (MINE, GIVEN["contact"], "wang@ming.example")
    assert held.places(world, traces) == {each: set() for each in traces}
    mine.browser.get(PAGE, 302)
