"""Somebody who writes what would run into every field for text, over the door that the field has."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import quoteattr

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from processes.casework import migration_plans, model_changes, model_drafts
from processes.messaging.contracts import CONTRACTS
from processes.messaging.jobs import CATALOGUE
from processes.messaging.schema import describe
from processes.runtime.commands import CompleteJob, FailJob, Start
from processes.store import quarantine
from processes.store.tables import JOB_IS_OPEN, Case, Job
from tests.acceptance.gateway.office import (
    ADMIN,
    AUDITOR,
    CLERK,
    COORDINATOR,
    HANDLER,
    LEADER,
    OWNER,
    PROBLEM,
    SECURITY,
    Office,
)
from tests.acceptance.gateway.payloads import TEMPLATE
from tests.acceptance.gateway.writing_programs import (
    about_persons_by_programs,
    messages_by_programs,
    reported_by_programs,
)
from tests.diagrams import definitions, end, flow, process, start
from tests.integration.gateway import every_page
from tests.integration.gateway import rows as inspection
from tests.integration.gateway.conftest import TOKEN, Browser
from tests.integration.gateway.every_page import Filled
from tests.integration.gateway.operating import give_up, receive
from tests.integration.gateway.portal_world import FORM, GIVEN, MINE, Enterprise, photo
from tests.integration.gateway.programs import caller
from tests.integration.gateway.test_sheets import sheet
from tests.integration.gateway.world import MODELS, World

ABOVE = "zj.yun"
"""The process owner of the province."""

NAME = 60
"""Signs that names have room for."""

CALLED = {
    "people.csv": {"name": 60},
    "places.csv": {"name": 60, "name_en": 60},
    "organisations.csv": {"name": 60, "name_en": 60},
    "roles.csv": {"name": 60, "name_en": 60},
    "levels.csv": {"name": 40, "name_en": 40},
    "channels.csv": {"name": 60, "name_en": 60},
    "stages.csv": {"name": 20, "name_en": 20},
    "routes.csv": {"name": 60},
    "answers.csv": {"title": 60, "text": 2000},
}
"""What reference data calls things, in which columns, with the signs that each has room for."""

CHANGED: Mapping[str, Mapping[str, str]] = {
    "people.csv": {"id": HANDLER},
    "places.csv": {"code": "330502"},
    "organisations.csv": {"place": "330502", "code": "basic"},
    "roles.csv": {"code": "board_handler"},
    "levels.csv": {"code": "county"},
    "channels.csv": {"code": "hotline"},
    "stages.csv": {"code": "handling"},
    "routes.csv": {"code": "enterprise"},
    "answers.csv": {"place": "33"},
}
"""The row of each that gets other names."""

FORMS: Mapping[str, Any] = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(MODELS.rglob("*.form.json"))
}
DUTIES_HELD = list(csv.DictReader(io.StringIO((MODELS / "reference" / "duties.csv").read_text(encoding="utf-8"))))

SHAPES = """<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:di="http://www.omg.org/spec/DD/20100524/DI" id="drawn"><bpmndi:BPMNPlane id="plane" bpmnElement="inspection">
  <bpmndi:BPMNShape id="s1" bpmnElement="begin"><dc:Bounds x="100" y="100" width="36" height="36"/></bpmndi:BPMNShape>
  <bpmndi:BPMNShape id="s2" bpmnElement="inspect"><dc:Bounds x="200" y="80" width="400" height="160"/></bpmndi:BPMNShape>
  <bpmndi:BPMNShape id="s3" bpmnElement="done"><dc:Bounds x="700" y="100" width="36" height="36"/></bpmndi:BPMNShape>
  <bpmndi:BPMNEdge id="e1" bpmnElement="f1"><di:waypoint x="136" y="118"/><di:waypoint x="200" y="118"/></bpmndi:BPMNEdge>
  <bpmndi:BPMNEdge id="e2" bpmnElement="f2"><di:waypoint x="600" y="118"/><di:waypoint x="700" y="118"/></bpmndi:BPMNEdge>
