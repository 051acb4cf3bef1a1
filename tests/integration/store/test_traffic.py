"""What is counted is written down by hour and by process, told together, and forgotten after a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from processes.clock import ManualClock
from processes.messaging.tally import MESSAGE, MOST, Seen, Tally
from processes.store import traffic
from processes.store.database import Database
from processes.store.tables import Setting
from processes.store.traffic import HOURS, Traffic

ORDER = Seen(MESSAGE, "hotline", "hotline.order", "accepted")


def _process(database: Database, clock: ManualClock) -> tuple[Tally, Traffic]:
    tally = Tally()
    return tally, Traffic(database, clock, tally)


def _read(database: Database, clock: ManualClock) -> dict[Seen, list[int]]:
    with database.read() as connection:
        return {line.seen: list(line.hourly) for line in traffic.read(connection, clock.now())}


def test_counts_of_several_processes_are_told_together_by_hour(database: Database, clock: ManualClock) -> None:
    processes = [_process(database, clock) for _ in range(2)]
    for tally, writer in processes:
        tally.note(*ORDER)
        writer.write()
        tally.note(*ORDER)
        writer.write()
    clock.advance(timedelta(hours=3))
    processes[0][0].note(*ORDER)
    processes[0][1].write()

    assert _read(database, clock) == {ORDER: [0] * (HOURS - 4) + [4, 0, 0, 1]}


def test_the_last_time_is_told(database: Database, clock: ManualClock) -> None:
    tally, writer = _process(database, clock)
    tally.note(*ORDER)
    writer.write()
    clock.advance(timedelta(minutes=7))
    tally.note(MESSAGE, "ratings", "rating.given", "refused")
    writer.write()

    with database.read() as connection:
        last = {line.seen.what: line.last for line in traffic.read(connection, clock.now())}
    assert last == {"hotline": clock.now() - timedelta(minutes=7), "ratings": clock.now()}


def test_nothing_counted_writes_nothing(database: Database, clock: ManualClock) -> None:
    _process(database, clock)[1].write()
    with database.read() as connection:
        assert not [key for key in connection.scalars(select(Setting.key)) if key.startswith("traffic:")]


def test_what_is_older_than_a_day_is_not_told_and_goes(database: Database, clock: ManualClock) -> None:
    tally, writer = _process(database, clock)
    tally.note(*ORDER)
    writer.write()
    clock.advance(timedelta(hours=HOURS))
    assert _read(database, clock) == {}
    clock.advance(timedelta(hours=2))
    tally.note(*ORDER)
    writer.write()
    with database.read() as connection:
        assert len([key for key in connection.scalars(select(Setting.key)) if key.startswith("traffic:")]) == 1


def test_what_could_not_be_written_is_written_the_next_time(database: Database, clock: ManualClock) -> None:
    tally, writer = _process(database, clock)
    tally.note(*ORDER)
    with database.write(), pytest.raises(Exception, match="inside another transaction"):
        writer.write()
    tally.note(*ORDER)
    writer.write()
    assert _read(database, clock)[ORDER][-1] == 2


def test_a_stranger_with_a_thousand_names_does_not_fill_the_memory() -> None:
    tally = Tally()
    for number in range(MOST + 500):
        tally.note(MESSAGE, f"p-{number}", "", "refused")
    taken = tally.take()
    assert len(taken) == MOST + 1
    assert sum(taken.values()) == MOST + 500
