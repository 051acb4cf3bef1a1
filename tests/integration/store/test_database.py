"""Transactions: what commits together, who waits for whom, what may be tried again."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from processes.store.bulk import Insert, Unexpected, Writes
from processes.store.database import (
    Database,
    NestedTransaction,
    OrphanedRows,
    from_json,
    signal,
    to_json,
    transaction_of,
)
from processes.store.tables import CalendarYear, Duty, Level, Role, Setting, Stage

EVERY = ["memory", "sqlite_database", pytest.param("postgresql_database", marks=pytest.mark.postgres)]


@pytest.fixture(params=EVERY)
def every(request: pytest.FixtureRequest) -> Database:
    """In memory, on a file, on PostgreSQL."""
    database: Database = request.getfixturevalue(request.param)
    return database


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(select(Role.name)).scalars())


def add(database: Database, code: str, name: str = "受理员") -> None:
    with database.write() as connection:
        connection.execute(insert(Role).values(code=code, name=name))


def fail_after_adding(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(Role).values(code="clerk", name="受理员"))
        raise RuntimeError("the command failed")


def write_inside_a_read(database: Database) -> None:
    with database.read() as connection:
        connection.execute(insert(Role).values(code="clerk", name="受理员"))


def test_a_block_that_ends_is_committed(every: Database) -> None:
    add(every, "clerk")

    assert names(every) == ["受理员"]


def test_a_block_that_raises_leaves_nothing(every: Database) -> None:
    with pytest.raises(RuntimeError):
        fail_after_adding(every)

    assert names(every) == []
    add(every, "clerk")


def test_what_goes_round_sqlalchemy_is_committed_and_undone_like_the_rest(every: Database) -> None:
    add_role = Insert(Role, "code", "name")

    def add_two(direct_first: bool) -> None:
        with every.write() as connection:
            for direct in (direct_first, not direct_first):
                code = f"{direct}-{direct_first}"
                if direct:
                    writes = Writes()
                    writes.add(add_role, code, code)
                    writes.flush(connection)
                else:
                    connection.execute(insert(Role).values(code=code, name=code))
            if direct_first:
                raise RuntimeError("the command failed")

    def add_one_twice() -> None:
        with every.write() as connection:
            for _ in range(2):
                writes = Writes()
                writes.add(Insert(Role, "code", "name", once=True), "clerk", "受理员")
                writes.flush(connection)

    with pytest.raises(RuntimeError):
        add_two(direct_first=True)
    assert names(every) == []

    with pytest.raises(Unexpected):
        add_one_twice()  # nothing of SQLAlchemy's is used
    assert names(every) == []

    add_two(direct_first=False)
    assert names(every) == ["False-False", "True-False"]


def test_whoever_keeps_what_he_has_read_knows_whether_the_transaction_is_the_same(every: Database) -> None:
    with every.write() as connection:
        first = weakref.ref(transaction_of(connection))
        with every.read() as inner:
            assert transaction_of(inner) is first()
    for _ in range(2):
        with every.read() as connection:
            assert transaction_of(connection) is not first()
        with every.write() as connection:
            assert transaction_of(connection) is not first()


def test_reading_cannot_write(every: Database) -> None:
    with pytest.raises(DBAPIError):
        write_inside_a_read(every)

    assert names(every) == []


def test_a_read_inside_a_write_sees_what_was_written(every: Database) -> None:
    with every.write() as connection:
        connection.execute(insert(Role).values(code="clerk", name="受理员"))
        assert names(every) == ["受理员"]


@pytest.mark.parametrize("outer", ["read", "write"])
def test_a_write_inside_another_transaction_is_refused(every: Database, outer: str) -> None:
    with getattr(every, outer)(), pytest.raises(NestedTransaction):
        add(every, "clerk")

    add(every, "clerk")
    assert names(every) == ["受理员"]


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    add(database, "one")
    with database.read() as connection:
        before = connection.execute(select(func.count()).select_from(Role)).scalar_one()
        writer = threading.Thread(target=add, args=[database, "two"])
        writer.start()
        writer.join(10)
        after = connection.execute(select(func.count()).select_from(Role)).scalar_one()

    assert (before, after) == (1, 1)
    assert len(names(database)) == 2


def test_writers_of_one_process_lose_no_update(every: Database) -> None:
    with every.write() as connection:
        connection.execute(insert(Stage).values(code="s", name="受理", rank=0))
    failures: list[Exception] = []

    def count_up() -> None:
        try:
            for _ in range(25):
                with every.write() as connection:
                    rank = connection.execute(select(Stage.rank).with_for_update()).scalar_one()
                    connection.execute(update(Stage).values(rank=rank + 1))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    with every.read() as connection:
        assert connection.execute(select(Stage.rank)).scalar_one() == 100
    assert failures == []


def test_two_databases_on_one_file_have_one_writer(sqlite_database: Database) -> None:
    other = Database(str(sqlite_database.url))
    entered, left = threading.Event(), threading.Event()

    def write() -> None:
        entered.set()
        add(other, "second")
        left.set()

    with sqlite_database.write() as connection:
        connection.execute(insert(Role).values(code="first", name="一"))
        thread = threading.Thread(target=write)
        thread.start()
        entered.wait(10)
        assert not left.is_set()
    thread.join(10)

    assert len(names(other)) == 2
    other.dispose()


def test_times_come_back_aware_and_in_utc(every: Database) -> None:
    beijing = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with every.write() as connection:
        connection.execute(every.insert(CalendarYear).values(year=2026, version="1", loaded_at=beijing))

    with every.read() as connection:
        found = connection.execute(select(CalendarYear.loaded_at)).scalar_one()

    assert (found, found.tzinfo) == (beijing, UTC)


def test_json_keeps_its_keys_in_order_and_its_characters(every: Database) -> None:
    value = {"乙": [1, 2.5, None, True], "甲": {"z": "企业\u0000\U0001f600", "a": 2**53}}
    with every.write() as connection:
        connection.execute(insert(Setting).values(key="k", value=value))

    with every.read() as connection:
        found = connection.execute(select(Setting.value).where(Setting.key == "k")).scalar_one()

    assert found == value
    assert list(found) == ["乙", "甲"]
    assert list(found["甲"]) == ["z", "a"]


@pytest.mark.parametrize("value", [2**70, "\ud83d", -(2**64)])
def test_json_of_unusual_values_survives(value: object) -> None:
    assert from_json(to_json({"value": value})) == {"value": value}


def test_foreign_keys_are_kept(every: Database) -> None:
    with pytest.raises(IntegrityError), every.write() as connection:
        connection.execute(insert(Duty).values(person="nobody", role="none", place="nowhere"))


def test_rebuilding_leaves_no_orphans_and_foreign_keys_in_force(sqlite_database: Database) -> None:
    orphan = insert(Duty).values(person="nobody", role="none", place="nowhere")
    with sqlite_database.rebuilding() as connection:
        connection.execute(orphan)
        connection.exec_driver_sql("DELETE FROM duty")
    with pytest.raises(OrphanedRows, match="duty refers to rows of"), sqlite_database.rebuilding() as connection:
        connection.execute(orphan)

    with pytest.raises(IntegrityError), sqlite_database.write() as connection:
        connection.execute(orphan)


def test_insert_tells_a_conflict_by_what_it_returns(every: Database) -> None:
    statement = every.insert(Level).values(code="county", name="县", rank=3)
    statement = statement.on_conflict_do_nothing().returning(Level.code)

    with every.write() as connection:
        answers = [connection.execute(statement).first() for _ in range(2)]

    assert [answer is not None for answer in answers] == [True, False]


def test_listeners_hear_of_a_commit_that_signalled_and_of_no_other(every: Database) -> None:
    heard: list[str] = []
    every.on_commit("outbox", lambda: heard.append("outbox"))

    with every.write() as connection:
        signal(connection, "outbox")
        signal(connection, "outbox")
        assert heard == []
    add(every, "clerk")
    with pytest.raises(RuntimeError):
        _signal_and_fail(every)
    add(every, "clerk2")

    assert heard == ["outbox"]


def _signal_and_fail(database: Database) -> None:
    with database.write() as connection:
        signal(connection, "outbox")
        raise RuntimeError("rolled back")


def test_a_file_that_another_process_holds_is_transient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processes.store.database.BUSY_SECONDS", 0.1)
    database = Database(f"sqlite:///{tmp_path}/shared.db?timeout=0.1")
    database.migrate()
    with database.write() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "shared.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises((DBAPIError, sqlite3.OperationalError)) as caught:
        add(database, "clerk")

    other.execute("ROLLBACK")
    assert database.is_transient(caught.value)
    add(database, "clerk")
    other.close()
    database.dispose()


def test_a_broken_rule_is_not_transient(every: Database) -> None:
    add(every, "clerk")

    with pytest.raises(IntegrityError) as caught:
        add(every, "clerk")

    assert not every.is_transient(caught.value)
    assert not every.is_transient(ValueError("of ours"))


@pytest.mark.postgres
def test_a_deadlock_is_transient(postgresql_database: Database) -> None:
    database = postgresql_database
    with database.write() as connection:
        connection.execute(insert(Stage), [{"code": c, "name": c, "rank": 0} for c in "ab"])
    both = threading.Barrier(2, timeout=10)
    errors: list[BaseException] = []

    def lock(order: str) -> None:
        try:
            with database.write() as connection:
                connection.execute(update(Stage).where(Stage.code == order[0]).values(rank=1))
                both.wait()
                connection.execute(update(Stage).where(Stage.code == order[1]).values(rank=1))
        except DBAPIError as error:
            errors.append(error)

    threads = [threading.Thread(target=lock, args=[order]) for order in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert [database.is_transient(error) for error in errors] == [True]


def test_a_server_that_is_not_there_is_transient() -> None:
    nowhere = Database("postgresql://postgres@127.0.0.1:1/none")

    with pytest.raises(DBAPIError) as caught, nowhere.read():
        pass

    assert nowhere.is_transient(caught.value)


def test_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="SQLite or PostgreSQL"):
        Database("mysql://root@localhost/bihuan")


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(Database("postgresql://user:secret@localhost/bihuan"))


@pytest.fixture(autouse=True)
def no_transaction_stays_open() -> Iterator[None]:
    """A test that leaves a thread in a transaction would hang the next one."""
    before = threading.active_count()
    yield
    assert threading.active_count() <= before
