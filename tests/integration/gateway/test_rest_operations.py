"""对接运行 over the API: how the connections stand, dead letters, the quarantine and test messages, as on the pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from processes.casework.audit.verifying import stored
from processes.store import peer_outbox
from processes.store.tables import Report
from tests.integration.gateway.operating import give_up, receive
from tests.integration.gateway.programs import Caller, caller
from tests.integration.gateway.world import World

ORDER = {
    "id": "T-1",
    "title": "供电增容迟迟不批",
    "body": "我公司申请供电增容已两个月，仍未批复，请协调解决。",
    "submitted_at": "2026-11-23T09:00:00+08:00",
    "phone": "13812345678",
}
SENDING = {"partner": "hotline", "type": "hotline.order", "data": ORDER}


@pytest.fixture
def administrator(world: World) -> Caller:
    """A program of the system administrator's."""
    return caller(world, "wx.yun")


def wrong(answer: Any) -> list[str]:
    return [each["path"] for each in answer["errors"]]


def acts(world: World) -> list[tuple[str, str]]:
    with world.services.database.read() as connection:
        return [(each.act, each.by) for each in stored(connection)]


def reports(world: World) -> int:
    with world.services.database.read() as connection:
        return len(connection.execute(select(Report.id)).all())


def test_it_is_told_how_the_connections_stand(world: World, administrator: Caller) -> None:
    give_up(world, "n-1")
    receive(world, "bad-1", {"id": "", "title": "x"})
    world.report("H1")
    found = administrator.get("/operations")
    hotline = next(each for each in found["partners"] if each["partner"] == "hotline")
    assert hotline["refused"] == 1
    assert "hotline.order" in {each["type"] for each in hotline["may_send"]}
    assert {each["name"]: each["ready"] for each in found["queues"]}["dead"] == 1
    assert (found["away"], found["systems"], found["peers"]) == ("", [], [])
    assert any(each["open"] for each in found["jobs"])


def test_it_is_for_the_system_administrator_alone(world: World) -> None:
    for person in ("wx.wu", "wx.li", "wx.su", "wx.xie"):
        stranger = caller(world, person)
        for path in ("", "/dead-letters", "/quarantine", "/quarantine/1", "/messages"):
            stranger.get(f"/operations{path}", 403)
        for path in (
            "/messages",
            "/dead-letters/replay",
            "/dead-letters/discard",
            "/quarantine/1/open",
            "/quarantine/1/resend",
            "/quarantine/1/dismiss",
            "/peers/3305/revive",
        ):
            stranger.post(f"/operations{path}", {}, 403)


def test_dead_letters_are_seen_masked_and_put_back(world: World, administrator: Caller) -> None:
    give_up(world, "n-1", reason="13812345678 没有应答")
    give_up(world, "n-2")
    found = administrator.get("/operations/dead-letters")
    assert (found["total"], [each["message"]["id"] for each in found["letters"]]) == (2, ["n-2", "n-1"])
    assert "13812345678" not in json.dumps(found, ensure_ascii=False)
    first = found["letters"][1]["id"]
    path = "/operations/dead-letters/replay"
    done = administrator.post(path, {"ids": [first]}, Idempotency_Key="r-1")
    assert done == {"replayed": 1, "kept": [], "more": False}
    assert administrator.post(path, {"ids": [first]}, Idempotency_Key="r-1") == done
    assert administrator.post(path, {"ids": [first, "nothing"]})["replayed"] == 0
    assert administrator.post(path, {"before": world.clock.now().isoformat()})["replayed"] == 1
    left = administrator.get("/operations/dead-letters")
    assert (left["total"], [each["what"] for each in left["deeds"]]) == (0, ["replayed"] * 3)
    assert acts(world).count(("dead.replayed", "wx.yun")) == 3
    for body in ({}, {"ids": [first], "before": world.clock.now().isoformat()}):
        assert wrong(administrator.post(path, body, 422)) == ["body.ids"]
    assert wrong(administrator.post(path, {"before": "2026-11-23T09:00:00"}, 422)) == ["body.before"]


def test_dead_letters_are_thrown_away_with_a_reason(world: World, administrator: Caller) -> None:
    give_up(world, "n-1")
    (letter,) = administrator.get("/operations/dead-letters")["letters"]
    path = "/operations/dead-letters/discard"
    assert wrong(administrator.post(path, {"ids": [letter["id"]]}, 422)) == ["body.reason"]
    assert wrong(administrator.post(path, {"ids": [letter["id"]], "reason": " "}, 422)) == ["body.reason"]
    assert wrong(administrator.post(path, {"ids": [], "reason": "已另行办理"}, 422)) == ["body.ids"]
    assert administrator.post(path, {"ids": [letter["id"]], "reason": "已另行办理"}) == {"discarded": 1}
    (kept,) = administrator.get("/operations/quarantine", state="dismissed")["entries"]
    assert (kept["message_id"], kept["settled_by"], kept["note"]) == ("n-1", "wx.yun", "已另行办理")


