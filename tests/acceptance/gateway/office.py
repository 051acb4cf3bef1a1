"""Everybody who writes in the test of stored scripts, and where what was written is to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from processes.store.tables import Case
from tests.acceptance.gateway.payloads import ROOM, Written
from tests.integration.gateway.conftest import Browser, Program
from tests.integration.gateway.portal_world import Post
from tests.integration.gateway.world import HOTLINE, OPERATOR, World

COORDINATOR, HANDLER, CLERK, ADMIN, SECURITY, AUDITOR, OWNER, LEADER = (
    "wx.li", "wx.wu", "wx.chen", "wx.yun", "wx.su", "wx.pan", "wx.xie", "wx.sun",
)  # fmt: skip

PROBLEM = "我公司申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。"


@dataclass
class Office:
    """Everybody who writes. ``pages``: where what was written is to be seen, and whose browser shows it."""

    world: World
    written: Written = field(default_factory=Written)
    pages: list[tuple[Browser, str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """pages that came back at once"""
    handler: str = HANDLER
    """who has the task that lies open"""
    desks: dict[str, Browser] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.post = Post(self.world)
        self.operator = Program(self.world.app.test_client(), OPERATOR)
        self.partner = Program(self.world.app.test_client(), HOTLINE)

    def into(self, name: str, room: int = ROOM, without: str = "") -> str:
        """The text of a field."""
        return self.written.into(name, room, without)

    def desk(self, account: str) -> Browser:
        """The browser of an account."""
        if account not in self.desks:
            self.desks[account] = Browser(self.world.app.test_client()).log_in(account)
        return self.desks[account]

    def sends(self, account: str, endpoint: str, path: str, page: str, rooms: Mapping[str, int], **fixed: Any) -> str:
        """A form of a page, with a text in each of the fields in ``rooms``."""
        texts = {name: self.into(f"{endpoint} {name}", room) for name, room in rooms.items()}
        return self.desk(account).post(path, {**texts, **fixed}, page, None)

    def instance(self, number: str) -> str:
        with self.world.services.database.read() as connection:
            return str(connection.scalar(select(Case.instance_id).where(Case.number == number)))
