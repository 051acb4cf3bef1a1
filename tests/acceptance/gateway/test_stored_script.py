"""Stored script in every field for text: none of it runs, and each text shows as what was written.

The browser is told to pass over the content security policy, so that what holds is that pages take words for words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from gateway.languages import COOKIE
from tests.acceptance.gateway import text_fields
from tests.acceptance.gateway.office import CLERK, Office
from tests.acceptance.gateway.payloads import joined
from tests.acceptance.gateway.writing import cases, write_everything
from tests.integration.gateway import every_page
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.every_page import Filled
from tests.integration.gateway.world import World

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LOOK = """(root) => {
  const parts = [root, ...[...root.querySelectorAll('template')].map((each) => each.content)];
  const all = parts.flatMap((part) => [...part.querySelectorAll('*')]);
  const leads = ['href', 'src', 'action', 'formaction', 'xlink:href', 'data', 'poster'];
  const strange = (each) => each.matches('iframe, object, embed, base, meta[http-equiv], svg animate, b[onclick]')
    || (each.matches('script') && !each.src && each.type !== 'application/json')
    || [...each.attributes].some(({ name, value }) => name.startsWith('on') || name === 'srcdoc'
      || (leads.includes(name) && /^[\\x00-\\x20]*(javascript|vbscript|data:text)/i.test(value)));
  const copies = parts.map((part) => (part.documentElement ?? part).cloneNode(true));
  for (const copy of copies) for (const each of copy.querySelectorAll('script, style')) each.remove();
  const values = all.flatMap((each) => [each.value, each.title, each.getAttribute('aria-label')]);
  return {
    wrong: all.filter(strange).map((each) => each.outerHTML.slice(0, 200)),
    words: [...copies.map((copy) => copy.textContent), ...values.filter((each) => typeof each === 'string')].join(' \\n '),
  };
}"""
"""What of a document is there that no page of ours has, and the words that it shows, in fields and hints, too."""

IN_ENGLISH = f"""async (paths) => {{
  const look = {LOOK};
  const told = async (path) => {{
    const page = await fetch(path).then((answer) => answer.text());
    return look(new DOMParser().parseFromString(page, 'text/html'));
  }};
  return Promise.all(paths.map(told));
}}"""
"""The same of pages that are fetched and read, and not opened."""


@dataclass
class Reader:
    """Somebody who opens pages as one person after the other. ``ran``: numbers of texts that ran; ``wrong``: what is no text; ``words``: what
    was shown; ``fields``: those of the forms that were there."""

    page: Page
    url: str
    world: World
    ran: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)

    def reads(self, browser: Browser, paths: Sequence[str]) -> None:
        """Open pages, then have them read in English."""
        self.becomes(browser)
        for path in paths:
            answer = self.page.goto(self.url + path)
            assert answer is not None
            assert answer.status == 200, f"{path}: {answer.status}"
            for drawing in self.page.locator("[data-case-diagram]").all():
                drawing.scroll_into_view_if_needed()
                self.page.wait_for_selector("[data-case-diagram][data-ready]")
            for _editor in self.page.locator("[data-studio]").all():
                self.page.wait_for_selector("[data-studio][data-ready]")
            self.looks(path)
            self.fields |= set(text_fields.of_page(self.world.app, path, self.page.content()))
        self.page.context.add_cookies([{"name": COOKIE, "value": "en", "url": self.url}])
        for path, found in zip(paths, self.page.evaluate(IN_ENGLISH, list(paths)), strict=True):
            self.notes(path, found)

    def looks(self, where: str) -> None:
        """What is on the page now?"""
        self.notes(where, self.page.evaluate(f"() => ({LOOK})(document)"))

    def notes(self, where: str, found: Mapping[str, Any]) -> None:
        """Keep what was found."""
        self.wrong += [f"{where}: {each}" for each in found["wrong"]]
        self.words.append(joined(found["words"]))

    def becomes(self, browser: Browser) -> None:
        """Have the cookie of another person's browser."""
        name = self.world.app.config["SESSION_COOKIE_NAME"]
        cookie = browser.client.get_cookie(name)
        self.page.context.clear_cookies()
        if cookie is not None:
            self.page.context.add_cookies([{"name": name, "value": cookie.value, "url": self.url}])


@pytest.fixture
def reader(chromium: Chromium, url: str, world: World) -> Iterator[Reader]:
    """With a browser that runs whatever is let in."""
    context = chromium.new_context(bypass_csp=True, locale="zh-CN")
    found = Reader(context.new_page(), url, world)
    context.expose_binding("__ran", lambda source, number: found.ran.append(f"{number} at {source['page'].url}"))
    yield found
    context.close()


NEVER_SHOWN = {
    "POST /operations/quarantine/{entry_id}/resend body": "it was refused: the sender has it, and it is kept nowhere",
    "POST /operations/quarantine/{entry_id}/resend content_type": "it was refused: the sender has it, and it is kept nowhere",
    "POST /operations/quarantine/{entry_id}/resend headers.*": "it was refused: the sender has it, and it is kept nowhere",
    "PUT /inbox/filters/{name} board": "no code: the inbox leaves it out",
    "PUT /inbox/filters/{name} stage": "no code: the inbox leaves it out",
    "accounts.set_up_second code": "six digits; what was typed is not repeated",
    "portal.open_problem code": "a secret",
    "job channel.refuse receipt": "in the history of an instance that nobody looks at here",
    "job notice.send receipt": "in the history of an instance that nobody looks at here",
    "open311.file media_url": "kept with the report as it came",
    "reference levels.csv name": "levels have their names in the data alone",
    "reference levels.csv name_en": "levels have their names in the data alone",
    "reference routes.csv name": "routes have their names in the data alone",
    "row name": "kept with the report as it came",
    "row of what nobody knows": "kept with the report as it came",
    "sheet place": "a bad row is told by its number and column",
    "sheet uscc": "a bad row is told by its number and column",
}
"""Texts that no page here shows, with why. One that comes to be shown fails the test, until it is taken out."""

