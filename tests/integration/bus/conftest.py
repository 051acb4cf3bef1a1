"""The transports that the contract suite runs on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from processes.clock import ManualClock
from tests.integration.bus.transports import Amqp, Embedded, Transport


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("amqp", marks=pytest.mark.broker),
    ]
)
def transport(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Transport]:
    """Embedded on both databases, and AMQP."""
    made: Transport
    if request.param == "amqp":
        made = Amqp(request.getfixturevalue("amqp_url"))
    else:
        made = Embedded(request.getfixturevalue(f"{request.param}_database"), clock)
    yield made
    made.close()
