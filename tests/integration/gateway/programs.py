"""Programs that act for people over ``/api/v1`` with an access token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from werkzeug.test import TestResponse

from gateway.scopes import SCOPES
from processes.casework.accounts import tokens
from processes.casework.accounts.sessions import PASSWORD
from tests.integration.gateway.world import World

ROOT = "/api/v1"

ADDRESS = "192.0.2.7"


def token_of(world: World, person: str, *scopes: str, days: int = 30) -> tuple[str, str]:
    """The id and the token of somebody's new token; with all scopes unless some are named."""
    now = world.clock.now()
    with world.services.database.write() as connection:
        ends_at = now + timedelta(days=days)
        return tokens.make(connection, person, "test", scopes or tuple(SCOPES), ends_at, now, PASSWORD)


class Caller:
    """A program with a token; its requests come from an address of its own."""

    def __init__(self, world: World, token: str) -> None:
        self.client = world.app.test_client()
        self.token = token

    def send(self, method: str, path: str, **more: Any) -> TestResponse:
        """A request, whatever the answer is."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        base = {"REMOTE_ADDR": ADDRESS}
        return self.client.open(ROOT + path, method=method, headers=headers, environ_base=base, **more)

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The JSON at a path."""
        return told(self.send("GET", path, query_string=query), status)

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """Send JSON; ``headers`` with ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return told(self.send("POST", path, json=body if body is not None else {}, headers=named), status)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        """Put JSON."""
        return told(self.send("PUT", path, json=body), status)

    def delete(self, path: str, status: int = 204) -> None:
        """Delete what is at a path."""
        assert self.send("DELETE", path).status_code == status


def told(answer: TestResponse, status: int) -> Any:
    """The JSON of an answer of this status."""
    assert answer.status_code == status, (answer.status_code, answer.text[:2000])
    if status >= 400:
        assert answer.content_type == "application/problem+json"
        assert answer.json is not None
        assert answer.json["status"] == status
    return answer.json


def caller(world: World, person: str, *scopes: str) -> Caller:
    """A program of somebody's."""
    return Caller(world, token_of(world, person, *scopes)[1])
