"""The network below our HTTP client: connects to configured hosts only, and gives a whole exchange one deadline.

Library timeouts are for single reads: a peer that sends a byte now and then outlives every one of them. And a name that
was harmless when it was checked may resolve to another address when it is connected to: so the check is made here, on the
very address that the socket gets.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    ipaddress.ip_address(each) for each in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "192.0.0.192")
)
"""where clouds tell their machines' secrets; most are link-local, these are refused by name besides"""


class Forbidden(Exception):
    """This address must not be connected to, whatever the settings say."""


def is_forbidden(address: Address) -> bool:
    """Link-local, multicast, unspecified and metadata addresses; an intranet's own addresses are fine."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA


class Deadline(threading.local):
    """The moment (monotonic seconds) by which this thread's exchange must be over."""

    at: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything that the guarded network does inside must be over in so many seconds."""
        self.at = time.monotonic() + seconds
        try:
            yield
        finally:
            self.at = None

    def remaining(self, timeout: float | None) -> float | None:
        """The shorter of ``timeout`` and what is left. Raises ``httpcore.TimeoutException``."""
        if self.at is None:
            return timeout
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline of the whole exchange is over")
        return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.remaining(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.remaining(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    def __init__(self, hosts: frozenset[tuple[str, int]], deadline: Deadline) -> None:
        self._hosts = hosts
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        if (host.lower(), port) not in self._hosts:
            raise Forbidden(f"{host}:{port} is no configured host")
        problem: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in resolved(host, port):
            try:
                left = self._deadline.remaining(timeout)
                inner = self._inner.connect_tcp(str(address), port, left, local_address, socket_options)
            except httpcore.NetworkError as error:
                problem = error
            else:
                return _Stream(inner, self._deadline)
        raise problem


def resolved(host: str, port: int) -> list[Address]:
    """The addresses of a host, to be connected to as they are. Raises :class:`Forbidden` and ``httpcore.ConnectError``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(f"{host} does not resolve: {error}") from error
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    for address in addresses:
        if is_forbidden(address):
            raise Forbidden(f"{host} resolves to {address}")
    return addresses


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport on the guarded network. ``verify``: what https peers are checked against."""

    def __init__(self, hosts: frozenset[tuple[str, int]], deadline: Deadline, verify: ssl.SSLContext) -> None:
        network = _Network(hosts, deadline)
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify,
            max_connections=50,
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=network,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        reply = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(reply.status, headers=reply.headers, stream=_Body(reply), extensions=reply.extensions)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, reply: httpcore.Response) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._reply.iter_stream())

    def close(self) -> None:
        self._reply.close()


NETWORK_TROUBLE = (
    httpx.HTTPError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ConnectionNotAvailable,
)
"""what a network and a peer may do to us; trying again may help"""
