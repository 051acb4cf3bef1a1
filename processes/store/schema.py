"""Brings a database's schema to the newest version, with alembic but without its configuration file.

python -m processes.store.schema "why it changes"      # writes the next migration from what tables.py says
python -m processes.store.schema --initial             # writes the first migration anew, dropping all others
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection

from processes import failpoints
from processes.store.tables import Base

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
_VERSIONS = _FOLDER / "versions"

_LOCK = 7_122_026
"""The advisory lock on PostgreSQL: processes that start together migrate one after the other. On SQLite the writer's lock
does the same."""


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest version, in the connection's transaction.

    An empty database gets the newest tables at once (a test holds that they are what the migrations lead to).
    """
    # Imported where used: alembic takes 0.1 s, which every start of the command line would pay for.
    from alembic import command

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if inspect(connection).has_table("alembic_version"):
        command.upgrade(_config(connection), "head")
    else:
        Base.metadata.create_all(connection)
        failpoints.hit("schema.created")
        command.stamp(_config(connection), "head")


def migrate_step_by_step(connection: Connection) -> None:
    """Run every migration, from nothing: for the test that compares them with the tables."""
    from alembic import command

    command.upgrade(_config(connection), "head")


def write_migration(message: str) -> Path:
    """Write the migration that turns the newest migration's schema into that of tables.py; returns its path."""
    from alembic import command

    number = f"{len(list(_VERSIONS.glob('[0-9]*.py'))) + 1:04}"
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


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _main(message: str) -> None:
    if message == "--initial":
        for old in _VERSIONS.glob("[0-9]*.py"):
            old.unlink()
        message = "initial"
    write_migration(message)


if __name__ == "__main__":
    _main(sys.argv[1])
