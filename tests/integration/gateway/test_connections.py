"""Browsers keep their connections open: hundreds of them, and everybody is answered."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.platform import Platform
from cli.settings import Settings
from processes.errors import BihuanError
from tests.servers.process import free_ports

BROWSERS = 250
ASKED = b"GET /health/live HTTP/1.1\r\nHost: office\r\n\r\n"


Start = Callable[[bool], Platform]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A gateway more on one port, which it would share or not."""
    (port,) = free_ports(1)
    with ExitStack() as started:

        def one_more(share_port: bool) -> Platform:
            found = Platform(Settings.read({"DATA": str(tmp_path), "HOST": "127.0.0.1", "PORT": str(port)}))
            started.callback(found.stop)
            found.seed()
            found.start_gateway(share_port)
            return found

        yield one_more


def _answers(platform: Platform, keep: ExitStack) -> bool:
    """Whether a new browser is answered; its connection stays open."""
    address = ("127.0.0.1", platform.settings.port)
    connection = keep.enter_context(socket.create_connection(address, timeout=5.0))
    connection.sendall(ASKED)
    return connection.recv(100).startswith(b"HTTP/1.1 200")


def test_everybody_is_answered_while_hundreds_of_connections_stay_open(start: Start) -> None:
    platform = start(False)
    with ExitStack() as open_ones:
        for browser in range(BROWSERS):
            assert _answers(platform, open_ones), f"browser {browser + 1}"


def test_gateways_that_share_a_port_answer_for_each_other(start: Start) -> None:
    one, other = start(True), start(True)
    with ExitStack() as open_ones:
        assert all(_answers(one, open_ones) for _ in range(20))
    one.stop()
    with ExitStack() as open_ones:
        assert all(_answers(other, open_ones) for _ in range(20))


@pytest.mark.parametrize(("first", "second"), [(False, False), (True, False), (False, True)])
def test_a_port_is_shared_only_by_those_who_say_so(start: Start, first: bool, second: bool) -> None:
    port = start(first).settings.port
    with pytest.raises(BihuanError, match=rf"端口 {port} 用不了（Address already in use）"):
        start(second)
