"""What stands on an AMQP message besides its body: CloudEvents attributes, and our own record of its way."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from processes.messaging import cloudevents
from processes.messaging.addresses import PEER, peer_of
from processes.messaging.bus import DeadLetter, Message, Raw, Unreadable, Whole
from processes.messaging.inlet import BEGINNING, LARGEST, too_large
from processes.messaging.signing import HEADER as SIGNATURE
from workers.bus import topology
from workers.bus.connection import UNREADABLE
from workers.bus.consumer import Delivery
from workers.bus.properties import SHORT_STRING, Properties

ATTEMPTS = "bihuan-attempts"
TOPIC = "bihuan-topic"
NOT_BEFORE = "bihuan-not-before"
WAITS = "bihuan-waits"
REASON = "bihuan-reason"
GIVEN_UP_AT = "bihuan-given-up-at"
QUEUE = "bihuan-queue"
USER = "bihuan-user"
"""Headers of ours on messages that wait or were given up. USER: whose connection it came by first; the broker lets nobody publish in
another's name."""

_OURS = "bihuan-"
_SAID = frozenset({"message_id", "type", "correlation_id", "reply_to", "user_id"})

_OUR_RECORD = frozenset({ATTEMPTS, TOPIC, NOT_BEFORE, WAITS, REASON, GIVEN_UP_AT, QUEUE})


def properties(message: Message, wire: cloudevents.Wire) -> Properties:
    """The properties of a message that leaves."""
    return Properties(
        content_type=wire.content_type,
        headers=wire.headers,
        message_id=fitting(message.id),
        type=fitting(message.type),
        correlation_id=fitting(message.extensions.get("correlationkey")),
        timestamp=int(message.time.timestamp()),
    )


def fitting(value: str | None) -> str | None:
    """The text, if AMQP's short strings hold it; else it stands in the headers alone."""
    return value if value and len(value.encode()) <= SHORT_STRING else None


def copy(properties: Any, headers: Mapping[str, Any]) -> Properties:
    """The properties of a message that is moved, with other headers."""
    return Properties(
        content_type=properties.content_type,
        headers=dict(headers),
        message_id=properties.message_id,
        type=properties.type,
        correlation_id=properties.correlation_id,
        reply_to=properties.reply_to,
        timestamp=properties.timestamp,
    )


