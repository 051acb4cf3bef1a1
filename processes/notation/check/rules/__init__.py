"""Our own rules.

``standard``: what BPMN 2.0 itself demands of a file, executable or not. ``engine``: what this engine asks of a process that is to run
here. ``style``: notes that help a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from processes.notation.check.findings import Finding
from processes.notation.check.rules import engine, soundness, standard, style
from processes.notation.check.world import World
from processes.notation.diagram import Diagram

Check = Callable[[Diagram, World], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (*standard.CHECKS, *engine.CHECKS, *style.CHECKS, *soundness.CHECKS)
