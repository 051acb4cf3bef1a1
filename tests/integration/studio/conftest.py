"""A gateway over the shipped models and their scenarios, on SQLite or PostgreSQL, with what an engine process does by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from processes.casework import model_scenarios
from processes.casework.model_scenarios import Bodies
from processes.scenarios import kept
from processes.scenarios.trials import Trials
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import MODELS, World, build


@dataclass
class Studio:
    """The world, its owners' browsers, and the engine process that plays scenarios."""

    world: World

    @property
    def trials(self) -> Trials:
        """An engine process's."""
        services = self.world.services
        return Trials(services.database, services.clock, services.snapshots)

    def play(self) -> None:
        """Play all that somebody waits for."""
        trials = self.trials
        while trials.round():
            pass

    def owner(self, account: str) -> Browser:
        """A browser of somebody's."""
        return Browser(self.world.app.test_client()).log_in(account)

    def keep(self, scenarios: Bodies, place: str = "") -> None:
        """Scenarios of what is in force."""
        with self.world.services.database.write() as connection:
            for process, files in scenarios.items():
                model_scenarios.keep(connection, place, process, files)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def studio(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> Iterator[Studio]:
    """On both databases; without scenarios."""
    if request.param == "sqlite":
        (tmp_path / "gateway.db").write_bytes(template.read_bytes())
        world = build(tmp_path, fresh=False)
    else:
        world = build(tmp_path, url=request.getfixturevalue("postgres_url"))
    yield Studio(world)
    world.services.database.dispose()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with models and reference data, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    build(folder).services.database.dispose()
    return folder / "gateway.db"


@pytest.fixture(scope="session")
def shipped() -> Callable[[str], Bodies]:
    """The scenarios of a shipped folder."""
    return lambda folder: kept.in_folders([MODELS / folder])
