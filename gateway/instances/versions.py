"""流程版本: which version of a process is in force where, who put it there, and what has changed from one to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy import Connection

from gateway.context import services
from gateway.instances.pages import blueprint
from gateway.instances.search import processes_of
from gateway.languages import language
from gateway.staff.pages import show, snapshot
from processes.casework import model_back
from processes.casework.views.instances import versions as view
from processes.casework.views.models import Drawing
from processes.languages import CHINESE
from processes.notation.difference import Change
from processes.notation.labels import KINDS


@dataclass(frozen=True)
class Tab:
    """A side of a diagram, and what has changed on it as its script takes it. ``address``: where the drawing is, if it is of no version."""

    title: str
    drawing: Drawing
    marks: Mapping[str, Mapping[str, str]]
    address: str = ""


@blueprint.get("/versions")
def versions() -> Response:
    """The versions of a process; and, of the two newest unless others are asked for, what they differ in."""
    with services().database.read() as connection:
        processes = processes_of(connection)
        process = request.args.get("process", "")
        process = process if process in processes else next(iter(processes), "")
        listed = view.of(connection, process)
        old, new = two_of([each.id for each in listed], request.args.get("old", ""), request.args.get("new", ""))
        found = difference(connection, old, new)
        running = model_back.running(connection, [each.id for each in listed])
    return show(
        "instances/versions.html",
        here="instances",
        processes=processes,
        process=process,
        versions=listed,
        running=running,
        old=old,
        new=new,
        who=snapshot().reference.person_name,
        **shown(found),
        place_name=snapshot().reference.place_name,
    )


def two_of(ids: Sequence[str], old: str, new: str) -> tuple[str, str]:
    """Those of the versions (the newest first) that are compared: the two newest unless others are asked for; one alone with itself."""
    new = new if new in ids else next(iter(ids), "")
    older = ids[ids.index(new) + 1 :] if new else ()
    return old if old in ids else next(iter(older), new), new


def difference(connection: Connection, old: str, new: str) -> view.Difference:
    """What two versions differ in: nothing when they are the same."""
    return view.differing(connection, old, new, language()) if old != new else view.Difference((), (), ())


def shown(found: view.Difference, edited: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """What ``instances/difference.html`` takes. ``edited``: content hashes → addresses of drawings that are of no version."""
    addresses = edited or {}
    tabs = (tab for each in found.diagrams for tab in _tabs(each))
    return {
        "found": found,
        "tabs": [replace(each, address=addresses.get(each.drawing.hash, "")) for each in tabs],
        "kinds": kinds(),
        "element": element,
        "property_name": property_name,
    }


def kinds() -> Mapping[str, str]:
    """What can have become of something."""
    return {"added": _("已新增"), "removed": _("已删除"), "changed": _("已修改"), "moved": _("已移动")}


def element(change: Change) -> str:
    """What an element is called, else what it is."""
    if language() == CHINESE:
        return change.name or f"{KINDS.get(change.tag, change.tag)} {change.id}"
    return change.name_en or change.name or f"{change.tag} {change.id}"


def property_name(path: str) -> str:
    """What a property is called; those that nobody has named by where they stand in the file."""
    last = path.rpartition("/")[2]
    if last.startswith("flowNodeRef "):
        return _("所含环节 %(id)s", id=last.removeprefix("flowNodeRef "))
    return {
        "@name": _("名称"),
        "nameEn": _("英文名称"),
        "documentation": _("说明"),
        "instructionsForEndUser": _("办理说明"),
        "@sourceRef": _("从"),
        "@targetRef": _("到"),
        "@attachedToRef": _("附着在"),
        "@default": _("默认流向"),
        "@cancelActivity": _("触发时中断"),
        "conditionExpression": _("条件"),
        "timeDate": _("时间"),
        "timeDuration": _("时长"),
        "timeCycle": _("周期"),
        "script": _("脚本"),
        "@calledElement": _("调用的流程"),
        "calledDecisionId": _("决策"),
        "form": _("表单"),
        "role": _("角色"),
        "organisation": _("单位"),
        "dueAt": _("期限"),
        "warnAt": _("预警"),
        "next": _("接下来"),
        "stage": _("阶段"),
        "caseStatus": _("问题状态"),
        "@resultVariable": _("结果变量"),
        "@hitPolicy": _("命中策略"),
    }.get(last, path)


def _tabs(each: view.DiagramChange) -> Sequence[Tab]:
    sides = (
        (each.new, _("%(name)s（新）", name=each.name), "removed"),
        (each.old, _("%(name)s（旧）", name=each.name), "added"),
    )
    return [
        Tab(title, drawing, _marks(each.changes, absent)) for drawing, title, absent in sides if drawing is not None
    ]


def _marks(changes: Sequence[Change], absent: str) -> dict[str, Any]:
    said = kinds()
    return {each.id: {"state": each.kind, "note": said[each.kind]} for each in changes if each.kind != absent}
