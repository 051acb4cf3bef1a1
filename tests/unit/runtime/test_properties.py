"""Random processes and paths: the engine does what an independent, simple interpreter does, and a restart after every step changes nothing.

More of them, with a seed: ``python -m tests.reference --examples 10000 --seed 7``.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.reference.driver import compare, restarted
from tests.reference.generators import FAMILIES, plays
from tests.reference.paths import Play

KINDS = frozenset(
    {
        "script", "user", "service", "manual", "rule", "scripts", "message", "signal", "timer", "none", "sequence", "exclusive", "parallel",
        "sub-process", "call", "message of another", "error of a job", "terminate", "boundary", "timer date", "any code", "error variable",
    }
)  # fmt: skip
"""What the engine on SpiffWorkflow executes as BPMN wants it."""


@pytest.mark.parametrize("family", [family for family, blocks in FAMILIES.items() if KINDS & set(blocks)])
def test_engine_and_reference_tell_the_same_and_a_restart_after_every_step_changes_nothing(family: str) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(plays(KINDS, family))
    def explore(play: Play) -> None:
        assert restarted(play) == compare(play)

    explore()
