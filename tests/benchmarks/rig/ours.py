"""Our side of the benches of the pipeline: the model put into force beforehand, and afterwards every instance accounted for."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg

from processes.casework.assembly import Core
from processes.clock import SystemClock
from processes.store.database import Database
from tests.benchmarks.rig.programs import Load
from tests.benchmarks.rig.servers import Place

ROOT = Path(__file__).resolve().parents[3]
MODEL = Path(__file__).with_name("model.bpmn")


def prepare(place: Place) -> None:
    """Migrate the database and put the model into force: the only one; the casework is there, and empty."""
    database = Database(place.database_url)
    Core.on(database, SystemClock()).seed(ROOT / "bpmn", models={MODEL.name: MODEL.read_bytes()})
    database.dispose()


_COUNTS = {
    "instances": "select count(*) from instance",
    "instances that have not ended": "select count(*) from instance where status <> 'completed'",
    "orders with two instances": "select count(*) from (select key from instance group by key having count(*) > 1) twice",
    "jobs": "select count(*) from job",
    "jobs that are not done": "select count(*) from job where state <> 'done'",
    "commands in the history": "select count(*) from history",
    "open incidents": "select count(*) from incident where resolved_at is null",
    "refused messages": "select count(*) from refused_message",
    "messages in the outbox": "select count(*) from outbox",
}


def counts(place: Place) -> dict[str, int]:
    """What is in the database."""
    with psycopg.connect(place.database_url) as connection:
        rows = {name: connection.execute(statement).fetchone() for name, statement in _COUNTS.items()}
    return {name: int(row[0]) for name, row in rows.items() if row is not None}


def amiss(place: Place, load: Load, seconds: float = 10.0) -> list[str]:
    """What is not as it must be when all of the load has ended, inside and outside; nothing, when all is well.

    The outbox is given some ``seconds`` to be emptied: a message leaves it after its confirm.
    """
    published = load.published
    expected = dict.fromkeys(_COUNTS, 0) | {
        "instances": published,
        "jobs": published,
        "commands in the history": 2 * published,
    }
    until = time.monotonic() + seconds
    found = counts(place)
    while time.monotonic() < until:
        before, found = found, _a_second_later(place)
        if before == found == expected:  # and nothing comes after it
            break
    inside = [
        f"{name}: {number:,} instead of {expected[name]:,}"
        for name, number in found.items()
        if number != expected[name]
    ]
    return [*load.amiss(), *inside]


def _a_second_later(place: Place) -> dict[str, int]:
    time.sleep(1.0)
    return counts(place)


def verdict(wrong: list[str], published: int) -> str:
    """A line for the report."""
    if wrong:
        return f"**Amiss** after {published:,} instances: {'; '.join(wrong)}"
    return (
        f"All {published:,} instances accounted for, in the database as outside: none lost, none doubled, no incident."
    )
