"""Process instances, found and looked after: what is shown, what is done, and to whom nothing is shown."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from processes.casework.bulk import Bulk
from processes.casework.views.instances import search as view
from processes.casework.views.instances import sources
from processes.notation.bundle import read_folder
from processes.runtime import commands as c
from processes.runtime.heat import Heat
from processes.store import history
from processes.store.tables import Case, Instance, Job, Timer, UserTask
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import MODELS, OPERATOR, World

Open = Callable[..., Browser]

ADMIN, OWNER, COORDINATOR, HANDLER = "wx.yun", "wx.xie", "wx.li", "wx.wu"


def instance_of(world: World, number: str) -> str:
    with world.services.database.read() as connection:
        return str(connection.scalar(select(Case.instance_id).where(Case.number == number)))


def act(browser: Browser, instance: str, what: str, status: int = 302, **given: Any) -> str:
    """Answer the question of a page."""
    page = browser.get(f"/instances/{instance}/{what}?at={given.get('at', '')}")
    command = re.search(r'name="command" value="([^"]+)"', page)
    assert command
    data = {"command": command.group(1), "reason": "核实后处理", **given}
    return browser.post(
        f"/instances/{instance}/{what}", data, f"/instances/{instance}/{what}?at={given.get('at', '')}", status
    )


def found(browser: Browser, query: str) -> list[str]:
    """The ids on a page of the search."""
    return re.findall(r'data-row href="/instances/([^"]+)"', browser.get(f"/instances/?{query}"))


def another(world: World, at: int) -> Any:
    """A problem that nobody takes for another one's duplicate."""
    words = ("供电增容", "排污许可", "人才公寓", "出口退税", "消防验收", "商标侵权", "贷款续期")[at]
    return world.report(
        f"N{at}", title=f"{words}的问题", body=f"我公司{words}一事已等了{at + 2}个月，请{words * 3}有关部门答复。"
    )


def last(world: World, instance: str) -> history.Entry:
    with world.services.database.read() as connection:
        return history.read(connection, instance)[-1]


# -- search --------------------------------------------------------------------------------------------------------------


def test_an_instance_is_found_by_anything_that_is_known_of_it(world: World, browser: Open) -> None:
    mine, other = world.report("H1"), world.report("H2", title="另一件")
    one = instance_of(world, mine.number)
    admin = browser(ADMIN)
    task = world.open_tasks(mine.number)[0]
    with world.services.database.read() as connection:
        row = connection.execute(select(Instance.__table__).where(Instance.id == one)).one()
    for text in (mine.number, one, task.id, row.key or mine.number):
        assert one in found(admin, f"text={text}"), text
    assert instance_of(world, other.number) not in found(admin, f"text={mine.number}")
    for query in (
        f"process={row.process_id}",
        f"process={row.process_id}&element={task.element_id}",
        f"element={task.element_id}",
        f"version={row.definition_id[:8]}",
        "state=active",
        "place=330502",
        "since=2026-11-23&until=2026-11-23",
    ):
        assert one in found(admin, query), query
    for query in (
        "process=none",
        "state=suspended",
        "state=incident",
        "since=2026-11-24",
        "until=2026-11-22",
        "text=none",
    ):
        assert one not in found(admin, query), query


def test_what_is_suspended_failed_or_waited_for_is_found(world: World, browser: Open) -> None:
    one = instance_of(world, world.report("H1").number)
    two = instance_of(world, another(world, 1).number)
    admin = browser(ADMIN)
    world.engine.execute(c.Suspend("s1", two, "盘点"))
    assert found(admin, "state=suspended") == [two]
    with world.services.database.read() as connection:
        jobs = connection.execute(select(Job.id, Job.topic, Job.instance_id).where(Job.state == "open")).all()
    job = next(each for each in jobs if each.instance_id == one)
    assert one in found(admin, f"topic={job.topic}")
    world.engine.execute(c.FailJob("f1", job.id, "短信系统没有应答", final=True))
    assert found(admin, "state=incident") == [one]
    assert found(admin, "trouble=没有应答") == [one]
    assert found(admin, "trouble=别的") == []


