"""Parcels: what a process delivers itself is kept in one row, and reaches the outbox when the process does not get it delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from processes.clock import ManualClock
from processes.messaging.bus import Message
from processes.store import outbox, parcels
from processes.store.bulk import Writes
from processes.store.database import Database
from processes.store.outbox import Outgoing
from processes.store.tables import Parcel

LEASE = timedelta(seconds=5)


def outgoing(id: str, clock: ManualClock) -> Outgoing:
    data = {"乙": [1, None, 2**70], "甲": "湖州"}
    extensions = {"correlationkey": "湖州-1"}
    message = Message(id, "rating.request", "/engine", clock.now(), data, subject="案件", extensions=extensions)
    return Outgoing("jobs", "rating.request", message)


def pack(database: Database, clock: ManualClock, *ids: str) -> parcels.Packed:
    writes = Writes()
    with database.write() as connection:
        packed = parcels.pack(writes, [outgoing(id, clock) for id in ids], clock.now(), clock.now() + LEASE)
        writes.flush(connection)
    return packed


def open_late(database: Database, clock: ManualClock) -> None:
    with database.write() as connection:
        parcels.open_late(connection, clock.now())


def any_late(database: Database, clock: ManualClock) -> bool:
    with database.read() as connection:
        return parcels.any_late(connection, clock.now())


def stored(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(Parcel)).scalar_one()


def waiting(database: Database, clock: ManualClock) -> Sequence[Message]:
    """What is in the outbox and due."""
    with database.write() as connection:
        return [row.message for row in outbox.lease(connection, clock.now(), 100, clock.now())]


def test_messages_of_a_process_that_died_reach_the_outbox_as_they_were(database: Database, clock: ManualClock) -> None:
    packed = pack(database, clock, "a", "b")
    open_late(database, clock)
    assert (any_late(database, clock), waiting(database, clock)) == (False, [])

    clock.advance(LEASE)

    assert any_late(database, clock)
    open_late(database, clock)
    assert waiting(database, clock) == [each.message for each in packed.messages]
    assert (stored(database), any_late(database, clock)) == (0, False)


def test_what_has_been_delivered_is_struck_off(database: Database, clock: ManualClock) -> None:
    packed, writes = pack(database, clock, "a", "b"), Writes()
    with database.write() as connection:
        parcels.delivered(writes, packed.id)
        writes.flush(connection)

    clock.advance(LEASE)
    open_late(database, clock)

    assert (stored(database), waiting(database, clock)) == (0, [])


def test_only_what_was_not_delivered_is_given_back(database: Database, clock: ManualClock) -> None:
    packed = pack(database, clock, "a", "b", "c")
    with database.write() as connection:
        parcels.give_back(connection, {packed.id: packed.messages[1:2]}, clock.now())

    assert [each.id for each in waiting(database, clock)] == ["b"]
    assert stored(database) == 0


def test_what_somebody_else_has_opened_is_not_given_back_again(database: Database, clock: ManualClock) -> None:
    packed = pack(database, clock, "a", "b")
    clock.advance(LEASE)
    open_late(database, clock)
    with database.write() as connection:
        rows = outbox.lease(connection, clock.now(), 100, clock.now())
        outbox.done(connection, [row.id for row in rows])

    with database.write() as connection:
        parcels.give_back(connection, {packed.id: packed.messages}, clock.now())

    assert waiting(database, clock) == []


def test_who_is_alone_with_the_database_opens_them_all(database: Database, clock: ManualClock) -> None:
    for number in range(45):
        pack(database, clock, f"{number}-a", f"{number}-b")

    with database.write() as connection:
        parcels.open_all(connection, clock.now())

    assert (len(waiting(database, clock)), stored(database)) == (90, 0)


@pytest.mark.postgres
def test_a_parcel_is_opened_by_one(postgresql_database: Database, clock: ManualClock) -> None:
    pack(postgresql_database, clock, "a")
    clock.advance(LEASE)
    another = Database(postgresql_database.url)
    with postgresql_database.write() as first, another.write() as second:
        parcels.open_late(first, clock.now())
        parcels.open_late(second, clock.now())  # does not wait for the first one
    another.dispose()

    assert [each.id for each in waiting(postgresql_database, clock)] == ["a"]
