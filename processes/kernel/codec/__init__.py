"""The state of a running instance as compact bytes, and back.

A state is one blob, and parts beside it: big variables (``v:HASH``, written once) and groups of turns of wide loops (``t:TOKEN:GROUP``,
each written when it has changed), so that a command writes what it has touched and not the whole of a giant instance.

The blob is ``b"2"`` (the format's version) and zstd-compressed JSON. Plans are not stored (the definition's id is): nodes go by their ids.
Variables are stored as what differs from those around them. The order of keys matters: never put a blob into a JSONB column.
"""

from __future__ import annotations

from processes.kernel.codec.form import FORMAT, NotJson, State, Written
from processes.kernel.codec.reading import load
from processes.kernel.codec.writing import dump

__all__ = ["FORMAT", "NotJson", "State", "Written", "dump", "load"]
