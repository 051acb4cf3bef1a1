"""Whose a task is: taken, given back, passed on, handed out; and how the inbox shows it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from processes.casework import assignment
from processes.casework.tidying import Tidying
from processes.runtime.assigning import AssignedMeanwhile
from processes.store import history
from processes.store.tables import Case, UserTask
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World, build

Open = Callable[..., Browser]

# Two who do the same work of one board.
ONE, OTHER = "wx.wang", "wx.qian"

PROBLEMS = (
    "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。",
    "我公司新建项目用地审批卡了三个月，厂房建设项目不能开工，请协调。",
    "高新园区的车间每周停电两次以上，供电部门答复要等线路改造，订单赔了不少，希望尽快改造供电线路。",
)
"""Not alike, so that none is taken for another's duplicate."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Iterator[World]:
    """On both databases."""
    if request.param == "sqlite":
        (tmp_path / "gateway.db").write_bytes(template.read_bytes())
        found = build(tmp_path, fresh=False)
    else:
        found = build(tmp_path, url=request.getfixturevalue("postgres_url"))
    yield found
    found.services.database.dispose()


def basic(world: World, number: str) -> str:
    """The task of a case, as one of the board of basic services; its id."""
    (task,) = world.open_tasks(number)
    with world.services.database.write() as connection:
        connection.execute(update(UserTask).where(UserTask.id == task.id).values(organisation="330502.basic"))
    return str(task.id)


def counted(browser: Browser) -> dict[str, str]:
    """The numbers on the tabs."""
    answer = browser.client.get("/inbox/counts")
    return {tab: each["text"] for tab, each in answer.json.items()}


def kinds(world: World, number: str) -> list[tuple[str, str | None]]:
    """How the task was arranged, by the history."""
    with world.services.database.read() as connection:
        (instance,) = {row.instance_id for row in world.open_tasks(number)}
        entries = history.read(connection, instance)
    return [(each.input["how"], each.actor) for each in entries if each.kind == "Assign"]


def test_a_task_is_taken_and_given_back(world: World, browser: Open) -> None:
    number = world.report("H1").number
    task = basic(world, number)
    one, other = browser(ONE), browser(OTHER)
    assert number in one.get("/")
    assert number in other.get("/")
    one.post(f"/tasks/{task}/claim", {"command": "c1"}, "/")
    assert counted(one) == {"todo": "1", "mine": "1", "board": "1", "delegated": "0"}
    assert counted(other) == {"todo": "0", "mine": "0", "board": "1", "delegated": "0"}
    assert "正在办" in other.get("/?tab=board")
    other.get(f"/tasks/{task}", status=403)
    one.post(f"/tasks/{task}/release", {"command": "c2", "seen": ONE}, "/")
    assert number in other.get("/")
    assert kinds(world, number) == [("claim", ONE), ("release", ONE)]
    assert "领取“签收”" in browser("wx.li").get(f"/cases/{number}")


def test_of_two_who_take_it_at_once_the_second_is_told(world: World, browser: Open) -> None:
    task = basic(world, world.report("H1").number)
    one, other = browser(ONE), browser(OTHER)
    one.post(f"/tasks/{task}/claim", {"command": "c1"}, "/")
    other.post(f"/tasks/{task}/claim", {"command": "c2"}, "/")
    page = other.get("/")
    assert "晚了一步" in page
    assert world.services.snapshots.now().reference.person_name(ONE) in page
    assert counted(one)["mine"] == "1"
    other.post(f"/tasks/{task}/claim", {"command": "c3", "seen": ONE}, "/")
    assert counted(other)["mine"] == "1"


def test_a_colleague_is_asked_and_either_may_do_it(world: World, browser: Open) -> None:
    number = world.report("H1").number
    task = basic(world, number)
    one, other = browser(ONE), browser(OTHER)
    page = one.get(f"/tasks/{task}/arrange")
    assert re.findall(r'<option value="(wx\.[^"]+)"', page) == [OTHER]
    one.post(f"/tasks/{task}/delegate", {"to": OTHER, "command": "c1"}, "/")
    assert counted(one) == {"todo": "0", "mine": "0", "board": "1", "delegated": "1"}
    assert "转交给您" in other.get("/?tab=mine")
    other.post(f"/tasks/{task}/release", {"command": "c2", "seen": OTHER}, "/")
    assert counted(one)["mine"] == "1"
    assert kinds(world, number) == [("delegate", ONE), ("give_back", OTHER)]
    one.post(f"/tasks/{task}/delegate", {"to": OTHER, "command": "c3", "seen": ONE}, "/")
    assert "签收" in one.get(f"/tasks/{task}")
    other.post(f"/tasks/{task}", {"outcome": "accept", "command": "c4"}, f"/tasks/{task}")
    assert [each.name for each in world.open_tasks(number)] == ["办理并答复"]


