"""Officials: what each role does all day, a deed at a time; each deed is some clicks with thought between them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from itertools import count

import httpx

from tests.benchmarks.rig.crowd.browsing import Browser

Deed = Callable[[], Awaitable[None]]

WORDS = ("企业", "公司", "供电", "审批", "用地", "消防验收", "贷款", "竹业")

COUNTS_EVERY = 30.0
"""Seconds after which a page that stays open asks for its numbers, as the script of the inbox does."""

_TASK = re.compile(r'data-row href="(/tasks/[0-9a-f-]+)"')
_FREE = re.compile(r'formaction="(/tasks/[0-9a-f-]+)/claim"')
_CASE = re.compile(r'href="(/cases/[0-9A-Z-]+)"')
_INSTANCE = re.compile(r'href="(/instances/[0-9a-f]{8}-[0-9a-f-]{27})"')
_numbers = count(1)


class Official:
    """Somebody at work."""

    def __init__(self, browser: Browser, account: str) -> None:
        self.browser, self.account = browser, account
        self._tag = ""

    def deeds(self) -> list[tuple[int, Deed]]:
        """What there is to do, by how often it is done."""
        raise NotImplementedError

    async def log_in(self, password: str) -> None:
        """Begin the day."""
        page = await self.browser.get("log in: the form", "/login")
        form = {"account": self.account, "password": password}
        answer = await self.browser.post("log in", "/login", page.text, form)
        if answer.headers.get("location", "").startswith("/login"):
            self.browser.log.errors.append(f"{self.account} could not log in")

    async def asks_by_itself(self) -> None:
        """What an open page asks for, with the tag of what it has."""
        headers = {"X-Background": "1", "If-None-Match": self._tag, "Accept": "application/json"}
        answer = await self.browser.get("inbox: numbers, by itself", "/inbox/counts", 200, 304, headers=headers)
        self._tag = answer.headers.get("etag", self._tag)

    async def stays_open(self) -> None:
        """Until the day is over."""
        await asyncio.sleep(self.browser.chance.uniform(0, COUNTS_EVERY))
        while True:
            await self.asks_by_itself()
            await asyncio.sleep(COUNTS_EVERY)

    async def search(self) -> None:
        """Look for a case by a word, and open one."""
        found = await self.browser.get("search", "/search", params={"q": self.browser.chance.choice(WORDS)})
        cases = _CASE.findall(found.text)
        if cases:
            await self.browser.pause()
            await self.browser.get("a case", self.browser.chance.choice(cases))


class Handler(Official):
    """Has tasks to do."""

    def deeds(self) -> list[tuple[int, Deed]]:
        return [(6, self.work), (1, self.take), (2, self.search), (1, self.look_back)]

    async def work(self) -> None:
        """Open a task from the inbox, save a draft of it, and do it."""
        page = await self.browser.get("inbox", "/")
        tasks = _TASK.findall(page.text)
        if tasks:
            await self.browser.pause()
            await self.do(self.browser.chance.choice(tasks), draft=True)

    async def do(self, path: str, draft: bool = False) -> None:
        """A task, from its page to its end."""
        page = await self.open(path)
        form = self.fill_in(page.text)
        if form is None:  # somebody was faster, or it is of a kind that is not played here
            return
        await self.browser.post("a task: is open, by itself", f"{path}/presence", page.text, {}, (200, 403))
        await self.browser.pause()
        if draft and "answer" in form:
            await self.save(path, page.text, form)
            await self.browser.pause()
        await self.send(path, page.text, form)

    async def open(self, path: str) -> httpx.Response:
        """A task's page. Whose it is may have changed since it was listed."""
        page = await self.browser.get("a task", path, 200, 403)
        if page.status_code == 403:
            self.browser.log.taken.append((_of(path), self.account))
        return page

    def fill_in(self, page: str) -> dict[str, str] | None:
        """What is typed: nobody else says these words."""
        if 'name="outcome" value="accept"' in page:
            return {"outcome": "accept"}
        if 'name="outcome" value="answer"' in page:
            words = f"已协调办理，{self.account}第{next(_numbers)}次答复。"
            return {"outcome": "answer", "resolution": "solved", "answer": words}
        return None

    async def save(self, path: str, page: str, form: dict[str, str]) -> None:
        """Leave a draft."""
        answer = await self.browser.post("a task: a draft", f"{path}/draft", page, form, (200, 403, 409))
        if answer.status_code == 200:
            self.browser.log.drafts[f"{_of(path)} {self.account}"] = form["answer"]

    async def send(self, path: str, page: str, form: dict[str, str]) -> None:
        """Complete it; the browser goes where the answer leads."""
        answer = await self.browser.post("a task: complete", path, page, form, (302, 403, 409))
        told = (_of(path), self.account, form.get("answer", ""))
        if answer.status_code == 302:
            self.browser.log.done.append(told)
            await self.browser.get("inbox", answer.headers["location"])
        elif answer.status_code == 409:
            self.browser.log.late.append(told)
        elif answer.status_code == 403:
            self.browser.log.taken.append((_of(path), self.account))

    async def take(self) -> None:
        """Take a task that nobody has."""
        page = await self.browser.get("inbox", "/", params={"tab": "board"})
        free = _FREE.findall(page.text)
        if free:
            path = self.browser.chance.choice(free)
            await self.browser.pause()
            await self.browser.post("a task: take", f"{path}/claim", page.text, {})
            after = await self.browser.get("inbox", "/", params={"tab": "mine"})
            if "已领取" in after.text:
                self.browser.log.claimed.append((_of(path), self.account))

    async def look_back(self) -> None:
        """What have I done?"""
        await self.browser.get("inbox: done", "/", params={"tab": "done"})


