"""Files put into a task's form: each on its own as it is chosen (scripts show how far it is), or with the form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from flask import Response, abort, flash, jsonify, request, url_for
from werkzeug.datastructures import FileStorage

from gateway.context import services
from gateway.languages import said
from gateway.staff.opened import FILES_OF_NO_FIELD, Opened, open_task
from gateway.staff.pages import blueprint, viewer
from gateway.web import to_be_saved
from processes.casework import uploads
from processes.casework.uploads import Received, Refused, Upload

FILE = "file:"
"""What the names of file controls begin with; the field's name follows."""


@dataclass
class Taken:
    """What became of the files of a request: those kept, and why others were not."""

    kept: list[Upload] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@blueprint.post("/tasks/<task_id>/uploads")
def upload(task_id: str) -> Response:
    """Keep the files of a request; answers what became of each."""
    with services().database.read() as connection:
        opened = open_task(connection, task_id)
    taken = take(opened)
    kept = [{"id": each.id, "name": each.name, "size": each.size, "href": _href(each)} for each in taken.kept]
    return jsonify({"kept": kept, "refused": taken.refused})


@blueprint.get("/tasks/<task_id>/uploads/<upload_id>")
def uploaded(task_id: str, upload_id: str) -> Response:
    """One's own file, to be looked at again: saved, never shown, for nobody knows what is in it."""
    with services().database.read() as connection:
        found = own(uploads.of(connection, task_id, viewer().id), upload_id)
        body = b"".join(uploads.read(connection, found))
    return to_be_saved(body, found.name)


@blueprint.post("/tasks/<task_id>/uploads/<upload_id>/delete")
def delete_upload(task_id: str, upload_id: str) -> Response:
    """Take one's own file out of the form again."""
    take_out(task_id, upload_id)
    return jsonify({})


def take_out(task_id: str, upload_id: str) -> None:
    """Delete one's own file, unless it has been sent."""
    with services().database.write() as connection:
        found = own(uploads.of(connection, task_id, viewer().id), upload_id)
        uploads.remove(connection, [found.id])


def take(opened: Opened) -> Taken:
    """Keep the files that came with a request for a task's form."""
    taken = Taken()
    received = list(_received(opened, taken))
    if received:
        now = services().clock.now()
        with services().database.write() as connection:
            for name, file in received:
                try:
                    taken.kept.append(uploads.add(connection, opened.task.id, viewer().id, name, file, now))
                except Refused as error:
                    taken.refused.append(said(error))
    return taken


def put_in(opened: Opened, name: str, file: str, stream: BinaryIO) -> Upload:
    """Keep one file, called ``file``, for the field ``name`` of a task's form (one of :func:`fields_of`). Raises :class:`Refused`."""
    received = uploads.receive(file, stream, services().settings.largest_upload)
    with services().database.write() as connection:
        return uploads.add(connection, opened.task.id, viewer().id, name, received, services().clock.now())


def fields_of(opened: Opened) -> set[str]:
    """The fields of a task's form that take files, and the one that there is without any."""
    return {*opened.form.attachments, FILES_OF_NO_FIELD}


def tell(taken: Taken) -> None:
    """Say on the next page which files were not kept, and why."""
    for each in taken.refused:
        flash(each, "error")


def waiting(connection: Any, task_id: str) -> Sequence[Upload]:
    """The viewer's files in a task's form."""
    return uploads.of(connection, task_id, viewer().id)


def _received(opened: Opened, taken: Taken) -> Iterable[tuple[str, Received]]:
    for control, file in request.files.items(multi=True):
        name = control.removeprefix(FILE)
        if not control.startswith(FILE) or name not in fields_of(opened):
            abort(400)
        if file.filename:
            try:
                yield name, uploads.receive(file.filename, _stream(file), services().settings.largest_upload)
            except Refused as error:
                taken.refused.append(said(error))


def _stream(file: FileStorage) -> Any:
    return file.stream


def own(kept: Iterable[Upload], upload_id: str) -> Upload:
    """One of them; 404 for any other."""
    found = next((each for each in kept if each.id == upload_id), None)
    if found is None:
        abort(404)
    return found


def _href(each: Upload) -> str:
    return url_for("staff.uploaded", task_id=each.task_id, upload_id=each.id)
