"""The HTTP API: tokens, messages, reports, cases, tasks, models, incidents."""

from __future__ import annotations

import io
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from gateway import create_app
from processes.notation.bundle import read_folder
from processes.runtime.commands import FailJob, Start
from processes.store.tables import Case, Incident, Job, RefusedMessage, Report
from tests.diagrams import definitions, end, process, start
from tests.diagrams import path as way
from tests.integration.gateway.conftest import Program
from tests.integration.gateway.world import HOTLINE, MODELS, OPERATOR, World

ORDER = {
    "specversion": "1.0",
    "id": "m-1",
    "type": "hotline.order",
    "source": "/hotline",
    "time": "2026-11-23T09:00:00+08:00",
    "datacontenttype": "application/json",
    "data": {"id": "H100", "title": "供电增容迟迟不批", "body": "我公司申请供电增容两个月未批，影响投产，请协调。"},
}


@pytest.fixture
def hotline(world: World) -> Program:
    """A partner's program."""
    return Program(world.app.test_client(), HOTLINE)


def test_without_a_token_nothing_is_told(world: World) -> None:
    client = world.app.test_client()
    for path in ("/api/cases", "/api/tasks", "/api/incidents", "/api/nothing"):
        answer = client.get(path)
        assert answer.status_code in (401, 404)
    answer = client.get("/api/cases", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "访问令牌" in answer.json["error"]


def test_a_partner_may_report_and_nothing_else(hotline: Program) -> None:
    hotline.get("/api/cases", status=403)
    hotline.post("/api/tasks/x/complete", {}, status=403)
    hotline.post("/api/reports", {"channel": "counter", "rows": []}, status=403)
    assert hotline.post("/api/reports", {"channel": "hotline", "rows": []}) == []


@pytest.mark.parametrize("channel", ["help_visit", "department", "leader"])
def test_helpers_departments_and_leaders_report_over_their_own_channels(world: World, channel: str) -> None:
    with world.services.database.read():
        known = world.services.snapshots.now().reference.channels
    settings = replace(world.services.settings, partners={"its-token": known[channel].partner})
    own = Program(create_app(replace(world.services, settings=settings)).test_client(), "its-token")
    [told] = own.post("/api/reports", {"channel": channel, "rows": [{**ORDER["data"], "id": "D1"}]})
    assert told["outcome"] == "pool"
    own.post("/api/reports", {"channel": "hotline", "rows": []}, status=403)
    with world.services.database.read() as connection:
        assert connection.scalar(select(Report.channel)) == channel


def test_a_structured_event_is_taken_once(world: World, hotline: Program) -> None:
    given = hotline.post("/api/messages", ORDER, status=202)
    assert given["status"] == "accepted"
    assert hotline.post("/api/messages", ORDER)["status"] == "duplicate"
    with world.services.database.read() as connection:
        assert len(connection.execute(select(Case.id)).all()) == 1


def test_a_binary_event_is_taken_too(world: World) -> None:
    headers = {f"ce-{name}": str(value) for name, value in ORDER.items() if name not in ("data", "datacontenttype")}
    answer = world.app.test_client().post(
        "/api/messages", json=ORDER["data"], headers={**headers, "Authorization": f"Bearer {HOTLINE}"}
    )
    assert (answer.status_code, answer.json["status"]) == (202, "accepted")


def test_a_message_that_does_not_fit_is_refused_with_the_reason_and_kept(world: World, hotline: Program) -> None:
    given = hotline.post("/api/messages", {**ORDER, "type": "rating.given", "data": {"level": 9}}, status=422)
    assert given["status"] == "refused"
    assert "level" in given["reason"]
    hotline.post("/api/messages", {"hello": "world"}, status=400)
    with world.services.database.read() as connection:
        kept = connection.execute(select(RefusedMessage.partner, RefusedMessage.reason)).all()
    assert [row.partner for row in kept] == ["hotline", "hotline"]


def test_a_partner_cannot_speak_for_another(world: World, hotline: Program) -> None:
    hotline.post("/api/messages", {**ORDER, "partner": "seven-lists", "type": "nonsense"}, status=422)
    with world.services.database.read() as connection:
        assert connection.scalar(select(RefusedMessage.partner)) == "hotline"


def test_reports_are_answered_row_by_row(operator: Program) -> None:
    good = {"row": 1, "id": "A1", "title": "供电增容", "body": "我公司供电增容两个月未批，影响投产，请协调解决。"}
    rows = [good, {"row": 2, "id": "A2"}, "nonsense", {**good, "row": 4, "id": "A1"}]
    found = operator.post("/api/reports", {"channel": "hotline", "rows": rows})
    assert [(each["row"], each["outcome"]) for each in found] == [(1, "pool"), (2, "bad"), (3, "bad"), (4, "known")]
    assert found[0]["number"].startswith("330502-26-")
    assert found[0]["board"]
    assert found[1]["reason"]
    assert (found[3]["number"], found[3]["state"]) == (found[0]["number"], "pool")


def test_too_many_rows_and_unknown_channels_are_refused(operator: Program) -> None:
    assert "200" in operator.post("/api/reports", {"channel": "hotline", "rows": [{}] * 201}, status=400)["error"]
    assert "没有渠道" in operator.post("/api/reports", {"channel": "fax", "rows": []}, status=404)["error"]
    assert "rows" in operator.post("/api/reports", {"channel": "hotline"}, status=400)["error"]


def test_what_is_not_json_or_too_large_is_refused(world: World) -> None:
    client, headers = world.app.test_client(), {"Authorization": f"Bearer {OPERATOR}"}
    answer = client.post("/api/reports", data=b"{", headers=headers)
    assert (answer.status_code, answer.json["error"]) == (400, "请求的内容不是有效的 JSON。")
    answer = client.post("/api/messages", data=b"x" * (1024 * 1024 + 1), headers=headers)
    assert answer.status_code == 413
    assert answer.json["error"]


def test_cases_are_listed_and_one_is_told_whole(world: World, operator: Program) -> None:
    case = world.report("H1")
    found = operator.get("/api/cases?place=330502")["cases"]
    assert [each["number"] for each in found] == [case.number]
    assert operator.get("/api/cases?place=330503")["cases"] == []
    for name in (case.number, case.case):
        one = operator.get(f"/api/cases/{name}")
        assert one["number"] == case.number
        assert [each["name"] for each in one["tasks"]] == ["签收"]
        assert one["stages"][0]["stage"] == "intake"
        assert any(step["element"] == "sign" for entry in one["trace"] for step in entry["steps"])
    assert "13812345678" not in str(one)
    operator.get("/api/cases/330502-26-99999-9", status=404)


def test_tasks_are_listed_by_role_place_and_case(world: World, operator: Program) -> None:
    case = world.report("H1")
    for query in ("role=board_handler", "place=330502", f"case={case.number}", f"case={case.case}"):
        found = operator.get(f"/api/tasks?{query}")["tasks"]
        assert [(each["name"], each["number"]) for each in found] == [("签收", case.number)]
    assert operator.get("/api/tasks?role=coordinator")["tasks"] == []


def test_a_task_is_completed_in_a_persons_name_once(world: World, operator: Program) -> None:
    task = world.open_tasks(world.report("H1").number)[0]
    given = {"data": {"outcome": "accept"}, "person": "wx.wu", "command_id": "c1"}
    assert operator.post(f"/api/tasks/{task.id}/complete", given)["duplicate"] is False
    assert operator.post(f"/api/tasks/{task.id}/complete", given)["duplicate"] is True
    late = {**given, "command_id": "c2"}
    operator.post(f"/api/tasks/{task.id}/complete", late, status=409)


def test_a_database_that_goes_away_under_a_form_s_expression_is_no_answer_to_the_form(
    world: World, operator: Program
) -> None:
    task = world.open_tasks(world.report("H1").number)[0]
    given = {"data": {"outcome": "accept"}, "person": "wx.wu", "command_id": "c1"}
    whole = world.engine.functions["add working days"]

    def cut_off(*_: object) -> object:
        error = sqlite3.OperationalError("the words of a statement")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error

    world.engine.functions["add working days"] = cut_off
    answer = operator.post(f"/api/tasks/{task.id}/complete", given, status=503)
    assert "statement" not in str(answer)
    world.engine.functions["add working days"] = whole
    assert operator.post(f"/api/tasks/{task.id}/complete", given)["duplicate"] is False


def test_without_a_person_whoever_may_do_it_does_it(world: World, operator: Program) -> None:
    task = world.open_tasks(world.report("H1").number)[0]
    given = operator.post(f"/api/tasks/{task.id}/complete", {"data": {"outcome": "accept"}})
    assert given["person"] == "wx.wu"


def test_a_form_that_is_not_right_is_told_field_by_field(world: World, operator: Program) -> None:
    task = world.open_tasks(world.report("H1").number)[0]
    given = operator.post(f"/api/tasks/{task.id}/complete", {"data": {"outcome": "fly"}}, status=422)
    assert "outcome" in given["fields"]
    operator.post(f"/api/tasks/{task.id}/complete", {"person": "wx.han"}, status=403)
    operator.post("/api/tasks/none/complete", {}, status=404)


def test_one_edited_diagram_is_enough_to_deploy(world: World, operator: Program) -> None:
    files = read_folder([MODELS])
    edited = files["board_handoff.bpmn"].replace('name="签收"'.encode(), 'name="签收确认"'.encode())
    before = world.report("H1")
    given = _upload(operator, {"board_handoff.bpmn": edited})
    deployed = {each["process"] for each in given.json["deployed"]}
    assert {"board_handoff", "handling", "problem"} <= deployed
    after = world.report("H2", body="我公司申请项目用地审批三个月未果，厂房不能开工建设，请协调。")
    assert [task.name for task in world.open_tasks(before.number)] == ["签收"]
    assert [task.name for task in world.open_tasks(after.number)] == ["签收确认"]


def test_broken_models_are_not_deployed_and_every_finding_is_told(world: World, operator: Program) -> None:
    given = _upload(operator, {"handling.bpmn": b"<nonsense", "../evil.bpmn": b""})
    assert given.status_code == 400
    given = _upload(operator, {"handling.bpmn": b"<nonsense"})
    assert given.status_code == 422
    assert {each["file"] for each in given.json["findings"]} >= {"handling.bpmn"}
    world.report("H1")


@pytest.mark.parametrize("name", ["seen.bpmn20.xml", "SEEN.BPMN", "seen.xml"])
def test_a_diagram_is_put_into_force_whatever_its_file_is_called(world: World, operator: Program, name: str) -> None:
    body = definitions(process("seen", start(), end(), way("start", "end")))
    given = _upload(operator, {name: body})
    assert [each["process"] for each in given.json["deployed"]] == ["seen"]
    assert world.engine.execute(Start("seen-1", "seen", "", {})).instance_id


def test_a_deployment_that_would_change_nothing_is_refused(world: World, operator: Program) -> None:
    given = _upload(operator, {"unused.form.json": b'{"type": "object", "title": "T", "properties": {}}'})
    assert given.status_code == 422
    assert "unused.form.json" in given.json["error"]


def test_reference_data_is_loaded_and_what_it_changes_is_told(world: World, operator: Program) -> None:
    folder = MODELS / "reference"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.csv")}
    assert _upload(operator, files, "/api/reference").json["changes"] == {}
    files["organisations.csv"] = files["organisations.csv"].replace(
        "吴兴区项目板块".encode(), "吴兴区重点项目板块".encode()
    )
    assert _upload(operator, files, "/api/reference").json["changes"]
    case = world.report("H1")
    assert "吴兴区重点项目板块" in operator.get(f"/api/cases/{case.number}")["board"]
    files["organisations.csv"] = b"nonsense"
    assert _upload(operator, files, "/api/reference").status_code >= 400


def test_incidents_are_listed_and_resolved(world: World, operator: Program) -> None:
    number = world.report("H1").number
    with world.services.database.read() as connection:
        job = connection.scalar(select(Job.id).where(Job.state == "open"))
    assert job is not None
    world.engine.execute(FailJob("fail-1", job, "对方系统没有答复", final=True))
    found = operator.get("/api/incidents")["incidents"]
    assert [(each["number"], each["detail"]) for each in found] == [(number, "对方系统没有答复")]
    path = f"/api/incidents/{found[0]['id']}/resolve"
    operator.post(path, {"action": "explode"}, status=400)
    assert operator.post(path, {"action": "retry"})["resolved"] is True
    operator.post(path, {"action": "retry"}, status=409)
    operator.post("/api/incidents/none/resolve", {}, status=404)
    with world.services.database.read() as connection:
        assert connection.scalar(select(Incident.resolved_at)) is not None


def test_health_is_for_everybody(world: World) -> None:
    answer = world.app.test_client().get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def _upload(operator: Program, files: dict[str, bytes], path: str = "/api/deploy") -> Any:
    parts = [(io.BytesIO(body), name) for name, body in files.items()]
    return operator.client.post(path, data={"files": parts}, headers=operator.headers)
