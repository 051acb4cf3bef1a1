"""Process owners' drafts: saved as they are typed, checked, and put into force, with what is refused on the way."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from processes.casework import model_drafts, models_in_force
from processes.casework.audit.verifying import stored
from processes.casework.model_drafts import LARGEST, Draft
from processes.store.tables import InForce
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

TOP, LOCAL = "zj.yun", "wx.xie"
"""Owners: of everything, and at 330502."""


def begun(browser: Browser, process: str = "portal_message", place: str = "") -> str:
    """The address of a draft that somebody begins."""
    return browser.post("/studio/drafts", {"place": place, "process": process}, "/studio/")


def draft_of(world: World, path: str) -> Draft:
    with world.services.database.read() as connection:
        found = next(
            (
                each
                for owner in (TOP, LOCAL)
                if (each := model_drafts.own(connection, path.rpartition("/")[2], owner)) is not None
            ),
            None,
        )
    assert found is not None
    return found


def test_a_new_process_is_begun_checked_and_put_into_force(browser: Open, world: World) -> None:
    top = browser(TOP)
    path = top.post(
        "/studio/processes", {"place": "", "name": " 法律 & <审核> ", "name_en": "Legal review"}, "/studio/"
    )
    draft = draft_of(world, path)
    assert (draft.process, draft.file, draft.base) == ("legal_review", "legal_review.bpmn", "")
    assert "修改“法律 &amp; &lt;审核&gt;”" in top.get(path)
    assert "您正在新建“法律 &amp; &lt;审核&gt;”" in top.get("/studio/")
    for page in ("try", "scenarios", "whatif"):
        assert "法律 &amp; &lt;审核&gt;" in top.get(f"{path}/{page}")
    answer = send(top, path, draft.text, "/check")
    assert [each for each in answer.get_json()["findings"] if each["severity"] == "error"] == []
    page = top.get(f"{path}/force")
    assert "已新增" in page
    top.post(f"{path}/force", {"revision": draft.revision}, f"{path}/force")
    with world.services.database.read() as connection:
        held = models_in_force.at(connection, ("",))["legal_review"]
    assert (held.name, held.place) == ("法律 & <审核>", "")
    again = top.post("/studio/processes", {"place": "", "name": "另一个", "name_en": "legal review!"}, "/studio/")
    assert draft_of(world, again).process == "legal_review_2"
    nameless = top.post("/studio/processes", {"place": "", "name": "没有英文名"}, "/studio/")
    assert draft_of(world, nameless).process == "process"


@pytest.mark.parametrize("name", ["", "  ", "长" * 61, "有\x07控制符"])
def test_a_new_process_has_a_name(browser: Open, name: str) -> None:
    top = browser(TOP)
    assert top.post("/studio/processes", {"place": "", "name": name}, "/studio/") == "/studio/"
    assert "没有新建" in top.get("/studio/")
    assert "您正在新建" not in top.get("/studio/")


def send(browser: Browser, path: str, text: str | bytes, to: str = "", **more: Any) -> Any:
    """What the editor's script sends."""
    token = re.findall(r'data-token="([^"]+)"', browser.get(path))[0]
    body = text.encode() if isinstance(text, str) else text
    given = {"csrf_token": token, "diagram": (io.BytesIO(body), "diagram.bpmn"), **more}
    headers = {"Accept": "application/json"}
    return browser.client.post(path + to, data=given, content_type="multipart/form-data", headers=headers)


def renamed(world: World, browser: Browser, path: str, name: str = "发短信通知", seen: int = 0) -> str:
    """Save the draft with another name for the sending; returns the text."""
    text = draft_of(world, path).text.replace('name="发短信"', f'name="{name}"')
    answer = send(browser, path, text, revision=seen)
    assert answer.status_code == 200, answer.text
    return text


def in_force(world: World, place: str = "") -> dict[str, str]:
    """What was put into force at a place itself."""
    with world.services.database.read() as connection:
        rows = connection.execute(select(InForce.process_id, InForce.definition_id).where(InForce.place == place))
        return {row.process_id: row.definition_id for row in rows}


def put(browser: Browser, path: str, revision: int) -> str:
    """Press the button of the review; returns the page that it leads to."""
    browser.get(f"{path}/force")
    return browser.get(browser.post(f"{path}/force", {"revision": str(revision)}, f"{path}/force"))


def test_the_page_tells_what_is_in_force_and_what_is_being_changed(world: World, browser: Open) -> None:
    top, local = browser(TOP), browser(LOCAL)
    page = top.get("/studio/")
    for words in (
        "交办板块办理",
        "board_handoff.bpmn",
        "deadlines.dmn",
        "sign.form.json",
        in_force(world)["rating"][:8],
    ):
        assert words in page
    assert "继续修改" not in page
    path = begun(top)
    assert begun(top) == path
    assert "您正在修改“给企业发短信”" in top.get("/studio/")
    assert "继续修改" not in local.get("/studio/")


def test_a_colleague_at_the_same_place_sees_who_is_changing_what(world: World, browser: Open) -> None:
    with world.services.database.write() as connection:
        held = models_in_force.at(connection, ("",))["rating"]
        bodies = models_in_force.bodies(connection, [held])
        model_drafts.begin(connection, "zj.qi", "", held, bodies, world.clock.now())
    assert re.search(r"反馈与评价</strong><div[^>]*>\S+ 也在改", browser(TOP).get("/studio/"))


