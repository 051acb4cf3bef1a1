"""Programs of the three administrators, and of everybody for the own account: the same rules as on the pages, and the same entries."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.accounts import reach
from processes.casework.accounts import passwords
from processes.store.tables import KeptAnswer
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.programs import Caller, caller, token_of, told
from tests.integration.gateway.test_rest_access import noted
from tests.integration.gateway.test_second_factor import set_up
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

COORDINATOR = {"role": "coordinator", "place": "330502", "organisation": "330502.centre"}

NEWCOMER = {"account": "wx.hua", "name": "华新宇", **COORDINATOR}

AWAY = {"substitute": "wx.zheng", "since": "2026-11-23", "until": "2026-11-25"}


def wrong(answer: Any) -> dict[str, str]:
    """Where something is wrong, and what."""
    return {each["path"]: each["zh"] for each in answer["errors"]}


# ---- accounts --------------------------------------------------------------------------------------------------------

ACTS = ("lock", "unlock", "deactivate", "reactivate", "reset-password", "reset-second-factor")


def test_accounts_are_found_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = caller(world, "wx.su")
    assert [each["id"] for each in admin.get("/accounts", q="WX.CHEN")["accounts"]] == ["wx.chen"]
    assert admin.get("/accounts", q="受理员")["accounts"]
    whole = _walked(admin)
    monkeypatch.setattr(reach, "SHOWN", 7)
    assert _walked(admin) == whole
    assert {each["id"] for each in whole} >= {"wx.wu", "wx.su", "wx.zheng"}
    assert not [each["id"] for each in whole if each["id"].startswith(("hz.", "nx."))]


def _walked(admin: Caller) -> list[Any]:
    page = admin.get("/accounts")
    found = list(page["accounts"])
    while page["next"]:
        page = admin.get("/accounts", after=page["next"])
        found += page["accounts"]
    return found


def test_an_account_is_told_as_on_its_page(world: World, browser: Open) -> None:
    browser("wx.wu")
    identity, _token = token_of(world, "wx.wu", "tasks:read")
    found = caller(world, "wx.su").get("/accounts/wx.wu")
    assert (found["id"], found["name"], found["active"], found["has_password"]) == ("wx.wu", "吴致远", True, True)
    assert found["duties"]
    assert [each["way"] for each in found["sessions"]] == ["password"]
    assert [(each["id"], each["scopes"], each["used_at"]) for each in found["tokens"]] == [
        (identity, ["tasks:read"], None)
    ]


def test_an_account_is_locked_and_unlocked(world: World, browser: Open) -> None:
    handler, admin = browser("wx.wu"), caller(world, "wx.su")
    assert admin.post("/accounts/wx.wu/lock", status=204) is None
    assert handler.client.get("/").status_code == 302
    assert admin.get("/accounts/wx.wu")["locked_at"]
    admin.post("/accounts/wx.wu/unlock", status=204)
    browser("wx.wu").get("/")
    for act in ("account.lock", "account.unlock"):
        assert noted(world, act) == [("wx.su", "person:wx.wu", "done", "")]


def test_who_leaves_is_out_with_all_tokens_and_may_come_back(world: World, browser: Open) -> None:
    handler, program, admin = browser("wx.wu"), caller(world, "wx.wu"), caller(world, "wx.su")
    admin.post("/accounts/wx.wu/deactivate", status=204)
    assert handler.client.get("/").status_code == 302
    program.get("/account", 401)
    admin.post("/accounts/wx.wu/reactivate", status=204)
    assert admin.get("/accounts/wx.wu")["active"]
    browser("wx.wu").get("/")
    program.get("/account", 401)


def test_a_password_is_handed_out_once_and_kept_nowhere(world: World, browser: Open) -> None:
    admin = caller(world, "wx.su")
    first = admin.post("/accounts/wx.wu/reset-password", Idempotency_Key="k-1")
    second = admin.post("/accounts/wx.wu/reset-password", Idempotency_Key="k-1")
    assert first["password"] != second["password"]
    with world.services.database.read() as connection:
        assert connection.execute(select(KeptAnswer.key)).all() == []
        assert not passwords.verify(connection, "wx.wu", first["password"])
    fresh = browser().log_in("wx.wu", second["password"])
    assert fresh.client.get("/").location == "/account/password"
    assert [each[:3] for each in noted(world, "account.give_password")] == [("wx.su", "person:wx.wu", "done")] * 2


def test_a_second_factor_is_reset(world: World, browser: Open) -> None:
    set_up(world, browser("wx.wu"))
    admin = caller(world, "wx.su")
    assert admin.get("/accounts/wx.wu")["has_second"]
    admin.post("/accounts/wx.wu/reset-second-factor", status=204)
    assert not admin.get("/accounts/wx.wu")["has_second"]


def test_logins_and_tokens_of_others_are_ended(world: World, browser: Open) -> None:
    browser("wx.wu"), browser("wx.wu")
    program, admin = caller(world, "wx.wu"), caller(world, "wx.su")
    found = admin.get("/accounts/wx.wu")
    session, token = found["sessions"][0]["id"], found["tokens"][0]["id"]
    admin.delete(f"/accounts/wx.wu/sessions/{session}")
    admin.delete(f"/accounts/wx.wu/sessions/{session}", 404)
    admin.delete(f"/accounts/wx.zheng/tokens/{token}", 404)
    assert len(admin.get("/accounts/wx.wu")["sessions"]) == 1
    admin.delete("/accounts/wx.wu/sessions")
    assert admin.get("/accounts/wx.wu")["sessions"] == []
    admin.delete(f"/accounts/wx.wu/tokens/{token}")
    admin.delete(f"/accounts/wx.wu/tokens/{token}", 404)
    program.get("/account", 401)
    assert noted(world, "token.revoke") == [("wx.su", f"token:{token}", "done", '{"person":"wx.wu"}')]


def test_accounts_are_kept_within_reach_by_the_security_administrator_alone(world: World) -> None:
    admin = caller(world, "wx.su")
    for foreign in ("hz.li", "nx.li", "nobody"):
        admin.get(f"/accounts/{foreign}", 404)
        for act in ACTS:
            admin.post(f"/accounts/{foreign}/{act}", status=404)
        admin.delete(f"/accounts/{foreign}/sessions", 404)
    for act in ACTS:
        admin.post(f"/accounts/wx.su/{act}", status=403)
    admin.delete("/accounts/wx.su/sessions", 403)
    for other in ("wx.wu", "wx.yun", "wx.pan"):
        stranger = caller(world, other)
        stranger.get("/accounts", 403)
        stranger.post("/accounts/wx.zheng/lock", status=403)
    caller(world, "wx.su", "accounts:read").post("/accounts/wx.wu/lock", status=403)
    assert noted(world, "account.lock") == []


# ---- duties ----------------------------------------------------------------------------------------------------------


def test_a_duty_is_given_once_and_ended(world: World, browser: Open) -> None:
    admin, clerk = caller(world, "wx.yun"), browser("wx.wu")
    clerk.get("/incidents", 403)
    first = admin.post("/people/wx.wu/duties", COORDINATOR, 201, Idempotency_Key="k-1")
    assert {**COORDINATOR, "words": "吴兴区企业综合服务中心 中心协调员"} in first["duties"]
    assert admin.post("/people/wx.wu/duties", COORDINATOR, 201, Idempotency_Key="k-1") == first
    assert "已经有这一条" in admin.post("/people/wx.wu/duties", COORDINATOR, 409)["detail"]
    clerk.get("/incidents")
    end = "/people/wx.wu/duties?role=coordinator&place=330502&organisation=330502.centre"
    admin.delete(end)
    clerk.get("/incidents", 403)
    admin.delete(end, 404)
    assert [each[:3] for each in noted(world, "duty.end")] == [("wx.yun", "person:wx.wu", "done")]
    assert [each[2] for each in noted(world, "duty.add")] == ["done", "refused"]


def test_duties_are_given_within_reach_by_the_system_administrator_alone(world: World) -> None:
    admin = caller(world, "wx.yun")
    for foreign in ("nx.li", "hz.li", "nobody"):
        admin.get(f"/people/{foreign}", 404)
        admin.post(f"/people/{foreign}/duties", COORDINATOR, 404)
    admin.post("/people/wx.yun/duties", COORDINATOR, 403)
    admin.delete("/people/wx.yun/duties?role=admin_system&place=330502", 403)
    for other in ("wx.wu", "wx.su", "wx.pan"):
        stranger = caller(world, other)
        stranger.get("/people", 403)
        stranger.post("/people", NEWCOMER, 403)
    caller(world, "wx.yun", "duties:read").post("/people", NEWCOMER, 403)


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"place": "3305"}, "body.place", "只能是本地或下级"),
        ({"place": "nowhere"}, "body.place", "只能是本地或下级"),
        ({"role": "king"}, "body.role", "没有角色“king”"),
        ({"organisation": "330503.centre"}, "body.organisation", "330503.centre"),
        ({"role": ""}, "body.role", "长度"),
    ],
)
def test_a_duty_that_is_wrong_is_told_at_its_field(world: World, given: dict[str, str], path: str, words: str) -> None:
    found = wrong(caller(world, "wx.yun").post("/people/wx.wu/duties", {**COORDINATOR, **given}, 422))
    assert list(found) == [path]
    assert words in found[path]


def test_nobody_becomes_two_of_the_three_administrators(world: World) -> None:
    asked = {"role": "admin_audit", "place": "330502"}
    found = wrong(caller(world, "wx.yun").post("/people/wx.su/duties", asked, 422))
    assert "三员分立" in found["body.role"]
    assert [each[:3] for each in noted(world, "duty.add")] == [("wx.yun", "person:wx.su", "refused")]


def test_an_account_is_made_and_opened_by_both_administrators(world: World, browser: Open) -> None:
    admin = caller(world, "wx.yun")
    made = admin.post("/people", NEWCOMER, 201, Idempotency_Key="k-1")
    assert (made["id"], made["name"], len(made["duties"])) == ("wx.hua", "华新宇", 1)
    assert admin.post("/people", NEWCOMER, 201, Idempotency_Key="k-1") == made
    assert admin.get("/people", q="华新宇")["people"] == [admin.get("/people/wx.hua")] == [made]
    security = caller(world, "wx.su")
    assert not security.get("/accounts/wx.hua")["has_password"]
    given = security.post("/accounts/wx.hua/reset-password")
    browser().log_in("wx.hua", given["password"])
    assert [each[:3] for each in noted(world, "account.enrol")] == [("wx.yun", "person:wx.hua", "done")]


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"account": "WX.Wu"}, "body.account", "已有账号“wx.wu”"),
        ({"account": "wx hua"}, "body.account", "账号只能用字母"),
        ({"account": " "}, "body.account", "账号不能为空"),
        ({"account": ".."}, "body.account", "账号须以字母或数字开头"),
        ({"name": "=1+1"}, "body.name", "姓名不能以“=”开头"),
        ({"name": "华" * 61}, "body.name", "60"),
        ({"role": "king"}, "body.role", "没有角色“king”"),
        ({"place": "3305"}, "body.place", "只能是本地或下级"),
    ],
)
def test_an_account_that_may_not_be_is_told_at_its_field(
    world: World, given: dict[str, str], path: str, words: str
) -> None:
    found = wrong(caller(world, "wx.yun").post("/people", {**NEWCOMER, **given}, 422))
    assert list(found) == [path]
    assert words in found[path]
    assert world.services.snapshots.now().reference.people.keys().isdisjoint({"wx.hua", "WX.Wu"})


def test_what_duties_are_made_of_is_told(world: World) -> None:
    found = caller(world, "wx.yun").get("/duties/choices")
    assert {"code": "coordinator", "name": "中心协调员"} in found["roles"]
    assert found["places"][0] == {"code": "330502", "name": "吴兴区"}
    assert {each["place"] for each in found["organisations"]} <= {each["code"] for each in found["places"]}
    assert "330502.centre" in {each["code"] for each in found["organisations"]}


def test_the_files_are_for_those_at_the_top(world: World, browser: Open) -> None:
    caller(world, "wx.yun").get("/duties/people.csv", 403)
    program, page = caller(world, "zj.ge"), browser("zj.ge")
    for name in ("people", "duties", "substitutes"):
        answer = program.send("GET", f"/duties/{name}.csv")
        assert answer.mimetype == "text/csv"
        assert answer.text == page.get(f"/duties/{name}.csv")
    program.get("/duties/roles.csv", 404)


# ---- one's own -------------------------------------------------------------------------------------------------------


def test_ones_own_logins_are_seen_and_ended(world: World, browser: Open) -> None:
    here, there, program = browser("wx.wu"), browser("wx.wu"), caller(world, "wx.wu")
    found = program.get("/account/sessions")["sessions"]
    assert len(found) == 2
    program.delete(f"/account/sessions/{found[0]['id']}")
    program.delete(f"/account/sessions/{found[0]['id']}", 404)
    assert sorted(each.client.get("/").status_code for each in (here, there)) == [200, 302]
    caller(world, "wx.zheng").delete(f"/account/sessions/{found[1]['id']}", 404)
    program.delete("/account/sessions")
    assert program.get("/account/sessions") == {"sessions": []}
    assert [each[:3] for each in noted(world, "account.log_out")] == [("wx.wu", "person:wx.wu", "done")]


def test_ones_own_tokens_are_seen_and_revoked_the_one_at_hand_too(world: World) -> None:
    other, _token = token_of(world, "wx.wu", "tasks:read")
    foreign, _token = token_of(world, "wx.zheng")
    program = caller(world, "wx.wu")
    assert {each["id"] for each in program.get("/account/tokens")["tokens"]} >= {other}
    program.delete(f"/account/tokens/{other}")
    program.delete(f"/account/tokens/{other}", 404)
    program.delete(f"/account/tokens/{foreign}", 404)
    (left,) = program.get("/account/tokens")["tokens"]
    assert left["address"] == "192.0.2.7"
    program.delete(f"/account/tokens/{left['id']}")
    program.get("/account", 401)


def test_a_token_makes_no_other_and_changes_nothing_that_one_gets_in_by(world: World) -> None:
    program = caller(world, "wx.wu")
    assert program.send("POST", "/account/tokens", json={"name": "x"}).status_code == 405
    for path in ("/account/password", "/account/second", "/account/second-factor"):
        program.post(path, status=404)


def test_a_substitute_is_named_and_ended(world: World, browser: Open) -> None:
    number = world.report("H1").number
    program, other = caller(world, "wx.wu"), caller(world, "wx.zheng")
    other.get(f"/cases/{number}", 404)
    named = program.post("/account/substitutes", AWAY, 201, Idempotency_Key="k-1")
    assert named == {**AWAY, "person": "wx.wu", "person_name": "吴致远", "substitute_name": named["substitute_name"]}
    assert program.post("/account/substitutes", AWAY, 201, Idempotency_Key="k-1") == named
    program.post("/account/substitutes", AWAY, 409)
    other.get(f"/cases/{number}")
    assert program.get("/account/substitutes")["mine"] == [named]
    assert other.get("/account/substitutes")["others"] == [named]
    assert "代理中" in browser("wx.wu").get("/account/substitutes")
    path = "/account/substitutes/wx.zheng/2026-11-23"
    other.delete(path, 404)
    program.delete(path)
    program.delete(path, 404)
    program.delete("/account/substitutes/wx.zheng/some-day", 404)
    other.get(f"/cases/{number}", 404)
    assert [each[2] for each in noted(world, "substitute.add")] == ["done", "refused"]


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"substitute": "nx.li"}, "body.substitute", "请选择一位同事"),
        ({"substitute": "wx.wu"}, "body.substitute", "请选择一位同事"),
        ({"until": "2026-11-22", "since": "2026-11-20"}, "body.until", "不早于今天"),
        ({"until": "someday"}, "body.until", "应为日期"),
        ({"since": "2026-11-26"}, "body.until", "早于开始日期"),
    ],
)
def test_a_substitute_who_is_none_is_told_at_the_field(
    world: World, given: dict[str, str], path: str, words: str
) -> None:
    found = wrong(caller(world, "wx.wu").post("/account/substitutes", {**AWAY, **given}, 422))
    assert list(found) == [path]
    assert words in found[path]


def test_an_administrator_names_no_other_administrator(world: World) -> None:
    given = {**AWAY, "substitute": "wx.yun"}
    found = wrong(caller(world, "wx.su").post("/account/substitutes", given, 422))
    assert "三员分立" in found["body.substitute"]


# ---- the audit log ---------------------------------------------------------------------------------------------------


def test_acts_are_found_by_person_kind_object_and_day(world: World) -> None:
    caller(world, "wx.su").post("/accounts/wx.wu/lock", status=204)
    auditor = caller(world, "wx.pan")
    day = "2026-11-23"
    for query in ({"by": "wx.su"}, {"kind": "account"}, {"about": "wx.wu"}, {"since": day, "until": day}):
        found = auditor.get("/audit", **query)
        (entry,) = [each for each in found["entries"] if each["act"] == "account.lock"]
        assert (entry["by"], entry["about"], entry["title"], entry["outcome"]) == (
            "wx.su",
            "person:wx.wu",
            "账号：锁定",
            "done",
        )
        assert (found["chain"]["broken"], found["chain"]["hash"]) == ("", auditor.get("/audit")["entries"][0]["hash"])
    for query in (
        {"by": "wx.chen"},
        {"kind": "duty"},
        {"until": "2026-11-22"},
        {"since": "2026-11-24"},
        {"before": "1"},
    ):
        assert auditor.get("/audit", **query)["entries"] == [], query
    auditor.get("/audit", 422, kind="nonsense")
    auditor.get("/audit", 422, since="x")


def test_the_log_is_read_page_by_page(world: World) -> None:
    program = caller(world, "wx.wu")
    for _ in range(60):
        program.get("/accounts", 403)
    auditor = caller(world, "wx.pan")
    first = auditor.get("/audit", kind="access")
    second = auditor.get("/audit", kind="access", before=first["older"])
    numbers = [each["seq"] for page in (first, second) for each in page["entries"]]
    assert (len(numbers), second["older"]) == (60, None)
    assert numbers == sorted(numbers, reverse=True)
    assert first["entries"][0]["detail"] == {"method": "GET", "path": "/api/v1/accounts"}


def test_days_beyond_all_calendars_are_no_mistake(world: World, browser: Open) -> None:
    auditor, page = caller(world, "wx.pan"), browser("wx.pan")
    for days in ({"until": "9999-12-31"}, {"since": "0001-01-01"}, {"since": "0001-01-01", "until": "9999-12-31"}):
        assert auditor.get("/audit", **days)["entries"], days
        page.get("/audit/?" + "&".join(f"{name}={day}" for name, day in days.items()))


def test_of_other_places_nothing_is_seen(world: World) -> None:
    caller(world, "nx.su").post("/accounts/nx.li/lock", status=204)
    near, above = caller(world, "wx.pan"), caller(world, "hz.pan")
    assert near.get("/audit", by="nx.su")["entries"] == []
    assert [each["act"] for each in above.get("/audit", by="nx.su")["entries"]] == ["account.lock"]
    for other in ("wx.wu", "wx.su", "wx.yun"):
        caller(world, other).get("/audit", 403)
        caller(world, other).post("/audit/export", status=403)


def test_a_copy_is_taken_and_that_is_an_entry(world: World) -> None:
    caller(world, "wx.su").post("/accounts/wx.wu/lock", status=204)
    auditor = caller(world, "wx.pan")
    answer = auditor.send("POST", "/audit/export", json={"by": "wx.su", "kind": "account", "about": "wx.wu"})
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    (line,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (line["act"], line["by"], line["about"]) == ("account.lock", "wx.su", "person:wx.wu")
    wanted = '{"about":"wx.wu","by":"wx.su","entries":1,"kind":"account"}'
    assert noted(world, "audit.export") == [("wx.pan", "page:audit", "done", wanted)]
    told(auditor.send("POST", "/audit/export", json={"kind": "nonsense"}), 422)


def test_a_broken_chain_is_told(world: World) -> None:
    caller(world, "wx.su").post("/accounts/wx.wu/lock", status=204)
    caller(world, "wx.su").post("/accounts/wx.wu/unlock", status=204)
    with world.services.database.write() as connection:
        connection.exec_driver_sql("drop trigger audit_entry_update")
        connection.exec_driver_sql("update audit_entry set by = 'wx.li' where seq = 2")
    assert "第 2 条断开" in caller(world, "wx.pan").get("/audit")["chain"]["broken"]


# ---- when it must not be ---------------------------------------------------------------------------------------------


def test_an_administrator_who_is_locked_keeps_no_accounts(world: World) -> None:
    one = caller(world, "wx.su")
    Caller(world, token_of(world, "hz.su")[1]).post("/accounts/wx.su/lock", status=204)
    one.post("/accounts/wx.wu/lock", status=401)
    world.clock.advance(timedelta(minutes=1))
    one.get("/accounts", 401)
