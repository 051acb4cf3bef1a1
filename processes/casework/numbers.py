"""Problem numbers that can be read out on the phone: ``330502-26-00042-8``.

Place, year, serial (five digits or more), and a check digit by ISO 7064 MOD 11,10, which finds every single wrong digit and nearly every
swapped pair.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from stdnum.iso7064 import mod_11_10

from processes.store.tables import Serial

SERIAL_DIGITS = 5
"""Shorter serials are filled up with zeros, so that numbers of a place line up."""

_PLACE_LENGTHS = (2, 4, 6, 9, 12)
"""Digits of a GB/T 2260 code (9 and 12: down to township and village)."""

_NUMBER = re.compile(r"(\d{2,12})-(\d\d)-(\d{5,})-(\d)\Z")
_NOT_DIGITS = re.compile(r"\D+")


def allocate(connection: Connection, place: str, year: int) -> str:
    """The next number of a place and year, in the caller's transaction: given out for good only when that commits.

    ``year`` is the calendar year at the place, with four digits.
    """
    insert = sqlite.insert(Serial) if connection.dialect.name == "sqlite" else postgresql.insert(Serial)
    statement = (
        insert.values(place=place, year=year, last=1)
        .on_conflict_do_update(index_elements=["place", "year"], set_={"last": Serial.last + 1})
        .returning(Serial.last)
    )
    return compose(place, year, connection.execute(statement).scalar_one())


def compose(place: str, year: int, serial: int) -> str:
    """Write the number of a serial.

    >>> compose("330502", 2026, 42)
    '330502-26-00042-5'
    """
    body = f"{place}-{year % 100:02d}-{serial:0{SERIAL_DIGITS}d}"
    return f"{body}-{mod_11_10.calc_check_digit(_NOT_DIGITS.sub('', body))}"


def has_form(number: str) -> bool:
    """Whether this is written like a number of ours, its check digit right or not."""
    return _NUMBER.match(number) is not None


def is_valid(number: str) -> bool:
    """Whether it is written exactly as given out, with the right check digit."""
    return _NUMBER.match(number) is not None and bool(mod_11_10.is_valid(number.replace("-", "")))


def normalise(text: str, places: Container[str] = ()) -> str | None:
    """The number somebody typed or read out, as it was given out; None when it is none.

    Spaces, full-width digits and any dashes are understood, and no dashes at all. Without dashes the place may be any code of a usual
    length, one of ``places`` first; among several the shortest serial wins.

    >>> normalise("３３０５０２ 26 00042 5")
    '330502-26-00042-5'
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    groups = [group for group in _NOT_DIGITS.split(plain) if group]
    as_written = "-".join(groups)
    if is_valid(as_written):
        return as_written
    digits = "".join(groups)
    if not digits.isascii() or not mod_11_10.is_valid(digits):
        return None
    found = [number for length in sorted(_PLACE_LENGTHS, reverse=True) if (number := _split(digits, length))]
    known = [number for number in found if number.partition("-")[0] in places]
    return next(iter(known or found), None)


def _split(digits: str, place_length: int) -> str | None:
    place, year, serial = digits[:place_length], digits[place_length : place_length + 2], digits[place_length + 2 : -1]
    if len(serial) < SERIAL_DIGITS or (len(serial) > SERIAL_DIGITS and serial.startswith("0")):
        return None
    return f"{place}-{year}-{serial}-{digits[-1]}"
