"""A user task has the priority that its diagram gives it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from processes.orchestrator import Orchestrator
from processes.store.database import Database
from processes.store.tables import Incident, UserTask
from tests.diagrams import definitions, end, path, process, start, user


def priority_of(database: Database, **said: str) -> tuple[list[int | None], int]:
    """The priorities of the open tasks, and how many incidents there are."""
    engine = Orchestrator(database)
    model = process("p", start(), user("look", **said), end(), path("start", "look", "end"))
    engine.deploy({"p.bpmn": definitions(model)}, check=False)
    engine.start("p", {"urgent": True})
    with database.read() as connection:
        found = list(connection.scalars(select(UserTask.priority)))
        return found, len(connection.scalars(select(Incident.id)).all())


@pytest.mark.parametrize(
    ("said", "expected"), [("7", 7), ("= if urgent then 8 else 2", 8), ("= 20", 9), ("= -1", 0), ("= null", None)]
)
def test_it_is_a_number_or_an_expression(database: Database, said: str, expected: int | None) -> None:
    assert priority_of(database, priority=said) == ([expected], 0)


def test_a_task_without_one_has_none(memory: Database) -> None:
    assert priority_of(memory) == ([None], 0)


def test_what_is_no_number_is_an_incident(memory: Database) -> None:
    tasks, incidents = priority_of(memory, priority='= "very"')
    assert (tasks, incidents) == ([], 1)
