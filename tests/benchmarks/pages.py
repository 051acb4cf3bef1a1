"""What pages cost at 10,000 cases, beside the same pages at 100 and one indexed query, in the same run.

The 10,000 are rows of real cases copied with new ids, so that every page has real content and every index real selectivity: each copied case has its
texts, its stages, its history and its open task.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from processes.store.tables import (
    Case,
    CaseStage,
    HistoryEntry,
    Instance,
    PersonalData,
    Report,
    ReportText,
    UserTask,
)
from tests.benchmarks.report import Section, at_most, figure, times
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World, build

FEW, MANY = 100, 10_000
TURNS = 40
REDUCED: dict[str, Any] = {}


def _copies(world: World, start: int, count: int) -> None:
    """Bring the number of cases from ``start`` to ``count`` by copying the first ten."""
    tables: list[tuple[Any, str]] = [
        (Report, "id"),
        (ReportText, "report_id"),
        (PersonalData, "report_id"),
        (Instance, "id"),
        (Case, "id"),
        (CaseStage, "case_id"),
        (UserTask, "case_id"),
        (HistoryEntry, "instance_id"),
    ]
    with world.services.database.write() as connection:
        models = [
            {"report_id": row.report_id, "id": row.id, "instance_id": row.instance_id, "case_id": row.id}
            for row in connection.execute(select(Case.id, Case.report_id, Case.instance_id).limit(10))
        ]
        rows: dict[str, list[dict[str, Any]]] = {table.__tablename__: [] for table, _ in tables}
        for number in range(start, count):
            model = models[number % len(models)]
            own = {table.__tablename__: table for table, _ in tables}
            keys = {"report": model["report_id"], "instance": model["instance_id"]}
            for name, table in own.items():
                rows[name].extend(_copied(connection, table, name, model, keys, number))
        for table, _ in tables:
            fresh = rows[table.__tablename__]
            for at in range(0, len(fresh), 2000):
                connection.execute(insert(table), fresh[at : at + 2000])


_seen: dict[tuple[str, str], list[dict[str, Any]]] = {}


def _copied(
    connection: Any, table: Any, name: str, model: dict[str, str], keys: dict[str, str], number: int
) -> list[dict[str, Any]]:
    column, value = {
        "report": (Report.id, keys["report"]),
        "report_text": (ReportText.report_id, keys["report"]),
        "personal_data": (PersonalData.report_id, keys["report"]),
        "instance": (Instance.id, keys["instance"]),
        "case": (Case.id, model["id"]),
        "case_stage": (CaseStage.case_id, model["id"]),
        "user_task": (UserTask.case_id, model["id"]),
        "history": (HistoryEntry.instance_id, keys["instance"]),
    }[name]
    if (name, value) not in _seen:
        _seen[name, value] = [
            dict(row._mapping) for row in connection.execute(select(table.__table__).where(column == value))
        ]
    out = []
    for row in _seen[name, value]:
        fresh = dict(row)
        for each in ("id", "report_id", "instance_id", "case_id", "original"):
            if isinstance(fresh.get(each), str):
                fresh[each] = f"{fresh[each][:28]}-{number}"
        if name in ("case_stage",):
            del fresh["id"]
        if name == "history":
            del fresh["seq"]
        if name == "case":
            fresh["number"] = f"330502-26-{number + 100_000}-0"
        out.append(fresh)
    return out


def _cost(work: Callable[[], Any]) -> float:
    """Median CPU milliseconds."""
    for _ in range(5):
        work()
    spent = []
    for _ in range(TURNS):
        start = time.process_time()
        work()
        spent.append((time.process_time() - start) * 1e3)
    return statistics.median(spent)


def _measure(world: World) -> dict[str, float]:
    handler = Browser(world.app.test_client()).log_in("wx.wu")
    inbox = handler.get("/")
    task = re.search(r'href="(/tasks/[^"]+)"', inbox)
    assert task
    number = re.search(r"330502-26-\d+-\d", inbox)
    assert number
    case = handler.get(f"/cases/{number.group()}")
    assert number.group() in case

    with world.services.database.read() as connection:
        organisation = connection.scalar(
            select(UserTask.organisation).where(UserTask.id == task.group(1).rsplit("/", 1)[1])
        )

    def query() -> None:
        with world.services.database.read() as connection:
            connection.execute(
                select(UserTask.__table__, Case.number, ReportText.title)
                .join(Case, Case.id == UserTask.case_id)
                .join(ReportText, ReportText.report_id == Case.report_id)
                .where(
                    UserTask.state == "open",
                    UserTask.place == "330502",
                    UserTask.role == "board_handler",
                    UserTask.organisation == organisation,
                )
                .order_by(UserTask.due_at, UserTask.created_at)
                .limit(50)
            ).all()

    return {
        "one indexed query of 50 rows": _cost(query),
        "inbox of a handler": _cost(lambda: handler.get("/")),
        "search by number": _cost(lambda: handler.client.get("/search", query_string={"q": number.group()})),
        "a task": _cost(lambda: handler.get(task.group(1))),
        "a case": _cost(lambda: handler.get(f"/cases/{number.group()}")),
    }


def add_options(_: argparse.ArgumentParser) -> None:
    """There are none."""


def run(_: argparse.Namespace) -> list[Section]:
    """Measure, and tell."""
    with tempfile.TemporaryDirectory() as at:
        world = build(Path(at))
        for original in range(10):
            world.report(
                f"H{original}",
                title=f"供电增容迟迟不批 {original}",
                body=f"我公司第{original}号车间供电增容已申请{original + 2}个月,至今未批,请协调供电部门。"
                * (original + 1),
            )
        _copies(world, 10, FEW)
        few = _measure(world)
        _copies(world, FEW, MANY)
        many = _measure(world)
        world.services.database.dispose()
    query = many["one indexed query of 50 rows"]
    return [
        Section(
            f"Pages at {MANY:,} cases",
            ["", f"at {FEW}", f"at {MANY:,}", "growth", "goal", "in queries", "goal"],
            [_row(name, few[name], cost, query) for name, cost in many.items()],
            f"Median CPU of {TURNS} requests, SQLite.",
        )
    ]


def _row(name: str, few: float, many: float, query: float) -> list[str]:
    growth, queries = many / few, many / query
    return [
        name,
        figure(few, "ms"),
        figure(many, "ms"),
        times(growth),
        at_most(growth, 1.5),
        figure(queries),
        at_most(queries, 10, "queries"),
    ]
