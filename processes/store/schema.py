"""Brings a database's schema to the newest version, with alembic but without its configuration file.

python -m processes.store.schema "why it changes"      # writes the next migration from what tables.py says

**Two versions side by side.** While an upgrade rolls over many machines, the old software and the new one work on one database.
So a schema changes in two steps, in two releases:

1. *expand*: a migration of the new release only adds: tables, columns that may be empty or have a default of the database's own,
   indexes. The old software works on as if nothing were there. The new software writes what is new and still reads what is old.
2. *contract*: a later release, once no process of the old one runs, drops or tightens what nobody uses any more. Its docstring
   names the release that stopped using it, and its ``lowest`` that release's level.

A migration says which it is by ``kind``. There is a third, *break*, for what no old process could work beside (another form of
states, say): its ``lowest`` is its own level, and every process is stopped before it runs.

A *level* is the number of the newest migration: a database's, or that which a version of the software brings. The row ``schema``
of the table ``setting`` says the database's level and the lowest level of software that may work on it. Software that is older
than the database but not older than that starts and works; older software refuses to (:class:`SchemaTooNew`).
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Table, create_engine, create_mock_engine, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from processes.errors import BihuanError
from processes.failpoints import hit
from processes.store import word_index
from processes.store.tables import Base, Setting

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

log = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent / "migrations"
_VERSIONS = _FOLDER / "versions"

_LOCK = 7_122_026
"""The advisory lock on PostgreSQL: processes that start together migrate one after the other. On SQLite the writer's lock
does the same."""

LEVEL = max(int(path.name[:4]) for path in _VERSIONS.glob("[0-9]*.py"))
"""The level of this software."""

FIRST = 1
"""The lowest level of all, before any contract migration."""

MARK = "schema"
"""Key of the ``Setting`` row that says what a database's schema is."""

_setting = cast(Table, Setting.__table__)


@dataclass(frozen=True)
class Schema:
    """A database's: its level, and the lowest level of software that may work on it. ``marked``: both stand in it for everybody to read."""

    level: int
    lowest: int
    marked: bool = field(default=False, compare=False)


class SchemaTooNew(BihuanError):
    """A contract migration has dropped what this software uses."""

    def __init__(self, found: Schema) -> None:
        super().__init__(
            f"数据库已升级到第 {found.level} 级，至少要第 {found.lowest} 级的软件才能使用，而本软件是第 {LEVEL} 级；请启动新版本",
            f"the schema is of level {found.level} and needs software of level {found.lowest}; this is {LEVEL}",
        )


class SchemaTooOld(BihuanError):
    """The database was not migrated, or an older one was put in its place while this process ran."""

    def __init__(self, level: int) -> None:
        super().__init__(
            f"数据库还是第 {level} 级，本软件需要第 {LEVEL} 级；请重新启动本程序，它会自动升级数据库",
            f"the schema is of level {level}, this software needs {LEVEL}",
        )


class OlderAtWork(BihuanError):
    """The migrations at hand would pull the schema away under processes that run."""

    def __init__(self, count: int, lowest: int) -> None:
        super().__init__(
            f"升级数据库后，第 {lowest} 级以下的软件不能再用它，而现在还有 {count} 个这样的连接；请先停止所有旧版本的程序",
            f"{count} connections of software below level {lowest}",
        )


def schema_of(connection: Connection) -> Schema | None:
    """What a database's schema is; None when it has none of our tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    level = int(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    mark: Any = connection.scalar(select(Setting.value).where(Setting.key == MARK))
    return Schema(level, int(mark["lowest"]), mark["level"] == level) if mark else Schema(level, FIRST)


def check(connection: Connection) -> None:
    """Raises :class:`SchemaTooNew` or :class:`SchemaTooOld` when this software can't work on the database."""
    found = schema_of(connection) or Schema(0, 0)
    if found.lowest > LEVEL:
        raise SchemaTooNew(found)
    if found.level < LEVEL:
        raise SchemaTooOld(found.level)


