"""A client of the gateway's API: bearer token, JSON, and the same request again when the gateway is away for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from processes.errors import BihuanError

PATIENCE = 30.0
"""Seconds for which a request is repeated while the gateway does not answer; every request of ours may be repeated."""

PAUSE = 0.2
"""Seconds between two tries."""


class Unreachable(BihuanError):
    """Nobody answers at the gateway's address."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"连不上平台 {url};请先启动(make run),或用 --url 指明地址",
            f"no gateway at {url}: start it, or name it with --url",
        )


class Refused(BihuanError):
    """The gateway answered with an error; ``said``: all of its answer."""

    def __init__(self, status: int, zh: str, en: str, said: Mapping[str, Any] | None = None) -> None:
        super().__init__(zh, en, status=status)
        self.status = status
        self.said = said or {}


class Api:
    """One connection to a gateway."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        patience: float = PATIENCE,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._patience, self._now, self._sleep = patience, now, sleep
        self._http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(60.0, connect=5.0),
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at ``path``."""
        return self._ask("GET", path, params={name: value for name, value in query.items() if value is not None})

    def post(self, path: str, data: Any) -> Any:
        """Send JSON; give it an id of its own inside ``data`` where it must not have its effect twice."""
        return self._ask("POST", path, json=data)

    def upload(self, path: str, files: Mapping[str, bytes], form: Mapping[str, str]) -> Any:
        """Send files as a multipart form."""
        parts = [("files", (name, body, "application/octet-stream")) for name, body in files.items()]
        return self._ask("POST", path, files=parts, data=dict(form))

    def report(self, channel: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Report problems through a channel; one outcome a row."""
        return list(self.post("/api/reports", {"channel": channel, "rows": list(rows)}))

    def rest(self, seconds: float) -> None:
        """Wait a while."""
        self._sleep(seconds)

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        until = self._now() + self._patience
        while True:
            try:
                answer = self._http.request(method, path, **how)
            except httpx.TransportError as error:
                if self._now() >= until:
                    raise Unreachable(self.url) from error
            else:
                if answer.status_code not in (502, 503, 504) or self._now() >= until:
                    return _value(answer)
            self._sleep(PAUSE)


def _value(answer: httpx.Response) -> Any:
    try:
        value = answer.json()
    except ValueError:
        value = {"error": f"平台答复的不是 JSON(HTTP {answer.status_code})"}
    if answer.is_success:
        return value
    said = value if isinstance(value, dict) else {}
    zh = str(said.get("error") or f"HTTP {answer.status_code}")
    raise Refused(answer.status_code, zh, str(said.get("en") or zh), said)
