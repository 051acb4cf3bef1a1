"""A database with the shipped reference data, and an engine with a small process that passes every door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Row

from processes.casework import functions, loading
from processes.casework.projection import CaseProjection
from processes.clock import ManualClock
from processes.messaging.contracts import parse_report
from processes.messaging.incoming import ReportMessage
from processes.runtime.engine import Engine
from processes.store.database import Database
from processes.store.tables import Base, UserTask
from tests.diagrams import definitions, element, end, message, path, process, script, service, user

REFERENCE = Path(__file__).parents[3] / "bpmn/reference"

PROBLEM = definitions(
    '<bpmn:message id="escalated" name="case.escalated"/><bpmn:message id="answered" name="case.answered"/>',
    '<bpmn:message id="supplemented" name="supplement.answered"/>',
    process(
        "problem",
        element("startEvent", "start", properties={"stage": "intake", "caseStatus": "正在受理"}),
        user(
            "sort",
            "<bpmn:documentation/>",
            role="intake_clerk",
            form="sort.form.json",
            dueAt="= add working days(received_at, 1, case.place)",
        ),
        element(
            "intermediateThrowEvent",
            "pooled",
            properties={
                "stage": "assignment",
                "caseStatus": '= "已交" + organisation name(organisation(case.place, "policy"))',
                "pooled": "true",
                "record": '= {board: sort.board, excluded: sort.excluded, outcome: "pool", reason: text(sort.reason), unknown: 1}',
            },
        ),
        service(
            "remind",
            "notice.send",
            {
                "case": "= case.number",
                "kind": '="reminder"',
                "to": '= {role: "board_handler", organisation: sort.board, place: case.place}',
                "subject": '="请签收"',
                "text": '="请签收"',
            },
        ),
        element(
            "intermediateThrowEvent",
            "submit",
            message(
                "escalated",
                "= {place: superior(case.place), parent: case.id, report: report.id}",
            ),
            properties={"correlationKey": "= case.id"},
        ),
        element(
            "intermediateCatchEvent",
            "supplement",
            message("supplemented", variable="supplement"),
            properties={"correlationKey": "= case.number"},
        ),
        end("end", stage="closure", caseStatus="已办结"),
        path("start", "sort", "pooled", "remind", "submit", "supplement", "end"),
    ),
    process(
        "superior",
        element(
            "startEvent", "escalated_start", message("escalated", variable="escalated"), properties={"stage": "intake"}
        ),
        script("look", "= {seen: text(report.title)}"),
        user("handle", role="coordinator", organisation="= centre(case.place)"),
        end("superior_end"),
        path("escalated_start", "look", "handle", "superior_end"),
    ),
)
SORT_FORM = {
    "type": "object",
    "title": "研判",
    "required": ["board", "reason"],
    "properties": {
        "board": {"type": "string", "title": "板块", "x-options": "= boards(case.place)"},
        "reason": {"type": "string", "title": "理由", "x-text": True},
        "excluded": {"type": "array", "title": "回避", "items": {"type": "string"}},
    },
}


@dataclass(frozen=True)
class House:
    """What a test needs at hand."""

    database: Database
    clock: ManualClock
    engine: Engine

    def rows(self, table: type[Base], **equal: Any) -> list[Row[Any]]:
        conditions = [getattr(table, name) == value for name, value in equal.items()]
        columns = table.__table__.c
        with self.database.read() as connection:
            return list(connection.execute(select(*columns).where(*conditions)).all())

    def row(self, table: type[Base], **equal: Any) -> Row[Any]:
        (row,) = self.rows(table, **equal)
        return row

    def open_task(self, **equal: Any) -> Row[Any]:
        return self.row(UserTask, state="open", **equal)


def problem(
    original: str = "hot-1", body: str = "我公司申报的技改补助迟迟没有兑现，请协调。", **more: Any
) -> ReportMessage:
    """A report over the hotline."""
    given: Mapping[str, Any] = {"id": original, "title": "补助没有兑现", "body": body, "place": "330502", **more}
    return parse_report("hotline", given)


@pytest.fixture
def house(database: Database, clock: ManualClock) -> House:
    """The shipped reference data and the small process, on SQLite and on PostgreSQL."""
    return furnished(database, clock)


@pytest.fixture
def small_house(memory: Database, clock: ManualClock) -> House:
    """The same in memory, for what does not depend on the database."""
    return furnished(memory, clock)


def furnished(database: Database, clock: ManualClock) -> House:
    with database.write() as connection:
        loading.load(connection, REFERENCE, clock)
    snapshots = functions.Snapshots(database)
    engine = Engine(
        database,
        clock,
        functions=functions.build(snapshots),
        superior=snapshots.superior,
        projections=[CaseProjection()],
        versions=snapshots.versions,
    )
    engine.deploy({"problem.bpmn": PROBLEM, "sort.form.json": json.dumps(SORT_FORM).encode()})
    return House(database, clock, engine)
