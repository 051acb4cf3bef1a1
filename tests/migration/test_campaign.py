"""A small part of the campaign, and its own parts: what a case must have gone through, and what is drawn."""

from __future__ import annotations

from collections import Counter

import pytest

from processes.kernel import migration
from processes.kernel.compiler import compile_process
from tests.migration.__main__ import main
from tests.migration.cases import POSITIONS, Case, draw, way
from tests.migration.models import BLOCK, CALLED, PROCESS, VOTE, new, old


def test_the_shares_make_a_hundred_and_every_position_is_drawn() -> None:
    assert sum(each.share for each in POSITIONS) == 100
    assert {each.position.name for each in draw(100, 1)} == {each.name for each in POSITIONS}


def test_the_proposal_finds_every_step_that_both_versions_have() -> None:
    found = migration.to_json(migration.proposed(compile_process(old(), PROCESS), compile_process(new(), PROCESS)))
    assert {step: found.get(f"{PROCESS}/{step}", "").rpartition("/")[2] for step in CALLED} == CALLED
    assert f"{PROCESS}/old" not in found


def test_what_has_been_put_in_before_is_asked_only_of_those_that_come_by() -> None:
    early, late = Case("C1", POSITIONS[0], VOTE), Case("C2", POSITIONS[0], BLOCK)
    assert "legal" in way(early, True, Counter())
    assert "legal" not in way(early, True, Counter(answer=1))
    assert "legal" not in way(early, False, Counter())
    assert (way(late, True, Counter())["q3"], way(late, True, Counter(q1=1))["q3"]) == (1, 0)


@pytest.mark.slow
@pytest.mark.postgres
def test_no_case_of_a_small_campaign_is_broken() -> None:
    assert main(["--cases", "100", "--seed", "5", "--every", "4"]) == 0
