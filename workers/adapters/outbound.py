"""One way to call an external system: a guarded HTTP request whose every outcome is a result, a business error, a
retry, or a failure that a person must see."""

from __future__ import annotations

import email.utils
import json
import logging
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from processes.clock import Clock, SystemClock
from processes.failpoints import hit
from processes.messaging.jobs import CATALOGUE
from processes.notation.civil_time import CIVIL_TIME
from processes.observing import here
from workers.adapters import measures
from workers.adapters.breaker import Breakers, Open
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

Result = TypeVar("Result")


class Trouble(RetryLater):
    """The network or the other side is in trouble: the breaker counts it."""


@dataclass(frozen=True)
class Outgoing:
    """A request. ``url`` is whole but for the query; ``body`` None: none, else JSON."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    query: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Answered:
    """An answer, read to its end. ``retry_after``: seconds that it asks for, None when it names none."""

    status: int
    headers: httpx.Headers
    raw: bytes
    retry_after: float | None = None


class Outbound:
    """Calls external systems. Any thread may; connections are kept and reused."""

    def __init__(self, systems: Systems, clock: Clock | None = None, verify: ssl.SSLContext | None = None) -> None:
        self.systems = systems
        self.clock = clock or SystemClock()
        self._breakers = Breakers(self.clock)
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
        return self._post(self.system(name), path, body, job)

    def post_to_channel(self, code: str, path: Sequence[str], body: Mapping[str, Any], job: Job) -> dict[str, Any]:
        """Send a job's request to the system of a channel and return its JSON object."""
        return self._post(_found(self.systems.channel, code), path, body, job)

    def post_to_board(
        self, organisation: str, path: Sequence[str], body: Mapping[str, Any], job: Job
    ) -> dict[str, Any]:
        """Send a job's request to the business system of a board and return its JSON object."""
        return self._post(_found(self.systems.board, organisation), path, body, job)

    def system(self, name: str) -> ExternalSystem:
        """The system of this name. Raises :class:`Failed`."""
        return _found(self.systems.named, name)

    def _post(self, system: ExternalSystem, path: Sequence[str], body: Mapping[str, Any], job: Job) -> dict[str, Any]:
        url = "/".join((system.url, *(_segment(each) for each in path)))
        return self.call(system, Outgoing("POST", url, body=body), job, lambda answered: judged(system, answered, job))

    def call(
        self,
        system: ExternalSystem,
        request: Outgoing,
        job: Job,
        judge: Callable[[Answered], Result],
        key: str | None = "",
    ) -> Result:
        """Send a request for a job, and return what ``judge`` makes of the answer.

        ``key`` is the ``Idempotency-Key`` where one job has several requests; else the job's id is; None: the request has none. ``judge``
        raises :class:`Trouble` for an answer that shows the other side in trouble, and whatever else the kit knows for what is no result.
        """
        with self.guarded(system, job):
            return judge(self._answered(system, request, job, job.id if key == "" else key))

    @contextmanager
    def guarded(self, system: ExternalSystem, job: Job) -> Iterator[None]:
        """Call a system inside, by whatever protocol: :class:`Trouble` counts for its breaker, which may also refuse to let it be called."""
        breaker = self._breakers.of(system.name, system.failures, system.rest)
        try:
            with breaker.guard(Trouble):
                yield
        except Open as resting:
            measures.CALLS.labels(system.name, "held").inc()
            since = f"{resting.since.astimezone(CIVIL_TIME):%Y-%m-%d %H:%M}"
            reason = f"外部系统 {system.name} 自 {since} 起没有正常答复，暂停呼叫；它恢复以后自动再试"
            # Those that wait come back one after another, not all at the moment when the rest is over.
            spread = system.rest * zlib.crc32(job.id.encode()) / 2**32
            raise RetryLater(
                resting.left + spread, reason, counted=False, system=system.name, since=resting.since
            ) from resting

    def _answered(self, system: ExternalSystem, request: Outgoing, job: Job, key: str | None) -> Answered:
        once = {} if key is None else {"Idempotency-Key": key}
        headers = {**request.headers, **system.headers, **here.stamped(once)}
        if system.token:
            headers["Authorization"] = f"Bearer {system.token}"
        try:
            with self._deadline.within(system.deadline):
                answered = self._exchange(system, replace(request, headers=headers))
            hit("outbound.effected")
        except Forbidden as forbidden:
            log.error("job %s: %s", job.id, forbidden)
            raise Failed(f"外部系统 {system.name} 的地址不允许访问") from forbidden
        except NETWORK_TROUBLE as trouble:
            log.info("job %s: %s: %s", job.id, type(trouble).__name__, trouble)
            measures.CALLS.labels(system.name, "trouble").inc()
            raise Trouble(None, f"外部系统 {system.name} 没有正常答复（{type(trouble).__name__}）") from trouble
        measures.CALLS.labels(system.name, "trouble" if answered.status >= 500 else "answered").inc()
        return answered

    def _exchange(self, system: ExternalSystem, request: Outgoing) -> Answered:
        with self._client.stream(
            request.method,
            request.url,
            json=request.body,
            params=httpx.QueryParams(list(request.query)) if request.query else None,
            headers=request.headers,
            timeout=system.deadline,
        ) as response:
            raw = bytearray()
            for chunk in response.iter_raw():
                raw += chunk
                if len(raw) > system.body_cap:
                    raise Failed(f"外部系统 {system.name} 的答复超过 {system.body_cap} 字节")
            return Answered(response.status_code, response.headers, bytes(raw), self._retry_after(response.headers))

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
        return min(max((moment - self.clock.now()).total_seconds(), 0.0), LONGEST_WAIT)


