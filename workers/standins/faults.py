"""Faults on demand: what goes wrong with real systems, switched on through ``POST /control/faults``."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from workers.standins.system import Refused

BEFORE = {
    "slow": "waits `seconds`, then does its work",
    "status": "answers `status` (503) without doing anything, with Retry-After `retry_after` when given",
    "reset": "breaks the connection without doing anything",
}
"""faults that a request meets before its effect"""

AFTER = {
    "lost_reply": "does its work, then breaks the connection",
    "drip": "does its work, then sends the reply a byte every `seconds`",
    "garbage": "does its work, then answers what is no JSON",
    "wrong_schema": "does its work, then answers JSON that lacks everything it should say",
    "wrong_type": "does its work, then calls its reply a web page",
    "truncated": "does its work, then sends half of the reply and closes the connection",
    "huge": "does its work, then sends a reply of `size` bytes",
}
"""faults that a request meets after its effect"""

PUSHES = {
    "duplicate_push": "sends a message to the platform twice, under one id",
    "copy_push": "sends a message to the platform again under another id",
    "late_push": "lets the messages after it go first, for up to `seconds`",
    "broken_push": "sends a message with every value of a wrong type; it must be asked to send it again",
    "hold_push": "sends no messages until it is cleared",
}
"""faults of messages on their way to the platform; their ``path`` is the message's type"""

KINDS = {**BEFORE, **AFTER, **PUSHES}

MEBIBYTE = 1024 * 1024
LARGEST = 64 * MEBIBYTE
"""bytes of a reply that ``huge`` may be told to send"""


@dataclass(frozen=True)
class Fault:
    """``times`` None: until cleared. ``system``: ``*`` for all. ``path``: only requests whose path contains it.

    ``probability`` below 1: it comes by chance, as ``seed`` says: the same requests in the same order meet the same faults.
    """

    system: str
    kind: str
    times: int | None = 1
    path: str = ""
    seconds: float = 1.0
    status: int = 503
    retry_after: float | None = None
    size: int = 2 * MEBIBYTE
    probability: float = 1.0
    seed: int = 0


class _Switched:
    """A fault that is on: how often it may still come, and its dice."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.times
        self._dice = random.Random(fault.seed)

    @property
    def used_up(self) -> bool:
        return self.left is not None and self.left <= 0

    def comes(self) -> bool:
        """Whether it comes this time; if so, it is used up by one."""
        if self.fault.probability < 1 and self._dice.random() >= self.fault.probability:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """What is switched on now, and how often each has come; not kept over a restart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[_Switched] = []
        self._taken: Counter[tuple[str, str]] = Counter()

    def add(self, wanted: dict[str, Any]) -> Fault:
        """Switch one on. Raises :class:`Refused`."""
        if wanted.get("kind") not in KINDS:
            raise Refused(422, "fault_unknown", f"没有这种故障，有：{'、'.join(KINDS)}")
        try:
            fault = Fault(**wanted)
        except TypeError as error:
            raise Refused(422, "fault_unknown", f"故障的字段不对：{error}") from None
        _check(fault)
        with self._lock:
            self._faults.append(_Switched(fault))
        return fault

    def clear(self) -> None:
        """Switch all off; what has come stays counted."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """What is on; ``times`` is how often each may still come."""
        with self._lock:
            return [{**asdict(each.fault), "times": each.left} for each in self._faults]

    def taken(self) -> dict[str, dict[str, int]]:
        """System → kind → how often it has come since the start."""
        found: dict[str, dict[str, int]] = {}
        with self._lock:
            for (system, kind), times in sorted(self._taken.items()):
                found.setdefault(system, {})[kind] = times
        return found

    def take(self, system: str, path: str, *kinds: str) -> Fault | None:
        """The first fault of these kinds that comes now; it is used up by one."""
        with self._lock:
            for each in self._faults:
                fault = each.fault
                fits = fault.kind in kinds and fault.system in (system, "*") and fault.path in path
                if fits and each.comes():
                    self._taken[system, fault.kind] += 1
                    self._faults = [one for one in self._faults if not one.used_up]
                    return fault
        return None

    def on(self, system: str, kind: str) -> bool:
        """Whether a lasting fault is on; it is not used up."""
        with self._lock:
            return any(each.fault.kind == kind and each.fault.system in (system, "*") for each in self._faults)


def _check(fault: Fault) -> None:
    """A wrong number is told to whoever switches the fault on, not to whom it would have met."""
    whole = (fault.status, fault.size, fault.seed, fault.times or 0)
    real = (fault.seconds, fault.probability, fault.retry_after or 0)
    sound = (
        all(isinstance(each, str) for each in (fault.system, fault.path))
        and all(type(each) is int for each in whole)
        and all(type(each) in (int, float) for each in real)
    )
    if not sound:
        raise Refused(422, "fault_unknown", "故障的字段类型不对")
    if not (
        0 <= fault.probability <= 1 and 0 < fault.size <= LARGEST and fault.seconds >= 0 and 300 <= fault.status < 600
    ):
        raise Refused(422, "fault_unknown", "故障的字段超出范围")
