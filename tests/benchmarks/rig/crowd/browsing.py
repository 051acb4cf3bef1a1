"""A browser of the crowd: keeps its cookies and connections, sends the forms that pages offer, and notes how long each answer took."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
COMMAND = re.compile(r'name="command" value="([^"]*)"')

PATIENCE = 60.0
"""Seconds for an answer. Whoever has waited longer has got none: that is an error."""

NOTHING = 599
"""The status of no answer."""

CONNECTIONS = 2
"""What a browser keeps open: its clicks, and what its page asks by itself."""


@dataclass
class Log:
    """What the crowd has seen. ``clicks``: kind, start (seconds of the machine's monotonic clock), seconds, status; ``errors``: what must not be;
    the rest: what people were told has happened, to be looked for in the database afterwards."""

    clicks: list[tuple[str, float, float, int]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    done: list[tuple[str, str, str]] = field(default_factory=list)
    """task, person, words of the answer (or empty)"""
    late: list[tuple[str, str, str]] = field(default_factory=list)
    """the same of those who were told that it is done already"""
    taken: list[tuple[str, str]] = field(default_factory=list)
    """task, person: of those who were told that it is not theirs (any more)"""
    claimed: list[tuple[str, str]] = field(default_factory=list)
    drafts: dict[str, str] = field(default_factory=dict)
    """``task person`` → what was saved last"""
    reported: list[str] = field(default_factory=list)
    """titles"""


class Browser:
    """Somebody's browser. ``think``: seconds between two clicks, on average."""

    def __init__(self, url: str, log: Log, chance: random.Random) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=None)
        self._http = httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits, trust_env=False)
        self.log = log
        self.chance = chance
        self.think = 0.0

    async def close(self) -> None:
        """Leave."""
        await self._http.aclose()

    async def pause(self) -> None:
        """Read, think, type."""
        await asyncio.sleep(self.think * self.chance.uniform(0.5, 1.5))

    async def get(self, kind: str, path: str, *expected: int, **how: Any) -> httpx.Response:
        """A page. ``expected``: statuses that are no error; 200 unless some are given."""
        return await self._ask(kind, "GET", path, expected or (200,), **how)

    async def post(
        self, kind: str, path: str, page: str, form: Mapping[str, str], expected: tuple[int, ...] = (302,)
    ) -> httpx.Response:
        """A form of a page, as it stands there, with what was filled in."""
        own = {"csrf_token": _first(TOKEN, page), "command": _first(COMMAND, page)}
        return await self._ask(kind, "POST", path, expected, data={**own, **form})

    async def outside(self, address: str, **query: str) -> Any:
        """What another system shows: no click."""
        return (await self._http.get(address, params=query)).raise_for_status().json()

    async def _ask(self, kind: str, method: str, path: str, expected: tuple[int, ...], **how: Any) -> httpx.Response:
        began = time.monotonic()
        try:
            answer = await self._http.request(method, path, **how)
        except httpx.TransportError as error:
            self.log.clicks.append((kind, began, time.monotonic() - began, NOTHING))
            self.log.errors.append(f"{kind}: {method} {path}: {type(error).__name__}")
            return httpx.Response(NOTHING)
        self.log.clicks.append((kind, began, time.monotonic() - began, answer.status_code))
        if answer.status_code not in expected:
            self.log.errors.append(f"{kind}: {method} {path}: {answer.status_code}")
        return answer


def _first(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    return found.group(1) if found else ""
