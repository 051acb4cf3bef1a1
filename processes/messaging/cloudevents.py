"""CloudEvents 1.0 on AMQP 0-9-1 and HTTP: binary mode (attributes are headers ``ce-…``) and structured mode (all in the body).

Source: CloudEvents 1.0.2 (core, JSON format, HTTP binding) and the RabbitMQ binding of knative-extensions/eventing-rabbitmq.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from processes.messaging.bus import Message, Raw
from processes.messaging.json_text import from_json, to_json

BINARY_TYPE = "application/json"
STRUCTURED_TYPE = "application/cloudevents+json"

_PREFIX = "ce-"
# Those of the AMQP 1.0 binding, which bridges leave on messages.
_PREFIXES = ("cloudevents:", "cloudevents_")
_CORE = frozenset({"id", "type", "source", "time", "subject", "specversion", "datacontenttype", "dataschema"})
_BODY = frozenset({"data", "data_base64"})


class NotACloudEvent(ValueError):
    """The bytes are not a CloudEvent 1.0 with JSON data; ``zh`` and ``en`` say what is missing, and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Wire:
    """A CloudEvent as headers and a body."""

    headers: dict[str, str]
    content_type: str
    body: bytes


def to_binary(message: Message) -> Wire:
    """Binary mode: what a consumer routes by is in the headers, the body is the data alone."""
    attributes = _attributes(message)
    headers = {f"ce-{name}": value for name, value in attributes.items() if value is not None}
    return Wire(headers, BINARY_TYPE, to_json(message.data).encode())


def to_structured(message: Message) -> Wire:
    """Structured mode: for the simplest consumers, who only read bodies."""
    attributes = {name: value for name, value in _attributes(message).items() if value is not None}
    event = {**attributes, "datacontenttype": BINARY_TYPE, "data": message.data}
    return Wire({}, STRUCTURED_TYPE, to_json(event).encode())


def _attributes(message: Message) -> dict[str, str | None]:
    time = message.time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    core = {"specversion": "1.0", "id": message.id, "type": message.type, "source": message.source, "time": time}
    return {**core, "subject": message.subject, **message.extensions}


def is_structured(content_type: str | None, headers: Mapping[Any, Any]) -> bool:
    """Whether the attributes stand in the body."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    return kind.startswith("application/cloudevents") or "id" not in attributes_of(headers)


def decode(
    headers: Mapping[str, Any], content_type: str | None, body: bytes, received_at: datetime, raw: Raw | None = None
) -> Message:
    """A message of either mode; no content type and no headers: structured when the body is an object that says so.

    ``received_at`` stands in for a missing time, which the standard allows; ``raw`` is how it came. Raises :class:`NotACloudEvent`.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    attributes = attributes_of(headers)
    if kind.startswith("application/cloudevents-batch"):
        raise NotACloudEvent(
            "不接受批量（batch）：一条消息发一个事件", "batches are not accepted: send one event a message"
        )
    if kind.startswith("application/cloudevents") or "id" not in attributes:
        event = _parse(body)
        if not isinstance(event, dict) or "specversion" not in event:
            raise NotACloudEvent(
                "消息头里没有 ce-id 等属性，正文也不是带 specversion 的 JSON 对象",
                "neither ce- headers (ce-id, ce-source, ce-type …) nor an object with specversion in the body",
            )
        return _message(event, _structured_data(event), received_at, raw)
    return _message(attributes, _parse(body) if body else None, received_at, raw)


def attributes_of(headers: Mapping[Any, Any]) -> dict[str, Any]:
    """The attributes that stand in headers, by their names without prefix. A client hands on as bytes what is no UTF-8: that is none."""
    found: dict[str, Any] = {}
    for name, value in headers.items():
        if not isinstance(name, str):
            continue
        lower = name.lower()
        if lower.startswith(_PREFIX):
            found[lower[len(_PREFIX) :]] = value
        elif lower.startswith(_PREFIXES):
            found[next(lower[len(prefix) :] for prefix in _PREFIXES if lower.startswith(prefix))] = value
    return found


def _structured_data(event: Mapping[str, Any]) -> Any:
    if event.get("data_base64") is not None:
        raise NotACloudEvent(
            "不接受 data_base64：请把内容作为 JSON 放在 data 里", "data_base64 is not accepted: data is JSON"
        )
    return event.get("data")


def _parse(body: bytes) -> Any:
    try:
        return from_json(body)
    except (ValueError, RecursionError) as error:
        raise NotACloudEvent("正文不是 UTF-8 的 JSON", "the body is not JSON in UTF-8") from error


def _message(attributes: Mapping[str, Any], data: Any, received_at: datetime, raw: Raw | None) -> Message:
    if str(attributes.get("specversion")) != "1.0":
        raise NotACloudEvent("specversion 应是 1.0", "specversion is not 1.0")
    extensions = {
        name: _text(name, value)
        for name, value in attributes.items()
        if name not in _CORE and name not in _BODY and value is not None
    }
    subject = attributes.get("subject")
    return Message(
        id=_required(attributes, "id"),
        type=_required(attributes, "type"),
        source=_required(attributes, "source"),
        time=_time(attributes.get("time"), received_at),
        data=data,
        subject=None if subject is None else _text("subject", subject),
        extensions=extensions,
        raw=raw,
    )


def _required(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name)
    if not isinstance(value, str) or not value:
        raise NotACloudEvent(f"属性 {name} 缺少，或不是文字", f"{name} is missing, or no text")
    return value


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise NotACloudEvent(
        f"属性 {name[:60]} 应是文字、整数或布尔值", f"{name[:60]} is not a string, whole number or boolean"
    )


def _time(value: Any, received_at: datetime) -> datetime:
    if value is None:
        return received_at
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise NotACloudEvent(
            "time 应是 RFC 3339 时间，如 2026-11-23T09:30:00+08:00", "time is not an RFC 3339 timestamp"
        ) from error
    if time.tzinfo is None:
        raise NotACloudEvent("time 要带时区，如 2026-11-23T09:30:00+08:00", "time has no zone")
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise NotACloudEvent("time 超出了范围", "time is out of range") from error
