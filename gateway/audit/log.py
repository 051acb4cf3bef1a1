"""审计日志, the audit administrator's: who did what, and whether the log is whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from sqlalchemy import Connection, select

from gateway import auditing
from gateway.accounts.people import within_reach
from gateway.audit import telling
from gateway.context import services
from gateway.languages import said
from gateway.staff import pages
from gateway.staff.pages import show, snapshot, viewer
from gateway.staff.viewer import places_for
from gateway.text import HERE, in_a_cell
from processes.casework.audit.searching import Wanted, find, walk_latest
from processes.casework.audit.verifying import Broken
from processes.store.tables import Case

PAGE = "audit"

SHOWN = 50

MOST = 20_000
"""Entries that are exported at once; the command line exports all."""

FIELDS = ("by", "kind", "about", "since", "until")

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
blueprint.before_request(pages.require_login)
blueprint.teardown_request(pages.close_reading)


def kinds() -> Mapping[str, str]:
    """What acts are about."""
    return {
        "login": _("登录"),
        "logout": _("退出"),
        "access": _("越权访问"),
        "account": _("账号"),
        "token": _("访问令牌"),
        "duty": _("职责"),
        "substitute": _("代理"),
        "personal": _("个人信息"),
        "subject": _("个人信息申请"),
        "model": _("模型"),
        "reference": _("基础数据"),
        "instance": _("流程实例"),
        "bulk": _("批量处理"),
        "incident": _("异常"),
        "dead": _("死信"),
        "quarantine": _("隔离区"),
        "peer": _("相连平台"),
        "audit": _("审计日志"),
    }


def verbs() -> Mapping[str, str]:
    """What is done."""
    return {
        "code": _("第二因素"),
        "password": _("更换密码"),
        "give_password": _("发放初始密码"),
        "lock": _("锁定"),
        "unlock": _("解锁"),
        "deactivate": _("停用"),
        "reactivate": _("恢复使用"),
        "enrol": _("建立"),
        "set_up_second": _("设置第二因素"),
        "renew_codes": _("更换恢复码"),
        "drop_second": _("停用第二因素"),
        "log_out": _("退出全部登录"),
        "end_session": _("退出一处登录"),
        "make": _("生成"),
        "revoke": _("撤销"),
        "use": _("使用"),
        "add": _("增加"),
        "end": _("结束"),
        "unmask": _("查看完整信息"),
        "find": _("查找"),
        "ask_export": _("申请副本"),
        "ask_delete": _("申请删除"),
        "approve": _("批准"),
        "turn_down": _("不批准"),
        "correct": _("更正"),
        "deleted": _("删除"),
        "deploy": _("部署"),
        "load": _("载入"),
        "cancel": _("取消"),
        "suspend": _("暂停"),
        "resume": _("恢复"),
        "skip": _("跳过"),
        "move": _("移动到另一步"),
        "set": _("修改变量"),
        "retry": _("重试"),
        "pass": _("不再重试"),
        "stop": _("停止"),
        "replayed": _("重新投递"),
        "discarded": _("丢弃"),
        "resend": _("重新发送"),
        "dismiss": _("不再处理"),
        "revive": _("重新发往"),
        "export": _("导出"),
        "sealed": _("封存"),
        "hash": _("更换散列算法"),
    }


def title(act: str) -> str:
    """An act in words; one that has none, as it is kept."""
    kind, _dot, verb = act.partition(".")
    named = kinds().get(kind, kind)
    return _("%(kind)s：%(verb)s", kind=named, verb=verbs().get(verb, verb)) if verb else named


@blueprint.get("/")
def log() -> Response:
    """Who did what? And is the log whole?"""
    given = _given()
    with services().database.read() as connection:
        found = find(connection, _wanted(connection, given), SHOWN + 1, request.args.get("before", type=int))
        try:
            end, broken = walk_latest(connection), ""
        except Broken as error:
            end, broken = None, said(error)
    return show(
        "audit/log.html",
        here=PAGE,
        given=given,
        entries=found[:SHOWN],
        older=found[SHOWN - 1].seq if len(found) > SHOWN else None,
        end=end,
        broken=broken,
        kinds=kinds(),
        title=title,
        outcomes={"done": _("完成"), "asked": _("提出"), "refused": _("被拒绝")},
        name_of=snapshot().reference.person_name,
        about=lambda entry: telling.about(entry, snapshot().reference),
        details=lambda entry: telling.details(entry, snapshot().reference),
    )


@blueprint.post("/export")
def export() -> Response:
    """The entries found, as a table; that somebody took them is an entry itself."""
    given = _given()
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
    top = any(reference.superior(place) is None for place in places_for(PAGE, viewer().authority))
    by = None if top else list(mine)
    if person := given.get("by"):
        by = [each for each, name in mine.items() if person in (each, name)] or ([person] if top else [])
    acts = None
    if kind := given.get("kind"):
        acts = [kind, *(f"{kind}.{verb}" for verb in verbs())]
    about = _about(connection, given["about"]) if "about" in given else None
    until = _day(given.get("until", ""))
    return Wanted(by, acts, about, _day(given.get("since", "")), until + timedelta(days=1) if until else None)


def _about(connection: Connection, text: str) -> list[str]:
    """What an object may be called: as it is kept, by its id alone, or a case by its number."""
    case = connection.scalar(select(Case.id).where(Case.number == text))
    alone = [f"{kind}:{text}" for kind in ("person", "instance", "incident", "definition", "message", "operation")]
    return [text, *alone, *([f"case:{case}"] if case else [])]


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), HERE)
    except ValueError:
        return None
