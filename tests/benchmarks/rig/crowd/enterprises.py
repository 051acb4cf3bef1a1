"""Enterprises with a phone: follow their problem, and report another one."""

from __future__ import annotations

import asyncio
import re
from itertools import count

from tests.benchmarks.rig.crowd.browsing import Browser
from tests.benchmarks.rig.crowd.officials import Deed

TEXT_EVERY, TEXTS = 0.25, 120
"""Seconds between two looks at the phone, and looks: a text message goes through the engine, the broker and a worker."""

_CODE = re.compile(r"验证码 (\d{6})")
_FORM = re.compile(r'name="form" value="([^"]+)"')
_numbers = count(1)


class Enterprise:
    """Has reported a problem, and knows its code. ``inbox``: where its phone gets text messages."""

    def __init__(self, browser: Browser, phone: str, number: str, code: str, inbox: str) -> None:
        self.browser = browser
        self._phone, self._number, self._code, self._inbox = phone, number, code, inbox

    def deeds(self) -> list[tuple[int, Deed]]:
        """What there is to do, by how often it is done."""
        return [(3, self.follow), (2, self.list), (1, self.report)]

    async def verify(self) -> None:
        """Show that the number is one's own."""
        page = await self.browser.get("portal: the number", "/portal/phone")
        await self.browser.post("portal: send a code", "/portal/phone", page.text, {"phone": self._phone})
        page = await self.browser.get("portal: the code", "/portal/code")
        await self.browser.post("portal: check a code", "/portal/code", page.text, {"code": await self._text()})

    async def _text(self) -> str:
        """The code that has come."""
        for _ in range(TEXTS):
            answer = await self.browser.outside(self._inbox, phone=self._phone)
            found = [code for each in answer["messages"] for code in _CODE.findall(each["text"])]
            if found:
                return str(found[-1])
            await asyncio.sleep(TEXT_EVERY)
        self.browser.log.errors.append(f"no code came to {self._phone}")
        return ""

    async def follow(self) -> None:
        """Open the problem by its code, and look again."""
        page = await self.browser.get("portal: follow", "/portal/follow")
        form = {"number": self._number, "code": self._code}
        answer = await self.browser.post("portal: number and code", "/portal/follow", page.text, form)
        if answer.status_code == 302:
            await self.browser.get("portal: a problem", answer.headers["location"])

    async def list(self) -> None:
        """All that was reported from this number."""
        await self.browser.get("portal: my problems", "/portal/problems")

    async def report(self) -> None:
        """Report another one."""
        page = await self.browser.get("portal: the form", "/portal/report")
        form = _FORM.search(page.text)
        await self.browser.pause()
        title = f"手机{self._phone}第{next(_numbers)}件供电增容迟迟不批"
        given = {
            "form": form.group(1) if form else "",
            "title": title,
            "body": f"{title}：在吴兴区申请供电增容已{next(_numbers)}天，仍未批复，影响新生产线投产，请协调解决。",
            "place": "330502",
            "enterprise": "湖州一二三机械有限公司",
            "contact": "王明",
            "consent": "true",
        }
        answer = await self.browser.post("portal: report", "/portal/report", page.text, given)
        if answer.status_code == 302:
            self.browser.log.reported.append(title)
            await self.browser.get("portal: the number and code", answer.headers["location"])
