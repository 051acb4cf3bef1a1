"""What this engine asks of a process that is to run here, beyond the standard.

In a file that was made for another engine these are notes, until it is to be deployed (``World.need``); what the engine refuses
altogether is an error in every process that is marked executable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from processes.notation.check.findings import Finding
from processes.notation.check.rules.engine import (
    activities,
    correlation,
    data,
    dialect,
    errors,
    expressions,
    flows,
    foreign,
    gateways,
    loops,
    messages,
    names,
    programs,
    refused,
    timers,
)
from processes.notation.check.world import World
from processes.notation.diagram import Diagram

MODULES = (
    programs, refused, flows, gateways, errors, timers, messages, activities, loops, data, dialect, expressions,
    foreign, names, correlation,
)  # fmt: skip
CHECKS: tuple[Callable[[Diagram, World], Iterable[Finding]], ...] = tuple(
    check for module in MODULES for check in module.CHECKS
)
