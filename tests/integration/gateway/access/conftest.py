"""Everybody in front of everything, made once for these tests."""

from __future__ import annotations

import pytest

from tests.integration.gateway.access.matrix import Copies
from tests.integration.gateway.access.world import stage


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    """The stage, to be had as often as wanted."""
    folder = tmp_path_factory.mktemp("everybody")
    return Copies(stage(folder), folder)
