"""Duties are the system administrator's to give, substitutes everybody's to name; both within the rules of the data."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from html import escape

import pytest
from sqlalchemy import update

from processes.casework import loading
from processes.casework.accounts import passwords
from processes.casework.reference_files import ReferenceDataError
from processes.store.tables import Person, Setting
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import MODELS, World

Open = Callable[..., Browser]

OWN = "Chun-Feng-2026"
COORDINATOR = {"role": "coordinator", "place": "330502", "organisation": "330502.centre"}
WUS_TASK = {"substitute": "wx.zheng", "since": "2026-11-23", "until": "2026-11-25"}


def give(admin: Browser, person: str, duty: dict[str, str], status: int = 302) -> str:
    return admin.post(f"/duties/of/{person}", duty, "/account/password", status=status)


def test_a_duty_that_is_given_opens_pages_at_once_and_one_that_is_ended_closes_them(browser: Open) -> None:
    admin, clerk = browser("wx.yun"), browser("wx.wu")
    clerk.get("/incidents", 403)
    give(admin, "wx.wu", COORDINATOR)
    clerk.get("/incidents")
    assert "已有" not in admin.get("/duties/of/wx.wu")
    assert "已经有这一条" in give(admin, "wx.wu", COORDINATOR, 422)
    admin.post("/duties/of/wx.wu/end", COORDINATOR, "/account/password")
    clerk.get("/incidents", 403)
    admin.post("/duties/of/wx.wu/end", COORDINATOR, "/account/password", status=404)


def test_nobody_becomes_two_of_the_three_administrators(browser: Open) -> None:
    page = give(browser("wx.yun"), "wx.su", {"role": "admin_audit", "place": "330502"}, 422)
    assert "三员分立" in page


def test_duties_are_given_within_reach_by_the_system_administrator_alone(browser: Open) -> None:
    for other in ("wx.chen", "wx.su", "wx.pan"):
        browser(other).get("/duties", 403)
    admin = browser("wx.yun")
    give(admin, "wx.yun", COORDINATOR, 403)
    for foreign in ("nx.li", "hz.li", "nobody"):
        give(admin, foreign, COORDINATOR, 404)
    for place in ("3305", "330503", "nowhere"):
        assert "只能是本地或下级" in give(admin, "wx.wu", {**COORDINATOR, "place": place}, 422)
    for wrong in ({"role": "king"}, {"organisation": "330503.centre"}):
        assert "还不能提交" in give(admin, "wx.wu", {**COORDINATOR, **wrong}, 422)


NEWCOMER = {"account": "wx.hua", "name": "华新宇", **COORDINATOR}


def make(admin: Browser, newcomer: dict[str, str], status: int = 302) -> str:
    return admin.post("/duties/new", newcomer, "/duties/new", status=status)


def test_somebody_new_gets_in_once_both_administrators_have_done_their_part(world: World, browser: Open) -> None:
    make(browser("wx.yun"), NEWCOMER)
    with world.services.database.read() as connection:
        assert passwords.kept(connection, "wx.hua") == ""
    given = browser("wx.su").post("/accounts/wx.hua/reset", {}, "/account/password", status=200)
    [initial] = re.findall(r'id="codes"[^>]*>\s*([^<]+?)\s*<', given)
    fresh = Browser(world.app.test_client())
    fresh.post("/login", {"account": "wx.hua", "password": initial}, "/login")
    fresh.post("/account/password", {"old": initial, "new": OWN, "again": OWN}, "/account/password")
    assert "华新宇" in fresh.get("/incidents")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"account": "WX.Wu"}, "已有账号“wx.wu”"),
        ({"account": "wx hua"}, "账号只能用字母"),
        ({"account": ""}, "账号不能为空"),
        ({"account": ".."}, "账号须以字母或数字开头"),
        ({"name": "=1+1"}, "姓名不能以“=”开头"),
        ({"name": "华" * 61}, "姓名最多60个字"),
        ({"role": "king"}, "还不能提交"),
        ({"place": "3305"}, "只能是本地或下级"),
        ({"organisation": "330503.centre"}, "还不能提交"),
    ],
)
def test_an_account_that_may_not_be_is_refused_and_nothing_is_left_of_it(
    world: World, browser: Open, wrong: dict[str, str], told: str
) -> None:
    page = make(browser("wx.yun"), NEWCOMER | wrong, 422)
    assert told in page
    assert 'value="' + escape((NEWCOMER | wrong)["name"]) + '"' in page
    assert world.services.snapshots.now().reference.people.keys().isdisjoint({"wx.hua", "WX.Wu"})


def test_what_was_given_is_downloaded_as_the_file_that_load_takes(
    world: World, browser: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import shutil

    give(browser("wx.yun"), "wx.wu", COORDINATOR)
    folder = shutil.copytree(MODELS / "reference", tmp_path_factory.mktemp("folder") / "reference")
    with (folder / "stages.csv").open("a", encoding="utf-8") as lines:
        lines.write("other,其他,9\n")

    def load() -> None:
        with world.services.database.write() as connection:
            loading.load(connection, folder, world.clock)

    with pytest.raises(ReferenceDataError, match="职责管理"):
        load()
    browser("wx.yun").get("/duties/duties.csv", 403)
    admin = browser("zj.ge")
    admin.get("/duties/roles.csv", 404)
    for name in ("people", "duties", "substitutes"):
        text = admin.get(f"/duties/{name}.csv")
        assert len(list(csv.DictReader(text.splitlines()))) > 2
        (folder / f"{name}.csv").write_text(text, "utf-8")
    load()
    browser("wx.wu").get("/incidents")


def test_a_name_that_came_before_is_no_formula_in_the_file(world: World, browser: Open) -> None:
    with world.services.database.write() as connection:
        connection.execute(update(Person).where(Person.id == "wx.wu").values(name="=HYPERLINK(1)"))
        connection.execute(update(Setting).where(Setting.key == "reference").values(value={"version": "named"}))
    text = browser("zj.ge").get("/duties/people.csv")
    assert "wx.wu,'=HYPERLINK(1),yes" in text


def test_a_substitute_does_the_work_until_it_is_over(world: World, browser: Open) -> None:
    number = world.report("H1").number
    here, there = browser("wx.wu"), browser("wx.zheng")
    there.get(f"/cases/{number}", 404)
    assert here.post("/account/substitutes", WUS_TASK, "/account/substitutes") == "/account/substitutes"
    assert "代理中" in here.get("/account/substitutes")
    assert "我代理谁" in there.get("/account/substitutes")
    there.get(f"/cases/{number}")
    world.clock.advance(timedelta(days=3))
    there.get(f"/cases/{number}", 404)


def test_a_substitute_is_ended_early(world: World, browser: Open) -> None:
    here = browser("wx.wu")
    here.post("/account/substitutes", WUS_TASK, "/account/substitutes")
    here.post("/account/substitutes/end", WUS_TASK, "/account/substitutes")
    assert "现在没有人代理您" in here.get("/account/substitutes")
    here.post("/account/substitutes/end", WUS_TASK, "/account/substitutes", status=404)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"substitute": "nx.li"}, "请选择一位同事"),
        ({"substitute": "wx.wu"}, "请选择一位同事"),
        ({"until": "2026-11-22", "since": "2026-11-20"}, "不早于今天"),
        ({"until": "someday"}, "请填写起止日期"),
        ({"since": "2026-11-26"}, "早于开始日期"),
    ],
)
def test_a_substitute_who_is_none_is_refused(browser: Open, wrong: dict[str, str], told: str) -> None:
    page = browser("wx.wu").post("/account/substitutes", {**WUS_TASK, **wrong}, "/account/substitutes", status=422)
    assert told in page


def test_an_administrator_names_no_other_administrator(browser: Open) -> None:
    given = {**WUS_TASK, "substitute": "wx.yun"}
    page = browser("wx.su").post("/account/substitutes", given, "/account/substitutes", status=422)
    assert "三员分立" in page
