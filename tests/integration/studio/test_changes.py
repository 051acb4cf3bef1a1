"""Four eyes and planned changes: asked, approved or sent back, at once or at a time, and what comes in between."""

from __future__ import annotations

import re
from datetime import timedelta

import orjson
import pytest

from processes.casework import model_changes, model_drafts
from processes.casework.audit.verifying import stored
from processes.casework.model_changes import Change
from processes.casework.planned_changes import PlannedChanges
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.test_studio import begun, draft_of, in_force, renamed, send
from tests.integration.studio.conftest import Studio

AUTHOR, PLACE = "dq.xie", "330521"
"""Where the shipped data asks for a second person."""

ABOVE = "hz.xie"
TOP = "zj.yun"


def asked(studio: Studio, **more: str) -> tuple[Browser, str]:
    """The author asks for approval of a renamed step; returns the browser and the draft's page."""
    author = studio.owner(AUTHOR)
    path = begun(author, place=PLACE)
    authored(studio, author, path)
    page = f"{path}/force"
    assert "请求批准" in author.get(page)
    told = author.get(author.post(page, {"revision": "1", **more}, page))
    assert "已请另一位流程负责人批准" in told
    return author, path


def authored(studio: Studio, author: Browser, path: str) -> None:
    text = text_of(studio, path).replace('name="发短信"', 'name="发短信通知"')
    assert send(author, path, text, revision=0).status_code == 200


def text_of(studio: Studio, path: str) -> str:
    with studio.world.services.database.read() as connection:
        found = model_drafts.one(connection, path.rpartition("/")[2])
    assert found is not None
    return found.text


def changes(studio: Studio, place: str = PLACE) -> list[Change]:
    with studio.world.services.database.read() as connection:
        return list(model_changes.at(connection, place))


def acts(studio: Studio) -> list[tuple[str, str]]:
    with studio.world.services.database.read() as connection:
        return [(each.act, each.by) for each in stored(connection) if each.act.startswith("model.")]


def planned(studio: Studio) -> PlannedChanges:
    """An engine process's."""
    services = studio.world.services
    return PlannedChanges(services.engine, services.snapshots, services.check)


def test_somebody_else_sees_the_change_and_approves_it(studio: Studio) -> None:
    author, path = asked(studio, remark="短信要说清是通知")
    assert "等待批准" in author.get(f"/studio/?place={PLACE}")
    assert in_force(studio.world, PLACE) == {}
    other = studio.owner(ABOVE)
    page = other.get("/studio/")
    assert "等您批准的修改 1 个" in page
    address = re.findall(r'href="(/studio/changes/[^"]+)"', page)[0]
    page = other.get(address)
    assert "短信要说清是通知" in page
    assert "<ins>发短信通知</ins>" in page
    assert other.client.get(f"{address}.bpmn").status_code == 200
    assert "已批准，并已生效" in other.get(other.post(f"{address}/approve", {}, address))
    assert in_force(studio.world, PLACE).keys() == {"portal_message"}
    assert acts(studio) == [("model.ask", AUTHOR), ("model.deploy", ABOVE), ("model.approve", ABOVE)]
    author.get(path, 404)
    other.get(address, 404)


def test_nobody_approves_a_change_of_his_own(studio: Studio) -> None:
    author, _path = asked(studio)
    (change,) = changes(studio)
    address = f"/studio/changes/{change.id}"
    author.get(address, 404)
    author.post(f"{address}/approve", {}, "/studio/", 404)
    assert "等您批准" not in author.get("/studio/")
    assert in_force(studio.world, PLACE) == {}


def test_a_neighbour_is_not_asked(studio: Studio) -> None:
    asked(studio)
    (change,) = changes(studio)
    neighbour = studio.owner("wx.xie")
    assert "等您批准" not in neighbour.get("/studio/")
    neighbour.get(f"/studio/changes/{change.id}", 404)


def test_it_is_sent_back_with_a_remark(studio: Studio) -> None:
    author, path = asked(studio)
    (change,) = changes(studio)
    other, address = studio.owner(TOP), f"/studio/changes/{change.id}"
    assert "请写明为什么退回" in other.get(other.post(f"{address}/return", {"answer": " "}, address))
    other.post(f"{address}/return", {"answer": "名称太长"}, address)
    page = author.get(f"{path}/force")
    assert "退回了这次修改" in page
    assert "名称太长" in page
    assert "被退回" in author.get("/studio/")
    assert acts(studio)[-1] == ("model.return", TOP)
    told = author.post(f"{path}/force", {"revision": "1"}, f"{path}/force")
    assert "已请另一位" in author.get(told)


def test_a_draft_that_is_changed_afterwards_has_to_be_asked_for_again(studio: Studio) -> None:
    author, path = asked(studio)
    (change,) = changes(studio)
    other, address = studio.owner(TOP), f"/studio/changes/{change.id}"
    other.get(address)
    assert send(author, path, text_of(studio, path).replace("发短信通知", "别的"), revision=1).status_code == 200
    other.get(address, 404)
    other.post(f"{address}/approve", {}, "/studio/", 404)
    assert "原来的不再算数" in author.get(f"{path}/force")
    assert in_force(studio.world, PLACE) == {}


