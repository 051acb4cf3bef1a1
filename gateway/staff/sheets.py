"""督帮、部门、领导: problems handed in as a filled-in sheet. Good rows are taken, bad ones are told by row and column.

A row's own number is made of its content: the same sheet again takes in what was mended, and nothing twice.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import Response, abort, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from stdnum.cn import uscc

from gateway.client.problem_files import Row, UnreadableFile, parse
from gateway.context import services
from gateway.languages import said
from gateway.problems import Wrong, both
from gateway.staff.counter import TOLD
from gateway.staff.pages import blueprint, show, snapshot, viewer
from gateway.staff.viewer import sheet_channels
from processes.casework import doors
from processes.casework.functions import Snapshot
from processes.messaging import contracts
from processes.messaging.contracts import ContractViolation
from processes.messaging.schema import FieldProblem

ROWS = 200
"""Rows a sheet: each is a transaction of its own, and the person waits for all."""
LARGEST = 2 * 1024 * 1024
"""bytes of a sheet"""
UNPACKED = 64 * 1024 * 1024
"""bytes of an Excel file's content: a small file may unpack to a very large one"""

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BAD = "bad"
"""the outcome of a row that was not taken"""

COLUMNS: Mapping[str, tuple[object, object]] = {
    "title": (_l("标题"), _l("一句话说清是什么事；标题和内容至少填一项")),
    "body": (_l("内容"), _l("什么时候、在哪里、遇到什么困难、希望怎样解决")),
    "enterprise": (_l("企业名称"), _l("营业执照上的全称")),
    "uscc": (_l("统一社会信用代码"), _l("18 位；不清楚可以不填")),
    "contact": (_l("联系人"), ""),
    "phone": (_l("联系电话"), _l("用来反馈办理结果")),
    "address": (_l("地址"), _l("企业的经营地址")),
    "place": (_l("地区代码"), _l("不填就是您所在的地区")),
    "submitted_at": (_l("反映时间"), _l("如 2026-11-23 09:30")),
}
"""field → the template's heading, and what to write there"""


@dataclass(frozen=True)
class Result:
    """What became of a row. ``outcome`` is ``bad`` when it was not taken; ``words`` say why, or what happens now; ``wrong``: field by field."""

    row: int
    title: str
    outcome: str
    number: str | None
    words: str
    wrong: Sequence[Wrong] = ()


@blueprint.get("/sheets")
def sheets() -> Response:
    """Where a sheet is handed in."""
    return _page(channels_of_viewer())


@blueprint.get("/sheets/template.xlsx")
def template() -> Response:
    """An empty sheet, with a second one that says how to fill it in."""
    channels_of_viewer()
    return empty_sheet()


def empty_sheet() -> Response:
    """An Excel file to fill in."""
    # Imported where used: it takes 0.2 s, which every start of a gateway would pay for.
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = _("问题")
    sheet.append([str(heading) for heading, *rest in COLUMNS.values()])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    words = book.create_sheet(_("填写说明"))
    for heading, about in COLUMNS.values():
        words.append([str(heading), str(about)])
    body = io.BytesIO()
    book.save(body)
    answer = Response(body.getvalue(), mimetype=EXCEL)
    answer.headers["Content-Disposition"] = "attachment; filename=problems.xlsx"
    return answer


@blueprint.post("/sheets")
def hand_in() -> Response:
    """Take the rows of a sheet; each is answered, whatever became of the others."""
    channel, file = request.form.get("channel", ""), request.files.get("sheet")
    channels = channels_of_viewer()
    if channel not in channels:
        abort(403)
    try:
        if file is None or not file.filename:
            raise UnreadableFile(*both(_l("请先选择文件")))
        found = taken(channel, file.filename, file.read(LARGEST + 1))
    except UnreadableFile as error:
        return _page(channels, error=said(error))
    counted = Counter("bad" if each.outcome == BAD else "taken" for each in found)
    return _page(channels, results=found, counted=counted, name=file.filename)


def taken(channel: str, name: str, body: bytes) -> list[Result]:
    """Take the rows of a sheet that comes over one of the viewer's channels; 403 for any other.

    :raises UnreadableFile: when nothing of it can be taken
    """
    places = channels_of_viewer().get(channel)
    if places is None:
        abort(403)
    return [_take(channel, places, row) for row in _rows(name, body)]


