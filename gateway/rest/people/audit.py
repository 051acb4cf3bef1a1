"""审计日志 for programs of the audit administrator's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response
from flask_babel import lazy_gettext as _l

from gateway.audit import log as page
from gateway.context import services
from gateway.rest.blueprint import operation
from gateway.rest.shapes import (
    Shape,
    chosen,
    counted,
    many,
    moment,
    on_day,
    one,
    said,
    string,
    table,
    whole,
)
from gateway.rest.tags import AUDIT
from gateway.staff.pages import snapshot
from processes.casework.audit.entries import Entry


class EntriesWanted(Shape):
    """Which entries."""

    by = said(_l("姓名或账号"))
    kind = chosen((*page.KINDS, ""), _l("操作的种类"), "")
    about = said(_l("对象：账号、问题编号或内部编号"))
    since = on_day(_l("从哪天起"))
    until = on_day(_l("到哪天为止"))


class EntriesQuery(EntriesWanted):
    """Which entries, and from where on."""

    before = counted(_l("上一页的 older"))


class AuditEntryShape(Shape):
    """Who did what: ``by`` the account (empty: nobody was logged in), ``title`` the act in words, ``hash`` over all of it and ``previous``."""

    seq = whole()
    at = moment(none=False)
    by = string()
    name = string()
    address = string()
    act = string()
    title = string()
    about = string()
    outcome = string()
    detail = table()
    algorithm = string()
    previous = string()
    hash = string()


class ChainShape(Shape):
    """The end of the log: ``count`` entries have been walked, up to this number and hash. ``broken``: where one is not as it was written."""

    count = whole()
    seq = whole()
    hash = string()
    broken = string()


class EntriesShape(Shape):
    """A page, the newest first. ``older``: where the next one begins."""

    entries = many(AuditEntryShape)
    older = whole(allow_none=True)
    chain = one(ChainShape)


@operation("GET", "/audit", tag=AUDIT, summary=_l("查审计日志"), query=EntriesQuery, answer=EntriesShape)
def audit(given: Mapping[str, Any]) -> Any:
    """Who did what? And is the log whole?"""
    with services().database.read() as connection:
        found, older = page.entries(connection, _texts(given), given["before"])
        chain = page.chain(connection)
    return {"entries": [_entry(each) for each in found], "older": older, "chain": _chain(chain)}


@operation(
    "POST",
    "/audit/export",
    tag=AUDIT,
    summary=_l("导出审计日志"),
    description=_l("导出本身也记入日志；不留存答复。"),
    body=EntriesWanted,
    media_type="text/csv",
)
def export_audit(given: Mapping[str, Any]) -> Response:
    """A copy, which is an entry itself."""
    return page.exported(_texts(given))


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """What is asked for, as the page's form says it."""
    return {name: text for name in page.FIELDS if given[name] and (text := str(given[name]).strip())}


def _entry(each: Entry) -> dict[str, Any]:
    detail = orjson.loads(each.detail) if each.detail else {}
    name = snapshot().reference.person_name(each.by) if each.by else ""
    return {**vars(each), "detail": detail, "name": name, "title": page.title(each.act)}


def _chain(chain: page.Chain) -> dict[str, Any]:
    if chain.end is None:
        return {"count": 0, "seq": 0, "hash": "", "broken": chain.broken}
    return {"count": chain.end.count, "seq": chain.end.last.seq, "hash": chain.end.last.hash, "broken": ""}
