"""What the history keeps of a command, and that what older releases kept is read the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert

from processes.packing import compress
from processes.store import history
from processes.store.bulk import Writes
from processes.store.database import Database
from processes.store.tables import HistoryEntry

AT = datetime(2026, 1, 5, 1, tzinfo=UTC)
INPUT = {"kind": "CompleteTask", "id": "c-1", "actor": "wx.li", "task_id": "t-1", "data": {"reason": "银行审批" * 60}}
STEPS = [
    ("sign", "handoff", "completed"),
    ("start", "work", "entered"),
    ("start", "work", "completed"),
    ("late.x", "work", "caught"),
    ("sign", "work", "entered"),
    ("other", "work", "completed"),
    ("sign", "work", "cancelled"),
]
FIRED = [("decide", "direction", ("rule_1", "rule_2")), ("decide", "direction", ())]


def only(database: Database) -> history.Entry:
    with database.read() as connection:
        (entry,) = history.read(connection, "i-1")
    return entry


def test_an_entry_comes_back_as_it_was_given(database: Database) -> None:
    with database.write() as connection:
        writes = Writes()
        versions = {"calendar": "7"}
        arguments: dict[str, Any] = {"input": INPUT, "steps": STEPS, "versions": versions, "decisions": FIRED}
        history.append(writes, "i-1", "c-1", "CompleteTask", "wx.li", AT, **arguments)
        writes.flush(connection)
    entry = only(database)
    assert (entry.command_id, entry.kind, entry.actor, entry.at) == ("c-1", "CompleteTask", "wx.li", AT)
    assert entry.input == INPUT
    assert entry.steps == STEPS
    assert entry.decisions == FIRED
    assert entry.versions == {
        "definition": None,
        "calendar": "7",
    }  # the instance, which names its definition, is not there


def test_an_entry_of_an_older_release_is_read_the_same(database: Database) -> None:
    rules = [{"element": element, "decision": name, "rules": list(rules)} for element, name, rules in FIRED]
    with database.write() as connection:
        connection.execute(
            insert(HistoryEntry).values(
                instance_id="i-1",
                command_id="c-1",
                kind="CompleteTask",
                actor="wx.li",
                at=AT,
                input=compress(json.dumps(INPUT).encode()),
                steps=json.dumps([[*step, "签收"] for step in STEPS]).encode(),
                versions={"definition": "d-1", "calendar": "7", "decisions": rules},
            )
        )
    entry = only(database)
    assert (entry.input, entry.steps, entry.decisions) == (INPUT, STEPS, FIRED)
    assert entry.versions == {"definition": "d-1", "calendar": "7"}
