"""Loads the folder of reference data into the database: completely, and with no effect when nothing has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, func, insert, select, update

from processes.casework import answer_templates, calendar, edits, reference
from processes.casework.reference_files import ReferenceData, ReferenceDataError, read_folder
from processes.casework.sheets import Finding
from processes.casework.versions import setting
from processes.clock import Clock
from processes.store import tables

Row = dict[str, Any]


@dataclass(frozen=True)
class LoadSummary:
    """What a load changed: for each table how many rows were added, changed and removed; which calendar years are new or differ.

    Due times that rest on one of ``years`` must be planned anew.
    """

    changes: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    years: tuple[int, ...] = ()
    deactivated: tuple[str, ...] = ()
    """people whose rows vanished"""

    @property
    def changed(self) -> bool:
        """Whether anything did."""
        return bool(self.changes or self.years)


def load(connection: Connection, folder: Path, clock: Clock) -> LoadSummary:
    """Make the reference tables say what the files of ``folder`` say.

    Rows that vanished from the files are removed; people are deactivated, for their names stand in the history.

    :raises ReferenceDataError: with every mistake at once; nothing is changed then
    """
    data = read_folder(folder)
    fresh = setting(connection, reference.SETTING).get("files") != data.version
    findings = [*_in_use(connection, data)]
    if fresh:
        findings += edits.missed(connection, data, clock.now().date())
    if findings:
        raise ReferenceDataError(findings)
    changes: dict[str, tuple[int, int, int]] = {}
    deactivated: tuple[str, ...] = ()
    if fresh:
        deactivated = _load_people_and_places(connection, data, changes)
        answer_templates.load(connection, data.answers, clock.now())
        edits.settle(connection)
    years: tuple[int, ...] = ()
    if setting(connection, calendar.SETTING).get("version") != data.calendar_version:
        years = _load_calendar(connection, data, clock, changes)
    return LoadSummary({name: each for name, each in changes.items() if any(each)}, years, deactivated)


# ---- what stands in the way ------------------------------------------------------------------------------------------


def _in_use(connection: Connection, data: ReferenceData) -> Iterable[Finding]:
    """Rows that vanished from the files although something rests on them."""
    places = {each.code for each in data.places}
    for code in connection.scalars(select(tables.Case.place).distinct()):
        if code not in places:
            yield Finding("places.csv", 0, "code", f"“{code}”还有问题件，不能删去")
    channels = {each.code for each in data.channels}
    for code in connection.scalars(select(tables.Channel.code)):
        if code not in channels and connection.scalar(select(exists().where(tables.Report.channel == code))):
            yield Finding("channels.csv", 0, "code", f"渠道“{code}”还有来件，不能删去")
    organisations = {each.id for each in data.organisations}
    open_tasks = select(tables.UserTask.organisation).where(tables.TASK_IS_OPEN).distinct()
    for organisation in connection.scalars(open_tasks):
        if organisation is not None and organisation not in organisations:
            zh = f"“{organisation}”还有未办结的任务，不能删去；撤并的机构请保留一行，在 successor 列填承接机构"
            yield Finding("organisations.csv", 0, "code", zh)


# ---- organisation's data ---------------------------------------------------------------------------------------------


def _load_people_and_places(
    connection: Connection, data: ReferenceData, changes: dict[str, tuple[int, int, int]]
) -> tuple[str, ...]:
    wanted: list[tuple[type[tables.Base], tuple[str, ...], list[Row]]] = [
        (tables.Level, ("code",), _rows(data.levels)),
        (tables.Place, ("code",), _rows(data.places)),
        (tables.Organisation, ("id",), [_without_system(row) for row in _rows(data.organisations)]),
        (
            tables.Role,
            ("code",),
            [{"code": each.code, "name": each.name, "name_en": each.name_en} for each in data.roles],
        ),
        (tables.Person, ("id",), _rows(data.people)),
        (tables.Duty, ("person", "role", "place", "organisation"), _rows(data.duties)),
        (tables.Substitute, ("person", "substitute", "since"), _rows(data.substitutes)),
        (tables.Channel, ("code",), _rows(data.channels)),
        (tables.Stage, ("code",), _rows(data.stages)),
        (tables.Address, ("person", "way"), _rows(data.addresses)),
        (tables.NoticeTemplate, ("kind",), _rows(data.notices)),
    ]
    people = {each.id for each in data.people}
    gone = connection.execute(
        select(tables.Person.id, tables.Person.name, tables.Person.active).where(tables.Person.id.not_in(people))
    ).all()
    wanted[4][2].extend({"id": row.id, "name": row.name, "active": False} for row in gone)
    plans = [(table, _difference(connection, table, key, rows)) for table, key, rows in wanted]
    for table, plan in plans:
        plan.write(connection, table)
    for table, plan in reversed(plans):
        plan.remove(connection, table)
        changes[table.__tablename__] = plan.counts
    routes = {each.code: each.name for each in data.routes}
    order = [each.id for each in data.organisations]
    sight = {each.code: each.sees for each in data.roles}
    systems = {each.id: each.system for each in data.organisations if each.system is not None}
    detail = {
        "routes": routes,
        "sight": sight,
        "order": order,
        "systems": systems,
        "apart": {each.code: each.apart for each in data.roles if each.apart is not None},
        "second_factor": [each.code for each in data.roles if each.second_factor],
        "account_rules": asdict(data.account_rules),
        "portal_rules": asdict(data.portal_rules),
    }
    _set(connection, reference.SETTING_DETAIL, detail)
    # Equal versions mean equal rows, so those who have gone count too.
    version = hashlib.sha256(repr((data.version, sorted((row.id, row.name) for row in gone))).encode()).hexdigest()
    _set(connection, reference.SETTING, {"version": version, "files": data.version})
    return tuple(row.id for row in gone if row.active)


def _rows(items: Iterable[Any]) -> list[Row]:
    return [
        {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(item).items()}
        for item in items
    ]


def _without_system(row: Row) -> Row:
    """What stands in the table; which system a board has stands in the setting."""
    return {name: value for name, value in row.items() if name != "system"}


@dataclass(frozen=True)
class _Plan:
    """What makes a table say what is wanted; rows are found by ``key``."""

    key: tuple[str, ...]
    added: list[Row]
    changed: list[Row]
    removed: list[Row]

    @property
    def counts(self) -> tuple[int, int, int]:
        return len(self.added), len(self.changed), len(self.removed)

    def write(self, connection: Connection, table: type[tables.Base]) -> None:
        for row in self.changed:
            values = {name: value for name, value in row.items() if name not in self.key}
            connection.execute(update(table).where(self._where(table, row)).values(**values))
        if self.added:
            connection.execute(insert(table), self.added)

    def remove(self, connection: Connection, table: type[tables.Base]) -> None:
        for row in self.removed:
            connection.execute(delete(table).where(self._where(table, row)))

    def _where(self, table: type[tables.Base], row: Row) -> Any:
        return and_(*(getattr(table, name).is_not_distinct_from(row[name]) for name in self.key))


def _difference(connection: Connection, table: type[tables.Base], key: tuple[str, ...], wanted: list[Row]) -> _Plan:
    columns = list(wanted[0]) if wanted else list(key)
    have = {
        tuple(getattr(row, name) for name in key): dict(row._mapping)
        for row in connection.execute(select(*(getattr(table, name) for name in columns)))
    }
    added, changed = [], []
    for row in wanted:
        known = have.pop(tuple(row[name] for name in key), None)
        if known is None:
            added.append(row)
        elif known != row:
            changed.append(row)
    return _Plan(key, added, changed, list(have.values()))


# ---- calendar --------------------------------------------------------------------------------------------------------


def _load_calendar(
    connection: Connection, data: ReferenceData, clock: Clock, changes: dict[str, tuple[int, int, int]]
) -> tuple[int, ...]:
    before = dict(connection.execute(select(tables.CalendarYear.year, tables.CalendarYear.version)).all())
    differing = sorted(year for year in before.keys() | data.years.keys() if before.get(year) != data.years.get(year))
    for year in differing:
        connection.execute(delete(tables.CalendarYear).where(tables.CalendarYear.year == year))
    plan = _difference(connection, tables.CalendarDay, ("day",), _rows(data.days))
    plan.write(connection, tables.CalendarDay)
    plan.remove(connection, tables.CalendarDay)
    fresh = [
        {"year": year, "version": data.years[year], "loaded_at": clock.now()}
        for year in differing
        if year in data.years
    ]
    if fresh:
        connection.execute(insert(tables.CalendarYear), fresh)
    changes[tables.CalendarDay.__tablename__] = plan.counts
    closing = data.closing.isoformat("minutes")
    _set(connection, calendar.SETTING, {"version": data.calendar_version, "zone": data.zone, "closing": closing})
    return tuple(differing)


# ---- settings --------------------------------------------------------------------------------------------------------


def _set(connection: Connection, key: str, value: dict[str, Any]) -> None:
    known = connection.scalar(select(func.count()).select_from(tables.Setting).where(tables.Setting.key == key))
    if known:
        connection.execute(update(tables.Setting).where(tables.Setting.key == key).values(value=value))
    else:
        connection.execute(insert(tables.Setting).values(key=key, value=value))
