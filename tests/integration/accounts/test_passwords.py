"""What a password must be, how it is kept, and when it must be changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, insert, select

from processes.casework.accounts import login, passwords
from processes.casework.accounts.passwords import PasswordError
from processes.store.tables import Account, PastPassword, Person
from tests.integration.accounts.conftest import GIVEN, Door


def test_passwords_are_verified_and_never_kept_plain(small_door: Door) -> None:
    with small_door.database.read() as connection:
        assert passwords.verify(connection, "wx.li", GIVEN)
        assert not passwords.verify(connection, "wx.li", GIVEN[:-1])
        assert not passwords.verify(connection, "wx.chen", "")
        assert not passwords.verify(connection, "nobody", GIVEN)
        assert not passwords.verify(connection, "wx.li", GIVEN + "x" * 10_000)
    assert small_door.hash_of("wx.li").startswith("$argon2id$")
    small_door.set(Person, Person.id == "wx.li", active=False)
    with small_door.database.read() as connection:
        assert not passwords.verify(connection, "wx.li", GIVEN)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Aa1-short", "至少 10 位，现有 9 位"),
        ("alllowercase11", "至少 3 类"),
        ("Aa1-" + "x" * 200, "最多 200 位"),
        ("Xx1-WX.LI-secret", "不能包含账号或姓名"),
        ("Xx1-李婷婷-secret", "不能包含账号或姓名"),
        (GIVEN, "最近 5 次"),
    ],
)
def test_a_password_that_is_too_easy_is_refused_and_why_is_told(small_door: Door, password: str, why: str) -> None:
    with pytest.raises(PasswordError, match=why):
        small_door.change("wx.li", password)
    small_door.enter("wx.li", GIVEN)


def test_an_unknown_account_gets_no_password(small_door: Door) -> None:
    with pytest.raises(PasswordError, match="没有账号"):
        small_door.change("nobody", "Long-enough-1")
    with pytest.raises(PasswordError, match="没有账号"):
        passwords.hand_out(small_door.database, small_door.rules, "nobody", small_door.now, by="wx.su")


def test_none_of_the_last_five_is_taken_again_and_no_more_are_kept(small_door: Door) -> None:
    for turn in range(1, 6):
        small_door.change("wx.li", f"Turn-number-{turn}")
    for turn in range(1, 6):
        with pytest.raises(PasswordError, match="最近 5 次"):
            small_door.change("wx.li", f"Turn-number-{turn}")
    small_door.change("wx.li", GIVEN)
    small_door.change("wx.li", "Turn-number-1")
    with small_door.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(PastPassword)) == 4


def test_the_rules_are_data(small_door: Door) -> None:
    small_door.rules = replace(small_door.rules, password_length=4, password_classes=1, password_kept=0)
    small_door.change("wx.li", "easy")
    small_door.change("wx.li", "easy")
    small_door.enter("wx.li", "easy")


def test_a_password_that_was_given_must_be_changed_in_time(door: Door) -> None:
    given = passwords.hand_out(door.database, door.rules, "wx.li", door.now, by="wx.su")
    assert len(given) >= 12
    session = door.session(door.enter("wx.li", given))
    assert session is not None
    assert passwords.must_change(door.rules, session, door.now)
    door.clock.advance(timedelta(hours=73))
    with pytest.raises(login.Wrong):
        door.enter("wx.li", given)


def test_a_password_grows_old(door: Door) -> None:
    door.change("wx.li", "Spring-2026-x")
    door.clock.advance(timedelta(days=89))
    session = door.session(door.enter("wx.li", "Spring-2026-x"))
    assert session is not None
    assert not passwords.must_change(door.rules, session, door.now)
    assert passwords.must_change(door.rules, session, door.now + timedelta(days=1))
    assert not passwords.must_change(replace(door.rules, password_days=0), session, door.now + timedelta(days=900))


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_login(small_door: Door) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024).hash(GIVEN)
    small_door.set(Person, Person.id == "wx.li", password=old)
    small_door.enter("wx.li", GIVEN)
    assert small_door.hash_of("wx.li") != old
    small_door.enter("wx.li", GIVEN)


def test_demonstration_passwords_go_to_those_who_have_none(small_door: Door) -> None:
    with small_door.database.write() as connection:
        connection.execute(insert(Person).values(id="fresh", name="新", active=True))
        connection.execute(insert(Person).values(id="gone", name="离", active=False))
        assert passwords.set_missing(connection, "demonstration") == 1
        assert passwords.verify(connection, "fresh", "demonstration")
        assert passwords.verify(connection, "wx.li", GIVEN)
        assert passwords.set_missing(connection, "demonstration") == 0
        assert connection.scalar(select(func.count()).select_from(Account)) == 0, "nobody has to change it"


def test_to_hash_a_password_costs_whoever_steals_the_hashes_dearly(shipped_hasher: PasswordHasher) -> None:
    """At the least what RFC 9106 recommends where memory is scarce."""
    assert (shipped_hasher.type.name, shipped_hasher.time_cost, shipped_hasher.parallelism) == ("ID", 3, 4)
    assert shipped_hasher.memory_cost >= 64 * 1024  # KiB
