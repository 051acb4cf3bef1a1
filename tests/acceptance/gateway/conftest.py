"""A real gateway on a port, and a real Chromium in front of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from waitress.server import create_server

from tests import axe
from tests.integration.gateway.world import PASSWORD, World, build
from tests.servers import install

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WIDE, PHONE = (1440, 900), (390, 844)

TWICE = (640, 512)
"""A desk of 1280 by 1024 at 200 %: as many pixels of the page's as are left then (WCAG 1.4.4, 1.4.10)."""


@dataclass
class Desk:
    """Somebody in front of a browser: ``page``, and what the browser complained of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a page of the gateway."""
        self.page.goto(self.url + path)
        return self.page

    def log_in(self, account: str) -> Desk:
        """Log in by the form."""
        self.open("/login")
        self.page.fill("#account", account)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button")
        return self

    def cut_off(self) -> list[str]:
        """What reaches over the right edge: the page must not scroll sideways, and nothing may be cut off."""
        return cut_off(self.page)

    def unfit(self, path: str, judged: Sequence[tuple[int, int]] = (PHONE, WIDE)) -> list[str]:
        """What is wrong with a page at a desk, on a phone and at twice the size: what is cut off of it, and at the sizes ``judged`` what not
        everybody can use (see ``tests.axe``)."""
        page, wrong = self.open(path), []
        page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        for drawing in page.locator("[data-case-diagram]").all():
            drawing.scroll_into_view_if_needed()  # a drawing is opened when somebody comes near it
            expect(drawing).to_have_attribute("data-ready", re.compile("."), timeout=30_000)
        for editor in page.locator("[data-studio]").all():
            expect(editor).to_have_attribute("data-ready", "yes", timeout=30_000)
        for width, height in (PHONE, TWICE, WIDE):
            page.set_viewport_size({"width": width, "height": height})
            found = self.cut_off() + (axe.violations(page) if (width, height) in judged else [])
            wrong += [f"{path}, {width} px: {each}" for each in found]
        return wrong


def cut_off(page: Page) -> list[str]:
    """What of a page does not fit its window; where it is on its way to another, that one is meant."""
    page.wait_for_load_state("load")
    found: list[str] = page.evaluate(_CUT_OFF)
    return found


_CUT_OFF = """() => {
  const wide = document.documentElement.scrollWidth > window.innerWidth ? ['the page scrolls sideways'] : [];
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('svg, .djs-container, [data-table], .sr, .skip')) continue;
    const box = element.getBoundingClientRect();
    if (box.width && (box.right > window.innerWidth + 1 || box.left < -1)) wide.push(element.outerHTML.slice(0, 80));
    const style = getComputedStyle(element);
    const clips = style.overflowX === 'hidden' && element.scrollWidth > element.clientWidth + 1;
    if (clips && element.clientWidth && style.webkitLineClamp === 'none') wide.push('cut: ' + element.outerHTML.slice(0, 80));
  }
  return wide;
}"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of Debian."""
    problem = install.ensure(["chromium", "fonts-noto-cjk", "libatomic1"])
    if problem:
        pytest.skip(problem)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A gateway's services over the shipped models."""
    found = build(tmp_path)
    yield found
    found.services.database.dispose()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """The gateway on a port of its own."""
    server: Any = create_server(world.app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(5)


@pytest.fixture
def desk(chromium: Browser, url: str) -> Iterator[Callable[..., Desk]]:
    """Sets somebody in front of a browser; scripts may be off. What the browser complains of fails the test, and so does whatever a page asks of
    anybody but the gateway."""
    desks: list[Desk] = []

    def opened(account: str | None = None, size: tuple[int, int] = WIDE, scripts: bool = True) -> Desk:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="zh-CN", java_script_enabled=scripts
        )
        fresh = Desk(context.new_page(), url)
        fresh.page.on("pageerror", lambda error: fresh.complaints.append(str(error)))
        fresh.page.on("console", lambda said: _note(fresh, said))
        context.on("request", lambda request: fresh.complaints.extend(outside(request.url, url)))
        desks.append(fresh)
        return fresh.log_in(account) if account else fresh

    yield opened
    complaints = [each for one in desks for each in one.complaints]
    for one in desks:
        one.page.context.close()
    assert not complaints


def outside(address: str, own: str) -> list[str]:
    """A complaint of an address that a page asks for, if it is none of the gateway's: there need be no other network."""
    return [] if address.startswith((f"{own}/", "data:", "blob:")) else [f"asks for {address}"]


def _note(desk: Desk, said: Any) -> None:
    # A form that is sent back with its mistakes is no fault of the page.
    if said.type in ("error", "warning") and "status of 4" not in said.text:
        desk.complaints.append(said.text)


@pytest.fixture(scope="session")
def judge() -> None:
    """axe-core of the lockfile."""
    problem = axe.ensure()
    if problem:
        pytest.skip(problem)


def click_on(page: Page, element: str) -> None:
    """Click an element of a drawing; a line has no height that could be seen."""
    hit = f"[data-element-id='{element}'] .djs-hit"
    x, y, width, height = page.evaluate(
        "(where) => { const box = document.querySelector(where).getBoundingClientRect();"
        " return [box.x, box.y, box.width, box.height]; }",
        hit,
    )
    page.mouse.click(x + width / 2, y + height / 2)
