"""The API holds what its document says, whatever is thrown at it: see ``hammering``. ``HAMMER_EXAMPLES`` and ``HAMMER_SEED`` throw more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gateway.hammering import Target, furnished, hammer, operations, served, without_token
from tests.integration.gateway.world import build

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def target(postgres_url: str, tmp_path: Path) -> Iterator[Target]:
    world = build(tmp_path, url=postgres_url)
    with served(world) as url:
        yield furnished(world, url)
    world.services.database.dispose()


def test_nothing_that_is_thrown_at_it_makes_it_fail_or_answer_what_is_not_declared(target: Target) -> None:
    found = operations(target)
    assert len(found) > 70
    for operation in found:
        without_token(operation)
        assert hammer(target, operation) > 0, operation.label
