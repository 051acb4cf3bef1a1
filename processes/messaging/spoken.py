"""What the inlet makes of a message for a case, and what is known of whoever speaks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processes.errors import BihuanError
from processes.messaging.contract import Asked


class NotTaken(BihuanError):
    """A door's word that this message can never be taken (an unknown channel, a job that never was); it is kept."""


@dataclass(frozen=True)
class Speaker:
    """A partner that speaks of a case, and what its message's contract asks of it (``Contract.over_channel``, ``Contract.asked``).
    ``zh``, ``en``: the case as the partner named it."""

    partner: str
    over_channel: bool
    asked: Asked | None
    zh: str
    en: str

    def unknown(self) -> NotTaken:
        """The refusal of a message of no case, or of one that is none of the speaker's: the same, so that nobody learns which cases there are."""
        return NotTaken(
            f"{self.zh} 没有对应的问题，或者不归 {self.partner} 来信",
            f"{self.en}: there is no such case, or {self.partner} may not speak of it",
        )


@dataclass(frozen=True)
class Correlation:
    """A message for a case. ``texts``: the payload's fields that are people's words and belong in rows of their own."""

    message: str
    key: str
    payload: Mapping[str, Any]
    place: str = ""
    texts: tuple[str, ...] = ()
    live: bool = False
    """only for a case that is not closed, and with ``holders`` in its payload: see ``Contract.live``"""
    speaker: Speaker | None = None
    """whose word it is, where that is to be judged by the case"""
    orders: bool = False
    """with ``orders`` in its payload: see ``Contract.orders``"""


@dataclass(frozen=True)
class References:
    """What other systems gave as results of a case's jobs of a topic: the references that hold, those that were cancelled, and whether
    one may still come."""

    valid: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    awaited: bool = False
