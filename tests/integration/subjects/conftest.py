"""Fixtures: a gateway, on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gateway.conftest import browser as browser
from tests.integration.gateway.conftest import template as template
from tests.integration.gateway.conftest import world as world
from tests.integration.gateway.world import World, build


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """On the one database and the other."""
    if request.param == "sqlite":
        yield request.getfixturevalue("world")
        return
    found = build(tmp_path, url=request.getfixturevalue("postgres_url"))
    yield found
    found.services.database.dispose()
