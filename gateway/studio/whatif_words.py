"""What a what-if says, in words of officials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from lxml import etree

from gateway.instances.heat import span
from gateway.languages import language
from gateway.staff.pages import snapshot
from gateway.text import day
from processes.casework.views.models import BPMN, Drawing
from processes.languages import CHINESE
from processes.whatif import trace
from processes.whatif.trace import Effect


def states() -> Mapping[str, str]:
    """How far a run is."""
    return {
        "collecting": _("正在找出这段时间的问题"),
        "running": _("正在推演"),
        "done": _("推演完了"),
        "stopped": _("已停止"),
        "failed": _("没有推演成"),
    }


def verdicts() -> Mapping[str, str]:
    """What can have become of a case."""
    return {
        "elsewhere": _("走的路不同"),
        "later": _("会更晚"),
        "sooner": _("会更早"),
        "worded": _("只有期限、通知或用语不同"),
        "diverged": _("在此分开：没有记录的答复"),
        "stuck": _("改后走不下去"),
        "unfaithful": _("不能如实重放"),
        "same": _("没有差别"),
    }


def shift(seconds: int | None) -> str:
    """By how much later or sooner."""
    if not seconds:
        return ""
    amount = span(abs(seconds))
    return _("晚 %(amount)s", amount=amount) if seconds > 0 else _("早 %(amount)s", amount=amount)


def step(said: Mapping[str, Any] | None) -> str:
    """A step as it is stored."""
    if said is None:
        return ""
    return _told(said["kind"], said["name"], said.get("name_en", ""), said["where"], said["due"])


def of_effect(effect: Effect | None) -> str:
    """A step of a play."""
    if effect is None:
        return ""
    due = effect.due.isoformat() if effect.due else None
    return _told(effect.kind, effect.name, effect.name_en, effect.where, due)


def holder(name: str) -> str:
    """Whose tasks are counted: an organisation, or a role that is of none."""
    reference = snapshot().reference
    if name in reference.roles:
        return reference.role_name(name)
    return reference.organisation_name(name) if name else _("未写明")


def mark(lost: int, gained: int) -> dict[str, str]:
    """A flow of the diagram as its script takes it."""
    figure = " ".join(each for each in (f"+{gained:,}" if gained else "", f"−{lost:,}" if lost else "") if each)
    state = "changed" if lost and gained else "added" if gained else "removed"
    note = _("改后多走 %(gained)s 件，少走 %(lost)s 件", gained=f"{gained:,}", lost=f"{lost:,}")
    return {"state": state, "text": figure, "note": note}


def parted(count: int) -> dict[str, str]:
    """An element where cases part, as the diagram's script takes it."""
    note = _("%(count)s 件从这里起不同", count=f"{count:,}")
    return {"state": "changed", "time": note, "note": note}


def ends(diagram: str, drawing: Drawing) -> Mapping[str, str]:
    """What the flows of a diagram lead from and to."""
    found = {}
    for flow in etree.fromstring(diagram.encode()).iter(f"{BPMN}sequenceFlow"):
        source, target, id = (str(flow.get(each)) for each in ("sourceRef", "targetRef", "id"))
        both = _("%(source)s → %(target)s", source=_node(drawing, source), target=_node(drawing, target))
        name = drawing.names.get(id, "")
        found[id] = _("%(both)s（%(name)s）", both=both, name=name) if name else both
    return found


def _node(drawing: Drawing, node: str) -> str:
    return drawing.names.get(node) or _("网关")


def _told(kind: str, name: str, english: str, where: str, due: str | None) -> str:
    called = english if english and language() != CHINESE else name
    if kind == trace.TASK:
        told = _("“%(name)s”交给%(who)s", name=called, who=_who(json.loads(where)))
        return told + _due(due)
    if kind == trace.STAGE:
        stages = {each.code: each.name for each in snapshot().reference.stages}
        return _("进入“%(name)s”阶段", name=stages.get(name, name))
    return {
        trace.JOB: _("请系统办理“%(name)s”", name=called),
        trace.NOTICE: _("发出通知“%(name)s”", name=called),
        trace.MESSAGE: _("发出消息“%(name)s”", name=called),
        trace.SIGNAL: _("发出信号“%(name)s”", name=called),
        trace.STATUS: _("状态：%(name)s", name=called),
        trace.RECORD: _("记入问题的内容"),
        trace.END: _("结束：%(name)s", name=called),
    }.get(kind, called)


def _due(due: str | None) -> str:
    if due is None:
        return ""
    return _("，%(day)s到期", day=day(datetime.fromisoformat(due)))


def _who(said: Mapping[str, Any]) -> str:
    """An organisation, else a role at a place; with the person it is given to."""
    reference = snapshot().reference
    organisation, role, place = (str(said.get(each) or "") for each in ("organisation", "role", "place"))
    if organisation:
        who = reference.organisation_name(organisation)
    elif role:
        who = _("%(place)s%(role)s", place=reference.place_name(place) if place else "", role=reference.role_name(role))
    else:
        who = _("未写明的人")
    person = said.get("assignee")
    return f"{who} {reference.person_name(str(person))}" if person else who
