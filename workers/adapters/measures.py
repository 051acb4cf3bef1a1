"""What is counted and shown of the systems that are called."""

from __future__ import annotations

from processes.observing.metrics import counter, gauge

BREAKER = gauge("breaker_state", "Circuit breaker of an external system: 0 closed, 1 half-open, 2 open", "system")
CALLS = counter(
    "external_calls", "Calls of external systems: answered, trouble, held back by the breaker", "system", "outcome"
)
