"""The HTTP server in front of the stand-in systems: ``/<system>/…``, ``/control/…`` and ``/health``."""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from processes.clock import Clock, SystemClock
from workers.standins.boards import BoardSystems
from workers.standins.channel import ChannelSystem
from workers.standins.dingtalk import DingTalkSystem
from workers.standins.faults import AFTER, BEFORE, Fault, Faults
from workers.standins.hotline import HotlineSystem
from workers.standins.mail import MailSystem
from workers.standins.mini_program import PROGRAMS, MiniProgramSystem
from workers.standins.notices import NoticeSystem
from workers.standins.push import Gateway, Pusher
from workers.standins.ratings import RatingSystem
from workers.standins.registry import RegistrySystem
from workers.standins.seven_lists import SevenListsSystem
from workers.standins.sms import SmsSystem
from workers.standins.store import Store
from workers.standins.system import LOGS, SYSTEM_NAME, Refused, Reply, Request, System

log = logging.getLogger(__name__)

BODY_CAP = 4 * 1024 * 1024
"""bytes of a request: a few thousand orders at once"""
MOST_SYSTEMS = 40
"""each has a file and a thread; more is a mistake in somebody's configuration"""
_KINDS: Mapping[str, type[System]] = {
    "hotline": HotlineSystem,
    "ratings": RatingSystem,
    "seven-lists": SevenListsSystem,
    "notices": NoticeSystem,
    "boards": BoardSystems,
    "sms": SmsSystem,
    "dingtalk": DingTalkSystem,
    "email": MailSystem,
    "registry": RegistrySystem,
}
_QUIET = frozenset({"sms", "dingtalk", "email", "registry"})
"""those that tell the platform nothing of themselves: each is opened when it is first asked for"""


class World:
    """All systems of the outside. Any name that is none of these is a channel's."""

    def __init__(
        self, data: Path, gateway: str | None, tokens: Mapping[str, str] | None = None, clock: Clock | None = None
    ) -> None:
        self.faults = Faults()
        self.stopping = threading.Event()
        self._data = data
        self._gateway = gateway.rstrip("/") if gateway else None
        self._tokens = tokens or {}
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._systems: dict[str, System] = {}
        self._pushers: list[Pusher] = []
        for name in (*sorted(_KINDS.keys() - _QUIET), *(file.stem for file in sorted(data.glob("*.sqlite")))):
            self.system(name)

    def system(self, name: str) -> System:
        """A system by name, opened when first asked for. Raises :class:`Refused`."""
        with self._lock:
            if name not in self._systems:
                if not SYSTEM_NAME.fullmatch(name) or len(name) > 40 or len(self._systems) >= MOST_SYSTEMS:
                    raise Refused(404, "system_unknown", "没有这个系统")
                self._open(name)
            return self._systems[name]

    def _open(self, name: str) -> None:
        store = Store(self._data / f"{name}.sqlite", self._clock)
        kind = _KINDS.get(name, MiniProgramSystem if name in PROGRAMS else ChannelSystem)
        self._systems[name] = kind(name, store)
        if self._gateway is not None:
            pusher = Pusher(
                name,
                store,
                Gateway(self._gateway, self._tokens.get(name) or self._tokens.get("*") or ""),
                self.faults,
                version_of=self._systems[name].version_of,
                told=self._systems[name].told,
            )
            self._pushers.append(pusher)
            pusher.start()

    def close(self) -> None:
        """Let every system end what it is doing."""
        self.stopping.set()
        for pusher in self._pushers:
            pusher.stop()
        for system in self._systems.values():
            system.store.close()

    def answer(self, request: Request) -> Reply:
        """Everything but faults."""
        try:
            return self._answer(request)
        except Refused as refused:
            return refused.reply
        except (TypeError, ValueError):
            log.exception("bad request %s %s", request.method, request.path)
            return Refused(400, "bad_request", "请求里有类型不对的值").reply

    def _answer(self, request: Request) -> Reply:
        match request.path:
            case ("health",):
                return Reply(200, {"status": "ok", "systems": sorted(self._systems)})
            case ("control", "faults"):
                return self._control_faults(request)
            case ("control", name, *rest):
                return self.system(name).control(_inside(request, tuple(rest)))
            case (name, *rest) if rest:
                return self.system(name).handle(_inside(request, tuple(rest)))
        raise Refused(404, "no_such_page", "没有这个接口")

    def _control_faults(self, request: Request) -> Reply:
        if request.method == "DELETE":
            self.faults.clear()
        elif request.method == "POST":
            self.faults.add(request.body)
        return Reply(200, {"faults": self.faults.listed(), "taken": self.faults.taken()})

    def note_fault(self, name: str, request: Request, fault: Fault) -> None:
        """Log an attempt that a fault kept from its effect, or its caller from the reply."""
        with self.system(name).store.transaction(request.key) as ledger:
            ledger.log(request.method, "/".join(request.path), f"fault {fault.kind}")


