"""``python -m tests.faults.unguarded GUARD …``: ``app.py …`` with one of its guards taken away.

To show that the checker sees what a guard is there for. The product has no such switch: the guard is replaced from outside, here.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4


def _without_inbox() -> None:
    """Which commands have had their effect is written down as ever, and nobody reads it."""
    inbox: Any = importlib.import_module("processes.store.inbox")
    settle = inbox.settle

    def forgetful(*how: Any) -> bool:
        settle(*how)
        return True

    inbox.settle = forgetful
    inbox.result = lambda *_: None


def _without_version() -> None:
    """Two who change an instance at once do not notice each other: no lock on its row, no look at its version."""
    from sqlalchemy import bindparam, update

    from processes.runtime import handlers, unit
    from processes.store.tables import Instance

    unit._LOCK = unit._LOCK.with_for_update(skip_locked=False)
    unit._LOCK._for_update_arg = None
    for name in ("_TASK", "_JOB"):
        getattr(handlers, name)._for_update_arg = None
    unit._SAVE = (
        update(Instance)
        .where(Instance.id == bindparam("b_id"), bindparam("b_version").is_not(None))
        .values(version=bindparam("v"), state=bindparam("blob"), status=bindparam("s"), ended_at=bindparam("ended"))
        .returning(Instance.id)
    )


def _without_outbox() -> None:
    """A message is forgotten when somebody takes it to deliver it, not when it has been delivered."""
    outbox: Any = importlib.import_module("processes.store.outbox")
    lease = outbox.lease

    def careless(connection: Any, *how: Any) -> Any:
        rows = lease(connection, *how)
        outbox.done(connection, [row.id for row in rows])
        return rows

    outbox.lease = careless


def _without_key() -> None:
    """Every attempt at a job has a key of its own: the outside cannot know that it has done it already."""
    from workers.adapters import outbound

    exchange = outbound.Outbound._exchange

    def keyless(self: Any, system: Any, url: str, headers: Mapping[str, str], body: Any) -> Any:
        return exchange(self, system, url, {**headers, "Idempotency-Key": uuid4().hex}, body)

    outbound.Outbound._exchange = keyless  # type: ignore[method-assign]


def _without_acknowledgement() -> None:
    """A delivery is acknowledged when it comes, not when it has had its effect."""
    from dataclasses import replace

    from workers.bus import amqp

    work = amqp.AmqpBus._work

    def hasty(self: Any, delivery: Any, topic: str, handler: Any) -> None:
        delivery.settle(True)
        work(self, replace(delivery, settle=lambda done: None), topic, handler)

    amqp.AmqpBus._work = hasty  # type: ignore[method-assign]


GUARDS: Mapping[str, tuple[str, Callable[[], None]]] = {
    "inbox": ("commands may have their effect twice", _without_inbox),
    "version": ("changes of an instance may overwrite each other", _without_version),
    "outbox": ("messages are forgotten before they are delivered", _without_outbox),
    "key": ("the outside cannot recognise a repeated job", _without_key),
    "acknowledgement": ("deliveries are acknowledged before they have had their effect", _without_acknowledgement),
}


if __name__ == "__main__":
    import app

    GUARDS[sys.argv[1]][1]()
    raise SystemExit(app.main(sys.argv[2:]))
