"""Fixtures: a gateway over the shipped models, clients that are logged in, programs with a token."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.gateway.world import OPERATOR, PASSWORD, World, build

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """A browser without scripts: follows the forms that pages offer, tokens included."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.account: tuple[str, str] | None = None

    def get(self, path: str, status: int = 200) -> str:
        """The page at ``path``. Whoever has been away too long logs in again on the way, as people do."""
        answer = self.client.get(path)
        if answer.status_code == 302 and answer.location.startswith("/login") and self.account:
            self.log_in(*self.account)
            answer = self.client.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer.text

    def post(self, path: str, data: dict[str, Any], page: str, status: int | None = 302) -> str:
        """Send a form of the page ``page``; returns the new page, or where it leads. ``status``: None, whatever it is."""
        found = TOKEN.search(self.get(page))
        assert found, f"{page} has no form"
        answer = self.client.post(path, data={"csrf_token": found.group(1), **data})
        assert status in (None, answer.status_code), (answer.status_code, answer.text[:2000])
        return answer.location if status == 302 else answer.text

    def log_in(self, account: str, password: str = PASSWORD) -> Browser:
        """Log in."""
        self.post("/login", {"account": account, "password": password}, "/login")
        self.account = account, password
        return self


class Program:
    """A program that calls the API with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, status: int = 200) -> Any:
        """The JSON at ``path``."""
        answer = self.client.get(path, headers=self.headers)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer.json

    def post(self, path: str, data: Any, status: int = 200) -> Any:
        """Send JSON."""
        answer = self.client.post(path, json=data, headers=self.headers)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer.json


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with models and reference data, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    build(folder).services.database.dispose()
    return folder / "gateway.db"


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    """A gateway of this test's own."""
    (tmp_path / "gateway.db").write_bytes(template.read_bytes())
    found = build(tmp_path, fresh=False)
    yield found
    found.services.database.dispose()


@pytest.fixture
def browser(world: World) -> Callable[..., Browser]:
    """Opens a browser, logged in as somebody when an account is given."""

    def opened(account: str | None = None) -> Browser:
        fresh = Browser(world.app.test_client())
        return fresh.log_in(account) if account else fresh

    return opened


@pytest.fixture
def operator(world: World) -> Program:
    """A program of the operator's."""
    return Program(world.app.test_client(), OPERATOR)
