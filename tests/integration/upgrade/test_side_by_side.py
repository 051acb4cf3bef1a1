"""A rolling upgrade: the release before works on, statement by statement, while this software's migrations run under it.

Whether both understand each other's states is another matter: where they don't, a migration is marked ``break``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from processes.clock import ManualClock
from processes.orchestrator import Orchestrator
from processes.store import schema
from processes.store.database import Database
from tests.diagrams import boundary, definitions, end, path, process, service, start, timer, user
from tests.integration.upgrade.generate import SAMPLES
from tests.integration.upgrade.statements import COMMIT, Statement, load, replay

BEFORE, BEFORE_LEVEL = "release-0.1", 2
"""The release that this one works beside, and its level."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the release before."""
    url = f"sqlite:///{tmp_path}/old.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    database = Database(url)
    with database.write() as connection:
        schema.create_at(connection, BEFORE_LEVEL)
    yield database
    database.dispose()


def a_day(database: Database) -> list[Statement]:
    return load(SAMPLES / f"{BEFORE}.{database.dialect}.zst")


def run(database: Database, statements: list[Statement]) -> None:
    """As the old software does. Each finds at least the rows that it found then: newer software may have added some."""
    with database.write() as connection:
        for at, statement in enumerate(statements):
            rows = replay(connection, statement)
            assert rows is None or rows >= (statement.rows or 0), (at, statement.text, rows)


def halves(statements: list[Statement]) -> tuple[list[Statement], list[Statement]]:
    """Parted between two transactions."""
    middle = next(at for at in range(len(statements) // 2, len(statements)) if statements[at].text == COMMIT) + 1
    return statements[:middle], statements[middle:]


def test_the_release_before_works_on_while_the_schema_is_migrated_under_it(old: Database) -> None:
    morning, afternoon = halves(a_day(old))
    run(old, morning)

    newer = Database(str(old.url.render_as_string(hide_password=False)))
    newer.migrate()
    run(old, afternoon)

    with newer.read() as connection:
        schema.check(connection)
        written = connection.execute(text("SELECT count(*) FROM history")).scalar_one()
    assert written > 10
    newer.dispose()


def test_this_software_works_beside_the_release_before(old: Database) -> None:
    morning, afternoon = halves(a_day(old))
    run(old, morning)
    engine = Orchestrator(old, ManualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC)))
    late = boundary("late", "a", timer("timeDuration", "PT1H"), interrupting=False)
    steps = [start(), user("a"), service("b", "work"), end(), late, end("told"), path("start", "a", "b", "end")]
    engine.deploy({"fresh.bpmn": definitions(process("fresh", *steps, path("late", "told")))})

    case = engine.start("fresh", {"n": 1})
    run(old, afternoon)
    engine.complete(engine.tasks(case)[0].id, {"approved": True})
    (job,) = engine.jobs("work", instance=case)
    engine.complete_job(job.id, {"ok": True})

    assert engine.instance(case).state == "completed"


@pytest.mark.parametrize("broken", ["ALTER TABLE outbox DROP COLUMN dead_reason", "DROP TABLE stall"])
def test_a_schema_that_has_lost_something_is_noticed(old: Database, broken: str) -> None:
    with old.write() as connection:
        connection.execute(text(broken))

    with pytest.raises(DBAPIError):
        run(old, a_day(old))
