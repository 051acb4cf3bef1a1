"""Changes of the reference data made at pages: somebody new, a duty, a substitute, whether somebody is active. Held to the checks that files are.

The database is the truth, and the folder is loaded into it as a whole; so an edit is remembered until the folder says the same. A folder that
would undo one is refused, with what to write in it (``missed``).
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Protocol

from sqlalchemy import Connection, and_, delete, insert, select, update

from processes.casework import records, reference
from processes.casework.reference import Reference
from processes.casework.reference_checks import check
from processes.casework.sheets import Finding, Located, person_id, person_name
from processes.casework.versions import setting
from processes.errors import BihuanError
from processes.store import tables

log = logging.getLogger("bihuan.accounts")

EDITS = "reference.edits"
"""Key of the ``Setting`` row that holds the edits which no folder has said yet."""

Record = records.Duty | records.Substitute | records.Person


class EditRefused(BihuanError):
    """The change does not fit the rest of the reference data. ``column``: what of the row is wrong; empty when it is all of it."""

    def __init__(self, zh: str, en: str, column: str = "") -> None:
        super().__init__(zh, en)
        self.column = column


class Sheets(Protocol):
    """What a folder says, as far as pages edit it."""

    @property
    def people(self) -> Sequence[records.Person]: ...

    @property
    def duties(self) -> Sequence[records.Duty]: ...

    @property
    def substitutes(self) -> Sequence[records.Substitute]: ...


@dataclass(frozen=True)
class _Sheet:
    """Where records of a kind stand: in files, in tables, and what tells one from the others."""

    name: str
    record: type[Any]
    table: type[tables.Base]
    key: tuple[str, ...]


_SHEETS = {
    each.record: each
    for each in (
        _Sheet("people", records.Person, tables.Person, ("id",)),
        _Sheet("duties", records.Duty, tables.Duty, ("person", "role", "place", "organisation")),
        _Sheet("substitutes", records.Substitute, tables.Substitute, ("person", "substitute", "since")),
    )
}


def enrol(connection: Connection, person: records.Person, duty: records.Duty, *, by: str) -> None:
    """Somebody new, and what he or she does first: who has no duty would be the top's alone to look after.

    :raises EditRefused: when the account is somebody's already, is called what none may be called, or the duty is refused (see :func:`add`)
    """
    _fits(person_id, person.id, "id", "账号", "The account has up to 60 letters, digits, dots and hyphens.")
    _fits(person_name, person.name, "name", "姓名", "The name has up to 60 characters, none of = + - @ to begin with.")
    if not person.id[0].isalnum():  # it stands in addresses, where dots lead elsewhere
        raise EditRefused("账号须以字母或数字开头。", "The account begins with a letter or digit.", "id")
    for each in _locked(connection).people:
        if each.lower() == person.id.lower():
            raise EditRefused(f"已有账号“{each}”，请换一个。", f"There is an account {each}: choose another.", "id")
    add(connection, person, by=by)
    add(connection, duty, by=by)


def add(connection: Connection, record: Record, *, by: str) -> None:
    """Add a row.

    :raises EditRefused: when it is there already, or files with it would be refused
    """
    here = _locked(connection)
    sheet = _SHEETS[type(record)]
    have = _sheets(here)[sheet.name]
    if any(_key(each.record, sheet) == _key(record, sheet) for each in have):
        raise EditRefused("已经有这一条，不必重复添加。", "There is one already.")
    _judge(here, sheet.name, record)
    connection.execute(insert(sheet.table).values(**asdict(record)))
    _note(connection, here, record, gone=False, by=by)


def end(connection: Connection, record: records.Duty | records.Substitute, *, by: str) -> None:
    """Take a row away; one that is gone already stays so."""
    here = _locked(connection)
    sheet = _SHEETS[type(record)]
    same = and_(*(getattr(sheet.table, name).is_not_distinct_from(getattr(record, name)) for name in sheet.key))
    connection.execute(delete(sheet.table).where(same))
    _note(connection, here, record, gone=True, by=by)


def set_active(connection: Connection, person: str, active: bool, *, by: str) -> None:
    """Let somebody in no more, or again. Names stand in the history, so that people are never taken away.

    :raises EditRefused: when nobody is called so
    """
    here = _locked(connection)
    known = here.people.get(person)
    if known is None:
        raise EditRefused(f"没有账号“{person}”。", f"There is no account {person}.")
    connection.execute(update(tables.Person).where(tables.Person.id == person).values(active=active))
    _note(connection, here, replace(known, active=active), gone=False, by=by)


def missed(connection: Connection, data: Sheets, today: date) -> Iterator[Finding]:
    """The edits that a folder would undo. Substitutes whose time is over may be missing."""
    for name, listed in setting(connection, EDITS).items():
        sheet = next(each for each in _SHEETS.values() if each.name == name)
        have = {_text(_key(each, sheet)): _values(each) for each in getattr(data, name)}
        for key, edit in listed.items():
            said, wanted = have.get(key), None if edit["gone"] else edit["values"]
            over = "until" in edit["values"] and edit["values"]["until"] < today.isoformat()
            if said != wanted and not over:
                row = "、".join(str(value) for value in edit["values"].values() if value is not None)
                what = "删去" if edit["gone"] else "写上"
                yield Finding(
                    f"{name}.csv", 0, "", f"页面上已改过“{row}”，请先在文件里{what}（“职责管理”页可下载现在的文件）"
                )


def settle(connection: Connection) -> None:
    """A folder has been loaded that says all edits."""
    connection.execute(delete(tables.Setting).where(tables.Setting.key == EDITS))


# ---- how -------------------------------------------------------------------------------------------------------------


def _fits(parse: Callable[[str], object], value: str, column: str, name: str, english: str) -> None:
    try:
        parse(value)
    except ValueError as error:
        raise EditRefused(f"{name}{error}。", english, column) from error


def _locked(connection: Connection) -> Reference:
    """The reference data, which nobody else edits until the transaction ends."""
    connection.execute(select(tables.Setting.key).where(tables.Setting.key == reference.SETTING).with_for_update())
    return Reference.read(connection)


def _judge(here: Reference, name: str, record: Record) -> None:
    """What the files' checks say of one row more; what they would say without it is not its fault."""
    before = _sheets(here)
    after = before.copy()
    after[name] = [*before[name], Located(len(before[name]) + 2, record)]
    files = defaultdict(str, {each: f"{each}.csv" for each in before})
    known = set(check(before, files, ()))
    fresh = [each for each in check(after, files, ()) if each not in known]
    if fresh:
        first = fresh[0]
        raise EditRefused(
            "；".join(each.zh for each in fresh) + "。", f"The checks of {first.file} refuse it.", first.column
        )