def test_only_who_may_do_it_is_asked(world: World, browser: Open) -> None:
    task = basic(world, world.report("H1").number)
    one = browser(ONE)
    one.post(f"/tasks/{task}/delegate", {"to": "wx.wu", "command": "c1"}, "/")
    assert "不能办理这项任务" in one.get("/")
    with world.services.database.write() as connection:
        connection.execute(update(UserTask).values(excluded=[OTHER]))
    one.post(f"/tasks/{task}/delegate", {"to": OTHER, "command": "c2"}, "/")
    assert "不能办理这项任务" in one.get("/")
    browser("wx.wu").get(f"/tasks/{task}/arrange", status=404)
    assert browser(OTHER).post(f"/tasks/{task}/claim", {}, "/", status=404)


def test_refusals_are_told_in_the_language_of_the_page(world: World, browser: Open) -> None:
    task = basic(world, world.report("H1").number)
    one = browser(ONE)
    one.post("/language", {"language": "en", "back": "/"}, "/")
    one.post(f"/tasks/{task}/delegate", {"to": "wx.wu", "command": "c1"}, "/")
    page = one.get("/")
    assert "吴致远 may not do this task" in page
    assert "不能办理这项任务" not in page


def test_what_the_diagram_gives_to_somebody_is_not_taken_from_him(world: World, browser: Open) -> None:
    task = basic(world, world.report("H1").number)
    with world.services.database.write() as connection:
        connection.execute(update(UserTask).values(assignee=ONE))
    assert browser(OTHER).post(f"/tasks/{task}/claim", {"seen": ONE}, "/", status=404)
    one = browser(ONE)
    one.post(f"/tasks/{task}/release", {"seen": ONE}, "/")
    assert "不能退回" in one.get("/")
    one.post(f"/tasks/{task}/delegate", {"to": OTHER, "seen": ONE, "command": "c1"}, "/")
    browser(OTHER).post(f"/tasks/{task}/release", {"seen": OTHER, "command": "c2"}, "/")
    assert counted(one)["mine"] == "1"


def test_a_coordinator_hands_out_several_and_is_told_of_each(world: World, browser: Open) -> None:
    numbers = [world.report(f"H{at}", body=body, title="").number for at, body in enumerate(PROBLEMS)]
    tasks = [basic(world, number) for number in numbers]
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == numbers[2]).values(confidential=True))
    coordinator = browser("wx.li")
    page = coordinator.get("/?tab=place")
    assert numbers[0] in page
    assert numbers[2] not in page
    browser(ONE).post(f"/tasks/{tasks[1]}/claim", {"command": "c1"}, "/")
    chosen = {"task": [f"{tasks[0]}|", f"{tasks[1]}|"], "to": OTHER, "command": "c2"}
    answer = coordinator.post("/inbox/assign", chosen, "/?tab=place", status=200)
    assert answer.count("已指派</span>") == 1
    assert "刚刚有了变化" in answer
    assert counted(browser(OTHER))["mine"] == "1"
    answer = coordinator.post("/inbox/assign", {"task": f"{tasks[1]}|{ONE}", "to": "wx.wu"}, "/?tab=place", status=200)
    assert "不能办理" in answer
    coordinator.post("/inbox/assign", {"task": f"{tasks[2]}|", "to": OTHER}, "/?tab=place", status=404)
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == numbers[0]).values(excluded=["wx.li"]))
    assert numbers[0] not in coordinator.get("/?tab=place")
    coordinator.post("/inbox/assign", {"task": f"{tasks[0]}|", "to": OTHER}, "/?tab=place", status=404)
    browser(ONE).post("/inbox/assign", {"task": f"{tasks[0]}|", "to": ONE}, "/", status=403)
    browser("nx.li").post("/inbox/assign", {"task": f"{tasks[0]}|", "to": ONE}, "/", status=404)


