"""Filters of the inbox that a person keeps, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, abort
from flask_babel import lazy_gettext as _l

from gateway.context import services
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.inbox import Look
from gateway.rest.shapes import Shape, asked, many, string, yes
from gateway.rest.tags import TASKS
from gateway.staff import filters as page
from gateway.staff.pages import viewer
from processes.casework.views.desk import TODO
from processes.casework.views.inbox import DUE


class FilterShape(Shape):
    """A filter: what ``GET /inbox`` is to be asked for."""

    name = string()
    preferred = yes(_l("打开待办时就用它"))
    list = string()
    q = string()
    light = string()
    stage = string()
    board = string()
    urgent = yes()
    reminded = yes()
    order = string()


class FiltersShape(Shape):
    """Those of the person, by name."""

    filters = many(FilterShape)


class GivenFilter(Look):
    """What is looked at."""

    preferred = asked(_l("打开待办时就用它"))


@operation("GET", "/inbox/filters", tag=TASKS, summary=_l("保存的筛选"), answer=FiltersShape)
def filters() -> Any:
    """How the person likes to look at the inbox."""
    with services().database.read() as connection:
        found = page.of(connection, viewer().id)
    return {"filters": [_filter(name, query, preferred) for name, query, preferred in found]}


@operation(
    "PUT",
    "/inbox/filters/<path:name>",
    tag=TASKS,
    summary=_l("保存筛选"),
    body=GivenFilter,
    answer=FilterShape,
    also=(409,),
)
def keep_filter(given: Mapping[str, Any], name: str) -> Any:
    """Keep it under a name; one of that name is replaced."""
    name = name.strip()
    if not 0 < len(name) <= page.LONGEST_NAME:
        raise Unfit.at("path.name", _l("名称应为 1 到 %(most)s 个字", most=page.LONGEST_NAME))
    told = {each: given[each] for each in ("q", "light", "stage", "board", "order")}
    told |= {each: "1" if given[each] else "" for each in ("urgent", "reminded")}
    query = page.query_of(told | {"tab": given["list"]})
    if len(query) > page.LONGEST:
        raise Unfit.at("body", _l("筛选的内容太长"))
    if not page.keep(name, query, given["preferred"]):
        abort(409)
    return _filter(name, query, given["preferred"])


@operation("DELETE", "/inbox/filters/<path:name>", tag=TASKS, summary=_l("删除筛选"), status=204)
def drop_filter(name: str) -> Response:
    """Forget it."""
    if not page.forget(name):
        abort(404)
    return Response(status=204)


def _filter(name: str, query: str, preferred: bool) -> dict[str, Any]:
    kept = dict(parse_qsl(query))
    return {
        "name": name,
        "preferred": preferred,
        "list": kept.get("tab", TODO),
        **{each: kept.get(each, "") for each in ("q", "light", "stage", "board")},
        **{each: kept.get(each) == "1" for each in ("urgent", "reminded")},
        "order": kept.get("order", DUE),
    }