def _sheets(here: Reference) -> defaultdict[str, list[Located]]:
    """The reference data as the files' checks take it; rows count as they stand. Files that say nothing of people are empty."""
    roles = [
        records.Role(code, name, here.sight.get(code, records.SEES_NONE), here.apart.get(code))
        for code, name in here.roles.items()
    ]
    routes = [records.Route(code, name) for code, name in here.routes.items()]
    found: dict[str, Iterable[Any]] = {
        "levels": here.levels,
        "places": here.places.values(),
        "organisations": here.organisations.values(),
        "roles": roles,
        "people": here.people.values(),
        "duties": here.duties,
        "substitutes": here.substitutes,
        "routes": routes,
        "channels": here.channels.values(),
        "stages": here.stages,
    }
    rows = {name: [Located(row, each) for row, each in enumerate(listed, 2)] for name, listed in found.items()}
    return defaultdict(list, rows)


def _note(connection: Connection, here: Reference, record: Record, *, gone: bool, by: str) -> None:
    """Remember the edit, and let everybody see that the reference data is another."""
    sheet = _SHEETS[type(record)]
    edits = setting(connection, EDITS)
    key = _text(_key(record, sheet))
    edits[sheet.name] = {**edits.get(sheet.name, {}), key: {"gone": gone, "values": _values(record)}}
    _set(connection, EDITS, edits)
    about = setting(connection, reference.SETTING)
    version = hashlib.sha256(repr((here.version, record, gone)).encode()).hexdigest()
    _set(connection, reference.SETTING, {**about, "version": version})
    log.info("%s %s %s in %s", by, "ended" if gone else "wrote", key, sheet.name)


def _set(connection: Connection, key: str, value: Mapping[str, Any]) -> None:
    same = tables.Setting.key == key
    if connection.execute(update(tables.Setting).where(same).values(value=dict(value))).rowcount == 0:
        connection.execute(insert(tables.Setting).values(key=key, value=dict(value)))


def _key(record: Any, sheet: _Sheet) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in sheet.key)


def _text(key: tuple[Any, ...]) -> str:
    return " ".join("" if each is None else str(each) for each in key)


def _values(record: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(record).items()}