def _inside(request: Request, path: tuple[str, ...]) -> Request:
    return replace(request, path=path)


class Handler(BaseHTTPRequestHandler):
    """One connection; HTTP/1.1, so that clients may keep it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _serve(self) -> None:
        try:
            request = self._request()
        except Refused as refused:
            self.close_connection = True
            self._send(refused.reply)
            return
        if request.path[:1] == ("control",) or len(request.path) < 2 or _looks(request):
            self._send(self.server.world.answer(request))
        else:
            self._serve_with_faults(request, self.server.world)

    def _serve_with_faults(self, request: Request, world: World) -> None:
        name, path = request.path[0], "/".join(request.path)
        before = world.faults.take(name, path, *BEFORE)
        if before is not None:
            world.note_fault(name, request, before)
            if before.kind != "slow":
                self._fail(before)
                return
            world.stopping.wait(before.seconds)
        reply = world.answer(request)
        after = world.faults.take(name, path, *AFTER)
        if after is None:
            self._send(reply)
        else:
            world.note_fault(name, request, after)
            self._spoil(reply, after)

    def _spoil(self, reply: Reply, fault: Fault) -> None:
        """The work is done; only its reply does not arrive as it should."""
        body = _json(reply.body)
        match fault.kind:
            case "lost_reply":
                self._reset()
            case "drip":
                self._drip(reply, fault.seconds)
            case "garbage":
                self._write(200, b"<html>", "text/html", {})
            case "wrong_schema":
                self._write(reply.status, _json({"message": "ok"}), "application/json", {})
            case "wrong_type":
                self._write(reply.status, body, "text/html; charset=gbk", {})
            case "truncated":
                self.close_connection = True
                self._head(reply.status, len(body), "application/json", {})
                self.wfile.write(body[: len(body) // 2])
            case "huge":
                self._write(reply.status, body.ljust(fault.size), "application/json", {})

    def _fail(self, fault: Fault) -> None:
        if fault.kind == "reset":
            self._reset()
            return
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        body = _json({"error": {"code": "fault", "message": "系统繁忙"}})
        self._write(fault.status, body, "application/json", headers)

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        path = tuple(unquote(segment) for segment in parts.path.strip("/").split("/"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        key = headers.get("idempotency-key")
        return Request(self.command, path, dict(parse_qsl(parts.query)), self._body(), key, headers)

    def _body(self) -> dict[str, Any]:
        try:
            length = int(self.headers["Content-Length"] or 0)
        except ValueError:
            raise Refused(400, "bad_request", "Content-Length 不对") from None
        if not 0 <= length <= BODY_CAP:
            raise Refused(413, "too_large", f"请求超过 {BODY_CAP} 字节")
        raw = self.rfile.read(length)
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            raise Refused(400, "bad_request", "不是有效的 JSON") from None
        if not isinstance(body, dict):
            raise Refused(400, "bad_request", "应是一个 JSON 对象")
        return body

    def _send(self, reply: Reply) -> None:
        self._write(reply.status, _json(reply.body), "application/json", {})

    def _write(self, status: int, body: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self._head(status, len(body), kind, headers)
        self.wfile.write(body)

    def _head(self, status: int, length: int, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self, reply: Reply, seconds: float) -> None:
        body = _json(reply.body)
        self._head(reply.status, len(body), "application/json", {})
        for each in body:
            self.wfile.write(bytes([each]))
            if self.server.world.stopping.wait(seconds):
                break

    def _reset(self) -> None:
        """Close with RST, not FIN: the peer's read fails at once, as when a machine or a firewall gives up."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


def _looks(request: Request) -> bool:
    """Whether somebody reads a system's logs: a fault that met him would tell nothing about the platform."""
    return request.method == "GET" and request.path[1:] in LOGS


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


class Server(ThreadingHTTPServer):
    """The stand-ins on a socket. ``port`` 0 takes a free one (:attr:`url` tells).

    >>> with running(Path("data"), gateway=None) as server:  # doctest: +SKIP
    ...     httpx.get(f"{server.url}/health")
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, world: World, port: int = 0, host: str = "127.0.0.1") -> None:
        self.world = world
        super().__init__((host, port), Handler)

    @property
    def url(self) -> str:
        """The address it listens on."""
        host, port = self.socket.getsockname()[:2]
        return f"http://{host}:{port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.info("connection of %s ended early", client_address, exc_info=True)