def kept(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Without the broker's own record of the way so far: it grows with each round, and means queues of ours."""
    return {name: value for name, value in headers.items() if not text(name).startswith("x-")}


def text(value: Any) -> str:
    """A short string of AMQP's as text: a client hands on as bytes what is no UTF-8."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""


def decode(properties: Any, body: bytes, now: datetime) -> Message:
    """The message as it came off a queue. Raises :class:`NotACloudEvent`."""
    return cloudevents.decode(properties.headers or {}, text(properties.content_type), body, now)


def raw(delivery: Delivery) -> Raw:
    """The message as it was sent: without the broker's record of its way, and without ours."""
    properties = delivery.properties
    headers = properties.headers or {}
    said = {name: text(value) for name, value in properties.__dict__.items() if value and name in _SAID}
    if isinstance(user := headers.get(USER), str):
        said["user_id"] = user
    sent = headers
    if not all(isinstance(name, str) and name.startswith("ce-") for name in headers):
        sent = {text(name): value for name, value in headers.items() if _was_sent(text(name))}
    return Raw("amqp", _key(delivery), sent, text(properties.content_type), delivery.body, said, delivery.whole)


def _was_sent(name: str) -> bool:
    return not name.startswith(("x-", _OURS)) or name in (SIGNATURE, UNREADABLE)


def shortened(body: bytes) -> tuple[bytes, Whole | None]:
    """The beginning alone of a body that is too large to be taken: hundreds of these may be on their way to us."""
    if len(body) <= LARGEST:
        return body, None
    return body[:BEGINNING], Whole(len(body), hashlib.sha256(body).hexdigest())


def read(delivery: Delivery, now: datetime) -> Message | Unreadable:
    """The message as the engine takes it, or why it is none."""
    came = raw(delivery)
    if came.whole is not None:
        return Unreadable(came, *too_large(came.whole.length))
    if UNREADABLE in came.headers:
        return Unreadable(
            came,
            "消息头无法解读：请只用文字、整数和布尔值",
            "the headers cannot be read: use strings, integers and booleans",
        )
    try:
        return told_apart(cloudevents.decode(came.headers, came.content_type, delivery.body, now, came), delivery)
    except cloudevents.NotACloudEvent as error:
        return Unreadable(came, f"不是 CloudEvents 1.0 消息：{error.zh}", f"not a CloudEvent: {error.en}")


def told_apart(message: Message, delivery: Delivery) -> Message:
    """The message with the deployment that it comes from, if it comes from another: the routing key tells, which the broker lets that
    deployment's account use alone. What the sender says of it himself is nothing. A message that waited comes by its queue's name, with
    the key that we noted."""
    peer = peer_of(_key(delivery))
    if peer is None and PEER not in message.extensions:
        return message
    extensions = {name: value for name, value in message.extensions.items() if name != PEER}
    return replace(message, extensions=extensions | ({} if peer is None else {PEER: peer}))


def _key(delivery: Delivery) -> str:
    """The routing key that the message was sent with, as the broker tells it, or as we noted it when it had to wait."""
    return text(delivery.routing_key) if delivery.routing_key != delivery.queue else topic(delivery)


def attempts(headers: Mapping[str, Any]) -> int:
    """How many times handling it has failed."""
    value = headers.get(ATTEMPTS)
    return value if isinstance(value, int) and value > 0 else 0


def seconds_left(headers: Mapping[str, Any], now: datetime) -> float:
    """How long it still has to wait: nothing any more when that is longer than it was to wait at all, for then the clock was set back."""
    try:
        left = (datetime.fromisoformat(headers[NOT_BEFORE]) - now).total_seconds()
        if left > float(headers.get(WAITS, left)):
            return 0.0
    except (KeyError, TypeError, ValueError):
        return 0.0
    # A rung is worth its delay: what remains of it by rounding is not waited for again.
    return left if left > 0.5 else 0.0


def topic(delivery: Delivery) -> str:
    """The topic that the message was sent with: a message that waited comes back by its queue's name."""
    sent_with = (delivery.properties.headers or {}).get(TOPIC)
    if isinstance(sent_with, str):
        return sent_with
    if delivery.routing_key != delivery.queue:
        return text(delivery.routing_key)
    return topology.origin(delivery.queue)[1]


def returning(properties: Any, topic: str) -> Properties:
    """The properties of a dead letter that goes back: nothing on it tells any more that it failed."""
    headers = {name: value for name, value in kept(properties.headers or {}).items() if name not in _OUR_RECORD}
    return copy(properties, headers | {TOPIC: topic})


def letter_id(properties: Any, body: bytes, queue: str) -> str:
    """What a dead letter is called: the same each time it is looked at, for the broker gives it no name."""
    headers = properties.headers or {}
    parts = (
        queue,
        properties.message_id,
        headers.get("ce-source"),
        headers.get("ce-partner"),
        headers.get(GIVEN_UP_AT),
    )
    known = hashlib.sha256("\n".join(str(each) for each in parts).encode("utf-8", "replace"))
    known.update(body)
    return known.hexdigest()[:32]


def dead_letter(method: Any, properties: Any, body: bytes, now: datetime) -> DeadLetter:
    """A message of the dead letter queue, whoever gave it up: we, or the broker."""
    headers = properties.headers or {}
    try:
        message = decode(properties, body, now)
    except cloudevents.NotACloudEvent:
        text = body.decode("utf-8", "replace")
        message = Message(id=properties.message_id or "", type=properties.type or "", source="", time=now, data=text)
    queue = given_up_in(method, properties)
    address, by_name = topology.origin(queue)
    return DeadLetter(
        message=message,
        address=address,
        topic=str(headers.get(TOPIC) or by_name or method.routing_key),
        reason=str(headers.get(REASON) or f"the broker gave it up: {_death(headers).get('reason', 'unknown')}"),
        at=_given_up_at(headers, now),
        id=letter_id(properties, body, queue),
    )


def given_up_in(method: Any, properties: Any) -> str:
    """The queue that a dead letter was given up in."""
    headers = properties.headers or {}
    return str(headers.get(QUEUE) or _death(headers).get("queue") or method.routing_key)


def _death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    """The broker's own record, when it was the broker that gave the message up."""
    return next(iter(headers.get("x-death") or []), {})


def _given_up_at(headers: Mapping[str, Any], now: datetime) -> datetime:
    """When. The header may be a stranger's if the broker gave the message up; the broker's time comes without a zone, and is UTC."""
    at = _death(headers).get("time")
    with contextlib.suppress(TypeError, ValueError):
        at = datetime.fromisoformat(headers.get(GIVEN_UP_AT) or "")
    if not isinstance(at, datetime):
        return now
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
