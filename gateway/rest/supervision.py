"""督办 for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from gateway.context import services
from gateway.rest.blueprint import operation
from gateway.rest.door import command
from gateway.rest.shapes import LightShape, Shape, chosen, many, moment, one, said, string, whole, yes
from gateway.rest.tags import SUPERVISION
from gateway.staff import supervision as page
from gateway.staff.pages import snapshot
from processes.casework import supervision
from processes.casework.tally import COLOURS, PERIODS, RED
from processes.casework.views import supervision as view

KINDS = tuple(supervision.NAMES)


class BoardQuery(Shape):
    """Of which place, and over how many days the closure rate is told."""

    place = fields.String(
        load_default=None, validate=validate.Length(max=20), metadata={"description": _l("地区的代码")}
    )
    days = fields.Integer(load_default=PERIODS[0], validate=validate.OneOf(list(PERIODS)))


class CountShape(Shape):
    """Open cases of a place or board."""

    code = string()
    name = string()
    open = whole()
    red = whole()
    yellow = whole()


class PeriodShape(Shape):
    """Cases that came since the first day, and how many of these are closed."""

    opened = whole()
    closed = whole()


class BoardShape(Shape):
    """How it stands."""

    place = string()
    whole = one(CountShape)
    places = many(CountShape)
    boards = many(CountShape)
    period = one(PeriodShape)
    at = moment(_l("何时清点的；null：此刻"))


@operation(
    "GET", "/supervision", tag=SUPERVISION, summary=_l("红黄灯"), query=BoardQuery, answer=BoardShape, also=(404,)
)
def oversee(given: Mapping[str, Any]) -> Any:
    """This place, those below, its boards."""
    reference, now = snapshot().reference, services().clock.now()
    place = page.place_of(reference, given["place"])
    with services().database.read() as connection:
        board = view.board(connection, reference, page.overseer(), place, now)
        period = view.period(connection, reference, page.overseer(), place, given["days"], now)
    return {**vars(board), "place": place, "period": period}


class OverseenQuery(Shape):
    """Which cases."""

    place = fields.String(
        load_default=None, validate=validate.Length(max=20), metadata={"description": _l("地区的代码")}
    )
    light = chosen(COLOURS, _l("红灯或黄灯"), RED)
    board = fields.String(
        load_default=None, validate=validate.Length(max=120), metadata={"description": _l("板块的代码；空：尚未分派的")}
    )


class OverseenShape(Shape):
    """A case of a light. ``urged``: what was done by hand last, and when."""

    number = string()
    title = string()
    place = string()
    board = string()
    status = string()
    light = one(LightShape)
    urged = string(allow_none=True)
    urged_at = moment()


class OverseenCases(Shape):
    """The most overdue first."""

    cases = many(OverseenShape)
    more = yes()


@operation(
    "GET",
    "/supervision/cases",
    tag=SUPERVISION,
    summary=_l("红灯、黄灯的问题"),
    query=OverseenQuery,
    answer=OverseenCases,
    also=(404,),
)
def overseen_cases(given: Mapping[str, Any]) -> Any:
    """The cases of a light."""
    here, now, colour, board = snapshot(), services().clock.now(), given["light"], given["board"]
    place = page.place_of(here.reference, given["place"])
    with services().database.read() as connection:
        overseer, calendar = page.overseer(), here.calendar
        lines, more = view.lines(connection, here.reference, calendar, overseer, place, colour, board, now)
    return {"cases": [_line(each) for each in lines], "more": more}


def _line(each: view.Line) -> dict[str, Any]:
    kind, at = each.urged or (None, None)
    return {**vars(each), "urged": kind, "urged_at": at}


class KindQuery(Shape):
    """Which words."""

    kind = chosen(KINDS, _l("催办、督办或通报"))


class WordsShape(Shape):
    """The usual words; ``{case}`` stands for the number."""

    kind = string()
    name = string()
    words = string()


@operation("GET", "/supervision/words", tag=SUPERVISION, summary=_l("通常的说法"), query=KindQuery, answer=WordsShape)
def urging_words(given: Mapping[str, Any]) -> Any:
    """What is usually said."""
    kind = given["kind"]
    return {"kind": kind, "name": supervision.name(kind, snapshot().reference), "words": page.words_for(kind)}


class Urging(Shape):
    """Which cases, and in which words."""

    kind = chosen(KINDS, _l("催办、督办或通报"))
    cases = fields.List(
        fields.String(validate=validate.Length(min=1, max=60)),
        required=True,
        validate=validate.Length(min=1, max=view.PAGE),
        metadata={"description": _l("问题编号")},
    )
    words = said(_l("要说的话；{case} 代表编号"), most=supervision.LONGEST, least=1, required=True)


class UrgedShape(Shape):
    """What became of a case. ``error``: why it was not urged; empty when it was."""

    number = string()
    error = string()


class UrgedAll(Shape):
    """What became of each."""

    results = many(UrgedShape)


@operation("POST", "/supervision/urge", tag=SUPERVISION, summary=_l("催办、督办、通报"), body=Urging, answer=UrgedAll)
def urge(given: Mapping[str, Any]) -> Any:
    """Urge cases on; each is answered, whatever became of the others."""
    known = command()
    return {
        "results": [page.urged(each, given["kind"], given["words"], known) for each in dict.fromkeys(given["cases"])]
    }
