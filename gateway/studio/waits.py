"""What a walk waits for, as it is shown, and the step that a form makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from marshmallow import ValidationError
from sqlalchemy import Connection

from gateway.languages import language, said, translated
from gateway.operations import contract_form
from gateway.staff import forms as faces
from gateway.staff.forms import Field
from gateway.staff.opened import NO_FORM
from processes.casework import doors, forms, functions
from processes.casework.functions import Snapshots
from processes.casework.views.models import Models, models
from processes.errors import BihuanError
from processes.messaging import jobs
from processes.messaging import schema as s
from processes.messaging.contract import Contract
from processes.messaging.contracts import CONTRACTS
from processes.notation.civil_time import CIVIL_TIME
from processes.scenarios.stage import Stage
from processes.scenarios.standing import SIGNAL, Standing, which, which_job

Step = dict[str, Any]

TASK, JOB, MESSAGE, BROADCAST, TIMER = "task", "job", "message", "signal", "timer"

FILE = "attachment-1"
"""what stands for a file in a form that asks for some"""

WHOLE = "whole"
"""the field for the whole of what no contract describes, as JSON"""


class NotTaken(BihuanError):
    """What was typed makes no step: ``fields`` says for each what is wrong."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("\n".join(fields.values()), "\n".join(fields.values()))
        self.fields = fields


@dataclass(frozen=True)
class Wait:
    """Something that is waited for: ``key`` tells it from the others of this moment, ``row`` is its row in the tables."""

    key: str
    kind: str
    name: str
    about: str
    element: str
    row: Any
    at: datetime | None = None


def waits(standing: Standing, known: Mapping[str, Models]) -> Sequence[Wait]:
    """All of it, what people do first. ``known``: the models of each instance."""
    messages = [each for each in standing.subscriptions if not each.message.startswith(SIGNAL)]
    signals = [each for each in standing.subscriptions if each.message.startswith(SIGNAL)]
    found = [(TASK, row, row.role or "", row.due_at) for row in standing.tasks]
    found += [(JOB, row, _job_title(row.topic), row.available_at) for row in standing.jobs]
    found += [(MESSAGE, row, _message_title(row.message), None) for row in messages]
    found += [(BROADCAST, row, row.message.removeprefix(SIGNAL), None) for row in signals]
    found += [(TIMER, row, "", row.due_at) for row in standing.timers]
    return [
        Wait(f"{kind}-{at}", kind, _name(known[row.instance_id], row), about, row.element_id, row, due)
        for at, (kind, row, about, due) in enumerate(found)
    ]


def _name(known: Models, row: Any) -> str:
    return known.name(row.element_id) or row.element_id


def _job_title(topic: str) -> str:
    kind = jobs.CATALOGUE.get(topic)
    return translated(kind.title) if kind else topic


def _message_title(name: str) -> str:
    contract = contract_of(name)
    return translated(contract.title) if contract else name


def contract_of(message: str) -> Contract | None:
    """The newest version of a message's contract; None of what only diagrams say to each other."""
    found = [each for (type_, _version), each in sorted(CONTRACTS.items()) if type_ == message]
    return found[-1] if found else None


# -- tasks -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A task's form and what its expressions see."""

    form: forms.Form
    variables: Mapping[str, Any]
    evaluate: forms.Evaluate

    def view(self, data: Mapping[str, Any], errors: Mapping[str, str] | None = None) -> faces.View:
        """The form as the staff sees it."""
        return faces.view(self.form.in_language(language()), data, self.variables, self.evaluate, errors)


def asked(connection: Connection, stage: Stage, row: Any) -> Asked:
    """What a task on a stage asks for."""
    form = forms.read(connection, row.definition_id, row.form) if row.form else NO_FORM
    variables = doors.variables_of(stage.engine, connection, row) if form.properties else {}
    spoken = functions.build(Snapshots(stage.database, language()))
    return Asked(form, variables, forms.evaluator(spoken, stage.clock.now))


def completing(wait: Wait, standing: Standing, of: Asked, typed: Mapping[str, Any], files: Sequence[str]) -> Step:
    """The step that completes a task. ``files``: the fields that are to have one. Raises :class:`NotTaken`."""
    data = {**typed, **{name: [FILE] for name in files if name in of.form.attachments}}
    try:
        values = forms.check(of.form, faces.without_empty_rows(of.form, data), of.variables, of.evaluate)
    except forms.FormErrors as error:
        raise NotTaken(error.told(language())) from error
    others = [each for each in standing.tasks if each.element_id == wait.element and each is not wait.row]
    return _step({TASK: wait.element}, which(wait.row, others), {"form": values})


# -- jobs ------------------------------------------------------------------------------------------------------------------


def result_fields(
    wait: Wait, typed: Mapping[str, str] | None = None, wrong: Mapping[str, str] | None = None
) -> Sequence[Field]:
    """The fields of a job's result, filled in with what such systems usually answer."""
    kind = jobs.CATALOGUE.get(wait.row.topic)
    if kind is None or not s.describe(kind.result):
        example = kind.example_result if kind else {}
        return [_whole(_("结果"), typed, example, wrong)]
    return _fields(kind.result, typed, kind.example_result, wrong)


