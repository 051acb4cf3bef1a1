"""What is held about a person, over the API: found, copied, put right and deleted as on the pages, and decided by somebody else."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from processes.casework.audit.verifying import stored
from processes.store.tables import PersonalData, SubjectRequest
from tests.integration.gateway.programs import Caller, caller
from tests.integration.gateway.world import World
from tests.integration.subjects import held
from tests.integration.subjects.held import NAME, PHONE, TRACES

REASON = "本人持身份证到窗口申请"
NEW = "13900009999"
WHO = {"phone": PHONE}


@pytest.fixture
def clerk(world: World) -> Caller:
    """A program of the centre's coordinator."""
    return caller(world, "wx.li")


@pytest.fixture
def administrator(world: World) -> Caller:
    """A program of the security administrator."""
    return caller(world, "wx.su")


def found(clerk: Caller, **who: str) -> list[str]:
    return [each["id"] for each in clerk.post("/subjects/find", {"who": who or WHO})["reports"]]


def asked(clerk: Caller, kind: str, status: int = 201, **more: Any) -> Any:
    given = {"who": WHO, "kind": kind, "reports": found(clerk), "reason": REASON, **more}
    return clerk.post("/subjects/requests", given, status)


def decide(administrator: Caller, request: str, status: int = 200, **given: str) -> Any:
    sent = {"verdict": "approve", "words": "材料齐全", **given}
    return administrator.post(f"/subjects/requests/{request}/decision", sent, status)


def acts(world: World) -> list[str]:
    with world.services.database.read() as connection:
        return [each.act for each in stored(connection) if each.act.startswith("subject.")]


def wrong(answer: Any) -> list[str]:
    assert all(each["zh"] != each["en"] for each in answer["errors"])
    return [each["path"] for each in answer["errors"]]


def test_what_is_held_is_found_masked_and_noted(world: World, clerk: Caller) -> None:
    number = world.report("C-1", phone=PHONE, contact=NAME).number
    told = clerk.post("/subjects/find", {"who": {"phone": f"{PHONE[:3]}-{PHONE[3:]}"}}, Idempotency_Key="f-1")
    (report,) = told["reports"]
    assert (report["number"], report["place"], report["unfinished"]) == (number, "330502", [number])
    assert PHONE not in json.dumps(told)
    assert NAME not in json.dumps(told, ensure_ascii=False)
    assert acts(world) == ["subject.find"]
    clerk.post("/subjects/find", {"who": WHO}, Idempotency_Key="f-1")
    assert acts(world) == ["subject.find"] * 2  # looked at twice: what is told of people is not kept


@pytest.mark.parametrize(
    ("who", "where"),
    [
        ({}, "body.who.phone"),
        ({"phone": "12"}, "body.who.phone"),
        ({"email": "x"}, "body.who.email"),
        ({"name": "王明"}, "body.who.uscc"),
        ({"uscc": "91330502MA2B3C4D5E"}, "body.who.name"),
        ({"phone": 1}, "body.who.phone"),
        ({"tel": "x"}, "body.who.tel"),
    ],
)
def test_who_cannot_be_known_is_told_at_the_field(clerk: Caller, who: dict[str, Any], where: str) -> None:
    assert wrong(clerk.post("/subjects/find", {"who": who}, 422)) == [where]


def test_a_copy_is_asked_for_approved_and_fetched(world: World, clerk: Caller, administrator: Caller) -> None:
    who = held.spread(world)
    request = asked(clerk, "export")
    path = f"/subjects/requests/{request['id']}/copy"
    assert (request["state"], request["reports"], request["asked_by_name"]) == ("asked", 2, "李雨桐")
    clerk.post(path, {}, 409)
    (waiting,) = administrator.get("/subjects/approvals")["requests"]
    assert waiting == request
    assert not any(each in json.dumps(waiting, ensure_ascii=False) for each in TRACES)
    decide(administrator, request["id"])
    for key in ("c-1", "c-1"):
        answer = clerk.send("POST", path, json={}, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.content_type) == (200, "application/zip"), answer.text
        copy = zipfile.ZipFile(io.BytesIO(answer.data))
        numbers = {each["number"] for each in json.loads(copy.read("data.json"))["reports"]}
        assert numbers == {who.hotline, who.portal}
    assert acts(world)[-2:] == ["subject.export"] * 2
    caller(world, "zj.li").post(path, {}, 404)
    administrator.post(path, {}, 403)
    world.clock.advance(timedelta(days=7))
    caller(world, "wx.li").post(path, {}, 409)


def test_a_deletion_is_decided_and_carried_out(world: World, clerk: Caller, administrator: Caller) -> None:
    held.spread(world)
    request = asked(clerk, "delete")
    decide(administrator, request["id"])
    held.carry_out(world)
    assert held.places(world) == {each: set() for each in TRACES}
    (own,) = clerk.get("/subjects/requests")["requests"]
    assert (own["state"], own["kept"], own["stopped"], own["reports"]) == ("done", 0, "", 0)
    assert found(clerk) == []


