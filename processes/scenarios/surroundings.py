"""The reference data of a database, to be put into a stage's: places, organisations, who has which duty, and the calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from processes.casework import calendar, reference
from processes.casework.versions import setting
from processes.store import tables

_TABLES: Sequence[type[tables.Base]] = (
    tables.Level, tables.Place, tables.Organisation, tables.Role, tables.Person, tables.Duty, tables.Substitute,
    tables.NoticeTemplate, tables.Channel, tables.Stage, tables.CalendarYear, tables.CalendarDay,
)  # fmt: skip
"""In the order in which they refer to each other."""

_SETTINGS = (reference.SETTING, reference.SETTING_DETAIL, calendar.SETTING)


@dataclass(frozen=True)
class Surroundings:
    """The rows, by table."""

    rows: Mapping[type[tables.Base], Sequence[Any]]

    def put(self, connection: Connection) -> None:
        """Fill a database that has none."""
        for table, rows in self.rows.items():
            if rows:
                connection.execute(insert(table), [dict(each) for each in rows])


def version(connection: Connection) -> str:
    """The same for the same reference data."""
    said = (setting(connection, each).get("version", "") for each in (reference.SETTING, calendar.SETTING))
    return " ".join(map(str, said))


def read(connection: Connection) -> Surroundings:
    """What the database says now."""
    rows: dict[type[tables.Base], Sequence[Any]] = {
        each: connection.execute(_without_secrets(each)).mappings().all() for each in _TABLES
    }
    of_settings = select(tables.Setting.__table__).where(tables.Setting.key.in_(_SETTINGS))
    return Surroundings({**rows, tables.Setting: connection.execute(of_settings).mappings().all()})


def _without_secrets(table: type[tables.Base]) -> Select[Any]:
    return select(*(each for each in table.__table__.columns if each.name != "password"))
