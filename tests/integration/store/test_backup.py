"""Backup and restore, from either database into either: nothing lost, nothing changed, and cases go on."""

from __future__ import annotations

import json
import stat
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Text, cast, func, insert, select, text, update

from processes.clock import ManualClock
from processes.messaging.bus import Message
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.engine import Engine
from processes.runtime.resending import resend_open_jobs
from processes.store import backup, outbox, schema
from processes.store.backup import BackupError, Damaged
from processes.store.database import Database
from processes.store.tables import (
    Base,
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
from tests.diagrams import definitions, end, path, process, service, start, user
from tests.integration.upgrade import diagrams
from tests.integration.upgrade.driver import finish, step

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database, without tables."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/restored/restored.db")
    else:
        database = Database(request.getfixturevalue("postgres_url"))
    yield database
    database.dispose()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "monday.bihuan"


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, JSON as the very text that is stored."""
    found = {}
    with database.read() as connection:
        for table in Base.metadata.sorted_tables:
            columns = [cast(column, Text) if str(column.type) == "JSON" else column for column in table.c]
            rows = connection.execute(select(*columns).order_by(*table.primary_key.columns)).all()
            found[table.name] = [tuple(row) for row in rows]
    return found


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
        "topic": "notice.send",
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
    engine.deploy(diagrams.models())
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


JOB = definitions(
    process(
        "p", start(), user("a"), service("b", "notice.send", {"text": "= said"}), end(), path("start", "a", "b", "end")
    )
)


def a_platform(database: Database, clock: ManualClock) -> Engine:
    engine = Engine(database, clock)
    engine.deploy({"p.bpmn": JOB})
    return engine


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

    backup.write(database, file)
    backup.restore(target, file, finish=lambda connection: resend_open_jobs(connection, "bihuan", clock.now()))

    restored = Engine(target, clock)
    again = restored.execute(c.Start("start", "p", variables={"said": "你好"}))
    assert (again.duplicate, again.instance_id) == (True, started.instance_id)
    assert restored.execute(c.CompleteTask("complete", task)).duplicate
    with target.write() as connection:
        rows = outbox.lease(connection, clock.now(), 10, clock.now() + timedelta(hours=1))
        assert connection.execute(select(Job.locked_by, Job.locked_until)).one() == (None, None)
        assert resend_open_jobs(connection, "bihuan", clock.now()) == 1
        assert connection.scalar(select(func.count()).select_from(OutboxMessage)) == 2
    sent = {row.topic: row.message for row in rows}
    assert sent.keys() == {"other", "notice.send"}, "leases are released, and what was sent is sent again"
    assert (sent["notice.send"].id, sent["notice.send"].data) == (leased.message.id, {"text": "你好"})

    restored.execute(c.CompleteJob("done", sent["notice.send"].extensions["jobid"], {}))
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


# ---- what is refused ---------------------------------------------------------------------------------------------------


@pytest.fixture
def made(clock: ManualClock, tmp_path: Path, file: Path) -> Path:
    """A backup of a small platform."""
    database = Database(f"sqlite:///{tmp_path}/made.db")
    database.migrate()
    engine = a_platform(database, clock)
    engine.execute(c.Start("start", "p", variables={"said": "你好"}))
    backup.write(database, file)
    database.dispose()
    return file


def altered(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """The same file with another manifest."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    change(manifest)
    parts["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)


def test_a_damaged_part_is_named_and_nothing_restored(made: Path, target: Database) -> None:
    with zipfile.ZipFile(made) as archive:
        info = archive.getinfo("tables/model_file.jsonl.zst")
        at = info.header_offset + 200
    body = bytearray(made.read_bytes())
    body[at] ^= 1
    made.with_name("flipped").write_bytes(bytes(body))

    with pytest.raises(Damaged, match=r"tables/model_file\.jsonl\.zst") as error:
        backup.restore(target, made.with_name("flipped"))

    assert error.value.details == {"part": "tables/model_file.jsonl.zst"}
    backup.restore(target, made)


def test_bytes_behind_the_end_of_a_part_are_damage(made: Path, target: Database) -> None:
    with zipfile.ZipFile(made) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["tables/role.jsonl.zst"] += b"more"
    with zipfile.ZipFile(made, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)

    with pytest.raises(Damaged, match="tables/role"):
        backup.restore(target, made)


@pytest.mark.parametrize("kept", [0, 10, 1000, -1])
def test_half_a_file_is_no_backup(made: Path, memory: Database, kept: int) -> None:
    made.write_bytes(made.read_bytes()[:kept])
    with pytest.raises(Damaged, match="已损坏"):
        backup.restore(memory, made)


def test_a_lost_part_a_wrong_count_and_a_strange_manifest_are_damage(made: Path, memory: Database) -> None:
    whole = made.read_bytes()
    changes: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
        ("tables/role", lambda said: said["tables"].pop(0) and _table(said, "role").update(rows=7)),
        ("tables/lost", lambda said: _table(said, "role").update(part="tables/lost")),
        ("manifest", lambda said: _table(said, "role").update(columns={"code": "colour"})),
        ("manifest", lambda said: said.pop("tables")),
        ("manifest", lambda said: said.update(tables=[7])),
    ]
    for part, change in changes:
        made.write_bytes(whole)
        altered(made, change)
        with pytest.raises(Damaged, match=part):
            backup.restore(memory, made, force=True)


