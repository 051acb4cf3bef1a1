"""The pages that people look at, each for another case, word, person or filter with every request: what is common, what is rare, and deep down."""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, text

from gateway.portal.pages import PHONE, PROBLEM
from processes.casework.counting import Counting
from processes.casework.portal import passes
from processes.casework.views import inbox as view
from processes.store.tables import TASK_IS_OPEN, Case, Definition, InForce, PortalReport, ReportText, Setting, UserTask
from tests.benchmarks import filling, oddities
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World, build

QUERY = "one indexed query of 50 rows"

HANDLERS = ("wx.wu", "nx.wu", "dq.wu", "hz.wu")
SEERS = ("wx.chen", "wx.li", "hz.zhou", "hz.sun", "zj.sun")
"""A clerk, a coordinator, a leader and two supervisors: what they search lies within a place, a city, the province."""

COORDINATORS = ("wx.li", "nx.li", "dq.li", "hz.li", "zj.li")
SUPERVISORS = ("wx.sun", "hz.sun", "zj.sun")
OWNER, AUDITOR = "zj.yun", "zj.peng"
"""A process owner, and the audit administrator, of the province."""

COMMON = ("企业", "公司", "申请", "解决", "供电", "物业", "小区", "街道")
RARE = ("续贷", "竹业", "用地审批", "消防验收", "金鑫瑞", "排水管网")

DEEP = 5
"""Pages that are turned before the one that is measured."""

LAST_PAGE = 20
"""of the inbox, where there are so many"""

ENTERPRISES = 100
"""Browsers of the portal."""

FILLED = "bench"
"""The ``Setting`` of a database that is filled: what its clock showed then."""

_OLDER = re.compile(r'href="(/search[^"]*before=[^"]+)"')
_FROM = re.compile(r'href="(/instances/[^"]*from=[^"]+)"')


