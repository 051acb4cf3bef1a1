"""Which open tasks a person looks at, read as ranges of indexes: however many tasks there are, a bounded window is read.

The lists: ``todo`` (what the person may do now: what is his, and what nobody has taken), ``mine`` (what is his), ``board`` (what goes
round among those of his duties, whoever has it), ``delegated`` (what he has asked others to do), ``place`` (all that is open at the places
whose work he hands out).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)

from processes.casework.access import is_excluded
from processes.casework.people import Authority
from processes.casework.reference import Reference
from processes.messaging.json_text import from_json
from processes.store.tables import TASK_IS_OPEN, Case, Instant, UserTask

TODO, MINE, BOARD, DELEGATED, PLACE = LISTS = ("todo", "mine", "board", "delegated", "place")

LIGHTS = ("green", "yellow", "red")

Key = tuple[str, str, str | None]
"""place, role, organisation"""


@dataclass(frozen=True)
class Desk:
    """Whose tasks are looked for: those of ``people`` by name, those of the ``keys`` that their duties reach, and those of ``places``."""

    authority: Authority
    people: tuple[str, ...]
    keys: tuple[Key, ...]
    places: tuple[str, ...] = ()

    @classmethod
    def of(cls, authority: Authority, reference: Reference, places: Iterable[str] = ()) -> Desk:
        """The desk of a person: see ``access.tasks_of``, which says the same as one condition. ``places``: whose work he hands out."""
        keys: dict[Key, None] = {}
        for acting in authority.acting:
            duty = acting.duty
            served: Iterable[str]
            if duty.organisation is None:
                served = (each.id for each in reference.organisations.values() if each.place == duty.place)
            else:
                served = reference.predecessors(reference.successor_of(duty.organisation))
            keys.update(dict.fromkeys((duty.place, duty.role, each) for each in (None, *served)))
        return cls(authority, authority.principals, tuple(keys), tuple(places))

    @property
    def given(self) -> Mapping[str, Any]:
        """The values of the statements' parameters."""
        given: dict[str, Any] = {f"person_{at}": each for at, each in enumerate(self.people)}
        given |= {f"at_{at}": each for at, each in enumerate(self.places)}
        for at, (place, role, organisation) in enumerate(self.keys):
            given |= {f"place_{at}": place, f"role_{at}": role, f"organisation_{at}": organisation}
        return given


def open_tasks(
    connection: Connection,
    reference: Reference,
    desk: Desk,
    now: datetime,
    limit: int,
    of: str = TODO,
    light: str = "",
) -> list[Row[Any]]:
    """Up to ``limit`` open tasks of a list (``id`` and ``light``, an index of ``LIGHTS``), the most urgent first, those without a term last.
    ``light``: only those of this colour."""
    found: dict[str, Row[Any]] = {}
    given = {**desk.given, "now": now, "limit": limit}
    kinds = tuple(organisation is not None for _, _, organisation in desk.keys)
    for with_term in (True, False):
        statement = _statement(of, len(desk.people), kinds, len(desk.places), with_term, light)
        if statement is None or len(found) >= limit:
            break
        for row in connection.execute(statement, given).all():
            excluded = row[2:4]
            if excluded in _NOBODY or not _is_excluded(desk.authority, reference, excluded):
                found.setdefault(row[0], row)
    return list(found.values())[:limit]


_NOBODY = frozenset(((None, None), ("[]", None), ("[]", "[]"), (None, "[]")))
"""What the two lists of most tasks are."""


def _is_excluded(authority: Authority, reference: Reference, lists: Iterable[str | None]) -> bool:
    """Whether one of these lists, of a task and of its case, excludes the person."""
    return any(is_excluded(authority, reference, from_json(each)) for each in lists if each is not None)


@lru_cache(256)
def _statement(
    of: str, people: int, kinds: tuple[bool, ...], places: int, with_term: bool, light: str
) -> Select[Any] | None:
    """The union of index ranges for so many people, keys of these kinds (with an organisation, or without) and places; None: there are none."""
    conditions: list[ColumnElement[bool]] = []
    persons: list[ColumnElement[str]] = [bindparam(f"person_{at}") for at in range(people)]
    if of in (TODO, MINE):
        conditions += [UserTask.assignee == each for each in persons]
    if of == DELEGATED:
        conditions += [UserTask.owner == each for each in persons]
    if of == PLACE:
        public = not_(exists().where(Case.id == UserTask.case_id, Case.confidential))
        conditions += [and_(UserTask.place == bindparam(f"at_{at}"), public) for at in range(places)]
    if of in (TODO, BOARD):
        free = UserTask.assignee.is_(None)
        going = free if of == TODO else or_(free, UserTask.taken.is_(True))
        for at, with_organisation in enumerate(kinds):
            organisation = UserTask.organisation
            here = organisation == bindparam(f"organisation_{at}") if with_organisation else organisation.is_(None)
            place, role = UserTask.place == bindparam(f"place_{at}"), UserTask.role == bindparam(f"role_{at}")
            conditions.append(and_(going, place, role, here))
    if not conditions:
        return None
    whole = (select(_range(each, with_term, of == PLACE, light).subquery()) for each in conditions)
    found = union_all(*whole).subquery()
    order = found.c.due_at if with_term else found.c.created_at
    rows = select(found.c.id, found.c.light, found.c.excluded, found.c.case_excluded)
    return rows.order_by(order).limit(bindparam("limit"))


def _range(of: ColumnElement[bool], with_term: bool, by_case: bool, wanted: str) -> Select[Any]:
    """One range of an index, read in its own order. Lights and exclusions are not made Python values: most are not looked at. ``by_case``: whom the
    case excludes counts, too (whoever has the task to do is told so by the task). ``wanted``: of this light."""
    now = bindparam("now", type_=Instant)
    overdue: ColumnElement[bool] = UserTask.due_at < now if with_term else false()
    soon = UserTask.warn_at <= now
    light = case((overdue, LIGHTS.index("red")), (soon, LIGHTS.index("yellow")), else_=LIGHTS.index("green"))
    # Not a comparison with ``light``: these are ranges of the index.
    of_light = {
        "": true(),
        "red": overdue,
        "yellow": and_(not_(overdue), soon),
        "green": and_(not_(overdue), or_(UserTask.warn_at.is_(None), UserTask.warn_at > now)),
    }
    return (
        select(
            UserTask.id,
            UserTask.due_at,
            UserTask.created_at,
            light.label("light"),
            cast(UserTask.excluded, Text).label("excluded"),
            (_CASE_EXCLUDED if by_case else null()).label("case_excluded"),
        )
        .where(
            TASK_IS_OPEN, of, UserTask.due_at.is_not(None) if with_term else UserTask.due_at.is_(None), of_light[wanted]
        )
        .order_by(UserTask.due_at, UserTask.created_at)
        .limit(bindparam("limit"))
    )


_CASE_EXCLUDED: ColumnElement[Any] = (
    select(cast(Case.excluded, Text)).where(Case.id == UserTask.case_id).scalar_subquery()
)