def judged(system: ExternalSystem, answered: Answered, job: Job) -> dict[str, Any]:
    """What the systems that we know answer: a JSON object, or ``{"error": {"code", "message"}}``."""
    status, said = answered.status, json_object(answered.raw)
    if 200 <= status < 300:
        if said is None:
            raise RetryLater(None, f"外部系统 {system.name} 的答复不是 JSON 对象")
        return said
    if status >= 500:
        raise Trouble(answered.retry_after, f"外部系统 {system.name} 暂时不能办理（{status}）")
    if status in AGAIN:
        raise RetryLater(answered.retry_after, f"外部系统 {system.name} 暂时不能办理（{status}）")
    if status < 400:
        raise Failed(f"外部系统 {system.name} 要求转到别处（{status}），平台不跟随")
    code, message = refusal(said)
    kind = CATALOGUE.get(job.topic)
    if kind is not None and code in kind.errors:
        raise BusinessError(code, message or kind.errors[code])
    raise Failed(f"外部系统 {system.name} 不接受（{status}{' ' + code if code else ''}）：{message or '没有说明'}")


def receipted(said: dict[str, Any], field: str, system: ExternalSystem) -> dict[str, Any]:
    """An answer, if it names what the other side has made of the request; whoever gives no number has perhaps taken nothing."""
    if not isinstance(said.get(field), str) or not said[field]:
        raise RetryLater(None, f"外部系统 {system.name} 的答复里没有 {field}，不能确认已经收下")
    return said


def _found(find: Callable[[str], ExternalSystem], name: str) -> ExternalSystem:
    try:
        return find(name)
    except NotConfigured as missing:
        raise Failed(missing.zh) from missing


def _segment(value: str) -> str:
    """A path segment that stays one, whatever number a channel gives its orders."""
    if value in ("", ".", ".."):
        raise Failed("渠道原编号不能用作地址的一段")
    return quote(value, safe="")


def json_object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object that an answer is; None when it is none."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def refusal(said: Mapping[str, Any] | None) -> tuple[str, str]:
    """The code and words of ``{"error": {"code", "message"}}``; anything else says nothing."""
    error = (said or {}).get("error")
    if isinstance(error, str):
        return "", error[:LONGEST_WORDS]
    if not isinstance(error, Mapping):
        return "", ""
    return str(error.get("code") or "")[:60], str(error.get("message") or "")[:LONGEST_WORDS]