class Stored:
    """A gateway on a database with so many cases. A database that is filled already stays as it is."""

    def __init__(self, url: str, cases: int, waiting: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.world, fresh = _opened(Path(self._folder.name), url)
        self.database = self.world.services.database
        if fresh:
            _fill(self.world, cases, waiting)
        # As the engine's process does once a minute.
        Counting(self.database, self.world.clock, self.world.services.snapshots).run()
        self._chance = random.Random(3)
        people = (*HANDLERS, *SEERS, *COORDINATORS, *SUPERVISORS, OWNER, AUDITOR, "hz.pan")
        self._people = {each: Browser(self.world.app.test_client()).log_in(each) for each in dict.fromkeys(people)}
        with self.database.read() as connection:
            self._numbers = connection.scalars(_NUMBERS).all()
            self._instances = connection.scalars(_NUMBERS.with_only_columns(Case.instance_id)).all()
            self._version = str(connection.scalar(_VERSION))
            waiting = connection.scalar(_WAITING) or 0
        self._last_page = max(1, min(waiting // view.PAGE, LAST_PAGE))
        self._tasks = [
            (person, path)
            for person in HANDLERS
            for path in re.findall(r'href="(/tasks/[^"?]+)"', self._people[person].client.get("/").text)
        ]
        self._deep = {
            "search": self._turned("zj.sun", "/search?q=企业", _OLDER),
            "instances": self._turned(OWNER, "/instances/?state=completed", _FROM),
        }
        self._enterprises = self._let_in()

    def _turned(self, person: str, path: str, further: re.Pattern[str]) -> list[str]:
        """The addresses of some pages of a list, each found on the one before."""
        found: list[str] = []
        for _ in range(DEEP):
            page = self._people[person].client.get(path)
            links = further.findall(page.text)
            if not links:
                break
            path = links[-1].replace("&amp;", "&")
            found.append(path)
        return found or [path]

    def _let_in(self) -> list[tuple[Any, str]]:
        """Browsers of enterprises, each with a problem's number, that may see it and all others of the phone it was reported from."""
        found = []
        statement = select(PortalReport.report_id, PortalReport.phone, Case.number)
        statement = statement.join(Case, Case.report_id == PortalReport.report_id).limit(ENTERPRISES)
        with self.database.read() as connection:
            rows = connection.execute(statement).all()
        for row in rows:
            client, now = self.world.app.test_client(), self.world.clock.now()
            with self.database.write() as connection:
                tokens = {
                    PHONE: passes.grant(connection, now, 60, phone=row.phone),
                    PROBLEM: passes.grant(connection, now, 60, report_id=row.report_id),
                }
            with client.session_transaction() as session:
                session.update(tokens)
            found.append((client, row.number))
        return found

    def _get(self, person: str, path: str, **query: Any) -> None:
        answer = self._people[person].client.get(path, query_string=query or None)
        assert answer.status_code in (200, 302), (path, query, answer.status_code)

    def _portal(self, path: str) -> None:
        client, number = self._chance.choice(self._enterprises)
        answer = client.get(path.format(number=number))
        assert answer.status_code == 200, (path, number, answer.status_code)

    def pages(self) -> dict[str, Callable[[], None]]:
        """What is measured: one request each."""
        return {QUERY: self._query, **self._desk(), **self._operating(), **self._overseeing(), **self._outside()}

    def _desk(self) -> dict[str, Callable[[], None]]:
        chance = self._chance
        return {
            "inbox": lambda: self._get(chance.choice(HANDLERS), "/"),
            "inbox: the last page": lambda: self._get(HANDLERS[0], "/", page=self._last_page),
            # By whom the list is full in both: as many tasks are looked through.
            "inbox: a word": lambda: self._get(HANDLERS[0], "/", q=chance.choice(COMMON + RARE)),
            "inbox: all of a place": lambda: self._get(chance.choice(COORDINATORS), "/", tab="place"),
            "inbox: done": lambda: self._get(chance.choice(HANDLERS), "/", tab="done"),
            "a task": lambda: self._get(*chance.choice(self._tasks)),
            "search: a frequent word": lambda: self._get(chance.choice(SEERS), "/search", q=chance.choice(COMMON)),
            "search: a rare word": lambda: self._get(chance.choice(SEERS), "/search", q=chance.choice(RARE)),
            "search: of a board": lambda: self._get(chance.choice(HANDLERS), "/search", q=chance.choice(COMMON + RARE)),
            "search: open ones of a stage": lambda: self._get(
                chance.choice(SEERS), "/search", state="open", stage=chance.choice(("assignment", "handling"))
            ),
            "search: further pages": lambda: self._get("zj.sun", chance.choice(self._deep["search"])),
            "search: a number": lambda: self._get("zj.sun", "/search", q=chance.choice(self._numbers)),
            "a case": lambda: self._get("zj.sun", f"/cases/{chance.choice(self._numbers)}"),
        }

    def _operating(self) -> dict[str, Callable[[], None]]:
        chance = self._chance
        asked: dict[str, Callable[[], dict[str, str]]] = {
            "the newest": dict,
            "a number": lambda: {"text": chance.choice(self._numbers)},
            "an id": lambda: {"text": chance.choice(self._instances)},
            "at a step": lambda: {"element": chance.choice(("sign", "handle"))},
            "a place": lambda: {"place": chance.choice(("330502", "3305")), "state": "active"},
            "a version": lambda: {"process": "problem", "version": self._version[:8]},
            "a season long ago": self._season,
            "a message": lambda: {"message": "withdrawal.requested"},
            "a job": lambda: {"topic": "notice.send"},
            "suspended": lambda: {"state": "suspended"},
            "cancelled": lambda: {"state": "cancelled"},
            "incidents": lambda: {"state": "incident"},
            "words of an incident": lambda: {"trouble": chance.choice(("系统维护", "没有这个收件人", "从来没有"))},
            "what there is not": lambda: {"process": "problem", "place": "330502001", "state": "suspended"},
        }
        found: dict[str, Callable[[], None]] = {
            f"instances: {name}": lambda given=given: self._get(OWNER, "/instances/", **given())  # type: ignore[misc]
            for name, given in asked.items()
        }
        return found | {
            "instances: further pages": lambda: self._get(OWNER, chance.choice(self._deep["instances"])),
            "an instance": lambda: self._get(OWNER, f"/instances/{chance.choice(self._instances)}"),
            "incidents by cause": lambda: self._get(OWNER, "/incidents"),
            "incidents of a place": lambda: self._get(chance.choice(COORDINATORS), "/incidents"),
            "heat map: a month": lambda: self._get(OWNER, "/instances/heat", process="problem"),
            "heat map: a year": lambda: self._get(OWNER, "/instances/heat", process="problem", since="2025-11-25"),
        }

    def _season(self) -> dict[str, str]:
        day = (self.world.clock.now() - timedelta(days=self._chance.randrange(300, 1000))).date()
        return {"since": day.isoformat(), "until": (day + timedelta(days=90)).isoformat()}

    def _overseeing(self) -> dict[str, Callable[[], None]]:
        chance = self._chance

        def who() -> str:
            return chance.choice(SUPERVISORS)

        def ago(days: int) -> str:
            return (self.world.clock.now() - timedelta(days=days)).date().isoformat()

        return {
            "supervision": lambda: self._get(who(), "/supervision"),
            "supervision: 90 days": lambda: self._get(who(), "/supervision", days=90),
            "supervision: numbers": lambda: self._get(who(), "/supervision/counts"),
            "supervision: overdue": lambda: self._get(who(), "/supervision/cases", light="red"),
            "supervision: due soon": lambda: self._get(who(), "/supervision/cases", light="yellow"),
            "supervision: of a board": lambda: self._get(
                who(), "/supervision/cases", light="red", place="330502", board="project"
            ),
            "audit log": lambda: self._get(AUDITOR, "/audit/"),
            "audit log: an act": lambda: self._get(AUDITOR, "/audit/", kind=chance.choice(("login", "personal"))),
            "audit log: a rare act": lambda: self._get(AUDITOR, "/audit/", kind="bulk"),
            "audit log: a person": lambda: self._get(AUDITOR, "/audit/", by=chance.choice(oddities.BY)),
            "audit log: days long ago": lambda: self._get(AUDITOR, "/audit/", since=ago(170), until=ago(150)),
            "audit log: a person, long ago": lambda: self._get(
                AUDITOR, "/audit/", by=chance.choice(oddities.BY), since=ago(170), until=ago(150)
            ),
            "audit log: of a city": lambda: self._get("hz.pan", "/audit/"),
        }

    def _outside(self) -> dict[str, Callable[[], None]]:
        return {
            "portal: a problem": lambda: self._portal("/portal/problems/{number}"),
            "portal: my problems": lambda: self._portal("/portal/problems"),
        }

    def _query(self) -> None:
        place, board = self._chance.choice(("330502", "330503", "330521")), "project"
        with self.database.read() as connection:
            connection.execute(_QUERY.where(UserTask.place == place, UserTask.organisation == f"{place}.{board}")).all()

    def close(self) -> None:
        """Let go of the database."""
        self.database.dispose()
        self._folder.cleanup()


def _opened(folder: Path, url: str) -> tuple[World, bool]:
    """A gateway on a database, at the time of that, and whether there are no cases yet."""
    world = build(folder, url=url)
    with world.services.database.read() as connection:
        found: Any = connection.scalar(select(Setting.value).where(Setting.key == FILLED))
    if found is None:
        return world, True
    world.clock.set(datetime.fromisoformat(found["now"]))
    return world, False


def _fill(world: World, cases: int, waiting: int) -> None:
    database = world.services.database
    filling.fill(world, filling.originals(world), cases, waiting)
    oddities.add(world, cases)
    with database.write() as connection:
        connection.execute(insert(Setting), {"key": FILLED, "value": {"now": world.clock.now().isoformat()}})
        if database.dialect == "postgresql":  # which does so by itself in time; SQLite never does
            connection.execute(text("ANALYZE"))


_NUMBERS = select(Case.number).order_by(Case.id).limit(20_000)
"""Anywhere: ids are in no order."""

_WAITING = select(func.count()).where(TASK_IS_OPEN, UserTask.place == "330502", UserTask.role == "board_handler")
"""What the first of the handlers may do."""

_VERSION = (
    select(Definition.id)
    .join(InForce, InForce.definition_id == Definition.id)
    .where(Definition.process_id == "problem")
)

_QUERY = (
    select(UserTask.__table__, Case.number, ReportText.title)
    .join(Case, Case.id == UserTask.case_id)
    .join(ReportText, ReportText.report_id == Case.report_id)
    .where(TASK_IS_OPEN, UserTask.role == "board_handler")
    .order_by(UserTask.due_at, UserTask.created_at)
    .limit(50)
)
