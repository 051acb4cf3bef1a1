"""Answer templates: words that a place or one of its boards uses again, with ``{{places}}`` that are filled in from the case.

``answers.csv`` of the reference data gives the first ones; whoever edits one on the page makes it his or her own, and loading leaves it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import Connection, Select, and_, delete, insert, or_, select, update

from processes.casework.records import AnswerWords
from processes.casework.reference import Reference
from processes.casework.views.head import Head
from processes.errors import BihuanError
from processes.store.tables import AnswerTemplate as Table

PLACES = ("编号", "企业", "联系人", "标题", "来源", "受理地", "承办单位", "办理人", "今天")
"""what may stand in double braces"""

MOST = 200
"""Templates of one place that are shown."""

_PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class UnknownPlace(BihuanError):
    """A template speaks of something that no case has."""


@dataclass(frozen=True)
class AnswerTemplate:
    """``organisation``: whose it is, None: the whole place's; ``edited_by``: a person's id, None: as the reference data says it."""

    id: str
    place: str
    organisation: str | None
    title: str
    body: str
    edited_by: str | None
    edited_at: datetime


def unknown_places(body: str) -> list[str]:
    """The names in double braces that mean nothing, each once."""
    return [name for name in dict.fromkeys(_PLACE.findall(body)) if name not in PLACES]


def filled(body: str, values: Mapping[str, str]) -> str:
    """The template with each place filled once; what the case does not have stays to be filled in by hand.

    >>> filled("{{企业}}：{{编号}}，{{联系人}}", {"企业": "甲{{编号}}", "编号": "C-1", "联系人": ""})
    '甲{{编号}}：C-1，{{联系人}}'
    """
    return _PLACE.sub(lambda place: values.get(place[1]) or place[0], body)


def values_of(head: Head, reference: Reference, organisation: str | None, person: str, today: str) -> dict[str, str]:
    """What a case gives for ``PLACES``. ``organisation``: that of the task; ``today``: the date in words."""
    return {
        "编号": head.number,
        "企业": head.problem.enterprise,
        "联系人": head.problem.contact,
        "标题": head.problem.title,
        "来源": head.problem.channel,
        "受理地": head.place_name,
        "承办单位": reference.organisation_name(organisation) if organisation else head.board,
        "办理人": reference.person_name(person),
        "今天": today,
    }


def offered(
    connection: Connection, reference: Reference, place: str, organisation: str | None
) -> Sequence[AnswerTemplate]:
    """Those for a task: the organisation's own, then the whole place's, then those of the places above."""
    path = reference.path(place)
    whole = and_(Table.place.in_(path), Table.organisation.is_(None))
    own = and_(Table.place == place, Table.organisation == organisation)
    found = _templates(connection, select(Table.__table__).where(or_(whole, own) if organisation else whole))
    order = {each: at for at, each in enumerate(path)}
    return sorted(found, key=lambda each: (each.organisation is None, order[each.place]))


def of_places(connection: Connection, places: Sequence[str]) -> Sequence[AnswerTemplate]:
    """All of some places."""
    return _templates(connection, select(Table.__table__).where(Table.place.in_(places)))


def save(
    connection: Connection,
    template_id: str | None,
    words: AnswerWords,
    person: str,
    now: datetime,
) -> str:
    """Change a template, or make one (``template_id`` None); returns its id. Raises :class:`UnknownPlace`."""
    if wrong := unknown_places(words.text):
        raise UnknownPlace(
            f"不认识“{{{{{wrong[0]}}}}}”，可用：{'、'.join(PLACES)}",
            f"“{{{{{wrong[0]}}}}}” is not known; there are: {', '.join(PLACES)}",
        )
    values = {"title": words.title, "body": words.text, "edited_by": person, "edited_at": now}
    if template_id is not None:
        connection.execute(update(Table).where(Table.id == template_id).values(values))
        return template_id
    identity = str(uuid4())
    row = {"id": identity, "place": words.place, "organisation": words.organisation, **values}
    connection.execute(insert(Table).values(row))
    return identity


def remove(connection: Connection, template_id: str) -> None:
    """Delete a template."""
    connection.execute(delete(Table).where(Table.id == template_id))


def load(connection: Connection, wanted: Iterable[AnswerWords], now: datetime) -> None:
    """Make those that nobody has edited say what the reference data says."""
    connection.execute(delete(Table).where(Table.edited_by.is_(None)))
    edited = set(connection.execute(select(Table.place, Table.organisation, Table.title)).all())
    rows = [
        {
            "id": _identity(each),
            "place": each.place,
            "organisation": each.organisation,
            "title": each.title,
            "body": each.text,
            "edited_by": None,
            "edited_at": now,
        }
        for each in wanted
        if (each.place, each.organisation, each.title) not in edited
    ]
    known = set(connection.scalars(select(Table.id)))
    fresh = [row for row in rows if row["id"] not in known]
    if fresh:
        connection.execute(insert(Table), fresh)


def _templates(connection: Connection, statement: Select[Any]) -> list[AnswerTemplate]:
    rows = connection.execute(statement.order_by(Table.place, Table.organisation, Table.title, Table.id).limit(MOST))
    return [AnswerTemplate(**row._mapping) for row in rows]


def _identity(words: AnswerWords) -> str:
    parts = ("bihuan-answer", words.place, words.organisation or "", words.title)
    return str(uuid5(NAMESPACE_URL, "\0".join(parts)))
