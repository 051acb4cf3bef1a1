"""Faults on demand: what goes wrong with real systems, switched on through ``POST /control/faults``."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, replace
from typing import Any

from workers.standins.system import Refused

KINDS = {
    "slow": "waits `seconds`, then does its work",
    "status": "answers `status` (503) without doing anything, with Retry-After `retry_after` when given",
    "reset": "breaks the connection without doing anything",
    "lost_reply": "does its work, then breaks the connection",
    "drip": "does its work, then sends the reply a byte every `seconds`",
    "garbage": "does its work, then answers what is no JSON",
    "duplicate_push": "sends a message to the platform twice",
    "hold_push": "sends no messages until it is cleared",
}


@dataclass(frozen=True)
class Fault:
    """``times`` None: until cleared. ``path``: only requests whose path contains it."""

    system: str
    kind: str
    times: int | None = 1
    path: str = ""
    seconds: float = 1.0
    status: int = 503
    retry_after: float | None = None


class Faults:
    """What is switched on now; not kept over a restart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, wanted: dict[str, Any]) -> Fault:
        """Switch one on. Raises :class:`Refused`."""
        if wanted.get("kind") not in KINDS:
            raise Refused(422, "fault_unknown", f"没有这种故障，有：{'、'.join(KINDS)}")
        try:
            fault = Fault(**wanted)
        except TypeError as error:
            raise Refused(422, "fault_unknown", f"故障的字段不对：{error}") from None
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all off."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """What is on."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, system: str, path: str, *kinds: str) -> Fault | None:
        """The first fault of these kinds that applies; it is used up by one."""
        with self._lock:
            for number, fault in enumerate(self._faults):
                if fault.kind in kinds and fault.system in (system, "*") and fault.path in path:
                    if fault.times is not None and fault.times <= 1:
                        del self._faults[number]
                    elif fault.times is not None:
                        self._faults[number] = replace(fault, times=fault.times - 1)
                    return fault
        return None

    def on(self, system: str, kind: str) -> bool:
        """Whether a lasting fault is on; it is not used up."""
        with self._lock:
            return any(fault.kind == kind and fault.system in (system, "*") for fault in self._faults)
