"""A connection on an event loop that sends what is written in one turn of the loop with one system call.

pika hands each frame of a message to the system by itself: three calls a message, each of which wakes the broker up. Here they go together.
"""

from __future__ import annotations

from typing import Any

import pika


class Connection(pika.SelectConnection):
    """Like pika's, otherwise."""

    _unsent: list[bytes]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._unsent = []
        super().__init__(*arguments, **options)

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._unsent:
            self.ioloop.call_later(0, self._send)
        self._unsent.append(data)

    def _send(self) -> None:
        data, self._unsent = b"".join(self._unsent), []
        if self._transport is not None:  # else it was lost meanwhile
            super()._adapter_emit_data(data)
