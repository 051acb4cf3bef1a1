"""One way to call an external system: a guarded HTTP request whose every outcome is a result, a business error, a
retry, or a failure that a person must see."""

from __future__ import annotations

import email.utils
import json
import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from processes.clock import Clock, SystemClock
from processes.failpoints import hit
from processes.messaging.jobs import CATALOGUE
from processes.observing import here
from workers.adapters.guard import NETWORK_TROUBLE, Deadline, Forbidden, GuardedTransport
from workers.adapters.settings import ExternalSystem, NotConfigured, Systems
from workers.kit import BusinessError, Failed, Job, RetryLater

log = logging.getLogger("bihuan.adapters")

AGAIN = frozenset({408, 409, 425, 429})
"""client errors that pass by themselves"""
LONGEST_WAIT = 86400.0
"""seconds: a peer may ask for patience, not for ever"""
LONGEST_WORDS = 300
"""characters of a peer's own explanation that we repeat"""


class Outbound:
    """Calls external systems. Any thread may; connections are kept and reused."""

    def __init__(self, systems: Systems, clock: Clock | None = None, verify: ssl.SSLContext | None = None) -> None:
        self.systems = systems
        self._clock = clock or SystemClock()
        self._deadline = Deadline()
        transport = GuardedTransport(systems.hosts, self._deadline, verify or ssl.create_default_context())
        self._client = httpx.Client(
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "bihuan"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, name: str, path: Sequence[str], body: Mapping[str, Any], job: Job) -> dict[str, Any]:
        """Send a job's request to the system of this name and return its JSON object."""
        return self._post(self._to(self.systems.named, name), path, body, job)

    def post_to_channel(self, code: str, path: Sequence[str], body: Mapping[str, Any], job: Job) -> dict[str, Any]:
        """Send a job's request to the system of a channel and return its JSON object."""
        return self._post(self._to(self.systems.channel, code), path, body, job)

    def post_to_board(
        self, organisation: str, path: Sequence[str], body: Mapping[str, Any], job: Job
    ) -> dict[str, Any]:
        """Send a job's request to the business system of a board and return its JSON object."""
        return self._post(self._to(self.systems.board, organisation), path, body, job)

    def _to(self, find: Callable[[str], ExternalSystem], name: str) -> ExternalSystem:
        try:
            return find(name)
        except NotConfigured as missing:
            raise Failed(missing.zh) from missing

    def _post(self, system: ExternalSystem, path: Sequence[str], body: Mapping[str, Any], job: Job) -> dict[str, Any]:
        url = "/".join((system.url, *(_segment(each) for each in path)))
        headers = here.stamped({"Idempotency-Key": job.id})
        if system.token:
            headers["Authorization"] = f"Bearer {system.token}"
        try:
            with self._deadline.within(system.deadline):
                status, answered, raw = self._exchange(system, url, headers, body)
            hit("outbound.effected")
        except Forbidden as forbidden:
            log.error("job %s: %s", job.id, forbidden)
            raise Failed(f"外部系统 {system.name} 的地址不允许访问") from forbidden
        except NETWORK_TROUBLE as trouble:
            log.info("job %s: %s: %s", job.id, type(trouble).__name__, trouble)
            raise RetryLater(None, f"外部系统 {system.name} 没有正常答复（{type(trouble).__name__}）") from trouble
        return self._judge(system, status, answered, raw, job)

    def _exchange(
        self, system: ExternalSystem, url: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> tuple[int, httpx.Headers, bytes]:
        with self._client.stream("POST", url, json=body, headers=headers, timeout=system.deadline) as response:
            raw = bytearray()
            for chunk in response.iter_raw():
                raw += chunk
                if len(raw) > system.body_cap:
                    raise Failed(f"外部系统 {system.name} 的答复超过 {system.body_cap} 字节")
            return response.status_code, response.headers, bytes(raw)

    def _judge(
        self, system: ExternalSystem, status: int, headers: httpx.Headers, raw: bytes, job: Job
    ) -> dict[str, Any]:
        said = _object(raw)
        if 200 <= status < 300:
            if said is None:
                raise RetryLater(None, f"外部系统 {system.name} 的答复不是 JSON 对象")
            return said
        if status >= 500 or status in AGAIN:
            raise RetryLater(self._retry_after(headers), f"外部系统 {system.name} 暂时不能办理（{status}）")
        if status < 400:
            raise Failed(f"外部系统 {system.name} 要求转到别处（{status}），平台不跟随")
        code, message = _refusal(said)
        kind = CATALOGUE.get(job.topic)
        if kind is not None and code in kind.errors:
            raise BusinessError(code, message or kind.errors[code])
        raise Failed(f"外部系统 {system.name} 不接受（{status}{' ' + code if code else ''}）：{message or '没有说明'}")

    def _retry_after(self, headers: httpx.Headers) -> float | None:
        """RFC 9110 10.2.3: seconds, or a date; None when it is neither."""
        value = headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdecimal():
            return min(float(value[:9]), LONGEST_WAIT)
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            return None
        return min(max((moment - self._clock.now()).total_seconds(), 0.0), LONGEST_WAIT)


def _segment(value: str) -> str:
    """A path segment that stays one, whatever number a channel gives its orders."""
    if value in ("", ".", ".."):
        raise Failed("渠道原编号不能用作地址的一段")
    return quote(value, safe="")


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _refusal(said: Mapping[str, Any] | None) -> tuple[str, str]:
    """``{"error": {"code", "message"}}``; anything else says nothing."""
    error = (said or {}).get("error")
    if isinstance(error, str):
        return "", error[:LONGEST_WORDS]
    if not isinstance(error, Mapping):
        return "", ""
    return str(error.get("code") or "")[:60], str(error.get("message") or "")[:LONGEST_WORDS]
