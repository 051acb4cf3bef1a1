"""A task for programs: its form, what was put in, whose it is, and doing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate
from sqlalchemy import Connection, Row

from gateway.context import services
from gateway.languages import language
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.door import command
from gateway.rest.files import UploadShape
from gateway.rest.heads import HeadShape, lit, shown
from gateway.rest.shapes import (
    DoneShape,
    LightShape,
    Named,
    Shape,
    anything,
    many,
    moment,
    named,
    on,
    on_day,
    one,
    said,
    string,
    table,
    whole,
    word,
    yes,
)
from gateway.rest.tags import TASKS
from gateway.staff import beside, drafts, uploads
from gateway.staff.arranging import arranging, remind, require_concern
from gateway.staff.forms import Field
from gateway.staff.opened import Opened, open_task, opened, task_row, words_of
from gateway.staff.pages import snapshot, viewer
from gateway.staff.tasks import told_of
from processes.casework import assignment, doors
from processes.casework.forms import FormErrors
from processes.casework.views.head import head as find
from processes.runtime.commands import Outcome

MOST_VALUES = 200
"""Values of a list that a draft keeps."""


class ChoiceShape(Shape):
    """A choice of a field."""

    value = string()
    title = string()


class FieldShape(Shape):
    """A field of the form, with the choices of the moment. ``only_for``: verbs of the outcomes that ask for it; empty when all do."""

    name = string()
    title = string()
    widget = string()
    description = string()
    required = yes()
    max_length = whole(allow_none=True)
    options = many(ChoiceShape)
    only_for = many(word())


class DraftShape(Shape):
    """What has been put in and not sent."""

    data = table()
    saved_at = moment(none=False)


class Following(Shape):
    """What an outcome leads to, in words; the verb is empty where there is nothing to choose."""

    verb = string()
    words = string()


class TaskShape(Shape):
    """A task. Those of what is over have no form."""

    id = string()
    name = string()
    instructions = string()
    next = string(_l("提交后会怎样"))
    state = string(validate=validate.OneOf(["open", "completed", "cancelled", "withdrawn"]))
    number = string(_l("问题编号"), allow_none=True)
    place = string()
    role = string()
    light = one(LightShape)
    assignee = string(allow_none=True)
    assignee_name = string()
    owner = string(allow_none=True)
    completed_by = string(allow_none=True)
    case = one(HeadShape, none=True)
    form = anything(_l("表单：JSON Schema；null：任务已经结束"))
    inputs = many(FieldShape, _l("表单各项，选项是此刻的"))
    outcomes = many(ChoiceShape, _l("可选的办理结果：填在 data 的 outcome 里"))
    following = many(Following)
    draft = one(DraftShape, none=True)
    files = many(UploadShape, _l("已经放进表单、还没有提交的文件"))


@operation("GET", "/tasks/<task_id>", tag=TASKS, summary=_l("一项任务"), answer=TaskShape, also=(409,))
def task(task_id: str) -> Any:
    """What do I do now?"""
    with services().database.read() as connection:
        row = task_row(connection, task_id)
        if row.state != "open":
            return _over(connection, row)
        here = opened(connection, row)
        draft = drafts.draft_of(connection, task_id)
        head = find(connection, snapshot().reference, case_id=row.case_id) if row.case_id else None
        form = here.view(draft.data if draft else {})
        following = beside.ahead(connection, here, draft.data if draft else {}, form)
        return {
            **_row(row),
            "number": head.number if head else None,
            "case": shown(head) if head else None,
            "form": here.form.in_language(language()).schema,
            "inputs": [_field(each) for each in form.fields],
            "outcomes": form.verbs,
            "following": [{"verb": verb, "words": told} for verb, told in following],
            "draft": draft,
            "files": uploads.waiting(connection, task_id),
        }


def _over(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    number = told_of(connection, row)
    nothing: dict[str, Any] = {
        "case": None,
        "form": None,
        "draft": None,
        "inputs": [],
        "outcomes": [],
        "following": [],
        "files": [],
    }
    return {**_row(row), **nothing, "number": number}


def _row(row: Row[Any]) -> dict[str, Any]:
    says, person = words_of(row), snapshot().reference.person_name
    own = ("id", "state", "place", "role", "assignee", "owner", "completed_by")
    return {
        **{name: getattr(row, name) for name in own},
        "name": says.name,
        "instructions": says.instructions or "",
        "next": says.next or "",
        "light": lit(row.due_at, row.warn_at, row.provisional),
        "assignee_name": person(row.assignee) if row.assignee else "",
    }


def _field(each: Field) -> dict[str, Any]:
    return {name: getattr(each, name) for name in FieldShape._declared_fields}


# ---- putting in ------------------------------------------------------------------------------------------------------


class Given(Shape):
    """What the form's fields hold, by their names."""

    data = fields.Dict(keys=fields.String(), required=True, metadata={"description": _l("表单各项的值，按名称")})


class Kept(Shape):
    """Since when it is kept, and which fields each outcome asks for now (under "" where there is nothing to choose)."""

    saved_at = moment(none=False)
    shown = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)


