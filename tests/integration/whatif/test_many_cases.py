"""Cases run on the real engine and played again on drafts: what differs is what a query finds (``python -m tests.whatif`` does it at any size)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from processes.whatif.comparison import DIVERGED, ELSEWHERE, SAME
from processes.whatif.trace import TASK
from tests.whatif import drafts
from tests.whatif.cases import Crowd
from tests.whatif.counting import Counted, count, queried

CASES = 40


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    """Some cases."""
    found = Crowd(seed=5)
    found.live(CASES)
    return found


def counted(crowd: Crowd, draft: Mapping[str, bytes]) -> Counted:
    found = count(crowd, draft, crowd.instances())
    assert sum(found.numbers.values()) == CASES
    return found


def test_a_draft_that_means_the_same_differs_in_no_case(crowd: Crowd) -> None:
    draft = drafts.same(crowd.files)
    assert draft[drafts.HANDOFF] != crowd.files[drafts.HANDOFF]
    found = counted(crowd, draft)
    assert found.numbers == {SAME: CASES}, found.strange


def test_another_route_makes_a_difference_to_those_that_went_there(crowd: Crowd) -> None:
    found = counted(crowd, drafts.routed(crowd.files))
    wanted = queried(crowd, drafts.ROUTED)
    assert 0 < len(wanted) < CASES
    assert found.differing == found.of(ELSEWHERE) == wanted
    for each in found.strange:
        before, after = each.verdict.before, each.verdict.after
        assert before is not None
        assert after is not None
        assert (before.kind, before.name, before.kind, after.name) == (TASK, "签收", TASK, "签收")
        assert "330502.finance" in before.where
        assert "330502.policy" in after.where


def test_a_new_task_has_no_recorded_answer_and_is_counted_apart(crowd: Crowd) -> None:
    found = counted(crowd, drafts.reviewed(crowd.files))
    wanted = queried(crowd, drafts.REVIEWED)
    assert 0 < len(wanted) < CASES
    assert found.of(DIVERGED) == wanted
    assert found.of(SAME, DIVERGED) == set(crowd.instances())
    assert {each.verdict.after and each.verdict.after.name for each in found.strange} == {"法律审核"}
