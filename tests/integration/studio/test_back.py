"""The way back: an earlier version, or the superior's, in force again; and how many cases run on each version."""

from __future__ import annotations

import re

from sqlalchemy import event

from processes.casework import model_back, model_scenarios, models_in_force
from processes.casework.audit.verifying import stored
from processes.runtime import commands as c
from tests.integration.gateway.test_studio import begun, draft_of, in_force, put, renamed, send
from tests.integration.studio.conftest import Studio

TOP, LOCAL, PLACE = "zj.yun", "wx.xie", "330502"

PAST = "/studio/versions?place={place}&process={process}"


def link(page: str, words: str) -> str:
    """The address of the first link of these words."""
    found = re.search(rf'href="([^"]+)"[^>]*>{words}</a>', page)
    assert found, page
    return found.group(1).replace("&amp;", "&")


def confirm(browser: object, address: str) -> str:
    """Press the button of the page at this address."""
    from tests.integration.gateway.conftest import Browser

    assert isinstance(browser, Browser)
    page = browser.get(address)
    given = dict(re.findall(r'type="hidden" name="(place|process|version|current)" value="([^"]*)"', page))
    return browser.get(browser.post("/studio/versions/back", given, address))


def test_an_earlier_version_is_in_force_again_and_cases_stay_where_they_are(studio: Studio) -> None:
    top = studio.owner(TOP)
    before = in_force(studio.world)
    engine = studio.world.engine
    first = engine.execute(c.Start("s-1", "portal_message", PLACE, {"message": {"id": "1"}})).instance_id
    path = begun(top)
    renamed(studio.world, top, path)
    put(top, path, 1)
    changed = in_force(studio.world)
    page = top.get(PAST.format(place="", process="portal_message"))
    assert before["portal_message"][:8] in page
    assert re.search(r'在办件数[^>]*><span class="number">1<', page)
    address = link(page, "恢复这个版本")
    assert "<ins>发短信</ins>" in top.get(address)
    assert "已恢复" in confirm(top, address)
    assert in_force(studio.world) == before
    with studio.world.services.database.read() as connection:
        entry = list(stored(connection))[-1]
        counts = model_back.running(connection, [before["portal_message"], changed["portal_message"]])
    assert (entry.act, entry.by, entry.about) == ("model.back", TOP, f"definition:{before['portal_message']}")
    assert counts == {before["portal_message"]: 1}
    assert first
    assert "已恢复" in confirm(top, link(top.get(PAST.format(place="", process="portal_message")), "恢复这个版本"))
    assert in_force(studio.world) == changed


def test_what_calls_it_comes_back_with_it(studio: Studio) -> None:
    top = studio.owner(TOP)
    before = in_force(studio.world)
    path = begun(top, "board_work")
    text = draft_of(studio.world, path).text
    name = re.search(r'<bpmn:userTask id="\w+" name="([^"]+)"', text)
    assert name
    send(top, path, text.replace(f'name="{name.group(1)}"', 'name="另一个名称"', 1), revision=0)
    assert "已生效" in put(top, path, 1)
    changed = in_force(studio.world)
    assert {each for each in before if before[each] != changed[each]} >= {"board_work", "board_handoff", "handling"}
    address = link(top.get(PAST.format(place="", process="board_work")), "恢复这个版本")
    assert "也一起恢复" in top.get(address)
    confirm(top, address)
    assert in_force(studio.world) == before


def test_a_place_gives_its_own_version_up(studio: Studio) -> None:
    local = studio.owner(LOCAL)
    with studio.world.services.database.write() as connection:
        model_scenarios.keep(connection, "", "board_work", {})
    page = local.get(PAST.format(place=PLACE, process="board_work"))
    assert "跟上级一致" not in page
    path = begun(local, "board_work", PLACE)
    text = draft_of(studio.world, path).text
    name = re.search(r'<bpmn:userTask id="\w+" name="([^"]+)"', text)
    assert name
    send(local, path, text.replace(f'name="{name.group(1)}"', 'name="另一个名称"', 1), revision=0)
    assert "已生效" in put(local, path, 1)
    assert {"board_work", "board_handoff", "handling"} <= in_force(studio.world, PLACE).keys()
    address = link(local.get(PAST.format(place=PLACE, process="board_work")), "不再单用，跟上级一致")
    assert "跟上级一致，可以吗" in local.get(address)
    assert "已恢复" in confirm(local, address)
    assert in_force(studio.world, PLACE) == {}
    back = link(local.get(PAST.format(place=PLACE, process="board_work")), "恢复这个版本")
    confirm(local, back)
    assert "board_work" in in_force(studio.world, PLACE)


def test_nobody_goes_back_to_a_version_of_another_place_or_unseen(studio: Studio) -> None:
    local, top = studio.owner(LOCAL), studio.owner(TOP)
    before = in_force(studio.world)
    path = begun(top)
    renamed(studio.world, top, path)
    put(top, path, 1)
    other = {"place": PLACE, "process": "portal_message", "version": before["portal_message"], "current": ""}
    local.post("/studio/versions/back", other, "/studio/", 404)
    local.post("/studio/versions/back", {**other, "place": ""}, "/studio/", 404)
    stale = {**other, "place": "", "current": before["portal_message"]}
    told = top.get(top.post("/studio/versions/back", stale, "/studio/"))
    assert "已有别的版本生效" in told


def test_running_cases_are_counted_along_one_index(studio: Studio) -> None:
    seen: list[tuple[str, object]] = []
    with studio.world.services.database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda _c, _k, sql, given, *_: seen.append((sql, given)))
        model_back.running(connection, ["a", "b"])
        ((sql, given),) = seen
        if connection.dialect.name == "sqlite":
            plan = " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given))
            assert "ix_instance_running" in plan


def test_of_a_file_that_two_places_hold_differently_the_one_in_force_is_certain(studio: Studio) -> None:
    """A place's own ``handling`` is pinned with the ``board_work`` of that day; when that is changed everywhere, the new one holds there."""
    engine, path = studio.world.engine, (PLACE, "3305", "33", "")
    with studio.world.services.database.read() as connection:
        bodies = models_in_force.bodies(connection, models_in_force.at(connection, path).values())
    own = {**bodies, "handling.bpmn": bodies["handling.bpmn"] + b"<!-- own -->"}
    with studio.world.services.database.write() as connection:
        engine.definitions.deploy(connection, own, PLACE, studio.world.clock.now(), {"handling"})
    newer = bodies["board_work.bpmn"] + b"<!-- newer -->"
    engine.deploy({**bodies, "board_work.bpmn": newer})
    with studio.world.services.database.read() as connection:
        held = models_in_force.at(connection, path)
        found = models_in_force.bodies(connection, held.values())
    assert found["board_work.bpmn"] == newer
    assert found["handling.bpmn"] == own["handling.bpmn"]
