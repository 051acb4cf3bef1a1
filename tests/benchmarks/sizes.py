"""Bytes of cases: the state of one that waits, and all that a closed one leaves behind, by table.

The shipped diagrams are played with the people, channels and systems of the tests around them (tests/integration/models/desk.py), on SQLite in a
file; what a table takes is what SQLite itself says (its ``dbstat``), the indexes included.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text

from processes.clock import SystemClock
from processes.orchestrator import Orchestrator
from processes.runtime.filing import Filing
from processes.store.database import Database
from processes.store.tables import Case, HistoryEntry, Instance, InstancePart
from tests.benchmarks import order
from tests.benchmarks.report import Section, at_most, figure
from tests.integration.models.desk import COUNTY, Desk, models_with_test_decisions

STATE_GOAL, CLOSED_GOAL = 3.0, 10.0
"""Kilobytes (of 1,024 bytes)."""

CASES = 20
"""Closed cases of a kind, over which the bytes are averaged."""

COUNTED = ("instance", "instance_part", "history", "dossier", "job", "user_task")
"""The tables of a case that the goal is about."""

APART = ("case_text", "report_text", "report", "personal_data")
"""People's words and data, which the goal leaves out."""

ANSWER = {"outcome": "answer", "resolution": "solved", "answer": "贷款已续上，银行已放款，企业可以正常经营。"}
BOARDS = ("project", "finance", "policy")

Look = Callable[[], None]


def _simple(desk: Desk, look: Look) -> str:
    number = str(desk.report("贷款到期续不上", "我公司贷款下月到期，银行不予续贷，请协调。").number)
    look()
    desk.do("sign", outcome="accept")
    look()
    desk.do("handle", **ANSWER)
    look()
    desk.say("rating.given", number, level=5, comment="办得很快。")
    return number


def _extended(desk: Desk, look: Look) -> str:
    number = str(desk.report("贷款到期续不上", "我公司贷款下月到期，银行不予续贷，请协调。").number)
    desk.do("sign", outcome="dispute", reason="不归金融板块。")
    look()
    desk.do("dispute_ruling", outcome="reassign", new_board=f"{COUNTY}.policy")
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="extend", days=3, reason="银行审批需要时间。")
    look()
    desk.do("extension_ruling", outcome="grant", days=3)
    desk.say("hotline.extension-ruled", number, granted=True)
    look()
    desk.do("handle", **ANSWER)
    desk.say("rating.given", number, level=1, comment="没有解决。")
    look()
    desk.do("call_back", outcome="rework", note="没有解决。")
    desk.do("route", outcome="board", board=f"{COUNTY}.finance")
    desk.do("sign", outcome="accept")
    desk.do("handle", **ANSWER)
    look()
    desk.say("rating.given", number, level=4)
    return number


def _boards(desk: Desk, look: Look) -> str:
    number = str(desk.report("跨板块的一件", "厂房用地、贷款和补贴三件事都卡住了。").number)
    look()
    for board in BOARDS:
        desk.do(
            "consult", f"{COUNTY}.{board}", outcome="contribute", opinion=f"{board}意见：可以办，已与相关部门沟通。"
        )
        look()
    desk.do("compose", outcome="answered", resolution="solved", answer="三个板块一起办好了。")
    look()
    desk.say("rating.given", number, level=5)
    return number


KINDS: Mapping[str, Callable[[Desk, Look], str]] = {
    "one board, answered and rated": _simple,
    "disputed, extended, reworked": _extended,
    "three boards together": _boards,
}


@dataclass(frozen=True)
class Played:
    """Closed cases of one kind. ``states``: bytes of waiting states on the way; ``tables``: bytes a case, by table; ``commands`` a case."""

    states: Sequence[int]
    tables: Mapping[str, float]
    commands: float

    def share(self, tables: Sequence[str]) -> float:
        """Kilobytes a case of these tables."""
        return sum(self.tables.get(name, 0.0) for name in tables) / 1024


@contextmanager
def _desk() -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(models_with_test_decisions(), url=f"sqlite:///{folder}/desk.db")
        yield desk
        desk.engine.database.dispose()


def _by_table(database: Database) -> dict[str, int]:
    """Bytes of rows and index entries, by table."""
    statement = "SELECT m.tbl_name, sum(s.payload) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name GROUP BY 1"
    with database.read() as connection:
        return {name: int(size) for name, size in connection.execute(text(statement))}


