"""Duties are the system administrator's to give, substitutes everybody's to name; both within the rules of the data."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from processes.casework import loading
from processes.casework.reference_files import ReferenceDataError
from processes.store.tables import Person, Setting
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import MODELS, World

Open = Callable[..., Browser]

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
