"""Scenarios at review: those of the processes that would change are played in the background, and a failed one is in the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import orjson

from processes.casework import model_scenarios
from processes.casework.audit.verifying import stored
from processes.casework.model_scenarios import Bodies
from processes.casework.model_trials import LEASE
from tests.integration.gateway.test_studio import begun, draft_of, in_force, put, renamed, send
from tests.integration.studio.conftest import Studio

TOP = "zj.yun"


def test_the_scenarios_of_the_process_are_played_before_it_comes_into_force(
    studio: Studio, shipped: Callable[[str], Bodies]
) -> None:
    studio.keep(shipped("portal"))
    owner = studio.owner(TOP)
    path = begun(owner)
    renamed(studio.world, owner, path)
    before = in_force(studio.world)
    page = owner.get(f"{path}/force")
    assert "先演练这些流程的 2 个情景" in page
    assert ">生效</button>" not in page
    assert "情景还没有演练完" in put(owner, path, 1)
    owner.post(f"{path}/play", {}, f"{path}/force")
    page = owner.get(f"{path}/force")
    assert "data-progress" in page
    trials = studio.trials
    assert trials.round()
    assert re.search(r"1 / 2", owner.get(f"{path}/force"))
    while trials.round():
        pass
    page = owner.get(f"{path}/force")
    assert "演练了 2 个情景，2 个相符" in page
    assert "data-progress" not in page
    assert in_force(studio.world) == before
    assert "已生效" in put(owner, path, 1)
    assert in_force(studio.world) != before


def failing(shipped: Callable[[str], Bodies]) -> Bodies:
    """The scenarios of the portal, one of which expects what never comes."""
    files = dict(shipped("portal")["portal_message"])
    said = orjson.loads(files["code-sent.scenario.json"])
    said["then"]["state"] = "cancelled"
    return {"portal_message": {**files, "code-sent.scenario.json": orjson.dumps(said)}}


def test_a_failed_one_is_in_the_way_unless_somebody_says_why(studio: Studio, shipped: Callable[[str], Bodies]) -> None:
    studio.keep(failing(shipped))
    owner = studio.owner(TOP)
    path = begun(owner)
    renamed(studio.world, owner, path)
    before = in_force(studio.world)
    owner.post(f"{path}/play", {}, f"{path}/force")
    studio.play()
    page = owner.get(f"{path}/force")
    assert "有 1 个情景不符" in page
    assert "流程：应为 &#34;已终止&#34;" in page
    assert "有情景不符。请先改正" in put(owner, path, 1)
    assert in_force(studio.world) == before
    owner.post(f"{path}/force", {"revision": "1", "reason": "情景写错了，下周改"}, f"{path}/force")
    assert in_force(studio.world) != before
    with studio.world.services.database.read() as connection:
        entry = list(stored(connection))[-1]
    assert orjson.loads(entry.detail)["reason"] == "情景写错了，下周改"
    assert orjson.loads(entry.detail)["failed"] == 1


def test_what_was_played_is_played_again_when_the_draft_changes(
    studio: Studio, shipped: Callable[[str], Bodies]
) -> None:
    studio.keep(shipped("portal"))
    owner = studio.owner(TOP)
    path = begun(owner)
    text = renamed(studio.world, owner, path)
    owner.post(f"{path}/play", {}, f"{path}/force")
    studio.play()
    assert send(owner, path, text.replace("发短信通知", "再改"), revision=1).status_code == 200
    assert "先演练" in owner.get(f"{path}/force")


def test_another_process_goes_on_where_one_died(studio: Studio, shipped: Callable[[str], Bodies]) -> None:
    studio.keep(shipped("portal"))
    owner = studio.owner(TOP)
    path = begun(owner)
    renamed(studio.world, owner, path)
    owner.post(f"{path}/play", {}, f"{path}/force")
    assert studio.trials.round()
    assert not studio.trials.round()
    studio.world.clock.advance(LEASE + timedelta(seconds=1))
    studio.play()
    assert "演练了 2 个情景，2 个相符" in owner.get(f"{path}/force")


def test_a_place_with_a_version_of_its_own_has_its_own_scenarios(
    studio: Studio, shipped: Callable[[str], Bodies]
) -> None:
    studio.keep(shipped("portal"))
    local = studio.owner("wx.xie")
    path = begun(local, place="330502")
    renamed(studio.world, local, path)
    local.post(f"{path}/play", {}, f"{path}/force")
    studio.play()
    assert "已生效" in put(local, path, 1)
    studio.keep({"portal_message": {}})
    with studio.world.services.database.read() as connection:
        assert len(model_scenarios.at(connection, ("330502", "3305", "33", ""))["portal_message"]) == 2
        assert model_scenarios.at(connection, ("330503", ""))["portal_message"] == {}


def test_a_change_at_a_place_leaves_what_it_calls_to_the_superior(studio: Studio) -> None:
    local = studio.owner("wx.xie")
    path = begun(local, "handling", "330502")
    text = draft_of(studio.world, path).text
    name = re.search(r'<bpmn:userTask id="\w+" name="([^"]+)"', text)
    assert name
    send(local, path, text.replace(f'name="{name.group(1)}"', 'name="另一个名称"', 1), revision=0)
    assert "已生效" in put(local, path, 1)
    assert "board_work" not in in_force(studio.world, "330502")
    assert "handling" in in_force(studio.world, "330502")