</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"""
"""Where the parts of the drawing are."""

PLANNED = "我公司新建项目用地审批卡了三个月，厂房建设项目不能开工，请协调。"


def write_everything(world: World) -> tuple[Office, Filled]:
    """All of it, and what is there to be seen."""
    office = Office(world)
    reference_data(office)
    drawings(office)
    handled = a_case(office)
    through_many_hands(office, handled)
    sheets(office)
    entered_at_the_counter(office)
    number = reported_by_programs(office)
    instance = office.instance(number)
    on_the_portal(office)
    task = by_the_handler(office, number)
    supervised(office, number)
    about_persons(office)
    about_persons_by_programs(office)
    about_accounts(office)
    operation = by_operators(office, number, instance)
    told_by_partners(office, handled)
    entry = quarantined(office)
    messages_by_programs(office)
    for each in (handled, number):
        office.pages += history_of(office, each)
    office.pages += [(office.desk(CLERK), f"/cases/{each}") for each in cases(office)]
    draft = a_draft(office)
    plan, trial = a_migration(office)
    sent_back(office, draft)
    filled = Filled(
        number=number,
        instance=instance,
        task=task,
        operation=operation,
        draft=draft,
        change=every_page.asked(world, every_page.PLACE),
        above=every_page.own_version(world),
        plan=plan,
        trial=trial,
        whatif=every_page.played_what_if(world, draft, OWNER),
        quarantined=entry,
        recorded=(),
    )
    return office, filled


def cases(office: Office) -> list[str]:
    """The numbers of all cases there are."""
    with office.world.services.database.read() as connection:
        return list(connection.scalars(select(Case.number).order_by(Case.number)))


def history_of(office: Office, number: str) -> list[tuple[Browser, str]]:
    """The case, its instance and everything that happened to it."""
    instance, reader = office.instance(number), office.desk(OWNER)
    page = reader.get(f"/instances/{instance}")
    entries = sorted(set(re.findall(rf"/instances/{instance}/history/\d+", page)))
    assert entries, page
    own = [(office.desk(CLERK), f"/cases/{number}"), (reader, f"/instances/{instance}")]
    return [*own, *((reader, path) for path in entries)]


# ---- what things are called --------------------------------------------------------------------------------------------


def reference_data(office: Office) -> None:
    """Names in the reference data, over the operator's door."""
    folder, files = MODELS / "reference", MultiDict[str, Any]()
    for path in sorted(folder.rglob("*.csv")):
        name = str(path.relative_to(folder))
        body = _renamed(office, name, path.read_text(encoding="utf-8-sig"))
        files.add("files", (io.BytesIO(body.encode()), name))
    answer = office.operator.client.post("/api/reference", data=files, headers=office.operator.headers)
    assert answer.status_code == 200, answer.text[:3000]


