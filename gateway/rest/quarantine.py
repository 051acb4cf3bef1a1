"""隔离区 for programs: messages that did not fit, seen, sent again, dismissed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from gateway.context import services
from gateway.languages import pick
from gateway.operations import quarantine as page
from gateway.operations.masking import hidden
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.door import command
from gateway.rest.shapes import Shape, chosen, counted, many, moment, said, string, whole
from gateway.rest.tags import OPERATIONS
from processes.messaging.inlet import Status
from processes.store import quarantine as store
from processes.store.quarantine import Edit, Entry, NoEntry, Wanted

ALL = "all"

LONGEST_WORDS, LONGEST_REASON, LONGEST_BODY = 200, 500, 500_000
"""Characters."""


class QuarantineQuery(Shape):
    """Which entries."""

    state = chosen((*page.STATES, ALL), _l("待处理、已重新发送、不再处理或全部"), store.OPEN)
    partner = said(_l("合作方"), most=120)
    type = said(_l("消息类型"), most=120)
    days = counted(_l("最近几天"), most=3650)
    q = said(_l("原因、消息编号或来源里的字"), most=120)
    before = counted(_l("上一页的 older"))


class KeptShape(Shape):
    """A message that did not fit. ``times``: how often the same came; ``settled_by``: who sent it again, or dismissed it."""

    id = whole()
    state = string(validate=validate.OneOf(list(page.STATES)))
    partner = string()
    door = string()
    type = string()
    message_id = string()
    source = string()
    reason = string()
    at = moment(none=False)
    times = whole()
    settled_by = string(allow_none=True)
    settled_at = moment()
    note = string()


class QuarantineShape(Shape):
    """The newest first. ``older``: where the next page begins, null at the end; ``open``: how many wait for a person."""

    entries = many(KeptShape)
    older = whole(allow_none=True)
    open = whole()


@operation(
    "GET", "/operations/quarantine", tag=OPERATIONS, summary=_l("隔离区"), query=QuarantineQuery, answer=QuarantineShape
)
def quarantine(given: Mapping[str, Any]) -> Any:
    """Messages that did not fit."""
    since = services().clock.now() - timedelta(days=given["days"]) if given["days"] else None
    state = None if given["state"] == ALL else given["state"]
    narrowed = {name: given[name].strip() or None for name in ("partner", "type")}
    wanted = Wanted(state=state, **narrowed, since=since, text=given["q"].strip() or None)
    with services().database.read() as connection:
        entries = store.listed(connection, wanted, before=given["before"], limit=page.LISTED + 1)
        waiting = store.count(connection, Wanted())
    shown = entries[: page.LISTED]
    older = shown[-1].id if len(entries) > page.LISTED else None
    return {"entries": [_kept(each) for each in shown], "older": older, "open": waiting}


def _kept(entry: Entry) -> dict[str, Any]:
    own = {name: getattr(entry, name) for name in KeptShape._declared_fields}
    return {**own, "reason": hidden(pick(entry.reason, entry.reason_en)), "note": entry.note or ""}


class TryShape(Shape):
    """A sending again."""

    by = string()
    at = moment(none=False)
    status = string()
    reason = string()
    number = string(allow_none=True)


class WholeEntry(KeptShape):
    """An entry whole: masked, or as it came ``until`` then for who has said what it is needed for."""

    headers = string(_l("消息头，JSON"))
    content_type = string()
    body = string(_l("正文；不是文字的字节以 � 代替"))
    until = moment(_l("到何时为止看得到原文；null：已遮盖"))
    tries = many(TryShape)


@operation("GET", "/operations/quarantine/<int:entry_id>", tag=OPERATIONS, summary=_l("隔离的消息"), answer=WholeEntry)
def quarantined(entry_id: int) -> Any:
    """One of them."""
    return _whole(entry_id)


def _whole(entry_id: int) -> dict[str, Any]:
    with services().database.read() as connection:
        entry = page.entry_of(connection, entry_id)
    seen, until = page.told(entry)
    tries = [
        {**vars(each), "reason": hidden(pick(each.reason, each.reason_en)), **_number(each)} for each in entry.tries
    ]
    return {**_kept(entry), **seen, "until": until, "tries": tries}


def _number(one: store.Try) -> dict[str, Any]:
    number = one.result.get("number")
    return {"number": number if isinstance(number, str) else None}


class Needing(Shape):
    """Why the original is needed."""

    words = said(_l("为什么需要看原文；不写姓名和号码：它留在审计日志里"), most=LONGEST_WORDS, least=1, required=True)


@operation(
    "POST",
    "/operations/quarantine/<int:entry_id>/open",
    tag=OPERATIONS,
    summary=_l("看隔离消息的原文"),
    body=Needing,
    answer=WholeEntry,
)
def open_quarantined(given: Mapping[str, Any], entry_id: int) -> Any:
    """See it as it came for ten minutes; who, when and why stays in the audit log."""
    if not (words := given["words"].strip()):
        raise Unfit.at("body.words", _l("请写明为什么需要看原文。"))
    page.opened(entry_id, words)
    return _whole(entry_id)


class Editing(Shape):
    """What is changed; null: as it came."""

    headers = fields.Dict(keys=fields.String(), load_default=None, allow_none=True)
    content_type = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=255))
    body = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST_BODY))


class ResentShape(Shape):
    """What came of it."""

    status = string(validate=validate.OneOf([Status.ACCEPTED, Status.DUPLICATE]))
    number = string(_l("问题编号"), allow_none=True)


@operation(
    "POST",
    "/operations/quarantine/<int:entry_id>/resend",
    tag=OPERATIONS,
    summary=_l("重新发送隔离的消息"),
    body=Editing,
    answer=ResentShape,
)
def resend_quarantined(given: Mapping[str, Any], entry_id: int) -> Any:
    """Send it again, with what was changed."""
    body = given["body"]
    edit = Edit(given["headers"], given["content_type"], None if body is None else body.encode())
    try:
        done = page.resent(entry_id, command(), edit)
    except NoEntry:
        abort(404)
    if done.status == Status.REFUSED:
        reason, reason_en = done.reason or "", done.reason_en or done.reason or ""
        raise Unfit.at("body", _l("仍不符合约定，没有生效：%(reason)s", reason=pick(reason, reason_en)))
    return {"status": done.status, **_number(done)}


class Dismissing(Shape):
    """Why nothing is to become of it."""

    reason = said(_l("不再处理的原因"), most=LONGEST_REASON, least=1, required=True)


@operation(
    "POST",
    "/operations/quarantine/<int:entry_id>/dismiss",
    tag=OPERATIONS,
    summary=_l("不再处理隔离的消息"),
    body=Dismissing,
    status=204,
)
def dismiss_quarantined(given: Mapping[str, Any], entry_id: int) -> Any:
    """Nothing is to become of it."""
    if not (reason := given["reason"].strip()):
        raise Unfit.at("body.reason", _l("请写明为什么不再处理。"))
    try:
        page.dismissed(entry_id, reason)
    except NoEntry:
        abort(404)
    return "", 204
