"""What must hold between the files of the reference data: every reference leads somewhere, and no chain bites its tail."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from processes.casework import answer_templates
from processes.casework.notice_templates import PLACES, places_in
from processes.casework.records import PLATFORM, WAYS
from processes.casework.reference import KIND_BOARD
from processes.casework.sheets import Finding, Located

Sheets = Mapping[str, list[Located]]

_REFERENCES = (
    ("places", "level", "levels", "code", "层级"),
    ("places", "superior", "places", "code", "地方"),
    ("organisations", "place", "places", "code", "地方"),
    ("organisations", "parent", "organisations", "id", "机构"),
    ("organisations", "successor", "organisations", "id", "机构"),
    ("duties", "person", "people", "id", "人员"),
    ("duties", "role", "roles", "code", "角色"),
    ("duties", "place", "places", "code", "地方"),
    ("duties", "organisation", "organisations", "id", "机构"),
    ("substitutes", "person", "people", "id", "人员"),
    ("substitutes", "substitute", "people", "id", "人员"),
    ("addresses", "person", "people", "id", "人员"),
    ("answers", "place", "places", "code", "地方"),
    ("answers", "organisation", "organisations", "id", "机构"),
    ("channels", "route", "routes", "code", "途径"),
    ("channels", "place", "places", "code", "地方"),
)
_CHAINS = (("places", "superior", "code"), ("organisations", "parent", "id"), ("organisations", "successor", "id"))


def check(sheets: Sheets, files: Mapping[str, str], faulty: Collection[str]) -> list[Finding]:
    """Everything that does not fit together. ``faulty`` files lack rows, so references to them are judged when they are mended."""
    return [
        *_lost_references(sheets, files, faulty),
        *_circles(sheets, files),
        *_levels(sheets, files),
        *_organisations_elsewhere(sheets, files),
        *_systems(sheets, files),
        *_periods(sheets, files),
        *_apart(sheets, files),
        *_addresses(sheets, files),
        *_templates(sheets, files),
    ]


def _lost_references(sheets: Sheets, files: Mapping[str, str], faulty: Collection[str]) -> Iterator[Finding]:
    for sheet, column, target, key, noun in _REFERENCES:
        if files[target] in faulty:
            continue
        known = {getattr(each.record, key) for each in sheets[target]}
        for each in sheets[sheet]:
            value = getattr(each.record, column)
            if value is not None and value not in known:
                yield Finding(files[sheet], each.row, column, f"{files[target]} 里没有{noun}“{value}”")


def _circles(sheets: Sheets, files: Mapping[str, str]) -> Iterator[Finding]:
    for sheet, column, key in _CHAINS:
        after: dict[Any, Any] = {getattr(each.record, key): getattr(each.record, column) for each in sheets[sheet]}
        for each in sheets[sheet]:
            start = getattr(each.record, key)
            here, passed = after[start], set()
            while here is not None and here not in passed:
                if here == start:
                    yield Finding(files[sheet], each.row, column, f"“{start}”绕一圈又回到自己")
                    break
                passed.add(here)
                here = after.get(here)


def _levels(sheets: Sheets, files: Mapping[str, str]) -> Iterator[Finding]:
    """A superior stands on a higher level than its inferior."""
    ranks = {each.record.code: each.record.rank for each in sheets["levels"]}
    rank_of = {each.record.code: ranks.get(each.record.level) for each in sheets["places"]}
    for each in sheets["places"]:
        own, above = rank_of[each.record.code], rank_of.get(each.record.superior)
        if own is not None and above is not None and above >= own:
            yield Finding(files["places"], each.row, "superior", f"上级“{each.record.superior}”的层级并不更高")


def _organisations_elsewhere(sheets: Sheets, files: Mapping[str, str]) -> Iterator[Finding]:
    for each in sheets["duties"]:
        organisation = each.record.organisation
        if organisation is not None and not organisation.startswith(each.record.place + "."):
            yield Finding(files["duties"], each.row, "organisation", f"机构“{organisation}”不在“{each.record.place}”")


def _systems(sheets: Sheets, files: Mapping[str, str]) -> Iterator[Finding]:
    """The diagrams hand work to boards, and only these can have it done by a system."""
    for each in sheets["organisations"]:
        if each.record.system is not None and each.record.kind != KIND_BOARD:
            yield Finding(files["organisations"], each.row, "system", "只有板块（board）能由业务系统办理")


def _periods(sheets: Sheets, files: Mapping[str, str]) -> Iterator[Finding]:
    for each in sheets["substitutes"]:
        if each.record.until < each.record.since:
            yield Finding(files["substitutes"], each.row, "until", "结束日期早于开始日期")
        if each.record.person == each.record.substitute:
            yield Finding(files["substitutes"], each.row, "substitute", "不能由本人代理本人")


def _apart(sheets: Sheets, files: Mapping[str, str]) -> Iterator[Finding]:
    """三员分立: nobody holds two roles of one group, in his or her own right or by standing in for somebody."""
    group = {each.record.code: each.record.apart for each in sheets["roles"] if each.record.apart is not None}
    held: dict[str, dict[str, str]] = defaultdict(dict)
    for each in sheets["duties"]:
        role, own = each.record.role, held[each.record.person]
        if role in group and own.setdefault(group[role], role) != role:
            zh = f"“{each.record.person}”已是“{own[group[role]]}”，同一人不能兼任（三员分立）"
            yield Finding(files["duties"], each.row, "role", zh)
    for each in sheets["substitutes"]:
        one, other = held[each.record.person], held[each.record.substitute]
        if any(other.get(name, role) != role for name, role in one.items()):
            zh = f"“{each.record.substitute}”不能代理“{each.record.person}”：两人的管理员职责不能由一人兼任（三员分立）"
            yield Finding(files["substitutes"], each.row, "substitute", zh)
    yield from _apart_meanwhile(sheets, files, held)


def _apart_meanwhile(
    sheets: Sheets, files: Mapping[str, str], held: Mapping[str, Mapping[str, str]]
) -> Iterator[Finding]:
    """Nor does anybody stand in for two people at once who have to be apart."""
    before: dict[str, list[Any]] = defaultdict(list)
    for each in sheets["substitutes"]:
        record = each.record
        roles = held.get(record.person, {})
        for other in before[record.substitute]:
            overlap = record.since <= other.until and other.since <= record.until
            theirs = held.get(other.person, {})
            if overlap and any(theirs.get(name, role) != role for name, role in roles.items()):
                zh = f"“{record.substitute}”这几天已代理“{other.person}”，不能同时代理“{record.person}”（三员分立）"
                yield Finding(files["substitutes"], each.row, "substitute", zh)
        before[record.substitute].append(record)


def _addresses(sheets: Sheets, files: Mapping[str, str]) -> Iterator[Finding]:
    for each in sheets["addresses"]:
        fits, wanted = _ADDRESSES[each.record.way]
        if not fits.fullmatch(each.record.address):
            yield Finding(files["addresses"], each.row, "address", f"应为{wanted}")


_ADDRESSES = {
    "sms": (re.compile(r"\+?[0-9]{5,15}"), "手机号码（数字，可以 + 开头）"),
    "dingtalk": (re.compile(r"[!-~]{1,64}"), "工作通知里的用户编号（字母和数字）"),
    "email": (re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"), "电子邮箱地址"),
}
"""a way → what its addresses look like"""


def _templates(sheets: Sheets, files: Mapping[str, str]) -> Iterator[Finding]:
    for each in sheets["notices"]:
        for way in each.record.ways:
            if way not in (*WAYS, PLATFORM):
                yield Finding(
                    files["notices"], each.row, "ways", f"没有“{way}”这种方式，可用：{'、'.join((*WAYS, PLATFORM))}"
                )
        for column in ("subject", "text"):
            for place in sorted(places_in(getattr(each.record, column)) - set(PLACES)):
                yield Finding(files["notices"], each.row, column, f"没有 {{{place}}}，可用：{'、'.join(PLACES)}")
    for each in sheets["answers"]:
        for place in answer_templates.unknown_places(each.record.text):
            yield Finding(
                files["answers"], each.row, "text", f"没有 {{{{{place}}}}}，可用：{'、'.join(answer_templates.PLACES)}"
            )
