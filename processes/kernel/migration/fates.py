"""What becomes of an active step, and of an event that an active step or scope waits for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from processes.kernel.plan import Element

KEPT, RESET, STUCK = "kept", "reset", "stuck"
"""A step goes on as it is; is begun anew; cannot be moved."""

DROPPED, ARMED = "dropped", "armed"
"""An event on the border of a step, or of an event sub-process, is waited for no more; is waited for from now on."""


class Fate(NamedTuple):
    """``element`` is the old version's (of what is ARMED the new one's); ``target`` the new one's, None where there is none. ``zh`` and ``en``: why,
    empty when there is nothing to be said."""

    what: str
    element: Element
    target: Element | None
    zh: str = ""
    en: str = ""


def verdict(fates: Iterable[Fate]) -> str:
    """What becomes of the whole instance: STUCK when one of its steps is, else RESET when something is begun anew, else KEPT."""
    found = {fate.what for fate in fates}
    return STUCK if STUCK in found else RESET if RESET in found else KEPT
