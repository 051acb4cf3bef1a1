"""The AMQP headers of a message as JSON Schema: CloudEvents attributes in binary mode, as ``cloudevents.to_binary`` writes them.

Source: CloudEvents 1.0.2, sections "Required Attributes" and "Optional Attributes", and its "Distributed Tracing" extension.
"""

from __future__ import annotations

import re
from typing import Any

from processes.messaging.addresses import HIGHEST, URGENT_FROM
from processes.messaging.answers import ATTEMPT, ATTEMPT_PATTERN, JOB, PRIORITY
from processes.messaging.asyncapi.json_schema import Json
from processes.messaging.bus import Address
from processes.messaging.contract import LONGEST_EXTENSION, LONGEST_ID, ORDER, VERSION, Contract, Kind
from processes.messaging.contracts import CHANNEL, LOWER, PLACE
from processes.messaging.events import EventKind
from processes.observing.trace import HEADER as TRACE

PREFIX = "ce-"

_HINTS = {
    JOB.name: "从任务消息的 ce-jobid 照抄",
    LOWER.name: "平台按它找到对应的案件",
}


def of_contract(contract: Contract) -> Json:
    """The headers of a message to the platform."""
    found = _common(_type_of(contract), LONGEST_ID)
    version = _text("约定的版本", "不填就是 1", enum=[contract.version])
    found[VERSION] = (version, contract.version != "1")
    for each in contract.extensions:
        found[each.name] = (
            _text(each.title, _HINTS.get(each.name, ""), minLength=1, maxLength=LONGEST_EXTENSION),
            True,
        )
    if contract.kind is Kind.JOB:
        found[ATTEMPT] = (_attempt("从任务消息照抄：平台据此认出过时的答复"), False)
        about = "以自己的名义答复的合作方；只能答复交给它的主题"
        found["partner"] = (_text("合作方", about), False)
        return _object(found)
    if contract.internal:
        found[PLACE.name] = (
            _text(PLACE.title, "只用于提交上一级：内容里没有 place 时必填", maxLength=LONGEST_EXTENSION),
            False,
        )
    if not contract.internal:
        about = "平台分配的合作方代码；平台按它核对可以从哪些渠道来件。经网关发送时由令牌决定，不必填"
        found["partner"] = (_text("合作方", about), False)
        return _object(found)
    # What carries a partner's name comes from outside, and is refused.
    return {**_object(found), "not": {"required": [f"{PREFIX}partner"]}}


def of_job(topic: str) -> Json:
    """The headers of a job on its way to a worker."""
    about = "每次尝试都一样：调用外部系统时用作幂等键，答复时照抄"
    found = _common({"const": topic}, None, sent=True)
    found["subject"] = (_text("流程实例编号"), True)
    found[JOB.name] = (_text(JOB.title, about, minLength=1), True)
    found[ATTEMPT] = (_attempt("从 1 开始，每发一次加一"), True)
    about = f"没有就是 0；{URGENT_FROM} 起为紧急，在紧急队列里"
    found[PRIORITY] = (_text("优先级", about, pattern=f"^[1-{HIGHEST}]$"), False)
    return _object(found)


def of_signal(type_: Json) -> Json:
    """The headers of a signal on its way to listeners."""
    found = _common(type_, None, sent=True)
    found["subject"] = (_text("发出信号的流程实例编号"), True)
    return _object(found)


def of_event(kind: EventKind) -> Json:
    """The headers of an event on its way to listeners, or of an answer."""
    found = _common({"const": kind.type}, None, sent=True)
    if kind.address is Address.EVENTS:
        found["subject"] = (_text("问题编号"), True)
    else:
        found["correlationkey"] = (_text("原消息的 correlation_id 或编号", "与消息属性 correlation_id 相同"), False)
    return _object(found)


def _type_of(contract: Contract) -> Json:
    if "*" in contract.type:
        return {"pattern": f"^{CHANNEL.pattern}{re.escape(ORDER)}$"}
    return {"const": contract.type}


Headers = dict[str, tuple[Json, bool]]
"""attribute → its schema, and whether it must be there"""


def _common(type_: Json, longest: int | None, *, sent: bool = False) -> Headers:
    """What every message has; ``sent``: by the platform, which always tells the time."""
    limits: Json = {"minLength": 1} | ({} if longest is None else {"maxLength": longest})
    once = "同一合作方、同一来源的同一编号只生效一次：重发时用原来的编号"
    return {
        "specversion": ({"title": "CloudEvents 版本", "type": "string", "const": "1.0"}, True),
        "id": (_text("消息编号", "每次投递都一样，用来识别重复" if sent else once, **limits), True),
        "type": (_text("消息类型", "" if sent else "也是路由键", **type_), True),
        "source": (_text("来源", "平台的名称" if sent else "发送方系统的名称，如 /hotline", **limits), True),
        "time": (
            _text(
                "发生时间", "RFC 3339，带时区" if sent else "RFC 3339，带时区；不填就是收到的时间", format="date-time"
            ),
            sent,
        ),
        TRACE: (
            _text("链路编号", "W3C Trace Context；请在答复和后续消息中带上，便于查找" if sent else "W3C Trace Context"),
            False,
        ),
    }


def _attempt(about: str) -> Json:
    return _text("第几次尝试", about, pattern=f"^{ATTEMPT_PATTERN.pattern}$")


def _text(title: str, description: str = "", **limits: Any) -> Json:
    about = {"title": title} | ({"description": description} if description else {})
    return {**about, "type": "string", **limits}


def _object(headers: Headers) -> Json:
    return {
        "type": "object",
        "properties": {PREFIX + name: schema for name, (schema, _) in headers.items()},
        "required": [PREFIX + name for name, (_, required) in headers.items() if required],
    }
