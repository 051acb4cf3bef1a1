"""The staff's pages over the shipped models: inbox, task, case, counter, search, incidents."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from processes.casework import attachments
from processes.messaging.bus import Message
from processes.messaging.jobs import CATALOGUE
from processes.runtime.filing import Filing
from processes.runtime.scheduler import Scheduler
from processes.store.tables import Case, CaseText, Report, UserTask
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]


def test_a_new_task_is_in_the_inbox_of_its_board_and_of_nobody_elses(world: World, browser: Open) -> None:
    case = world.report("H1")
    page = browser("wx.wu").get("/")
    assert case.number in page
    assert "供电增容迟迟不批" in page
    assert "湖州一二三机械有限公司" in page
    assert "还剩 1 个工作日" in page
    assert "吴兴区项目板块" in page
    for other in ("wx.han", "wx.chen", "hz.wu"):
        assert case.number not in browser(other).get("/")


def test_two_clicks_lead_from_the_inbox_to_done(world: World, browser: Open) -> None:
    case = world.report("H1")
    handler = browser("wx.wu")
    task = re.search(r'href="(/tasks/[^"]+)"', handler.get("/"))
    assert task
    page = handler.get(task.group(1))
    assert "签收后由您办理" in page
    verb = re.search(r'<button name="outcome" value="([^"]+)" data-verb="签收"', page)
    assert verb
    assert handler.post(task.group(1), {"outcome": verb.group(1), "command": "c1"}, task.group(1)) == "/"
    inbox = handler.get("/")
    assert "已提交“签收”" in inbox
    assert world.open_tasks(case.number)[0].name == "办理并答复"


def test_the_same_form_sent_twice_counts_once(world: World, browser: Open) -> None:
    case = world.report("H1")
    handler, task = browser("wx.wu"), world.open_tasks(case.number)[0]
    given = {"outcome": "accept", "command": "c1"}
    handler.post(f"/tasks/{task.id}", given, f"/tasks/{task.id}")
    handler.post(f"/tasks/{task.id}", given, "/")
    assert [each.name for each in world.open_tasks(case.number)] == ["办理并答复"]


def test_a_form_that_is_not_right_says_so_at_the_field_and_keeps_what_was_typed(world: World, browser: Open) -> None:
    task = _handling(world)
    page = browser("wx.wu").post(
        f"/tasks/{task.id}", {"outcome": "answer", "answer": "已与供电公司对接 <b>"}, f"/tasks/{task.id}", status=422
    )
    assert "还不能提交" in page
    assert "请选择“办理结果”" in page
    assert "已与供电公司对接 &lt;b&gt;" in page
    assert 'data-chosen="answer"' in page


def test_fields_of_another_outcome_are_not_asked_for(world: World, browser: Open) -> None:
    task = _handling(world)
    led = browser("wx.wu").post(
        f"/tasks/{task.id}",
        {"outcome": "ask", "question": "请补充用电申请编号", "answer": "忘了删"},
        f"/tasks/{task.id}",
    )
    assert led == "/"
    with world.services.database.read() as connection:
        bodies = set(connection.scalars(select(CaseText.body)))
    assert bodies == {"请补充用电申请编号"}


def test_the_page_tells_its_script_which_fields_each_outcome_needs(world: World, browser: Open) -> None:
    task = _handling(world)
    page = html.unescape(browser("wx.wu").get(f"/tasks/{task.id}"))
    assert '"answer": ["resolution", "answer"]' in page
    assert '"extend": ["days", "reason"]' in page


def test_a_draft_is_kept_for_its_writer_alone(world: World, browser: Open) -> None:
    task = _handling(world)
    path, writer = f"/tasks/{task.id}", browser("wx.wu")
    answer = writer.post(f"{path}/draft", {"answer": "写了一半\r\n还没完"}, path, status=200)
    assert "今天" in answer
    page = writer.get(path)
    assert "写了一半\n还没完" in page
    assert "保存的草稿" in page
    assert "写了一半" not in browser("wx.chen").get(f"/cases/{_number(world, task)}")


def test_a_draft_works_without_scripts_and_goes_when_the_task_is_done(world: World, browser: Open) -> None:
    task = _handling(world)
    path, writer = f"/tasks/{task.id}", browser("wx.wu")
    assert writer.post(path, {"answer": "写了一半", "save": "draft"}, path) == path
    assert "写了一半" in writer.get(path)
    writer.post(path, {"outcome": "answer", "resolution": "solved", "answer": "已办结"}, path)
    page = writer.get(path)
    assert "已经办结" in page
    assert "写了一半" not in page


def test_the_second_of_two_people_on_a_task_is_told_and_loses_nothing(world: World, browser: Open) -> None:
    case = world.report("H1")
    task = world.open_tasks(case.number)[0]
    second = browser("wx.wu")
    second.get(f"/tasks/{task.id}")
    with world.services.database.write() as connection:
        connection.execute(
            update(UserTask)
            .where(UserTask.id == task.id)
            .values(state="completed", completed_by="wx.li", ended_at=world.clock.now())
        )
    page = second.post(f"/tasks/{task.id}", {"outcome": "dispute", "reason": "不属于本板块"}, "/", status=409)
    assert "已经办结" in page
    assert "不属于本板块" in page


def test_a_task_of_somebody_else_is_not_opened(world: World, browser: Open) -> None:
    case = world.report("H1")
    task = world.open_tasks(case.number)[0]
    stranger = browser("wx.han")
    stranger.get(f"/tasks/{task.id}", status=403)
    stranger.post(f"/tasks/{task.id}", {"outcome": "accept"}, "/", status=403)
    stranger.post(f"/tasks/{task.id}/draft", {"reason": "x"}, "/", status=403)
    assert world.open_tasks(case.number)[0].name == "签收"


def test_a_task_that_never_was_is_not_found(browser: Open) -> None:
    browser("wx.wu").get("/tasks/00000000-0000-0000-0000-000000000000", status=404)


def test_the_case_page_tells_the_whole_story(world: World, browser: Open) -> None:
    task = _handling(world)
    number = _number(world, task)
    given = {"outcome": "answer", "resolution": "solved", "answer": "增容方案已批复，12月5日送电。"}
    world.complete(task.id, given, "wx.wu")
    page = browser("wx.chen").get(f"/cases/{number}")
    for words in (
        "12345热线来件",
        "签收",
        "吴致远",
        "增容方案已批复",
        "办理并答复：答复企业",
        "138****5678",
        "进入处置阶段",
    ):
        assert words in page, words
    assert "13812345678" not in page
    marks = html.unescape(page)
    assert '"handle": {"note": "", "state": "done"' in marks.replace("&#34;", '"')


def test_what_an_enterprise_says_stands_with_its_rating(world: World, browser: Open) -> None:
    task = _handling(world)
    number = _number(world, task)
    world.complete(task.id, {"outcome": "answer", "resolution": "solved", "answer": "已办结"}, "wx.wu")
    _finish_jobs(world)
    given = {"case": number, "level": 5, "comment": "办得快，感谢！"}
    event = Message("r-1", "rating.given", "/ratings", world.clock.now(), given, extensions={"partner": "ratings"})
    assert world.services.inlet.receive(event).status == "accepted"
    page = browser("wx.chen").get(f"/cases/{number}")
    assert "评价：非常满意" in page
    assert re.search(r"收到评价.{0,300}评价意见.{0,60}办得快，感谢", page, re.DOTALL)
    assert page.index("12345热线来件") < page.index("按规则判定")


def test_a_case_reads_the_same_when_it_has_been_filed(world: World, browser: Open) -> None:
    task = _handling(world)
    number = _number(world, task)
    world.complete(task.id, {"outcome": "answer", "resolution": "solved", "answer": "已办结"}, "wx.wu")
    _finish_jobs(world)
    given = {"case": number, "level": 5}
    event = Message("r-1", "rating.given", "/ratings", world.clock.now(), given, extensions={"partner": "ratings"})
    assert world.services.inlet.receive(event).status == "accepted"
    _finish_jobs(world)
    reader = browser("wx.chen")
    pages = [f"/cases/{number}", f"/tasks/{task.id}", "/?tab=done"]
    before = [_without_tokens(reader.get(page)) for page in pages]

    filing = Filing(world.services.database, world.clock, after=timedelta())
    assert filing.run() == 1

    assert [_without_tokens(reader.get(page)) for page in pages] == before
    assert "评价：非常满意" in before[0]


def _without_tokens(page: str) -> str:
    """A page without what is new in each answer."""
    return re.sub(r'(nonce|value|content)="[^"]{20,}"', "", page)


def test_reminders_are_told_by_name_and_receiver(world: World, browser: Open) -> None:
    number = world.report("H1").number
    world.clock.advance(timedelta(days=3))
    Scheduler(world.engine).run_due()
    page = browser("wx.chen").get(f"/cases/{number}")
    assert re.search(r"催.{0,80}发给吴兴区项目板块 板块经办人", page, re.DOTALL)
    assert "reminder" not in page


def test_whoever_sees_a_case_is_whoever_it_concerns(world: World, browser: Open) -> None:
    number = world.report("H1").number
    seeing = {"wx.wu": 200, "wx.chen": 200, "wx.zhou": 200, "hz.zhou": 200, "zj.sun": 200}
    blind = {"wx.han": 404, "nx.li": 404, "yh.li": 404, "hz.li": 404, "wx.yun": 404}
    for account, status in {**seeing, **blind}.items():
        browser(account).get(f"/cases/{number}", status=status)


def test_a_confidential_case_is_for_those_who_handle_it(world: World, browser: Open) -> None:
    number = world.report("H1").number
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == number).values(confidential=True))
    browser("wx.wu").get(f"/cases/{number}")
    browser("wx.zhou").get(f"/cases/{number}", status=404)
    assert "没有找到" in browser("wx.zhou").get(f"/search?q={number}")


def test_the_accused_see_nothing(world: World, browser: Open) -> None:
    number = world.report("H1").number
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == number).values(excluded=["330502.project"]))
        connection.execute(update(UserTask).values(excluded=["330502.project"]))
    handler = browser("wx.wu")
    handler.get(f"/cases/{number}", status=404)
    assert number not in handler.get("/")


def test_a_number_is_found_however_it_is_written(world: World, browser: Open) -> None:
    number = world.report("H1").number
    clerk = browser("wx.chen")
    for written in (number, number.replace("-", ""), number.replace("-", " "), "３３０５０２" + number[6:], "H1"):
        answer = clerk.client.get("/search", query_string={"q": written})
        assert answer.location == f"/cases/{number}", written
    assert "没有找到" in clerk.get("/search?q=330503-26-00001-1")
    assert "请输入要查找的内容" in clerk.get("/search")


def test_several_numbers_are_listed(world: World, browser: Open) -> None:
    numbers = [world.report(f"H{at}", body=f"第{at}个问题，" + "企业用地审批" * at).number for at in range(3)]
    page = browser("wx.chen").get("/search?q=330502-26")
    assert all(number in page for number in numbers)


def test_the_inbox_is_filtered_by_text_and_by_light(world: World, browser: Open) -> None:
    near = world.report("H1", title="供电增容迟迟不批")
    world.clock.set(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
    far = world.report(
        "H2", title="项目用地审批", body="我公司新建项目用地审批卡了三个月，厂房建设项目不能开工，请协调。"
    )
    handler = browser("wx.wu")
    page = handler.get("/?q=用地")
    assert far.number in page
    assert near.number not in page
    assert near.number in handler.get("/?q=机械")
    assert "没有符合条件的事项" in handler.get("/?q=查无此事")
    world.clock.set(datetime(2026, 11, 25, 2, 0, tzinfo=UTC))
    page = browser("wx.wu").get("/?light=red")
    assert near.number in page
    assert far.number not in page
    assert "超期" in page


def test_what_was_done_is_in_the_other_tab(world: World, browser: Open) -> None:
    case = world.report("H1")
    handler = browser("wx.wu")
    assert "还没有办过的事项" in handler.get("/?tab=done")
    world.complete(world.open_tasks(case.number)[0].id, {"outcome": "accept"}, "wx.wu")
    assert case.number in handler.get("/?tab=done")


def test_an_empty_inbox_says_what_next(browser: Open) -> None:
    assert "待办已清空" in browser("wx.wu").get("/")


def test_a_substitute_sees_and_does_the_work_of_the_absent(world: World, browser: Open) -> None:
    case = world.report("H1")
    with world.services.database.write() as connection:
        connection.execute(update(UserTask).values(assignee="wx.zheng"))
    assert case.number in browser("wx.feng").get("/")
    assert case.number not in browser("wx.wu").get("/")


def test_a_problem_is_entered_at_the_counter(world: World, browser: Open) -> None:
    clerk = browser("wx.chen")
    led = clerk.post("/counter", {**PROBLEM, "command": "202611231000-abc123"}, "/counter")
    page = clerk.get(led)
    number = led.rsplit("/", 1)[-1]
    assert number in page
    with world.services.database.read() as connection:
        row = connection.execute(select(Report.__table__)).one()
    assert (row.channel, row.place, row.original) == ("counter", "330502", "202611231000-abc123")
    assert clerk.post("/counter", {**PROBLEM, "command": "202611231000-abc123"}, "/counter") == led
    assert "此前已登记" in clerk.get(led)


def test_the_counter_checks_what_it_is_told(browser: Open) -> None:
    given = {**PROBLEM, "uscc": "91330500MA28C0000X", "phone": "12", "title": ""}
    page = browser("wx.chen").post("/counter", given, "/counter", status=422)
    for words in ("统一社会信用代码不对", "联系电话不对", "请填写“问题标题”", "湖州甲乙丙科技有限公司"):
        assert words in page


def test_the_counter_is_for_those_who_serve_there(browser: Open) -> None:
    browser("wx.wu").get("/counter", status=403)
    browser("wx.wu").post("/counter", PROBLEM, "/", status=403)


def test_an_incident_is_listed_told_on_the_case_and_retried(world: World, browser: Open) -> None:
    number = world.report("H1").number
    incident = _failed_job(world, number)
    coordinator = browser("wx.li")
    page = coordinator.get("/incidents")
    assert number in page
    assert "对方系统没有答复" in page
    assert "没有办成，等人处理" in coordinator.get(f"/cases/{number}")
    assert coordinator.post(f"/incidents/{incident}/retry", {}, "/incidents") == "/incidents"
    assert "没有异常" in coordinator.get("/incidents")
    coordinator.post(f"/incidents/{incident}/retry", {}, "/")
    assert "已处理" in coordinator.get("/")


def test_incidents_are_for_those_who_look_after_them(world: World, browser: Open) -> None:
    incident = _failed_job(world, world.report("H1").number)
    browser("wx.wu").get("/incidents", status=403)
    browser("wx.wu").post(f"/incidents/{incident}/retry", {}, "/", status=403)
    assert "没有异常" in browser("nx.li").get("/incidents")
    browser("nx.li").post(f"/incidents/{incident}/retry", {}, "/", status=404)
    assert "没有异常" not in browser("hz.li").get("/incidents")


def test_words_of_strangers_are_shown_and_never_run(world: World, browser: Open) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    case = world.report(
        "H1",
        title=f"供电增容迟迟不批{evil}",
        body=f"我公司供电增容两个月未批，影响投产。{evil}",
        enterprise=evil,
        contact=evil,
    )
    for account, path in (("wx.wu", "/"), ("wx.chen", f"/cases/{case.number}"), ("wx.chen", "/search?q=330502-26")):
        answer = browser(account).client.get(path, follow_redirects=True)
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "&lt;script&gt;" in answer.text


def test_an_error_of_ours_shows_an_id_and_no_trace(world: World, browser: Open) -> None:
    def broken() -> str:
        raise RuntimeError("a secret of the inside")

    world.app.view_functions["staff.search"] = broken
    page = browser("wx.chen").get("/search", status=500)
    assert re.search(r"错误编号 <strong class=\"number\">[0-9a-f]{8}", page)
    assert "secret" not in page
    assert "Traceback" not in page


def test_unknown_pages_are_told_in_chinese(browser: Open) -> None:
    assert "没有找到" in browser("wx.chen").get("/nowhere", status=404)
    assert "没有找到" in browser().get("/nowhere", status=404)


PROBLEM = {
    "enterprise": "湖州甲乙丙科技有限公司",
    "contact": "李雷",
    "phone": "0572-2030405",
    "title": "厂房消防验收卡在图纸备案",
    "body": "我公司新建厂房的消防验收，窗口两次退回图纸备案材料，要求不一致，影响投产，希望一次性告知。",
}


def _handling(world: World) -> object:
    """A case that its board has signed for; returns the handling task."""
    case = world.report("H1")
    world.clock.advance(timedelta(hours=1))
    world.complete(world.open_tasks(case.number)[0].id, {"outcome": "accept"}, "wx.wu")
    world.clock.advance(timedelta(hours=1))
    return world.task(case.number, "办理并答复")


def _number(world: World, task: object) -> str:
    return str(task.number)  # type: ignore[attr-defined]


def _failed_job(world: World, number: str) -> str:
    """Let a job of the case fail for good; returns the incident."""
    from processes.runtime.commands import FailJob
    from processes.store.tables import Incident, Job

    with world.services.database.read() as connection:
        instance = connection.scalar(select(Case.instance_id).where(Case.number == number))
        job = connection.scalar(select(Job.id).where(Job.instance_id == instance, Job.state == "open"))
    assert job, "the case has no open job"
    world.engine.execute(FailJob("fail-1", job, "对方系统没有答复", final=True))
    with world.services.database.read() as connection:
        return str(connection.scalar(select(Incident.id)))


def _finish_jobs(world: World) -> None:
    """Play the workers: every open job succeeds, until there is none."""
    from processes.runtime.commands import CompleteJob
    from processes.store.tables import Job

    while True:
        with world.services.database.read() as connection:
            jobs = connection.execute(select(Job.id, Job.topic).where(Job.state == "open")).all()
        if not jobs:
            return
        for job in jobs:
            result = dict(CATALOGUE[job.topic].example_result)
            world.engine.execute(CompleteJob(f"done-{job.id}", job.id, result))


def test_a_cases_files_are_listed_and_saved_by_whoever_may_see_the_case(world: World, browser: Open) -> None:
    number = world.report("H1").number
    with world.services.database.write() as connection:
        case = connection.scalar(select(Case.id).where(Case.number == number))
        assert case is not None
        kept = attachments.add(connection, case, "合同.html", "text/html", b"<script>1</script>", world.clock.now())
    handler = browser("wx.wu")
    way = f"/cases/{number}/attachments/{kept.id}"
    assert way in handler.get(f"/cases/{number}")

    found = handler.client.get(way)
    assert found.data == b"<script>1</script>"
    assert found.mimetype == "application/octet-stream"
    assert found.headers["Content-Disposition"].startswith("attachment")
    assert browser("dq.chen").client.get(way).status_code == 404
    assert handler.client.get(f"/cases/{number}/attachments/none").status_code == 404
