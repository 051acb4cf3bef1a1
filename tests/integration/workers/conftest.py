"""Real sockets for the workers' tests: the stand-ins, and a receiver that takes their messages as the gateway does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from processes.messaging.bus import Message
from processes.messaging.contracts import ContractViolation, parse
from workers.standins.server import Server, World

PATIENCE = 20.0
"""seconds after which a test gives up waiting for a condition"""
SYSTEMS = ("hotline", "ratings", "seven-lists", "boards", "notices", "registry")
"""what the examples of the catalogue's jobs call"""


@dataclass
class Receiver:
    """``POST /api/messages`` as the gateway answers it: contracts are checked, ids taken once. ``answers`` are given first,
    as (status, body), before it begins to behave."""

    url: str = ""
    messages: list[Message] = field(default_factory=list)
    tries: list[tuple[str, str]] = field(default_factory=list)
    """(bearer token, message id) of every request"""
    refused: list[str] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, token: str, event: dict[str, Any]) -> tuple[int, Any]:
        """One request."""
        with self.changed:
            self.tries.append((token, event["id"]))
            answer = self.answers.pop(0) if self.answers else self._behave(event)
            self.changed.notify_all()
            return answer

    def _behave(self, event: dict[str, Any]) -> tuple[int, Any]:
        moment = datetime.fromisoformat(event["time"])
        extensions = {name: event[name] for name in ("contractversion",) if name in event}
        message = Message(
            event["id"], event["type"], event["source"], moment, event["data"], event.get("subject"), extensions
        )
        try:
            parse(message)
        except ContractViolation as violation:
            self.refused.append(violation.zh)
            return 422, {"status": "refused", "reason": violation.zh}
        if message.id in {each.id for each in self.messages}:
            return 200, {"status": "duplicate"}
        self.messages.append(message)
        return 202, {"status": "accepted"}

    def wait(self, condition: Callable[[Receiver], bool]) -> None:
        """Return once the condition holds; fail after a while."""
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), PATIENCE), (
                f"{self.messages} {self.tries} {self.refused}"
            )

    def of(self, type_: str) -> list[Message]:
        """The messages of a type."""
        return [message for message in self.messages if message.type == type_]


def serve_receiver(receiver: Receiver, port: int = 0) -> ThreadingHTTPServer:
    """Put a receiver on a socket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = receiver.take(self.headers.get("Authorization", "").removeprefix("Bearer "), event)
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A platform that takes messages."""
    receiver = Receiver()
    server = serve_receiver(receiver)
    yield receiver
    server.shutdown()
    server.server_close()


@dataclass
class Outside:
    """The stand-ins, and a client for them."""

    server: Server
    client: httpx.Client

    @property
    def url(self) -> str:
        return self.server.url

    def get(self, path: str) -> Any:
        """The JSON of a page that must be there."""
        return self.client.get(path).raise_for_status().json()

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> httpx.Response:
        """A request; ``key`` is its Idempotency-Key."""
        return self.client.post(path, json=body, headers={"Idempotency-Key": key} if key else {})

    def effects(self, system: str, kind: str | None = None) -> list[dict[str, Any]]:
        """What really happened over there."""
        found: list[dict[str, Any]] = self.get(f"/{system}/effects?limit=100000" + (f"&kind={kind}" if kind else ""))
        return found


@pytest.fixture
def outside(tmp_path: Path, receiver: Receiver) -> Iterator[Outside]:
    """The stand-ins on a free port, pushing to the receiver."""
    world = World(tmp_path / "outside", receiver.url, {"hotline": "token-h", "*": "token-rest"})
    server = Server(world)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=PATIENCE) as client:
        yield Outside(server, client)
    server.shutdown()
    server.server_close()
    world.close()
