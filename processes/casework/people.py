"""Who somebody is and what he or she may do today: passwords, duties, substitutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, select, update

from processes.casework import records
from processes.casework.reference import Reference
from processes.errors import BihuanError
from processes.store.tables import Person

SHORTEST_PASSWORD = 8

_hasher = PasswordHasher()


class PasswordError(BihuanError):
    """A password that is not accepted, or whose owner does not exist."""


def hash_password(password: str) -> str:
    """The argon2id hash that is stored.

    :raises PasswordError: when it is shorter than ``SHORTEST_PASSWORD`` characters
    """
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordError(f"密码至少{SHORTEST_PASSWORD}位。", "the password is too short")
    return _hasher.hash(password)


def verify_password(connection: Connection, person: str, password: str) -> bool:
    """Whether this is the password of an active person; takes as long for one who does not exist."""
    row = connection.execute(select(Person.password, Person.active).where(Person.id == person)).first()
    has_one = row is not None and row.active and bool(row.password)
    try:
        _hasher.verify(row.password if row is not None and has_one else _nobody(), password)
    except (Argon2Error, InvalidHashError):
        return False
    return has_one


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


def set_password(connection: Connection, person: str, password: str) -> None:
    """Give a person a password.

    :raises PasswordError: when it is too short, or there is no such person
    """
    hashed = hash_password(password)
    known = connection.execute(update(Person).where(Person.id == person).values(password=hashed).returning(Person.id))
    if known.first() is None:
        raise PasswordError(f"没有账号“{person}”。", f"no person {person}")


def set_missing_passwords(connection: Connection, password: str) -> int:
    """Give everybody without a password the same one, as demonstrations need; returns to how many.

    They share one hash: whoever reads the table sees that their passwords are the same, which is no secret there.
    """
    missing = connection.scalars(select(Person.id).where(Person.password == "", Person.active)).all()
    if missing:
        hashed = hash_password(password)
        connection.execute(update(Person).where(Person.password == "", Person.active).values(password=hashed))
    return len(missing)


# ---- duties ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Acting:
    """A duty that somebody may exercise today: an own one, or ``person``'s, for whom he or she stands in."""

    person: str
    duty: records.Duty


@dataclass(frozen=True)
class Authority:
    """What a person may do on a day. ``principals``: the person, and those he or she stands in for."""

    person: str
    principals: tuple[str, ...]
    acting: tuple[Acting, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """The places of the duties, each once."""
        return tuple(dict.fromkeys(each.duty.place for each in self.acting))

    def has_role(self, role: str, place: str | None = None) -> bool:
        """Whether the person holds a role (at a place) today."""
        return any(each.duty.role == role and place in (None, each.duty.place) for each in self.acting)


def authority(reference: Reference, person: str, today: date) -> Authority:
    """A person's duties and those of the people he or she stands in for today. Standing in is not passed on.

    Nobody unknown or inactive has any. ``today`` is the date at the place (``WorkingCalendar.local_date``).
    """
    known = reference.people.get(person)
    if known is None or not known.active:
        return Authority(person, (person,), ())
    principals = dict.fromkeys(
        [
            person,
            *(
                each.person
                for each in reference.substitutes
                if each.substitute == person and each.since <= today <= each.until
            ),
        ]
    )
    acting = tuple(Acting(each, duty) for each in principals for duty in reference.duties_of(each))
    return Authority(person, tuple(principals), acting)