def test_a_substitute_sees_what_is_taken_by_whom_he_stands_in_for(world: World, browser: Open) -> None:
    number = world.report("H1").number
    with world.services.database.write() as connection:
        connection.execute(update(UserTask).values(organisation="330502.policy", assignee="wx.zheng", taken=True))
    assert number in browser("wx.feng").get("/?tab=mine")


def test_counts_are_told_again_only_when_they_change(world: World, browser: Open) -> None:
    one = browser(ONE)
    first = one.client.get("/inbox/counts")
    assert first.json["todo"] == {"text": "0", "red": 0}
    again = one.client.get("/inbox/counts", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    basic(world, world.report("H1").number)
    world.clock.advance(timedelta(days=30))
    one.log_in(ONE)
    fresh = one.client.get("/inbox/counts", headers={"If-None-Match": first.headers["ETag"]})
    assert fresh.json["todo"] == {"text": "1", "red": 1}


def test_the_inbox_is_narrowed_ordered_and_remembered(world: World, browser: Open) -> None:
    first, second = (world.report(f"H{at}", body=body, title="").number for at, body in enumerate(PROBLEMS[:2]))
    tasks = [basic(world, each) for each in (first, second)]
    with world.services.database.write() as connection:
        connection.execute(update(UserTask).where(UserTask.id == tasks[1]).values(priority=7))
    one = browser(ONE)
    page = one.get("/?order=priority")
    assert page.index(second) < page.index(first)
    page = one.get("/?urgent=1&stage=assignment")
    assert second in page
    assert "紧急" in page
    assert first not in page.split("<main")[1]
    one.post(f"/tasks/{tasks[0]}/follow-up", {"day": "2026-11-23"}, "/")
    page = one.get("/?reminded=1")
    assert first in page
    assert second not in page
    assert first not in browser(OTHER).get("/?reminded=1")
    query = {"name": "要紧的", "query": "urgent=1&evil=2&tab=todo", "preferred": "on"}
    assert one.post("/inbox/filters", query, "/?urgent=1") == "/?tab=todo&urgent=1"
    assert one.client.get("/").location == "/?tab=todo&urgent=1"
    assert "要紧的★" in one.get("/?tab=todo")
    one.post("/inbox/filters/drop", {"name": "要紧的"}, "/?tab=todo")
    assert "要紧的" not in one.get("/").replace("已删除", "")


def test_another_way_is_chosen_on_the_tasks_form(world: World, browser: Open) -> None:
    task = basic(world, world.report("H1").number)
    one = browser(ONE)
    way = re.search(r'href="(/tasks/[^"]+\?outcome=dispute)"', one.get(f"/tasks/{task}/arrange"))
    assert way
    assert 'data-chosen="dispute"' in one.get(way.group(1))
    assert 'data-chosen=""' in one.get(f"/tasks/{task}?outcome=nonsense")


def test_of_many_who_take_it_at_the_same_moment_one_has_it(world: World) -> None:
    number = world.report("H1").number
    task = basic(world, number)
    endings: list[str] = []

    def take(person: str) -> None:
        try:
            assignment.claim(world.engine, task, person, None, f"claim-{person}")
            endings.append(person)
        except AssignedMeanwhile as late:
            endings.append(f"late: {late.assignee}")

    threads = [threading.Thread(target=take, args=[person]) for person in (ONE, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (winner,) = (each for each in endings if not each.startswith("late"))
    assert sorted(endings) == sorted([winner, f"late: {winner}"])
    assert world.open_tasks(number)[0].assignee == winner


def test_reminders_of_what_is_done_are_collected(world: World, browser: Open) -> None:
    task = basic(world, world.report("H1").number)
    one = browser(ONE)
    one.post(f"/tasks/{task}/follow-up", {"day": "2026-11-24"}, "/")
    tidying = Tidying(world.services.database, world.clock)
    world.clock.advance(timedelta(days=30))
    assert tidying.run() == 0
    world.complete(task, {"outcome": "accept"}, ONE)
    assert tidying.run() == 1


def test_a_command_is_done_once(world: World) -> None:
    task = basic(world, world.report("H1").number)
    first = assignment.claim(world.engine, task, ONE, None, "claim-1")
    again = assignment.claim(world.engine, task, ONE, None, "claim-1")
    assert (first.duplicate, again.duplicate) == (False, True)
