"""Browsers keep their connections open: hundreds of them, and everybody is answered."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.platform import Platform
from cli.settings import Settings
from tests.servers.process import free_ports

BROWSERS = 250
ASKED = b"GET /health/live HTTP/1.1\r\nHost: office\r\n\r\n"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    (port,) = free_ports(1)
    found = Platform(Settings.read({"DATA": str(tmp_path), "HOST": "127.0.0.1", "PORT": str(port)}))
    found.seed()
    found.start_gateway()
    yield found
    found.stop()


def test_everybody_is_answered_while_hundreds_of_connections_stay_open(platform: Platform) -> None:
    with ExitStack() as open_ones:
        for browser in range(BROWSERS):
            connection = open_ones.enter_context(
                socket.create_connection(("127.0.0.1", platform.settings.port), timeout=5.0)
            )
            connection.sendall(ASKED)
            assert connection.recv(100).startswith(b"HTTP/1.1 200"), f"browser {browser + 1}"
