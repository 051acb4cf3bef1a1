"""Every route, by everybody, for things of one's own and of others: the access matrix."""

from __future__ import annotations

import pytest

from tests.integration.gateway.access.matrix import Copies, missing
from tests.integration.gateway.access.running import Report, effects, refusals_and_reading
from tests.integration.gateway.world import World

pytestmark = pytest.mark.slow


def test_the_table_says_of_every_endpoint_whose_it_is(world: World) -> None:
    assert missing(world.app) == []


def test_nobody_gets_further_than_the_table_says_and_a_refusal_leaves_no_trace(copies: Copies) -> None:
    _holds(refusals_and_reading(copies.stage, copies.folder))


def test_whoever_may_can_and_it_has_its_effect(copies: Copies) -> None:
    _holds(effects(copies))


def _holds(report: Report) -> None:
    print(f"{len(report.outcomes)} cells", *report.wrong, sep="\n")
    assert report.wrong == []