def test_the_second_of_two_windows_is_told_and_nothing_is_lost(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    text = renamed(world, top, path)
    answer = send(top, path, text.replace("发短信通知", "另一个窗口"), revision=0)
    assert answer.status_code == 409
    assert answer.json["revision"] == 1
    assert "另一个窗口" in answer.json["error"]
    assert draft_of(world, path).text == text
    assert send(top, path, text, to="/check").json["revision"] == 1
    assert send(top, path, text.replace("发短信通知", "覆盖"), revision=1).json["revision"] == 2


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>',
        b"<bpmn:definitions",
        b"",
        b"\xff\xfe\x00",
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="another"/></definitions>',
        b"<!--" + b"x" * LARGEST + b"-->",
    ],
    ids=["entities", "cut off", "nothing", "no text", "another process", "huge"],
)
def test_what_is_no_diagram_of_the_process_is_refused(world: World, browser: Open, body: bytes) -> None:
    top = browser(TOP)
    path = begun(top)
    before = draft_of(world, path)
    for to in ("", "/check"):
        answer = send(top, path, body, to=to, revision=0)
        assert answer.status_code == 422
        assert answer.json["error"]
        assert b"root:" not in answer.data
    assert draft_of(world, path) == before


def test_script_in_a_name_is_text(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    renamed(world, top, path, "&lt;img src=x onerror=alert(1)&gt;")
    page = top.get(f"{path}/force")
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_an_error_is_told_at_its_element_with_a_remedy_and_holds_it_up(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    before = in_force(world)
    broken = draft_of(world, path).text.replace("= message.id", "= message.(")
    found = send(top, path, broken, to="/check").json["findings"]
    first = next(each for each in found if each["severity"] == "error")
    assert first["element"] == "send_message"
    assert first["remedy"]
    assert first["file"] == ""
    assert send(top, path, broken, revision=0).status_code == 200
    page = top.get(f"{path}/force")
    assert "改正之后才能生效" in page
    assert ">生效</button>" not in page
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    top.client.post(f"{path}/force", data={"csrf_token": token, "revision": "1"})
    assert "还有错误要改正" in top.get(f"{path}/force")
    assert in_force(world) == before


def test_the_check_sees_what_others_call(world: World, browser: Open) -> None:
    """What calls a process is wrong when that has no plain start any more: told with the file that it stands in."""
    top = browser(TOP)
    path = begun(top, "board_work")
    text = draft_of(world, path).text.replace('isExecutable="true"', 'isExecutable="false"', 1)
    found = send(top, path, text, to="/check").json["findings"]
    assert "board_handoff.bpmn" in {each["file"] for each in found}


def test_a_draft_comes_into_force_with_who_did_it(world: World, browser: Open) -> None:
    top = browser(TOP)
    before = in_force(world)
    path = begun(top)
    text = renamed(world, top, path)
    page = top.get(f"{path}/force")
    assert "<del>发短信</del>" in page
    assert "<ins>发短信通知</ins>" in page
    assert "已生效" in put(top, path, 1)
    after = in_force(world)
    assert {each for each in after if after[each] != before[each]} == {"portal_message"}
    with world.services.database.read() as connection:
        held = models_in_force.at(connection, ("",))["portal_message"]
        assert models_in_force.bodies(connection, [held]) == {"portal_message.bpmn": text.encode()}
        entry = list(stored(connection))[-1]
    assert (entry.by, entry.act, entry.about) == (TOP, "model.deploy", f"definition:{after['portal_message']}")
    top.get(path, 404)


def test_an_owner_of_a_place_changes_what_is_in_force_there_alone(world: World, browser: Open) -> None:
    before = in_force(world)
    local = browser(LOCAL)
    path = begun(local, place="330502")
    renamed(world, local, path)
    assert "已生效" in put(local, path, 1)
    assert in_force(world) == before
    assert in_force(world, "330502").keys() == {"portal_message"}
    assert "吴兴区" in local.get("/studio/")
    for elsewhere in ("", "3305", "330503"):
        local.post("/studio/drafts", {"place": elsewhere, "process": "rating"}, "/studio/", 404)


def test_what_came_into_force_meanwhile_is_not_undone_unseen(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    renamed(world, top, path)
    page = top.get(f"{path}/force")
    other = draft_of(world, path).text.replace("发短信通知", "发短信").replace("号码送不到", "号码不通")
    world.engine.deploy({"portal_message.bpmn": other.encode()})
    before = in_force(world)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    top.client.post(f"{path}/force", data={"csrf_token": token, "revision": "1"})
    assert in_force(world) == before
    assert draft_of(world, path).revision == 1
    page = top.get(f"{path}/force")
    assert "已有别的版本生效" in page
    assert "<del>号码不通</del>" in page
    assert ">生效</button>" not in page
    current = re.findall(r'name="current" value="(\w+)"', page)[0]
    top.post(f"{path}/adopt", {"current": current}, f"{path}/force")
    assert "已生效" in put(top, path, 1)
    assert in_force(world) != before


def test_what_was_changed_after_the_review_is_reviewed_again(world: World, browser: Open) -> None:
    top = browser(TOP)
    before = in_force(world)
    path = begun(top)
    renamed(world, top, path)
    top.get(f"{path}/force")
    renamed(world, top, path, "再改一次", seen=1)
    assert "又改过" in put(top, path, 1)
    assert in_force(world) == before


def test_a_draft_can_be_given_up(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    renamed(world, top, path)
    top.post(f"{path}/discard", {}, "/studio/")
    assert "草稿已放弃" in top.get("/studio/")
    top.get(path, 404)


def test_nobody_gets_at_somebody_elses_draft(world: World, browser: Open) -> None:
    path = begun(browser(TOP))
    local = browser(LOCAL)
    for address in (path, f"{path}.bpmn", f"{path}/force"):
        local.get(address, 404)
    browser("wx.wu").get("/studio/", 403)
