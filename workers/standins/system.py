"""What all stand-in systems share: routes, errors with a code, replies kept by ``Idempotency-Key``, logs to look at."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workers.standins.store import Json, Kept, Ledger, Push, Store


@dataclass(frozen=True)
class Request:
    """An HTTP request to one system; ``path`` has the segments after the system's name, unquoted."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """by names in small letters"""

    def text(self, name: str) -> str:
        """A text that the body must have. Raises :class:`Refused`."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value.strip():
            raise Refused(422, "field_missing", f"缺少字段 {name}")
        return value

    @property
    def digest(self) -> str:
        """Tells whether two requests are the same."""
        words = json.dumps([self.method, self.path, self.body], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Reply:
    """An HTTP reply with a JSON body."""

    status: int
    body: Any


class Refused(Exception):
    """The system says no: ``code`` for programs, ``message`` (Chinese) for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def reply(self) -> Reply:
        """As HTTP."""
        return Reply(self.status, {"error": {"code": self.code, "message": self.message}})


Action = Callable[..., Reply]
"""(ledger, request, *segments that were ``*`` in the pattern) → reply"""


class System:
    """An external system. Subclasses name their routes: ``("POST", "orders/*/results", self._result)``."""

    routes: Sequence[tuple[str, str, Action]] = ()
    controls: Sequence[tuple[str, str, Action]] = ()
    """what makes the outside world act: ``POST /control/<system>/…``"""

    def __init__(self, name: str, store: Store) -> None:
        self.name = name
        self.store = store

    def version_of(self, type_: str, data: Json) -> str:
        """Which version of its contract a message to the platform fits."""
        return "1"

    def told(self, push: Push, body: Any) -> None:
        """The platform has taken a message and answered this."""

    def handle(self, request: Request) -> Reply:
        """Do what the system's own users and partners may do."""
        if request.method == "GET" and request.path in LOGS:
            return self._log_rows(request)
        return self._do(self.routes, request)

    def control(self, request: Request) -> Reply:
        """Do what makes the outside world act."""
        return self._do((*self.controls, ("POST", "resend", _resend)), request)

    def _do(self, routes: Sequence[tuple[str, str, Action]], request: Request) -> Reply:
        path = "/".join((self.name, *request.path))
        try:
            with self.store.transaction(request.key) as ledger:
                reply = self._once(ledger, routes, request)
                if request.method != "GET":
                    ledger.log(request.method, path, str(reply.status))
        except Refused as refused:
            with self.store.transaction(request.key) as ledger:
                ledger.log(request.method, path, f"{refused.status} {refused.code}")
            return refused.reply
        return reply

    def _once(self, ledger: Ledger, routes: Sequence[tuple[str, str, Action]], request: Request) -> Reply:
        if request.method == "GET" or request.key is None:
            return _dispatch(ledger, routes, request)
        kept = ledger.kept(request.key)
        if kept is not None and kept.request != request.digest:
            raise Refused(422, "idempotency_mismatch", "同一 Idempotency-Key 的内容前后不一致")
        if kept is not None:
            return Reply(kept.status, kept.body)
        reply = _dispatch(ledger, routes, request)
        ledger.keep(request.key, Kept(request.digest, reply.status, reply.body))
        return reply

    def _log_rows(self, request: Request) -> Reply:
        asked = request.query
        limit, after = int(asked.get("limit", "1000")), int(asked.get("after", "0"))
        table = request.path[0].rstrip("s") if request.path[0] != "pushes" else "push"
        columns = {
            "effect": ("kind", "subject", "key"),
            "request": ("key", "outcome"),
            "push": ("state", "subject", "type"),
        }
        equals = {column: asked.get(column) for column in columns[table]}
        return Reply(200, self.store.rows(table, limit, after, **equals))


def _resend(ledger: Ledger, request: Request) -> Reply:
    """What the platform has refused is sent once more: the message of this id, or all."""
    message = request.body.get("message")
    return Reply(202, {"messages": ledger.push_again(None if message is None else str(message))})


def _dispatch(ledger: Ledger, routes: Sequence[tuple[str, str, Action]], request: Request) -> Reply:
    for method, pattern, action in routes:
        wanted = pattern.split("/")
        if (
            method == request.method
            and len(wanted) == len(request.path)
            and all(each in ("*", segment) for each, segment in zip(wanted, request.path, strict=True))
        ):
            segments = [segment for each, segment in zip(wanted, request.path, strict=True) if each == "*"]
            return action(ledger, request, *segments)
    raise Refused(404, "no_such_page", f"没有这个接口：{request.method} {'/'.join(request.path)}")


LOGS = frozenset({("effects",), ("requests",), ("pushes",)})
"""pages that every system has: what happened once, what was tried, what was sent to the platform"""

SYSTEM_NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")


# ---- scripts: what the outside world will do by itself ---------------------------------------------------------------


def write_script(ledger: Ledger, subject: str, steps: Sequence[Any], kind: str = "script") -> None:
    """From now on, whenever ``subject`` (a case, an original number, or ``*`` for all others) asks, the next step happens.

    ``kind`` tells the scripts of a system apart that has several."""
    ledger.put(kind, subject, {"steps": list(steps)})


def next_step(ledger: Ledger, *subjects: str | None, kind: str = "script") -> Any:
    """Take the next step of the first subject that has a script; None when none has one left. ``*`` is never used up."""
    for subject in subjects:
        script = ledger.get(kind, subject) if subject else None
        if script and script["steps"]:
            ledger.put(kind, subject or "", {"steps": script["steps"][1:]})
            return script["steps"][0]
    for_all = ledger.get(kind, "*")
    return for_all["steps"][0] if for_all and for_all["steps"] else None


def script_subject(request: Request) -> str:
    """Whom a script is for: ``case``, ``original`` or ``*``."""
    return str(request.body.get("case") or request.body.get("original") or "*")
