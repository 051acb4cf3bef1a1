"""Fixtures for backups: where they go to, and one that is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processes.clock import ManualClock
from processes.runtime import commands as c
from processes.store import backup
from processes.store.database import Database
from tests.integration.store.backups import a_platform


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
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
