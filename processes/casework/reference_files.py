"""The folder of reference data: which files it has, which columns they have, and what records they make."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import time
from pathlib import Path
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

from processes.casework import records
from processes.casework.reference_checks import check
from processes.casework.sheets import (
    Cell,
    Finding,
    Located,
    Reader,
    Sheet,
    choice,
    code,
    day,
    names,
    number,
    optional,
    person_id,
    person_name,
    text,
    yes,
    yes_if_said,
)
from processes.errors import BihuanError

CALENDAR_FOLDER = "calendar"
CALENDAR_SETTINGS = "calendar.csv"
ACCOUNT_SETTINGS = "accounts.csv"
PORTAL_SETTINGS = "portal.csv"

R = TypeVar("R")


class ReferenceDataError(BihuanError):
    """The reference data is not usable: every finding, one a line; nothing was loaded."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, findings)), f"{len(findings)} mistakes in the reference data")


@dataclass(frozen=True)
class ReferenceData:
    """Everything the folder says. ``version`` and ``years`` hold content hashes."""

    levels: tuple[records.Level, ...]
    places: tuple[records.Place, ...]
    organisations: tuple[records.Organisation, ...]
    roles: tuple[records.Role, ...]
    people: tuple[records.Person, ...]
    duties: tuple[records.Duty, ...]
    substitutes: tuple[records.Substitute, ...]
    routes: tuple[records.Route, ...]
    channels: tuple[records.Channel, ...]
    stages: tuple[records.Stage, ...]
    addresses: tuple[records.Address, ...]
    notices: tuple[records.NoticeTemplate, ...]
    account_rules: records.AccountRules
    portal_rules: records.PortalRules
    answers: tuple[records.AnswerWords, ...]
    days: tuple[records.CalendarDay, ...]
    years: dict[int, str]
    zone: str
    closing: time
    version: str
    calendar_version: str


def _organisation(
    place: str,
    code: str,
    name: str,
    kind: str,
    parent: str | None,
    successor: str | None,
    aliases: tuple[str, ...],
    system: str | None,
    name_en: str | None,
) -> records.Organisation:
    return records.Organisation(
        id=organisation_id(place, code),
        place=place,
        code=code,
        name=name,
        kind=kind,
        parent=parent and organisation_id(place, parent),
        successor=successor and organisation_id(place, successor),
        aliases=aliases,
        system=system,
        name_en=name_en,
    )


def _duty(person: str, role: str, place: str, organisation: str | None) -> records.Duty:
    return records.Duty(person, role, place, organisation and organisation_id(place, organisation))


def _answer(place: str, organisation: str | None, title: str, text: str) -> records.AnswerWords:
    return records.AnswerWords(place, organisation and organisation_id(place, organisation), title, text)


def organisation_id(place: str, code: str) -> str:
    """``place.code``; a code with a dot is an id already (an organisation of another place)."""
    return code if "." in code else f"{place}.{code}"


def _in_english(limit: int) -> dict[str, Cell]:
    """The column of a name for those who read English; files may do without it."""
    return {"name_en": optional(text(limit))}


