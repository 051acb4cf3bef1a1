"""The proxy does to a connection what it says."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import Proxy


@pytest.fixture
def heard() -> list[bytes]:
    """What the echoing server has heard."""
    return []


@pytest.fixture
def proxy(heard: list[bytes]) -> Iterator[Proxy]:
    """In front of a server that answers with what it hears."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(peer,), daemon=True).start()

    def echo(peer: socket.socket) -> None:
        with peer:
            try:
                while data := peer.recv(100):
                    heard.append(data)
                    peer.sendall(data)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    made = Proxy([1, server.getsockname()[1]])  # nobody listens on port 1: the second is taken
    yield made
    made.close()
    server.close()


def dial(proxy: Proxy) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", proxy.port), 5)
    made.settimeout(5)
    return made


def ask(client: socket.socket, said: bytes) -> bytes:
    client.sendall(said)
    return client.recv(100)


def silent(client: socket.socket) -> bool:
    """Whether nothing comes for a moment."""
    client.settimeout(0.2)
    try:
        return not client.recv(100)
    except TimeoutError:
        return True
    finally:
        client.settimeout(5)


def ended(client: socket.socket) -> bool:
    """Whether nobody hears the client any more: the first thing said may go out unnoticed, the second can't."""
    try:
        return not ask(client, b"more") and not ask(client, b"more")
    except OSError:
        return True


def test_whole_it_hands_on_what_is_said(proxy: Proxy) -> None:
    assert ask(dial(proxy), b"hello") == b"hello"


def test_latency_is_taken_each_way(proxy: Proxy) -> None:
    client = dial(proxy)
    proxy.latency = 0.1
    began = time.monotonic()
    assert ask(client, b"slow") == b"slow"
    assert time.monotonic() - began >= 0.2


def test_a_hole_keeps_what_is_said_until_it_is_closed(proxy: Proxy, heard: list[bytes]) -> None:
    client = dial(proxy)
    proxy.hole.set()
    client.sendall(b"kept")
    assert silent(client)
    assert heard == []
    proxy.heal()
    assert client.recv(100) == b"kept"


def test_deaf_the_server_hears_and_the_answer_is_lost(proxy: Proxy, heard: list[bytes]) -> None:
    client = dial(proxy)
    proxy.deaf.set()
    client.sendall(b"lost")
    assert silent(client)
    assert heard == [b"lost"]
    proxy.heal()
    assert ended(client)
    assert ask(dial(proxy), b"again") == b"again"


def test_reset_ends_every_connection_and_refusing_takes_no_new_one(proxy: Proxy) -> None:
    client = dial(proxy)
    assert ask(client, b"one") == b"one"
    proxy.refuse = True
    proxy.reset()
    assert ended(client)
    refused = dial(proxy)
    assert silent(refused)
