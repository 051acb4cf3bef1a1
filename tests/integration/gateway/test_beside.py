"""What stands beside a task's form: answer templates, similar problems that were solved, what each outcome leads to."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select, update

from processes.casework import loading, rehearsal
from processes.messaging.bus import Message
from processes.store.tables import AnswerTemplate, Case, HistoryEntry, Job, OutboxMessage, UserTask
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.test_staff_pages import _finish_jobs
from tests.integration.gateway.world import MODELS, World

Open = Callable[..., Browser]

ANSWER = "经与供电公司对接，增容方案已批复，12月5日前完成送电。"


# ---- what comes next -------------------------------------------------------------------------------------------------


def test_each_outcome_says_who_is_next_and_until_when(world: World, browser: Open) -> None:
    task = _handling(world)
    page = re.sub(r"<[^>]+>|\s+", "", browser("wx.wu").get(f"/tasks/{task.id}"))
    assert "答复企业系统自动“答复企业”，然后系统自动“邀请企业评价”，然后等待“收到评价”（5个工作日内）" in page
    assert "申请延期由吴兴区中心协调员办理“审批延期”（1个工作日内）" in page
    assert "转部门办理由吴兴区部门经办人办理“部门办理”" in page


def test_to_look_ahead_does_nothing(world: World) -> None:
    task = _handling(world)
    before = _everything(world)
    with world.services.database.read() as connection:
        told = rehearsal.rehearse(world.engine, connection, task, {"ask": {"outcome": "ask"}})
    assert [step.kind for step in told["ask"]] == [rehearsal.SYSTEM, rehearsal.MESSAGE]
    assert _everything(world) == before
    assert world.open_tasks(task.number)[0].id == task.id


def test_of_what_cannot_be_told_nothing_is_said(world: World) -> None:
    task = _handling(world)
    unknown = SimpleNamespace(id="x-1", instance_id=task.instance_id, definition_id=task.definition_id, place="330502")
    with world.services.database.read() as connection:
        assert rehearsal.rehearse(world.engine, connection, unknown, {"x": {}}) == {}
        unknown.instance_id = "nowhere"
        assert rehearsal.rehearse(world.engine, connection, unknown, {"x": {}}) == {}


# ---- similar ones ----------------------------------------------------------------------------------------------------


def test_a_similar_problem_that_was_solved_stands_there_with_its_answer(world: World, browser: Open) -> None:
    number = _solved(world)
    page = browser("wx.wu").get(f"/tasks/{_handling(world).id}")
    assert "相似的已办结问题" in page
    assert number in page
    assert ANSWER in page
    assert "评价：非常满意" in page


def test_only_what_the_viewer_may_see_is_compared(world: World, browser: Open) -> None:
    number = _solved(world)
    task = _handling(world)
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == number).values(confidential=True, excluded=["wx.wu"]))
        connection.execute(update(UserTask).where(UserTask.case_id.in_(_id_of(number))).values(excluded=["wx.wu"]))
    assert ANSWER not in browser("wx.wu").get(f"/tasks/{task.id}")


def test_what_is_not_similar_is_not_shown(world: World, browser: Open) -> None:
    _solved(world, title="项目用地审批", body="新建厂房用地审批卡了三个月，建设项目一直不能开工。")
    assert ANSWER not in browser("wx.wu").get(f"/tasks/{_handling(world).id}")


# ---- templates -------------------------------------------------------------------------------------------------------


def test_templates_of_the_board_and_of_places_above_are_filled_in_from_the_case(world: World, browser: Open) -> None:
    task = _handling(world)
    page = browser("wx.wu").get(f"/tasks/{task.id}")
    assert "供电增容：进展答复" in page
    assert "办结答复" in page
    assert page.index("供电增容：进展答复") < page.index("办结答复")
    said = re.search(r"data-words>([^<]*)", page)
    assert said
    assert f"湖州一二三机械有限公司：\n您反映的“供电增容迟迟不批”（问题编号 {task.number}）" in said.group(1)
    assert "吴兴区项目板块\n2026年11月23日" in said.group(1)


def test_a_board_looks_after_its_own_templates(world: World, browser: Open) -> None:
    handler = browser("wx.wu")
    page = handler.get("/answers")
    assert "供电增容：进展答复" in page
    assert "办结答复" not in page  # the province's
    given = {"whose": "330502/330502.project", "title": "<b>用地</b>", "body": "{{企业}}：<script>alert(1)</script>"}
    assert handler.post("/answers/new", given, "/answers/new") == "/answers"
    page = handler.get("/answers")
    assert "&lt;b&gt;用地" in page
    assert "<script>alert" not in page + handler.get(f"/tasks/{_handling(world).id}")
    handler.post("/answers/new", {**given, "whose": "330502/"}, "/answers/new", status=403)
    handler.post("/answers/new", {**given, "whose": "330502/330502.policy"}, "/answers/new", status=403)


def test_templates_of_others_cannot_be_touched(world: World, browser: Open) -> None:
    template = _template(world, "供电增容：进展答复")
    stranger = browser("nx.xie")
    stranger.get(f"/answers/{template.id}", status=404)
    stranger.post(f"/answers/{template.id}/delete", {}, "/answers", status=404)
    stranger.post(f"/answers/{template.id}", {"title": "x", "body": "y"}, "/answers/new", status=404)
    browser("wx.chen").get("/answers", status=403)
    assert _template(world, "供电增容：进展答复") == template


def test_a_template_is_checked_changed_and_deleted(world: World, browser: Open) -> None:
    owner, template = browser("wx.xie"), _template(world, "供电增容：进展答复")
    path = f"/answers/{template.id}"
    page = owner.post(path, {"title": "", "body": "{{电话}}"}, path, status=422)
    assert "请填写“名称”" in page
    page = owner.post(path, {"title": "供电", "body": "{{电话}}"}, path, status=422)
    assert "不认识“{{电话}}”" in page
    assert owner.post(path, {"title": "供电", "body": "已受理 {{编号}}"}, path) == "/answers"
    assert _template(world, "供电").edited_by == "wx.xie"
    assert owner.post(f"{path}/delete", {}, path) == "/answers"
    assert "模板“供电”已删除" in owner.get("/answers")


def test_loading_the_reference_data_leaves_alone_what_people_have_edited(
    world: World, browser: Open, tmp_path: Any
) -> None:
    owner, template = browser("wx.xie"), _template(world, "供电增容：进展答复")
    owner.post(f"/answers/{template.id}", {"title": template.title, "body": "改过了"}, f"/answers/{template.id}")
    folder = tmp_path / "reference"
    for file in (MODELS / "reference").rglob("*.csv"):
        copy = folder / file.relative_to(MODELS / "reference")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    answers = (folder / "answers.csv").read_text("utf-8").replace("办结答复", "办结")
    (folder / "answers.csv").write_text(answers, "utf-8")
    with world.services.database.write() as connection:
        loading.load(connection, folder, world.clock)
    assert _template(world, "供电增容：进展答复").body == "改过了"
    assert _template(world, "办结").edited_by is None
    assert _count(world, AnswerTemplate) == 4


def _handling(world: World) -> Any:
    number = world.report("H1").number
    world.complete(world.open_tasks(number)[0].id, {"outcome": "accept"}, "wx.wu")
    return world.task(number, "办理并答复")


def _solved(world: World, **words: str) -> str:
    """A problem that was answered, rated and closed the day before."""
    number = world.report("H0", **words).number
    world.complete(world.open_tasks(number)[0].id, {"outcome": "accept"}, "wx.wu")
    world.complete(
        world.open_tasks(number)[0].id, {"outcome": "answer", "resolution": "solved", "answer": ANSWER}, "wx.wu"
    )
    _finish_jobs(world)
    event = Message(
        "r-1",
        "rating.given",
        "/ratings",
        world.clock.now(),
        {"case": number, "level": 5},
        extensions={"partner": "ratings"},
    )
    assert world.services.inlet.receive(event).status == "accepted"
    _finish_jobs(world)
    world.clock.advance(timedelta(days=1))
    return number


def _id_of(number: str) -> Any:
    return select(Case.id).where(Case.number == number)


def _template(world: World, title: str) -> Any:
    with world.services.database.read() as connection:
        return connection.execute(select(AnswerTemplate.__table__).where(AnswerTemplate.title == title)).one()


def _everything(world: World) -> list[int]:
    return [_count(world, table) for table in (HistoryEntry, Job, OutboxMessage, UserTask)]


def _count(world: World, table: Any) -> int:
    with world.services.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0