def test_what_is_asked_for_can_be_withdrawn(studio: Studio) -> None:
    author, path = asked(studio)
    (change,) = changes(studio)
    author.post(f"{path}/withdraw", {}, f"{path}/force")
    studio.owner(TOP).get(f"/studio/changes/{change.id}", 404)
    assert acts(studio)[-1] == ("model.withdraw", AUTHOR)


def test_an_approved_change_comes_into_force_at_its_time_and_once(studio: Studio) -> None:
    asked(studio, at="2026-11-23T18:00")
    (change,) = changes(studio)
    other, address = studio.owner(TOP), f"/studio/changes/{change.id}"
    assert "2026年11月23日 18:00" in other.get(address)
    other.post(f"{address}/approve", {}, address)
    planned(studio).round()
    assert in_force(studio.world, PLACE) == {}
    studio.world.clock.advance(timedelta(hours=9))
    engines = [planned(studio), planned(studio)]
    for each in engines:
        each.round()
    assert in_force(studio.world, PLACE).keys() == {"portal_message"}
    assert changes(studio) == []
    assert acts(studio).count(("model.deploy", AUTHOR)) == 1
    with studio.world.services.database.read() as connection:
        entry = list(stored(connection))[-1]
    assert orjson.loads(entry.detail)["approved"] == TOP


@pytest.fixture
def waiting(studio: Studio) -> tuple[Studio, Browser, str]:
    """A change of everything that is planned for the evening."""
    top = studio.owner(TOP)
    path = begun(top)
    renamed(studio.world, top, path)
    page = f"{path}/force"
    told = top.get(top.post(page, {"revision": "1", "at": "2026-11-23T18:00"}, page))
    assert "已排定：2026年11月23日 18:00 生效" in told
    assert "2026年11月23日 18:00 生效" in top.get("/studio/")
    return studio, top, path


def test_a_planned_change_can_be_withdrawn(waiting: tuple[Studio, Browser, str]) -> None:
    studio, top, path = waiting
    before = in_force(studio.world)
    top.post(f"{path}/withdraw", {}, f"{path}/force")
    studio.world.clock.advance(timedelta(hours=9))
    planned(studio).round()
    assert in_force(studio.world) == before


def test_what_has_come_into_force_meanwhile_is_not_undone(waiting: tuple[Studio, Browser, str]) -> None:
    studio, top, path = waiting
    other = text_of(studio, path).replace("发短信通知", "发短信").replace("号码送不到", "号码不通")
    studio.world.engine.deploy({"portal_message.bpmn": other.encode()})
    before = in_force(studio.world)
    studio.world.clock.advance(timedelta(hours=9))
    for _ in range(2):
        planned(studio).round()
    assert in_force(studio.world) == before
    top = studio.owner(TOP)
    assert "没有按时生效" in top.get("/studio/")
    page = top.get(f"{path}/force")
    assert "排定在 2026年11月23日 18:00，但没有生效" in page
    assert "已有别的版本生效" in page
    assert acts(studio).count(("model.miss", TOP)) == 1


def test_what_fails_the_check_by_then_does_not_come_into_force(waiting: tuple[Studio, Browser, str]) -> None:
    studio, _top, path = waiting
    before = in_force(studio.world)
    studio.world.clock.advance(timedelta(hours=9))
    services = studio.world.services
    refusing = PlannedChanges(
        services.engine, services.snapshots, lambda files: services.check({**files, "x.bpmn": b"<x/>"})
    )
    refusing.round()
    assert in_force(studio.world) == before
    assert "还有错误要改正" in studio.owner(TOP).get(f"{path}/force")


def test_a_draft_that_is_changed_after_it_was_planned_does_not_come_into_force(
    waiting: tuple[Studio, Browser, str],
) -> None:
    studio, top, path = waiting
    before = in_force(studio.world)
    send(top, path, text_of(studio, path).replace("发短信通知", "别的"), revision=1)
    studio.world.clock.advance(timedelta(hours=9))
    planned(studio).round()
    assert in_force(studio.world) == before
    assert "草稿在批准或排定之后又改过" in studio.owner(TOP).get(f"{path}/force")


@pytest.mark.parametrize("at", ["2026-11-23T09:00", "morgen", "2026-11-31T09:00"])
def test_a_time_lies_ahead(studio: Studio, at: str) -> None:
    top = studio.owner(TOP)
    path = begun(top)
    renamed(studio.world, top, path)
    before = in_force(studio.world)
    told = top.get(top.post(f"{path}/force", {"revision": "1", "at": at}, f"{path}/force"))
    assert "没有排定" in told
    assert in_force(studio.world) == before
    assert draft_of(studio.world, path)
