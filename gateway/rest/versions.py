"""流程版本 for programs: which is in force where, who put it there, and what two differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from marshmallow import validate
from sqlalchemy import Connection

from gateway.context import services
from gateway.instances.difference_words import element, property_name
from gateway.instances.search import elements_of, processes_of
from gateway.instances.versions import difference, two_of
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.drawings import DrawingShape, drawn
from gateway.rest.shapes import Named, Shape, many, moment, named, one, said, string, whole, word
from gateway.rest.tags import INSTANCES
from gateway.staff.pages import snapshot
from processes.casework.views.instances import versions as view
from processes.notation.difference import Change, Detail, TableChange

KINDS = ("added", "removed", "changed", "moved")


class ProcessesShape(Shape):
    """Those that are or were in force."""

    processes = many(Named)


@operation("GET", "/processes", tag=INSTANCES, summary=_l("流程"), answer=ProcessesShape)
def processes() -> Any:
    """The processes."""
    with services().database.read() as connection:
        return {"processes": named(processes_of(connection).items())}


class ElementsShape(Shape):
    """Where instances stand."""

    elements = many(Named)


@operation(
    "GET", "/processes/<process_id>/elements", tag=INSTANCES, summary=_l("流程会停下的步骤"), answer=ElementsShape
)
def process_elements(process_id: str) -> Any:
    """The elements at which instances of a process stand, those of what it calls included: to search by, and to move many from and to."""
    with services().database.read() as connection:
        if not (found := elements_of(connection, process_id)):
            abort(404)
        return {"elements": named(found.items())}


class InForceShape(Shape):
    """Where a version is in force. An empty ``place``: wherever there is none of its own."""

    place = string()
    place_name = string()
    since = moment(none=False)


class ProcessVersionShape(Shape):
    """A version. ``by``: who put it into force first, empty when nobody knows any more."""

    id = string()
    created_at = moment(none=False)
    by = string()
    by_name = string()
    in_force = many(InForceShape)


class VersionsShape(Shape):
    """The newest first."""

    versions = many(ProcessVersionShape)


@operation("GET", "/processes/<process_id>/versions", tag=INSTANCES, summary=_l("流程的版本"), answer=VersionsShape)
def versions(process_id: str) -> Any:
    """The versions of a process."""
    with services().database.read() as connection:
        return {"versions": [_version(each) for each in _listed(connection, process_id)]}


def _listed(connection: Connection, process_id: str) -> Sequence[view.Version]:
    if not (found := view.of(connection, process_id)):
        abort(404)
    return found


def _version(each: view.Version) -> dict[str, Any]:
    reference = snapshot().reference
    force = [
        {"place": place, "place_name": reference.place_name(place) if place else "", "since": since}
        for place, since in each.places.items()
    ]
    by = reference.person_name(each.by) if each.by else ""
    return {"id": each.id, "created_at": each.created_at, "by": each.by, "by_name": by, "in_force": force}


class TwoQuery(Shape):
    """Which two."""

    old = said(_l("旧的版本；空：新的版本的前一个"), most=64)
    new = said(_l("新的版本；空：最新的"), most=64)


class DetailShape(Shape):
    """A property before and after; empty: it was not there, or is no more."""

    property = string()
    name = string(_l("这一项叫什么"))
    before = string()
    after = string()


class ChangeShape(Shape):
    """What has become of an element."""

    element_id = string()
    tag = string()
    name = string()
    kind = string(validate=validate.OneOf(KINDS))
    details = many(DetailShape)


class DiagramChangeShape(Shape):
    """A diagram of which something has changed; a side that there is not is null."""

    name = string()
    old = one(DrawingShape, none=True)
    new = one(DrawingShape, none=True)
    changes = many(ChangeShape)


class CellShape(Shape):
    """A cell before and after."""

    before = string()
    after = string()


class RowShape(Shape):
    """A row of a decision table, its cells in the order of the columns."""

    number = whole()
    kind = string(validate=validate.OneOf(KINDS))
    cells = many(CellShape)


class TableShape(Shape):
    """A decision table of which something has changed. ``details``: besides its rows."""

    id = string()
    name = string()
    columns = many(word())
    rows = many(RowShape)
    details = many(DetailShape)


class FormShape(Shape):
    """A form of which something has changed."""

    name = string()
    details = many(DetailShape)


class DifferenceShape(Shape):
    """What has changed from the old to the new one."""

    old = string()
    new = string()
    diagrams = many(DiagramChangeShape)
    tables = many(TableShape)
    forms = many(FormShape)


@operation(
    "GET",
    "/processes/<process_id>/versions/difference",
    tag=INSTANCES,
    summary=_l("两个版本的差异"),
    query=TwoQuery,
    answer=DifferenceShape,
)
def version_difference(given: Mapping[str, Any], process_id: str) -> Any:
    """What two versions differ in; the two newest unless others are asked for."""
    with services().database.read() as connection:
        ids = [each.id for each in _listed(connection, process_id)]
        for name in ("old", "new"):
            if given[name] and given[name] not in ids:
                raise Unfit.at(f"query.{name}", _l("这个流程没有这个版本"))
        old, new = two_of(ids, given["old"], given["new"])
        found = difference(connection, old, new)
        diagrams = [_diagram(connection, each) for each in found.diagrams]
    return {
        "old": old,
        "new": new,
        "diagrams": diagrams,
        "tables": [_table(each) for each in found.tables],
        "forms": [{"name": each.name, "details": _details(each.details)} for each in found.forms],
    }


def _diagram(connection: Connection, each: view.DiagramChange) -> dict[str, Any]:
    old, new = (drawn(connection, side) if side is not None else None for side in (each.old, each.new))
    return {"name": each.name, "old": old, "new": new, "changes": [_change(one, each) for one in each.changes]}


def _change(each: Change, diagram: view.DiagramChange) -> dict[str, Any]:
    own = {"element_id": each.id, "tag": each.tag, "name": element(each, diagram), "kind": each.kind}
    return {**own, "details": _details(each.details)}


def _details(details: Sequence[Detail]) -> list[dict[str, str]]:
    return [{**vars(each), "name": property_name(each.property)} for each in details]


def _table(each: TableChange) -> dict[str, Any]:
    rows = [{**vars(row), "cells": [{"before": b, "after": a} for b, a in row.cells]} for row in each.rows]
    return {**vars(each), "rows": rows, "details": _details(each.details)}
