"""What stands beside a task's form: answer templates, similar problems that were solved, and what each outcome leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection

from gateway.context import services
from gateway.languages import language
from gateway.staff import forms as faces
from gateway.staff.answers import Filled, filled
from gateway.staff.opened import Opened
from gateway.staff.pages import seen, snapshot
from processes.casework import answer_templates, forms, rehearsal
from processes.casework.rehearsal import Ahead
from processes.casework.views.case import holder
from processes.casework.views.head import Head
from processes.casework.views.models import Models, models
from processes.casework.views.solved import Solved, solved


@dataclass(frozen=True)
class Beside:
    """``writes``: whether the form asks for words that others' could be put into."""

    writes: bool
    answers: Sequence[Filled]
    solved: Sequence[Solved]


def beside(connection: Connection, here: Opened, head: Head) -> Beside:
    """What helps with this task."""
    reference, task = snapshot().reference, here.task
    writes = any(schema.get(forms.TEXT) for schema in here.form.properties.values())
    offered = answer_templates.offered(connection, reference, task.place, task.organisation) if writes else ()
    return Beside(writes, filled(offered, head, task.organisation), solved(connection, reference, head, seen()))


def ahead(connection: Connection, here: Opened, data: Mapping[str, Any], form: faces.View) -> Sequence[tuple[str, str]]:
    """For each outcome its verb and, in words, what follows; the verb is empty where there is nothing to choose."""
    given = forms.filled_in(here.form, data)
    verbs = {verb.value: verb.title for verb in form.verbs} or {"": ""}
    answers = {value: {**given, faces.OUTCOME: value} if value else given for value in verbs}
    told = rehearsal.rehearse(services().engine, connection, here.task, answers)
    known = models(connection, here.task.definition_id, language())
    return [(title, _words(told[value], known)) for value, title in verbs.items() if value in told]


def _words(steps: Sequence[Ahead], known: Models) -> str:
    return _("，然后").join(_step(each, known.name(each.element) or each.name) for each in steps)


def _step(step: Ahead, name: str) -> str:
    if step.kind == rehearsal.PERSON:
        words = _("由%(who)s办理“%(name)s”", who=holder(step, snapshot().reference), name=name)
    elif step.kind == rehearsal.MESSAGE:
        words = _("等待“%(name)s”", name=name)
    elif step.kind == rehearsal.SYSTEM:
        words = _("系统自动“%(name)s”", name=name)
    else:
        words = _("全部办理结束")
    return words + _term(step)


def _term(step: Ahead) -> str:
    if step.due_at is None:
        return ""
    days = snapshot().calendar.working_days_between(services().clock.now(), step.due_at)
    return _("（%(days)s 个工作日内）", days=days) if days > 0 else _("（今天内）")