def state_sizes(database: Database, status: str = "active") -> list[int]:
    """Bytes of each instance's state, its parts included."""
    parts = (
        select(func.coalesce(func.sum(func.length(InstancePart.body)), 0))
        .where(InstancePart.instance_id == Instance.id)
        .scalar_subquery()
    )
    with database.read() as connection:
        found = connection.execute(select(func.length(Instance.state) + parts).where(Instance.status == status))
        return [int(each) for each in found.scalars()]


def _play(play: Callable[[Desk, Look], str]) -> Played:
    states: list[int] = []
    with _desk() as desk:
        database = desk.engine.database

        def look() -> None:
            states.extend(state_sizes(database))

        play(desk, look)  # the first brings tables and indexes to life
        _file(desk)
        before, commands = _by_table(database), _commands(database)
        numbers = [play(desk, look) for _ in range(CASES)]
        commands = _commands(database) - commands
        _file(desk)
        after = _by_table(database)
        with database.read() as connection:
            closed = connection.execute(
                select(func.count()).where(Case.number.in_(numbers), Case.closed_at.is_not(None))
            )
            if closed.scalar_one() != CASES:
                raise AssertionError("not all of the cases were closed")
    return Played(states, {name: (after[name] - before.get(name, 0)) / CASES for name in after}, commands / CASES)


def _file(desk: Desk) -> None:
    """As every engine does a minute after the end."""
    filing = Filing(desk.engine.database, desk.engine.clock, after=timedelta())
    while filing.run():
        pass


def _commands(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(HistoryEntry)).scalar_one()


def _order_states() -> list[int]:
    """The state of an order after each of its commands."""
    folder, found = order.BASELINES / "order", []
    with tempfile.TemporaryDirectory() as at:
        engine = Orchestrator(f"sqlite:///{at}/bench.db", SystemClock())
        engine.deploy({path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".bpmn", ".dmn")})
        case = engine.start("Order", json.loads((folder / "start.json").read_text()))
        number, seen = 0, sqlite3.connect(f"{at}/bench.db")
        while (command := order.next_command(seen, case, number)) is not None:
            found += state_sizes(engine.database)
            engine.engine.execute(command)
            number += 1
        seen.close()
        engine.database.dispose()
    return found


def sections() -> list[Section]:
    """Play the cases, and tell."""
    played = {name: _play(play) for name, play in KINDS.items()}
    waiting = {name: each.states for name, each in played.items()}
    if order.BASELINES.exists():
        waiting["the order model"] = _order_states()
    return [_waiting(waiting), _closed(played)]


def _waiting(states: Mapping[str, Sequence[int]]) -> Section:
    rows = [
        [
            name,
            f"{statistics.median(sizes):,.0f} bytes",
            f"{max(sizes):,} bytes",
            at_most(max(sizes) / 1024, STATE_GOAL, "KB"),
        ]
        for name, sizes in states.items()
    ]
    return Section(
        "The state of a waiting case",
        ["", "median", "most", "goal"],
        rows,
        "At every point at which it waits for somebody.",
    )


def _closed(played: Mapping[str, Played]) -> Section:
    tables = {name for each in played.values() for name, size in each.tables.items() if size >= 1}
    others = sorted(tables - set(COUNTED) - set(APART))
    rows = [["commands a case", *(figure(each.commands) for each in played.values())]]
    rows += [_row(name, [each.share([name]) for each in played.values()]) for name in COUNTED if name in tables]
    together = [each.share(COUNTED) for each in played.values()]
    rows.append(_row("together", together))
    rows.append(["goal", *(at_most(size, CLOSED_GOAL, "KB") for size in together)])
    rows += [_row(f"beside it: {name}", [each.share([name]) for each in played.values()]) for name in others]
    rows.append(_row("people's words and data", [each.share(APART) for each in played.values()]))
    return Section(
        "A closed case with its history",
        ["KB a case, indexes included", *played],
        rows,
        f"Rows of {CASES} closed cases of each kind through the shipped diagrams.",
    )


def _row(name: str, kilobytes: Sequence[float]) -> list[str]:
    return [name, *(figure(each) for each in kilobytes)]