def _renamed(office: Office, name: str, text: str) -> str:
    if name not in CALLED:
        return text
    lines = list(csv.DictReader(io.StringIO(text)))
    changed = next(row for row in lines if CHANGED[name].items() <= row.items())
    for each, room in CALLED[name].items():
        changed[each] = office.into(f"reference {name} {each}", room, TEMPLATE)
    body = io.StringIO()
    writer = csv.DictWriter(body, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return body.getvalue()


def drawings(office: Office) -> None:
    """Names in a drawing and its form, over the operator's door; and one of it runs."""
    drawing = inspection.DIAGRAM
    for at, name in {"process": "现场核查", "task": "登记费用", "start": "开始", "end": "结束"}.items():
        drawing = drawing.replace(f'name="{name}"', f"name={quoteattr(office.into(f'drawing {at}', NAME))}")
    drawing = drawing.replace("</bpmn:definitions>", f"{SHAPES}</bpmn:definitions>")
    words = {"nameEn": NAME, "next": 200, "nextEn": 200, "instructionsEn": 200}
    said = [
        f'<spiffworkflow:property name="{each}" value={quoteattr(office.into(f"drawing {each}", room))}/>'
        for each, room in words.items()
    ]
    drawing = drawing.replace("</spiffworkflow:properties>", "".join(said) + "</spiffworkflow:properties>")
    form = json.loads(json.dumps(inspection.FORM))
    form["title"], form["properties"]["reason"]["title"] = "核查", office.into("drawing form title", NAME)
    form["properties"]["reason"]["description"] = office.into("drawing form description", 200)
    form["properties"]["outcome"]["oneOf"][0]["title"] = office.into("drawing form choice", NAME)
    form["properties"]["costs"]["title"] = office.into("drawing form group", NAME)
    form["properties"]["costs"]["items"]["properties"]["what"]["title"] = office.into("drawing form column", NAME)
    files = MultiDict[str, Any]()
    files.add("files", (io.BytesIO(drawing.encode()), "inspection.bpmn"))
    files.add("files", (io.BytesIO(json.dumps(form).encode()), "inspect.form.json"))
    answer = office.operator.client.post("/api/deploy", data=files, headers=office.operator.headers)
    assert answer.status_code == 200, answer.text[:3000]
    ways = [{"const": "card", "title": office.into("variable option", NAME)}]
    begun = office.world.engine.execute(Start("start-1", "inspection", "330502", {"ways": ways}))
    task = inspection.task_of(office.world, begun.instance_id)
    row = {"costs": "1", "costs.1.what": office.into("staff.complete costs.*.what", 40)}
    office.sends(HANDLER, "staff.complete", f"/tasks/{task}", f"/tasks/{task}", {"reason": 400}, **row, save="draft")
    office.pages += [(office.desk(HANDLER), f"/tasks/{task}"), (office.desk(OWNER), f"/instances/{begun.instance_id}")]
    office.pages.append((office.desk(OWNER), "/instances/heat?process=inspection"))


def a_draft(office: Office) -> str:
    """Names in a drawing that is not in force yet, over its editor's door."""
    draft = every_page.drafted(office.world, OWNER, every_page.PLACE, "board_handoff")
    with office.world.services.database.read() as connection:
        found = model_drafts.own(connection, draft, OWNER)
    assert found is not None
    text = found.text.replace('name="签收"', f"name={quoteattr(office.into('studio.save name', NAME))}", 1)
    for name, value in {"nameEn": "Acknowledge", "next": "签收后由您办理；提出异议的，由中心裁定。"}.items():
        said = quoteattr(office.into(f"studio.save {name}", NAME))
        text = text.replace(f'name="{name}" value="{value}"', f'name="{name}" value={said}', 1)
    browser, path = office.desk(OWNER), f"/studio/drafts/{draft}"
    page = browser.get(path)
    token = re.findall(r'data-token="([^"]+)"', page)[0]
    given = {"csrf_token": token, "revision": "1", "diagram": (io.BytesIO(text.encode()), "diagram.bpmn")}
    answer = browser.client.post(path, data=given, content_type="multipart/form-data")
    assert answer.status_code == 200, answer.text
    office.pages += [(browser, path), (browser, f"{path}/force")]
    _a_scenario(office, path)
    office.sends(OWNER, "studio.add", f"{path}/files", "/studio/", {"title": NAME}, kind="form")
    office.pages += [(browser, path), (browser, f"{path}/force"), (browser, "/studio/")]
    office.pages += [
        (browser, f"{path}/files/{name}") for name in ("board_handoff_form_1.form.json", "added_decision_1.dmn")
    ]
    names = {"name": NAME, "name_en": NAME}
    answer = office.sends(OWNER, "studio.create", "/studio/processes", "/studio/", names, place=every_page.PLACE)
    begun = re.findall(r'href="(/studio/drafts/[^"]+)"', answer)[0]
    office.pages += [(browser, begun), (browser, f"{begun}/force"), (browser, "/studio/")]
    return draft


def _a_scenario(office: Office, path: str) -> None:
    """A scenario's file with words in it, which its table shows and a walk begins with."""
    browser, at = office.desk(OWNER), f"{path}/scenarios/{every_page.SCENARIO}"
    written = {name: office.into(f"studio.change_scenario {name}", NAME) for name in ("name", "about", "text")}
    given = {"place": every_page.PLACE, "variables": {"said": written.pop("text")}}
    scenario = {
        **written,
        "process": "board_handoff",
        "given": given,
        "when": [{"wait": "PT1H"}],
        "then": {"state": "active"},
    }
    browser.post(at, {"do": "text", "text": json.dumps(scenario, ensure_ascii=False)}, at)
    office.pages += [(browser, at), (browser, f"{path}/scenarios"), (browser, f"{path}/try")]


def sent_back(office: Office, draft_id: str) -> None:
    """The owner's change is sent back with words by the superior's owner; the draft's review shows them."""
    world = office.world
    with world.services.database.write() as connection:
        draft = model_drafts.one(connection, draft_id)
        assert draft is not None
        change = model_changes.put(connection, draft, model_changes.ASKED, world.clock.now()).id
    page = f"/studio/changes/{change}"
    office.sends(ABOVE, "studio.send_back", f"{page}/return", page, {"answer": 500})


def a_migration(office: Office) -> tuple[str, str]:
    """Names of steps in two versions beside each other, and why a case is taken from the one to the other."""
    world = office.world
    for at in ("old", "new"):
        name = office.into(f"drawing {at} step", NAME)
        task = f'<bpmn:userTask id="{at}" name={quoteattr(name)}/>'
        drawn = definitions(process("twice", start(), task, end(), flow("start", at), flow(at, "end")))
        world.services.engine.deploy({"twice.bpmn": drawn})
        world.engine.execute(Start(f"twice-{at}", "twice", every_page.PLACE))
        world.clock.advance(timedelta(seconds=1))
    plan, trial = every_page.planned(world, OWNER, every_page.PLACE, "twice")
    page = f"/studio/migrations/{plan}/operations/{trial}"
    office.sends(OWNER, "studio.migrate", f"{page}/migrate", page, {"reason": 500}, which="all")
    with world.services.database.read() as connection:
        done = migration_plans.operations(connection, plan)
    office.pages += [(office.desk(OWNER), f"/studio/migrations/{plan}/operations/{each.id}") for each in done]
    return plan, trial


# ---- problems ----------------------------------------------------------------------------------------------------------


def a_case(office: Office) -> str:
    """A problem that the hotline sends; returns its number."""
    rooms = {"title": 400, "body": 4000, "enterprise": 200, "contact": 80, "address": 300, "id": 120}
    data: dict[str, Any] = {name: office.into(f"message *.order@1 {name}", room) for name, room in rooms.items()}
    data |= {
        "body": f"{PROBLEM}{data['body']}",
        "place": "330502",
        "phone": MINE,
        "submitted_at": "2026-11-23T09:00:00+08:00",
    }
    event = {"specversion": "1.0", "type": "hotline.order", "source": "/hotline", "id": "o-1", "data": data}
    headers = {**office.partner.headers, "Content-Type": "application/cloudevents+json"}
    answer = office.partner.client.post("/api/messages", data=json.dumps(event), headers=headers)
    assert answer.status_code in (200, 201, 202), answer.text
    with office.world.services.database.read() as connection:
        number = str(connection.scalar(select(Case.number).order_by(Case.number.desc())))
    assert [each.name for each in office.world.open_tasks(number)] == ["签收"], office.world.open_tasks(number)
    return number


def through_many_hands(office: Office, number: str) -> None:
    """The board, the centre and a department have their say, the enterprise is asked and is not content."""
    for outcome in ("dispute", "uphold", "ask"):
        done(office, number, outcome)
    do_jobs(office)
    receive(
        office.world,
        "s-1",
        {"case": number, "text": office.into("case supplement.answered text")},
        type="supplement.answered",
    )
    done(office, number, "extend", days="3")
    done(office, number, "refuse")
    done(office, number, "department")
    done(office, number, "reply")
    done(office, number, "answer", resolution="solved")
    do_jobs(office)
    rated = {"case": number, "level": 1, "comment": office.into("case rating.given comment")}
    receive(office.world, "s-2", rated, type="rating.given", partner="ratings")
    do_jobs(office)
    done(office, number, "rework")


def sheets(office: Office) -> None:
    """A sheet with a good row and a bad one, in a file of a bad name; a sheet that is none."""
    good = (
        office.into("sheet title", 60),
        f"厂区消防验收排队两个月。{office.into('sheet body', 400)}",
        office.into("sheet enterprise", 120),
    )
    bad = (
        office.into("sheet title of a bad row", 60),
        "",
        "x",
        office.into("sheet uscc", 60),
        office.into("sheet place", 60),
    )
    _hand_in(office, sheet(good, bad), office.written.file("staff.hand_in sheet", "xlsx"), "收下 1 行")
    _hand_in(office, b"%PDF", office.written.file("staff.hand_in sheet that is none", "pdf"), "没有收下")


def _hand_in(office: Office, body: bytes, name: str, told: str) -> None:
    browser = office.desk(COORDINATOR)
    given = {
        "csrf_token": TOKEN.findall(browser.get("/sheets"))[0],
        "channel": "help_visit",
        "sheet": (io.BytesIO(body), name),
    }
    answer = browser.client.post("/sheets", data=given, content_type="multipart/form-data")
    assert told in answer.text, answer.text
    office.answers.append(answer.text)


def entered_at_the_counter(office: Office) -> None:
    """The counter's form: once with what it refuses, and once as it should be."""
    rooms = {"title": 60, "body": 5000, "address": 120, "contact": 40, "enterprise": 120}
    fixed = {"place": "330502", "command": "202611230930-abcdef"}
    page = office.sends(CLERK, "staff.register", "/counter", "/counter", {**rooms, "uscc": 40, "phone": 40}, **fixed)
    assert "18 位" in page, page
    office.answers.append(page)
    fixed |= {
        "phone": "13600000000",
        "body": f"园区道路每逢下雨就积水，货车进不来。{office.into('staff.register body', 5000)}",
    }
    location = office.sends(CLERK, "staff.register", "/counter", "/counter", rooms, **fixed)
    found = re.search(r"/counter/[-0-9]+", location)
    assert found, location
    office.pages.append((office.desk(CLERK), found.group()))


# ---- what partners tell ------------------------------------------------------------------------------------------------


def told_by_partners(office: Office, number: str) -> None:
    """What is said of a case by the systems around; what they answer to jobs."""
    world = office.world
    for (kind, version), contract in CONTRACTS.items():
        names = [each.name for each in describe(contract.schema) if each.text]
        if contract.internal or version != "1" or "case" not in contract.example or not names:
            continue
        data = {**contract.example, "case": number, **{name: office.into(f"case {kind} {name}") for name in names}}
        receive(world, f"c-{kind}", data, type=kind, partner=contract.only or "hotline")


def do_jobs(office: Office) -> None:
    """Every job that waits is done; what systems answer is text, too."""
    world = office.world
    while True:
        with world.services.database.read() as connection:
            found = connection.execute(select(Job.id, Job.topic).where(JOB_IS_OPEN)).all()
        if not found:
            return
        for job in found:
            result: dict[str, Any] = dict(CATALOGUE[job.topic].example_result)
            for each in describe(CATALOGUE[job.topic].result):
                if each.kind == "text":
                    result[each.name] = office.into(f"job {job.topic} {each.name}", 120)
            world.engine.execute(CompleteJob(f"done-{job.id}", job.id, result))


# ---- tasks -------------------------------------------------------------------------------------------------------------


def done(office: Office, number: str, outcome: str, **chosen: str) -> None:
    """The open task of a case is done with an outcome, by somebody whose it is, over its page: all that is to be written there is."""
    task = office.world.open_tasks(number)[0]
    if task.form == "triage.form.json" and outcome == "accept":
        done(office, number, "pool")  # what resembles another is looked at first
        task = office.world.open_tasks(number)[0]
    browser = office.desk(whose(task))
    path, form = f"/tasks/{task.id}", FORMS[task.form]
    shown = [name for name, each in form["properties"].items() if f'"{outcome}"' in each.get("x-show", f'"{outcome}"')]
    given = {
        name: office.into(f"task {_stem(task.form)} {name}", 3000)
        for name in shown
        if form["properties"][name].get("x-text")
    }
    for name in shown:
        if "x-options" in form["properties"][name] and name not in (*chosen, "outcome"):
            listed = re.search(rf'<select[^>]*name="{name}".*?</select>', browser.get(path), re.DOTALL)
            assert listed, name
            chosen[name] = re.findall(r'value="([^"]+)"', listed.group())[-1]
    location = browser.post(path, {**given, **chosen, "outcome": outcome, "command": f"c-{task.id}"}, path)
    assert location, (task.name, outcome)


def whose(task: Any) -> str:
    """Somebody whose duties reach a task."""
    for row in DUTIES_HELD:
        own = f"{row['place']}.{row['organisation']}" if row["organisation"] else None
        reaches = (row["role"], row["place"]) == (task.role, task.place) and task.organisation in (None, own)
        if reaches and row["person"] not in task.excluded and task.assignee in (None, row["person"]):
            return row["person"]
    raise AssertionError(f"nobody is there for {task.name}: {task.role}, {task.organisation}")


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".form.json")


