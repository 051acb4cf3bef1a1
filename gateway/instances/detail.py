"""One instance, and one of its commands or variables."""

from __future__ import annotations

import json

from flask import Response, abort
from flask_babel import gettext as _
from sqlalchemy import Connection, select

from gateway.context import services
from gateway.instances.pages import OPERATE, allowed, blueprint, found, states
from gateway.staff.pages import seen, show, snapshot, viewer
from processes.casework.views.diagram import Diagram
from processes.casework.views.instances import detail as view
from processes.store.tables import Case


@blueprint.get("/<instance_id>")
def detail(instance_id: str) -> Response:
    """Where it stands and what can be done."""
    with services().database.read() as connection:
        page = looked_at(connection, instance_id)
        sees_case = connection.scalar(select(Case.id).where(Case.instance_id == instance_id, seen())) is not None
    return show(
        "instances/detail.html",
        here="instances",
        page=page,
        one=page.row,
        sees_case=sees_case,
        states=states(),
        kinds=kinds(),
        waits=waits(),
        acts=OPERATE in viewer().may and not page.ended,
        marks=marks,
        who=snapshot().reference.person_name,
        open_incidents=[each for each in page.incidents if each.resolved_at is None],
        job_states=job_states(),
    )


def looked_at(connection: Connection, instance_id: str) -> view.InstancePage:
    """All that is told of an instance that the viewer looks after; anything else is not found."""
    here = services()
    row = found(connection, instance_id)
    running = here.engine.look(connection, instance_id)
    if running is None:
        abort(404)
    return view.page(connection, snapshot().reference, row, running, allowed(), here.clock.now())


@blueprint.get("/<instance_id>/history/<int:seq>")
def entry(instance_id: str, seq: int) -> Response:
    """What a command was given, and what it ran through."""
    with services().database.read() as connection:
        row = found(connection, instance_id)
        one = view.entry(connection, instance_id, seq)
    if one is None:
        abort(404)
    return show(
        "instances/entry.html",
        here="instances",
        one=row,
        entry=one,
        given=json.dumps(one.input, ensure_ascii=False, indent=2),
        kinds=kinds(),
        who=snapshot().reference.person_name,
        done=done(),
    )


@blueprint.get("/<instance_id>/variables/<name>")
def variable(instance_id: str, name: str) -> Response:
    """The whole value of a variable, as a file: it may be long."""
    with services().database.read() as connection:
        found(connection, instance_id)
        running = services().engine.look(connection, instance_id)
    if running is None or name not in running.data:
        abort(404)
    response = Response(json.dumps(running.data[name], ensure_ascii=False, indent=2), mimetype="application/json")
    response.headers.set("Content-Disposition", "attachment", filename="variable.json")
    return response


def marks(diagram: Diagram) -> dict[str, dict[str, str]]:
    """The marks of a diagram as its script takes them."""
    return {element: {"state": mark.state, "note": mark.note} for element, mark in diagram.marks.items()}


def kinds() -> dict[str, str]:
    """What commands are called."""
    return {
        "Start": _("启动"),
        "CompleteTask": _("办理任务"),
        "CompleteJob": _("外部系统完成任务"),
        "FailJob": _("外部系统任务失败"),
        "AcceptJob": _("工作程序接手任务"),
        "ExtendJob": _("工作程序延长占用"),
        "HandOnJob": _("任务换工作程序"),
        "ThrowJobError": _("外部系统报业务错误"),
        "Correlate": _("收到消息"),
        "Signal": _("收到信号"),
        "FireTimer": _("定时到点"),
        "Continue": _("继续运行"),
        "Cancel": _("取消流程"),
        "Suspend": _("暂停流程"),
        "Resume": _("恢复流程"),
        "Resolve": _("处理异常"),
        "Replan": _("按新日历重算期限"),
        "SetVariables": _("修改变量"),
        "Skip": _("跳过步骤"),
        "Move": _("移动到另一步"),
        "FireNow": _("立即触发定时器"),
        "MoveTimer": _("改定时器时间"),
        "RetryJob": _("立即重试任务"),
        "Migrate": _("迁移到另一版本"),
    }


def waits() -> dict[str, str]:
    """What is waited for, in words."""
    return {
        "user": _("等人办理"),
        "job": _("等外部系统"),
        "message": _("等消息"),
        "signal": _("等信号"),
        "timer": _("等时间"),
        "condition": _("等条件成立"),
    }


def job_states() -> dict[str, str]:
    """What the states of jobs are called."""
    return {"open": _("等待中"), "done": _("已完成"), "failed": _("已失败，等人处理"), "cancelled": _("已撤回")}


def done() -> dict[str, str]:
    """What happened to an element, in words."""
    return {"entered": _("进入"), "completed": _("完成"), "caught": _("收到"), "cancelled": _("撤回")}
