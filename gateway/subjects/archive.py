"""The copy that a person gets: one ZIP with a page to read, the same as JSON, and the files."""

from __future__ import annotations

import json
import zipfile
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask import render_template
from sqlalchemy import Connection

from processes.casework.subjects import record

IN_MEMORY = 4 * 1024 * 1024
"""bytes of a copy; a larger one goes through a temporary file"""


def write(connection: Connection, found: dict[str, Any]) -> IO[bytes]:
    """The archive, at its beginning."""
    out: Any = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", render_template("subjects/archive.html", found=found))
        archive.writestr("data.json", json.dumps(found, ensure_ascii=False, indent=1))
        for report in found["reports"]:
            for file in report["files"]:
                archive.writestr(f"{report['number']}/{file['path']}", record.content(connection, file))
    out.seek(0)
    copy: IO[bytes] = out
    return copy