def errors_of(wait: Wait) -> Mapping[str, str]:
    """The business errors that a job may be answered with: code → meaning."""
    kind = jobs.CATALOGUE.get(wait.row.topic)
    own = [each.get("code") for each in wait.row.arguments.get("errors") or () if isinstance(each, Mapping)]
    known = {code: translated(meaning) for code, meaning in (kind.errors if kind else {}).items()}
    return {str(code): str(code) for code in own if code} or known


def answering(wait: Wait, standing: Standing, how: str, typed: Mapping[str, str]) -> Step:
    """The step that answers a job. ``how``: done, failure, final, or ``error:CODE``. Raises :class:`NotTaken`."""
    row = wait.row
    told: Step
    if how.startswith("error:"):
        told = {"error": how.removeprefix("error:")}
    elif how in ("failure", "final"):
        told = {"failure": typed.get("reason") or _("系统没有办成"), **({"final": True} if how == "final" else {})}
    else:
        kind = jobs.CATALOGUE.get(row.topic)
        schema = kind.result if kind and s.describe(kind.result) else None
        told = {"result": _read(schema, typed)}
        try:
            jobs.check_result(row.topic, told["result"])
        except jobs.JobViolation as error:
            raise NotTaken(_at_fields(error.problems)) from error
    others = [each for each in standing.jobs if each.element_id == row.element_id and each is not row]
    return _step({JOB: row.element_id}, which_job(row, others), told)


# -- messages and signals --------------------------------------------------------------------------------------------------


def payload_fields(
    wait: Wait, typed: Mapping[str, str] | None = None, wrong: Mapping[str, str] | None = None
) -> Sequence[Field]:
    """The fields of what a message says, filled in with its contract's example."""
    contract = contract_of(wait.row.message) if wait.kind == MESSAGE else None
    if contract is None:
        return [_whole(_("内容"), typed, {}, wrong)]
    example = {**contract.example, **({"case": wait.row.key} if "case" in contract.example and wait.row.key else {})}
    return _fields(contract.schema, typed, example, wrong)


def telling(wait: Wait, typed: Mapping[str, str]) -> Step:
    """The step in which a message or a signal comes. Raises :class:`NotTaken`."""
    row = wait.row
    if wait.kind == BROADCAST:
        return _step({"signal": row.message.removeprefix(SIGNAL)}, {}, {"payload": _read(None, typed)})
    contract = contract_of(row.message)
    payload = _read(contract.schema if contract else None, typed)
    if contract is not None:
        try:
            contract.schema().load(payload)
        except ValidationError as error:
            raise NotTaken(_at_fields(s.problems_of(error.messages))) from error
    return _step({MESSAGE: row.message}, {}, {**({"key": row.key} if row.key else {}), "payload": payload})


# -- time ------------------------------------------------------------------------------------------------------------------


def until(at: datetime) -> Step:
    """The step in which time passes until then; a part of a second counts as a whole one."""
    local = at.astimezone(CIVIL_TIME)
    if local.microsecond:
        local = local.replace(microsecond=0) + timedelta(seconds=1)
    return {"until": f"{local:%Y-%m-%dT%H:%M:%S}" if local.second else f"{local:%Y-%m-%dT%H:%M}"}


# -- fields ----------------------------------------------------------------------------------------------------------------


def _step(what: Step, where: Mapping[str, Any], said: Step) -> Step:
    return {
        **what,
        **({"where": dict(where)} if where else {}),
        **{name: each for name, each in said.items() if each != {}},
    }


def _fields(
    schema: Any, typed: Mapping[str, str] | None, example: Mapping[str, Any], wrong: Mapping[str, str] | None
) -> Sequence[Field]:
    shown = contract_form.typed(schema, example) if typed is None else typed
    found = contract_form.fields(contract_form.Plain(schema), shown)
    titles = {each.name: translated(each.title) for each in s.describe(schema)}
    return [
        replace(each, title=titles.get(each.name, each.title), error=(wrong or {}).get(each.name)) for each in found
    ]


def _whole(
    title: str, typed: Mapping[str, str] | None, example: Mapping[str, Any], wrong: Mapping[str, str] | None
) -> Field:
    value = json.dumps(example, ensure_ascii=False, indent=2) if typed is None else typed.get(WHOLE, "")
    about = _("JSON；没有内容就写 {}")
    return Field(WHOLE, title, "textarea", about, value=value, error=(wrong or {}).get(WHOLE))


def _read(schema: Any, typed: Mapping[str, str]) -> Any:
    if schema is not None:
        return contract_form.data(contract_form.Plain(schema), typed)
    return json_of(typed.get(WHOLE, ""), WHOLE)


def json_of(text: str, field: str) -> Any:
    """A value that was typed as JSON; nothing is an empty object. Raises :class:`NotTaken`."""
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise NotTaken({field: _('这里要写 JSON，例如 {"number": "7"}')}) from error


def _at_fields(problems: Sequence[s.FieldProblem]) -> Mapping[str, str]:
    return {each.path.partition(".")[0].partition("[")[0] or WHOLE: said(each) for each in problems}


def of_instances(connection: Connection, standing: Standing) -> Mapping[str, Models]:
    """The models of each instance."""
    return {each.id: models(connection, each.definition_id, language()) for each in standing.instances}
