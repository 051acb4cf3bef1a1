"""Backup and restore, from either database into either: nothing lost, nothing changed, and cases go on."""

from __future__ import annotations

import stat
import threading
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update

from processes.clock import ManualClock
from processes.messaging.bus import Message
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.engine import Engine
from processes.runtime.resending import resend_open_jobs
from processes.store import backup, outbox, parcels, schema
from processes.store.backup import BackupError
from processes.store.bulk import Writes
from processes.store.database import Database
from processes.store.tables import (
    CalendarDay,
    Definition,
    HistoryEntry,
    Instance,
    Job,
    ModelFile,
    OutboxMessage,
    Role,
    Serial,
    Setting,
    Stage,
    TaskDraft,
)
from tests.integration.store.backups import a_platform, everything
from tests.integration.upgrade import diagrams
from tests.integration.upgrade.driver import finish, step

# ---- values ------------------------------------------------------------------------------------------------------------


def test_every_value_comes_back_as_it_was(database: Database, target: Database, file: Path, clock: ManualClock) -> None:
    odd = '{"z": 1.0, "a": [1e3, "闭环\\u0000\\n", null, true], "n": 9007199254740993, "z2": {}}'
    instant = datetime(2026, 11, 23, 1, 2, 3, 456789, UTC)
    with database.write() as connection:
        connection.execute(
            insert(ModelFile), {"hash": "h", "name": 'a"b\\c\t.bpmn', "kind": "bpmn", "body": bytes(range(256)) * 9}
        )
        connection.execute(insert(ModelFile), {"hash": "e", "name": "", "kind": "bpmn", "body": b""})
        connection.execute(insert(Setting), [{"key": "odd", "value": {}}, {"key": "null", "value": None}])
        connection.execute(text("UPDATE setting SET value = :odd WHERE key = 'odd'"), {"odd": odd})
        connection.execute(insert(CalendarDay), {"day": date(2026, 2, 17), "working": False, "note": "春节"})
        connection.execute(
            insert(TaskDraft), {"task_id": "t", "person_id": "p", "data": {"b": 1, "a": 2}, "saved_at": instant}
        )
        connection.execute(insert(Serial), {"place": "330502", "year": 2026, "last": 2**31 - 1})
        connection.execute(insert(Definition), _definition(instant))
        connection.execute(insert(Instance), _instance(instant))
        for number, seconds in enumerate((0.1, 1e300, 1 / 3, 0.0)):
            connection.execute(insert(OutboxMessage), _message(number, instant + timedelta(seconds=number)))
            connection.execute(insert(Job), _job(number, seconds, instant))

    manifest = backup.write(database, file, clock=clock)
    backup.restore(target, file)

    before, after = everything(database), everything(target)
    assert after == before
    assert dict(after["setting"])["odd"] == odd
    assert manifest.rows == sum(len(rows) for rows in before.values())
    assert (manifest.schema, manifest.database) == (schema.LEVEL, database.dialect)
    assert manifest.made_at == clock.now().isoformat()


def _definition(at: datetime) -> dict[str, Any]:
    return {"id": "d", "process_id": "p", "name": "p", "files": {}, "starts_on": [], "created_at": at}


def _instance(at: datetime) -> dict[str, Any]:
    return {"id": "i", "definition_id": "d", "process_id": "p", "state": b"\0\xff", "created_at": at, "key": None}


def _job(number: int, seconds: float, at: datetime) -> dict[str, Any]:
    row = {"id": f"j-{number}", "instance_id": "i", "element_id": "b", "topic": "t", "arguments": {"n": number}}
    return {**row, "backoff_seconds": seconds, "available_at": at, "created_at": at}


def _message(number: int, at: datetime) -> dict[str, Any]:
    return {
        "message_id": f"m-{number}",
        "address": "jobs",
        "topic": "letter.send",
        "headers": {"id": f"m-{number}"},
        "body": b"{}",
        "created_at": at,
        "available_at": at,
        "attempts": 0,
        "leased_until": None,
        "dead_at": at if number % 2 else None,
        "dead_reason": None,
    }


# ---- cases -------------------------------------------------------------------------------------------------------------


def test_cases_go_on_after_a_restore_and_end_like_the_original(
    database: Database, target: Database, file: Path, clock: ManualClock
) -> None:
    engine = Orchestrator(database, clock)
    engine.deploy(diagrams.models(), check=False)
    cases = []
    for name in ("users", "parallel", "guarded", "guarded_sub", "choice", "listening", "each", "calling"):
        for steps in (0, 2):
            key = f"{name}-{steps}"
            case = engine.start(name, {"n": 1, "items": ["x", "y"], "number": key}, id=key)
            for number in range(steps):
                step(engine, case, number, key)
            cases.append((case, key, steps))

    backup.write(database, file)
    backup.restore(target, file)
    restored = Orchestrator(target, ManualClock(clock.now()))

    ends = [
        [finish(each, case, key, seed) for case, key, seed in cases if each.instance(case).state == "active"]
        for each in (engine, restored)
    ]
    assert ends[1] == ends[0]
    assert len(ends[0]) > 8


