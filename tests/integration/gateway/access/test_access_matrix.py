"""Every route, by everybody, for things of one's own and of others: the access matrix."""

from __future__ import annotations

import pytest

from tests.integration.gateway.access.matrix import Theatre, missing
from tests.integration.gateway.access.running import Report, effects, refusals_and_reading

pytestmark = pytest.mark.slow


def test_the_table_says_of_every_endpoint_whose_it_is(theatre: Theatre) -> None:
    assert missing(theatre.stage.world.app) == []


def test_nobody_gets_further_than_the_table_says_and_a_refusal_leaves_no_trace(theatre: Theatre) -> None:
    _holds(refusals_and_reading(theatre))


def test_whoever_may_can_and_it_has_its_effect(theatre: Theatre) -> None:
    _holds(effects(theatre))


def _holds(report: Report) -> None:
    print(f"{len(report.outcomes)} cells", *report.wrong, sep="\n")
    assert report.wrong == []