# ---- the enterprises ---------------------------------------------------------------------------------------------------


def on_the_portal(office: Office) -> None:
    """A problem with a file over the portal, a question that is answered, the answer rated, another round asked for, contact data put right."""
    world, post = office.world, office.post
    mine = Enterprise(world, post)
    mine.verify(MINE)
    rooms = {"title": 60, "body": 5000, "address": 120, "contact": 40, "enterprise": 120}
    texts = {name: office.into(f"portal.file {name}", room) for name, room in rooms.items()}
    wrong = {
        **GIVEN,
        **texts,
        "uscc": office.into("portal.file uscc", 24 + 20),
        "files": photo(office.written.upload("portal.file files", "png")),
    }
    office.answers.append(_typed_wrong(mine, wrong))
    file = photo(office.written.upload("portal.file files", "png"))
    number, _code = mine.report(**{**texts, "body": f"{PLANNED}{texts['body']}", "files": file})
    done(office, number, "accept")
    done(office, number, "ask")
    post.run()
    asked = {
        "words": office.into("portal.supplement words"),
        "files": photo(office.written.upload("portal.supplement files", "png")),
    }
    mine.say(number, "supplement", **asked)
    rooms = {"contact": 40, "enterprise": 120, "address": 120}
    right = {name: office.into(f"portal.personal_correct {name}", room) for name, room in rooms.items()}
    right["email"] = office.written.email("portal.personal_correct email")
    mine.browser.post("/portal/personal/correct", right, "/portal/personal")
    done(office, number, "answer", resolution="solved")
    post.run()
    mine.say(number, "rate", level="5", words=office.into("portal.rate words"))
    post.run()
    again = mine.say(number, "reopen", words=office.into("portal.reopen words"))
    withdrawn = again.rpartition("/")[2]
    office.pages += [(mine.browser, f"/portal/problems/{each}") for each in (number, withdrawn)]
    office.pages += [
        (mine.browser, path) for path in ("/portal/problems", "/portal/personal", "/portal/filed", "/portal/report")
    ]
    mine.say(withdrawn, "withdraw", words=office.into("portal.withdraw words"))
    post.run()
    office.pages += [(office.desk(CLERK), f"/cases/{each}") for each in (number, withdrawn)]


