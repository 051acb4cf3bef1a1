"""Connections to the broker: one on an event loop that sends what is written in one turn of the loop with one system call, and one for a
few questions.

pika hands each frame of a message to the system by itself: three calls a message, each of which wakes the broker up. Here they go together.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pika
import pika.exceptions
import pika.frame
from pika.adapters.blocking_connection import BlockingConnection

from processes.messaging.bus import BusAway

UNREADABLE = "bihuan-unreadable"
"""The one header of a message whose properties cannot be read: they are its value, as they came."""

_HEADER_FRAME = 2
_FRAME_START = 7
"""bytes of a frame before what is in it: type, channel, size"""
_PROPERTIES = 12
"""bytes of a header frame before the properties: class, weight, body size"""
_READ = 16384
"""bytes asked of the system at a time, for four times pika's: each call lets other threads in, and waits for its turn again"""


class Connection(pika.SelectConnection):
    """Like pika's, otherwise."""

    _unsent: list[bytes]
    _frame_buffer: bytes

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._unsent = []
        super().__init__(*arguments, **options)

    def _proto_connection_made(self, transport: Any) -> None:
        transport._MAX_RECV_BYTES = _READ
        super()._proto_connection_made(transport)

    def _read_frame(self) -> tuple[int, Any]:
        """A message whose header table no decoder can read (a time in the year 292277026596, tables nested a thousand deep) would end the
        connection, again and again, and take its neighbours along. Here it comes without its properties, to be refused."""
        try:
            found: tuple[int, Any] = super()._read_frame()
        except Exception:
            kind, channel, size = struct.unpack_from(">BHL", self._frame_buffer)
            if kind != _HEADER_FRAME:
                raise
            inside = self._frame_buffer[_FRAME_START : _FRAME_START + size]
            (length,) = struct.unpack_from(">Q", inside, 4)
            headers = {UNREADABLE: bytes(inside[_PROPERTIES:])}
            properties: Any = pika.BasicProperties
            return _FRAME_START + size + 1, pika.frame.Header(channel, length, properties(headers=headers))
        return found

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._unsent:
            self.ioloop.call_later(0, self._send)
        self._unsent.append(data)

    def _send(self) -> None:
        data, self._unsent = b"".join(self._unsent), []
        if self._transport is not None:  # else it was lost meanwhile
            super()._adapter_emit_data(data)


@contextmanager
def visit(parameters: pika.connection.Parameters) -> Iterator[BlockingConnection]:
    """A connection for as long as the block lasts. Whatever the broker has against it is :class:`BusAway`."""
    try:
        connection = BlockingConnection(parameters)
    except (pika.exceptions.AMQPError, OSError) as error:
        raise BusAway(f"{type(error).__name__}: {error}") from error
    try:
        yield connection
        connection.close()
    except pika.exceptions.AMQPError as error:
        raise BusAway(f"{type(error).__name__}: {error}") from error
    finally:
        if connection.is_open:
            with suppress(pika.exceptions.AMQPError):
                connection.close()
