"""审计日志: the audit administrator finds who did what among the people of the own place and below, and takes a copy."""

from __future__ import annotations

from collections.abc import Callable

from processes.casework.audit.verifying import stored
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]


def test_only_the_audit_administrator_may(browser: Open) -> None:
    for other in ("wx.chen", "wx.yun", "wx.su"):
        browser(other).get("/audit/", 403)
    browser("wx.pan").get("/audit/")


def test_acts_are_found_by_person_kind_object_and_day(world: World, browser: Open) -> None:
    browser("wx.su").post("/accounts/wx.wu/lock", {}, "/accounts/wx.wu")
    admin = browser("wx.pan")
    for query in ("by=wx.su", "kind=account", "about=wx.wu", "by=wx.su&kind=account&since=2026-11-23&until=2026-11-23"):
        page = admin.get(f"/audit/?{query}")
        assert "账号：锁定" in page, query
        assert "首尾相接" in page
    for query in ("by=wx.chen", "kind=duty", "about=wx.li", "until=2026-11-22", "since=2026-11-24", "before=1"):
        assert "账号：锁定" not in admin.get(f"/audit/?{query}"), query
    assert "没有找到" in admin.get("/audit/?kind=nonsense&since=x")


def test_entries_are_told_in_words(browser: Open) -> None:
    browser().post("/login", {"account": "wx.chen", "password": "wrong"}, "/login", 401)
    browser("wx.yun").post(
        "/duties/of/wx.zou",
        {"role": "intake_clerk", "place": "330502", "organisation": "330502.centre"},
        "/duties/of/wx.zou",
    )
    page = browser("wx.pan").get("/audit/")
    for words in (
        "陈少华 wx.chen",
        "原因：账号或密码不对",
        "角色：受理员",
        "地区：吴兴区",
        "单位：吴兴区企业综合服务中心",
    ):
        assert words in page, words


def test_of_other_places_nothing_is_seen(browser: Open) -> None:
    browser("nx.su").post("/accounts/nx.li/lock", {}, "/accounts/nx.li")
    near, above = browser("wx.pan"), browser("hz.pan")
    assert "nx.su" not in near.get("/audit/")
    assert "账号：锁定" not in near.get("/audit/?by=nx.su")
    assert "账号：锁定" in above.get("/audit/?by=nx.su")


def test_a_copy_is_taken_and_that_is_an_entry(world: World, browser: Open) -> None:
    admin = browser("wx.pan")
    table = admin.post("/audit/export", {"kind": "login"}, "/audit/?kind=login", 200)
    assert "login,person:wx.pan,done" in table
    with world.services.database.read() as connection:
        assert [each.act for each in stored(connection)][-1] == "audit.export"


def test_a_copy_of_what_was_found_says_what_was_looked_for(world: World, browser: Open) -> None:
    wanted = {"by": "wx.pan", "kind": "login", "about": "wx.pan", "since": "2026-11-23", "until": "2026-11-23"}
    admin = browser("wx.pan")
    assert "login,person:wx.pan,done" in admin.post("/audit/export", wanted, "/audit/", 200)
    assert "谁：wx.pan" in admin.get("/audit/?kind=audit")


def test_a_copy_of_days_that_are_none_leaves_the_page_whole(browser: Open) -> None:
    admin = browser("wx.pan")
    admin.post("/audit/export", {"since": "x", "until": "no day"}, "/audit/", status=200)
    assert "no day" in admin.get("/audit/")


def test_a_broken_chain_is_told(world: World, browser: Open) -> None:
    admin = browser("wx.pan")
    browser("wx.chen")
    with world.services.database.write() as connection:
        connection.exec_driver_sql("drop trigger audit_entry_update")
        connection.exec_driver_sql("update audit_entry set by = 'wx.li' where seq = 2")
    assert "第 2 条断开" in admin.get("/audit/")
