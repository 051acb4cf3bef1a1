"""Files in a task's form, for programs: each is sent as the body of a request of its own."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_babel import lazy_gettext as _l

from gateway.context import services
from gateway.problems import Unfit
from gateway.rest.blueprint import BINARY, operation, raw_body
from gateway.rest.shapes import FileShape, Shape, many, said, string
from gateway.rest.tags import TASKS
from gateway.staff import uploads
from gateway.staff.opened import open_task
from gateway.staff.pages import viewer
from gateway.web import to_be_saved
from processes.casework import uploads as kept

LONGEST_NAME = 200


class UploadShape(FileShape):
    """A file that waits in a form."""

    field = string(_l("放在表单的哪一项；空：随任务"))


class Uploads(Shape):
    """Files."""

    files = many(UploadShape)


class Putting(Shape):
    """What the file is called, and for what it is."""

    name = said(_l("文件名"), most=LONGEST_NAME, least=1, required=True)
    field = said(_l("表单里要文件的那一项；不填：随任务"), most=120)


@operation("GET", "/tasks/<task_id>/files", tag=TASKS, summary=_l("表单里的文件"), answer=Uploads, also=(409,))
def files(task_id: str) -> Any:
    """One's own files in the form."""
    with services().database.read() as connection:
        open_task(connection, task_id)
        return {"files": uploads.waiting(connection, task_id)}


@operation(
    "POST",
    "/tasks/<task_id>/files",
    tag=TASKS,
    summary=_l("放进一个文件"),
    description=_l("文件本身是请求的正文。类型看内容，不看名称。"),
    query=Putting,
    takes_file=True,
    answer=UploadShape,
    status=201,
)
def add_file(given: Mapping[str, Any], task_id: str) -> Any:
    """Keep a file with the form."""
    with services().database.read() as connection:
        here = open_task(connection, task_id)
    if given["field"] not in uploads.fields_of(here):
        raise Unfit.at("query.field", _l("表单里没有这个要文件的项"))
    return uploads.put_in(here, given["field"], given["name"], io.BytesIO(raw_body()))


@operation("GET", "/tasks/<task_id>/files/<file_id>", tag=TASKS, summary=_l("取回文件"), media_type=BINARY)
def file(task_id: str, file_id: str) -> Any:
    """One's own file again."""
    with services().database.read() as connection:
        found = uploads.own(kept.of(connection, task_id, viewer().id), file_id)
        return to_be_saved(b"".join(kept.read(connection, found)), found.name)


@operation("DELETE", "/tasks/<task_id>/files/<file_id>", tag=TASKS, summary=_l("拿掉文件"), status=204)
def drop_file(task_id: str, file_id: str) -> Any:
    """Take one's own file out of the form again."""
    uploads.take_out(task_id, file_id)
    return Response(status=204)
