"""An operator and the engine at one instance at the same moment: whoever comes second is told, nothing is lost, nothing happens twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from processes.kernel.errors import NotWaiting
from processes.runtime import commands as c
from processes.store.database import Database
from processes.store.tables import HistoryEntry, Timer, UserTask
from tests.diagrams import boundary, definitions, end, path, process, start, timer, user
from tests.integration.runtime.test_on_databases import two_engines

MODEL = definitions(
    process(
        "p", start(), user("one"), user("two"), user("three"), end(), path("start", "one", "two", "end"), path("three", "end"),
        boundary("late", "one", timer("timeDuration", '"P1D"')), path("late", "three"),
    )
)  # fmt: skip


def together(*works: Callable[[], object]) -> list[bool]:
    """Do these at the same moment; whether each was done."""
    gate = threading.Barrier(len(works))

    def one(work: Callable[[], object]) -> bool:
        gate.wait(10)
        try:
            work()
        except NotWaiting:
            return False
        return True

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


@pytest.mark.parametrize("other", ["complete", "fire", "move"])
def test_a_move_that_meets_another_command_leaves_one_of_the_two(database: Database, other: str) -> None:
    first, second = two_engines(database, MODEL)
    for number in range(8):
        case = first.start("p")
        task = first.tasks(case)[0].id
        with database.read() as connection:
            timer_row = connection.execute(select(Timer.__table__).where(Timer.instance_id == case)).one()
        theirs: dict[str, c.Command] = {
            "complete": c.CompleteTask(f"click-{number}", task),
            "fire": c.FireTimer(f"timer-{number}", timer_row.task_id, timer_row.due_at),
            "move": c.Move(f"other-{number}", case, "另一人", task, "end"),
        }
        mine = c.Move(f"move-{number}", case, "核实后处理", task, "three", actor="wx.yun")
        done = together(
            lambda mine=mine: first.engine.execute(mine),  # type: ignore[misc]
            lambda command=theirs[other]: second.engine.execute(command),  # type: ignore[misc]
        )
        assert sorted(done) == [False, True]
        with database.read() as connection:
            kinds = connection.scalars(select(HistoryEntry.kind).where(HistoryEntry.instance_id == case)).all()
            open_ones = connection.scalars(
                select(UserTask.element_id).where(UserTask.instance_id == case, UserTask.state == "open")
            ).all()
            timers = connection.scalars(select(Timer.task_id).where(Timer.instance_id == case)).all()
        assert len(kinds) == 2
        assert timers == []
        moved = ["three"] if done[0] else {"complete": ["two"], "fire": ["three"], "move": []}[other]
        assert open_ones == moved
    second.database.dispose()
