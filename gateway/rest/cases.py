"""Cases for programs: finding them, and all that a case's page tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from gateway.context import services
from gateway.problems import Unfit
from gateway.rest.blueprint import BINARY, operation
from gateway.rest.heads import ContactShape, HeadShape, lit, shown
from gateway.rest.shapes import (
    FileShape,
    LightShape,
    Named,
    Shape,
    chosen,
    counted,
    many,
    moment,
    named,
    on_day,
    one,
    said,
    string,
    whole,
    yes,
)
from gateway.rest.tags import CASES
from gateway.staff import cases as page
from gateway.staff import search as finder
from gateway.staff.pages import seen, snapshot
from gateway.staff.personal import LONGEST, contact_of, unmask_for
from processes.casework.views import finding
from processes.casework.views.case import CasePage
from processes.casework.views.finding import Found
from processes.casework.views.head import head as find
from processes.casework.views.search import CaseLine

REASONS = ("call", "visit", "deliver", "other")


class CasesQuery(Shape):
    """What is looked for."""

    q = said(_l("编号、原文里的字、企业、电话或信用代码"))
    place = said(_l("地区的代码，含下级"), most=20)
    board = said(_l("板块的代码"))
    stage = said(_l("阶段的代码"))
    state = chosen((finding.OPEN, finding.CLOSED, ""), _l("正在办理或已办结"), "")
    since = on_day(_l("哪天起立案"))
    until = on_day(_l("到哪天为止立案"))
    before = counted(_l("上一页的 older"))


class CaseLineShape(Shape):
    """A case as a row of a list."""

    number = string()
    title = string()
    enterprise = string()
    place = string()
    place_name = string()
    board = string()
    stage = string()
    stage_name = string()
    status = string()
    light = one(LightShape)
    opened_at = moment(none=False)
    closed_at = moment()


class CasesShape(Shape):
    """A page. ``older``: where the next one begins; ``back_to``: since when all have been looked at."""

    cases = many(CaseLineShape)
    older = whole(allow_none=True)
    back_to = moment()


@operation("GET", "/cases", tag=CASES, summary=_l("查找问题"), query=CasesQuery, answer=CasesShape)
def cases(given: Mapping[str, Any]) -> Any:
    """The cases looked for, the newest first; none when nothing is looked for."""
    here = snapshot()
    if given["place"] and given["place"] not in here.reference.places:
        raise Unfit.at("query.place", _l("没有这个地区"))
    wanted = finder.wanted_of(
        here,
        text=given["q"].strip(),
        place=given["place"],
        board=given["board"],
        stage=given["stage"],
        state=given["state"],
        since=given["since"],
        until=given["until"],
    )
    with services().database.read() as connection:
        numbered = finder.numbered_so(connection, here, wanted) if given["before"] is None else ()
        found = Found(numbered) if numbered else finder.looked_for(connection, here, wanted, given["before"])
    return {"cases": [_line(each) for each in found.lines], "older": found.older, "back_to": found.back_to}


def _line(each: CaseLine) -> dict[str, Any]:
    term = lit(None if each.closed_at else each.due_at, each.warn_at, each.provisional)
    return {**vars(each), "light": term}


class ChoicesShape(Shape):
    """What cases can be looked for by; no places when there is but one."""

    places = many(Named)
    boards = many(Named)
    stages = many(Named)
    states = many(Named)


@operation("GET", "/choices", tag=CASES, summary=_l("可选的地区、板块、阶段、状态"), answer=ChoicesShape)
def case_choices() -> Any:
    """The codes of places, boards, stages and states, with their names."""
    return {field: named(pairs) for field, pairs in finder.choices(snapshot().reference).items()}


class StageShape(Shape):
    """A stage. ``state``: past, now or ahead."""

    name = string()
    state = string()
    at = moment()


class OpenTaskShape(Shape):
    """What somebody has to do now. ``mine``: the person of the token may."""

    id = string()
    name = string()
    who = string()
    light = one(LightShape)
    mine = yes()


class PersonShape(Shape):
    """Somebody who has done something, with what he or she is."""

    name = string()
    role = string()


class RelativeShape(Shape):
    """The same problem at another place."""

    number = string()
    place = string()
    above = yes()
    stage = string()
    status = string()
    closed = yes()
    host = string()


class SaidShape(Shape):
    """Words that somebody wrote."""

    label = string()
    body = string()
    author = string()
    at = moment(none=False)


class EventShape(Shape):
    """Something that happened. ``kind``: start, person, rule, system, message, timer, stage, note or trouble."""

    at = moment(none=False)
    kind = string()
    title = string()
    who = string()
    said = many(SaidShape)


class TroubleShape(Shape):
    """An open incident."""

    id = string()
    step = string()
    detail = string()
    at = moment(none=False)


class TermShape(Shape):
    """A deadline that runs."""

    name = string()
    light = one(LightShape)


class WaitShape(Shape):
    """What is waited for beside people."""

    name = string()
    due_at = moment()


class ExchangeShape(Shape):
    """A message out or in."""

    at = moment(none=False)
    name = string()
    incoming = yes()
    whom = string()
    state = string()
    answered_at = moment()
    attempts = whole()
    error = string()


class SpentShape(Shape):
    """The time at a step, in seconds and in working days."""

    name = string()
    times = whole()
    seconds = whole()
    days = whole()
    running = yes()


class CaseShape(HeadShape):
    """All that the page of a case tells."""

    result = string()
    stages = many(StageShape)
    open_tasks = many(OpenTaskShape)
    people = many(PersonShape)
    relatives = many(RelativeShape)
    documents = many(FileShape)
    timeline = many(EventShape)
    troubles = many(TroubleShape)
    terms = many(TermShape)
    waits = many(WaitShape)
    exchanges = many(ExchangeShape)
    spent = many(SpentShape)


@operation("GET", "/cases/<number>", tag=CASES, summary=_l("一个问题"), answer=CaseShape)
def case(number: str) -> Any:
    """What it is and where it stands."""
    with services().database.read() as connection:
        found = page.seen_case(connection, number)
        mine = page.own_tasks(found)
    return {**shown(found.head), **_told(found, mine)}


def _told(found: CasePage, mine: set[str]) -> dict[str, Any]:
    own = ("result", "stages", "relatives", "troubles", "terms", "waits", "exchanges")
    return {
        **{name: getattr(found, name) for name in own},
        "open_tasks": [{**vars(each), "mine": each.id in mine} for each in found.open_tasks],
        "people": [{"name": name, "role": role} for name, role in found.people],
        "documents": [each for each in found.attachments if each.sha256],
        "timeline": found.events,
        "spent": [{**vars(each), "seconds": int(each.whole.total_seconds())} for each in found.spent],
    }


@operation("GET", "/cases/<number>/file", tag=CASES, summary=_l("打印件（PDF）"), media_type="application/pdf")
def case_file(number: str) -> Any:
    """The case to print and keep."""
    return page.case_file(number)


@operation("GET", "/cases/<number>/documents/<document_id>", tag=CASES, summary=_l("问题的附件"), media_type=BINARY)
def case_document(number: str, document_id: str) -> Any:
    """A file of the case."""
    return page.attachment(number, document_id)


class Need(Shape):
    """What contact data are needed for."""

    reason = chosen(REASONS, _l("用途：联系企业、上门走访、送达文书、其他"))
    words = said(_l("为什么需要；手上有这个问题的任务、用途是联系企业时可以不写"), most=LONGEST)


@operation("POST", "/cases/<number>/contact", tag=CASES, summary=_l("看完整联系信息"), body=Need, answer=ContactShape)
def contact(given: Mapping[str, Any], number: str) -> Any:
    """See contact data whole for ten minutes; who, when and why stays in the audit log."""
    if wrong := unmask_for(number, given["reason"], given["words"].strip()):
        raise Unfit.at("body.words", wrong)
    with services().database.read() as connection:
        head = find(connection, snapshot().reference, number=number, seen=seen())
    assert head is not None
    return contact_of(head)