def channels_of_viewer() -> Mapping[str, tuple[str, ...]]:
    """The channels over which the viewer may hand in sheets, each with its places; 403 when there is none."""
    found = sheet_channels(viewer().authority)
    if not found:
        abort(403)
    return found


def channel_names(channels: Iterable[str]) -> list[tuple[str, str]]:
    """What the channels are called that there are."""
    names = snapshot().reference.channels
    return [(code, names[code].name) for code in channels if code in names]


def _page(channels: Mapping[str, tuple[str, ...]], **values: Any) -> Response:
    return show(
        "sheets.html",
        422 if values.get("error") else 200,
        here="sheets",
        channels=channel_names(channels),
        most=ROWS,
        empty=url_for("staff.template"),
        **values,
    )


def _rows(name: str, body: bytes) -> list[Row]:
    """The rows of a sheet. Raises :class:`UnreadableFile` when nothing of it can be taken."""
    if len(body) > LARGEST:
        raise UnreadableFile(*both(_l("文件超过 %(size)s MB", size=LARGEST // 1024 // 1024)))
    if zipfile.is_zipfile(io.BytesIO(body)):
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            if sum(each.file_size for each in packed.infolist()) > UNPACKED:
                raise UnreadableFile(*both(_l("文件展开后太大")))
    rows = list(islice(parse(name, body), ROWS + 1))
    if len(rows) > ROWS:
        raise UnreadableFile(*both(_l("一次最多 %(most)s 行，请分成几个文件；这一次一行也没有收", most=ROWS)))
    if not rows:
        raise UnreadableFile(*both(_l("文件里没有问题：第一行是表头，从第二行起每行一件")))
    return rows


def _take(channel: str, places: tuple[str, ...], row: Row) -> Result:
    if row.error:
        return _bad(row, [row.error])
    if wrong := list(_wrong(snapshot(), places, row.fields)):
        return _bad(row, wrong)
    own = {"id": _own_number(channel, row.fields), "number_in_sheet": row.fields.get("id")}
    fields = {"place": places[0], **row.fields, **own}
    try:
        outcome = doors.report(services().engine, contracts.parse_report(channel, fields), actor=viewer().id)
    except ContractViolation as violation:
        return _bad(row, violation.problems)
    told = TOLD.get(outcome.outcome, TOLD["person"])
    reason = _("原因：%(reason)s", reason=outcome.reason) if outcome.reason and outcome.outcome != "pool" else ""
    return Result(row.number, _title(row), outcome.outcome, outcome.number, f"{told}{reason}")


def _bad(row: Row, problems: Iterable[FieldProblem]) -> Result:
    problems = list(problems)
    words = _("；").join(f"{_column(each.path)}{said(each)}" for each in problems)
    return Result(
        row.number, _title(row), BAD, None, words, [Wrong(each.path, each.zh, each.en or each.zh) for each in problems]
    )


def _title(row: Row) -> str:
    """What the row is about, with a question mark for halves of signs, which JSON lines may hold and no answer can."""
    return str(row.fields.get("title") or row.fields.get("body") or "")[:60].encode(errors="replace").decode()


def _wrong(here: Snapshot, places: tuple[str, ...], fields: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """What the contract does not say: a code that is none, a place that is not the person's."""
    code, place = str(fields.get("uscc", "")).strip(), str(fields.get("place", "")).strip()
    if code and not uscc.is_valid(code):
        yield FieldProblem("uscc", *both(_l("应为 18 位，请对照营业执照核对；不清楚可以不填")))
    if place and not any(place in here.reference.under(each) for each in places):
        yield FieldProblem("place", *both(_l("不是您职责范围内的地区")))


def _column(field: str) -> str:
    return _("“%(column)s”列：", column=COLUMNS[field][0]) if field in COLUMNS else ""


def _own_number(channel: str, fields: Mapping[str, Any]) -> str:
    words = json.dumps([channel, fields], ensure_ascii=False, sort_keys=True)
    return f"sheet-{hashlib.sha256(words.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