def test_pages_follow_each_other_and_nothing_is_left_out(
    world: World, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [another(world, at).number for at in range(7)]
    queries = ("", "state=active", f"element={world.open_tasks(numbers[0])[0].element_id}", "place=330502")
    whole = {query: found(browser(ADMIN), query) for query in queries}
    assert all(len(each) == 7 for each in whole.values())
    monkeypatch.setattr(view, "PAGE", 3)
    monkeypatch.setattr(view, "FIRST", 2)
    admin = browser(ADMIN)
    for query in queries:
        seen: list[str] = []
        path = f"/instances/?{query}"
        for _ in range(20):
            page = admin.get(path)
            seen += re.findall(r'data-row href="/instances/([^"]+)"', page)
            further = re.search(r'href="(/instances/\?[^"]*from=[^"]+)"', page)
            if further is None:
                break
            path = html.unescape(further.group(1))
        assert seen == whole[query], query


def test_a_page_looks_at_no_more_than_it_may_and_says_so(
    world: World, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(5):
        another(world, at)
    monkeypatch.setattr(sources, "RUN", 1)
    monkeypatch.setattr(view, "FIRST", 1)
    monkeypatch.setattr(view, "MOST", 2)
    page = browser(ADMIN).get("/instances/?state=cancelled")
    assert "还没有查完" in page
    assert "继续查找" in page


def test_nonsense_in_the_address_is_no_error(browser: Open) -> None:
    admin = browser(ADMIN)
    for query in (
        "from=x",
        "from=[]",
        'from=[0,"x"]',
        "from=[9]",
        "since=x&until=99",
        "state=x",
        "version=%25",
        "text=%27",
    ):
        admin.get(f"/instances/?{query}")


# -- whose instances -----------------------------------------------------------------------------------------------------


def test_only_those_who_look_after_a_place_see_its_instances(world: World, browser: Open) -> None:
    one = instance_of(world, world.report("H1").number)
    for account in (ADMIN, OWNER, COORDINATOR, "hz.yun", "zj.ge"):
        assert one in found(browser(account), ""), account
        browser(account).get(f"/instances/{one}")
    for account in ("nx.yun", "dq.xie"):
        assert found(browser(account), "") == []
        for path in (f"/instances/{one}", f"/instances/{one}/cancel", f"/instances/{one}/history/1"):
            browser(account).get(path, 404)
    browser(HANDLER).get("/instances/", 403)
    browser(HANDLER).get(f"/instances/{one}", 403)


def test_a_coordinator_looks_and_does_nothing(world: World, browser: Open) -> None:
    one = instance_of(world, world.report("H1").number)
    coordinator = browser(COORDINATOR)
    assert f"/instances/{one}/cancel" not in coordinator.get(f"/instances/{one}")
    coordinator.get(f"/instances/{one}/cancel", 403)
    coordinator.post(f"/instances/{one}/cancel", {"reason": "x", "command": "op:1"}, "/", 403)


def test_who_is_excluded_from_a_case_does_not_see_its_instance(world: World, browser: Open) -> None:
    number = world.report("H1").number
    one = instance_of(world, number)
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == number).values(excluded=[OWNER]))
    assert one not in found(browser(OWNER), "")
    browser(OWNER).get(f"/instances/{one}", 404)
    assert one in found(browser(ADMIN), "")
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == number).values(excluded=[], confidential=True))
    assert one not in found(browser(ADMIN), "")
    browser(ADMIN).get(f"/instances/{one}", 404)


# -- the page ------------------------------------------------------------------------------------------------------------


def test_the_page_shows_where_it_stands_what_it_waits_for_and_what_it_has_had(world: World, browser: Open) -> None:
    case = world.report(
        "H1",
        body="我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。<script>alert(1)</script>",
    )
    one = instance_of(world, case.number)
    page = browser(ADMIN).get(f"/instances/{one}")
    for words in (case.number, "运行中", "签收", "等人办理", "定时器", "办理记录", "启动", "变量"):
        assert words in page, words
    assert "<script>alert" not in page
    assert "新生产线投产" not in page, "texts are references"
    entry = re.search(r'href="(/instances/[^"]+/history/\d+)"', page)
    assert entry
    assert "收到的内容" in browser(ADMIN).get(entry.group(1))


def test_an_ended_instance_offers_nothing_to_do(world: World, browser: Open) -> None:
    one = instance_of(world, world.report("H1").number)
    act(browser(ADMIN), one, "cancel")
    page = browser(ADMIN).get(f"/instances/{one}")
    assert "已取消" in page
    assert f"/instances/{one}/cancel" not in page
    assert (last(world, one).kind, last(world, one).actor, last(world, one).input["reason"]) == (
        "Cancel",
        ADMIN,
        "核实后处理",
    )


