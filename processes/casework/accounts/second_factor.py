"""The second factor: six digits of an app (TOTP, RFC 6238), or a code from paper that is good once."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Sequence
from datetime import datetime

import pyotp
from sqlalchemy import Connection, delete, func, insert, select, update

from processes.casework.accounts import rows
from processes.casework.accounts.vault import Vault
from processes.errors import BihuanError
from processes.store.tables import Account, RecoveryCode

log = logging.getLogger("bihuan.accounts")

ISSUER = "闭环"
"""By this name apps list it."""

STEP = 30
"""Seconds for which a code is shown (RFC 6238's own value; many apps know no other)."""

DRIFT = 1
"""Steps by which a phone's clock may be wrong, either way."""

CODES = 10
"""Recovery codes that are given at once."""

_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


class WrongCode(BihuanError):
    """A code that is not good: wrong, or used before."""

    def __init__(self) -> None:
        super().__init__(
            "验证码不对或已用过，请等应用里出现新的 6 位数字后再输入。",
            "The code is wrong or was used before: wait for the next six digits and type them.",
        )


def fresh_secret() -> str:
    """A secret for an app, not kept yet."""
    return pyotp.random_base32()


def address(person: str, secret: str) -> str:
    """What the picture says that an app takes the secret from (``otpauth://…``)."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=person, issuer_name=ISSUER)


def set_up(connection: Connection, vault: Vault, person: str, secret: str, code: str, now: datetime) -> Sequence[str]:
    """Keep a secret, once a code shows that the person's app has it too; returns the recovery codes, which are kept hashed alone.

    :raises WrongCode: when the code is another secret's
    """
    step = _step(secret, code, now, None)
    if step is None:
        raise WrongCode
    rows.put(connection, person, now, second=vault.seal(secret), second_step=step)
    log.info("%s set up a second factor", person)
    return renew_codes(connection, person)


def renew_codes(connection: Connection, person: str) -> Sequence[str]:
    """New recovery codes in place of all that there are."""
    codes = ["-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4)) for _ in range(CODES)]
    connection.execute(delete(RecoveryCode).where(RecoveryCode.person == person))
    connection.execute(insert(RecoveryCode), [{"person": person, "hash": _hashed(person, each)} for each in codes])
    return codes


def use(connection: Connection, vault: Vault, person: str, code: str, now: datetime) -> None:
    """Take a code, of the app or of paper; neither is good again.

    :raises WrongCode: when it is not good
    :raises Unreadable: when the secret cannot be read with today's key
    """
    found = select(Account.second, Account.second_step).where(Account.person == person).with_for_update()
    row = connection.execute(found).first()
    if row is None or row.second is None:
        raise WrongCode
    plain = "".join(code.split())
    if not plain.isdecimal():
        spent = delete(RecoveryCode).where(RecoveryCode.person == person, RecoveryCode.hash == _hashed(person, plain))
        if connection.execute(spent.returning(RecoveryCode.hash)).first() is None:
            raise WrongCode
        log.info("%s used a recovery code", person)
        return
    step = _step(vault.open(row.second), plain, now, row.second_step)
    if step is None:
        raise WrongCode
    connection.execute(update(Account).where(Account.person == person).values(second_step=step))


def codes_left(connection: Connection, person: str) -> int:
    """How many recovery codes have not been used."""
    of_person = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.person == person)
    return connection.scalar(of_person) or 0


def drop(connection: Connection, person: str, *, by: str) -> None:
    """Without a second factor from now on: the phone is lost, say."""
    connection.execute(update(Account).where(Account.person == person).values(second=None, second_step=None))
    connection.execute(delete(RecoveryCode).where(RecoveryCode.person == person))
    log.info("%s dropped the second factor of %s", by, person)


def _step(secret: str, code: str, now: datetime, used: int | None) -> int | None:
    """The time step that a code is of, later than the one that was used last; every one is compared, in constant time."""
    here, app, found = int(now.timestamp()) // STEP, pyotp.TOTP(secret, interval=STEP), None
    for step in range(here - DRIFT, here + DRIFT + 1):
        same = hmac.compare_digest(app.at(step * STEP).encode(), code.encode("utf-8", "surrogatepass"))
        if same and (used is None or step > used):
            found = step
    return found


def _hashed(person: str, code: str) -> str:
    """Not a slow hash: a code is random, of 78 bits."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(f"{person} {plain}".encode("utf-8", "surrogatepass")).hexdigest()
