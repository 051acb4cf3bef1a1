"""The second factor: codes of an app by RFC 6238, and codes of paper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import select

from processes.casework.accounts import attempts, login, second_factor
from processes.casework.accounts.second_factor import WrongCode
from processes.casework.accounts.vault import Unreadable, Vault
from processes.store.tables import Account, RecoveryCode
from tests.integration.accounts.conftest import GIVEN, Door

SECRET = pyotp.random_base32()
VAULT = Vault.with_fresh_key()
HERE = login.From("10.0.0.1", "")


def app(door: Door, drift: int = 0) -> str:
    """What the app shows."""
    return pyotp.TOTP(SECRET).at(door.now + timedelta(seconds=30 * drift))


def set_up(door: Door) -> list[str]:
    with door.database.write() as connection:
        return list(second_factor.set_up(connection, VAULT, "wx.li", SECRET, app(door), door.now))


def use(door: Door, code: str, vault: Vault = VAULT) -> None:
    with door.database.write() as connection:
        second_factor.use(connection, vault, "wx.li", code, door.now)


def step(door: Door, steps: int = 1) -> None:
    door.clock.advance(timedelta(seconds=30 * steps))


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, in six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for second, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert second_factor._step(secret, code, datetime.fromtimestamp(second, UTC), None) == second // 30


def test_the_picture_says_whose_secret_it_is() -> None:
    parts = urlsplit(second_factor.address("wx.li", SECRET))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query)["secret"] == [SECRET]


def test_it_is_set_up_by_a_code_of_the_same_secret_and_kept_sealed(door: Door) -> None:
    with door.database.write() as connection, pytest.raises(WrongCode):
        second_factor.set_up(connection, VAULT, "wx.li", SECRET, "000000", door.now)
    codes = set_up(door)
    with door.database.read() as connection:
        kept = connection.scalar(select(Account.second))
        hashes = connection.scalars(select(RecoveryCode.hash)).all()
    assert SECRET not in str(kept)
    assert len(codes) == len(set(codes)) == len(hashes) == 10
    assert not set(codes) & set(hashes)


def test_no_code_is_good_twice_nor_one_before_it(door: Door) -> None:
    set_up(door)
    with pytest.raises(WrongCode):
        use(door, app(door))
    step(door, 3)
    now = app(door)
    use(door, now[:3] + " " + now[3:])
    for spent in (now, app(door, -1)):
        with pytest.raises(WrongCode):
            use(door, spent)


def test_a_clock_may_be_half_a_minute_wrong_and_no_more(door: Door) -> None:
    set_up(door)
    for drift, good in ((-1, True), (1, True), (-2, False), (2, False)):
        step(door, 10)
        if good:
            use(door, app(door, drift))
        else:
            with pytest.raises(WrongCode):
                use(door, app(door, drift))


def test_a_recovery_code_is_good_once_however_it_is_typed(door: Door) -> None:
    first, second, *_ = set_up(door)
    use(door, first.lower().replace("-", " "))
    with pytest.raises(WrongCode):
        use(door, first)
    with door.database.write() as connection:
        assert second_factor.codes_left(connection, "wx.li") == 9
        second_factor.renew_codes(connection, "wx.li")
    with pytest.raises(WrongCode):
        use(door, second)


@pytest.mark.parametrize("code", ["", "０１２３４５", "x" * 60, "\x00\x00", "²²²²²²", "-1"])
def test_what_is_no_code_is_a_wrong_one(small_door: Door, code: str) -> None:
    set_up(small_door)
    with pytest.raises(WrongCode):
        use(small_door, code)


def test_without_the_key_only_paper_helps(small_door: Door) -> None:
    codes = set_up(small_door)
    step(small_door, 5)
    with pytest.raises(Unreadable, match="重置第二因素"):
        use(small_door, app(small_door), Vault.with_fresh_key())
    use(small_door, codes[0], Vault.with_fresh_key())


def test_a_password_alone_opens_nothing_and_the_code_gets_another_token(door: Door) -> None:
    set_up(door)
    step(door, 3)
    half = login.by_password(door.database, door.rules, "wx.li", GIVEN, door.now, HERE)
    found = door.session(half.token)
    assert found is not None
    assert not half.whole
    assert not found.whole
    entered = login.by_code(door.database, VAULT, door.rules, found, app(door), door.now, HERE)
    assert entered.whole
    assert door.session(half.token) is None
    whole = door.session(entered.token)
    assert whole is not None
    assert whole.whole
    door.clock.advance(timedelta(minutes=6))
    half = login.by_password(door.database, door.rules, "wx.li", GIVEN, door.now, HERE)
    door.clock.advance(timedelta(minutes=5))
    assert door.session(half.token) is None, "it waits five minutes"


def test_codes_are_not_guessed(door: Door) -> None:
    set_up(door)
    found = door.session(login.by_password(door.database, door.rules, "wx.li", GIVEN, door.now, HERE).token)
    assert found is not None

    def enter(code: str) -> None:
        login.by_code(door.database, VAULT, door.rules, found, code, door.now, HERE)

    for _ in range(5):
        with pytest.raises(WrongCode):
            enter("000000")
    step(door, 3)
    with pytest.raises(login.TooOften):
        enter(app(door))
    with door.database.write() as connection:
        attempts.forget(connection, [attempts.code(door.rules, "wx.li")])
    enter(app(door))


def test_whoever_has_lost_everything_is_helped_by_an_administrator(door: Door) -> None:
    set_up(door)
    with door.database.write() as connection:
        second_factor.drop(connection, "wx.li", by="wx.su")
    assert login.by_password(door.database, door.rules, "wx.li", GIVEN, door.now, HERE).whole
