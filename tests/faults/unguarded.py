"""``python -m tests.faults.unguarded GUARD …``: ``app.py …`` with one of its guards taken away.

To show that the checker sees what a guard is there for. The product has no such switch: the guard is replaced from outside, here.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from tests.faults import lasting


def _without_inbox() -> None:
    """Which commands have had their effect is written down as ever, and nobody reads it."""
    from processes.runtime.unit import Unit

    inbox: Any = importlib.import_module("processes.store.inbox")
    settle = inbox.settle

    def forgetful(*how: Any) -> bool:
        settle(*how)
        return True

    inbox.settle = forgetful
    inbox.result = lambda *_: None
    inbox.SETTLED.checked = False
    known = Unit.known

    def ignorant(self: Any, commands: Any) -> Any:
        known(self, commands)
        return {}

    Unit.known = ignorant  # type: ignore[method-assign]


def _without_version() -> None:
    """Two who change an instance at once do not notice each other: no lock on its row, no look at its version."""
    from processes.runtime import unit

    unit._LOCK._locked = False
    unit._VERSION["postgresql"] = _replaced(unit._VERSION["postgresql"], " FOR UPDATE", "")
    saves: list[Any] = [unit._SAVE, unit._END]
    for save in saves:
        save.checked = False
        save.postgresql = _replaced(save.postgresql, f' AND "instance".version = v.{save.keys[-1]}', "")
        save.sqlite = _replaced(save.sqlite, " AND version = ?", " AND ? IS NOT NULL")


def _replaced(text: str, old: str, new: str) -> str:
    """Raises ValueError when the guard does not stand there any more."""
    if old not in text:
        raise ValueError(f"no {old!r} in {text!r}")
    return text.replace(old, new)


def _without_outbox() -> None:
    """A message is forgotten when somebody takes it to deliver it, not when it has been delivered."""
    from processes.store import parcels
    from processes.store.bulk import Writes

    outbox: Any = importlib.import_module("processes.store.outbox")
    lease, pack = outbox.lease, parcels.pack

    def careless(connection: Any, *how: Any) -> Any:
        rows = lease(connection, *how)
        outbox.done(connection, [row.id for row in rows])
        return rows

    def unwritten(writes: Any, *how: Any) -> Any:
        return pack(Writes(), *how)

    outbox.lease, parcels.pack = careless, unwritten


def _without_key() -> None:
    """Every attempt at a job has a key of its own: the outside cannot know that it has done it already."""
    from workers.adapters import outbound

    exchange = outbound.Outbound._exchange

    def keyless(self: Any, system: Any, request: Any) -> Any:
        return exchange(self, system, replace(request, headers={**request.headers, "Idempotency-Key": uuid4().hex}))

    outbound.Outbound._exchange = keyless  # type: ignore[method-assign]


def _without_acknowledgement() -> None:
    """A delivery is acknowledged when it comes, not when it has had its effect."""
    from workers.bus import amqp, line

    work, carry_out = amqp.AmqpBus._work, line.Line._carry_out

    def hasty(self: Any, delivery: Any, topic: str, handler: Any) -> None:
        delivery.settle(True)
        work(self, replace(delivery, settle=lambda done: None), topic, handler)

    def all_at_once(self: Any, group: Any, turn: Any) -> None:
        tag, channel, _ = group[-1]
        self._on_thread(partial(line._settle, channel, tag, True, multiple=True))
        nowhere = SimpleNamespace(is_open=False)
        carry_out(self, [(tag, nowhere, replace(each, settle=lambda done: None)) for tag, _, each in group], turn)

    amqp.AmqpBus._work = hasty  # type: ignore[method-assign]
    line.Line._carry_out = all_at_once  # type: ignore[method-assign]


GUARDS: Mapping[str, tuple[str, Callable[[], None]]] = {
    "inbox": ("commands may have their effect twice", _without_inbox),
    "version": ("changes of an instance may overwrite each other", _without_version),
    "outbox": ("messages are forgotten before they are delivered", _without_outbox),
    "key": ("the outside cannot recognise a repeated job", _without_key),
    "acknowledgement": ("deliveries are acknowledged before they have had their effect", _without_acknowledgement),
}


if __name__ == "__main__":
    import app

    lasting.install()
    GUARDS[sys.argv[1]][1]()
    raise SystemExit(app.main(sys.argv[2:]))
