"""A draft is tried step by step: what waits, what is refused, what is taken back; and any process of the gateway shows the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.studio import stages
from processes.casework import model_drafts
from processes.store.tables import Case, Job, ModelWalk, OutboxMessage
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.test_studio import LOCAL, TOP, begun, draft_of, send
from tests.integration.gateway.world import MODELS, World

Open = Callable[..., Browser]


def drafted(world: World, browser: Browser, process: str, *scenarios: str) -> str:
    """The address of a draft of a process, with shipped scenarios in it."""
    path = begun(browser, process)
    draft = draft_of(world, path)
    files = {each: (MODELS / process / each).read_text("utf-8") for each in scenarios}
    with world.services.database.write() as connection:
        for name, text in files.items():
            model_drafts.keep(connection, draft, name, text, draft.revision, world.clock.now())
    return path


def at(page: str, kind: str) -> str:
    """The key of the first thing of a kind that waits."""
    found = re.search(rf"at=({kind}-\d+)", page)
    assert found, f"no {kind} waits"
    return found.group(1)


def revision(page: str) -> str:
    return re.findall(r'name="revision" value="(\d+)"', page)[0]


def go(browser: Browser, path: str, status: int | None = 302, **data: Any) -> str:
    """Take a step; returns the page after it."""
    page = browser.get(f"{path}/try")
    told = browser.post(f"{path}/try", {"revision": revision(page), **data}, f"{path}/try", status)
    return browser.get(f"{path}/try") if status == 302 else told


def begin(browser: Browser, path: str, **more: str) -> str:
    """Begin as the page proposes."""
    page = browser.get(f"{path}/try")
    fields = {
        name: re.findall(rf'name="{name}"[^>]*>([^<]*)</textarea>', page)[0].replace("&#34;", '"')
        for name in ("variables", "answers")
    }
    fields["time"] = re.findall(r'name="time" value="([^"]+)"', page)[0]
    return go(browser, path, act="begin", **{"place": "330502", **fields, **more})


def test_a_walk_from_its_beginning_to_its_end(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = drafted(world, top, "handling", "one-board.scenario.json")
    before = counts(world)
    page = begin(top, path)
    assert "走过的步骤" in page
    assert "签收" in page
    page = go(top, path, act="task", at=at(page, "task"), outcome="accept")
    assert "办完“签收”" in page
    page = go(top, path, 422, act="task", at=at(page, "task"), outcome="answer")
    assert "还不能提交" in page
    page = go(
        top,
        path,
        act="task",
        at=at(top.get(f"{path}/try"), "task"),
        outcome="answer",
        resolution="solved",
        answer="已放款。",
    )
    assert "走到头了" in page
    assert "第 1 行" in page or "第 2 行" in page, "the rules that hit are told"
    assert counts(world) == before, "no case, no job, no message"


def counts(world: World) -> list[Any]:
    with world.services.database.read() as connection:
        return [connection.scalar(select(func.count()).select_from(each)) for each in (Case, Job, OutboxMessage)]


def test_jobs_messages_and_time_are_in_ones_own_hands(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = drafted(world, top, "rating", "satisfied.scenario.json")
    page = begin(top, path, answers="")
    key = at(page, "job")
    refused = go(top, path, 422, act="job", at=key, how="done", delivered="vielleicht")
    assert 'class="wrong"' in refused
    page = go(top, path, act="job", at=key, how="done", delivered="true")
    page = go(top, path, act="job", at=at(page, "job"), how="failure")
    assert "没有办成" in page
    page = go(top, path, act="back")
    assert "没有办成" not in page
    page = go(top, path, act="job", at=at(page, "job"), how="done", request="p-1")
    assert "企业评价" in page
    due = re.findall(r'name="until" value="([^"]+)"', top.get(f"{path}/try?at={at(page, 'timer')}"))[0]
    later = go(top, path, act="wait", until=due)
    assert "到了" in later
    go(top, path, act="back")
    page = go(top, path, act="wait", by="P1WD")
    assert "到了2026年1月6日 09:00" in page
    page = go(top, path, act="message", at=at(page, "message"), case="330502-26-00042-5", level="5")
    assert "走到头了" in page


def test_every_process_of_the_gateway_shows_the_same(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = drafted(world, top, "handling", "one-board.scenario.json")
    begin(top, path)
    page = go(top, path, act="task", at="task-0", outcome="accept")
    stages._houses.clear()
    assert _without_token(browser(TOP).get(f"{path}/try")) == _without_token(page)


def _without_token(page: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)


def test_of_two_windows_the_second_is_told(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = drafted(world, top, "handling", "one-board.scenario.json")
    page = begin(top, path)
    seen = revision(page)
    go(top, path, act="task", at="task-0", outcome="accept")
    top.post(f"{path}/try", {"revision": seen, "act": "wait", "by": "P1D"}, f"{path}/try")
    page = top.get(f"{path}/try")
    assert "另一个窗口" in page
    assert "过了1 天" not in page


def test_a_changed_draft_tells_at_which_step_the_walk_ends(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = drafted(world, top, "leadership", "instructed.scenario.json")
    begin(top, path)
    go(top, path, act="wait", by="PT1H")
    go(top, path, act="task", at="task-0", outcome="instructed", instruction="请抓紧")
    draft = draft_of(world, path)
    text = re.sub(r"\bleader_in_charge\b(?!\.form)", "leader", draft.text)
    text = text.replace('name="role" value="leader"', 'name="role" value="leader_in_charge"')
    assert send(top, path, text, revision=draft.revision).status_code == 200
    page = top.get(f"{path}/try")
    assert "第 2 步走不下去了" in page
    page = go(top, path, act="back", to="1")
    assert "走不下去" not in page


def test_a_draft_with_errors_is_mended_first(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    broken = draft_of(world, path).text.replace("= message.id", "= message.(")
    assert send(top, path, broken, revision=0).status_code == 200
    page = top.get(f"{path}/try")
    assert "改正之后才能试走" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("variables", "{"),
        ("variables", "[" * 100_000),
        ("time", "2026-13-01T09:00"),
        ("time", ""),
        ("variables", "7"),
        ("start", "message:nobody"),
    ],
)
def test_a_beginning_that_is_none_is_refused_with_words(world: World, browser: Open, field: str, value: str) -> None:
    top = browser(TOP)
    path = begun(top, "handling")
    given = {
        "act": "begin",
        "revision": "0",
        "time": "2026-01-05T09:00",
        "place": "330502",
        "variables": "{}",
        field: value,
    }
    answer = top.post(f"{path}/try", given, f"{path}/try", None)
    page = top.get(f"{path}/try") if "Redirecting" in answer else answer
    assert 'class="told error"' in page or 'class="wrong"' in page
    with world.services.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(ModelWalk)) == 0


def test_a_wait_that_never_ends_is_refused(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = drafted(world, top, "rating", "satisfied.scenario.json")
    begin(top, path)
    page = go(top, path, act="wait", until="9999-12-31T23:59")
    assert "9999" not in page or "走到头了" in page or "told error" in page


def test_nobody_tries_somebody_elses_draft(world: World, browser: Open) -> None:
    path = begun(browser(TOP), "handling")
    browser(LOCAL).get(f"{path}/try", 404)
    browser("wx.wu").get(f"{path}/try", 403)


def test_a_walk_goes_with_its_draft(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = drafted(world, top, "handling", "one-board.scenario.json")
    begin(top, path)
    top.post(f"{path}/discard", {}, "/studio/")
    with world.services.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(ModelWalk)) == 0