# -- acts ----------------------------------------------------------------------------------------------------------------


def test_suspending_and_resuming(world: World, browser: Open) -> None:
    case = world.report("H1")
    one, admin = instance_of(world, case.number), browser(ADMIN)
    act(admin, one, "suspend")
    assert "已暂停" in admin.get(f"/instances/{one}")
    act(admin, one, "resume")
    assert "运行中" in admin.get(f"/instances/{one}")
    assert last(world, one).input["reason"] == "核实后处理"


def test_a_step_is_skipped_with_what_its_form_would_have_given(world: World, browser: Open) -> None:
    case = world.report("H1")
    one, admin = instance_of(world, case.number), browser(ADMIN)
    task = world.open_tasks(case.number)[0]
    assert task.name in admin.get(f"/instances/{one}/skip?at={task.id}")
    act(admin, one, "skip", at=task.id, json='{"outcome": "accept"}')
    assert [each.name for each in world.open_tasks(case.number)] == ["办理并答复"]
    with world.services.database.read() as connection:
        row = connection.execute(select(UserTask.state, UserTask.completed_by).where(UserTask.id == task.id)).one()
    assert tuple(row) == ("cancelled", None)


def test_a_token_is_moved_where_the_page_offers(world: World, browser: Open) -> None:
    case = world.report("H1")
    one, admin = instance_of(world, case.number), browser(ADMIN)
    task = world.open_tasks(case.number)[0]
    options = re.findall(r'<option value="([^"]+)"', admin.get(f"/instances/{one}/move?at={task.id}"))
    assert "begin" in options
    act(admin, one, "move", at=task.id, target="begin")
    assert [each.name for each in world.open_tasks(case.number)] == ["办理并答复"]
    page = act(admin, one, "move", 409, at=world.open_tasks(case.number)[0].id, target="nowhere")
    assert "只能移到同一层流程里的步骤" in page


def test_a_variable_is_changed_with_a_reason_and_checked(world: World, browser: Open) -> None:
    one, admin = instance_of(world, world.report("H1").number), browser(ADMIN)
    page = act(admin, one, "set", 422, name="note", json='{"a": nothing}')
    assert "不是正确的 JSON（第 1 行" in page
    assert "核实后处理" in page, "what was typed is kept"
    assert "请写明原因" in act(admin, one, "set", 422, name="note", json="1", reason=" ")
    act(admin, one, "set", name="note", json='{"a": "<b>1</b>"}')
    page = admin.get(f"/instances/{one}")
    assert "&lt;b&gt;1&lt;/b&gt;" in page
    assert last(world, one).input["variables"] == {"note": {"a": "<b>1</b>"}}


def test_a_large_value_is_told_of_and_not_shown(world: World, browser: Open) -> None:
    one, admin = instance_of(world, world.report("H1").number), browser(ADMIN)
    world.engine.execute(c.SetVariables("big", one, "试验", {"big": ["长" * 50] * 200}))
    page = admin.get(f"/instances/{one}")
    assert "较大的值" in page
    assert "长" * 50 not in page
    answer = admin.client.get(f"/instances/{one}/variables/big")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert len(answer.json) == 200


def test_timers_are_fired_and_moved(world: World, browser: Open) -> None:
    case = world.report("H1")
    one, admin = instance_of(world, case.number), browser(ADMIN)
    with world.services.database.read() as connection:
        timer = connection.execute(
            select(Timer.__table__).where(Timer.instance_id == one).order_by(Timer.due_at)
        ).first()
    assert timer is not None
    act(admin, one, "due", at=timer.task_id, due="2027-01-04T09:00")
    with world.services.database.read() as connection:
        due = connection.scalar(select(Timer.due_at).where(Timer.task_id == timer.task_id))
    assert due is not None
    assert due.isoformat() == "2027-01-04T01:00:00+00:00"
    act(admin, one, "fire", at=timer.task_id)
    assert last(world, one).kind == "FireNow"


