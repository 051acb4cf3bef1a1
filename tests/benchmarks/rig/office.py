"""A platform with a crowd in front of it: the servers and processes of the tour, full of cases, with an account for each of the crowd."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from processes.casework import loading
from processes.casework.accounts import passwords
from processes.casework.portal import reports
from processes.messaging.incoming import ReportMessage
from processes.store.tables import TASK_IS_OPEN, UserTask
from tests.benchmarks import filling
from tests.benchmarks.rig.servers import DURABLE, GROWN, ROOMY
from tests.integration.gateway.world import MODELS, PASSWORD, START, build
from tests.integration.gateway.world import World as Filled
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitNode
from tests.tour.programs import Program
from tests.tour.world import ROOT, World

SHARES: Mapping[str, int] = {
    "board_handler": 50,
    "intake_clerk": 10,
    "coordinator": 10,
    "supervisor": 6,
    "leader_in_charge": 4,
    "owner": 3,
    "admin_audit": 2,
}
"""Of a hundred in the crowd, how many do what; the others are enterprises."""

CODES = 28
"""Enterprises at most: from one address no more than thirty codes are sent in an hour (``portal.csv``), and here all come from one."""

ORGANISATIONS = {"board_handler": "project", "leader_in_charge": "leaders", "admin_audit": ""}
"""Where people of a role serve; all others: at the centre."""

GATEWAYS = ("gateway", "gateway-2")
"""They share a port: one a core."""

RIVALS, SHARED = 5, 40
"""Pairs of handlers who have the same task open, and tasks for each pair, at most."""


@dataclass(frozen=True)
class Size:
    """How many cases there are, how many of them have an open task, and how many people come."""

    cases: int
    waiting: int
    people: int


class Office(World):
    """``with Office(size) as office``: everything is up, and ``plan`` says who is who."""

    def __init__(self, size: Size) -> None:
        super().__init__(START, tell=self._note, broker=_broker, database=_database)
        self.size = size
        self.plan: dict[str, Any] = {}
        self.ended: list[str] = []
        """processes of ours that ended by themselves, with why"""

    def _note(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)
        self.ended.append(line.strip())

    def _commands(self, environment: dict[str, str]) -> dict[str, Program]:
        command = [sys.executable, "app.py", "gateway", "--share-port"]
        gateways = {each: Program(each, command, ROOT, environment, self.folder / f"{each}.log") for each in GATEWAYS}
        return super()._commands(environment) | gateways

    def _start(self) -> None:
        super()._start()
        for each in GATEWAYS[1:]:
            self._keep(self._programs[each])
            self.wait(lambda log=self._programs[each].log: _is_ready(log), each)  # type: ignore[misc]

    def prepare(self) -> None:
        """Fill the database: cases, accounts, an own problem for each enterprise."""
        filled = build(self.folder, url=self.database_url)
        people = list(_crowd(self.size.people))
        with filled.services.database.write() as connection:
            loading.load(connection, self._reference(people), filled.clock)
            passwords.set_missing(connection, PASSWORD)
        filling.fill(filled, filling.originals(filled), self.size.cases, self.size.waiting)
        enterprises = max(min(self.size.people - len(people), CODES), 1)
        pairs = min(RIVALS, max(1, self.size.people // 20))
        rivals, others = _rivals(people, pairs)
        self.plan = {
            "url": self.url,
            "inbox": f"{self.standins_url}/sms/messages",
            "password": PASSWORD,
            "people": [{"account": each["id"], "role": each["role"]} for each in others],
            "enterprises": [_enterprise(filled, number) for number in range(enterprises)],
            "rivals": [
                {"pair": pair, "tasks": tasks} for pair, tasks in zip(rivals, _tasks(filled, pairs), strict=True)
            ],
        }
        self.clock.advance(filled.clock.now() - self.clock.now() + timedelta(seconds=1))
        filled.services.database.dispose()

    def _reference(self, people: Sequence[Mapping[str, str]]) -> Path:
        """The shipped reference data, with the crowd among the people."""
        folder = self.folder / "reference"
        shutil.copytree(MODELS / "reference", folder)
        _append(folder / "people.csv", ({"id": each["id"], "name": each["name"], "active": "yes"} for each in people))
        columns = ("role", "place", "organisation")
        _append(
            folder / "duties.csv", ({"person": each["id"], **{name: each[name] for name in columns}} for each in people)
        )
        return folder


def _crowd(size: int) -> Iterator[dict[str, str]]:
    """Officials of all roles; as many at each place as there are cases."""
    places = [place for place, share in filling.PLACES.items() for _ in range(share // 5)]
    for role, share in SHARES.items():
        for number, place in enumerate(islice(cycle(places), max(size * share // 100, 1))):
            yield {
                "id": f"{role}.{number}",
                "name": f"{role[:1].upper()}{number}号",
                "role": role,
                "place": "33" if role in ("owner", "admin_audit") else place,
                "organisation": ORGANISATIONS.get(role, "centre"),
            }


def _rivals(people: Sequence[Mapping[str, str]], pairs: int) -> tuple[list[list[str]], list[Mapping[str, str]]]:
    """Pairs of handlers of the originals' place, and all who are in none."""
    able = [each["id"] for each in people if each["role"] == "board_handler" and each["place"] == filling.PLACE]
    chosen = able[: 2 * pairs]
    found = [list(pair) for pair in zip(chosen[::2], chosen[1::2], strict=True)]
    return found, [each for each in people if each["id"] not in chosen]


def _tasks(filled: Filled, pairs: int) -> list[list[str]]:
    """Open tasks of the originals' place for each pair: the least urgent, which others do last."""
    mine = (
        TASK_IS_OPEN,
        UserTask.place == filling.PLACE,
        UserTask.role == "board_handler",
        UserTask.case_id.is_not(None),
    )
    statement = select(UserTask.id).where(*mine).order_by(UserTask.due_at.desc()).limit(pairs * SHARED)
    with filled.services.database.read() as connection:
        found = list(connection.scalars(statement))
    return [found[at::pairs] for at in range(pairs)]


def _enterprise(filled: Filled, number: int) -> dict[str, str]:
    """It has reported a problem from its phone, and got a code."""
    phone = f"139{number:08d}"
    said = ReportMessage(
        reports.CHANNEL,
        "",
        f"我公司第{number}车间供电增容已申请{number + 2}个月，至今未批，请协调解决。",
        {},
        title="供电增容迟迟不批",
        place=filling.PLACE,
        enterprise=f"湖州第{number}机械有限公司",
        contact="王明",
    )
    rules = filled.services.snapshots.now().reference.portal_rules
    filed = reports.file(filled.engine, rules, said, phone, f"{number:08d}")
    return {"phone": phone, "number": filed.number, "code": filed.code}


def _append(path: Path, rows: Iterator[Mapping[str, str]]) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns = next(csv.reader(file))
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, columns, restval="").writerows(rows)


def _is_ready(log: Path) -> bool:
    return log.exists() and "gateway ready" in log.read_text("utf-8")


def _broker() -> RabbitNode:
    return RabbitNode.start(options=ROOMY)


def _database() -> PostgresServer:
    return PostgresServer.start(options={**DURABLE, **GROWN})


def write(folder: Path, plan: Mapping[str, Any]) -> Path:
    """A plan as a file that the crowd reads."""
    path = folder / "plan.json"
    path.write_text(json.dumps(plan), "utf-8")
    return path
