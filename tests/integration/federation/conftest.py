"""The city and the province, with the shipped models, on databases of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.settings import MODELS
from processes.casework import loading
from processes.casework.assembly import Core
from processes.clock import ManualClock
from processes.store.database import Database
from tests.integration.federation.deployments import Deployment, Levels, peers
from tests.levels.places import CITY, PROVINCE, shared


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the models, and reference data that says who hosts which place."""
    folder = tmp_path_factory.mktemp("federation")
    database, clock = Database(f"sqlite:///{folder}/bihuan.db"), ManualClock()
    Core.on(database, clock).seed(MODELS)
    with database.write() as connection:
        loading.load(connection, shared(folder / "reference"), clock)
    database.dispose()
    return folder / "bihuan.db"


MakeLevels = Callable[[int], Levels]


@pytest.fixture
def make_levels(seeded: Path, tmp_path: Path, clock: ManualClock) -> Iterator[MakeLevels]:
    """Makes the two deployments, linked by a version of the contracts."""
    opened: list[Database] = []

    def make(version: int) -> Levels:
        for name in (CITY, PROVINCE):
            shutil.copy(seeded, tmp_path / f"{name}.db")
            opened.append(Database(f"sqlite:///{tmp_path}/{name}.db"))
        city, province = opened[-2:]
        return Levels(
            Deployment(city, clock, peers(CITY, PROVINCE, version)),
            Deployment(province, clock, peers(PROVINCE, CITY, version)),
        )

    yield make
    for each in opened:
        each.dispose()


@pytest.fixture
def levels(make_levels: MakeLevels) -> Levels:
    """The two deployments as they are today."""
    return make_levels(2)