def test_a_job_is_tried_now_and_an_incident_is_retried_with_other_arguments(world: World, browser: Open) -> None:
    one, admin = instance_of(world, world.report("H1").number), browser(ADMIN)
    with world.services.database.read() as connection:
        job = connection.execute(select(Job.__table__).where(Job.instance_id == one, Job.state == "open")).first()
    assert job is not None
    world.engine.execute(c.FailJob("f1", job.id, "没有应答", retry_after=3600))
    act(admin, one, "retry-job", at=job.id)
    outcome = world.engine.execute(c.FailJob("f2", job.id, "没有应答", final=True))
    assert "没有应答" in admin.get(f"/instances/{one}/retry?at={outcome.incident}")
    act(admin, one, "retry", at=outcome.incident, json="{}")
    assert last(world, one).input["reason"] == "核实后处理"
    assert "有异常" not in admin.get(f"/instances/{one}")


def test_the_second_of_two_operators_is_told(world: World, browser: Open) -> None:
    case = world.report("H1")
    one, admin = instance_of(world, case.number), browser(ADMIN)
    task = world.open_tasks(case.number)[0]
    path = f"/instances/{one}/skip?at={task.id}"
    command = re.search(r'name="command" value="([^"]+)"', admin.get(path))
    assert command
    world.complete(task.id, {"outcome": "accept"}, HANDLER)
    given = {"command": command.group(1), "reason": "x", "at": task.id, "json": "{}"}
    admin.post(f"/instances/{one}/skip", given, "/instances/")
    assert "刚刚有了变化" in admin.get(f"/instances/{one}")
    assert [each.name for each in world.open_tasks(case.number)] == ["办理并答复"]
    admin.get(path, 404)


def test_an_incident_or_job_of_another_instance_is_not_reached_through_this_one(world: World, browser: Open) -> None:
    one = instance_of(world, world.report("H1").number)
    two = instance_of(world, another(world, 1).number)
    admin = browser(ADMIN)
    with world.services.database.read() as connection:
        job = connection.execute(select(Job.__table__).where(Job.instance_id == two, Job.state == "open")).first()
    assert job is not None
    incident = world.engine.execute(c.FailJob("f1", job.id, "没有应答", final=True)).incident
    for what, at in (("retry", incident), ("retry-job", job.id), ("skip", world.open_tasks()[-1].id)):
        admin.post(
            f"/instances/{one}/{what}", {"command": "op:x", "reason": "x", "at": at, "json": "{}"}, "/instances/", None
        )
    assert "有异常" in admin.get(f"/instances/{two}")
    assert last(world, two).kind == "FailJob"


# -- many at once --------------------------------------------------------------------------------------------------------


def test_many_are_suspended_by_a_search_and_the_page_tells_how_far_it_is(world: World, browser: Open) -> None:
    for at in range(5):
        another(world, at)
    admin = browser(ADMIN)
    asked = admin.get("/instances/bulk/new?process=problem&state=active&which=all")
    assert "符合条件的 5 个流程" in asked
    given = {"process": "problem", "state": "active", "act": "suspend", "reason": "系统升级"}
    path = admin.post("/instances/bulk", given, "/instances/bulk/new?process=problem&state=active")
    assert "正在查找" in admin.get(path)
    worker = Bulk(world.engine, world.services.snapshots)
    while worker.round():
        pass
    page = admin.get(path)
    assert "已办完" in page
    assert "5 / 5" in page
    assert len(found(admin, "state=suspended")) == 5
    assert "系统升级" in admin.get("/instances/bulk")
    browser("nx.yun").get(path, 404)
    browser(COORDINATOR).get(path, 403)


def test_what_is_not_the_viewers_is_not_done_in_bulk_either(world: World, browser: Open) -> None:
    one = instance_of(world, another(world, 0).number)
    stranger = browser("nx.yun")
    given = {"act": "cancel", "reason": "x"}
    assert "请先勾选流程" in stranger.post("/instances/bulk", given, "/instances/bulk/new?place=330503", 422)
    told = stranger.post(
        "/instances/bulk", {**given, "id": one, "which": "chosen"}, "/instances/bulk/new?place=330503", 422
    )
    assert "不在您的职责范围内" in told
    stranger.post("/instances/bulk", {**given, "process": "problem"}, "/instances/bulk/new?place=330503")
    worker = Bulk(world.engine, world.services.snapshots)
    while worker.round():
        pass
    assert "运行中" in browser(ADMIN).get(f"/instances/{one}")