_ENGLISH = frozenset({"name_en"})
_PLACE = code(20)
_ORGANISATION = code(39, ".")
_SHEETS = {
    "levels": Sheet(
        "levels.csv",
        {"code": code(20), "name": text(40), "rank": number, **_in_english(40)},
        records.Level,
        ("code",),
        _ENGLISH,
    ),
    "places": Sheet(
        "places.csv",
        {
            "code": _PLACE,
            "name": text(60),
            "level": code(20),
            "superior": optional(_PLACE),
            "host": optional(code(40)),
            **_in_english(80),
            "four_eyes": optional(yes),
        },
        records.Place,
        ("code",),
        _ENGLISH | {"superior", "host", "four_eyes"},
    ),
    "organisations": Sheet(
        "organisations.csv",
        {
            "place": _PLACE,
            "code": code(39),
            "name": text(80),
            "kind": code(20),
            "parent": optional(_ORGANISATION),
            "successor": optional(_ORGANISATION),
            "aliases": names,
            "system": optional(code(40)),
            **_in_english(160),
        },
        _organisation,
        ("id",),
        _ENGLISH | {"parent", "successor", "aliases", "system"},
    ),
    "roles": Sheet(
        "roles.csv",
        {
            "code": code(60),
            "name": text(60),
            "sees": choice(*records.SIGHTS),
            "apart": optional(code(20)),
            "second_factor": yes_if_said,
            **_in_english(80),
        },
        records.Role,
        ("code",),
        _ENGLISH | {"apart", "second_factor"},
    ),
    "people": Sheet("people.csv", {"id": person_id, "name": person_name, "active": yes}, records.Person, ("id",)),
    "duties": Sheet(
        "duties.csv",
        {"person": person_id, "role": code(60), "place": _PLACE, "organisation": optional(_ORGANISATION)},
        _duty,
        ("person", "role", "place", "organisation"),
        frozenset({"organisation"}),
    ),
    "substitutes": Sheet(
        "substitutes.csv",
        {"person": person_id, "substitute": person_id, "since": day, "until": day},
        records.Substitute,
        ("person", "substitute", "since"),
    ),
    "routes": Sheet("routes.csv", {"code": code(40), "name": text(60)}, records.Route, ("code",)),
    "channels": Sheet(
        "channels.csv",
        {
            "code": code(40),
            "name": text(60),
            "route": code(40),
            "partner": code(40),
            "place": _PLACE,
            **_in_english(80),
        },
        records.Channel,
        ("code",),
        _ENGLISH,
    ),
    "addresses": Sheet(
        "addresses.csv",
        {"person": person_id, "way": choice(*records.WAYS), "address": text(200)},
        records.Address,
        ("person", "way"),
    ),
    "notices": Sheet(
        "notices.csv",
        {"kind": code(40), "ways": names, "subject": text(200), "text": text(2000)},
        records.NoticeTemplate,
        ("kind",),
        frozenset({"ways"}),
    ),
    "answers": Sheet(
        "answers.csv",
        {"place": _PLACE, "organisation": optional(_ORGANISATION), "title": text(60), "text": text(4000)},
        _answer,
        ("place", "organisation", "title"),
        frozenset({"organisation"}),
    ),
    "stages": Sheet(
        "stages.csv",
        {"code": code(20), "name": text(20), "rank": number, **_in_english(40)},
        records.Stage,
        ("code",),
        _ENGLISH,
    ),
}
_NOT_NEEDED = frozenset({"addresses", "notices", "answers"})
"""files that a folder may do without"""
_DAYS: dict[str, Cell] = {"day": day, "working": yes, "note": str}
_SETTINGS: dict[str, Cell] = {"setting": code(20), "value": text(60), "note": str}
_ACCOUNTS: dict[str, Cell] = {
    "setting": choice(*(each.name for each in fields(records.AccountRules))),
    "value": number,
    "note": str,
}
_PORTAL: dict[str, Cell] = {
    "setting": choice(*(each.name for each in fields(records.PortalRules))),
    "value": number,
    "note": str,
}


def _records(located: list[Located], kind: type[R]) -> tuple[R, ...]:
    return tuple(cast(R, each.record) for each in located)


# ---- the folder ------------------------------------------------------------------------------------------------------


def read_folder(folder: Path) -> ReferenceData:
    """Read every file of the folder.

    :raises ReferenceDataError: with everything that is wrong, when anything is
    """
    reader = Reader(folder)
    sheets = {
        name: [] if name in _NOT_NEEDED and not (folder / sheet.file).exists() else reader.read(sheet)
        for name, sheet in _SHEETS.items()
    }
    rules, portal = _account_rules(reader), _portal_rules(reader)
    version = _digest(reader.digests)
    reader.digests = {}
    zone, closing = _calendar_settings(reader)
    days, years = _calendar_years(reader)
    sheets["places"] = list(_with_superiors(sheets["places"]))
    reader.findings += check(sheets, {name: sheet.file for name, sheet in _SHEETS.items()}, reader.faulty)
    if reader.findings:
        raise ReferenceDataError(reader.findings)
    return ReferenceData(
        levels=_records(sheets["levels"], records.Level),
        places=_records(sheets["places"], records.Place),
        organisations=_records(sheets["organisations"], records.Organisation),
        roles=_records(sheets["roles"], records.Role),
        people=_records(sheets["people"], records.Person),
        duties=_records(sheets["duties"], records.Duty),
        substitutes=_records(sheets["substitutes"], records.Substitute),
        routes=_records(sheets["routes"], records.Route),
        channels=_records(sheets["channels"], records.Channel),
        stages=_records(sheets["stages"], records.Stage),
        addresses=_records(sheets["addresses"], records.Address),
        notices=_records(sheets["notices"], records.NoticeTemplate),
        account_rules=rules,
        portal_rules=portal,
        answers=_records(sheets["answers"], records.AnswerWords),
        days=tuple(days),
        years=years,
        zone=zone,
        closing=closing,
        version=version,
        calendar_version=_digest(reader.digests),
    )


