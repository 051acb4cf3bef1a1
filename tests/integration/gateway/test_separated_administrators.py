"""三员分立: of the three administrators nobody is two, by whatever way it is tried; each does the own work and nothing of the others'; and
all that is tried is in the audit log."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import AnyConverter, Rule

from gateway import permissions
from gateway.staff import viewer
from processes.casework import people
from processes.casework.accounts import tokens
from processes.casework.audit.entries import DONE, REFUSED, Entry
from processes.casework.audit.verifying import stored
from processes.casework.reference import Reference
from processes.store.tables import UserTask
from tests.integration.gateway.conftest import Browser, Program
from tests.integration.gateway.test_oidc import StandIn, back, there
from tests.integration.gateway.test_oidc import client as client
from tests.integration.gateway.test_oidc import provider as provider
from tests.integration.gateway.world import MODELS, World

Open = Callable[..., Browser]

GROUP = "administration"

ADMINISTRATORS = {"admin_system": "wx.yun", "admin_security": "wx.su", "admin_audit": "wx.pan"}

PAGES = {
    "admin_system": {"duties", "incidents", "instances", "operate", "operations"},
    "admin_security": {"accounts", "approvals"},
    "admin_audit": {"audit"},
}
"""What each has, and all that it has."""

TOKEN_PAGE = "/account/password"
"""Everybody's, with a form."""


def roles_apart(reference: Reference, person: str, world: World) -> set[str]:
    """The roles of the group that somebody ever acts in, on any day on which a substitution begins or ends."""
    days = {day for each in reference.substitutes for day in (each.since, each.until)}
    days.add(world.services.snapshots.now().calendar.local_date(world.clock.now()))
    return max(
        (
            {each.duty.role for each in people.authority(reference, person, day).acting} & set(ADMINISTRATORS)
            for day in days
        ),
        key=len,
    )


def log(world: World) -> list[Entry]:
    with world.services.database.read() as connection:
        return list(stored(connection))


def last(world: World) -> tuple[str, str, str, str]:
    entry = log(world)[-1]
    return entry.by, entry.act, entry.about, entry.outcome


# ---- what the data says ------------------------------------------------------------------------------------------------


def test_nobody_in_the_shipped_data_is_two_of_them_on_any_day(world: World) -> None:
    reference = world.services.snapshots.now().reference
    held = {person: roles_apart(reference, person, world) for person in reference.people}
    assert {role for roles in held.values() for role in roles} == set(ADMINISTRATORS)
    assert {person: roles for person, roles in held.items() if len(roles) > 1} == {}
    for role, person in ADMINISTRATORS.items():
        assert held[person] == {role}


def test_the_data_says_that_the_three_are_apart_and_see_no_case(world: World) -> None:
    with (MODELS / "reference" / "roles.csv").open(encoding="utf-8") as lines:
        rows = [line.strip().split(",") for line in lines]
    apart = {row[0]: (row[2], row[3]) for row in rows if row[0] in ADMINISTRATORS}
    assert apart == dict.fromkeys(ADMINISTRATORS, ("none", GROUP))


def test_each_has_its_pages_and_no_other_has_them() -> None:
    opened: Mapping[str, set[str]] = defaultdict(set)
    for page, roles in viewer._roles().items():
        for role in roles & set(ADMINISTRATORS):
            opened[role].add(page)
    assert dict(opened) == PAGES
    assert not {row["role"] for row in viewer._sheets()} & set(ADMINISTRATORS)


def all_scopes(world: World, person: str) -> str:
    """A token of a person with every scope that there is."""
    now = world.services.clock.now()
    every = sorted({each for each in permissions.scopes().values() if each})
    with world.services.database.write() as connection:
        return tokens.make(connection, person, "all", every, now + timedelta(days=30), now, "password")[1]


def filling(rule: Rule, name: str) -> str:
    """A value that an address takes for one of its names."""
    kind = rule._converters[name]
    return min(kind.items) if isinstance(kind, AnyConverter) else "1"


