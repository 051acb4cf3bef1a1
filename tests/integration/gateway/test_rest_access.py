"""Who gets into the API for programs of people: tokens, scopes, rates, and requests that come twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from sqlalchemy import select, update
from werkzeug.routing import Rule

from gateway import create_app, permissions
from gateway.scopes import SCOPES
from processes.casework import edits
from processes.casework.accounts import administration, tokens
from processes.casework.tidying import Tidying
from processes.store import kept_answers
from processes.store.tables import AccessToken, Account, AuditEntry, Case, KeptAnswer
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.programs import ROOT, Caller, caller, token_of
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

WHO = {"page:operate": "wx.yun", "page:supervision": "wx.sun", "page:counter": "wx.chen", "page:assign": "wx.li"}
WHO |= {"page:instances": "wx.yun", "page:incidents": "wx.yun", "page:answers": "wx.wu", "staff": "wx.wu"}
WHO |= {"page:accounts": "wx.su", "page:duties": "wx.yun", "page:audit": "wx.pan"}
WHO |= {"page:sheets": "wx.li", "page:subjects": "wx.li", "page:approvals": "wx.su", "page:operations": "wx.yun"}
"""Somebody for each audience."""

SHOWN = re.compile(r'<pre class="codes" id="codes" tabindex="0">([^<]+)</pre>')


def rules(world: World) -> list[Rule]:
    return [each for each in world.app.url_map.iter_rules() if each.endpoint.startswith("rest.")]


def path_of(rule: Rule) -> str:
    filled = re.sub(r"<any\((.*?)\):\w+>", lambda found: found[1].split(",")[0].strip('"'), rule.rule)
    return re.sub(r"<(\w+:)?\w+>", "1", filled).removeprefix(ROOT)


def method_of(rule: Rule) -> str:
    return next(each for each in ("POST", "PUT", "DELETE", "GET") if each in (rule.methods or ()))


def noted(world: World, act: str) -> list[tuple[str, str, str, str]]:
    """Who did it, about what, how it ended and the details, the first first."""
    columns = (AuditEntry.by, AuditEntry.about, AuditEntry.outcome, AuditEntry.detail)
    with world.services.database.read() as connection:
        rows = connection.execute(select(*columns).where(AuditEntry.act == act).order_by(AuditEntry.seq))
        return [(row.by, row.about, row.outcome, row.detail) for row in rows]


# ---- the pages -------------------------------------------------------------------------------------------------------


def test_a_token_is_made_shown_once_used_and_revoked(world: World, browser: Open) -> None:
    clerk = browser("wx.wu")
    given = {"name": "周报", "scope": ["tasks:read", "account:read"], "days": "90"}
    page = clerk.post("/account/tokens", given, "/account/tokens", status=200)
    found = SHOWN.search(page)
    assert found
    token = found[1]
    assert token not in clerk.get("/account/tokens")
    with world.services.database.read() as connection:
        assert token not in str(connection.execute(select(AccessToken.__table__)).all())
    program = Caller(world, token)
    me = program.get("/account")
    assert (me["id"], me["token"]["scopes"]) == ("wx.wu", ["account:read", "tasks:read"])
    assert "192.0.2.7" in clerk.get("/account/tokens")
    path = f"/account/tokens/{me['token']['id']}/revoke"
    clerk.post(path, {}, "/account/tokens")
    program.get("/account", 401)
    assert [each[:3] for each in noted(world, "token.make")] == [("wx.wu", f"token:{me['token']['id']}", "done")]
    assert [each[:3] for each in noted(world, "token.revoke")] == [("wx.wu", f"token:{me['token']['id']}", "done")]
    assert [each[2] for each in noted(world, "token.use")] == ["refused"]
    assert '"why":"revoked"' in noted(world, "token.use")[0][3]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"scope": "tasks:read", "days": "30"}, "请填写名称"),
        ({"name": "x" * 61, "scope": "tasks:read", "days": "30"}, "请填写名称"),
        ({"name": "x", "days": "30"}, "请至少选一项用途"),
        ({"name": "x", "scope": "everything", "days": "30"}, "请至少选一项用途"),
        ({"name": "x", "scope": "tasks:read", "days": "366"}, "请选择有效期"),
        ({"name": "x", "scope": "tasks:read", "days": "for ever"}, "请选择有效期"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(browser: Open, given: dict[str, str], told: str) -> None:
    assert told in browser("wx.wu").post("/account/tokens", given, "/account/tokens", status=422)


def test_a_token_ends_within_a_year_whatever_is_asked_for(world: World) -> None:
    now = world.clock.now()
    with world.services.database.write() as connection:
        tokens.make(connection, "wx.wu", "x", ("tasks:read",), now + timedelta(days=9999), now, "password")
        assert tokens.of(connection, "wx.wu", now)[0].ends_at == now + timedelta(days=365)


def test_an_account_has_no_more_than_so_many_tokens(world: World, browser: Open) -> None:
    for _ in range(tokens.MOST):
        token_of(world, "wx.wu")
    given = {"name": "x", "scope": "tasks:read", "days": "30"}
    assert "最多有 20 个" in browser("wx.wu").post("/account/tokens", given, "/account/tokens", status=422)


def test_nobody_revokes_a_token_of_somebody_elses_on_the_own_page(world: World, browser: Open) -> None:
    identity, token = token_of(world, "wx.wu")
    browser("wx.wang").post(f"/account/tokens/{identity}/revoke", {}, "/account/tokens")
    Caller(world, token).get("/account")


def test_the_administrator_sees_and_revokes_them(world: World, browser: Open) -> None:
    identity, token = token_of(world, "wx.wu")
    administrator = browser("wx.su")
    assert "test" in administrator.get("/accounts/wx.wu")
    administrator.post(f"/accounts/wx.wu/tokens/{identity}/revoke", {}, "/accounts/wx.wu")
    Caller(world, token).get("/account", 401)
    assert noted(world, "token.revoke") == [("wx.su", f"token:{identity}", "done", '{"person":"wx.wu"}')]


# ---- when it is good -------------------------------------------------------------------------------------------------


def test_without_a_token_that_is_good_nothing_is_told(world: World) -> None:
    client = world.app.test_client()
    for headers in ({}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
        answer = client.get(f"{ROOT}/account", headers=headers)
        assert answer.status_code == 401
        assert answer.content_type == "application/problem+json"
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="bihuan"'


def test_the_session_of_a_browser_opens_nothing(browser: Open) -> None:
    assert browser("wx.wu").client.get(f"{ROOT}/account").status_code == 401


def test_it_is_over_when_its_time_is(world: World) -> None:
    program = Caller(world, token_of(world, "wx.wu", days=30)[1])
    world.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    program.get("/account")
    world.clock.advance(timedelta(seconds=1))
    program.get("/account", 401)


def test_a_locked_account_stops_its_tokens_until_it_is_unlocked(world: World) -> None:
    program = caller(world, "wx.wu")
    database, now = world.services.database, world.clock.now()
    with database.write() as connection:
        administration.lock(connection, "wx.wu", now, by="wx.su")
    program.get("/account", 401)
    with database.write() as connection:
        administration.unlock(
            connection, world.services.snapshots.now().reference.account_rules, "wx.wu", now, by="wx.su"
        )
    program.get("/account")


def test_a_deactivated_account_stops_its_tokens_for_good(world: World, browser: Open) -> None:
    program = caller(world, "wx.wu")
    administrator = browser("wx.su")
    administrator.post("/accounts/wx.wu/deactivate", {}, "/accounts/wx.wu")
    program.get("/account", 401)
    administrator.post("/accounts/wx.wu/reactivate", {}, "/accounts/wx.wu")
    program.get("/account", 401)


def test_an_account_that_reference_data_deactivates_stops_its_tokens(world: World) -> None:
    program = caller(world, "wx.wu")
    with world.services.database.write() as connection:
        edits.set_active(connection, "wx.wu", False, by="test")
    program.get("/account", 401)


def test_whoever_must_change_the_password_does_so_first(world: World, browser: Open) -> None:
    program = caller(world, "wx.wu")
    browser("wx.su").post("/accounts/wx.wu/reset", {}, "/accounts/wx.wu", status=200)
    assert "更换密码" in program.get("/account", 403)["detail"]
    with world.services.database.write() as connection:
        connection.execute(update(Account).where(Account.person == "wx.wu").values(must_change=False))
    program.get("/account")


# ---- scopes ----------------------------------------------------------------------------------------------------------


def test_every_operation_refuses_a_token_without_its_scope_and_takes_one_with_it_alone(world: World) -> None:
    """Of the whole route table: with all other scopes 403, with this one alone anything else."""
    told = {}
    callers = cache(lambda person, *scopes: caller(world, person, *scopes))
    for rule in rules(world):
        scope = permissions.scopes()[rule.endpoint]
        if not scope:
            continue
        (audience,) = permissions.audiences(rule.endpoint)
        without = callers(WHO[audience], *(each for each in SCOPES if each != scope))
        refused = without.send(method_of(rule), path_of(rule))
        allowed = callers(WHO[audience], scope).send(method_of(rule), path_of(rule))
        told[rule.endpoint] = refused.status_code, allowed.status_code == 403 and "令牌没有" in allowed.text
        assert scope in refused.text
    assert len(told) > 30
    assert {each: status for each, status in told.items() if status != (403, False)} == {}


def test_every_operation_but_the_document_needs_a_scope(world: World) -> None:
    assert {each.endpoint for each in rules(world) if not permissions.scopes()[each.endpoint]} == {"rest.openapi"}
    assert {scope for scope in permissions.scopes().values() if scope} == set(SCOPES)


def test_a_scope_opens_no_page_that_the_duties_do_not(world: World) -> None:
    handler = caller(world, "wx.wu")
    for path in ("/supervision", "/instances", "/incidents", "/bulk"):
        handler.get(path, 403)
    handler.post("/reports", {}, 403)
    assert any(by == "wx.wu" for by, *_ in noted(world, "access"))


# ---- how often -------------------------------------------------------------------------------------------------------


def slow(world: World, token: int = 3, address: int = 2) -> None:
    settings = replace(world.services.settings, token_rate=token, address_rate=address)
    world.services = replace(world.services, settings=settings)
    world.app = create_app(world.services)


def test_a_token_is_taken_so_often_a_minute(world: World) -> None:
    slow(world)
    program = caller(world, "wx.wu")
    for left in (2, 1, 0):
        answer = program.send("GET", "/account")
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"token";q=3;w=60'
        assert answer.headers["RateLimit"] == f'"token";r={left};t=60'
    world.clock.advance(timedelta(seconds=20))
    answer = program.send("GET", "/account")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")
    assert answer.json is not None
    assert answer.json["title"] == "请求过于频繁"
    caller(world, "wx.wang").get("/account")
    world.clock.advance(timedelta(seconds=40))
    program.get("/account")


def test_gateways_of_a_database_count_together(world: World) -> None:
    slow(world)
    program = caller(world, "wx.wu")
    other = create_app(world.services).test_client()
    for client in (program.client, other, program.client):
        program.client = client
        program.get("/account")
    program.client = other
    program.get("/account", 429)


def test_tokens_that_are_none_are_not_tried_without_end(world: World) -> None:
    slow(world)
    program = Caller(world, "bihuan_guessed")
    program.get("/account", 401)
    program.get("/account", 401)
    program.get("/account", 429)
    assert len(noted(world, "token.use")) == 2


# ---- requests that come twice ----------------------------------------------------------------------------------------

PROBLEM = {
    "enterprise": "湖州一二三机械有限公司",
    "contact": "王明",
    "phone": "13812345678",
    "title": "供电增容迟迟不批",
    "body": "我公司申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。",
}


def cases(world: World) -> int:
    with world.services.database.read() as connection:
        return len(connection.execute(select(Case.id)).all())


def test_the_same_request_under_its_key_has_the_same_answer_and_no_second_effect(world: World) -> None:
    clerk = caller(world, "wx.chen")
    first = clerk.send("POST", "/reports", json=PROBLEM, headers={"Idempotency-Key": "k-1"})
    again = clerk.send("POST", "/reports", json=PROBLEM, headers={"Idempotency-Key": "k-1"})
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert cases(world) == 1
    assert clerk.post("/reports", PROBLEM, 201)["number"] != (first.json or {})["number"]
    assert cases(world) == 2


def test_a_key_is_one_requests(world: World) -> None:
    clerk = caller(world, "wx.chen")
    clerk.post("/reports", PROBLEM, 201, Idempotency_Key="k-1")
    refused = clerk.post("/reports", {**PROBLEM, "title": "另一件事"}, 422, Idempotency_Key="k-1")
    assert "Idempotency-Key" in refused["detail"]
    assert cases(world) == 1
    caller(world, "wx.li").post("/reports", PROBLEM, 201, Idempotency_Key="k-1")
    assert cases(world) == 2


def test_a_request_that_is_in_hand_is_not_begun_again_until_its_process_must_be_dead(world: World) -> None:
    clerk = caller(world, "wx.chen")
    clerk.post("/reports", PROBLEM, 201, Idempotency_Key="k-1")
    database = world.services.database
    with database.write() as connection:  # as a process leaves it that dies between the two commits
        connection.execute(update(KeptAnswer).values(status=None, body=b""))
    assert "正在办理" in clerk.post("/reports", PROBLEM, 409, Idempotency_Key="k-1")["detail"]
    world.clock.advance(kept_answers.GIVEN_UP)
    assert clerk.post("/reports", PROBLEM, 201, Idempotency_Key="k-1")["outcome"] == "known"
    assert cases(world) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 101])
def test_a_key_that_is_none_is_told_so(world: World, key: str) -> None:
    answer = caller(world, "wx.chen").post("/reports", PROBLEM, 400, Idempotency_Key=key)
    assert "1 到 100" in answer["detail"]
    assert cases(world) == 0


def test_answers_are_forgotten_after_a_day(world: World) -> None:
    clerk = caller(world, "wx.chen")
    clerk.post("/reports", PROBLEM, 201, Idempotency_Key="k-1")
    tidying = Tidying(world.services.database, world.clock)
    world.clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    tidying.run()
    clerk.post("/reports", {**PROBLEM, "title": "另一件事"}, 422, Idempotency_Key="k-1")
    world.clock.advance(timedelta(seconds=1))
    tidying.run()
    with world.services.database.read() as connection:
        assert connection.execute(select(KeptAnswer.key)).all() == []


def test_tokens_are_remembered_a_while_after_their_end(world: World) -> None:
    token_of(world, "wx.wu", days=1)
    tidying = Tidying(world.services.database, world.clock)
    world.clock.advance(timedelta(days=90))
    tidying.run()
    with world.services.database.read() as connection:
        assert len(connection.execute(select(AccessToken.id)).all()) == 1
    world.clock.advance(timedelta(days=1))
    tidying.run()
    with world.services.database.read() as connection:
        assert connection.execute(select(AccessToken.id)).all() == []


# ---- errors ----------------------------------------------------------------------------------------------------------


def test_errors_name_the_field_and_what_to_do_in_both_languages(world: World) -> None:
    program = caller(world, "wx.wu")
    found = program.get("/inbox", 422, page="x", list="mine", colour="red")
    assert found["title"] == "内容不合要求"
    assert {each["path"]: (each["zh"], each["en"]) for each in found["errors"]} == {
        "query.page": ("query.page: 应为整数", "query.page: Not a valid integer."),
        "query.colour": ("query.colour: 没有这一项", "query.colour: Unknown field."),
    }
    english = program.send("GET", "/inbox?page=0", headers={"Accept-Language": "en"})
    assert english.json is not None
    assert english.json["title"] == "Not as it must be"
    assert english.json["detail_zh"] != english.json["detail_en"] == english.json["detail"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"data": NaN}', "application/json", 400),
        (b'{"data": {"a": "\\ud800"}}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"data": {"a": "\\u0000"}}', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b'{"data": {"a": "' + b"x" * 2**20 + b'"}}', "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_used_is_told_so(world: World, body: bytes, content_type: str, status: int) -> None:
    answer = caller(world, "wx.wu").send("PUT", "/tasks/1/draft", data=body, content_type=content_type)
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"


def test_what_is_not_there_is_told_as_a_problem_too(world: World) -> None:
    program = caller(world, "wx.wu")
    program.get("/nothing", 404)
    program.get("/tasks/a%00b", 404)
    answer = program.send("DELETE", "/account")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.content_type == "application/problem+json"
