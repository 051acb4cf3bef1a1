"""The contenders of the pipeline bench, for a few seconds: what they measure is measured elsewhere; here they must work and account for it all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.benchmarks.rig.contenders import BASELINES, PARTS, Naive, Ours
from tests.benchmarks.rig.servers import Servers
from tests.servers import install

pytestmark = [pytest.mark.broker, pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    problem = install.ensure(["rabbitmq-server", "postgresql"])
    if problem:
        pytest.skip(problem)
    with Servers() as servers:
        yield servers


def test_our_engine_ends_all_that_was_started(servers: Servers) -> None:
    contender = Ours(servers, window=20)
    turn = contender.turn(3.0, rate=5.0)
    assert (turn.unfinished, contender.amiss) == (0, [])
    assert 0 < turn.finished < contender.load.published  # the warm-up is not measured
    assert set(turn.cpu) == set(PARTS)


@pytest.mark.skipif(not BASELINES.exists(), reason="the yardstick is not here")
def test_the_naive_way_ends_all_that_was_started(servers: Servers) -> None:
    contender = Naive(servers, window=20)
    turn = contender.turn(3.0, rate=5.0)
    assert turn.unfinished == 0
    assert 0 < turn.finished < contender.load.published
