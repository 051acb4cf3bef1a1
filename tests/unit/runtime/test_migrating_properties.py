"""Random processes and paths: an instance that is taken, somewhere on its way, to the same process under other ids does what it would have done."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reference.generators import ALL, FAMILIES, plays
from tests.reference.paths import Play
from tests.reference.renaming import migrated


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_an_instance_that_is_migrated_to_the_same_process_and_back_does_what_it_would_have_done(family: str) -> None:
    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(plays(ALL, family), st.data())
    def explore(play: Play, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, max(len(play.actions) - 1, 0)))
        migrated(play, at, data.draw(st.booleans()))

    explore()
