"""What is not backed up and not restored, with the reason; and that nothing has changed then."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

from processes.store import backup, schema
from processes.store.backup import BackupError, Damaged
from processes.store.database import Database
from processes.store.tables import Instance, Role
from tests.integration.store.backups import everything


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
