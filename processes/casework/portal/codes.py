"""The codes by which a problem of the portal is followed without an account: drawn by us, told once, kept as hashes."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Nobody takes one for another."""
_LENGTH = 8

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's least for Argon2id (Password Storage Cheat Sheet), a tenth of what a person's password is hashed with: a code is drawn at random, so that
whoever has the hashes would have to try 2^39 of them. It is tried in ~25 ms."""


def new() -> str:
    """A code that nobody has had."""
    return "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))


def hashed(code: str) -> str:
    """What is kept of a code. Takes a while: not within a transaction."""
    return _hasher.hash(code)


def fits(kept: str, typed: str) -> bool:
    """Whether a code, however it was typed, is the one behind a hash. Takes a while, and as long when there is none ("")."""
    plain = "".join(each for each in typed.upper()[:40] if each.isalnum())
    try:
        return _hasher.verify(kept or _nobodys(), plain) and bool(kept)
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return hashed("")
