"""A loopback TCP proxy whose faults are plain attributes, changed while connections live through it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Sequence

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends a reset."""

_LOOK = 0.02


class Proxy:
    """``Proxy(ports).port`` is what the client dials; a connection goes to the first of ``ports`` that answers, as behind a balancer."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.upstream = list(ports)
        self.latency = 0.0
        """seconds that every piece of data takes, each way"""
        self.hole = threading.Event()
        """set: what is sent is kept (as the network's own retransmission does) until it is cleared, or the connection reset"""
        self.deaf = threading.Event()
        """set: the server hears the client; what it answers is lost"""
        self.refuse = False
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def reset(self) -> None:
        """Reset every connection there is."""
        with self._lock:
            victims, self._sockets = self._sockets, set()
        for each in victims:
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def heal(self) -> None:
        """No fault any more. Connections that lost something are reset: a network never hands over half of a stream."""
        lost = self.deaf.is_set()
        self.latency, self.refuse = 0.0, False
        self.hole.clear()
        self.deaf.clear()
        if lost:
            self.reset()

    def close(self) -> None:
        """End."""
        self._listener.close()
        self.reset()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = None if self.refuse else self._dial()
            if server is None:
                client.close()
                continue
            with self._lock:
                self._sockets |= {client, server}
            for source, sink, upwards in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(source, sink, upwards), daemon=True).start()

    def _dial(self) -> socket.socket | None:
        for port in self.upstream:
            try:
                server = socket.create_connection(("127.0.0.1", port), 2)
            except OSError:
                continue
            server.settimeout(None)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return server
        return None

    def _pump(self, source: socket.socket, sink: socket.socket, upwards: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.latency:
                    time.sleep(self.latency)
                while self.hole.is_set():
                    time.sleep(_LOOK)
                if self.deaf.is_set() and not upwards:
                    continue
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._sockets -= {source, sink}
