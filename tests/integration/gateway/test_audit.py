"""What people and programs do comes into the audit log, with what is refused to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import app
from processes.casework.audit.entries import ASKED, DONE, REFUSED, Entry
from processes.casework.audit.verifying import stored, verify
from processes.store.deeds import REPLAYED
from tests.integration.gateway.conftest import Browser, Program
from tests.integration.gateway.test_instances import act, instance_of
from tests.integration.gateway.world import MODELS, PASSWORD, World

Open = Callable[..., Browser]


def entries(world: World) -> list[Entry]:
    with world.services.database.read() as connection:
        verify(connection)
        return list(stored(connection))


def last(world: World) -> tuple[str, str, str, str]:
    found = entries(world)[-1]
    return found.by, found.act, found.about, found.outcome


def detail(entry: Entry) -> Any:
    return json.loads(entry.detail)


def test_coming_and_going(world: World, browser: Open) -> None:
    clerk = browser("wx.chen")
    assert last(world) == ("wx.chen", "login", "person:wx.chen", DONE)
    clerk.post("/logout", {}, "/")
    assert last(world) == ("wx.chen", "logout", "person:wx.chen", DONE)
    assert [each.address for each in entries(world)] == ["127.0.0.1"] * 2


def test_wrong_tries_until_the_account_is_locked(world: World, browser: Open) -> None:
    for _ in range(7):
        browser().post("/login", {"account": "wx.chen", "password": "wrong"}, "/login", status=None)
    found = entries(world)
    assert {(each.by, each.act, each.outcome) for each in found} == {("wx.chen", "login", REFUSED)}
    assert ["locked_until" in detail(each) for each in found] == [False, False, False, False, True]


def test_a_password_typed_as_an_account_is_not_kept(world: World, browser: Open) -> None:
    browser().post("/login", {"account": PASSWORD, "password": ""}, "/login", status=401)
    assert last(world) == ("", "login", "", REFUSED)
    assert PASSWORD not in entries(world)[-1].to_line()


def test_what_the_security_administrator_does(world: World, browser: Open) -> None:
    admin = browser("wx.su")
    acts = {
        "lock": "lock",
        "unlock": "unlock",
        "deactivate": "deactivate",
        "reactivate": "reactivate",
        "reset": "give_password",
        "reset-second-factor": "drop_second",
        "log-out": "log_out",
    }
    for path, name in acts.items():
        admin.post(f"/accounts/wx.wu/{path}", {}, "/accounts/wx.wu", status=None)
        assert last(world) == ("wx.su", f"account.{name}", "person:wx.wu", DONE)


def test_a_page_that_is_not_for_somebody(world: World, browser: Open) -> None:
    browser("wx.chen").get("/accounts", 403)
    assert last(world) == ("wx.chen", "access", "page:accounts.people", REFUSED)
    browser("wx.su").post("/accounts/wx.su/lock", {}, "/accounts", status=403)
    assert last(world) == ("wx.su", "access", "page:accounts.lock", REFUSED)
    browser().client.get("/accounts")
    assert last(world)[1] == "access"


def test_what_programs_do(world: World, operator: Program) -> None:
    files = [(path.open("rb"), path.name) for path in sorted((MODELS / "board_handoff").glob("*.*"))]
    sent = operator.client.post("/api/deploy", data={"files": files}, headers=operator.headers)
    assert sent.status_code in (200, 422), sent.text
    if sent.status_code == 200:
        assert last(world)[1] == "model.deploy"
    operator.post("/api/dead-letters/replay", {"ids": []})
    assert entries(world)[-1].act == f"dead.{REPLAYED}"
    operator.post("/api/quarantine/99/resend", {}, status=404)
    assert last(world)[1:] == ("quarantine.resend", "message:99", ASKED)


def test_an_act_on_an_instance_stands_in_its_transaction(world: World, browser: Open) -> None:
    instance = instance_of(world, str(world.report("2026-1").number))
    act(browser("wx.yun"), instance, "suspend")
    found = entries(world)[-1]
    assert (found.by, found.act, found.about) == ("wx.yun", "instance.suspend", f"instance:{instance}")
    assert detail(found)["reason"]


def test_the_command_line_walks_the_chain(
    world: World,
    browser: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    browser("wx.chen")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/gateway.db")
    monkeypatch.setenv("DATA", str(tmp_path))
    assert app.main(["audit", "verify"]) == 0
    known = capsys.readouterr().out.split("最后一条 ")[1].split("（")[0]
    assert app.main(["audit", "export", str(tmp_path / "copy.jsonl")]) == 0
    assert app.main(["audit", "verify", "--file", str(tmp_path / "copy.jsonl")]) == 0
    assert app.main(["audit", "verify", "--known", known]) == 0
    assert app.main(["audit", "hash", "sm3"]) == 0
    assert app.main(["audit", "seal", str(tmp_path / "old.jsonl")]) == 1
    with world.services.database.write() as connection:
        connection.exec_driver_sql("drop trigger audit_entry_update")
        connection.exec_driver_sql("update audit_entry set by = 'wx.pan' where seq = 2")
    capsys.readouterr()
    assert app.main(["audit", "verify"]) == 1
    assert "第 2 条断开" in capsys.readouterr().err