def test_incidents_stand_by_their_cause_with_what_to_do_and_are_retried_together(world: World, browser: Open) -> None:
    for at in range(3):
        another(world, at)
    with world.services.database.read() as connection:
        jobs = connection.execute(select(Job.id).where(Job.state == "open")).scalars().all()
    for at, job in enumerate(jobs):
        reason = f"{'短信系统没有应答，' * 8}这里之后的字不算同一个原因：{at}"
        world.engine.execute(c.FailJob(f"f{at}", job, reason, final=True))
    page = browser(OWNER).get("/incidents")
    assert page.count("外部系统多次没有办成。等它恢复后重试") == 1
    assert f"{len(jobs)} 个" in page
    together = re.search(r'href="(/instances/bulk/new\?[^"]+)">一起重试', page)
    assert together
    path = html.unescape(together.group(1))
    asked = browser(OWNER).get(path)
    assert re.search(r'value="retry" checked', asked)
    words = html.unescape(re.search(r'name="trouble" value="([^"]+)"', asked).group(1))  # type: ignore[union-attr]
    browser(OWNER).post(
        "/instances/bulk", {"state": "incident", "trouble": words, "act": "retry", "reason": "短信系统已恢复"}, path
    )
    worker = Bulk(world.engine, world.services.snapshots)
    while worker.round():
        pass
    assert "没有异常" in browser(OWNER).get("/incidents")
    assert "一起重试" not in browser(COORDINATOR).get("/incidents")


# -- where time goes -----------------------------------------------------------------------------------------------------


def test_the_heat_map_tells_of_what_has_ended(world: World, browser: Open) -> None:
    assert "这段时间没有结束的流程" in browser(OWNER).get("/instances/heat?process=problem")
    case = another(world, 0)
    world.clock.advance(timedelta(hours=5))
    world.engine.execute(
        c.Move("m", instance_of(world, case.number), "试", world.open_tasks(case.number)[0].id, "begin")
    )
    world.engine.execute(c.Cancel("c", instance_of(world, case.number), "试"))
    world.clock.advance(timedelta(minutes=3))
    assert Heat(world.services.database, world.clock).run() == 1
    page = html.unescape(browser(OWNER).get("/instances/heat?process=problem&measure=times"))
    assert "时间花在哪一步" in page
    assert re.search(r'"heat": 5, "note": "1 次，平均', page)
    answer = browser(OWNER).client.get("/instances/heat?process=problem&as=csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "handling" in answer.text
    for query in ("process=none", "since=x&until=y", "measure=x", "version=x", "since=1900-01-01&until=2999-01-01"):
        browser(OWNER).get(f"/instances/heat?{query}")
    browser(HANDLER).get("/instances/heat", 403)


def test_versions_tell_who_put_them_where_and_what_they_have_changed(world: World, browser: Open) -> None:
    seen = browser(OWNER).get("/instances/versions?process=rating")
    assert "全部地区" in seen
    assert "只部署过这一个版本" in seen
    files = read_folder([MODELS])
    table = files["rating_level.dmn"]
    files["rating_level.dmn"] = table.replace("非常满意".encode(), "十分满意".encode(), 1)
    form = "call_back.form.json"
    files[form] = files[form].replace(b'"title"', b'"description": "NEW", "title"', 1)
    diagram = files["rating.bpmn"]
    files["rating.bpmn"] = diagram.replace(b'name="stage" value="', b'name="stage" value="x', 1)
    sent = [(io.BytesIO(files[name]), name) for name in ("rating_level.dmn", form, "rating.bpmn")]
    world.clock.advance(timedelta(hours=1))
    answer = world.app.test_client().post(
        "/api/deploy", data={"files": sent, "place": "330502"}, headers={"Authorization": f"Bearer {OPERATOR}"}
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    page = html.unescape(browser(OWNER).get("/instances/versions?process=rating"))
    assert "吴兴区" in page
    assert "<del>" in page
    assert re.search(r"十分满意", page)
    assert re.search(r"<ins>NEW</ins>", page)
    assert re.search(r'"state": "changed"', page)
    old, new = re.findall(r'<option value="([0-9a-f]{64})" selected>', page)
    same = browser(OWNER).get(f"/instances/versions?process=rating&old={old}&new={old}")
    assert "这两个版本走起来没有差别" in same
    turned = html.unescape(browser(OWNER).get(f"/instances/versions?process=rating&old={new}&new={old}"))
    assert "<del>NEW</del>" in turned
    for odd in ("process=none", "old=x&new=y", "process=rating&old=../etc"):
        browser(OWNER).get(f"/instances/versions?{odd}")
    browser(HANDLER).get("/instances/versions", 403)