def _digest(digests: dict[str, str]) -> str:
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()


def _with_superiors(places: list[Located]) -> Iterator[Located]:
    """A place that names no superior gets the one whose code is the longest prefix of its own."""
    codes = {each.record.code for each in places}
    for each in places:
        place: records.Place = each.record
        if place.superior is None:
            prefixes = (place.code[:length] for length in range(len(place.code) - 1, 0, -1))
            superior = next((prefix for prefix in prefixes if prefix in codes), None)
            place = replace(place, superior=superior)
        yield Located(each.row, place)


def _account_rules(reader: Reader) -> records.AccountRules:
    """What the folder says of accounts; what it does not say is as it comes."""
    if not (reader.folder / ACCOUNT_SETTINGS).exists():
        return records.AccountRules()
    rows = reader.read(Sheet(ACCOUNT_SETTINGS, _ACCOUNTS, records.AccountSetting, ("setting",), frozenset({"note"})))
    return records.AccountRules(**{each.record.setting: each.record.value for each in rows})


def _portal_rules(reader: Reader) -> records.PortalRules:
    """What the folder says of the portal; what it does not say is as it comes."""
    if not (reader.folder / PORTAL_SETTINGS).exists():
        return records.PortalRules()
    rows = reader.read(Sheet(PORTAL_SETTINGS, _PORTAL, records.PortalSetting, ("setting",), frozenset({"note"})))
    return records.PortalRules(**{each.record.setting: each.record.value for each in rows})


def _calendar_settings(reader: Reader) -> tuple[str, time]:
    file = f"{CALENDAR_FOLDER}/{CALENDAR_SETTINGS}"
    rows = reader.read(Sheet(file, _SETTINGS, records.CalendarSetting, ("setting",), frozenset({"note"})))
    given = {each.record.setting: each for each in rows}
    zone, closing = "", time()
    for name in ("zone", "closing"):
        if name not in given and file in reader.digests:
            reader.say(file, 0, "setting", f"缺少“{name}”一行")
    for name, each in given.items():
        value = each.record.value
        try:
            if name == "zone":
                zone = ZoneInfo(value).key
            elif name == "closing":
                closing = time.fromisoformat(value)
            else:
                reader.say(file, each.row, "setting", f"没有“{name}”这项设置")
        except (ValueError, LookupError, OSError):
            reader.say(
                file, each.row, "value", f"“{value}”不是时区名" if name == "zone" else f"“{value}”不是时刻（如 17:30）"
            )
    return zone, closing


def _calendar_years(reader: Reader) -> tuple[list[records.CalendarDay], dict[int, str]]:
    days: list[records.CalendarDay] = []
    years: dict[int, str] = {}
    folder = reader.folder / CALENDAR_FOLDER
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        if path.name == CALENDAR_SETTINGS:
            continue
        file = f"{CALENDAR_FOLDER}/{path.name}"
        if not re.fullmatch(r"[12][0-9]{3}", path.stem):
            reader.say(file, 0, "", "文件名应为年份（如 2027.csv）")
            continue
        year = int(path.stem)
        for each in reader.read(Sheet(file, _DAYS, records.CalendarDay, ("day",), frozenset({"note"}))):
            if each.record.day.year != year:
                reader.say(file, each.row, "day", f"{each.record.day}不在{year}年")
            days.append(each.record)
        years[year] = reader.digests.get(file, "")
    return days, years
