"""Logging in: wrong tries are counted in the database, and logins are rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from processes.casework.accounts import attempts, login, sessions
from processes.store.tables import Account, LoginAttempts, LoginSession, Person
from tests.integration.accounts.conftest import GIVEN, Door


def wrong(door: Door, person: str, times: int, address: str = "10.0.0.9") -> None:
    for _ in range(times):
        with pytest.raises(login.Wrong):
            door.enter(person, "wrong", address)


def test_five_wrong_tries_lock_an_account_for_ten_minutes_wherever_it_is_tried(door: Door) -> None:
    wrong(door, "wx.li", 5)
    door.clock.advance(timedelta(minutes=9, seconds=59))
    with pytest.raises(login.TooOften, match="10 分钟"):
        door.enter("wx.li", GIVEN, "10.0.0.2")
    door.clock.advance(timedelta(seconds=1))
    door.enter("wx.li", GIVEN)


def test_an_account_that_does_not_exist_is_locked_just_so(door: Door) -> None:
    for unknown in ("nobody", "n\x00body", "x" * 5000, ""):
        wrong(door, unknown, 5)
        with pytest.raises(login.TooOften):
            door.enter(unknown, "wrong")


def test_the_right_password_forgets_the_wrong_ones(door: Door) -> None:
    wrong(door, "wx.li", 4)
    door.enter("wx.li", GIVEN)
    wrong(door, "wx.li", 4)
    door.enter("wx.li", GIVEN)


def test_tries_far_apart_are_not_added_up(door: Door) -> None:
    wrong(door, "wx.li", 4)
    door.clock.advance(timedelta(minutes=10))
    wrong(door, "wx.li", 4)
    door.enter("wx.li", GIVEN)


def test_an_address_from_which_many_accounts_are_tried_waits_and_others_do_not(door: Door) -> None:
    door.rules = replace(door.rules, address_tries=6)
    for at in range(6):
        wrong(door, f"guess{at}", 1, "10.0.0.66")
    with pytest.raises(login.TooOften):
        door.enter("wx.li", GIVEN, "10.0.0.66")
    door.enter("wx.li", GIVEN, "10.0.0.67")


def test_a_hundred_logins_of_one_office_are_no_attack(small_door: Door) -> None:
    small_door.rules = replace(small_door.rules, address_tries=3)
    for _ in range(5):
        small_door.enter("wx.li", GIVEN)


def test_many_tries_at_once_are_no_way_around(door: Door) -> None:
    def guess(_: int) -> str:
        try:
            door.enter("wx.li", "wrong")
        except login.Refused as refused:
            return type(refused).__name__
        return "in"

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(guess, range(16)))
    assert sorted(found) == ["TooOften"] * 11 + ["Wrong"] * 5


def test_what_is_counted_is_forgotten_in_time(small_door: Door) -> None:
    for at in range(3):
        wrong(small_door, f"guess{at}", 1)
    small_door.clock.advance(timedelta(minutes=21))
    small_door.enter("wx.li", GIVEN)
    with small_door.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(LoginAttempts)) == 1, "the address, which is right"


def test_an_account_is_unlocked_by_forgetting(small_door: Door) -> None:
    wrong(small_door, "wx.li", 5)
    subject = attempts.account(small_door.rules, "wx.li")
    with small_door.database.write() as connection:
        locked = attempts.all_locked(connection, {"wx.li": subject}, small_door.now)
        assert locked == {"wx.li": small_door.now + timedelta(minutes=10)}
        attempts.forget(connection, [subject])
    small_door.enter("wx.li", GIVEN)


def test_only_who_knows_the_password_learns_that_an_administrator_has_locked_the_account(door: Door) -> None:
    door.enter("wx.li", GIVEN)
    door.set(Account, Account.person == "wx.li", locked_at=door.now)
    with pytest.raises(login.Wrong):
        door.enter("wx.li", "wrong")
    with pytest.raises(login.Locked, match="联系安全管理员"):
        door.enter("wx.li", GIVEN)


# ---- logins ----------------------------------------------------------------------------------------------------------


def test_a_token_is_found_and_is_not_kept_in_plain(door: Door) -> None:
    token = door.enter("wx.li", GIVEN)
    found = door.session(token)
    assert found is not None
    assert (found.person, found.way, found.address) == ("wx.li", sessions.PASSWORD, "10.0.0.1")
    with door.database.read() as connection:
        assert connection.scalar(select(LoginSession.token)) != token
    assert door.session("another") is None
    assert door.session("\x00") is None


def test_a_request_costs_one_read(small_door: Door) -> None:
    token = small_door.enter("wx.li", GIVEN)
    ran: list[str] = []
    with small_door.database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: ran.append(given[2]))
        assert sessions.find(connection, token, small_door.now, small_door.rules)
    assert len(ran) == 1


def test_a_login_ends_after_half_an_hour_without_a_request_and_after_twelve_hours_in_any_case(door: Door) -> None:
    token = door.enter("wx.li", GIVEN)
    for _ in range(24):
        door.clock.advance(timedelta(minutes=29, seconds=50))
        found = door.session(token)
        assert found is not None
        assert sessions.is_to_be_noted(found, door.now)
        with door.database.write() as connection:
            sessions.note(connection, found, door.now)
    door.clock.advance(timedelta(minutes=10))
    assert door.session(token) is None, "twelve hours"
    token = door.enter("wx.li", GIVEN)
    door.clock.advance(timedelta(minutes=30))
    assert door.session(token) is None, "half an hour"


def test_a_login_is_noted_once_a_minute(small_door: Door) -> None:
    token = small_door.enter("wx.li", GIVEN)
    small_door.clock.advance(timedelta(seconds=59))
    found = small_door.session(token)
    assert found is not None
    assert not sessions.is_to_be_noted(found, small_door.now)


def test_a_new_password_ends_every_login_but_the_one_that_is_kept(door: Door) -> None:
    kept, other = door.enter("wx.li", GIVEN), door.enter("wx.li", GIVEN)
    someone = door.enter("wx.chen", GIVEN)
    found = door.session(kept)
    assert found is not None
    door.change("wx.li", "Another-one-1", keep=found.id)
    assert door.session(kept) is not None
    assert door.session(other) is None
    assert door.session(someone) is not None


def test_the_logins_of_somebody_who_is_locked_or_has_left_are_good_no_more(door: Door) -> None:
    locked, left = door.enter("wx.li", GIVEN), door.enter("wx.chen", GIVEN)
    door.set(Account, Account.person == "wx.li", locked_at=door.now)
    door.set(Person, Person.id == "wx.chen", active=False)
    assert door.session(locked) is None
    assert door.session(left) is None


def test_one_login_is_ended_by_its_own_person_alone(door: Door) -> None:
    token = door.enter("wx.li", GIVEN)
    found = door.session(token)
    assert found is not None
    with door.database.write() as connection:
        assert not sessions.end(connection, "wx.chen", found.id)
    assert door.session(token) is not None
    with door.database.write() as connection:
        assert [each.id for each in sessions.of(connection, "wx.li", door.now, door.rules)] == [found.id]
        assert sessions.end(connection, "wx.li", found.id)
    assert door.session(token) is None


def test_ended_logins_are_swept_away_by_the_next(small_door: Door) -> None:
    small_door.enter("wx.li", GIVEN)
    small_door.clock.advance(timedelta(hours=12))
    small_door.enter("wx.chen", GIVEN)
    with small_door.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(LoginSession)) == 1
