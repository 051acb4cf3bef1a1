"""The transports that the contract suite runs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from processes.clock import ManualClock
from tests.integration.bus.transports import TOPICS, Amqp, Embedded, MakeBus, Transport
from workers.bus.amqp import AmqpBus
from workers.bus.delivery import Ladder


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


@pytest.fixture
def make_bus(amqp_url: str) -> Iterator[MakeBus]:
    """Makes buses that are stopped at the end."""
    made: list[AmqpBus] = []

    def make(**options: Any) -> AmqpBus:
        bus = AmqpBus(amqp_url, topics=TOPICS, ladder=Ladder((0.1, 0.2)), **options)
        made.append(bus)
        return bus

    yield make
    for bus in made:
        bus.stop(5.0)
