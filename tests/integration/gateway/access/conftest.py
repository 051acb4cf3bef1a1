"""Everybody in front of everything, made once for these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processes.casework.accounts import tokens as access_tokens
from tests.integration.gateway.access.matrix import Theatre
from tests.integration.gateway.access.world import stage


@pytest.fixture(scope="session")
def _theatre(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    folder = tmp_path_factory.mktemp("everybody")
    (folder / "gateway.db").write_bytes(template.read_bytes())
    found = Theatre(stage(folder, fresh=False), folder)
    yield found
    found.close()


@pytest.fixture
def theatre(_theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> Theatre:
    """The stage, with its rows as they were. People have a token for each set of scopes here, and may make another."""
    monkeypatch.setattr(access_tokens, "MOST", 1_000)
    _theatre.again()
    return _theatre