def _typed_wrong(mine: Enterprise, given: Mapping[str, Any]) -> str:
    page = mine.browser.get("/portal/report")
    own = {"csrf_token": TOKEN.findall(page)[0], "form": FORM.findall(page)[0]}
    answer = mine.browser.client.post("/portal/report", data={**own, **given})
    assert answer.status_code == 422, answer.text
    return answer.text


# ---- the staff ---------------------------------------------------------------------------------------------------------


def by_the_handler(office: Office, number: str) -> str:
    """A draft with a file, a filter, an answer template, contact data shown; returns the open task."""
    done(office, number, "accept")
    task = office.world.open_tasks(number)[0]
    office.handler = whose(task)
    browser = office.desk(office.handler)
    path = f"/tasks/{task.id}"
    token = TOKEN.findall(browser.get(path))[0]
    file = (io.BytesIO(b"%PDF-1.7\n"), office.written.upload("staff.complete file:", "pdf"))
    answer = browser.client.post(
        f"{path}/uploads", data={"csrf_token": token, "file:": file}, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    office.sends(
        office.handler,
        "staff.complete",
        path,
        path,
        {"answer": 3000, "question": 3000, "reason": 3000, "days": 60},
        save="draft",
    )
    draft = {"data": {"outcome": "refuse", "note": office.into("PUT /tasks/{task_id}/draft data.*", 3000)}}
    for each in range(3):
        office.world.report(f"unclear-{each}", title="请来电", body=f"事情的经过请来电了解，谢谢。第{each}件。")
    by_programs = [each for each in office.world.open_tasks() if each.form == "triage.form.json"]
    program = caller(office.world, whose(by_programs[0]))
    program.put(f"/tasks/{by_programs[0].id}/draft", draft)
    office.pages.append((office.desk(whose(by_programs[0])), f"/tasks/{by_programs[0].id}"))
    asked = {"data": {"outcome": "ask", "question": office.into("POST /tasks/{task_id}/complete data.*", 3000)}}
    program.post(f"/tasks/{by_programs[1].id}/complete", asked)
    done(office, by_programs[2].number, "refuse", ground="内容不清、无法联系企业，不能办理")
    office.sends(office.handler, "staff.save_filter", "/inbox/filters", "/", {"name": 40}, query="light=red")
    whose_own = re.findall(r'<option value="([^"]+)"', browser.get("/answers/new"))[0]
    texts = {
        "title": office.into("staff.save_answer title", 60),
        "body": office.into("staff.save_answer body", 3000, TEMPLATE),
    }
    browser.post("/answers/new", {**texts, "whose": whose_own}, "/answers/new")
    place, _, board = whose_own.partition("/")
    own = caller(office.world, office.handler)
    made = [
        {each: office.into(f"{where} {each}", room, TEMPLATE) for each, room in (("title", 60), ("body", 3000))}
        for where in ("POST /answers", "PUT /answers/{template_id}")
    ]
    for words in made:
        one = own.post("/answers", {**words, "place": place, "organisation": board}, 201)
        own.put(f"/answers/{one['id']}", words)
    searched = {each: office.into(f"PUT /inbox/filters/{{name}} {each}", 60) for each in ("q", "stage", "board")}
    own.put("/inbox/filters/mine", searched)
    office.pages.append((browser, f"/?{urlencode({'q': searched['q']})}"))
    edited = re.findall(r'data-row href="(/answers/[^"]+)"', browser.get("/answers"))
    office.pages += [(browser, each) for each in edited]
    words = {"reason": "visit", "words": office.into("staff.unmask words", 200)}
    office.desk(office.handler).post(f"/cases/{number}/contact", words, "/account/substitutes")
    for each in cases(office):
        office.desk(CLERK).post(f"/cases/{each}/contact", words, "/account/substitutes")
    said = {"reason": "visit", "words": office.into("POST /cases/{number}/contact words", 200)}
    caller(office.world, CLERK).post(f"/cases/{number}/contact", said)
    office.pages += [(browser, "/"), (browser, f"/cases/{number}"), (office.desk(AUDITOR), "/audit/?kind=personal")]
    return str(task.id)


def supervised(office: Office, number: str) -> None:
    """What supervisors say, and what is asked before."""
    for name in ("staff.urge words", "POST /supervision/urge words"):
        office.into(name, 1000, TEMPLATE)  # in which {case} is the number
    given = {"kind": "supervision", "case": number, "command": "c-urge", "back": "/supervision"}
    office.answers.append(
        office.sends(LEADER, "staff.urge", "/supervision/urge", "/account/substitutes", {"words": 1000}, **given)
    )
    fail(office)
    program = caller(office.world, LEADER)
    program.post(
        "/supervision/urge",
        {"kind": "reminder", "words": office.into("POST /supervision/urge words", 1000), "cases": [number]},
    )
    office.pages.append((office.desk(LEADER), f"/supervision/urge?kind=notice&case={number}"))
    do_jobs(office)


def about_persons(office: Office) -> None:
    """Contact data is looked for, put right, copied, and somebody decides."""
    clerk, who = office.desk(COORDINATOR), {"phone": MINE}
    wrong = {name: office.into(f"subjects.find {name}", 300) for name in ("phone", "email", "name", "uscc")}
    office.answers.append(clerk.post("/subjects/find", wrong, "/subjects/", None))
    found = clerk.post("/subjects/find", who, "/subjects/", 200)
    given: dict[str, Any] = {**who, "report": re.findall(r'name="report" value="([^"]+)"', found)}
    rooms = {"new_contact": 80, "new_address": 300, "new_enterprise": 200}
    texts = {name: office.into(f"subjects.correct {name}", room) for name, room in rooms.items()}
    refused = {name: office.into(f"subjects.correct {name}", 120) for name in ("new_email", "new_phone", "new_uscc")}
    why = {"why": office.into("subjects.correct why", 500)}
    office.answers.append(clerk.post("/subjects/correct", {**given, **refused, **why}, "/subjects/", 422))
    one = {**given, "report": given["report"][:1]}
    texts["new_email"] = office.written.email("subjects.correct new_email as it should be")
    clerk.post("/subjects/correct", {**one, **texts, **why}, "/subjects/")
    office.answers.append(clerk.post("/subjects/find", who, "/subjects/", 200))
    ask = {**one, "kind": "export", "reason": office.into("subjects.ask reason", 500)}
    clerk.post("/subjects/ask", ask, "/subjects/")
    security = office.desk(SECURITY)
    [request] = re.findall(r'action="/subjects/([^/]+)/decide"', security.get("/subjects/approvals"))
    security.post(
        f"/subjects/{request}/decide",
        {"verdict": "approve", "words": office.into("subjects.decide words", 500)},
        "/subjects/approvals",
    )
    path = re.findall(r'action="(/subjects/[^/]+/copy)"', clerk.get("/subjects/"))[0]
    copy = clerk.client.post(path, data={"csrf_token": TOKEN.findall(clerk.get("/subjects/"))[0]})
    office.answers.append(zipfile.ZipFile(io.BytesIO(copy.data)).read("index.html").decode())


def about_accounts(office: Office) -> None:
    """What is mistyped at the login, how tokens and devices are called."""
    stranger = Browser(office.world.app.test_client())
    account = office.into("staff.log_in account", 60)
    office.answers.append(stranger.post("/login", {"account": account, "password": "x"}, "/login", None))
    office.sends(
        HANDLER,
        "accounts.make_token",
        "/account/tokens",
        "/account/tokens",
        {"name": 60},
        scope="tasks:read",
        days="30",
    )
    office.pages.append((office.desk(HANDLER), "/account/tokens"))
    place = {"role": "observer", "place": "330502"}
    name = office.into("accounts.enrol name", 60)
    office.desk(ADMIN).post("/duties/new", {"account": "wx.new", "name": name, **place}, "/duties/new")
    office.pages.append((office.desk(ADMIN), "/duties/of/wx.new"))
    newer = {"account": "wx.newer", "name": office.into("POST /people name", 60), **place}
    caller(office.world, ADMIN).post("/people", newer, 201)
    office.pages.append((office.desk(ADMIN), "/duties/of/wx.newer"))
    asked = {name: office.into(f"POST /audit/export {name}", 60) for name in ("by", "about")}
    caller(office.world, AUDITOR).post("/audit/export", asked)
    office.pages.append((office.desk(AUDITOR), "/audit/?kind=audit"))
    mistyped = {"account": office.into("accounts.enrol account", 60), "name": "新来的", **place}
    office.answers.append(office.desk(ADMIN).post("/duties/new", mistyped, "/duties/new", 422))
    office.answers.append(
        office.sends(
            HANDLER, "accounts.set_up_second", "/account/second-factor", "/account/second-factor", {"code": 60}
        )
    )
    for endpoint, path, names in (
        ("open_problem", "follow", {"number": 40, "code": 40}),
        ("send_code", "phone", {"phone": 20}),
    ):
        typed = {name: office.into(f"portal.{endpoint} {name}", room) for name, room in names.items()}
        office.answers.append(stranger.post(f"/portal/{path}", typed, f"/portal/{path}", None))


# ---- operators ---------------------------------------------------------------------------------------------------------


def by_operators(office: Office, number: str, instance: str) -> str:
    """Reasons, variables, what went wrong in other systems; returns the number of an act on many."""
    world = office.world
    act(office, instance, "suspend", reason=500)
    act(office, instance, "resume", reason=500)
    act(office, instance, "set", name="remark", json=json.dumps(office.into("instances.act json")), reason=500)
    refused = act(office, instance, "set", json="{", reason=500, name=100)
    office.answers.append(refused)
    office.pages.append((office.desk(OWNER), f"/instances/{instance}/set?at=remark"))
    program = caller(world, OWNER)
    program.post(
        f"/instances/{instance}/acts/set",
        {
            "reason": office.into("POST /instances/{instance_id}/acts/{act} reason", 500),
            "name": "note",
            "json": office.into("POST /instances/{instance_id}/acts/{act} json"),
        },
    )
    bulk_act = {"act": "retry", "reason": office.into("POST /bulk reason", 500), "instances": [instance]}
    program.post("/bulk", bulk_act, 201)
    letters(office)
    begun = office.sends(
        OWNER,
        "instances.bulk_begin",
        "/instances/bulk",
        "/account/substitutes",
        {"reason": 500},
        act="suspend",
        which="chosen",
        id=[instance],
    )
    return re.findall(r"/instances/bulk/([-0-9a-f]{36})", begun)[0]


def act(office: Office, instance: str, what: str, **given: Any) -> str:
    """Put a hand into an instance; numbers are the room of texts."""
    texts = {
        name: office.into(f"instances.act {name}", room) if isinstance(room, int) else room
        for name, room in given.items()
    }
    path, browser = f"/instances/{instance}/{what}", office.desk(OWNER)
    command = re.findall(r'name="command" value="([^"]+)"', browser.get(path))[0]
    return browser.post(path, {**texts, "command": command}, path, None)


def fail(office: Office) -> None:
    """A system says why it does not do a job."""
    with office.world.services.database.read() as connection:
        job = connection.execute(select(Job.id, Job.instance_id).where(JOB_IS_OPEN)).first()
    assert job is not None
    reason = office.into("message job.failed@1 reason", 400)
    office.world.engine.execute(FailJob(f"fail-{job.id}", job.id, reason, final=True))
    office.pages.append((office.desk(OWNER), f"/instances/{job.instance_id}"))


def letters(office: Office) -> None:
    """Messages that were given up, one of them thrown away."""
    for at in ("one", "two"):
        give_up(office.world, f"n-{at}", reason=office.into(f"letter {at} reason", 400))
    page = office.desk(ADMIN).get("/operations/dead-letters")
    ids = re.findall(r'name="id" value="([^"]+)"', page)
    office.sends(
        ADMIN,
        "operations.replay_chosen",
        "/operations/dead-letters/discard",
        "/operations/dead-letters",
        {"reason": 500},
        id=ids[0],
    )


def quarantined(office: Office) -> int:
    """A broken message of every kind, with what runs in each of its texts; looked at as it came, sent again, dismissed."""
    browser, last = office.desk(ADMIN), 0
    for (kind, version), contract in CONTRACTS.items():
        names = [
            each.name
            for each in describe(contract.schema)
            if each.kind in ("text", "any", "object", "list") and not each.choices
        ]
        data = {name: office.into(f"message {kind}@{version} {name}", 700) for name in names}
        receive(
            office.world,
            f"q-{kind}-{version}",
            {**data, "no such field": 1, "submitted_at": "x"},
            type=kind.replace("*", "hotline"),
            partner=contract.only or "hotline",
        )
    with office.world.services.database.read() as connection:
        entries = [each.id for each in quarantine.listed(connection, quarantine.Wanted(), limit=100)]
    for entry in entries:
        path = f"/operations/quarantine/{entry}"
        office.sends(ADMIN, "operations.open_one", f"{path}/open", path, {"words": 200})
        office.pages.append((browser, path))
    last = entries[0]
    path = f"/operations/quarantine/{last}"
    again = {"body": 4000, "headers": 1000, "content_type": 200}
    office.answers.append(office.sends(ADMIN, "operations.resend_one", f"{path}/resend", path, again, key="k-1"))
    office.sends(ADMIN, "operations.dismiss_one", f"{path}/dismiss", path, {"reason": 500})
    office.sends(
        ADMIN,
        "operations.several",
        "/operations/quarantine/several",
        "/operations/quarantine",
        {"reason": 500},
        what="dismiss",
        id=str(entries[1]),
    )
    office.pages.append((browser, "/operations/quarantine?state=all"))
    typed = {
        f"f.{name}": 400
        for name in (
            "address",
            "contact",
            "email",
            "enterprise",
            "id",
            "phone",
            "place",
            "route",
            "title",
            "uscc",
            "body",
            "more",
            "submitted_at",
        )
    }
    sent = {"partner": "hotline", "message": "hotline.order@1"}
    office.answers.append(office.sends(ADMIN, "operations.send", "/operations/send", "/operations/send", typed, **sent))
    return entries[2]