def test_quarantined_messages_are_masked_until_somebody_says_why(world: World, administrator: Caller) -> None:
    receive(world, "bad-1", {**ORDER, "id": ""})
    listed = administrator.get("/operations/quarantine", partner="hotline", type="hotline.order", days=1, q="bad-1")
    (entry,) = listed["entries"]
    assert (listed["open"], listed["older"], entry["message_id"]) == (1, None, "bad-1")
    assert administrator.get("/operations/quarantine", partner="nobody")["entries"] == []
    path = f"/operations/quarantine/{entry['id']}"
    masked = administrator.get(path)
    assert (masked["until"], "13812345678" in masked["body"]) == (None, False)
    assert wrong(administrator.post(f"{path}/open", {"words": " "}, 422)) == ["body.words"]
    whole = administrator.post(f"{path}/open", {"words": "合作方来电询问"})
    assert "13812345678" in whole["body"]
    assert administrator.get(path) == whole
    assert acts(world)[-1] == ("personal.unmask", "wx.yun")
    administrator.get("/operations/quarantine/999", 404)
    administrator.get(f"/operations/quarantine/{10**30}", 404)
    administrator.post("/operations/quarantine/999/open", {"words": "x"}, 404)


def test_a_quarantined_message_is_mended_and_sent_again_once(world: World, administrator: Caller) -> None:
    receive(world, "bad-1", {**ORDER, "id": ""})
    (entry,) = administrator.get("/operations/quarantine")["entries"]
    path = f"/operations/quarantine/{entry['id']}"
    refused = administrator.post(f"{path}/resend", {}, 422)
    assert wrong(refused) == ["body"]
    assert refused["errors"][0]["zh"].startswith("仍不符合约定")
    assert refused["errors"][0]["en"] != refused["errors"][0]["zh"]
    mended = {"body": json.dumps(ORDER)}
    done = administrator.post(f"{path}/resend", mended, Idempotency_Key="m-1")
    assert (done["status"], bool(done["number"]), reports(world)) == ("accepted", True, 1)
    assert administrator.post(f"{path}/resend", mended, Idempotency_Key="m-1") == done
    administrator.post(f"{path}/resend", mended, 409)
    administrator.post(f"{path}/dismiss", {"reason": "已另行办理"}, 409)
    assert [each["status"] for each in administrator.get(path)["tries"]] == ["refused", "accepted"]
    assert reports(world) == 1


def test_a_quarantined_message_is_dismissed_with_a_reason(world: World, administrator: Caller) -> None:
    receive(world, "bad-1", {"id": ""})
    (entry,) = administrator.get("/operations/quarantine")["entries"]
    path = f"/operations/quarantine/{entry['id']}/dismiss"
    assert wrong(administrator.post(path, {"reason": " "}, 422)) == ["body.reason"]
    assert administrator.send("POST", path, json={"reason": "测试"}).status_code == 204
    assert administrator.get("/operations/quarantine")["entries"] == []
    assert administrator.send("POST", "/operations/quarantine/999/dismiss", json={"reason": "x"}).status_code == 404
    assert administrator.send("POST", "/operations/quarantine/999/resend", json={}).status_code == 404


def test_a_test_message_is_sent_as_a_partner_would(world: World, administrator: Caller) -> None:
    found = {each["partner"]: each["messages"] for each in administrator.get("/operations/messages")["partners"]}
    order = next(each for each in found["hotline"] if each["type"] == "hotline.order")
    assert order["example"]["title"]
    path = "/operations/messages"
    sent = administrator.post(path, SENDING, Idempotency_Key="t-1")
    assert (sent["status"], bool(sent["number"]), reports(world)) == ("accepted", True, 1)
    assert administrator.post(path, SENDING, Idempotency_Key="t-1") == sent
    again = administrator.post(path, SENDING)
    assert (again["number"] in (None, sent["number"]), reports(world)) == (True, 1)
    for changed, where in (
        ({"partner": "nobody"}, "body.partner"),
        ({"type": "nothing"}, "body.type"),
        ({"version": "9"}, "body.type"),
        ({"data": {**ORDER, "id": "T-3", "title": ["x"]}}, "body.data.title"),
        ({"data": {**ORDER, "id": "T-2", "submitted_at": "gestern"}}, "body.data.submitted_at"),
    ):
        assert wrong(administrator.post(path, {**SENDING, **changed}, 422)) == [where]
    assert reports(world) == 1


def test_what_another_deployment_has_not_got_is_sent_again(world: World, administrator: Caller) -> None:
    assert administrator.post("/operations/peers/3305/revive") == {"messages": 0}
    assert acts(world)[-1] == ("peer.revive", "wx.yun")
    with world.services.database.read() as connection:
        assert list(peer_outbox.waiting(connection, 10)) == []
