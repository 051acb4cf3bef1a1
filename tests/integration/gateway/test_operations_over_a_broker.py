"""The operators' page and API on a platform with a broker: its queues, and dead letters of both the broker and the outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from processes.clock import SystemClock
from processes.messaging.bus import Address, Message, Reject
from processes.messaging.jobs import CATALOGUE
from tests.integration.bus.transports import Inbox, eventually, message, started
from tests.integration.gateway.conftest import Browser, Program
from tests.integration.gateway.operating import give_up
from tests.integration.gateway.world import World
from workers.bus.amqp import AmqpBus
from workers.bus.upkeep import BothUpkeep

pytestmark = pytest.mark.broker


@pytest.fixture
def bus(amqp_url: str, world: World) -> Iterator[AmqpBus]:
    """The broker's bus, which the world's upkeep is about."""
    made = AmqpBus(amqp_url, topics=tuple(CATALOGUE))
    upkeep = BothUpkeep(made, world.services.database, SystemClock())
    object.__setattr__(world.services, "upkeep", upkeep)
    yield made
    made.stop(5.0)


def test_an_operator_sees_the_broker_and_puts_its_letters_back(
    world: World, bus: AmqpBus, browser: Callable[..., Browser], operator: Program
) -> None:
    box = Inbox(Reject("通知系统不认识这个收件人"))
    bus.subscribe(Address.JOBS, ["notice.send"], box)
    started(bus)
    sent: Message = message("m-1", type="notice.send")
    bus.send(Address.JOBS, "notice.send", sent)
    eventually(bus.dead_letters)
    give_up(world, "m-2", topic="no.such", reason="没有队列")
    admin = browser("wx.yun")

    page = admin.get("/operations/")
    assert "死信 2 条" in page
    for queue in ("inbox", "outbox", "dead", "wait.1000"):
        assert f"<code>{queue}</code>" in page
    assert "没有引擎在取" in page
    queues = {each["name"]: each for each in operator.get("/api/queues")["queues"]}
    assert (queues["jobs.notice.send"]["consumers"], queues["jobs.rating.request"]["consumers"]) == (1, 0)

    letters = admin.get("/operations/dead-letters")
    assert "通知系统不认识这个收件人" in letters
    assert "没有队列" in letters
    ids = [each["id"] for each in operator.get("/api/dead-letters")["dead_letters"]]
    admin.post("/operations/dead-letters/replay", {"id": ids}, "/operations/dead-letters")
    assert "已重新投递 2 条" in admin.get("/operations/dead-letters")
    assert box.wait(2) == [sent, sent]
