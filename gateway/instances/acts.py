"""What can be done with an instance by hand: how each is asked, and the command that the answer makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from gateway.context import services
from gateway.text import HERE
from processes.casework.views.instances.detail import LARGE
from processes.kernel.errors import NotWaiting
from processes.kernel.instance import RunningInstance
from processes.kernel.plan import Element
from processes.runtime import commands as c
from processes.store.tables import Incident, Job


class Mistake(Exception):
    """What was typed cannot be used; the text (words of either language, until they are said) tells what to do."""


@dataclass(frozen=True)
class Question:
    """What a page asks. ``asks``: json, target, due or name beside the reason; ``value``: what stands there at first."""

    title: str
    verb: str
    then: str
    """what happens next"""
    what: str = ""
    """the step, timer or variable in hand"""
    asks: tuple[str, ...] = ()
    value: str = ""
    targets: Sequence[Element] = field(default_factory=tuple)


@dataclass(frozen=True)
class Given:
    """What was answered."""

    id: str
    instance: str
    at: str
    reason: str
    json: Any
    target: str
    due: datetime | None
    name: str


@dataclass(frozen=True)
class Act:
    """How something is asked, and the command that the answer makes. ``of_incident``: what is in hand is an incident of the instance."""

    ask: Callable[[RunningInstance, str], Question]
    command: Callable[[Given, str], c.Command]
    asks: tuple[str, ...] = ()
    of_incident: bool = False


def _named(running: RunningInstance, at: str) -> str:
    """The name of the step at which a token stands, or of the timer."""
    for each in running.stands():
        if each.id == at:
            return each.element.name or each.element.id
    for wait in running.waits():
        if wait.task_id == at:
            return wait.element.name or wait.element.id
    raise NotWaiting(at)


def _cancel(_running: RunningInstance, _at: str) -> Question:
    then = _("取消后，打开的任务、定时器和等待都撤回，流程不再继续，也不能恢复。")
    return Question(_("取消这个流程？"), _("取消流程"), then)


def _suspend(_running: RunningInstance, _at: str) -> Question:
    then = _("暂停后谁也不能办理它的任务；收到的消息先留着，到点的定时器等恢复后再触发。")
    return Question(_("暂停这个流程？"), _("暂停流程"), then)


def _resume(_running: RunningInstance, _at: str) -> Question:
    then = _("恢复后，暂停期间收到的消息和到点的定时器马上办理。")
    return Question(_("恢复这个流程？"), _("恢复流程"), then)


def _skip(running: RunningInstance, at: str) -> Question:
    then = _("这一步算作已经完成，流程接着往下走。下面的值相当于表单、外部系统或消息带来的内容。")
    return Question(_("跳过这一步？"), _("跳过这一步"), then, _named(running, at), ("json",), "{}")


def _move(running: RunningInstance, at: str) -> Question:
    then = _("原来那一步的任务、定时器和等待都撤回，流程像顺序流走到一样进入新的一步。只列出能保证流程走完的步骤。")
    return Question(_("移到哪一步？"), _("移动"), then, _named(running, at), ("target",), targets=running.targets(at))


def _set(running: RunningInstance, at: str) -> Question:
    if at and at not in running.data:
        raise NotWaiting(at)
    text = orjson.dumps(running.data[at], option=orjson.OPT_INDENT_2).decode() if at else ""
    then = _("新的值对所有分支生效，等待的条件会重新判断；已经派出的任务不变。")
    asks = ("json",) if at else ("name", "json")
    title = _("把变量改成什么？") if at else _("新增哪个变量？")
    return Question(title, _("保存变量"), then, at, asks, text if len(text) <= LARGE else "")


def _fire(running: RunningInstance, at: str) -> Question:
    then = _("不再等时间，马上当作到点办理。")
    return Question(_("立即触发这个定时器？"), _("立即触发"), then, _named(running, at))


def _due(running: RunningInstance, at: str) -> Question:
    time = next((wait.time for wait in running.waits() if wait.task_id == at and wait.time is not None), None)
    if time is None:
        raise NotWaiting(at)
    value = time.due.astimezone(HERE).strftime("%Y-%m-%dT%H:%M")
    then = _("到新的时间才触发；循环的定时器从那时起接着循环。")
    return Question(_("改到什么时候？"), _("改时间"), then, _named(running, at), ("due",), value)


def _retry_job(running: RunningInstance, at: str) -> Question:
    then = _("马上再发给外部系统一次，不占用重试次数。")
    return Question(_("立即重试这件任务？"), _("立即重试"), then, _named(running, at))


def _retry(running: RunningInstance, at: str) -> Question:
    row = _incident(at)
    job = row.arguments is not None
    then = _("重试前把下面的值并入任务的参数。") if job else _("重试前把下面的值并入流程的变量。")
    value = orjson.dumps(row.arguments, option=orjson.OPT_INDENT_2).decode() if job else "{}"
    return Question(_("怎样重试？"), _("重试"), then, row.detail, ("json",), value if len(value) <= LARGE else "{}")


def _pass(running: RunningInstance, at: str) -> Question:
    row = _incident(at)
    job = row.arguments is not None
    then = (
        _("这件任务算作完成，下面的值就是它的结果，流程接着往下走。")
        if job
        else _("不再重试刚才失败的那一下，异常结束；流程停在原处，可以再移动或跳过。")
    )
    return Question(_("不再重试？"), _("跳过"), then, row.detail, ("json",) if job else (), "{}")


def _incident(incident_id: str) -> Any:
    statement = select(Incident.detail, Job.arguments).outerjoin(Job, Job.id == Incident.task_id)
    with services().database.read() as connection:
        row = connection.execute(statement.where(Incident.id == incident_id, Incident.resolved_at.is_(None))).first()
    if row is None:
        raise NotWaiting(incident_id)
    return row


def _resolved(action: str) -> Callable[[Given, str], c.Command]:
    return lambda one, who: c.Resolve(one.id, _own(one), action, one.json or {}, one.reason, actor=who)


def _own(one: Given) -> str:
    check_incident(one.at, one.instance)
    return one.at


def check_incident(incident_id: str, instance_id: str) -> None:
    """Whether an incident is one of the instance that is looked at.

    :raises NotWaiting: when it is not
    """
    with services().database.read() as connection:
        of = connection.execute(select(Incident.instance_id).where(Incident.id == incident_id)).scalar()
    if of != instance_id:
        raise NotWaiting(incident_id)


ACTS: Mapping[str, Act] = {
    "cancel": Act(_cancel, lambda one, who: c.Cancel(one.id, one.instance, one.reason, actor=who)),
    "suspend": Act(_suspend, lambda one, who: c.Suspend(one.id, one.instance, one.reason, actor=who)),
    "resume": Act(_resume, lambda one, who: c.Resume(one.id, one.instance, one.reason, actor=who)),
    "skip": Act(
        _skip, lambda one, who: c.Skip(one.id, one.instance, one.reason, one.at, one.json, actor=who), ("json",)
    ),
    "move": Act(
        _move, lambda one, who: c.Move(one.id, one.instance, one.reason, one.at, one.target, actor=who), ("target",)
    ),
    "set": Act(
        _set,
        lambda one, who: c.SetVariables(one.id, one.instance, one.reason, {one.name: one.json}, actor=who),
        ("json", "name"),
    ),
    "fire": Act(_fire, lambda one, who: c.FireNow(one.id, one.instance, one.reason, one.at, actor=who)),
    "due": Act(
        _due,
        lambda one, who: c.MoveTimer(one.id, one.instance, one.reason, one.at, one.due or _never(), actor=who),
        ("due",),
    ),
    "retry-job": Act(_retry_job, lambda one, who: c.RetryJob(one.id, one.instance, one.reason, one.at, actor=who)),
    "retry": Act(_retry, _resolved("retry"), ("json",), True),
    "pass": Act(_pass, _resolved("skip"), ("json",), True),
}


def _never() -> datetime:
    raise Mistake(_l("请选择日期和时间。"))