# ---- what they reach ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_every_page_of_duties_is_open_to_its_administrator_and_refused_to_the_others(
    world: World, browser: Open, role: str
) -> None:
    someone = browser(ADMINISTRATORS[role])
    token = someone.get(TOKEN_PAGE).split('name="csrf_token" value="')[1].split('"')[0]
    wrong, refused = [], 0
    bearer = {"Authorization": f"Bearer {all_scopes(world, ADMINISTRATORS[role])}"}
    for rule in world.app.url_map.iter_rules():
        wanted = permissions.pages(rule.endpoint)
        if not wanted or wanted & PAGES[role]:
            continue
        by_token = rule.endpoint.startswith("rest.")
        path = rule.build({name: filling(rule, name) for name in rule.arguments}, append_unknown=False)
        assert path is not None
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = (
                world.app.test_client().open(path[1], method=method, headers=bearer)
                if by_token
                else someone.client.open(
                    path[1], method=method, data={"csrf_token": token} if method == "POST" else None
                )
            )
            refused += 1
            if answer.status_code != 403 or last(world)[1:] != ("access", f"page:{rule.endpoint}", REFUSED):
                wrong.append((rule.endpoint, method, answer.status_code))
    assert wrong == []
    assert refused > 20


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("admin_system", "/duties"),
        ("admin_system", "/operations/"),
        ("admin_security", "/accounts"),
        ("admin_security", "/subjects/approvals"),
        ("admin_audit", "/audit/"),
    ],
)
def test_each_reaches_its_own(browser: Open, role: str, path: str) -> None:
    browser(ADMINISTRATORS[role]).get(path)


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_none_reads_a_case_or_does_anything_in_one(world: World, browser: Open, role: str) -> None:
    number = world.report("S-1").number
    task = world.open_tasks(number)[0]
    someone = browser(ADMINISTRATORS[role])
    for path in (f"/cases/{number}", f"/cases/{number}/file.pdf"):
        someone.get(path, 404)
    for path in (f"/tasks/{task.id}", f"/tasks/{task.id}/arrange"):
        assert someone.client.get(path).status_code in (403, 404)
    inbox, found = someone.get("/"), someone.client.get("/search?q=供电", follow_redirects=True).text
    for each in ("供电增容迟迟不批", "湖州一二三机械有限公司", number):
        assert each not in inbox
        assert each not in found
    someone.post(f"/cases/{number}/contact", {"reason": "visit", "words": "x"}, TOKEN_PAGE, 404)
    for path, sent in ((f"/tasks/{task.id}", {"outcome": "accept"}), (f"/tasks/{task.id}/claim", {})):
        assert someone.client.post(path, data=sent).status_code in (400, 403, 404)
    with world.services.database.read() as connection:
        assert connection.scalar(select(UserTask.state).where(UserTask.id == task.id)) == "open"


def test_nothing_writes_the_audit_log_and_its_administrator_only_reads(world: World) -> None:
    of_audit = {
        rule.endpoint: rule.methods for rule in world.app.url_map.iter_rules() if rule.endpoint.startswith("audit.")
    }
    assert {name: methods - {"HEAD", "OPTIONS"} for name, methods in of_audit.items() if methods} == {
        "audit.log": {"GET"},
        "audit.export": {"POST"},
    }


# ---- what is tried -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "second"), [("wx.su", "admin_audit"), ("wx.pan", "admin_security"), ("wx.su", "admin_system")]
)
def test_a_second_role_is_refused_at_the_page(world: World, browser: Open, person: str, second: str) -> None:
    admin = browser("wx.yun")
    page = admin.post(f"/duties/of/{person}", {"role": second, "place": "330502"}, TOKEN_PAGE, 422)
    assert "三员分立" in page
    assert last(world) == ("wx.yun", "duty.add", f"person:{person}", REFUSED)


def test_the_system_administrator_gives_himself_nothing(world: World, browser: Open) -> None:
    browser("wx.yun").post("/duties/of/wx.yun", {"role": "admin_audit", "place": "330502"}, TOKEN_PAGE, 403)
    assert last(world) == ("wx.yun", "access", "page:accounts.add_duty", REFUSED)


