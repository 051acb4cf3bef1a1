"""Programs do what people do on the pages, as the person whose token it is: the same rules, the same scope, the same masks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import select, update

from gateway.staff import filters
from processes.casework.bulk import Bulk
from processes.casework.views.instances import heat
from processes.runtime.commands import Cancel, FailJob
from processes.runtime.heat import Heat
from processes.runtime.scheduler import Scheduler
from processes.store.tables import Case, Incident, Job
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.programs import ROOT, caller
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def test_the_inbox_is_that_of_the_page(world: World, browser: Open) -> None:
    number = world.report("H1").number
    page, program = browser("wx.wu").get("/"), caller(world, "wx.wu")
    (line,) = program.get("/inbox")["tasks"]
    assert line["number"] == number
    assert f'/tasks/{line["id"]}"' in page
    assert line["light"]["colour"] == "green"
    assert program.get("/inbox", q="没有这样的字")["tasks"] == []
    assert program.get("/inbox", light="red")["tasks"] == []
    assert program.get("/inbox/counts")["lists"][0] == {"list": "todo", "all": 1, "red": 0, "yellow": 0, "more": False}
    assert caller(world, "wx.zheng").get("/inbox")["tasks"] == []
    program.get("/inbox", 403, list="place")
    assert [each["id"] for each in caller(world, "wx.li").get("/inbox", list="place")["tasks"]] == [line["id"]]


def test_a_task_is_read_drafted_and_completed(world: World, browser: Open) -> None:
    number = world.report("H1").number
    program = caller(world, "wx.wu")
    path = f"/tasks/{world.task(number, '签收').id}"
    found = program.get(path)
    assert (found["name"], found["state"], found["number"]) == ("签收", "open", number)
    assert found["case"]["contact"] == {"name": "王*", "phone": "138****5678", "address": "", "until": None}
    assert "accept" in {each["value"] for each in found["outcomes"]}
    assert found["following"]
    program.get(f"{path}/draft", 404)
    kept = program.put(f"{path}/draft", {"data": {"outcome": "dispute", "reason": "写了一半"}})
    assert "reason" in kept["shown"]["dispute"]
    assert "写了一半" in browser("wx.wu").get(path)
    assert program.get(path)["draft"]["data"] == {"outcome": "dispute", "reason": "写了一半"}
    wrong = program.post(f"{path}/complete", {"data": {"outcome": "dispute"}}, 422)
    assert [(each["path"], each["zh"]) for each in wrong["errors"]] == [("body.data.reason", "请填写“异议理由”")]
    done = program.post(f"{path}/complete", {"data": {"outcome": "accept"}}, Idempotency_Key="c-1")
    assert done == {"duplicate": False, "incident": None}
    assert program.post(f"{path}/complete", {"data": {"outcome": "accept"}}, Idempotency_Key="c-1") == done
    program.post(f"{path}/complete", {"data": {"outcome": "accept"}}, 409)
    over = program.get(path)
    assert (over["state"], over["completed_by"], over["form"]) == ("completed", "wx.wu", None)
    assert program.get("/inbox", list="done")["tasks"][0]["number"] == number


def test_a_task_is_nobodys_whose_duties_do_not_reach_it(world: World) -> None:
    task = world.task(world.report("H1").number, "签收").id
    for person in ("wx.zheng", "yh.wang", "wx.yun"):
        stranger = caller(world, person)
        stranger.get(f"/tasks/{task}", 403)
        stranger.put(f"/tasks/{task}/draft", {"data": {}}, 403)
        stranger.post(f"/tasks/{task}/complete", {"data": {"outcome": "accept"}}, 403)
        stranger.post(f"/tasks/{task}/claim", {}, 404)
        stranger.get(f"/tasks/{task}/files", 403)
    assert world.open_tasks()[0].assignee is None


def test_drafts_hold_what_forms_hold(world: World) -> None:
    program = caller(world, "wx.wu")
    path = f"/tasks/{world.task(world.report('H1').number, '签收').id}/draft"
    for data, where in (
        ({"nothing": "x"}, "nothing"),
        ({"reason": {"deep": "x"}}, "reason"),
        ({"reason": [[1]]}, "reason"),
    ):
        (wrong,) = program.put(path, {"data": data}, 422)["errors"]
        assert wrong["path"] == f"body.data.{where}"


LICENCE = {"title": "办理营业执照遇到困难", "body": "我公司到窗口办理营业执照变更，跑了三次都没有办成，请协调。"}
"""A problem whose board has several who may do it."""


def test_colleagues_arrange_a_task_among_themselves(world: World) -> None:
    world.report("H1", **LICENCE)
    mine, other, coordinator = caller(world, "wx.wang"), caller(world, "wx.qian"), caller(world, "wx.li")
    task = world.open_tasks()[0]
    assert task.organisation == "330502.basic"
    path = f"/tasks/{task.id}"
    assert mine.get(f"{path}/arranging")["may_claim"]
    mine.post(f"{path}/claim")
    late = other.post(f"{path}/claim", {"seen": None}, 409)
    assert "刚刚有了变化" in late["detail"]
    assert {"code": "wx.qian", "name": "钱进"}["code"] in {
        each["code"] for each in mine.get(f"{path}/arranging")["colleagues"]
    }
    mine.post(f"{path}/delegate", {"to": "wx.qian"})
    assert other.get(path)["owner"] == "wx.wang"
    other.post(f"{path}/release")
    mine.post(f"{path}/delegate", {"to": "wx.zheng"}, 403)
    mine.post(f"{path}/release")
    handed = coordinator.post("/inbox/assign", {"to": "wx.qian", "tasks": [{"task": task.id}]})
    assert handed["results"][0]["error"] == ""
    assert world.open_tasks()[0].assignee == "wx.qian"
    assert mine.put(f"{path}/reminder", {"day": "2026-11-25"}) == {"day": "2026-11-25"}
    assert mine.get(f"{path}/arranging")["follow_up"] == "2026-11-25"


def test_where_one_task_is_not_ones_own_to_hand_out_none_is(world: World) -> None:
    world.report("H1", **LICENCE)
    (task,) = world.open_tasks()
    given = {"to": "wx.qian", "tasks": [{"task": task.id}, {"task": "nowhere"}]}
    caller(world, "wx.li").post("/inbox/assign", given, 404)
    assert world.open_tasks()[0].assignee is None


def test_files_go_with_a_task_and_become_the_cases(world: World) -> None:
    number = world.report("H1").number
    program = caller(world, "wx.wu")
    path = f"/tasks/{world.task(number, '签收').id}"
    sent = program.send("POST", f"{path}/files?name=说明.pdf", data=PDF, content_type="application/octet-stream")
    assert sent.status_code == 201, sent.text
    file = sent.json or {}
    assert program.send("GET", f"{path}/files/{file['id']}").data == PDF
    assert [each["name"] for each in program.get(f"{path}/files")["files"]] == ["说明.pdf"]
    assert program.send("DELETE", f"{path}/files/{file['id']}").status_code == 204
    program.get(f"{path}/files/{file['id']}", 404)
    refused = program.send(
        "POST", f"{path}/files?name=x.exe", data=b"MZ\x90\x00", content_type="application/octet-stream"
    )
    assert refused.status_code == 422
    nowhere = f"{path}/files?name=x.pdf&field=nothing"
    assert program.send("POST", nowhere, data=PDF, content_type="application/octet-stream").status_code == 422
    program.send("POST", f"{path}/files?name=说明.pdf", data=PDF, content_type="application/octet-stream")
    program.post(f"{path}/complete", {"data": {"outcome": "accept"}})
    (document,) = program.get(f"/cases/{number}")["documents"]
    assert program.send("GET", f"/cases/{number}/documents/{document['id']}").data == PDF


def test_a_case_is_found_read_and_printed_by_who_may_see_it(world: World) -> None:
    number = world.report("H1").number
    program = caller(world, "wx.li")
    for query in ({"q": number}, {"q": "供电增容"}, {"q": "13812345678"}, {"state": "open", "since": "2026-11-23"}):
        assert [each["number"] for each in program.get("/cases", **query)["cases"]] == [number], query
    assert program.get("/cases", state="closed")["cases"] == []
    found = program.get(f"/cases/{number}")
    assert found["title"] == "供电增容迟迟不批"
    assert found["contact"]["phone"] == "138****5678"
    assert found["timeline"][0]["kind"] == "start"
    assert found["open_tasks"][0]["mine"] is False
    printed = program.send("GET", f"/cases/{number}/file")
    assert (printed.mimetype, printed.data[:5]) == ("application/pdf", b"%PDF-")
    for person in ("yh.wang", "wx.zheng"):
        stranger = caller(world, person)
        stranger.get(f"/cases/{number}", 404)
        stranger.get(f"/cases/{number}/file", 404)
        assert stranger.get("/cases", q=number)["cases"] == []
    with world.services.database.write() as connection:
        connection.execute(update(Case).values(confidential=True))
    program.get(f"/cases/{number}", 404)


def test_a_place_that_is_none_is_told_so(world: World) -> None:
    number = world.report("H1").number
    program = caller(world, "wx.li")
    for place in ("w]\u00f3\u0097", '3305" OR "33', "999999"):
        (wrong,) = program.get("/cases", 422, place=place)["errors"]
        assert (wrong["path"], wrong["zh"]) == ("query.place", "没有这个地区")
    assert [each["number"] for each in program.get("/cases", place="330502")["cases"]] == [number]
    assert program.get("/cases", place="330502001")["cases"] == []


def test_contact_data_are_shown_to_who_says_what_for(world: World) -> None:
    number = world.report("H1").number
    program = caller(world, "wx.li")
    program.post(f"/cases/{number}/contact", {"reason": "visit"}, 422)
    whole = program.post(f"/cases/{number}/contact", {"reason": "visit", "words": "明天上门"})
    assert (whole["name"], whole["phone"]) == ("王明", "13812345678")
    assert program.get(f"/cases/{number}")["contact"]["phone"] == "13812345678"
    assert caller(world, "wx.sun").get(f"/cases/{number}")["contact"]["phone"] == "138****5678"
    world.clock.advance(timedelta(minutes=10))
    assert program.get(f"/cases/{number}")["contact"]["phone"] == "138****5678"


def test_days_beyond_all_calendars_are_no_mistake(world: World, browser: Open) -> None:
    world.report("H1")
    for days in ({"until": "9999-12-31"}, {"since": "0001-01-01"}, {"since": "0001-01-01", "until": "9999-12-31"}):
        assert len(caller(world, "wx.li").get("/cases", **days)["cases"]) == 1
        asked = "&".join(f"{name}={day}" for name, day in days.items())
        assert "供电增容迟迟不批" in browser("wx.li").get(f"/search?{asked}")


def test_a_problem_is_entered_at_the_counter(world: World) -> None:
    clerk = caller(world, "wx.chen")
    wrong = clerk.post("/reports", {"enterprise": "x", "uscc": "1", "phone": "1"}, 422)
    assert {"body.contact", "body.phone", "body.title", "body.body", "body.uscc"} <= {
        each["path"] for each in wrong["errors"]
    }
    given = {
        "enterprise": "湖州一二三机械有限公司",
        "contact": "王明",
        "phone": "13812345678",
        "title": "供电增容迟迟不批",
    }
    body = "我公司申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。"
    made = clerk.post("/reports", {**given, "body": body}, 201)
    assert made["outcome"] == "pool"
    with world.services.database.read() as connection:
        assert connection.scalars(select(Case.number)).all() == [made["number"]]
    clerk.post("/reports", {**given, "body": body, "place": "3301"}, 201)
    caller(world, "wx.wu").post("/reports", {**given, "body": body}, 403)


def test_what_burns_is_seen_and_urged_on(world: World) -> None:
    number = world.report("H1").number
    world.clock.advance(timedelta(days=10))
    Scheduler(world.engine).run_due()
    supervisor = caller(world, "wx.sun")
    board = supervisor.get("/supervision")
    assert (board["place"], board["whole"]["red"]) == ("330502", 1)
    supervisor.get("/supervision", 404, place="3301")
    (line,) = supervisor.get("/supervision/cases")["cases"]
    assert (line["number"], line["urged"]) == (number, None)
    words = supervisor.get("/supervision/words", kind="reminder")["words"]
    urging = {"kind": "reminder", "cases": [number, "nothing"], "words": words}
    told = {each["number"]: each["error"] for each in supervisor.post("/supervision/urge", urging)["results"]}
    assert told[number] == ""
    assert "没有这一问题" in told["nothing"]
    assert supervisor.get("/supervision/cases")["cases"][0]["urged"] == "reminder"
    again = supervisor.post("/supervision/urge", {**urging, "cases": [number]})
    assert "刚刚催办过" in again["results"][0]["error"]


def test_instances_are_found_and_acted_on_with_a_reason(world: World) -> None:
    number = world.report("H1").number
    operator = caller(world, "wx.yun")
    found = operator.get("/instances", text=number)
    assert [each["number"] for each in found["instances"]] == [number]
    path = f"/instances/{found['instances'][0]['id']}"
    whole = operator.get(path)
    assert any("user" in each["waits"] for each in whole["tokens"])
    assert operator.get(f"{path}/history/1")["kind"] == "Start"
    assert operator.get(f"{path}/variables/case")["value"]["number"] == number
    operator.get(f"{path}/variables/nothing", 404)
    operator.post(f"{path}/acts/suspend", {}, 422)
    operator.post(f"{path}/acts/suspend", {"reason": "核对数据"})
    assert operator.get(path)["status"] == "suspended"
    wrong = operator.post(f"{path}/acts/set", {"reason": "x"}, 422)
    assert "变量名" in wrong["errors"][0]["zh"]
    operator.post(f"{path}/acts/explode", {"reason": "x"}, 404)
    operator.get("/instances", 422, after="nothing")
    caller(world, "wx.li").post(f"{path}/acts/resume", {"reason": "x"}, 403)


def test_filters_are_kept_and_are_those_of_the_page(world: World, browser: Open) -> None:
    program, page = caller(world, "wx.wu"), browser("wx.wu")
    assert program.get("/inbox/filters") == {"filters": []}
    kept = program.put("/inbox/filters/急件", {"light": "red", "urgent": True, "list": "board", "preferred": True})
    assert (kept["name"], kept["light"], kept["urgent"], kept["list"], kept["order"]) == (
        "急件",
        "red",
        True,
        "board",
        "due",
    )
    page.post("/inbox/filters", {"name": "用电/水", "query": "q=增容&tab=todo", "preferred": "1"}, "/?tab=todo")
    by_page, mine = sorted(program.get("/inbox/filters")["filters"], key=lambda each: str(each["name"]), reverse=True)
    assert (by_page["name"], by_page["q"], by_page["preferred"]) == ("用电/水", "增容", True)
    assert mine == {**kept, "preferred": False}
    for at in range(filters.MOST - 2):
        program.put(f"/inbox/filters/n{at}", {})
    program.put("/inbox/filters/one too many", {}, 409)
    program.put("/inbox/filters/急件", {"light": "yellow"})
    for name in ("%20", "x" * 41):
        (wrong,) = program.put(f"/inbox/filters/{name}", {}, 422)["errors"]
        assert wrong["path"] == "path.name"
    program.put("/inbox/filters/x", {"light": "green"}, 422)
    program.delete("/inbox/filters/用电/水")
    program.delete("/inbox/filters/用电/水", 404)
    assert caller(world, "wx.zheng").get("/inbox/filters") == {"filters": []}


def test_answer_templates_are_written_for_whom_the_person_may(world: World, browser: Open) -> None:
    program = caller(world, "wx.wu")
    found = program.get("/answers")
    assert found["templates"]
    (whose,) = found["whose"]
    own = {"place": whose["place"], "organisation": whose["organisation"]}
    words = {"title": "增容", "body": "{{企业}}：\r\n增容方案已批复。"}
    made = program.post("/answers", {**own, **words}, 201)
    assert (made["body"], made["edited_by"]) == ("{{企业}}：\n增容方案已批复。", "wx.wu")
    assert "增容方案已批复" in browser("wx.wu").get(f"/answers/{made['id']}")
    same = program.post("/answers", {**own, **words}, 201)  # by the clock, which stands, at the same moment
    assert same["id"] != made["id"]
    changed = program.put(f"/answers/{made['id']}", {**words, "title": "增容批复"})
    assert changed["title"] == "增容批复"
    (wrong,) = program.put(f"/answers/{made['id']}", {"title": "x", "body": "{{电话}}"}, 422)["errors"]
    assert (wrong["path"], "电话" in wrong["zh"]) == ("body.body", True)
    assert {each["path"] for each in program.post("/answers", {**own, "title": " ", "body": " "}, 422)["errors"]} == {
        "body.title",
        "body.body",
    }
    program.post("/answers", {**words, "place": "330502", "organisation": ""}, 403)
    stranger = caller(world, "wx.zheng")
    stranger.put(f"/answers/{made['id']}", words, 404)
    stranger.delete(f"/answers/{made['id']}", 404)
    program.delete(f"/answers/{made['id']}")
    program.put(f"/answers/{made['id']}", words, 404)


def test_where_time_goes_is_told_as_on_the_page(world: World) -> None:
    number = world.report("H1").number
    with world.services.database.read() as connection:
        instance = connection.scalar(select(Case.instance_id).where(Case.number == number))
    world.clock.advance(timedelta(hours=5))
    world.engine.execute(Cancel("c", str(instance), "试"))
    world.clock.advance(timedelta(minutes=3))
    assert Heat(world.services.database, world.clock).run() == 1
    operator = caller(world, "wx.yun")
    found = operator.get("/processes/problem/heat")
    assert found["version"] == found["versions"][0]["id"]
    with world.services.database.read() as connection:
        lines = heat.heat(
            connection, found["version"], *(date.fromisoformat(found[each]) for each in ("since", "until")), "zh"
        )
    assert found["elements"]
    assert found["elements"] == [each._asdict() for each in lines]
    assert operator.get("/processes/problem/heat", version=found["version"]) == found
    operator.get("/processes/nothing/heat", 404)
    operator.get("/processes/problem/heat", 404, version="nothing")
    operator.get("/processes/problem/heat", 422, since="2020-01-01")
    assert operator.get("/processes/problem/heat", since="2026-11-24")["elements"] == []
    caller(world, "wx.wu").get("/processes/problem/heat", 403)


def test_many_are_acted_on_and_their_progress_is_told(world: World) -> None:
    world.report("H1")
    operator = caller(world, "wx.yun")
    operator.post("/bulk", {"act": "suspend", "reason": "x"}, 422)
    begun = operator.post("/bulk", {"act": "suspend", "reason": "演练", "criteria": {"process": "problem"}}, 201)
    worker = Bulk(world.engine, world.services.snapshots)
    while worker.round():
        pass
    told = operator.get(f"/bulk/{begun['id']}", state="done")
    assert (told["state"], told["done"], len(told["items"])) == ("done", 1, 1)
    assert [each["id"] for each in operator.get("/bulk")["operations"]] == [begun["id"]]
    waiting = operator.post(
        "/bulk", {"act": "resume", "reason": "x", "instances": [told["items"][0]["instance_id"]]}, 201
    )
    assert operator.send("POST", f"/bulk/{waiting['id']}/stop", json={}).status_code == 204
    assert operator.get(f"/bulk/{waiting['id']}", state="open")["state"] == "stopped"
    assert caller(world, "wx.xie").get("/bulk")["operations"] == []
    caller(world, "wx.li").get(f"/bulk/{begun['id']}", 403)


def test_the_document_is_there_in_both_languages(world: World) -> None:
    client = world.app.test_client()
    chinese = client.get(f"{ROOT}/openapi.json").json or {}
    english = client.get(f"{ROOT}/openapi.json", headers={"Accept-Language": "en"}).json or {}
    assert chinese["openapi"] == english["openapi"] == "3.1.0"
    assert chinese["paths"]["/api/v1/inbox"]["get"]["summary"] == "待办列表"
    assert english["paths"]["/api/v1/inbox"]["get"]["summary"] == "The lists of tasks"
    assert english["paths"]["/api/v1/inbox"]["get"]["security"] == [{"token": ["tasks:read"]}]
    answers = [each["responses"] for item in chinese["paths"].values() for each in item.values() if "responses" in each]
    assert all("default" not in each for each in answers)


def test_what_stands_beside_a_task_is_told(world: World) -> None:
    number = world.report("H1").number
    mine = caller(world, "wx.wu")
    own = {"place": "330502", "organisation": "330502.project"}
    mine.post("/answers", {**own, "title": "批复", "body": "{{企业}}：已批复。"}, 201)
    path = f"/tasks/{world.task(number, '签收').id}"
    found = mine.get(f"{path}/beside")
    assert found["writes"] == bool(found["answers"])
    assert found["solved"] == []
    mine.post(f"{path}/complete", {"data": {"outcome": "accept"}})
    mine.get(f"{path}/beside", 409)
    open_ones = [each for each in world.open_tasks(number) if each.organisation == "330502.project"]
    filled = [each for task in open_ones for each in mine.get(f"/tasks/{task.id}/beside")["answers"]]
    assert "湖州一二三机械有限公司：已批复。" in {each["body"] for each in filled}
    caller(world, "yh.wang").get(f"/tasks/{open_ones[0].id}/beside", 403)
    mine.get("/tasks/nothing/beside", 404)


def test_who_else_has_a_task_open_is_told(world: World) -> None:
    world.report("H1", **LICENCE)
    mine, other = caller(world, "wx.wang"), caller(world, "wx.qian")
    path = f"/tasks/{world.open_tasks()[0].id}/presence"
    assert mine.put(path, {}) == {"others": [], "open": True, "completed_by": None}
    (seen,) = other.put(path, {})["others"]
    assert (seen["person"], bool(seen["name"])) == ("wx.wang", True)
    mine.delete(path)
    assert other.put(path, {})["others"] == []
    caller(world, "wx.zheng").put(path, {}, 403)
    other.post(path.replace("presence", "complete"), {"data": {"outcome": "accept"}})
    assert mine.put(path, {}) == {"others": [], "open": False, "completed_by": "wx.qian"}


def test_what_can_be_chosen_from_is_told(world: World) -> None:
    found = caller(world, "wx.sun").get("/choices")
    assert "330502" in {each["code"] for each in found["places"]}
    assert {each["code"] for each in found["states"]} == {"open", "closed"}
    stage = found["stages"][0]["code"]
    caller(world, "wx.sun").get("/cases", stage=stage)
    form = caller(world, "wx.chen").get("/reports/form")
    assert form["form"]["required"] == ["place", "enterprise", "contact", "phone", "title", "body"]
    assert [each["code"] for each in form["places"]] == ["330502"]
    caller(world, "wx.wu").get("/reports/form", 403)
    owner = caller(world, "wx.yun")
    assert "签收" in {each["name"] for each in owner.get("/processes/problem/elements")["elements"]}
    owner.get("/processes/nothing/elements", 404)


def test_what_an_act_asks_for_is_told_of_what_is_the_instances_own(world: World) -> None:
    one, another = world.report("H1").number, world.report("H2", **LICENCE).number
    with world.services.database.read() as connection:
        instances = [
            connection.scalar(select(Case.instance_id).where(Case.number == number)) for number in (one, another)
        ]
        job = connection.scalar(select(Job.id).where(Job.instance_id == instances[1], Job.state == "open"))
    world.engine.execute(FailJob("f", str(job), "对方系统没有答复", final=True))
    with world.services.database.read() as connection:
        incident = connection.scalar(select(Incident.id).where(Incident.instance_id == instances[1]))
    owner, path = caller(world, "wx.yun"), f"/instances/{instances[1]}/acts"
    asked = owner.get(f"{path}/retry", at=incident)
    assert (asked["asks"], asked["what"]) == (["json"], "对方系统没有答复")
    for act in ("retry", "pass"):
        owner.get(f"/instances/{instances[0]}/acts/{act}", 404, at=incident)
    assert owner.get(f"{path}/suspend")["asks"] == []
    token = owner.get(f"/instances/{instances[1]}")["tokens"][-1]["id"]
    assert owner.get(f"{path}/move", at=token)["targets"]
    owner.get(f"{path}/move", 404, at="nothing")
    owner.get(f"{path}/explode", 404)
    caller(world, "wx.wu").get(f"{path}/suspend", 403)
    caller(world, "nx.xie").get(f"{path}/suspend", 404)