def _table(said: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in said["tables"] if each["name"] == name)
    return found


def test_a_backup_of_newer_software_is_left_to_it(made: Path, target: Database) -> None:
    altered(made, lambda said: said.update(schema=schema.LEVEL + 1, software="9.9"))
    with pytest.raises(BackupError, match=rf"来自更新的软件（9\.9，数据库第 {schema.LEVEL + 1} 级）"):
        backup.restore(target, made)
    altered(made, lambda said: said.update(format=2))
    with pytest.raises(BackupError, match="更新的格式"):
        backup.restore(target, made)


def test_a_database_with_data_is_kept_unless_force_is_said(made: Path, database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(Role).values(code="clerk", name="受理员"))
        connection.execute(text("CREATE TABLE of_somebody_else (id INTEGER PRIMARY KEY)"))
    with pytest.raises(BackupError, match=r"已有数据（role 等 1 张表）.*--force"):
        backup.restore(database, made)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Role)) == 1

    backup.restore(database, made, force=True)

    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Role)) == 0
        assert connection.scalar(select(func.count()).select_from(Instance)) == 1
        assert connection.execute(text("SELECT count(*) FROM of_somebody_else")).scalar_one() == 0
        schema.check(connection)


def test_a_database_that_was_only_migrated_counts_as_empty(made: Path, database: Database) -> None:
    backup.restore(database, made)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Instance)) == 1


def test_force_waits_for_nobody_who_is_at_work(made: Path, database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False))
    with other.read() as connection:
        connection.execute(select(Role.code)).all()
        with pytest.raises(BackupError, match="正在被"):
            backup.restore(database, made, force=True)
    other.dispose()

    backup.restore(database, made, force=True)


def test_a_failure_on_the_way_leaves_the_database_as_it_was(made: Path, database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(Role).values(code="clerk", name="受理员"))
    before = everything(database)

    def fail(_: object) -> None:
        raise RuntimeError("at the very end")

    with pytest.raises(RuntimeError):
        backup.restore(database, made, force=True, finish=fail)

    assert everything(database) == before


@pytest.mark.postgres
def test_a_value_that_fits_no_column_is_told_without_being_repeated(
    sqlite_database: Database, postgres_url: str, file: Path
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(insert(Role).values(code="clerk", name="很长的名字" * 50))
    backup.write(sqlite_database, file)
    database = Database(postgres_url)

    with pytest.raises(BackupError, match="表 role 有一行放不进") as error:
        backup.restore(database, file)

    assert "很长的名字" not in error.value.zh + error.value.en
    database.dispose()


def test_an_older_level_is_restored_and_then_migrated(target: Database, tmp_path: Path, file: Path) -> None:
    old = Database(f"sqlite:///{tmp_path}/old.db")
    with old.write() as connection:
        schema.create_at(connection, 1)
        connection.execute(text("INSERT INTO role (code, name) VALUES ('clerk', '受理员')"))

    manifest = backup.write(old, file)
    backup.restore(target, file)

    assert manifest.schema == 1
    assert "stall" not in [table.name for table in manifest.tables]
    with target.read() as connection:
        schema.check(connection)
        assert connection.execute(select(Role.name)).scalar_one() == "受理员"
        assert connection.execute(text("SELECT count(*) FROM stall")).scalar_one() == 0
    old.dispose()


def test_an_absent_database_is_a_sentence(made: Path, file: Path) -> None:
    nobody = Database("postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(BackupError, match="恢复时数据库出错（OperationalError"):
        backup.restore(nobody, made)
    with pytest.raises(BackupError, match="备份时数据库出错（OperationalError"):
        backup.write(nobody, file.with_name("other"))
    assert list(file.parent.iterdir()) == [made]


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
    rows, size = 10_000, 10_000
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

    assert rows * size == 100e6
    assert peak < 30e6
    with target.read() as connection:
        assert connection.scalar(select(func.count()).select_from(ModelFile)) == rows
