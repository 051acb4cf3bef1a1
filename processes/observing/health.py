"""Whether this process lives, and whether it is ready: what a supervisor or a load balancer asks.

A process *lives* when it answers at all. It is *ready* when each of its parts is: the database, the schema, the broker, the
scheduler, whichever it has. A part that is not ready says why, in Chinese for whoever looks and in English for the log.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from processes.errors import BihuanError

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that all parts together get to answer: who asks waits no longer, and a part that hangs is not ready."""

Check = Callable[[], None]
"""Returns when the part is ready; raises :class:`NotReady` (or anything) when it is not."""


class NotReady(BihuanError):
    """A part's own word that it can't work now, and why."""


@dataclass(frozen=True)
class Part:
    """What a part said. ``reason`` is Chinese; None: it is ready."""

    name: str
    title: str
    reason: str | None


@dataclass(frozen=True)
class Report:
    """What all parts said."""

    parts: Sequence[Part]

    @property
    def ready(self) -> bool:
        """Whether every part is ready."""
        return all(part.reason is None for part in self.parts)

    def to_dict(self) -> dict[str, Any]:
        """As JSON: ``ready``, and each part with its Chinese title and, when it is not ready, the reason."""
        parts = {
            part.name: {"title": part.title, "ready": part.reason is None, "reason": part.reason} for part in self.parts
        }
        return {"ready": self.ready, "parts": parts}


class Health:
    """The parts of a process. Checks run in threads of their own, so that one that hangs keeps nobody waiting."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._probes: list[_Probe] = []

    def add(self, name: str, title: str, check: Check) -> None:
        """Ask this part too; ``title`` is its Chinese name."""
        self._probes.append(_Probe(name, title, check))

    def look(self) -> Report:
        """Ask every part, all at once."""
        until = time.monotonic() + self._patience
        asked = [(probe, probe.begin()) for probe in self._probes]
        return Report([probe.answer(running, until) for probe, running in asked])


class _Probe:
    """One part: at most one check of it runs at a time, and whoever asks meanwhile waits for the same answer."""

    def __init__(self, name: str, title: str, check: Check) -> None:
        self._name = name
        self._title = title
        self._check = check
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def begin(self) -> _Running:
        with self._lock:
            if self._running is None or self._running.ended.is_set():
                self._running = _Running(self._check, self._name)
            return self._running

    def answer(self, running: _Running, until: float) -> Part:
        ended = running.ended.wait(max(until - time.monotonic(), 0.0))
        return Part(self._name, self._title, running.reason if ended else "没有及时回答")


class _Running:
    def __init__(self, check: Check, name: str) -> None:
        self.ended = threading.Event()
        self.reason: str | None = None
        threading.Thread(target=self._run, args=[check, name], name=f"health-{name}", daemon=True).start()

    def _run(self, check: Check, name: str) -> None:
        try:
            check()
        except BihuanError as error:
            self.reason = error.zh
        except Exception as error:
            log.warning("the check of %s failed", name, exc_info=True)
            self.reason = f"检查时出错（{type(error).__name__}）"
        finally:
            self.ended.set()
