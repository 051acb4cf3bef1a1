"""Signatures of messages: HMAC-SHA256 under a key that a partner and the platform share.

What is signed, as lines of UTF-8 text that each end with a line feed, and then the body as it is sent:

1. the key's id
2. the time of signing, in seconds since 1970
3. the message's id (``ce-id``)
4. the routing key; over HTTP, the message's type
5. the content type as it is sent, empty when there is none
6. in binary mode, for each attribute in the order of their names, ``name=value`` (``partner=hotline``): over HTTP and AMQP these stand in
   headers, which the body does not cover. In structured mode there are none.
7. an empty line

The signature travels in the header ``bihuan-signature`` as ``key id;time;hex``.

>>> line = sign(Key("k1", "secret"), 1764150000, "m-1", "rating.given", "application/json", {}, b"{}")
>>> line.rpartition(";")[0]
'k1;1764150000'
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from processes.clock import Clock
from processes.messaging.bus import Message
from processes.messaging.cloudevents import Wire, attributes_of, is_structured

HEADER = "bihuan-signature"


@dataclass(frozen=True)
class Key:
    """A key and its id, which tells two keys apart that are live at the same time."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Signature:
    """What the header says."""

    key: str
    time: int
    digest: str


def sign(
    key: Key,
    time: int,
    id: str,
    routing_key: str,
    content_type: str,
    attributes: Mapping[str, Any],
    body: bytes,
) -> str:
    """The header's value. Raises ValueError for a line feed in what is signed: it could be read in two ways."""
    return f"{key.id};{time};{_digest(key, time, id, routing_key, content_type, attributes, body)}"


@dataclass(frozen=True)
class Signer:
    """Signs what the platform's own processes send to the platform."""

    key: Key
    clock: Clock

    def signed(self, routing_key: str, message: Message, wire: Wire) -> Wire:
        """The same with the header."""
        attributes = {} if is_structured(wire.content_type, wire.headers) else attributes_of(wire.headers)
        now = int(self.clock.now().timestamp())
        header = sign(self.key, now, message.id, routing_key, wire.content_type, attributes, wire.body)
        return replace(wire, headers={**wire.headers, HEADER: header})


def read(header: str) -> Signature:
    """What a header says. Raises ValueError when it is none."""
    key, time, digest = header.strip().split(";")
    if not 0 < len(time) <= 11:
        raise ValueError("no time in seconds since 1970")
    return Signature(key, int(time), digest)


def is_right(
    key: Key,
    signature: Signature,
    id: str,
    routing_key: str,
    content_type: str,
    attributes: Mapping[str, Any],
    body: bytes,
) -> bool:
    """Whether this key has made this signature of these."""
    try:
        wanted = _digest(key, signature.time, id, routing_key, content_type, attributes, body)
    except ValueError:
        return False
    return hmac.compare_digest(wanted.encode(), signature.digest.lower().encode())


def _digest(
    key: Key,
    time: int,
    id: str,
    routing_key: str,
    content_type: str,
    attributes: Mapping[str, Any],
    body: bytes,
) -> str:
    said = [f"{name}={_text(value)}" for name, value in sorted(attributes.items())]
    lines = [key.id, str(time), id, routing_key, content_type, *said]
    if any("\n" in line for line in lines):
        raise ValueError("a line feed in what is to be signed")
    made = hmac.new(
        key.secret.encode(), "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"), hashlib.sha256
    )
    made.update(b"\n")
    made.update(body)
    return made.hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