@operation("PUT", "/tasks/<task_id>/draft", tag=TASKS, summary=_l("保存草稿"), body=Given, answer=Kept)
def keep_draft(given: Mapping[str, Any], task_id: str) -> Any:
    """Keep what has been put in so far."""
    with services().database.read() as connection:
        here = open_task(connection, task_id)
        data = _draft(here, given["data"])
        shown = here.view(data).shown or {}
    drafts.keep(task_id, data)
    return {"saved_at": services().clock.now(), "shown": shown}


@operation("GET", "/tasks/<task_id>/draft", tag=TASKS, summary=_l("看草稿"), answer=DraftShape, also=(409,))
def draft(task_id: str) -> Any:
    """What has been put in so far; 404 when that is nothing."""
    with services().database.read() as connection:
        open_task(connection, task_id)
        found = drafts.draft_of(connection, task_id)
    if found is None:
        abort(404)
    return found


@operation(
    "POST", "/tasks/<task_id>/complete", tag=TASKS, summary=_l("提交，办完这项任务"), body=Given, answer=DoneShape
)
def complete(given: Mapping[str, Any], task_id: str) -> Any:
    """Complete the task with these values; files that were put in go along."""
    with services().database.read() as connection:
        task_row(connection, task_id)
    known = f"task:{task_id}:{viewer().id}:{command()}"
    try:
        return doors.complete_form(services().engine, task_id, given["data"], viewer().id, command_id=known)
    except FormErrors as error:
        raise Unfit.of(error, "body.data") from error


def _draft(here: Opened, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a form may hold before it is checked: text, numbers, yes and no, and lists of these or of rows of these."""
    for name, value in data.items():
        if name not in here.form.properties:
            raise Unfit.at(f"body.data.{name}", _l("没有这一项"))
        if not _fits(value):
            raise Unfit.at(f"body.data.{name}", _l("应为文字、数字、true、false，或者它们的列表"))
    return dict(data)


def _fits(value: Any) -> bool:
    if not isinstance(value, list):
        return _plain(value)
    rows = (all(map(_plain, each.values())) if isinstance(each, Mapping) else _plain(each) for each in value)
    return len(value) <= MOST_VALUES and all(rows)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


# ---- whose it is -----------------------------------------------------------------------------------------------------


class ArrangingShape(Shape):
    """What may be done about who does the task."""

    may_claim = yes()
    may_release = yes()
    may_delegate = yes()
    may_assign = yes()
    colleagues = many(Named, _l("可以转交、分派给谁"))
    others = many(Named, _l("交给别的板块等其他办理结果"))
    follow_up = on()


@operation("GET", "/tasks/<task_id>/arranging", tag=TASKS, summary=_l("可以怎样安排"), answer=ArrangingShape)
def arrange(task_id: str) -> Any:
    """Who is to do it?"""
    with services().database.read() as connection:
        found = arranging(connection, task_id)
    lists = {"colleagues": named(found.colleagues), "others": named(found.others), "follow_up": found.day}
    return {**vars(found), **lists}


class Seen(Shape):
    """Whose the task was when this was decided (null: nobody's): who comes too late is told so. Left out: whoever has it now."""

    seen = fields.String(allow_none=True, validate=validate.Length(max=60))


class Asked(Seen):
    """A colleague who is asked to do it."""

    to = said(_l("同事的账号"), required=True, least=1)


class Reminder(Shape):
    """When to be reminded; null: not any more."""

    day = on_day(_l("哪天提醒；null：不再提醒"))


@operation("POST", "/tasks/<task_id>/claim", tag=TASKS, summary=_l("领取"), body=Seen, answer=DoneShape)
def claim(given: Mapping[str, Any], task_id: str) -> Any:
    """Take it."""
    return assignment.claim(services().engine, task_id, viewer().id, *_arranged("claim", task_id, given))


@operation("POST", "/tasks/<task_id>/release", tag=TASKS, summary=_l("退回"), body=Seen, answer=DoneShape)
def release(given: Mapping[str, Any], task_id: str) -> Any:
    """Give it back."""
    return assignment.release(services().engine, task_id, viewer().id, *_arranged("release", task_id, given))


@operation("POST", "/tasks/<task_id>/delegate", tag=TASKS, summary=_l("转交同事"), body=Asked, answer=DoneShape)
def delegate(given: Mapping[str, Any], task_id: str) -> Outcome:
    """Ask a colleague."""
    seen, known = _arranged("delegate", task_id, given)
    return assignment.delegate(services().engine, task_id, viewer().id, given["to"], seen, known)


@operation("PUT", "/tasks/<task_id>/reminder", tag=TASKS, summary=_l("记下提醒日期"), body=Reminder, answer=Reminder)
def set_reminder(given: Mapping[str, Any], task_id: str) -> Any:
    """Be reminded on a day. Nobody else sees it."""
    remind(task_id, given["day"])
    return given


def _arranged(kind: str, task_id: str, given: Mapping[str, Any]) -> tuple[str | None, str]:
    """Whose it was when this was decided, and the command's id; 404 for a task that is none of the viewer's."""
    require_concern(task_id)
    with services().database.read() as connection:
        now: str | None = task_row(connection, task_id).assignee
    return given.get("seen", now), f"{kind}:{task_id}:{viewer().id}:{command()}"
