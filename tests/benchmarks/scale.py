"""What people's pages cost among a million cases, beside the same pages among a thousand and one indexed query, in the same run.

Both databases are full of copies of real cases (see ``filling``); a request here, a request there, each for another case, word or person, so that
whatever else the machine does concerns both, and nothing is measured that is only still in memory.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from processes.store.tables import TASK_IS_OPEN, Case, ReportText, UserTask
from tests.benchmarks import filling
from tests.benchmarks.report import Section, at_most, figure, percentile, times
from tests.benchmarks.rig.servers import Servers
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import build

FEW, FEW_WAITING = 1_000, 200
GROWTH_GOAL, QUERIES_GOAL = 1.5, 10.0

WARM = 5
"""Turns that are not counted."""

QUERY = "one indexed query of 50 rows"

HANDLERS = ("wx.wu", "nx.wu", "dq.wu", "hz.wu")
SEERS = ("wx.chen", "wx.li", "hz.zhou", "hz.sun", "zj.sun")
"""A clerk, a coordinator, a leader and two supervisors: what they search lies within a place, a city, the province."""

OWNER = "zj.yun"
"""A process owner of the province."""

COMMON = ("企业", "公司", "申请", "解决", "供电", "物业", "小区", "街道")
RARE = ("续贷", "竹业", "用地审批", "消防验收", "金鑫瑞", "排水管网")

REDUCED: dict[str, Any] = {"cases": 20_000, "waiting": 4_000, "small": 5_000, "turns": 40}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--cases", type=int, default=1_000_000, help="cases of the big database (PostgreSQL; 0: none)")
    parser.add_argument("--waiting", type=int, default=200_000, help="open tasks in it")
    parser.add_argument("--small", type=int, default=50_000, help="cases of the big SQLite file (0: none)")
    parser.add_argument("--turns", type=int, default=200, help="requests of a kind")


def run(options: argparse.Namespace) -> list[Section]:
    """Fill, take turns, and tell."""
    sections = []
    if options.cases:
        with Servers(broker=False) as servers:
            places = [servers.postgres.create_database(f"scale-{name}") for name in ("few", "many")]
            sections.append(_section("PostgreSQL", places, options.cases, options.waiting, options.turns))
    if options.small:
        with tempfile.TemporaryDirectory() as folder:
            urls = [f"sqlite:///{folder}/{name}.db" for name in ("few", "many")]
            sections.append(_section("SQLite", urls, options.small, options.small // 5, options.turns))
    return sections


class Stored:
    """A gateway on a database with so many cases."""

    def __init__(self, url: str, cases: int, waiting: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.world = build(Path(self._folder.name), url=url)
        self.database = self.world.services.database
        filling.fill(self.world, filling.originals(self.world), cases, waiting)
        if self.database.dialect == "postgresql":  # which does so by itself in time; SQLite never does
            with self.database.write() as connection:
                connection.execute(text("ANALYZE"))
        self._chance = random.Random(3)
        self._people = {each: Browser(self.world.app.test_client()).log_in(each) for each in (*HANDLERS, *SEERS, OWNER)}
        with self.database.read() as connection:
            self._numbers = connection.scalars(_NUMBERS).all()
            self._instances = connection.scalars(_NUMBERS.with_only_columns(Case.instance_id)).all()
        self._tasks = [
            (person, path)
            for person in HANDLERS
            for path in re.findall(r'href="(/tasks/[^"?]+)"', self._people[person].client.get("/").text)
        ]

    def _get(self, person: str, path: str, **query: Any) -> None:
        answer = self._people[person].client.get(path, query_string=query)
        assert answer.status_code in (200, 302), (path, query, answer.status_code)

    def pages(self) -> dict[str, Callable[[], None]]:
        """What is measured: one request each."""
        chance = self._chance
        return {
            QUERY: self._query,
            "inbox": lambda: self._get(chance.choice(HANDLERS), "/"),
            "search: a frequent word": lambda: self._get(chance.choice(SEERS), "/search", q=chance.choice(COMMON)),
            "search: a rare word": lambda: self._get(chance.choice(SEERS), "/search", q=chance.choice(RARE)),
            "search: of a board": lambda: self._get(chance.choice(HANDLERS), "/search", q=chance.choice(COMMON + RARE)),
            "search: open ones of a stage": lambda: self._get(
                chance.choice(SEERS), "/search", state="open", stage=chance.choice(("assignment", "handling"))
            ),
            "search: a number": lambda: self._get("hz.zhou", "/search", q=chance.choice(self._numbers)),
            "a case": lambda: self._get("zj.sun", f"/cases/{chance.choice(self._numbers)}"),
            "instances: the newest": lambda: self._get(OWNER, "/instances/"),
            "instances: a number": lambda: self._get(OWNER, "/instances/", text=chance.choice(self._numbers)),
            "instances: at a step": lambda: self._get(OWNER, "/instances/", element=chance.choice(("sign", "handle"))),
            "instances: a place": lambda: self._get(OWNER, "/instances/", place="330502", state="active"),
            "instances: cancelled": lambda: self._get(OWNER, "/instances/", state="cancelled"),
            "an instance": lambda: self._get(OWNER, f"/instances/{chance.choice(self._instances)}"),
            "a task": lambda: self._get(*chance.choice(self._tasks)),
        }

    def _query(self) -> None:
        place, board = self._chance.choice(("330502", "330503", "330521")), "project"
        with self.database.read() as connection:
            connection.execute(_QUERY.where(UserTask.place == place, UserTask.organisation == f"{place}.{board}")).all()

    def close(self) -> None:
        """Let go of the database."""
        self.database.dispose()
        self._folder.cleanup()


_NUMBERS = select(Case.number).order_by(Case.id).limit(20_000)
"""Anywhere: ids are in no order."""

_QUERY = (
    select(UserTask.__table__, Case.number, ReportText.title)
    .join(Case, Case.id == UserTask.case_id)
    .join(ReportText, ReportText.report_id == Case.report_id)
    .where(TASK_IS_OPEN, UserTask.role == "board_handler")
    .order_by(UserTask.due_at, UserTask.created_at)
    .limit(50)
)


def _section(where: str, urls: Sequence[str], cases: int, waiting: int, turns: int) -> Section:
    begun = time.monotonic()
    few, many = Stored(urls[0], FEW, FEW_WAITING), Stored(urls[1], cases, waiting)
    filled = time.monotonic() - begun
    spent = [_empty(few.pages()), _empty(many.pages())]
    for turn in range(turns + WARM):
        for name in spent[0]:
            for at, pages in enumerate((few.pages(), many.pages())):
                began = time.perf_counter()
                pages[name]()
                if turn >= WARM:
                    spent[at][name].append((time.perf_counter() - began) * 1e3)
    for store in (few, many):
        store.close()
    query = percentile(spent[1][QUERY], 95) or 0.0
    return Section(
        f"Pages among {cases:,} cases, {where}",
        ["p95", f"among {FEW:,}", f"among {cases:,}", "growth", "goal", "in queries", "goal"],
        [_row(name, small, spent[1][name], query) for name, small in spent[0].items()],
        f"{waiting:,} open tasks ({FEW_WAITING} among the {FEW:,}); {turns} requests of a kind through the application, by the clock on the wall, "
        f"now here, now there; made in {filled:.0f} s.",
    )


def _empty(pages: Mapping[str, Any]) -> dict[str, list[float]]:
    return {name: [] for name in pages}


def _row(name: str, few: Sequence[float], many: Sequence[float], query: float) -> list[str]:
    small, big = percentile(few, 95) or 0.0, percentile(many, 95) or 0.0
    growth, queries = big / small, big / query
    return [
        name,
        figure(small, "ms"),
        figure(big, "ms"),
        times(growth),
        at_most(growth, GROWTH_GOAL),
        figure(queries),
        at_most(queries, QUERIES_GOAL, "queries"),
    ]
