"""Ended instances are filed: nothing that anybody may want to know is lost, and it takes less room."""

from __future__ import annotations

import base64
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from processes.clock import ManualClock, SystemClock
from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.orchestrator import Orchestrator
from processes.runtime import filing as filings
from processes.runtime.filing import AFTER, BATCH, Filing
from processes.store import dossier, history
from processes.store.database import Database
from processes.store.tables import Dossier, HistoryEntry, Job, UserTask
from tests.diagrams import definitions, end, path, process, service, start, user

STEPS = ("one", "two", "three", "four")
MODEL = definitions(
    process(
        "p",
        start(),
        *(user(each, dueAt="P3D", warnAt="P2D") for each in STEPS),
        service("send", "send.it", {"n": "= n", "words": '= "字" + words'}),
        end(),
        path("start", *STEPS, "send", "end"),
    )
)


class World:
    """An engine and a filing on a database, and a clock."""

    def __init__(self, database: Database) -> None:
        self.clock = ManualClock()
        self.database = database
        self.engine = Orchestrator(database, self.clock)
        self.engine.deploy({"model.bpmn": MODEL})
        self.filing = Filing(database, self.clock)

    def play(self, words: str = "long " * 100) -> str:
        """An instance from its start to its end; returns its id."""
        case = self.engine.start("p", {"n": 1, "words": words})
        for _ in STEPS:
            (task,) = self.engine.tasks(case)
            self.engine.complete(task.id, {f"said_{task.element}": words}, actor="wx.li")
        (job,) = self.engine.jobs(instance=case)
        self.engine.complete_job(job.id, {"ok": True})
        assert self.engine.instance(case).state == "completed"
        return case

    def history(self, case: str) -> list[history.Entry]:
        """All of it."""
        with self.database.read() as connection:
            return history.read(connection, case)

    def rows(self, case: str, table: Any = HistoryEntry) -> list[Any]:
        """A table's rows of an instance."""
        with self.database.read() as connection:
            return list(connection.execute(select(table.__table__).where(table.instance_id == case)))


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_an_ended_instance_is_filed_a_while_later_and_its_history_reads_the_same(world: World) -> None:
    case, other = world.play(), world.engine.start("p", {"n": 1, "words": ""})
    before = world.history(case)
    (given,) = [row.arguments for row in world.rows(case, Job)]

    assert world.filing.run() == 0
    world.clock.advance(AFTER)
    assert world.filing.run() == 1
    assert world.filing.run() == 0

    assert len(before) == 6
    assert world.history(case) == before
    assert world.rows(case) == []
    assert len(world.rows(other)) == 1
    (filed,) = world.rows(case, Dossier)
    assert dossier.unpack(filed.body).arguments == {row.id: given for row in world.rows(case, Job)}
    assert world.engine.instance(case).trace == ["start", *STEPS, "send", "end"]


def test_tasks_and_jobs_stay_with_what_is_looked_at_later(world: World) -> None:
    case = world.play()
    before = [row._mapping for row in world.rows(case, UserTask)]
    world.clock.advance(AFTER)
    world.filing.run()

    assert all(row["due_at"] > row["warn_at"] for row in before)
    lean = {"instructions": "", "next": "", "warn_at": None}
    assert [row._mapping for row in world.rows(case, UserTask)] == [{**row, **lean} for row in before]
    (job,) = world.rows(case, Job)
    assert (job.state, job.topic, job.arguments, job.locked_by) == ("done", "send.it", {}, None)
    with pytest.raises(NotWaiting):
        world.engine.complete_job(job.id, {"late": True})
    assert world.engine.complete(before[0]["id"], id=world.history(case)[1].command_id).duplicate


def test_a_filed_history_takes_a_fraction(world: World) -> None:
    """Rows of equal texts: each is kept once."""
    case = world.play()
    rows = world.rows(case)
    stored = sum(len(row.input) + len(row.steps) + len(row.command_id) + len(row.instance_id) for row in rows)
    world.clock.advance(AFTER)
    world.filing.run()

    (filed,) = world.rows(case, Dossier)
    assert len(filed.body) < stored / 2


def test_what_is_recorded_afterwards_follows_what_is_filed(world: World) -> None:
    """Whoever worked on the instance at its end may be late."""
    case = world.play()
    entries = world.history(case)
    (last, *_) = reversed(world.rows(case))
    world.clock.advance(AFTER)
    world.filing.run()
    with world.database.write() as connection:
        connection.execute(
            HistoryEntry.__table__.insert(), {**last._mapping, "seq": last.seq + 1, "command_id": "afterwards"}
        )

    assert [each.command_id for each in world.history(case)] == [*(each.command_id for each in entries), "afterwards"]
    assert world.filing.run() == 0


