"""审计日志, the audit administrator's: who did what, and whether the log is whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, select

from gateway import auditing
from gateway.accounts.reach import is_at_top, within_reach
from gateway.addresses import row_number
from gateway.audit import telling
from gateway.context import services
from gateway.languages import said
from gateway.staff import pages
from gateway.staff.pages import show, snapshot
from gateway.text import HERE, in_a_cell
from processes.casework.audit.entries import Entry
from processes.casework.audit.searching import Wanted, find, walk_latest
from processes.casework.audit.verifying import Broken, Whole
from processes.store.tables import Case

PAGE = "audit"

SHOWN = 50

MOST = 20_000
"""Entries that are exported at once; the command line exports all."""

FIELDS = ("by", "kind", "about", "since", "until")

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
blueprint.before_request(pages.require_login)
blueprint.teardown_request(pages.close_reading)


KINDS: Mapping[str, Any] = {
    "login": _l("登录"),
    "logout": _l("退出"),
    "access": _l("越权访问"),
    "account": _l("账号"),
    "token": _l("访问令牌"),
    "duty": _l("职责"),
    "substitute": _l("代理"),
    "personal": _l("个人信息"),
    "subject": _l("个人信息申请"),
    "model": _l("模型"),
    "reference": _l("基础数据"),
    "instance": _l("流程实例"),
    "bulk": _l("批量处理"),
    "incident": _l("异常"),
    "dead": _l("死信"),
    "quarantine": _l("隔离区"),
    "peer": _l("相连平台"),
    "audit": _l("审计日志"),
}
"""What acts are about."""

VERBS: Mapping[str, Any] = {
    "code": _l("第二因素"),
    "password": _l("更换密码"),
    "give_password": _l("发放初始密码"),
    "lock": _l("锁定"),
    "unlock": _l("解锁"),
    "deactivate": _l("停用"),
    "reactivate": _l("恢复使用"),
    "enrol": _l("建立"),
    "set_up_second": _l("设置第二因素"),
    "renew_codes": _l("更换恢复码"),
    "drop_second": _l("停用第二因素"),
    "log_out": _l("退出全部登录"),
    "end_session": _l("退出一处登录"),
    "make": _l("生成"),
    "revoke": _l("撤销"),
    "use": _l("使用"),
    "add": _l("增加"),
    "end": _l("结束"),
    "unmask": _l("查看完整信息"),
    "find": _l("查找"),
    "ask_export": _l("申请副本"),
    "ask_delete": _l("申请删除"),
    "approve": _l("批准"),
    "turn_down": _l("不批准"),
    "correct": _l("更正"),
    "deleted": _l("删除"),
    "deploy": _l("部署"),
    "load": _l("载入"),
    "cancel": _l("取消"),
    "suspend": _l("暂停"),
    "resume": _l("恢复"),
    "skip": _l("跳过"),
    "move": _l("移动到另一步"),
    "set": _l("修改变量"),
    "retry": _l("重试"),
    "pass": _l("不再重试"),
    "stop": _l("停止"),
    "replayed": _l("重新投递"),
    "discarded": _l("丢弃"),
    "resend": _l("重新发送"),
    "dismiss": _l("不再处理"),
    "revive": _l("重新发往"),
    "export": _l("导出"),
    "sealed": _l("封存"),
    "hash": _l("更换散列算法"),
}
"""What is done."""


def title(act: str) -> str:
    """An act in words; one that has none, as it is kept."""
    kind, _dot, verb = act.partition(".")
    named = str(KINDS.get(kind, kind))
    return _("%(kind)s：%(verb)s", kind=named, verb=VERBS.get(verb, verb)) if verb else named


@dataclass(frozen=True)
class Chain:
    """The end of the log: what has been walked of it, or in words where it is broken."""

    end: Whole | None
    broken: str


@blueprint.get("/")
def log() -> Response:
    """Who did what? And is the log whole?"""
    given = _given()
    with services().database.read() as connection:
        found, older = entries(connection, given, request.args.get("before", type=row_number))
        end = chain(connection)
    return show(
        "audit/log.html",
        here=PAGE,
        given=given,
        entries=found,
        older=older,
        end=end.end,
        broken=end.broken,
        kinds=KINDS,
        title=title,
        outcomes={"done": _("完成"), "asked": _("提出"), "refused": _("被拒绝")},
        name_of=snapshot().reference.person_name,
        about=lambda entry: telling.about(entry, snapshot().reference),
        details=lambda entry: telling.details(entry, snapshot().reference),
    )


@blueprint.post("/export")
def export() -> Response:
    """The entries found, as a table."""
    return exported(_given())


def entries(connection: Connection, given: Mapping[str, str], before: int | None) -> tuple[Sequence[Entry], int | None]:
    """A page of what is asked for, the newest first; and the number before which the next one begins, if there is more."""
    found = find(connection, _wanted(connection, given), SHOWN + 1, before)
    return found[:SHOWN], found[SHOWN - 1].seq if len(found) > SHOWN else None


def chain(connection: Connection) -> Chain:
    """Whether the end of the log is as it was written."""
    try:
        return Chain(walk_latest(connection), "")
    except Broken as error:
        return Chain(None, said(error))


def exported(given: Mapping[str, str]) -> Response:
    """What is asked for as a table; that somebody took it is an entry itself."""
    with services().database.write() as connection:
        found = find(connection, _wanted(connection, given), MOST)
        auditing.note(connection, "audit.export", "page:audit", entries=len(found), **given)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("seq", "at", "by", "address", "act", "about", "outcome", "detail", "algorithm", "previous", "hash"))
    for each in found:
        row = (each.seq, each.at.isoformat(), each.by, each.address, each.act, each.about, each.outcome, each.detail)
        table.writerow(in_a_cell(value) for value in (*row, each.algorithm, each.previous, each.hash))
    answer = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename="audit.csv")
    return answer


def _given() -> dict[str, str]:
    return {name: value for name in FIELDS if (value := request.values.get(name, "").strip()[:60])}


def _wanted(connection: Connection, given: Mapping[str, str]) -> Wanted:
    """What is asked for, of those whom the viewer looks after; at the top of all, and of programs."""
    reference = snapshot().reference
    mine = {each.id: each.name for each in within_reach(reference, PAGE)}
    top = is_at_top(reference, PAGE)
    by = None if top else list(mine)
    if person := given.get("by"):
        by = [each for each, name in mine.items() if person in (each, name)] or ([person] if top else [])
    acts = None
    if kind := given.get("kind"):
        acts = [kind, *(f"{kind}.{verb}" for verb in VERBS)]
    about = _about(connection, given["about"]) if "about" in given else None
    return Wanted(by, acts, about, _day(given.get("since", "")), _day(given.get("until", ""), timedelta(days=1)))


def _about(connection: Connection, text: str) -> list[str]:
    """What an object may be called: as it is kept, by its id alone, or a case by its number."""
    case = connection.scalar(select(Case.id).where(Case.number == text))
    alone = [f"{kind}:{text}" for kind in ("person", "instance", "incident", "definition", "message", "operation")]
    return [text, *alone, *([f"case:{case}"] if case else [])]


def _day(text: str, later: timedelta = timedelta(0)) -> datetime | None:
    """When a day begins, or so much later; None for what is no day, and for days beyond which there is nothing to be found."""
    try:
        return (datetime.combine(date.fromisoformat(text), time(), HERE) + later).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
