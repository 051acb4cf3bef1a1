"""What stands beside a task's form, for programs: answers to begin with, similar problems, and who else has it open."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from marshmallow import fields

from gateway.context import services
from gateway.rest.blueprint import operation
from gateway.rest.shapes import Shape, many, moment, string, yes
from gateway.rest.tags import TASKS
from gateway.staff import beside as page
from gateway.staff import presence
from gateway.staff.opened import open_task
from gateway.staff.pages import snapshot
from processes.casework.views.head import head as find


class FilledShape(Shape):
    """An answer template with what the case gives."""

    title = string()
    body = string()


class SolvedShape(Shape):
    """A similar problem that was solved. ``score``: the overlap of the texts; ``answer``: what the enterprise was told."""

    number = string()
    title = string()
    place_name = string()
    board = string()
    rating = string()
    closed_at = moment(none=False)
    score = fields.Float(required=True)
    answer = string()


class BesideShape(Shape):
    """What helps. ``writes``: the form asks for words that templates could begin."""

    writes = yes()
    answers = many(FilledShape)
    solved = many(SolvedShape)


@operation(
    "GET",
    "/tasks/<task_id>/beside",
    tag=TASKS,
    summary=_l("填好的答复模板、办结的相似问题"),
    answer=BesideShape,
    also=(409,),
)
def beside(task_id: str) -> Any:
    """What helps with a task; 404 for one that is about no case."""
    with services().database.read() as connection:
        here = open_task(connection, task_id)
        case = here.task.case_id
        head = find(connection, snapshot().reference, case_id=case) if case else None
        if head is None:
            abort(404)
        return page.beside(connection, here, head)


class OtherShape(Shape):
    """Somebody else who has it open."""

    person = string()
    name = string()
    since = moment(none=False)


class PresenceShape(Shape):
    """Who else has it open; whether it is still to be done, and by whom it was if not."""

    others = many(OtherShape)
    open = yes()
    completed_by = string(allow_none=True)


@operation(
    "PUT",
    "/tasks/<task_id>/presence",
    tag=TASKS,
    summary=_l("正开着这项任务"),
    description=_l("每 20 秒说一次，60 秒没有说就当作已经关了。"),
    answer=PresenceShape,
)
def stay(task_id: str) -> Any:
    """The person has the task open; who else has?"""
    found, name = presence.noted(task_id), snapshot().reference.person_name
    return {**vars(found), "others": [{**vars(each), "name": name(each.person)} for each in found.others]}


@operation("DELETE", "/tasks/<task_id>/presence", tag=TASKS, summary=_l("关了这项任务"), status=204)
def leave(task_id: str) -> Any:
    """The person has it open no longer."""
    presence.noted(task_id, leaving=True)
    return "", 204
