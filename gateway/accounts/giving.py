"""What the system administrator does with duties: within reach alone, and never with the own ones (403 and 404 else)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields
from typing import Any

from flask import Response, abort
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection

from gateway import auditing
from gateway.accounts.reach import is_at_top, reached
from gateway.context import services
from gateway.problems import both
from gateway.staff.pages import snapshot, viewer
from gateway.staff.viewer import places_for
from gateway.text import in_a_cell
from processes.casework import edits, records
from processes.casework.edits import EditRefused

PAGE = "duties"

FILES = ("people", "duties", "substitutes")
"""Files of the reference data that pages edit."""


def enrol(person: records.Person, duty: records.Duty) -> None:
    """Make an account. Nobody gets in by it before the security administrator has handed out a password.

    :raises EditRefused: when it is not accepted
    """
    _require_place(duty)
    with _edit("account.enrol", duty, name=person.name) as connection:
        edits.enrol(connection, person, duty, by=viewer().id)


def give(duty: records.Duty) -> None:
    """Give somebody a duty.

    :raises EditRefused: when it is not accepted
    """
    reached(PAGE, duty.person)
    _require_place(duty)
    with _edit("duty.add", duty) as connection:
        edits.add(connection, duty, by=viewer().id)


def end(duty: records.Duty) -> None:
    """Take a duty from somebody; 404 when it is none of his or hers."""
    reached(PAGE, duty.person)
    if duty not in snapshot().reference.duties_of(duty.person):
        abort(404)
    with _edit("duty.end", duty) as connection:
        edits.end(connection, duty, by=viewer().id)


def places() -> Sequence[str]:
    """Where the viewer gives duties."""
    reference = snapshot().reference
    own = places_for(PAGE, viewer().authority)
    return tuple(dict.fromkeys(under for place in own for under in reference.under(place)))


def organisations() -> Sequence[records.Organisation]:
    """Those of these places that are not dissolved."""
    there = set(places())
    listed = snapshot().reference.organisations.values()
    return [each for each in listed if each.successor is None and each.place in there]


def file(name: str) -> Response:
    """The data as the folder's file says it: what ``load`` takes again. The whole platform's, so for those at the top."""
    reference = services().snapshots.now().reference
    if not is_at_top(reference, PAGE):
        abort(403)
    kinds: dict[str, tuple[type[records.Person | records.Duty | records.Substitute], Iterable[object]]] = {
        "people": (records.Person, reference.people.values()),
        "duties": (records.Duty, reference.duties),
        "substitutes": (records.Substitute, reference.substitutes),
    }
    if name not in FILES:
        abort(404)
    kind, rows = kinds[name]
    body = io.StringIO()
    lines = csv.writer(body, lineterminator="\n")
    lines.writerow([each.name for each in fields(kind)])
    lines.writerows([_cell(value) for value in astuple(row)] for row in rows)  # type: ignore[call-overload]
    answer = Response(body.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename={name}.csv"
    return answer


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else in_a_cell(value)


def _require_place(duty: records.Duty) -> None:
    if duty.place not in places():
        raise EditRefused(*both(_l("请选择地区，只能是本地或下级。")), "place")


@contextmanager
def _edit(act: str, duty: records.Duty, **more: str) -> Iterator[Connection]:
    """A transaction for an edit, with its entry: of what was done, or of what was refused."""
    about = f"person:{duty.person[:60]}"
    detail: dict[str, Any] = {**more, "role": duty.role, "place": duty.place, "organisation": duty.organisation}
    try:
        with services().database.write() as connection:
            yield connection
            auditing.note(connection, act, about, **detail)
    except EditRefused:
        auditing.refuse(act, about, **detail)
        raise
