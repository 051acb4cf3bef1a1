"""我的待办 for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from gateway.context import services
from gateway.rest.blueprint import operation
from gateway.rest.door import command
from gateway.rest.heads import lit
from gateway.rest.shapes import (
    ID,
    LightShape,
    Shape,
    asked,
    chosen,
    counted,
    many,
    moment,
    on,
    one,
    said,
    string,
    whole,
    yes,
)
from gateway.rest.tags import TASKS
from gateway.staff import inbox as page
from gateway.staff.arranging import AT_ONCE, assigned, to_be_assigned
from gateway.staff.pages import snapshot
from processes.casework.views import desk as desks
from processes.casework.views.inbox import DUE, ORDERS, Narrowed, TaskLine

LISTS = (*desks.LISTS, page.DONE)


class Look(Shape):
    """Which list, and what of it."""

    list = chosen(LISTS, _l("哪个列表：待办、我名下、本岗位、我转交的、本地全部、已办"), desks.TODO)
    q = said(_l("编号、标题、原文、企业或任务名称里的字"))
    light = chosen(("red", "yellow", ""), _l("只看红灯或黄灯"), "")
    stage = said(_l("阶段的代码"))
    board = said(_l("板块的代码"))
    urgent = asked(_l("只看紧急的"))
    reminded = asked(_l("只看今天该提醒我的"))
    order = chosen(ORDERS, _l("按期限、紧急程度或先后排列"), DUE)


class InboxQuery(Look):
    """The same, page by page."""

    page = counted(_l("第几页"), most=page.PAGES, default=1)


class TaskLineShape(Shape):
    """A task as a row of a list."""

    id = string()
    name = string()
    number = string(_l("问题编号"))
    title = string()
    enterprise = string()
    board = string()
    stage = string()
    place = string()
    light = one(LightShape)
    urgent = yes()
    assignee = string(_l("由谁办理的账号；null：还没有人领取"), allow_none=True)
    assignee_name = string()
    owner = string(_l("转交人的账号"), allow_none=True)
    taken = yes(_l("是否自己领取的"))
    follow_up = on(_l("提醒日期"))
    ended_at = moment()


class CountsShape(Shape):
    """How many open tasks a list has, and how many of them burn. ``more``: there are more than were counted."""

    all = whole()
    red = whole()
    yellow = whole()
    more = yes()


class InboxShape(Shape):
    """A page of a list."""

    tasks = many(TaskLineShape)
    counts = one(CountsShape)
    more = yes(_l("还有下一页"))
    beyond = yes(_l("只找了最急的（已办：最近办结的）若干项，后面还有"))


class ListCounts(CountsShape):
    """The counts of a list."""

    list = string()


class AllCounts(Shape):
    """The counts of all lists that there are for the person."""

    lists = many(ListCounts)


@operation("GET", "/inbox", tag=TASKS, summary=_l("待办列表"), query=InboxQuery, answer=InboxShape)
def inbox(given: Mapping[str, Any]) -> Any:
    """What is mine and what burns."""
    here, tab = snapshot(), given["list"]
    desk = page.desk_of(here)
    if tab not in page.tabs(desk):
        abort(403)
    narrowed = Narrowed(given["q"].strip(), "", given["stage"], given["board"], given["urgent"])
    if tab != page.DONE:
        narrowed = page.narrowed_further(narrowed, given["light"], given["reminded"])
    with services().database.read() as connection:
        found = page.listed(connection, here, desk, tab, narrowed, given["order"], given["page"])
    tasks = [_line(each) for each in found.lines]
    return {"tasks": tasks, "counts": found.counts, "more": found.more, "beyond": found.beyond}


@operation("GET", "/inbox/counts", tag=TASKS, summary=_l("各列表有多少项"), answer=AllCounts)
def inbox_counts() -> Any:
    """How many tasks each list has."""
    here = snapshot()
    with services().database.read() as connection:
        found = page.counted_lists(connection, here, page.desk_of(here))
    return {"lists": [{"list": tab, **vars(counts)} for tab, counts in found.items()]}


class Handed(Shape):
    """A task to hand out. ``seen``: whose it was when that was decided; null: nobody's."""

    task = said(required=True, most=ID, least=1)
    seen = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))


class Handing(Shape):
    """Tasks, and to whom."""

    to = said(_l("办理人的账号"), required=True, least=1)
    tasks = fields.List(fields.Nested(Handed), required=True, validate=validate.Length(min=1, max=AT_ONCE))


class HandedShape(Shape):
    """What became of a task. ``error``: why it was not handed out; empty when it was."""

    task = string()
    name = string()
    number = string()
    error = string()


class HandedAll(Shape):
    """What became of each task."""

    results = many(HandedShape)


@operation("POST", "/inbox/assign", tag=TASKS, summary=_l("分派给一个人"), body=Handing, answer=HandedAll, also=(404,))
def assign(given: Mapping[str, Any]) -> Any:
    """Hand several tasks out to one person; each is answered, whatever became of the others."""
    to, known = given["to"], command()
    rows = to_be_assigned([each["task"] for each in given["tasks"]])
    results = []
    for each in given["tasks"]:
        found = assigned(rows[each["task"]], each["seen"], to, f"assign:{each['task']}:{known}")
        results.append({"task": each["task"], "name": found.name, "number": found.number, "error": found.error})
    return {"results": results}


def _line(each: TaskLine) -> dict[str, Any]:
    name = snapshot().reference.person_name
    return {
        **vars(each),
        "light": lit(each.due_at, each.warn_at, each.provisional),
        "assignee_name": name(each.assignee) if each.assignee else "",
    }