def test_a_restored_platform_takes_nothing_twice_and_sends_what_the_broker_had(
    database: Database, target: Database, file: Path, clock: ManualClock
) -> None:
    engine = a_platform(database, clock)
    started = engine.execute(c.Start("start", "p", variables={"said": "你好"}))
    with database.read() as connection:
        (task,) = connection.execute(text("SELECT id FROM user_task")).scalars()
    engine.execute(c.CompleteTask("complete", task))
    with database.write() as connection:
        (leased,) = outbox.lease(connection, clock.now(), 10, clock.now() + timedelta(hours=1))
        outbox.done(connection, [leased.id])  # the broker has it
        extra = outbox.Outgoing("jobs", "other", Message("m-1", "other", "bihuan", clock.now(), {}))
        outbox.put(connection, [extra], clock.now())
        outbox.lease(connection, clock.now(), 10, clock.now() + timedelta(hours=1))
        connection.execute(update(Job).values(locked_by="w-1", locked_until=clock.now() + timedelta(hours=1)))
        writes, own = Writes(), outbox.Outgoing("jobs", "packed", Message("m-2", "packed", "bihuan", clock.now(), {}))
        parcels.pack(writes, [own], clock.now(), clock.now() + timedelta(hours=1))
        writes.flush(connection)

    backup.write(database, file)
    backup.restore(target, file, finish=lambda connection: resend_open_jobs(connection, "bihuan", clock.now()))

    restored = Engine(target, clock)
    again = restored.execute(c.Start("start", "p", variables={"said": "你好"}))
    assert (again.duplicate, again.instance_id) == (True, started.instance_id)
    assert restored.execute(c.CompleteTask("complete", task)).duplicate
    with target.write() as connection:
        parcels.open_late(connection, clock.now())
        rows = outbox.lease(connection, clock.now(), 10, clock.now() + timedelta(hours=1))
        assert connection.execute(select(Job.locked_by, Job.locked_until)).one() == (None, None)
        assert resend_open_jobs(connection, "bihuan", clock.now()) == 1
        assert connection.scalar(select(func.count()).select_from(OutboxMessage)) == 3
    sent = {row.topic: row.message for row in rows}
    assert sent.keys() == {"other", "packed", "letter.send"}, "leases are released, and what was sent is sent again"
    assert (sent["letter.send"].id, sent["letter.send"].data) == (leased.message.id, {"text": "你好"})

    restored.execute(c.CompleteJob("done", sent["letter.send"].extensions["jobid"], {}))
    with target.read() as connection:
        assert connection.scalar(select(Instance.status)) == "completed"
        sequence = list(connection.execute(select(HistoryEntry.seq).order_by(HistoryEntry.seq)).scalars())
    assert len(sequence) == len(set(sequence)) == 3, "new rows come after the restored ones"


# ---- while others write ------------------------------------------------------------------------------------------------


class Writer(threading.Thread):
    """Commits rows into two tables at once, and counts them in a third, as another process would."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._database = Database(url)
        self._stopping = threading.Event()
        self.enough = threading.Event()
        self.count = 0

    def run(self) -> None:
        while not self._stopping.is_set():
            with self._database.write() as connection:
                code = f"{self.count:08}"
                connection.execute(insert(Role).values(code=code, name="角色"))
                connection.execute(update(Serial).values(last=Serial.last + 1))
                connection.execute(insert(Stage).values(code=code, name="阶段", rank=self.count))
            self.count += 1
            if self.count == 20:
                self.enough.set()

    def stop(self) -> None:
        self._stopping.set()
        self.join(30)
        self._database.dispose()


def test_a_backup_is_of_one_moment_while_others_commit(database: Database, target: Database, file: Path) -> None:
    with database.write() as connection:
        connection.execute(insert(Serial).values(place="330502", year=2026, last=0))
        connection.execute(
            insert(ModelFile),
            [{"hash": f"{at:064}", "name": "f", "kind": "bpmn", "body": b"x" * 2000} for at in range(3000)],
        )
    writer = Writer(database.url.render_as_string(hide_password=False))
    writer.start()
    assert writer.enough.wait(30)
    before = writer.count
    backup.write(database, file)
    writer.stop()

    backup.restore(target, file)

    with target.read() as connection:
        roles, stages = (connection.scalar(select(func.count()).select_from(each)) for each in (Role, Stage))
        counted = connection.scalar(select(Serial.last))
    assert roles == stages == counted
    assert before <= roles <= writer.count


# ---- the file ----------------------------------------------------------------------------------------------------------


def test_a_backup_is_its_owners_and_replaces_none(made: Path, memory: Database) -> None:
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert [each.name for each in made.parent.iterdir()] == [made.name]
    with pytest.raises(BackupError, match="已存在"):
        backup.write(memory, made)
    with pytest.raises(BackupError, match="写不了备份文件"):
        backup.write(memory, made.parent / "nowhere" / "b")
    with pytest.raises(BackupError, match="读不了备份文件"):
        backup.restore(memory, made.parent / "nothing")


def test_a_failed_backup_leaves_no_file(tmp_path: Path, file: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path}/folder/empty.db")
    with empty.write() as connection:
        connection.execute(text("CREATE TABLE alien (id INTEGER)"))
    with pytest.raises(BackupError, match="没有可备份的内容"):
        backup.write(empty, file)
    with pytest.raises(BackupError, match="没有找到数据库"):
        backup.write(Database(f"sqlite:///{tmp_path}/folder/absent.db"), file)
    empty.dispose()

    assert list(file.parent.iterdir()) == []


@pytest.mark.slow
def test_memory_stays_flat(database: Database, target: Database, file: Path) -> None:
    rows, size = 6_000, 10_000
    with database.write() as connection:
        for first in range(0, rows, 1000):
            batch = [
                {"hash": f"{at:064}", "name": "f", "kind": "b", "body": bytes([at % 251]) * size}
                for at in range(first, first + 1000)
            ]
            connection.execute(insert(ModelFile), batch)

    tracemalloc.start()
    backup.write(database, file)
    backup.restore(target, file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert rows * size == 60e6
    assert peak < 40e6, "a batch and what is imported on the way, not the whole"
    with target.read() as connection:
        assert connection.scalar(select(func.count()).select_from(ModelFile)) == rows