class Clerk(Official):
    """Sits at the counter."""

    def deeds(self) -> list[tuple[int, Deed]]:
        return [(3, self.report), (2, self.search)]

    async def report(self) -> None:
        """Enter a problem that somebody has come with."""
        page = await self.browser.get("counter: the form", "/counter")
        await self.browser.pause()
        title = f"柜台{self.account}第{next(_numbers)}件供电增容迟迟不批"
        given = {
            "enterprise": "湖州一二三机械有限公司",
            "contact": "王明",
            "phone": "13812345678",
            "title": title,
            "body": f"{title}：我公司申请供电增容已{next(_numbers)}天，仍未批复，影响新生产线投产，请协调解决。",
        }
        answer = await self.browser.post("counter: report", "/counter", page.text, given)
        if answer.status_code == 302:
            self.browser.log.reported.append(title)
            await self.browser.get("counter: the number", answer.headers["location"])


class Coordinator(Official):
    """Hands out work, and sees what is stuck."""

    def deeds(self) -> list[tuple[int, Deed]]:
        return [(3, self.place), (3, self.search), (1, self.stuck), (2, self.instances)]

    async def place(self) -> None:
        """All that is open here."""
        await self.browser.get("inbox: all of a place", "/", params={"tab": "place"})

    async def stuck(self) -> None:
        """What goes wrong?"""
        await self.browser.get("incidents", "/incidents")

    async def instances(self) -> None:
        """Look at an instance."""
        found = await self.browser.get("instances", "/instances/", params={"state": "active"})
        listed = _INSTANCE.findall(found.text)
        if listed:
            await self.browser.pause()
            await self.browser.get("an instance", self.browser.chance.choice(listed))


class Supervisor(Official):
    """Looks at the lights."""

    def deeds(self) -> list[tuple[int, Deed]]:
        return [(3, self.lights), (2, self.search)]

    async def lights(self) -> None:
        """How does it stand, and which are the overdue ones?"""
        await self.browser.get("supervision", "/supervision")
        await self.browser.pause()
        found = await self.browser.get("supervision: cases", "/supervision/cases", params={"light": "red"})
        cases = _CASE.findall(found.text)
        if cases:
            await self.browser.pause()
            await self.browser.get("a case", self.browser.chance.choice(cases))


class Owner(Coordinator):
    """Owns diagrams."""

    def deeds(self) -> list[tuple[int, Deed]]:
        return [(2, self.instances), (2, self.heat), (1, self.stuck), (1, self.search)]

    async def heat(self) -> None:
        """Where does time go?"""
        await self.browser.get("heat map", "/instances/heat", params={"process": "problem"})


class Auditor(Official):
    """Reads the log."""

    def deeds(self) -> list[tuple[int, Deed]]:
        return [(1, self.read)]

    async def read(self) -> None:
        """Who did what?"""
        await self.browser.get("audit log", "/audit/", params={"kind": "login"})


ROLES: dict[str, type[Official]] = {
    "board_handler": Handler,
    "intake_clerk": Clerk,
    "coordinator": Coordinator,
    "supervisor": Supervisor,
    "leader_in_charge": Supervisor,
    "owner": Owner,
    "admin_audit": Auditor,
}


async def together(one: Handler, other: Handler, path: str) -> None:
    """Two people have the same task open, and send it at the same moment."""
    pages = await asyncio.gather(one.open(path), other.open(path))
    await one.browser.pause()
    sent = [
        each.send(path, page.text, form)
        for each, page in zip((one, other), pages, strict=True)
        if (form := each.fill_in(page.text)) is not None
    ]
    await asyncio.gather(*sent)


def _of(path: str) -> str:
    return path.rsplit("/", 1)[1]