def test_the_same_request_under_its_key_is_asked_once(world: World, clerk: Caller) -> None:
    held.closed(world)
    given = {"who": WHO, "kind": "export", "reports": found(clerk), "reason": REASON}
    first = clerk.post("/subjects/requests", given, 201, Idempotency_Key="k-1")
    assert clerk.post("/subjects/requests", given, 201, Idempotency_Key="k-1") == first
    assert "正在办理" in clerk.post("/subjects/requests", given, 409)["detail"]
    with world.services.database.read() as connection:
        assert connection.execute(select(SubjectRequest.id)).all() == [(first["id"],)]


def test_what_cannot_be_asked_for_is_told_at_the_field(world: World, clerk: Caller) -> None:
    number = world.report("O-1", phone=PHONE).number
    assert f"{number} 还没有办结" in asked(clerk, "delete", 409)["detail"]
    assert wrong(asked(clerk, "export", 422, reports=[])) == ["body.reports"]
    assert wrong(asked(clerk, "export", 422, reports=[*found(clerk), "nothing"])) == ["body.reports"]
    assert wrong(asked(clerk, "export", 422, reason=" ")) == ["body.reason"]
    assert wrong(asked(clerk, "export", 422, reason=f"{PHONE} 来电")) == ["body.reason"]
    assert wrong(asked(clerk, "forget", 422)) == ["body.kind"]
    assert clerk.get("/subjects/requests")["requests"] == []


def test_a_decision_is_anothers_has_a_reason_and_is_made_once(
    world: World, clerk: Caller, administrator: Caller
) -> None:
    held.closed(world)
    request = asked(clerk, "delete")["id"]
    assert wrong(decide(administrator, request, 422, words=" ")) == ["body.words"]
    assert wrong(decide(administrator, request, 422, verdict="perhaps")) == ["body.verdict"]
    decide(clerk, request, 403)
    decide(administrator, "nothing", 404)
    clerk.get("/subjects/approvals", 403)
    decide(administrator, request, verdict="refuse", words="没有附身份证明")
    decide(administrator, request, 409)
    (own,) = clerk.get("/subjects/requests")["requests"]
    assert (own["state"], own["decision"]) == ("refused", "没有附身份证明")
    held.carry_out(world)
    with world.services.database.read() as connection:
        assert PHONE in connection.scalars(select(PersonalData.phone)).all()


def test_contact_data_is_put_right_and_the_old_is_found_no_more(world: World, clerk: Caller) -> None:
    world.report("C-1", phone=PHONE, contact="王朋")
    (report,) = found(clerk)
    given = {"who": WHO, "reports": [report], "corrections": {"phone": NEW, "contact": "王明"}, "why": "本人来函"}
    for changed, where in (
        ({"corrections": {"phone": "12"}}, "body.corrections.phone"),
        ({"corrections": {"uscc": "91330000"}}, "body.corrections.uscc"),
        ({"why": f"换号 {NEW}"}, "body.why"),
        ({"reports": []}, "body.reports"),
        ({"reports": ["nothing"]}, "body.reports"),
    ):
        assert wrong(clerk.post("/subjects/corrections", {**given, **changed}, 422)) == [where]
    clerk.post("/subjects/corrections", {**given, "corrections": {}}, 409)
    told = clerk.post("/subjects/corrections", given, Idempotency_Key="r-1")
    assert [(each["id"], sorted(each["changed"])) for each in told["reports"]] == [(report, ["contact", "phone"])]
    assert clerk.post("/subjects/corrections", given, Idempotency_Key="r-1") == told
    assert found(clerk) == []
    assert found(clerk, phone=NEW) == [report]
    assert acts(world).count("subject.correct") == 1


def test_what_is_held_elsewhere_is_told_by_its_place_alone(world: World, clerk: Caller) -> None:
    number = world.report("E-1", phone=PHONE, place="330503").number
    told = clerk.post("/subjects/find", {"who": WHO})
    assert (told["reports"], told["elsewhere"]) == ([], ["南浔区"])
    assert number not in json.dumps(told)
    with world.services.database.read() as connection:
        report = connection.scalar(select(PersonalData.report_id))
    given = {"who": WHO, "reports": [report], "corrections": {"contact": "王明"}, "why": "本人来函"}
    assert wrong(clerk.post("/subjects/corrections", given, 422)) == ["body.reports"]
    assert wrong(asked(clerk, "export", 422, reports=[report])) == ["body.reports"]


def test_it_is_for_those_whose_duty_it_is(world: World) -> None:
    for person in ("wx.wu", "wx.yun", "wx.su"):
        stranger = caller(world, person)
        stranger.post("/subjects/find", {"who": WHO}, 403)
        stranger.get("/subjects/requests", 403)
        stranger.post("/subjects/requests", {}, 403)
        stranger.post("/subjects/corrections", {}, 403)
    assert acts(world) == []