def lock(connection: Connection) -> None:
    """Let nobody else change the schema until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def upgrade(connection: Connection) -> None:
    """Bring the schema to this software's level, in the connection's transaction; one that is newer stays as it is.

    An empty database gets the newest tables at once (a test holds that they are what the migrations lead to).

    :raises SchemaTooNew: when the schema is newer than this software can work with
    :raises OlderAtWork: when older software is at work that could not go on afterwards
    """
    lock(connection)
    found = schema_of(connection)
    if found is not None and found.level == LEVEL and found.marked:
        check_nobody_older(connection, found.lowest)
        return
    if found is not None and found.level > LEVEL:
        if found.lowest > LEVEL:
            raise SchemaTooNew(found)
        log.warning("the schema is of level %s, newer than this software (%s) but fit for it", found.level, LEVEL)
        return
    # Imported where used: alembic takes 0.1 s, and its scripts as long again, which every start would pay for.
    from alembic import command

    if found is None:
        _create(connection)
    else:
        check_nobody_older(connection, lowest_level(_scripts()))
        command.upgrade(_config(connection), "head")
    _mark(connection)


def _create(connection: Connection) -> None:
    from alembic.runtime.migration import MigrationContext

    create_tables(connection)
    hit("schema.created")
    MigrationContext.configure(connection).stamp(_scripts(), "head")


def create_tables(connection: Connection) -> None:
    """Make the newest tables, unless they are there."""
    if inspect(connection).has_table(Setting.__tablename__):
        return
    for statement in _definitions(connection.dialect.name):
        connection.exec_driver_sql(statement)


@lru_cache
def _definitions(dialect: str) -> Sequence[str]:
    """What makes the tables, in SQL: writing it out takes three times as long as running it, and tests make thousands of databases."""
    statements: list[str] = []

    def note(statement: Any, *_: Any) -> None:
        statements.append(str(statement.compile(dialect=scribe.dialect)))

    scribe: Any = create_mock_engine(f"{dialect}://", note)
    Base.metadata.create_all(scribe, checkfirst=False)
    return statements


def check_nobody_older(connection: Connection, lowest: int) -> None:
    """Raises :class:`OlderAtWork` when processes of a level below ``lowest`` are connected. (On SQLite there is but one process.)"""
    if connection.dialect.name == "postgresql":
        levels = [_level_of(name) for name in connection.execute(text(CONNECTED)).scalars()]
        older = sum(level < lowest for level in levels)
        if older:
            raise OlderAtWork(older, lowest)


CONNECTED = (
    "SELECT coalesce(application_name, '') FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
"""On PostgreSQL: the names of all who are connected to this database besides ourselves."""

APPLICATION = f"bihuan/{LEVEL}"
"""The name by which our processes are connected to PostgreSQL; the first release had none."""


def _level_of(application: str) -> int:
    """Of the software behind a connection. Tools of other makers have none, and don't mind."""
    name, slash, level = application.partition("/")
    if not application:
        return FIRST
    return int(level) if name == "bihuan" and slash and level.isdecimal() else LEVEL


def _mark(connection: Connection) -> None:
    insert = sqlite.insert(_setting) if connection.dialect.name == "sqlite" else postgresql.insert(_setting)
    values = insert.values(key=MARK, value={"level": LEVEL, "lowest": lowest_level(_scripts())})
    connection.execute(values.on_conflict_do_update(index_elements=["key"], set_={"value": values.excluded.value}))


def lowest_level(scripts: ScriptDirectory) -> int:
    """The lowest level of software that may work on what these migrations lead to."""
    return max((int(getattr(each.module, "lowest", FIRST)) for each in scripts.walk_revisions()), default=FIRST)


def create_at(connection: Connection, level: int) -> None:
    """Make the tables of an earlier level in an empty database: for a backup of that level.

    :raises SchemaTooNew: when this software does not know the level
    """
    from alembic import command

    if level > LEVEL:
        raise SchemaTooNew(Schema(level, level))
    if level == LEVEL:
        _create(connection)
    else:
        command.upgrade(_config(connection), f"{level:04}")


@lru_cache
def tables_at(level: int) -> frozenset[str]:
    """The names of our tables at a level that this software knows."""
    if level == LEVEL:
        return frozenset(Base.metadata.tables)
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        create_at(connection, level)
        found = inspect(connection).get_table_names()
        return frozenset(each for each in found if each != "alembic_version" and not word_index.is_part(each))


def migrate_step_by_step(connection: Connection) -> None:
    """Run every migration, from nothing: for the test that compares them with the tables."""
    from alembic import command

    command.upgrade(_config(connection), "head")


def write_migration(message: str) -> Path:
    """Write the migration that turns the newest migration's schema into that of tables.py; returns its path."""
    from alembic import command

    number = f"{LEVEL + 1:04}"
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate_step_by_step(connection)
        command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    (written,) = _VERSIONS.glob(f"{number}_*.py")
    lines = written.read_text().splitlines(keepends=True)
    written.write_text("".join(line for line in lines if not line.strip().startswith("# ###")))
    for arguments in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *arguments, str(written)], check=True)
    return written


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def compared(name: str | None, kind: str, _parents: object) -> bool:
    """Whether alembic compares something of a database with the tables: it knows nothing of the index of words."""
    return not (word_index.is_part(name or "") if kind == "table" else name == word_index.GIN)


@lru_cache(1)
def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


if __name__ == "__main__":
    write_migration(sys.argv[1])