NO_WORDS = {
    "studio.change_scenario v:": "the whole file goes the same way",
    "studio.change_scenario value:": "the whole file goes the same way",
    "studio.change_scenario name:": "the whole file goes the same way",
    "studio.change_scenario then-": "the whole file goes the same way",
    "studio.record ": "becomes a scenario's file, which goes the way of studio.change_scenario",
    "studio.step ": "becomes a scenario's file, which goes the way of studio.change_scenario",
    "POST /account/substitutes substitute": "an account",
    "POST /answers organisation": "a code of ours",
    "POST /answers place": "a code of ours",
    "POST /bulk": "ids of ours",
    "POST /inbox/assign": "ids of ours",
    "POST /instances/{instance_id}/acts/{act} at": "an id of ours",
    "POST /instances/{instance_id}/acts/{act} name": "the page's field goes the same way",
    "POST /instances/{instance_id}/acts/{act} target": "an id of ours",
    "POST /operations/dead-letters/discard ids": "ids of ours",
    "POST /operations/dead-letters/replay ids": "ids of ours",
    "POST /operations/messages partner": "a code of ours",
    "POST /operations/messages type": "a code of ours",
    "POST /operations/messages version": "a number",
    "POST /people account": "the page's field goes the same way",
    "POST /people organisation": "a code of ours",
    "POST /people place": "a code of ours",
    "POST /people role": "a code of ours",
    "POST /people/{person}/duties": "codes of ours",
    "POST /reports phone": "the counter's form refuses it: see staff.register phone",
    "POST /reports place": "a code of ours",
    "POST /reports uscc": "the counter's form refuses it: see staff.register uscc",
    "POST /subjects/corrections corrections.phone": "a number: see subjects.correct new_phone",
    "POST /subjects/corrections corrections.uscc": "a number: see subjects.correct new_uscc",
    "POST /subjects/corrections reports": "ids of ours",
    "POST /subjects/corrections who.": "looked for, and kept nowhere",
    "POST /subjects/find who.": "looked for, and kept nowhere",
    "POST /subjects/requests reports": "ids of ours",
    "POST /subjects/requests who.": "looked for, and kept nowhere",
    "POST /supervision/urge cases": "numbers of ours",
    "POST /tasks/{task_id}/claim seen": "an account",
    "POST /tasks/{task_id}/delegate": "accounts",
    "POST /tasks/{task_id}/release seen": "an account",
    "job board.order reference": "a number like those of the other jobs, which are kept alike",
    "job hotline.extend request": "a number like those of the other jobs, which are kept alike",
    "job rating.rectified receipt": "a number like those of the other jobs, which are kept alike",
    "job seven-lists.transfer reference": "a number like those of the other jobs, which are kept alike",
    "portal.file website": "whoever fills it in is refused",
    "studio.upload_scenario file": "a file: see studio.change_scenario text",
    "staff.complete costs.*.amount": "a number",
    "staff.complete file:receipts": "a file like those without a field",
    "staff.complete note": "see task triage note",
}
"""Fields, or beginnings of their names, that are not written into here, with why."""


def test_script_in_any_field_shows_as_text_and_never_runs(world: World, reader: Reader) -> None:
    office, filled = write_everything(world)
    for browser, paths in visits(office, filled):
        reader.reads(browser, paths)
    for each in office.answers:
        reader.page.set_content(each)
        reader.looks("an answer to a form")
    assert reader.ran == []
    assert reader.wrong == []
    written = set(office.written.texts)
    assert written - office.written.shown(" \n ".join(reader.words)) == set(NEVER_SHOWN)
    assert {each for each in fields_of(reader) - written if not each.startswith(tuple(NO_WORDS))} == set()
    for number in cases(office):
        printed = office.desk(CLERK).client.get(f"/cases/{number}/file.pdf")
        assert (printed.status_code, printed.data[:4]) == (200, b"%PDF"), number


def fields_of(reader: Reader) -> set[str]:
    """Every field for text there is. Those of tasks that lie far behind are kept, and shown, in the one way of ``x-text``: all of them have to be."""
    of_tasks = dict(text_fields.of_tasks())
    assert [name for name, field in of_tasks.items() if not field.get("x-text")] == []
    document = reader.world.app.test_client().get("/api/v1/openapi.json").json
    assert document is not None
    named = (text_fields.of_messages(), text_fields.of_jobs(), text_fields.of_programs(document))
    return {*reader.fields, *(each for names in named for each in names)}


def visits(office: Office, filled: Filled) -> Iterator[tuple[Browser, list[str]]]:
    """Whose browser opens which pages."""
    wanted: dict[Browser, dict[str, None]] = {}
    for browser, path in office.pages:
        wanted.setdefault(browser, {})[path] = None
    nobody = Browser(office.world.app.test_client())
    for page in every_page.pages(office.world.app, filled):
        if page.endpoint == "instances.entry":
            continue  # all of them are among the office's pages
        account = office.handler if page.account == every_page.HANDLER else page.account
        wanted.setdefault(office.desk(account) if account else nobody, {})[page.path] = None
    return ((browser, list(paths)) for browser, paths in wanted.items())
