"""An entry of the log, the form that its hash is taken of, and the hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from processes.errors import BihuanError

SHA256, SM3 = "sha256", "sm3"
ALGORITHMS = (SHA256, SM3)
"""SHA-256 (FIPS 180-4), and SM3 (GB/T 32905) for who is bound to it."""

NOTHING = "0" * 64
"""What the first entry has as the hash of the one before."""

DONE, ASKED, REFUSED = "done", "asked", "refused"
"""Outcomes. ``asked``: noted before an act whose own transactions follow, so that none goes without a trace."""


class NoSuchHash(BihuanError):
    """The hash is not to be had on this machine."""

    def __init__(self, name: str) -> None:
        super().__init__(f"本机的密码库不提供散列算法 {name}", f"this machine's cryptography has no {name}")


@dataclass(frozen=True)
class Entry:
    """``seq`` counts from 1 without a gap; ``by``: an account, or a program; ``address``: where the request came from; ``about``: the object,
    as ``kind:id``; ``detail``: JSON; ``algorithm``: of ``hash``; ``previous``: the hash of the entry before."""

    seq: int
    at: datetime
    by: str
    address: str
    act: str
    about: str
    outcome: str
    detail: str
    algorithm: str
    previous: str
    hash: str = ""

    def digest(self) -> str:
        """What ``hash`` has to be."""
        values = {**_values(self), "hash": None}
        return _hashed(self.algorithm, _line(values).encode())

    def to_line(self) -> str:
        """As a line of a file: JSON, its keys sorted."""
        return _line(_values(self))

    @classmethod
    def from_line(cls, line: str) -> Entry:
        """Of a line of a file.

        :raises ValueError: when it is none
        """
        try:
            values: Any = json.loads(line)
            return cls(**{**values, "at": datetime.fromisoformat(values["at"])})
        except (TypeError, KeyError) as error:
            raise ValueError("no entry") from error


def detail_of(values: Mapping[str, Any]) -> str:
    """Details as they are kept: empty, or a JSON object."""
    return _line(values) if values else ""


def check(algorithm: str) -> None:
    """Raises :class:`NoSuchHash`."""
    _hashed(algorithm, b"")


def _values(entry: Entry) -> dict[str, Any]:
    # Its fields are texts and numbers: to copy them deep, as ``asdict`` does, takes longer than to hash them.
    return {**vars(entry), "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")}


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _hashed(algorithm: str, body: bytes) -> str:
    if algorithm == SHA256:
        return hashlib.sha256(body).hexdigest()
    if algorithm != SM3:
        raise NoSuchHash(algorithm)
    try:
        hasher = hashes.Hash(hashes.SM3())
    except UnsupportedAlgorithm as error:
        raise NoSuchHash(algorithm) from error
    hasher.update(body)
    return hasher.finalize().hex()
