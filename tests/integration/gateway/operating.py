"""Short ways to make something happen that operators look after."""

from __future__ import annotations

import re
from datetime import timedelta

from processes.messaging.bus import Address, Message
from processes.messaging.inlet import Receipt
from processes.messaging.tally import MESSAGE, Tally
from processes.store import outbox
from processes.store.outbox import Outgoing
from processes.store.traffic import Traffic
from tests.integration.gateway.world import World


def give_up(
    world: World,
    id: str,
    *,
    address: Address = Address.JOBS,
    topic: str = "notice.send",
    reason: str = "通知系统连续 9 次没有应答",
) -> None:
    """A message that was given up."""
    now = world.clock.now()
    sent = Message(
        id, topic, "/platform", now, {"subject": "催办", "text": "<b>请及时办理</b>"}, extensions={"jobid": id}
    )
    with world.services.database.write() as connection:
        outbox.put(connection, [Outgoing(address, topic, sent)], now)
        rows = {row.message.id: row.id for row in outbox.lease(connection, now, 1_000, now + timedelta(minutes=1))}
        outbox.bury(connection, rows.pop(id), reason, now)
        outbox.release(connection, rows.values())


def receive(world: World, id: str, data: object, *, type: str = "hotline.order", partner: str = "hotline") -> Receipt:
    """A partner's message, through the inlet."""
    sent = Message(id, type, "/tests", world.clock.now(), data, extensions={"partner": partner})
    return world.services.inlet.receive(sent)


def count(world: World, partner: str, type: str, ended: str, times: int = 1) -> None:
    """So many messages came, and are written down."""
    tally = Tally()
    for _ in range(times):
        tally.note(MESSAGE, partner, type, ended)
    Traffic(world.services.database, world.clock, tally).write()


def row(page: str, having: str) -> str:
    """The table row that has something in it."""
    return next(each for each in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if having in each)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form that puts all letters back."""
    form = re.search(r'<form[^>]*action="/operations/dead-letters/replay-all".*?</form>', page, re.DOTALL)
    assert form
    return dict(re.findall(r'name="(before|total|done|tried|deed)" value="([^"]*)"', form.group(0)))