def test_one_administrator_does_not_stand_in_for_another(world: World, browser: Open) -> None:
    away = {"substitute": "wx.pan", "since": "2026-11-23", "until": "2026-11-25"}
    assert "三员分立" in browser("wx.su").post("/account/substitutes", away, TOKEN_PAGE, 422)
    assert last(world) == ("wx.su", "substitute.add", "person:wx.su", REFUSED)


def test_nobody_stands_in_for_two_of_them_at_once(world: World, browser: Open) -> None:
    away = {"substitute": "wx.wu", "since": "2026-11-23", "until": "2026-11-25"}
    browser("wx.su").post("/account/substitutes", away, TOKEN_PAGE)
    assert last(world) == ("wx.su", "substitute.add", "person:wx.su", DONE)
    page = browser("wx.pan").post(
        "/account/substitutes", {**away, "since": "2026-11-25", "until": "2026-11-27"}, TOKEN_PAGE, 422
    )
    assert "三员分立" in page
    assert last(world) == ("wx.pan", "substitute.add", "person:wx.pan", REFUSED)
    reference = world.services.snapshots.now().reference
    assert roles_apart(reference, "wx.wu", world) == {"admin_security"}
    after = {**away, "since": "2026-11-26", "until": "2026-11-27"}
    assert browser("wx.pan").post("/account/substitutes", after, TOKEN_PAGE) == "/account/substitutes"


def test_who_stands_in_for_one_becomes_no_other(world: World, browser: Open) -> None:
    away = {"substitute": "wx.wu", "since": "2026-11-23", "until": "2026-11-25"}
    browser("wx.su").post("/account/substitutes", away, TOKEN_PAGE)
    page = browser("wx.yun").post("/duties/of/wx.wu", {"role": "admin_audit", "place": "330502"}, TOKEN_PAGE, 422)
    assert "三员分立" in page


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("duties.csv", "wx.su,admin_audit,330502,"),
        ("substitutes.csv", "wx.pan,wx.su,2026-12-01,2026-12-02"),
        ("substitutes.csv", "wx.pan,wx.wu,2026-12-01,2026-12-02\nwx.su,wx.wu,2026-12-02,2026-12-03"),
    ],
)
def test_a_second_role_is_refused_in_a_file_as_load_sends_it(
    world: World, operator: Program, file: str, line: str
) -> None:
    folder = MODELS / "reference"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.csv")}
    files[file] = files[file].rstrip(b"\n") + f"\n{line}\n".encode()
    parts = [(io.BytesIO(body), name) for name, body in files.items()]
    answer = operator.client.post("/api/reference", data={"files": parts}, headers=operator.headers)
    assert answer.status_code >= 400
    assert "三员分立" in answer.text
    assert last(world) == ("operator", "reference.load", "", REFUSED)


def test_what_an_identity_provider_says_of_roles_counts_for_nothing(
    world: World, client: FlaskClient, provider: StandIn
) -> None:
    provider.person = "wx.su"

    def more(claims: dict[str, Any]) -> None:
        claims |= {"roles": list(ADMINISTRATORS), "groups": list(ADMINISTRATORS), "role": "admin_audit"}

    provider.says = more
    assert back(client, there(client, provider)).status_code == 302
    assert client.get("/accounts").status_code == 200
    for path in ("/audit/", "/duties", "/operations/"):
        assert client.get(path).status_code == 403
    assert [each.act for each in log(world)][-3:] == ["access"] * 3


def test_a_substitution_that_is_over_is_in_nobodys_way(world: World, browser: Open) -> None:
    away = {"substitute": "wx.wu", "since": "2026-11-23", "until": "2026-11-23"}
    browser("wx.su").post("/account/substitutes", away, TOKEN_PAGE)
    world.clock.advance(timedelta(days=2))
    later = {**away, "since": "2026-11-25", "until": "2026-11-26"}
    assert browser("wx.pan").post("/account/substitutes", later, TOKEN_PAGE) == "/account/substitutes"
