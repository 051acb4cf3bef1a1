"""Random processes and paths: the engine does what an independent, simple interpreter does, and a restart after every step changes nothing.

More of them, with a seed: ``python -m tests.reference --examples 10000 --seed 7``.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.reference.driver import compare, restarted
from tests.reference.generators import ALL, FAMILIES, plays
from tests.reference.paths import Play


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_engine_and_reference_tell_the_same_and_a_restart_after_every_step_changes_nothing(family: str) -> None:
    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(plays(ALL, family))
    def explore(play: Play) -> None:
        assert restarted(play) == compare(play)

    explore()
