"""热力图 for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from marshmallow import fields
from sqlalchemy import Connection, Row

from gateway.context import services
from gateway.instances.heat import DAYS, LONGEST
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.shapes import Shape, many, moment, on_day, said, string, whole
from gateway.rest.tags import INSTANCES
from gateway.staff.pages import snapshot
from processes.casework.views.instances import heat as view


class HeatQuery(Shape):
    """Which definition, and of which days."""

    version = said(_l("哪个版本；空：最新的"), most=64)
    since = on_day(_l("从哪天办结的算起；不写：三十天"))
    until = on_day(_l("到哪天；不写：今天"))


class HeatShape(Shape):
    """An element of the diagrams."""

    process_id = string()
    process = string()
    element_id = string()
    name = string()
    times = whole(_l("走过多少次"))
    mean = fields.Float(required=True, metadata={"description": _l("平均秒数")})
    median = fields.Float(required=True, metadata={"description": _l("一半在多少秒以内，误差不超过五分之一")})
    failures = whole()


class VersionShape(Shape):
    """A version of the definition."""

    id = string()
    name = string()
    created_at = moment(none=False)


class Painted(Shape):
    """What took the longest in all comes first."""

    version = string()
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    elements = many(HeatShape)
    versions = many(VersionShape)


@dataclass(frozen=True)
class Asked:
    """What is asked for, and what there is of it."""

    version: str
    since: date
    until: date
    versions: Sequence[Row[Any]]
    lines: Sequence[view.Heat]


def asked_for(connection: Connection, given: Mapping[str, Any], process_id: str) -> Asked:
    """What a query asks for; 404 for a version that there is not."""
    until = given["until"] or snapshot().calendar.local_date(services().clock.now())
    since = given["since"] or date.fromordinal(max(1, until.toordinal() - DAYS + 1))
    if until - since > timedelta(days=LONGEST):
        raise Unfit.at("query.since", _l("最多看 %(most)s 天", most=LONGEST))
    versions = view.versions(connection, process_id)
    version = next((each.id for each in versions if given["version"] in ("", each.id)), None)
    if version is None:
        abort(404)
    lines = view.heat(connection, version, since, until, snapshot().reference.language)
    return Asked(version, since, until, versions, lines)


@operation("GET", "/processes/<process_id>/heat", tag=INSTANCES, summary=_l("热力图"), query=HeatQuery, answer=Painted)
def heat(given: Mapping[str, Any], process_id: str) -> Any:
    """Where time goes in a definition."""
    with services().database.read() as connection:
        asked = asked_for(connection, given, process_id)
    return {**vars(asked), "elements": [each._asdict() for each in asked.lines]}
