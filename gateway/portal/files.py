"""Files that come with a form of the portal: looked at by their bytes, and kept until the form is sent."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from flask import request
from flask_babel import gettext as _

from gateway.context import services
from gateway.languages import said
from gateway.portal.pages import MEGABYTE, rules
from gateway.text import HERE
from processes.casework import uploads
from processes.casework.uploads import Refused, Upload

_FORM = re.compile(r"\d{12}-[0-9a-f]{12}\Z", re.ASCII)


def form_number() -> str:
    """The number of the form that is sent, or of a new one: made with the page, so that sending it twice has its effect once."""
    given = request.form.get("form", "")
    if _FORM.match(given):
        return given
    return f"{services().clock.now().astimezone(HERE):%Y%m%d%H%M}-{secrets.token_hex(6)}"


def kept(form: str, owner: str) -> Sequence[Upload]:
    """The files that wait in a form."""
    with services().database.read() as connection:
        return uploads.of(connection, form, owner)


def take(form: str, owner: str) -> list[str]:
    """Keep the files of a request, take out those that are to go; says why others were not kept."""
    refused: list[str] = []
    received = []
    for file in request.files.getlist("files"):
        if file.filename:
            try:
                received.append(uploads.receive(file.filename, file.stream, rules().file_megabytes * MEGABYTE))  # type: ignore[arg-type]
            except Refused as error:
                refused.append(said(error))
    gone = request.form.getlist("detach")
    if not received and not gone:
        return refused
    with services().database.write() as connection:
        own = uploads.of(connection, form, owner)
        uploads.remove(connection, [each.id for each in own if each.id in gone])
        room = rules().files - len([each for each in own if each.id not in gone])
        for each in received[: max(0, room)]:
            uploads.add(connection, form, owner, "", each, services().clock.now())
    if len(received) > room:
        refused.append(_("最多附 %(most)s 个文件，多出的没有保存。", most=rules().files))
    return refused