def test_short_and_giant_histories_are_left_as_they_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    short = world.engine.start("p", {"n": 1, "words": ""})
    world.engine.cancel(short)
    monkeypatch.setattr(filings, "LARGE", 100)
    giant = world.play()
    world.clock.advance(AFTER)

    assert world.filing.run() == 1
    assert world.filing.run() == 0
    assert [len(world.rows(case)) for case in (short, giant)] == [2, 6]
    assert len(world.history(giant)) == 6


def test_many_are_filed_in_small_transactions(world: World) -> None:
    for _ in range(BATCH + 3):
        world.play("")
    world.clock.advance(AFTER)

    assert [world.filing.run() for _ in range(3)] == [BATCH, 3, 0]


@pytest.mark.postgres
def test_what_one_has_in_hands_another_passes_over(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite there is one writer at a time anyway."""
    world = World(postgresql_database)
    case = world.play("")
    world.clock.advance(AFTER)
    other = Filing(Database(postgresql_database.url.render_as_string(hide_password=False)), world.clock)
    found: list[int] = []

    def meanwhile(_: str) -> None:
        second = threading.Thread(target=lambda: found.append(other.run()), daemon=True)
        second.start()
        second.join(10)

    monkeypatch.setattr(filings, "hit", meanwhile)
    assert world.filing.run() == 1
    assert found == [0]
    assert len(world.history(case)) == 6


def test_a_failure_in_between_leaves_everything_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.play()
    before = world.history(case)
    world.clock.advance(AFTER)

    def fail(_: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(filings, "hit", fail)
    with pytest.raises(RuntimeError):
        world.filing.run()
    assert world.history(case) == before
    assert world.rows(case, Dossier) == []

    monkeypatch.undo()
    assert world.filing.run() == 1


def test_its_thread_files_by_itself_and_survives_an_error(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(database)
    case = world.play()
    filing, done = Filing(database, SystemClock(), after=timedelta()), threading.Event()
    run, fails = Filing.run, iter((True,))

    def watched(self: Filing) -> int:
        if next(fails, False):
            raise RuntimeError("the database was away")
        found = run(self)
        if found:
            done.set()
        return found

    monkeypatch.setattr(Filing, "run", watched)
    filing.start()
    assert done.wait(30)
    filing.stop()
    assert world.rows(case) == []


@pytest.mark.postgres
def test_nothing_is_filed_while_software_is_connected_that_would_not_find_it(postgresql_database: Database) -> None:
    world = World(postgresql_database)
    world.play()
    world.clock.advance(AFTER)
    older = create_engine(postgresql_database.url, connect_args={"application_name": "bihuan/7"})
    with older.connect() as connection:
        connection.execute(text("SELECT 1"))
        assert world.filing.run() == 0
    older.dispose()

    assert world.filing.run() == 1


def test_what_this_release_files_is_read_for_ever() -> None:
    """A body of format 1, as the first release that filed wrote it."""
    contents = dossier.unpack(base64.b64decode(SAMPLE))

    assert contents == dossier.Contents(
        [
            dossier.Row(
                3, "s-1", "Start", None, datetime(2026, 11, 26, 1, 2, 3, 456789, UTC),
                '{"process_id":"p","variables":{"字":1}}'.encode(), b"@p start= a+", {"calendar": "1"},
            ),
            dossier.Row(
                9, "c-1", "CompleteTask", "wx.li", datetime(2026, 11, 26, 2, tzinfo=UTC),
                b'{"task_id":"x-1","data":{}}', b"@p a- end=", {},
            ),
        ],
        {"x-2": {"n": 1}},
    )  # fmt: skip
    with pytest.raises(BihuanError, match="案卷格式"):
        dossier.unpack(b"9" + base64.b64decode(SAMPLE)[1:])


SAMPLE = (
    "MSi1L/1gEQA9BgDSDCogkM8Y////d31npwcychy1IcU0+llRUDDDthRJzN7dMgGSaV587iU+IZAvqySZZT0DCFqD2roCmW0NYuKYNpDj67OtoQu8NG/rnOp1"
    "iapk/h7/0xZ3abp6WR9ogNmA17zeNC9+PtH0ucTP+9IojX1afK7P3jN+trBp76vqPu+5fL212NpgURLkMIbCYsLiayGEEO4VEMISr5oWcvXgp8Hn9VfYr0UU"
    "RQEKIBC2fDcYAoFGEMkdkARNGDRaXCNZEIvPaeDM"
)
