"""The audit log is a chain: what is changed, left out, swapped or put in between is found, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from processes.casework.audit import log, sealing
from processes.casework.audit.entries import NoSuchHash
from processes.casework.audit.verifying import Broken, Mark, Whole, stored, verify
from processes.clock import ManualClock
from processes.errors import BihuanError
from processes.store.append_only import STATEMENTS
from processes.store.database import Database
from processes.store.tables import AuditChain, AuditEntry

Tamper = Callable[[Connection], object]


def fill(database: Database, clock: ManualClock, count: int = 9) -> None:
    for at in range(count):
        with database.write() as connection:
            log.record(connection, clock.now(), "wx.su", "account.lock", f"person:wx.{at}", reason=f"原因 {at}\x00\n")


def whole(database: Database, known: Mark | None = None) -> Whole:
    with database.read() as connection:
        return verify(connection, known)


def broken_at(database: Database, known: Mark | None = None) -> int:
    with pytest.raises(Broken) as found:
        whole(database, known)
    return found.value.seq


def without_triggers(connection: Connection) -> None:
    """As whoever owns the database could."""
    if connection.dialect.name == "sqlite":
        for name in ("insert", "update", "delete"):
            connection.execute(text(f"DROP TRIGGER audit_entry_{name}"))
    else:
        connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))


def test_a_chain_is_whole_and_says_where_it_ends(database: Database, clock: ManualClock) -> None:
    assert whole(database) == Whole(1, Mark(), 0)
    fill(database, clock)
    found = whole(database)
    assert (found.first, found.last.seq, found.count) == (1, 9, 9)
    with database.read() as connection:
        first = next(stored(connection))
    assert first.at == clock.now()
    assert json.loads(first.detail) == {"reason": "原因 0  "}
    fill(database, clock, 1)
    assert whole(database, found.last).count == 10


@pytest.mark.parametrize(
    "statement",
    [
        update(AuditEntry).where(AuditEntry.seq == 4).values(by="wx.pan"),
        delete(AuditEntry).where(AuditEntry.seq == 4),
        delete(AuditEntry),
    ],
    ids=["change", "delete one", "delete all"],
)
def test_the_database_refuses(database: Database, clock: ManualClock, statement: object) -> None:
    fill(database, clock)
    with pytest.raises(DBAPIError, match="only added to"), database.write() as connection:
        connection.execute(statement)  # type: ignore[call-overload]
    assert whole(database).count == 9


def test_no_row_takes_anothers_place(sqlite_database: Database, clock: ManualClock) -> None:
    fill(sqlite_database, clock)
    with pytest.raises(DBAPIError, match="only added to"), sqlite_database.write() as connection:
        connection.execute(text("INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE seq = 4"))


@pytest.mark.postgres
def test_the_table_is_not_emptied(postgresql_database: Database, clock: ManualClock) -> None:
    fill(postgresql_database, clock)
    with pytest.raises(DBAPIError, match="only added to"), postgresql_database.write() as connection:
        connection.execute(text("TRUNCATE audit_entry"))


def _change(connection: Connection) -> None:
    connection.execute(update(AuditEntry).where(AuditEntry.seq == 5).values(detail=""))


def _change_and_hash_anew(connection: Connection) -> None:
    """As somebody does who knows how hashes are made, of this entry alone."""
    entry = next(each for each in stored(connection) if each.seq == 5)
    forged = replace(entry, by="wx.pan")
    connection.execute(update(AuditEntry).where(AuditEntry.seq == 5).values(by="wx.pan", hash=forged.digest()))


def _delete(connection: Connection) -> None:
    connection.execute(delete(AuditEntry).where(AuditEntry.seq == 5))


def _delete_and_close_the_gap(connection: Connection) -> None:
    _delete(connection)
    for seq in range(6, 10):
        connection.execute(update(AuditEntry).where(AuditEntry.seq == seq).values(seq=seq - 1))


def _swap(connection: Connection) -> None:
    for old, new in ((5, 100), (6, 5), (100, 6)):
        connection.execute(update(AuditEntry).where(AuditEntry.seq == old).values(seq=new))


def _insert(connection: Connection) -> None:
    for seq in range(9, 4, -1):
        connection.execute(update(AuditEntry).where(AuditEntry.seq == seq).values(seq=seq + 1))
    before = next(each for each in stored(connection) if each.seq == 4)
    forged = replace(before, seq=5, previous=before.hash, by="wx.pan")
    connection.execute(insert(AuditEntry).values(**asdict(replace(forged, hash=forged.digest()))))


@pytest.mark.parametrize(
    ("tamper", "at"),
    [
        (_change, 5),
        (_change_and_hash_anew, 6),
        (_delete, 5),
        (_delete_and_close_the_gap, 5),
        (_swap, 5),
        (_insert, 6),
    ],
)
def test_what_somebody_did_behind_the_triggers_is_found(
    database: Database, clock: ManualClock, tamper: Tamper, at: int
) -> None:
    fill(database, clock)
    with database.write() as connection:
        without_triggers(connection)
        tamper(connection)
    assert broken_at(database) == at


def test_an_end_that_was_cut_off_is_found(database: Database, clock: ManualClock) -> None:
    fill(database, clock)
    with database.write() as connection:
        without_triggers(connection)
        connection.execute(delete(AuditEntry).where(AuditEntry.seq > 6))
    assert broken_at(database) == 7


def test_a_chain_that_was_written_anew_as_a_whole_is_found_by_what_was_noted_down(
    database: Database, clock: ManualClock
) -> None:
    fill(database, clock)
    known = whole(database).last
    with database.write() as connection:
        without_triggers(connection)
        connection.execute(delete(AuditEntry))
        connection.execute(delete(AuditChain))
    clock.advance(timedelta(seconds=1))
    fill(database, clock)
    assert whole(database).count == 9
    assert broken_at(database, known) == 9


def test_those_who_write_at_once_make_one_chain(database: Database, clock: ManualClock) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fill(database, clock, 5), range(8)))
    assert whole(database).count == 40


def _fail_afterwards(database: Database, clock: ManualClock) -> None:
    with database.write() as connection:
        log.record(connection, clock.now(), "wx.su", "account.lock")
        connection.execute(text("SELECT nothing"))


def test_an_entry_goes_with_the_act_that_failed(database: Database, clock: ManualClock) -> None:
    fill(database, clock, 2)
    with pytest.raises(DBAPIError):
        _fail_afterwards(database, clock)
    fill(database, clock, 1)
    assert whole(database).count == 3


def test_another_hash_from_the_next_entry_on(database: Database, clock: ManualClock) -> None:
    fill(database, clock, 2)
    with database.write() as connection:
        log.use(connection, "sm3", clock.now(), by="app.py audit")
    fill(database, clock, 2)
    with database.read() as connection:
        used = list(connection.scalars(select(AuditEntry.algorithm).order_by(AuditEntry.seq)))
    assert used == ["sha256", "sha256", "sm3", "sm3", "sm3"]
    assert whole(database).count == 5
    with pytest.raises(NoSuchHash), database.write() as connection:
        log.use(connection, "md5", clock.now(), by="app.py audit")


# ---- sealing ---------------------------------------------------------------------------------------------------------


def seal(database: Database, path: Path, clock: ManualClock) -> Mark:
    return sealing.seal(database, path, timedelta(days=1), clock.now(), by="app.py audit")[0]


def test_old_entries_go_into_a_file_and_the_chain_goes_on(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    fill(database, clock)
    clock.advance(timedelta(days=182))
    with pytest.raises(sealing.NothingToSeal):
        seal(database, tmp_path / "a.jsonl", clock)
    fill(database, clock, 3)
    clock.advance(timedelta(days=2))
    through = seal(database, tmp_path / "a.jsonl", clock)
    assert through.seq == 9
    found = whole(database)
    assert (found.first, found.count) == (10, 4)
    assert sealing.verify_file(tmp_path / "a.jsonl") == Whole(1, through, 9)
    assert whole(database, through) == found
    clock.advance(timedelta(days=200))
    assert seal(database, tmp_path / "b.jsonl", clock).seq == 13
    assert sealing.verify_file(tmp_path / "b.jsonl").first == 10
    assert whole(database).count == 1


def test_a_sealed_file_that_was_changed_is_found(database: Database, clock: ManualClock, tmp_path: Path) -> None:
    fill(database, clock)
    clock.advance(timedelta(days=200))
    path = tmp_path / "a.jsonl"
    seal(database, path, clock)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for damaged in (
        [*lines[:3], *lines[4:]],
        [*lines[:3], lines[3].replace("wx.su", "wx.pan"), *lines[4:]],
        [*lines[:3], "{}\n", *lines[4:]],
    ):
        path.write_text("".join(damaged), "utf-8")
        with pytest.raises(Broken) as found:
            sealing.verify_file(path)
        assert found.value.seq == 4


def test_nothing_is_sealed_of_a_broken_log_nor_over_a_file(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    fill(database, clock)
    clock.advance(timedelta(days=200))
    (tmp_path / "there").touch()
    with pytest.raises(BihuanError, match="已经存在"):
        seal(database, tmp_path / "there", clock)
    with database.write() as connection:
        without_triggers(connection)
        _change(connection)
    with pytest.raises(Broken):
        seal(database, tmp_path / "fresh", clock)
    assert not (tmp_path / "fresh").exists()


def test_entries_that_go_without_having_been_sealed_are_found(database: Database, clock: ManualClock) -> None:
    fill(database, clock)
    with database.write() as connection:
        digest = connection.scalar(select(AuditEntry.hash).where(AuditEntry.seq == 4))
        connection.execute(update(AuditChain).values(sealed=4, sealed_hash=digest))
        connection.execute(delete(AuditEntry).where(AuditEntry.seq <= 4))
    assert broken_at(database) == 1


def test_both_databases_have_their_guard() -> None:
    assert STATEMENTS.keys() == {"sqlite", "postgresql"}
