"""Diagrams for programs: those of a case or an instance with where it stands, those of a definition with where time goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from flask import Response
from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate
from sqlalchemy import Connection

from gateway.context import services
from gateway.instances.detail import looked_at
from gateway.languages import language
from gateway.rest.blueprint import operation
from gateway.rest.heat import HeatQuery, HeatShape, asked_for
from gateway.rest.shapes import Shape, chosen, many, one, string, whole, yes
from gateway.rest.tags import CASES, INSTANCES
from gateway.staff import cases as page
from processes.casework.views import models
from processes.casework.views.diagram import DONE, FAILED, LATE, OPEN, WAITING, Diagram
from processes.casework.views.instances import heat as view

XML = "application/xml"


class DrawingShape(Shape):
    """A process as its diagram shows it."""

    process_id = string()
    name = string()
    hash = string(_l("流程图文件的 SHA-256：相同的，内容也相同"))
    xml = string(_l("BPMN 2.0 XML，元素的名称用所要的语言"))


class MarkShape(Shape):
    """How it stands at an element. ``note``: who, since when, or what is wrong."""

    element_id = string()
    state = string(validate=validate.OneOf([DONE, OPEN, WAITING, LATE, FAILED]))
    note = string()


class SpentMarkShape(MarkShape):
    """The same with the time that was spent there; null where it is not told."""

    seconds = whole(allow_none=True)
    days = whole(_l("其中的工作日"), allow_none=True)


class StandingShape(DrawingShape):
    """The diagram of a process that has been begun. ``current``: the one to look at first."""

    current = yes()
    marks = many(MarkShape)


class TimedShape(StandingShape):
    """The same with the time that was spent."""

    marks = many(SpentMarkShape)


class CallShape(Shape):
    """A call activity, with the process that it calls."""

    element_id = string()
    process_id = string()


class DrawingsShape(Shape):
    """The diagrams, in the order in which their processes were begun."""

    drawings = many(StandingShape)
    calls = many(CallShape)


class CaseDrawingsShape(DrawingsShape):
    """The same of a case."""

    drawings = many(TimedShape)


class Drawn(Protocol):
    """What there is a drawing of."""

    @property
    def process_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def hash(self) -> str: ...


def drawn(connection: Connection, each: Drawn) -> dict[str, Any]:
    """A drawing, for :class:`DrawingShape`."""
    xml = models.drawing_text(connection, each.hash, language())
    return {"process_id": each.process_id, "name": each.name, "hash": each.hash, "xml": xml}


def _standing(connection: Connection, each: Diagram) -> dict[str, Any]:
    marks = [{"element_id": element, **vars(mark)} for element, mark in each.marks.items()]
    return {**drawn(connection, each), "current": each.current, "marks": marks}


def _calls(calls: Mapping[str, str]) -> Iterable[dict[str, str]]:
    return [{"element_id": element, "process_id": process} for element, process in calls.items()]


@operation("GET", "/cases/<number>/drawings", tag=CASES, summary=_l("问题的流程图，办到哪里"), answer=CaseDrawingsShape)
def case_drawings(number: str) -> Any:
    """The diagrams of a case, with where it stands and the time at each step."""
    with services().database.read() as connection:
        found = page.seen_case(connection, number)
        drawings = [_standing(connection, each) for each in found.diagrams]
    spent = {(each.process_id, each.element): each for each in found.spent}
    for each in drawings:
        for mark in each["marks"]:
            at = spent.get((each["process_id"], mark["element_id"]))
            mark["seconds"], mark["days"] = (int(at.whole.total_seconds()), at.days) if at else (None, None)
    return {"drawings": drawings, "calls": _calls(found.calls)}


@operation(
    "GET",
    "/instances/<instance_id>/drawings",
    tag=INSTANCES,
    summary=_l("流程实例的流程图，停在哪里"),
    answer=DrawingsShape,
)
def instance_drawings(instance_id: str) -> Any:
    """The diagrams of an instance, with where it stands."""
    with services().database.read() as connection:
        found = looked_at(connection, instance_id)
        drawings = [_standing(connection, each) for each in found.diagrams]
    return {"drawings": drawings, "calls": _calls(found.calls)}


class PaintingQuery(HeatQuery):
    """The same, and by what it is painted."""

    measure = chosen(view.MEASURES, _l("按次数、平均用时、一半以内用时或失败次数"), "mean")


class ShadeShape(Shape):
    """The shade of an element: 0 (nothing) to 5."""

    level = fields.Integer(required=True, validate=validate.Range(min=0, max=view.LEVELS))
    element = one(HeatShape)


class PaintedShape(DrawingShape):
    """A diagram with its shades."""

    shades = many(ShadeShape)


class PaintingShape(Shape):
    """The diagrams of a version, that of the process itself first."""

    version = string()
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    measure = string()
    drawings = many(PaintedShape)


@operation(
    "GET",
    "/processes/<process_id>/heat/drawings",
    tag=INSTANCES,
    summary=_l("热力图的流程图"),
    query=PaintingQuery,
    answer=PaintingShape,
)
def heat_drawings(given: Mapping[str, Any], process_id: str) -> Any:
    """The diagrams of a definition, painted by where time goes."""
    measure = given["measure"]
    with services().database.read() as connection:
        asked = asked_for(connection, given, process_id)
        painted = view.drawn(connection, asked.version, asked.lines, measure, language())
        drawings = [{**drawn(connection, each), "shades": _shades(each)} for each in painted]
    own = {"version": asked.version, "since": asked.since, "until": asked.until}
    return {**own, "measure": measure, "drawings": drawings}


def _shades(each: view.Drawn) -> list[dict[str, Any]]:
    return [{"level": level, "element": line._asdict()} for level, line in each.shades.values()]


@operation("GET", "/drawings/<digest>", tag=CASES, summary=_l("流程图文件（BPMN）"), media_type=XML)
def drawing(digest: str) -> Response:
    """A diagram file by its hash: it never changes."""
    return page.drawing_in(digest, language())
