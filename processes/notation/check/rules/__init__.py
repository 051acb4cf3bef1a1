"""Our own rules, module by module: what the engine would run wrongly in silence is refused here, with the way to draw it instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from processes.notation.check.findings import Finding
from processes.notation.check.rules import (
    activities,
    data,
    dialect,
    events,
    expressions,
    flows,
    gateways,
    ids,
    loops,
    messages,
    references,
    soundness,
    triggers,
)
from processes.notation.check.world import World
from processes.notation.diagram import Diagram

Check = Callable[[Diagram, World], Iterable[Finding]]

MODULES = (ids, references, flows, gateways, events, triggers, messages, activities, loops, data, dialect, expressions)
CHECKS: tuple[Check, ...] = (*(check for module in MODULES for check in module.CHECKS), *soundness.CHECKS)
