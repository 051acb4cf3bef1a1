"""The channels' API: services, requests, tokens, in the shape of Open311 GeoReport v2; a partner sees its own channels alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from gateway import create_app
from processes.store.tables import Case, PersonalData, Report, ReportText
from tests.integration.gateway.world import World

API = "/open311/v2"
POOLED = {
    "service_code": "project",
    "description": "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。",
    "attribute[enterprise]": "湖州一二三机械有限公司",
    "attribute[title]": "供电增容迟迟不批",
    "first_name": "明",
    "last_name": "王",
    "phone": "13812345678",
    "address_string": "织里镇示例路 8 号",
    "lat": "30.86",
    "long": "120.26",
    "account_id": "a-7",
}
UNCLEAR = {**POOLED, "description": "希望有关部门关心一下。", "attribute[title]": "情况反映"}


class Program:
    """A mini-program with its key."""

    def __init__(self, world: World, key: str) -> None:
        self.client = world.app.test_client()
        self.key = key

    def file(self, request: dict[str, str] = POOLED, own: str = "w-1", **more: str) -> TestResponse:
        """File a request."""
        data = {"api_key": self.key, "client_request_id": own, **request, **more}
        return self.client.post(f"{API}/requests.json", data={name: value for name, value in data.items() if value})

    def get(self, path: str, status: int = 200) -> Any:
        """The JSON at a path."""
        sign = "&" if "?" in path else "?"
        answer = self.client.get(f"{API}/{path}{sign}api_key={self.key}")
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer.json


@pytest.fixture
def world(world: World) -> World:
    """A gateway that knows the keys of two programs."""
    settings = replace(world.services.settings, partners={"key-wechat": "wechat", "key-alipay": "alipay"})
    services = replace(world.services, settings=settings)
    return replace(world, services=services, app=create_app(services))


@pytest.fixture
def wechat(world: World) -> Program:
    """The mini-program of 微信."""
    return Program(world, "key-wechat")


@pytest.fixture
def alipay(world: World) -> Program:
    """That of 支付宝."""
    return Program(world, "key-alipay")


def rows(world: World, *columns: Any) -> list[Any]:
    with world.services.database.read() as connection:
        return list(connection.execute(select(*columns)))


def told(answer: TestResponse) -> list[tuple[int, str]]:
    """The errors of an answer."""
    assert answer.status_code == answer.json[0]["code"]
    return [(each["code"], each["description"]) for each in answer.json]


# ---- services ------------------------------------------------------------------------------------------------------------


def test_a_place_offers_a_service_for_each_of_its_boards_and_one_for_the_rest(wechat: Program) -> None:
    found = {each["service_code"]: each for each in wechat.get("services.json?jurisdiction_id=330502")}
    assert {"problem", "project", "finance"} <= found.keys()
    assert found["project"]["metadata"] is True
    assert found["project"]["type"] == "realtime"
    assert wechat.get("services.json?jurisdiction_id=999999", 404)[0]["code"] == 404


def test_a_service_says_what_it_wants_to_be_told(wechat: Program) -> None:
    found = wechat.get("services/project.json?jurisdiction_id=330502")
    assert found["service_code"] == "project"
    assert [(each["code"], each["required"]) for each in found["attributes"]] == [
        ("enterprise", True),
        ("uscc", False),
        ("title", False),
    ]
    assert wechat.get("services/none.json", 404)[0]["code"] == 404


# ---- filing --------------------------------------------------------------------------------------------------------------


def test_a_request_becomes_a_problem_and_keeps_all_that_was_sent(world: World, wechat: Program) -> None:
    answer = wechat.file(jurisdiction_id="330502")
    assert answer.status_code == 201
    [about] = answer.json
    [case] = rows(world, Case.number, Case.place, Case.pooled)
    assert (about["service_request_id"], case.place, case.pooled) == (case.number, "330502", True)
    [report] = rows(world, Report.channel, Report.original)
    assert tuple(report) == ("wechat", "w-1")
    [person] = rows(world, PersonalData.contact, PersonalData.enterprise, PersonalData.address)
    assert tuple(person) == ("王明", "湖州一二三机械有限公司", "织里镇示例路 8 号")
    [words] = rows(world, ReportText.title, ReportText.raw)
    assert words.title == "供电增容迟迟不批"
    assert words.raw["account_id"] == "a-7"
    assert "api_key" not in words.raw


def test_the_same_request_again_files_nothing(world: World, wechat: Program, alipay: Program) -> None:
    first, again = wechat.file(), wechat.file()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json[0]["service_request_id"] == again.json[0]["service_request_id"]
    other = wechat.client.post(
        f"{API}/requests.json", data=POOLED, headers={"Authorization": "Bearer key-wechat", "Idempotency-Key": "w-1"}
    )
    assert other.json[0]["service_request_id"] == first.json[0]["service_request_id"]
    assert len(rows(world, Report.id)) == 1
    assert alipay.file().status_code == 201, "another channel's own numbers"


def test_without_a_number_of_its_own_each_request_is_new(world: World, wechat: Program) -> None:
    assert [wechat.file(own="").status_code for _ in range(2)] == [201, 201]
    assert len(rows(world, Report.id)) == 2


def test_what_a_person_must_decide_has_a_token_first(world: World, wechat: Program, alipay: Program) -> None:
    [about] = wechat.file(UNCLEAR).json
    assert "service_request_id" not in about
    token = about["token"]
    assert wechat.get(f"tokens/{token}.json") == [{"token": token, "service_request_id": None}]
    [case] = rows(world, Case.number)
    task = world.task(case.number, "人工研判")
    world.complete(task.id, {"outcome": "pool"}, "wx.chen")
    assert wechat.get(f"tokens/{token}.json") == [{"token": token, "service_request_id": case.number}]
    assert wechat.file(UNCLEAR).json[0]["service_request_id"] == case.number
    alipay.get(f"tokens/{token}.json", 404)
    wechat.get("tokens/none.json", 404)


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"api_key": "wrong"}, 403, "api_key"),
        ({"service_code": ""}, 400, "service_code"),
        ({"service_code": "none"}, 404, "service_code"),
        ({"jurisdiction_id": "999999"}, 404, "jurisdiction_id"),
        ({"attribute[enterprise]": ""}, 400, "企业名称"),
        ({"description": "", "attribute[title]": ""}, 400, "description"),
        ({"phone": "1" * 60}, 400, "phone"),
        ({"client_request_id": "x" * 200}, 400, "client_request_id"),
        ({"description": "坏\0字"}, 400, "字符"),
    ],
)
def test_what_is_wrong_is_told_as_the_standard_has_it(
    world: World, wechat: Program, changed: dict[str, str], status: int, words: str
) -> None:
    [(code, said), *_] = told(wechat.file(POOLED, **changed))
    assert code == status
    assert words in said
    assert rows(world, Report.id) == []


def test_too_much_is_refused(wechat: Program) -> None:
    assert told(wechat.file(note="x" * 300_000)) == [(413, "内容太大")]


def test_there_is_no_xml_and_nothing_else(wechat: Program) -> None:
    assert wechat.get("services.xml", 406)[0]["code"] == 406
    assert wechat.get("nothing.json", 404)[0]["code"] == 404


# ---- looking -------------------------------------------------------------------------------------------------------------


def test_a_request_shows_where_it_stands(world: World, wechat: Program) -> None:
    number = wechat.file().json[0]["service_request_id"]
    [seen] = wechat.get(f"requests/{number}.json")
    assert (seen["status"], seen["status_notes"], seen["service_name"]) == ("open", "交办", "吴兴区项目板块")
    assert seen["agency_responsible"]
    assert seen["requested_datetime"] == "2026-11-23T01:30:00Z"
    assert seen["expected_datetime"] > seen["requested_datetime"]
    assert (seen["lat"], seen["long"], seen["jurisdiction_id"]) == (30.86, 120.26, "330502")
    world.clock.advance(timedelta(hours=1))
    world.complete(world.task(number, "签收").id, {"outcome": "accept"}, "wx.wu")
    [seen] = wechat.get(f"requests/{number}.json")
    assert (seen["status_notes"], seen["updated_datetime"]) == ("处置", "2026-11-23T02:30:00Z")


def test_a_refused_request_is_closed_with_the_reason(world: World, wechat: Program) -> None:
    wechat.file(UNCLEAR)
    [case] = rows(world, Case.number)
    ground = "内容不清、无法联系企业，不能办理"
    world.complete(world.task(case.number, "人工研判").id, {"outcome": "refuse", "ground": ground}, "wx.chen")
    [seen] = wechat.get(f"requests/{case.number}.json")
    assert (seen["status"], seen["status_notes"], seen["expected_datetime"]) == ("closed", ground, None)


def test_a_partner_sees_its_own_requests_alone(wechat: Program, alipay: Program) -> None:
    number = wechat.file().json[0]["service_request_id"]
    assert [each["service_request_id"] for each in wechat.get("requests.json")] == [number]
    assert alipay.get("requests.json") == []
    alipay.get(f"requests/{number}.json", 404)
    assert wechat.client.get(f"{API}/requests.json").status_code == 403


def test_requests_are_listed_by_number_service_status_and_time(world: World, wechat: Program) -> None:
    first = wechat.file(own="w-1").json[0]["service_request_id"]
    world.clock.advance(timedelta(days=10))
    other = {**POOLED, "service_code": "finance", "description": "贷款到期，银行不肯续贷，请帮我公司对接续贷。"}
    second = wechat.file({**other, "attribute[title]": "续贷难"}, own="w-2").json[0]["service_request_id"]

    def listed(query: str) -> list[str]:
        return [each["service_request_id"] for each in wechat.get(f"requests.json?{query}")]

    assert listed("") == [second, first]
    assert listed(f"service_request_id={first},{second}") == sorted([first, second])
    assert listed("service_code=finance") == [second]
    assert listed("status=open") == [second, first]
    assert listed("status=closed") == []
    assert listed("start_date=2026-12-01T00:00:00%2B08:00&end_date=2026-12-31T00:00:00%2B08:00") == [second]
    assert listed("end_date=2026-11-30T00:00:00%2B08:00") == [first]
    wechat.get("requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-12-01T00:00:00Z", 400)
    wechat.get("requests.json?start_date=yesterday", 400)
