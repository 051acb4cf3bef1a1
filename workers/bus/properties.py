"""The properties of a message that leaves, and how they are written.

Source: AMQP 0-9-1 specification, 4.2.5.3 (short strings), 4.2.5.5 (field tables), 4.2.6.1 (content header).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pika
import pika.exceptions

SHORT_STRING = 255
"""Bytes that fit into AMQP's short strings (routing key, message id, type, correlation id, names of headers)."""

PERSISTENT: int = pika.DeliveryMode.Persistent.value

_FIXED = 1 << 15 | 1 << 13 | 1 << 12
_CORRELATION_ID, _REPLY_TO, _MESSAGE_ID, _TIMESTAMP, _TYPE = 1 << 10, 1 << 9, 1 << 7, 1 << 6, 1 << 5
"""The flags that tell which properties follow, in this order: content type, headers and delivery mode always do."""


class Properties(pika.BasicProperties):
    """Persistent, with what other clients look for first. The same bytes as pika would write, but all at once: a table of texts costs it ten
    calls a value, most of what it takes to publish a small message."""

    def __init__(
        self,
        *,
        content_type: str | None,
        headers: Mapping[str, Any],
        message_id: str | None,
        type: str | None,
        correlation_id: str | None,
        timestamp: int | None,
        reply_to: str | None = None,
    ) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            content_type, None, headers, PERSISTENT, None, correlation_id, reply_to, None, message_id, timestamp, type
        )

    def encode(self) -> list[bytes]:
        """The property flags and list. Raises ShortStringTooLong and UnsupportedAMQPFieldException for what AMQP cannot hold."""
        if self.content_type is None or not all(type(value) is str for value in self.headers.values()):
            encoded: list[bytes] = super().encode()  # type: ignore[no-untyped-call]
            return encoded
        table = b"".join([part for name, value in self.headers.items() for part in _field(name, value.encode())])
        flags, rest = _FIXED, list[bytes]()
        for flag, text in (
            (_CORRELATION_ID, self.correlation_id),
            (_REPLY_TO, self.reply_to),
            (_MESSAGE_ID, self.message_id),
        ):
            if text is not None:
                flags |= flag
                rest.append(_short(text))
        if self.timestamp is not None:
            flags |= _TIMESTAMP
            rest.append(struct.pack(">Q", self.timestamp))
        if self.type is not None:
            flags |= _TYPE
            rest.append(_short(self.type))
        head = struct.pack(">H", flags) + _name(self.content_type) + struct.pack(">I", len(table))
        return [head, table, bytes((PERSISTENT,)), *rest]


def _field(name: str | bytes, value: bytes) -> tuple[bytes, bytes, bytes]:
    return _name(name), struct.pack(">cI", b"S", len(value)), value


def _short(text: str | bytes) -> bytes:
    """Bytes are what came with a message and is no UTF-8: they go on as they came."""
    encoded = text if isinstance(text, bytes) else text.encode()
    if len(encoded) > SHORT_STRING:
        raise pika.exceptions.ShortStringTooLong(encoded)
    return bytes((len(encoded),)) + encoded


_name = lru_cache(1000)(_short)
"""Names of headers and content types: the same few again and again."""
