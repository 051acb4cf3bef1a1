"""Does whatever can be done with an instance, always in the same order, so that two engines can be compared."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from processes.orchestrator import Orchestrator
from processes.store.tables import Subscription, Timer

MESSAGES = {"news": {"text": "消息"}}


def todo(engine: Orchestrator, case: str) -> list[tuple[str, str, str]]:
    """What the instance waits for: (kind, element, id or name), sorted by kind and element."""
    found = [("user", each.element, each.id) for each in engine.tasks(case)]
    found += [("job", each.element, each.id) for each in engine.jobs(instance=case)]
    with engine.database.read() as connection:
        rows = connection.execute(
            select(Subscription.element_id, Subscription.message).where(Subscription.instance_id == case)
        )
        found += [("news", row.element_id, row.message) for row in rows]
    return sorted(found)


def step(engine: Orchestrator, case: str, number: int, key: str) -> bool:
    """Do the ``number``-th thing (modulo how many there are), or let time pass; False when nothing is left."""
    things = todo(engine, case)
    if not things:
        with engine.database.read() as connection:
            due = (
                connection.execute(select(Timer.due_at).where(Timer.instance_id == case).order_by(Timer.due_at))
                .scalars()
                .first()
            )
        if due is None:
            return False
        engine.advance(max(due - engine.clock.now(), timedelta()) + timedelta(seconds=1))
        return True
    kind, element, identity = things[number % len(things)]
    if kind == "user":
        engine.complete(identity, {"approved": True, f"{element}_again": number % 4 < 2, "result": f"r{number}"})
    elif kind == "job":
        engine.complete_job(identity, {"ok": True, "of": element, "n": 4})
    elif identity.startswith("signal:"):
        engine.signal(identity.removeprefix("signal:"), {"by": element})
    else:
        engine.correlate(identity, key, MESSAGES["news"])
    return True


def finish(engine: Orchestrator, case: str, key: str, seed: int) -> dict[str, Any]:
    """Play an instance to its end; what it looks like then."""
    for number in range(200):
        if not step(engine, case, seed + number, key):
            break
    view = engine.instance(case)
    return {"state": view.state, "trace": list(view.trace), "variables": view.variables}
