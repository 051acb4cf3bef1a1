"""What is stored of an instance: the format, and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from processes.errors import BihuanError
from processes.kernel.data import Data
from processes.kernel.errors import StepFailed
from processes.kernel.state import JOINING, READY, WAITING
from processes.packing import compress, decompress

FORMAT = b"2"

LONG = 8_192
"""Bytes of a blob from which on it is worth looking for big variables in it."""

BIG = 2_048
"""Bytes of a variable that is kept in a part of its own."""

STATES = (READY, WAITING, JOINING)
NOTHING: Data = {}
MISSING = object()


class NotJson(StepFailed):
    """What the step has brought cannot be stored: a variable is not JSON, or something is nested too deep."""


@dataclass(frozen=True)
class State:
    """What is stored of an instance."""

    blob: bytes
    parts: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What is to be stored: the blob, the parts that are new or have changed, the names of those that are gone, and how many there are then."""

    blob: bytes
    parts: Mapping[str, bytes]
    gone: frozenset[str]
    count: int


def pack(value: Any) -> bytes:
    """A blob."""
    return FORMAT + compress(value)


def unpack(blob: bytes) -> Any:
    """What :func:`pack` packed."""
    if blob[:1] != FORMAT:
        raise BihuanError(f"不认识的状态格式 {blob[:1]!r}", f"unknown state format {blob[:1]!r}")
    return orjson.loads(decompress(blob[1:]))
