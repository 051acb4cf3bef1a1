"""The quarantine over the API: operators see what was refused, mend it and send it again, or dismiss it; partners see nothing of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from gateway import create_app
from processes.casework.assembly import Core
from processes.messaging.identity import Identity
from processes.messaging.signing import Key, sign
from processes.store.tables import Report
from tests.integration.gateway.conftest import Program
from tests.integration.gateway.world import HOTLINE, World

ORDER: dict[str, Any] = {
    "specversion": "1.0",
    "id": "m-1",
    "type": "hotline.order",
    "source": "/hotline",
    "data": {
        "id": "H100",
        "title": "供电增容迟迟不批",
        "body": "我公司申请供电增容两个月未批，影响投产，请协调。",
        "phone": 13800000000,
    },
}


@pytest.fixture
def hotline(world: World) -> Program:
    """A partner's program."""
    return Program(world.app.test_client(), HOTLINE)


@pytest.fixture
def refused(hotline: Program, operator: Program) -> dict[str, Any]:
    """An order with a number where a text should be, in the quarantine."""
    told = hotline.post("/api/messages", ORDER, 422)
    assert "phone" in told["reason"]
    assert "phone: must be a string" in told["reason_en"]
    (found,) = operator.get("/api/quarantine")["quarantine"]
    return dict(found)


def test_an_operator_sees_what_was_refused_and_why(refused: dict[str, Any], operator: Program) -> None:
    assert (refused["partner"], refused["door"], refused["message_id"], refused["state"]) == (
        "hotline",
        "http",
        "m-1",
        "open",
    )
    assert "phone" in refused["reason"]
    assert not any(name.lower() == "authorization" for name in refused["headers"])
    whole = operator.get(f"/api/quarantine/{refused['id']}")
    assert '"phone": 13800000000' in whole["body"]


def test_mended_and_sent_again_it_has_its_effect(world: World, refused: dict[str, Any], operator: Program) -> None:
    address = f"/api/quarantine/{refused['id']}"
    mended = operator.get(address)["body"].replace("13800000000", '"13800000000"')
    for _ in range(2):
        done = operator.post(f"{address}/resend", {"key": "once", "body": mended})
        assert (done["status"], done["by"], done["result"]["outcome"]) == ("accepted", "operator", "pool")
    with world.services.database.read() as connection:
        assert connection.scalars(select(Report.original)).all() == ["H100"]
    found = operator.get(address)
    assert (found["state"], found["settled_by"], len(found["tries"])) == ("resent", "operator", 1)
    assert ": 13800000000," in found["body"], "the original stays"
    assert operator.get("/api/quarantine")["count"] == 0
    assert operator.post(f"{address}/dismiss", {"reason": "x"}, 409)["error"]


def test_sent_again_as_it_is_it_is_refused_again_and_lies_there_once(
    refused: dict[str, Any], operator: Program
) -> None:
    done = operator.post(f"/api/quarantine/{refused['id']}/resend", {})
    assert done["status"] == "refused"
    assert "phone" in done["reason"]
    assert operator.get("/api/quarantine?state=all")["count"] == 1


def test_dismissed_with_a_reason(refused: dict[str, Any], operator: Program) -> None:
    address = f"/api/quarantine/{refused['id']}/dismiss"
    operator.post(address, {"reason": " "}, 400)
    assert operator.post(address, {"reason": "对方已改正"})["state"] == "dismissed"
    assert operator.get("/api/quarantine")["quarantine"] == []
    (found,) = operator.get("/api/quarantine?state=dismissed")["quarantine"]
    assert found["note"] == "对方已改正"


def test_a_list_is_filtered_and_has_pages(hotline: Program, operator: Program) -> None:
    for number in range(3):
        hotline.post("/api/messages", {**ORDER, "id": f"m-{number}"}, 422)
    page = operator.get("/api/quarantine?limit=2&partner=hotline&type=hotline.order&door=http")
    assert [each["message_id"] for each in page["quarantine"]] == ["m-2", "m-1"]
    assert page["count"] == 3
    rest = operator.get(f"/api/quarantine?limit=2&before={page['next']}")
    assert ([each["message_id"] for each in rest["quarantine"]], rest["next"]) == (["m-0"], None)
    assert operator.get("/api/quarantine?partner=ratings")["quarantine"] == []
    operator.get("/api/quarantine?state=lost", 400)


def test_what_cannot_be_read_is_kept_whole(world: World, operator: Program) -> None:
    token = {"Authorization": f"Bearer {HOTLINE}"}
    answer = world.app.test_client().post("/api/messages", data=b"\xff[", headers=token, content_type="text/plain")
    assert answer.status_code == 400
    (found,) = operator.get("/api/quarantine")["quarantine"]
    assert operator.get(f"/api/quarantine/{found['id']}")["body_base64"] == "/1s="


def test_of_what_is_too_large_the_beginning_is_kept(world: World, operator: Program) -> None:
    token, body = {"Authorization": f"Bearer {HOTLINE}"}, b"x" * 1_500_000
    answer = world.app.test_client().post("/api/messages", data=body, headers=token)
    assert answer.status_code == 413
    (found,) = operator.get("/api/quarantine")["quarantine"]
    assert (found["length"], found["sha256"]) == (1_500_000, hashlib.sha256(body).hexdigest())
    assert "1500000" in found["reason"]
    assert len(operator.get(f"/api/quarantine/{found['id']}")["body"]) == 65_536


def test_a_partner_with_keys_must_sign_over_http_too(world: World) -> None:
    key = Key("k1", "secret")
    identity = Identity({"hotline": (key,)}, clock=world.clock)
    core = Core.on(world.services.database, world.clock, identity=identity)
    client = create_app(replace(world.services, inlet=core.reception.inlet(lambda *_: True))).test_client()
    order = {**ORDER, "data": {**ORDER["data"], "phone": "13800000000"}}
    body, token = json.dumps(order).encode(), {"Authorization": f"Bearer {HOTLINE}"}

    def send(signature: str) -> int:
        headers = {**token, "Bihuan-Signature": signature, "Content-Type": "application/cloudevents+json"}
        return client.post("/api/messages", data=body, headers=headers).status_code

    signed = sign(
        key, int(world.clock.now().timestamp()), "m-1", "hotline.order", "application/cloudevents+json", {}, body
    )
    late = sign(
        key, int(world.clock.now().timestamp()) - 301, "m-1", "hotline.order", "application/cloudevents+json", {}, body
    )
    assert client.post("/api/messages", json=order, headers=token).status_code == 422
    assert (send(late), send(signed), send(signed)) == (422, 202, 200)


def test_partners_and_strangers_see_nothing(hotline: Program, world: World, refused: dict[str, Any]) -> None:
    hotline.get("/api/quarantine", 403)
    hotline.post(f"/api/quarantine/{refused['id']}/resend", {}, 403)
    assert world.app.test_client().get("/api/quarantine").status_code == 401


def test_what_is_not_there_is_not_found(operator: Program) -> None:
    operator.get("/api/quarantine/404", 404)
    operator.post("/api/quarantine/404/resend", {}, 404)
    operator.post("/api/quarantine/404/dismiss", {"reason": "x"}, 404)
