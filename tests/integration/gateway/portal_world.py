"""An enterprise with a phone in front of the portal, and whoever carries text messages and jobs."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from processes.casework.assembly import Core
from processes.messaging.bus import Message
from processes.runtime.commands import CompleteJob
from processes.store.tables import JOB_IS_OPEN, Job
from tests.integration.gateway.conftest import TOKEN, Browser
from tests.integration.gateway.world import World

RESULTS = {"notice.send": {"receipt": "n-1"}, "rating.request": {"request": "r-1"}}
MINE, OTHERS = "13812345678", "13987654321"
FORM = re.compile(r'name="form" value="([^"]+)"')
GIVEN = {
    "title": "供电增容迟迟不批",
    "body": "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。",
    "place": "330502",
    "enterprise": "湖州一二三机械有限公司",
    "contact": "王明",
    "consent": "true",
}


@dataclass
class Post:
    """Does every job that waits, as workers do; ``texts``: what phones got, the newest last."""

    world: World
    core: Core = field(init=False)
    texts: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.core = Core.on(self.world.services.database, self.world.clock)

    def run(self) -> None:
        """Until nothing waits."""
        while True:
            with self.world.services.database.read() as connection:
                jobs = connection.execute(select(Job.id, Job.topic, Job.arguments).where(JOB_IS_OPEN)).all()
            for job in jobs:
                message = Message(job.id, job.topic, "/engine", self.world.clock.now(), job.arguments)
                given: Any = self.core.resolve(message).data
                told = [each["sms"] for each in given.get("recipients", ()) if "sms" in each]
                self.texts += [(number, given["text"]) for number in told]
            if not jobs:
                return
            for job in jobs:
                result = RESULTS.get(job.topic, {"delivered": True, "receipt": "c-1"})
                self.world.engine.execute(CompleteJob(f"done-{job.id}", job.id, result))

    def code(self, phone: str) -> str:
        """The code that a number got last."""
        self.run()
        return next(
            found[1] for number, text in reversed(self.texts) if number == phone and (found := _CODE.search(text))
        )


_CODE = re.compile(r"验证码 (\d{6})")


class Enterprise:
    """Somebody with a browser."""

    def __init__(self, world: World, post: Post) -> None:
        self.browser = Browser(world.app.test_client())
        self.post = post

    def verify(self, phone: str) -> None:
        """Show that a number is one's own."""
        self.browser.post("/portal/phone", {"phone": phone}, "/portal/phone")
        self.browser.post("/portal/code", {"code": self.post.code(phone)}, "/portal/code")

    def send(self, given: dict[str, Any] = GIVEN, status: int = 302, **more: Any) -> str:
        """Fill in the form and send it; returns the new page, or where it leads."""
        page = self.browser.get("/portal/report")
        own = {"csrf_token": TOKEN.findall(page)[0], "form": FORM.findall(page)[0]}
        answer = self.browser.client.post("/portal/report", data={**own, **given, **more})
        assert answer.status_code == status, answer.text[:2000]
        return answer.location if status == 302 else answer.text

    def report(self, **more: Any) -> tuple[str, str]:
        """Report a problem: its number and code."""
        assert self.send(**more) == "/portal/filed"
        found = re.findall(r'<dd class="number">([^<]+)</dd>', self.browser.get("/portal/filed"))
        self.post.run()
        return found[0], found[1]

    def follow(self, number: str, code: str, status: int = 302) -> str:
        """Ask for a problem by its code."""
        return self.browser.post("/portal/follow", {"number": number, "code": code}, "/portal/follow", status)

    def say(self, number: str, what: str, status: int = 302, **said: Any) -> str:
        """Send one of the forms of a problem's page."""
        path = f"/portal/problems/{number}"
        return self.browser.post(f"{path}/{what}", said, path, status)


def photo(name: str = "现场.png") -> tuple[io.BytesIO, str]:
    """A file that is what it says."""
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(32)), name


def handled(world: World, post: Post, number: str, **form: Any) -> None:
    """The board signs, if it has not, and does its task with what the form says."""
    for task in world.open_tasks(number):
        if task.name == "签收":
            world.complete(task.id, {"outcome": "accept"}, "wx.wu")
    world.complete(world.open_tasks(number)[0].id, form, "wx.wu")
    post.run()
