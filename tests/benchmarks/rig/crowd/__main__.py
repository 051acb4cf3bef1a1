"""The crowd: everybody logs in; then one at a time does each of his deeds, alone; then all at once, with time to think::

    python -m tests.benchmarks.rig.crowd PLAN OUT

``PLAN`` is JSON: ``url``, ``inbox`` (where phones get text messages), ``password``, ``people`` (account and role each), ``enterprises`` (phone,
number and code each), ``rivals`` (two handlers' accounts, and the tasks that they do at the same moment), ``rounds`` (of each deed alone),
``seconds`` and ``think`` (of all at once). ``OUT`` gets JSON: what :class:`~tests.benchmarks.rig.crowd.browsing.Log` has, and from when to when
everybody was ``alone``, and all were there (``loaded``).
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.rig.crowd.browsing import Browser, Log
from tests.benchmarks.rig.crowd.enterprises import Enterprise
from tests.benchmarks.rig.crowd.officials import ROLES, Handler, Official, together

LOGGING_IN = 4
"""at once: a password's hash is slow on purpose"""

Visitor = Official | Enterprise


class Crowd:
    """All of them."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._log = Log()
        self._chance = random.Random(5)
        self.officials = [ROLES[each["role"]](self._browser(), each["account"]) for each in plan["people"]]
        self._pairs = [[Handler(self._browser(), account) for account in each["pair"]] for each in plan["rivals"]]
        self.enterprises = [
            Enterprise(self._browser(), each["phone"], each["number"], each["code"], plan["inbox"])
            for each in plan["enterprises"]
        ]

    def _browser(self) -> Browser:
        return Browser(self._plan["url"], self._log, random.Random(self._chance.random()))

    @property
    def _everybody(self) -> list[Visitor]:
        return [*self.officials, *(each for pair in self._pairs for each in pair), *self.enterprises]

    async def run(self) -> dict[str, Any]:
        """A day."""
        password = self._plan["password"]
        handlers = [each for pair in self._pairs for each in pair]
        await _few_at_a_time([lambda one=one: one.log_in(password) for one in (*self.officials, *handlers)])  # type: ignore[misc]
        await _few_at_a_time([one.verify for one in self.enterprises])
        alone = await self._timed(self._alone())
        for each in self._everybody:
            each.browser.think = self._plan["think"]
        print("all at once", flush=True)
        loaded = await self._timed(self._all_at_once())
        for each in self._everybody:
            await each.browser.close()
        return {**asdict(self._log), "alone": alone, "loaded": loaded}

    async def _timed(self, work: Coroutine[Any, Any, None]) -> tuple[float, float]:
        began = time.monotonic()
        await work
        return began, time.monotonic()

    async def _alone(self) -> None:
        """Everything that there is to do, by one at a time, of each role another one each round."""
        roles: dict[type[Visitor], list[Visitor]] = {}
        for each in (*self.officials, *self.enterprises):
            roles.setdefault(type(each), []).append(each)
        for turn in range(self._plan["rounds"]):
            for visitors in roles.values():
                one = visitors[turn % len(visitors)]
                for _, deed in one.deeds():
                    await deed()
                if isinstance(one, Official):
                    await one.asks_by_itself()

    async def _all_at_once(self) -> None:
        until = time.monotonic() + self._plan["seconds"]
        open_pages = [asyncio.create_task(each.stays_open()) for each in self.officials]
        rivals = zip(self._pairs, (each["tasks"] for each in self._plan["rivals"]), strict=True)
        await asyncio.gather(
            *(_busy(each, until) for each in (*self.officials, *self.enterprises)),
            *(_rival(pair, tasks, until) for pair, tasks in rivals),
        )
        for each in open_pages:
            each.cancel()
        await asyncio.gather(*open_pages, return_exceptions=True)


async def _few_at_a_time(works: Sequence[Callable[[], Awaitable[None]]]) -> None:
    room = asyncio.Semaphore(LOGGING_IN)

    async def one(work: Callable[[], Awaitable[None]]) -> None:
        async with room:
            await work()

    await asyncio.gather(*(one(each) for each in works))


async def _busy(one: Visitor, until: float) -> None:
    """Do this and that until the day is over; what was begun is brought to its end."""
    browser = one.browser
    weights, deeds = zip(*one.deeds(), strict=True)
    await asyncio.sleep(browser.chance.uniform(0, browser.think))
    while time.monotonic() < until:
        (deed,) = browser.chance.choices(deeds, weights)
        await deed()
        await browser.pause()


async def _rival(pair: Sequence[Handler], tasks: Sequence[str], until: float) -> None:
    for task in tasks:
        await pair[0].browser.pause()
        if time.monotonic() >= until:
            break
        await together(pair[0], pair[1], f"/tasks/{task}")


def main() -> int:
    """Play the plan."""
    plan, out = Path(sys.argv[1]), Path(sys.argv[2])
    outcome = asyncio.run(Crowd(json.loads(plan.read_text("utf-8"))).run())
    out.write_text(json.dumps(outcome), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
