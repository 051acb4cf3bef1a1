"""Two versions of the software on one database: who may work on which schema."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete, select, text, update

from processes.clock import ManualClock
from processes.orchestrator import Orchestrator
from processes.store import schema
from processes.store.database import Database
from processes.store.schema import LEVEL, OlderAtWork, Schema, SchemaTooNew, SchemaTooOld
from processes.store.tables import Setting
from tests.diagrams import definitions, end, path, process, start, user


def become(database: Database, level: int, lowest: int) -> None:
    """What newer software leaves behind when it has migrated a database."""
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :level"), {"level": f"{level:04}"})
        mark = {"level": level, "lowest": lowest}
        connection.execute(update(Setting).where(Setting.key == schema.MARK).values(value=mark))


def found(database: Database) -> Schema | None:
    with database.read() as connection:
        return schema.schema_of(connection)


def test_a_database_says_its_level(database: Database) -> None:
    with database.read() as connection:
        lowest = schema.lowest_level(schema._scripts())
        mark = connection.execute(select(Setting.value).where(Setting.key == schema.MARK)).scalar_one()
        schema.check(connection)
    assert mark == {"level": LEVEL, "lowest": lowest}
    assert found(database) == Schema(LEVEL, lowest)


def test_software_works_on_a_newer_schema_that_is_fit_for_it(database: Database, clock: ManualClock) -> None:
    become(database, LEVEL + 3, LEVEL)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE of_the_future (id INTEGER PRIMARY KEY)"))

    engine = Orchestrator(database, clock)
    steps = (start(), user("a"), end(), path("start", "a", "end"))
    engine.deploy({"a.bpmn": definitions(process("p", *steps))})
    case = engine.start("p")
    engine.complete(engine.tasks(case)[0].id)

    assert engine.instance(case).state == "completed"
    assert found(database) == Schema(LEVEL + 3, LEVEL), "it stays as newer software has made it"
    with database.read() as connection:
        schema.check(connection)


def test_software_refuses_a_schema_that_has_dropped_what_it_uses(database: Database) -> None:
    become(database, LEVEL + 3, LEVEL + 1)

    with pytest.raises(SchemaTooNew, match=f"至少要第 {LEVEL + 1} 级的软件"):
        database.migrate()
    with database.read() as connection, pytest.raises(SchemaTooNew):
        schema.check(connection)


def test_a_database_from_before_levels_gets_its_mark(database: Database) -> None:
    marked = found(database)
    with database.write() as connection:
        connection.execute(delete(Setting).where(Setting.key == schema.MARK))
    assert found(database) == Schema(LEVEL, schema.FIRST)

    database.migrate()

    assert found(database) == marked


def test_a_schema_that_was_not_migrated_is_told(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/old.db")
    with database.read() as connection, pytest.raises(SchemaTooOld):
        schema.check(connection)
    with database.write() as connection:
        schema.create_at(connection, 1)
    with database.read() as connection, pytest.raises(SchemaTooOld, match="还是第 1 级"):
        schema.check(connection)

    database.migrate()

    with database.read() as connection:
        schema.check(connection)
    database.dispose()


def test_a_contract_migration_raises_the_lowest_level(tmp_path: Path) -> None:
    from alembic.script import ScriptDirectory

    versions = tmp_path / "versions"
    versions.mkdir()
    (tmp_path / "env.py").write_text("")
    lines = {
        "0001": 'down_revision = None\nkind = "expand"\n',
        "0002": 'down_revision = "0001"\nkind = "expand"\n',
        "0003": 'down_revision = "0002"\nkind = "contract"\nlowest = 2\n',
        "0004": 'down_revision = "0003"\nkind = "expand"\n',
    }
    for level, body in lines.items():
        (versions / f"{level}_step.py").write_text(f'revision = "{level}"\n{body}')

    assert schema.lowest_level(ScriptDirectory(str(tmp_path))) == 2


@pytest.mark.postgres
def test_the_schema_is_not_pulled_away_under_older_processes(postgresql_database: Database) -> None:
    url = postgresql_database.url.render_as_string(hide_password=False)
    ours = Database(url)
    with ours.read() as beside, postgresql_database.read() as connection:
        beside.execute(text("SELECT 1"))
        schema.check_nobody_older(connection, LEVEL)
        with pytest.raises(OlderAtWork, match=f"第 {LEVEL + 1} 级以下的软件不能再用它，而现在还有 1 个"):
            schema.check_nobody_older(connection, LEVEL + 1)
    ours.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(("name", "older"), [("", True), ("bihuan/1", True), ("psql", False)])
def test_whoever_is_connected_is_known_by_name(postgresql_database: Database, name: str, older: bool) -> None:
    url = postgresql_database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    refused = pytest.raises(OlderAtWork) if older else nullcontext()
    with psycopg.connect(url, application_name=name), postgresql_database.read() as connection, refused:
        schema.check_nobody_older(connection, 2)


def test_a_level_of_the_future_cannot_be_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.db")
    with database.write() as connection, pytest.raises(SchemaTooNew):
        schema.create_at(connection, LEVEL + 1)
    database.dispose()
