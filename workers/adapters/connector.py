"""The HTTP connector: whatever system an operator has opened to diagrams, called as a diagram says (``http.request``).

A diagram names the system; address and secrets are the configuration's. What the answer becomes is the diagram's to say, in FEEL over
``status``, ``headers`` (names in small letters, ``_`` for ``-``) and ``body`` (JSON, or text; null when there is none).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import httpx

from processes.errors import BihuanError
from processes.messaging.http_request import HttpRequest, answer_value
from processes.notation.expressions import ExpressionError, is_feel
from workers.adapters.outbound import AGAIN, Answered, Outbound, Outgoing, Trouble, refusal
from workers.adapters.settings import ExternalSystem
from workers.kit import BusinessError, Failed, Job, RetryLater, Worker

LARGEST_RESULT = 100_000
"""bytes as JSON: a case carries its variables with it from step to step"""


def worker(outbound: Outbound) -> Worker:
    """Handles ``http.request``."""
    worker = Worker("connector")

    @worker.job("http.request")
    def request(job: Job, **arguments: Any) -> dict[str, Any]:
        """Send the request that the diagram describes."""
        try:
            asked = HttpRequest.of(arguments)
        except BihuanError as error:
            raise Failed(error.zh) from error
        system = outbound.system(asked.system)
        return outbound.call(system, _outgoing(system, asked), job, lambda answered: _judge(system, asked, answered))

    return worker


def _outgoing(system: ExternalSystem, asked: HttpRequest) -> Outgoing:
    connector = system.connector
    if connector is None:
        raise Failed(f"外部系统 {system.name} 没有开放给流程图调用；要开放，请系统管理员在它的配置里写 connector")
    if not connector.allows(asked.method, asked.path):
        raise Failed(
            f"外部系统 {system.name} 没有开放 {asked.method} {asked.path}；请系统管理员核对它的 connector 配置"
        )
    taken = {name.lower() for name in system.headers}
    wrong = sorted(name for name in asked.headers if name.lower() in taken)
    if wrong:
        raise Failed(f"请求头 {'、'.join(wrong)} 由系统管理员配置，流程图不能给")
    return Outgoing(asked.method, f"{system.url}{asked.path}", asked.headers, asked.body, asked.query)


def _judge(system: ExternalSystem, asked: HttpRequest, answered: Answered) -> dict[str, Any]:
    """The result; what the diagram maps to an error comes first, then what passes by itself, then the rest.

    A success that nobody can read says nothing that could be mapped: its expressions would see a body without any field."""
    seen = _seen(answered)
    if 200 <= answered.status < 300 and seen["body"] is _BROKEN:
        raise RetryLater(None, f"外部系统 {system.name} 的答复不是有效的 JSON")
    for each in asked.errors:
        if _value(each.when, seen) is True:
            raise BusinessError(each.code, _message(each.message, seen), {"status": answered.status})
    if 200 <= answered.status < 300:
        return _result(asked, seen)
    raise _refused(system, answered, seen)


def _refused(system: ExternalSystem, answered: Answered, seen: Mapping[str, Any]) -> RetryLater | Failed:
    """What an answer is that is no success, and that the diagram says nothing of."""
    status = answered.status
    if status >= 500:
        return Trouble(answered.retry_after, f"外部系统 {system.name} 暂时不能办理（{status}）")
    if status in AGAIN:
        return RetryLater(answered.retry_after, f"外部系统 {system.name} 暂时不能办理（{status}）")
    if status < 400:
        return Failed(f"外部系统 {system.name} 要求转到别处（{status}），平台不跟随")
    code, message = refusal(seen["body"] if isinstance(seen["body"], Mapping) else None)
    said = f"{code} {message}".strip() or "没有说明"
    return Failed(
        f"外部系统 {system.name} 不接受（{status}）：{said}。如果这是业务上的否定答复，请在流程图的 errors 里写明，再用错误边界事件处理"
    )


# ---- the answer as FEEL sees it -----------------------------------------------------------------------------------------

_BROKEN = "（答复不是有效的 JSON）"
"""the body of an answer that says it is JSON and is not, or is a page for people: some gateway's, mostly"""


def _seen(answered: Answered) -> dict[str, Any]:
    headers = {name.lower().replace("-", "_"): value for name, value in answered.headers.items()}
    return {"status": answered.status, "headers": headers, "body": _body(answered.headers, answered.raw)}


def _body(headers: httpx.Headers, raw: bytes) -> Any:
    """JSON, whatever the answer calls itself, when it is an object or a list; other text as text, but no web page."""
    kind = headers.get("Content-Type", "application/json").lower()
    if not raw.strip():
        return None
    if "json" in kind or raw.lstrip()[:1] in (b"{", b"["):
        try:
            return json.loads(raw, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            if "json" in kind:
                return _BROKEN
    if "html" in kind:
        return _BROKEN
    try:
        return raw.decode(kind.partition("charset=")[2].strip(' "') or "utf-8", "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _value(text: str, seen: Mapping[str, Any]) -> Any:
    try:
        return answer_value(text, seen)
    except ExpressionError as error:
        raise Failed(f"对方已经答复（{seen['status']}），但流程图的表达式算不出来：{error.zh}") from error


def _message(text: str, seen: Mapping[str, Any]) -> str:
    if not text or not is_feel(text):
        return text
    value = _value(text, seen)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _result(asked: HttpRequest, seen: Mapping[str, Any]) -> dict[str, Any]:
    value = _value(asked.result, seen) if asked.result else seen["body"]
    if value is None:
        return {}
    if len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) > LARGEST_RESULT:
        raise Failed(f"对方已经答复，但结果超过 {LARGEST_RESULT} 字节；请在 result 里只取需要的部分")
    return value if isinstance(value, dict) else {"value": value}
