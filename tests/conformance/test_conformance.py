"""Every construct: the right trace, also when the state was stored between the steps, or the refusal."""

from __future__ import annotations

import pytest

from tests.conformance.case import Case, cases
from tests.conformance.pattern import mismatch
from tests.conformance.play import Player, errors, refuse

ALL = list(cases())
EXECUTED = [case for case in ALL if not case.refusals]
REFUSED = [case for case in ALL if case.refusals]


@pytest.mark.parametrize("case", EXECUTED, ids=str)
def test_it_runs_as_the_standard_says(case: Case) -> None:
    assert errors(case) == {}
    outcomes = []
    for forgetful in (False, True):
        player = Player(case, forgetful=forgetful)
        player.play()
        outcomes.append(player.outcome())
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_it_is_refused_at_its_element(case: Case) -> None:
    refuse(case)


def test_a_trace_with_open_order_takes_every_interleaving_and_nothing_else() -> None:
    pattern = "begin (a b | c) done"
    for trace in ("begin a b c done", "begin a c b done", "begin c a b done"):
        assert mismatch(pattern, trace.split()) is None
    for trace in ("begin b a c done", "begin a b done", "begin a b c", "begin a b c done done", ""):
        assert mismatch(pattern, trace.split()) is not None
