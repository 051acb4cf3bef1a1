"""表格报送 for programs: problems handed in as a filled-in sheet, which is the body of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from gateway.client.problem_files import UnreadableFile
from gateway.problems import Unfit
from gateway.rest.blueprint import operation, raw_body
from gateway.rest.shapes import Named, Shape, WrongField, many, named, said, string, whole
from gateway.rest.tags import REPORTS
from gateway.staff import sheets as page


class ColumnShape(Shape):
    """A column. ``heading`` or ``name`` stands in the first row."""

    name = string()
    heading = string()
    about = string()


class SheetsShape(Shape):
    """Over which channels sheets may be handed in, and how they look."""

    channels = many(Named)
    columns = many(ColumnShape)
    most = whole(_l("一次最多多少行"))


@operation("GET", "/sheets", tag=REPORTS, summary=_l("表格报送的途径和列"), answer=SheetsShape)
def sheets() -> Any:
    """What may be handed in."""
    columns = [
        {"name": name, "heading": str(heading), "about": str(about)} for name, (heading, about) in page.COLUMNS.items()
    ]
    return {"channels": named(page.channel_names(page.channels_of_viewer())), "columns": columns, "most": page.ROWS}


@operation("GET", "/sheets/template", tag=REPORTS, summary=_l("空白表格（Excel）"), media_type=page.EXCEL)
def sheet_template() -> Any:
    """An empty sheet."""
    return page.empty_sheet()


class Handing(Shape):
    """Over which channel, and what the file is called."""

    channel = said(_l("报送途径的代码"), least=1, required=True)
    name = said(_l("文件名，以 .csv、.xlsx 或 .jsonl 结尾"), most=200, least=1, required=True)


class TakenShape(Shape):
    """What became of a row: ``outcome`` as with reports, or ``bad``; ``errors``: by column, why it was not taken."""

    row = whole(_l("第几行，表头是第 1 行"))
    title = string()
    outcome = string()
    number = string(_l("问题编号"), allow_none=True)
    words = string()
    errors = many(WrongField)


class HandedIn(Shape):
    """What became of each row."""

    taken = whole()
    bad = whole()
    rows = many(TakenShape)


@operation(
    "POST",
    "/sheets",
    tag=REPORTS,
    summary=_l("报送一张表格"),
    description=_l("文件本身是请求的正文。收下的行给出问题编号；没有收的改好后把整张表再传一次，已收的不会重复。"),
    query=Handing,
    takes_file=True,
    answer=HandedIn,
)
def hand_in_sheet(given: Mapping[str, Any]) -> Any:
    """Take the rows of a sheet; each is answered, whatever became of the others."""
    try:
        found = page.taken(given["channel"], given["name"], raw_body())
    except UnreadableFile as error:
        raise Unfit.of_error("body", error) from error
    bad = sum(each.outcome == page.BAD for each in found)
    rows = [{**vars(each), "errors": each.wrong} for each in found]
    return {"taken": len(found) - bad, "bad": bad, "rows": rows}
