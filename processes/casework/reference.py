"""The reference data in force: who and what there is at which place, read once per version and kept in memory."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from processes.casework import records
from processes.casework.versions import Versioned, setting
from processes.languages import CHINESE, ENGLISH, say
from processes.store import tables

SETTING = "reference"
"""Key of the ``Setting`` row that holds the version."""

SETTING_DETAIL = "reference.detail"
"""Key of the ``Setting`` row that holds what has no table: routes, what roles are besides their names, the order and the systems of the
organisations, the rules of accounts (small rows are read on every command)."""

KIND_CENTRE = "centre"
KIND_BOARD = "board"
KIND_DEPARTMENT = "department"

R = TypeVar("R")
N = TypeVar("N", records.Level, records.Place, records.Organisation, records.Channel, records.Stage)


@dataclass(frozen=True)
class Reference:
    """An immutable snapshot. Codes that nobody knows answer None or an empty tuple, never an error: old cases outlive places."""

    version: str
    levels: tuple[records.Level, ...] = ()
    places: Mapping[str, records.Place] = field(default_factory=dict)
    organisations: Mapping[str, records.Organisation] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, records.Person] = field(default_factory=dict)
    duties: tuple[records.Duty, ...] = ()
    substitutes: tuple[records.Substitute, ...] = ()
    routes: Mapping[str, str] = field(default_factory=dict)
    sight: Mapping[str, str] = field(default_factory=dict)
    """Role code → which cases it sees: see ``records.Role``."""
    apart: Mapping[str, str] = field(default_factory=dict)
    """Role code → its group, of which nobody holds two."""
    second_factor: frozenset[str] = frozenset()
    """The roles whose holders log in with a second factor."""
    account_rules: records.AccountRules = field(default_factory=records.AccountRules)
    portal_rules: records.PortalRules = field(default_factory=records.PortalRules)
    channels: Mapping[str, records.Channel] = field(default_factory=dict)
    stages: tuple[records.Stage, ...] = ()
    roles_in_english: Mapping[str, str] = field(default_factory=dict)
    """the names of those roles that have one"""
    language: str = CHINESE
    """that of the names"""

    @classmethod
    def read(cls, connection: Connection) -> Reference:
        """The snapshot of what the database says now; from memory when its version has not changed."""
        return _in_force.get(connection)

    @classmethod
    def ask(cls, connection: Connection) -> Callable[[], Reference]:
        """Like :meth:`read`; the answer is to be called for after ``bulk.together``."""
        return _in_force.ask(connection)

    # ---- languages -------------------------------------------------------------------------------------------------------

    def in_language(self, language: str) -> Reference:
        """The same with the names of a language, where they have one in it. Only for showing: commands go by the data as it is."""
        return self._in_english if language == ENGLISH else self

    def say(self, zh: str, en: str) -> str:
        """The words of the language of the names."""
        return say(self.language, zh, en)

    @cached_property
    def _in_english(self) -> Reference:
        return replace(
            self,
            levels=tuple(map(_in_english, self.levels)),
            places={code: _in_english(each) for code, each in self.places.items()},
            organisations={id: _in_english(each) for id, each in self.organisations.items()},
            roles={**self.roles, **self.roles_in_english},
            channels={code: _in_english(each) for code, each in self.channels.items()},
            stages=tuple(map(_in_english, self.stages)),
            language=ENGLISH,
        )

    # ---- places ------------------------------------------------------------------------------------------------------

    def superior(self, place: str) -> str | None:
        """The code of the place above, or None at the top."""
        found = self.places.get(place)
        return found.superior if found else None

    def level_of(self, place: str) -> str | None:
        """The code of the place's level."""
        found = self.places.get(place)
        return found.level if found else None

    def place_name(self, place: str) -> str:
        """The place's name; the code itself when nobody knows it."""
        found = self.places.get(place)
        return found.name if found else place

    def path(self, place: str) -> tuple[str, ...]:
        """The place and its superiors, nearest first."""
        path: list[str] = []
        here: str | None = place
        while here is not None and here not in path:
            path.append(here)
            here = self.superior(here)
        return tuple(path)

    def under(self, place: str) -> tuple[str, ...]:
        """The place and everything below it."""
        found, queue = [place], [place]
        while queue:
            queue = [code for above in queue for code in self._inferiors.get(above, ())]
            found += queue
        return tuple(found)

    @cached_property
    def is_shared(self) -> bool:
        """Whether some places are other deployments'."""
        return any(place.host for place in self.places.values())

    def host_of(self, place: str) -> str | None:
        """The deployment that carries a place's cases, by the longest beginning of its code that names one; None: this one."""
        for length in range(len(place), 0, -1):
            found = self.places.get(place[:length])
            if found is not None and found.host:
                return found.host
        return None

    def four_eyes(self, place: str) -> bool:
        """Whether changes of models at a place ("" = everywhere: as the top says) need a second person's approval."""
        tops = [each for each in self.places if self.superior(each) is None]
        path = self.path(place) if place else tops if len(tops) == 1 else []
        said = (self.places[each].four_eyes for each in path if each in self.places)
        return next((each for each in said if each is not None), False)

    # ---- organisations -----------------------------------------------------------------------------------------------

    def organisation(self, place: str, code: str) -> str | None:
        """The id of the organisation of that code (or id) at the place, or None. A dissolved one gives its successor."""
        found = self.organisations.get(code if "." in code else f"{place}.{code}")
        return self.successor_of(found.id) if found else None

    def organisation_name(self, organisation: str) -> str:
        """The organisation's name; the id itself when nobody knows it."""
        found = self.organisations.get(organisation)
        return found.name if found else organisation

    def system_of(self, organisation: str) -> str | None:
        """The partner whose business system does the work of a board; None where people do it here."""
        found = self.organisations.get(organisation)
        return found.system if found else None

    @cached_property
    def systems(self) -> frozenset[str]:
        """The partners whose business systems do the work of boards."""
        return frozenset(each.system for each in self.organisations.values() if each.system is not None)

    def of_kind(self, place: str, kind: str) -> tuple[records.Organisation, ...]:
        """The organisations of a kind at the place that are not dissolved, in the order of the data."""
        return tuple(each for each in self._at.get(place, ()) if each.kind == kind and each.successor is None)

    def boards(self, place: str) -> tuple[records.Organisation, ...]:
        """The boards of a place."""
        return self.of_kind(place, KIND_BOARD)

    def departments(self, board: str) -> tuple[records.Organisation, ...]:
        """The departments behind a board."""
        return tuple(
            each
            for each in self._below.get(self.successor_of(board), ())
            if each.kind == KIND_DEPARTMENT and each.successor is None
        )

    def centre(self, place: str) -> str | None:
        """The id of the place's service centre."""
        return next((each.id for each in self.of_kind(place, KIND_CENTRE)), None)

    def successor_of(self, organisation: str) -> str:
        """Who does the work of an organisation today: itself, or the last of its successors."""
        found = self.organisations.get(organisation)
        while found is not None and found.successor is not None:
            organisation, found = found.successor, self.organisations.get(found.successor)
        return organisation

    def predecessors(self, organisation: str) -> tuple[str, ...]:
        """The organisation and every dissolved one whose work it has taken over."""
        return (organisation, *(each for each in self.organisations if self._heir.get(each) == organisation))

    def mentions(self, text: str, place: str) -> tuple[str, ...]:
        """Organisations that a text names, of this place and those above it.

        A full name means that organisation, wherever it is; an alias means the nearest place that has one of that name.
        """
        names, pattern = self._names_at(place)
        found = (names[match.group()] for match in pattern.finditer(text))
        return tuple(dict.fromkeys(found))

    # ---- people ------------------------------------------------------------------------------------------------------

    def person_name(self, person: str) -> str:
        """The person's name; the id itself when nobody knows it."""
        found = self.people.get(person)
        return found.name if found else person

    def duties_of(self, person: str) -> tuple[records.Duty, ...]:
        """What a person holds in his or her own right."""
        return self._duties.get(person, ())

    def role_name(self, role: str) -> str:
        """The role's name; the code itself when nobody knows it."""
        return self.roles.get(role, role)

    # ---- indexes -----------------------------------------------------------------------------------------------------

    @cached_property
    def _inferiors(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = defaultdict(list)
        for place in self.places.values():
            if place.superior is not None:
                index[place.superior].append(place.code)
        return index

    @cached_property
    def _at(self) -> dict[str, list[records.Organisation]]:
        return _grouped(self.organisations.values(), "place")

    @cached_property
    def _below(self) -> dict[str, list[records.Organisation]]:
        return _grouped(self.organisations.values(), "parent")

    @cached_property
    def _duties(self) -> dict[str, tuple[records.Duty, ...]]:
        return {person: tuple(each) for person, each in _grouped(self.duties, "person").items()}

    @cached_property
    def _heir(self) -> dict[str, str]:
        return {
            each.id: self.successor_of(each.id) for each in self.organisations.values() if each.successor is not None
        }

    @cached_property
    def _patterns(self) -> dict[str, tuple[dict[str, str], re.Pattern[str]]]:
        return {}

    def _names_at(self, place: str) -> tuple[dict[str, str], re.Pattern[str]]:
        """The names that mean an organisation when said at a place, and the pattern that finds the longest of them."""
        known = self._patterns.get(place)
        if known is None:
            names: dict[str, str] = {}
            near = [each for code in self.path(place) for each in self._at.get(code, ())]
            for each in near:
                names.setdefault(each.name, self.successor_of(each.id))
            for each in near:
                for alias in each.aliases:
                    names.setdefault(self.place_name(each.place) + alias, self.successor_of(each.id))
                    names.setdefault(alias, self.successor_of(each.id))
            longest_first = sorted(names, key=lambda name: (-len(name), name))
            known = names, re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
            self._patterns[place] = known
        return known


def _in_english(record: N) -> N:
    return replace(record, name=record.name_en) if record.name_en else record


def _grouped(items: Iterable[R], attribute: str) -> dict[str, list[R]]:
    index: dict[str, list[R]] = defaultdict(list)
    for item in items:
        key = getattr(item, attribute)
        if key is not None:
            index[key].append(item)
    return dict(index)


def _read(connection: Connection, about: dict[str, Any]) -> Reference:
    def rows(table: type[tables.Base], record: type[R], *order: str) -> Iterator[R]:
        names = [name for name in record.__dataclass_fields__ if hasattr(table, name)]  # type: ignore[attr-defined]
        statement = select(*(getattr(table, name) for name in names)).order_by(
            *(getattr(table, each) for each in order)
        )
        for row in connection.execute(statement):
            values = (tuple(value) if isinstance(value, list) else value for value in row)
            yield record(**dict(zip(names, values, strict=True)))

    detail = setting(connection, SETTING_DETAIL)
    rank = {organisation: index for index, organisation in enumerate(detail.get("order", []))}
    systems = detail.get("systems", {})
    roles = connection.execute(select(tables.Role.code, tables.Role.name, tables.Role.name_en)).all()
    organisations = sorted(
        (replace(each, system=systems.get(each.id)) for each in rows(tables.Organisation, records.Organisation, "id")),
        key=lambda each: rank.get(each.id, len(rank)),
    )
    return Reference(
        version=str(about.get("version", "")),
        levels=tuple(rows(tables.Level, records.Level, "rank")),
        places=_by("code", rows(tables.Place, records.Place, "code")),
        organisations=_by("id", organisations),
        roles={row.code: row.name for row in roles},
        roles_in_english={row.code: row.name_en for row in roles if row.name_en},
        people=_by("id", rows(tables.Person, records.Person, "id")),
        duties=tuple(rows(tables.Duty, records.Duty, "id")),
        substitutes=tuple(rows(tables.Substitute, records.Substitute, "id")),
        routes=dict(detail.get("routes", {})),
        sight=dict(detail.get("sight", {})),
        apart=dict(detail.get("apart", {})),
        second_factor=frozenset(detail.get("second_factor", ())),
        account_rules=_account_rules(detail.get("account_rules", {})),
        portal_rules=_portal_rules(detail.get("portal_rules", {})),
        channels=_by("code", rows(tables.Channel, records.Channel, "code")),
        stages=tuple(rows(tables.Stage, records.Stage, "rank")),
    )


def _account_rules(said: Mapping[str, int]) -> records.AccountRules:
    """Newer software may have said more than this one knows."""
    known = {each.name for each in fields(records.AccountRules)}
    return records.AccountRules(**{name: value for name, value in said.items() if name in known})


def _portal_rules(said: Mapping[str, int]) -> records.PortalRules:
    known = {each.name for each in fields(records.PortalRules)}
    return records.PortalRules(**{name: value for name, value in said.items() if name in known})


def _by(attribute: str, items: Iterable[R]) -> dict[str, R]:
    key = attrgetter(attribute)
    return {key(item): item for item in items}


_in_force = Versioned(SETTING, _read)
