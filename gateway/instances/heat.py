"""热力图: where time goes in a definition, painted on its diagrams."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from gateway.context import services
from gateway.instances.pages import blueprint
from gateway.instances.search import processes_of
from gateway.staff.pages import show, snapshot
from gateway.text import in_a_cell
from processes.casework.views.instances import heat as view

DAYS = 30
"""Days that are shown unless others are asked for."""

LONGEST = 366
"""Days that can be asked for."""


def measures() -> Mapping[str, str]:
    """What can be painted."""
    return {
        "mean": _("平均用时"),
        "median": _("一半以内用时"),
        "times": _("次数"),
        "failures": _("失败次数"),
    }


@blueprint.get("/heat")
def heat() -> Response:
    """The diagrams of a definition and the same as a table."""
    today = snapshot().calendar.local_date(services().clock.now())
    until = _day(request.args.get("until", ""), today)
    since = max(_day(request.args.get("since", ""), until - timedelta(days=DAYS - 1)), until - timedelta(days=LONGEST))
    measure = request.args.get("measure", "")
    measure = measure if measure in view.MEASURES else "mean"
    language = snapshot().reference.language
    with services().database.read() as connection:
        processes = processes_of(connection)
        process = request.args.get("process", "")
        process = process if process in processes else next(iter(processes), "")
        versions = view.versions(connection, process)
        wanted = request.args.get("version", "")
        version = next((each.id for each in versions if each.id == wanted), versions[0].id if versions else "")
        lines = view.heat(connection, version, since, until, language)
        diagrams = view.drawn(connection, version, lines, measure, language)
    if request.args.get("as") == "csv":
        return _csv(lines)
    return show(
        "instances/heat.html",
        here="instances",
        processes=processes,
        process=process,
        versions=versions,
        version=version,
        since=since.isoformat(),
        until=until.isoformat(),
        measure=measure,
        measures=measures(),
        lines=lines,
        diagrams=diagrams,
        painted=lambda drawn: painted(drawn, measure),
        span=span,
        levels=view.LEVELS,
    )


def painted(drawn: view.Drawn, measure: str) -> dict[str, dict[str, Any]]:
    """The shades of a diagram as its script takes them."""
    return {
        element: {"heat": level, "text": _text(each, measure), "note": _note(each)}
        for element, (level, each) in drawn.shades.items()
    }


def _text(each: view.Heat, measure: str) -> str:
    value = getattr(each, measure)
    return span(value) if measure in ("mean", "median") else f"{value:,}"


def _note(each: view.Heat) -> str:
    return _(
        "%(times)s 次，平均 %(mean)s，一半在 %(median)s 以内，失败 %(failures)s 次",
        times=f"{each.times:,}",
        mean=span(each.mean),
        median=span(each.median),
        failures=f"{each.failures:,}",
    )


def span(seconds: float) -> str:
    """A time in words, as exact as is of use."""
    if seconds < 1:
        return _("不到 1 秒")
    for size, one in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size:
            return _unit(one, seconds / size)
    return _("%(n)s 秒", n=round(seconds))


def _unit(one: str, value: float) -> str:
    n = f"{value:.1f}".removesuffix(".0")
    return {"day": _("%(n)s 天", n=n), "hour": _("%(n)s 小时", n=n), "minute": _("%(n)s 分钟", n=n)}[one]


def _csv(lines: tuple[view.Heat, ...]) -> Response:
    """The table for other programs: times in seconds."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("process", "element", "name", "times", "mean_seconds", "median_seconds", "failures"))
    for each in lines:
        row = (
            each.process_id,
            each.element_id,
            each.name,
            each.times,
            f"{each.mean:.1f}",
            f"{each.median:.1f}",
            each.failures,
        )
        table.writerow([in_a_cell(cell) for cell in row])
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="heat.csv")
    return response


def _day(text: str, default: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return default
