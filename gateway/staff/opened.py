"""A task that somebody has opened: its row, its form, and what the form's expressions see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort
from sqlalchemy import Connection, Row, select

from gateway.context import services
from gateway.languages import language
from gateway.staff import forms as faces
from gateway.staff.pages import snapshot, viewer
from processes.casework import access, doors, forms
from processes.casework.uploads import Upload
from processes.casework.views.models import TaskWords, models
from processes.store.tables import UserTask

NO_FORM = forms.Form("", {"type": "object", "properties": {}})

FILES_OF_NO_FIELD = ""
"""The name under which files go with a task whose form asks for none."""


@dataclass(frozen=True)
class Opened:
    """A task that the viewer may do, with its form and the variables that the form's expressions see."""

    task: Row[Any]
    form: forms.Form
    variables: Mapping[str, Any]

    @property
    def takes_files(self) -> bool:
        """Whether files may go along although the form asks for none: they become the case's."""
        return self.task.case_id is not None and not self.form.attachments

    def view(
        self,
        data: Mapping[str, Any],
        errors: Mapping[str, str] | None = None,
        files: Sequence[Upload] = (),
    ) -> faces.View:
        """The form filled in with ``data`` and ``files``."""
        evaluate = forms.evaluator(services().functions(language()), services().clock.now)
        return faces.view(self.form.in_language(language()), data, self.variables, evaluate, errors, files)


def open_task(connection: Connection, task_id: str) -> Opened:
    """An open task, for the viewer to do: else the request ends here (404, 409 when it is done, 403)."""
    row = task_row(connection, task_id)
    if not access.may_do(viewer().authority, snapshot().reference, row):
        abort(403)
    if row.state != "open":
        abort(409)
    return opened(connection, row)


def opened(connection: Connection, row: Row[Any]) -> Opened:
    """A task's row with its form, for the viewer to do: else the request ends here (403)."""
    if not access.may_do(viewer().authority, snapshot().reference, row):
        abort(403)
    form = form_of(connection, row)
    variables = doors.variables_of(services().engine, connection, row) if form.properties else {}
    return Opened(row, form, variables)


def task_row(connection: Connection, task_id: str) -> Row[Any]:
    """The row of ``UserTask``; 404 when there is none."""
    row = connection.execute(select(UserTask.__table__).where(UserTask.id == task_id)).first()
    if row is None:
        abort(404)
    return row


def words_of(row: Row[Any]) -> TaskWords:
    """What the task says, in the language of this request."""
    with services().database.read() as connection:
        return models(connection, row.definition_id, language()).task(row)


def form_of(connection: Connection, row: Row[Any]) -> forms.Form:
    """The task's form; a task without one gets a form without fields."""
    return forms.read(connection, row.definition_id, row.form) if row.form else NO_FORM
