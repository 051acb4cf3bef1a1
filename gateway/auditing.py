"""What people do at pages and programs over the API, as it comes into the audit log: by whom, from where, when.

``note`` is called last in the transaction that does it; ``ask`` comes before what commits by itself; ``refuse`` tells of what was not done.
"""

from __future__ import annotations

from flask import Flask, Response, g, request
from sqlalchemy import Connection

from gateway.context import services
from processes.casework.audit import entries
from processes.casework.audit.log import add, record
from processes.runtime.unit import Before


def observe(app: Flask) -> None:
    """Tell of every page that was not for whoever asked for it."""
    app.after_request(_no_entry)


def note(connection: Connection, act: str, about: str = "", /, **detail: str | int | None) -> None:
    """It has been done, if this transaction commits."""
    record(connection, services().clock.now(), _who(), act, about, **detail)


def before(act: str, about: str, **detail: str | int | None) -> Before:
    """For a command of the engine: noted in its transaction, if it is carried out."""
    by, now = _who(), services().clock.now()

    def noted(connection: Connection, _instance: str) -> None:
        record(connection, now, by, act, about, **detail)

    return noted


def ask(act: str, about: str = "", **detail: str | int | None) -> None:
    """It is about to be done."""
    _alone(_who(), act, about, entries.ASKED, detail)


def refuse(act: str, about: str = "", *, by: str = "", **detail: str | int | None) -> None:
    """It was not done. ``by``: who that was, when nobody is logged in."""
    _alone(by or _who(), act, about, entries.REFUSED, detail)


def _alone(by: str, act: str, about: str, outcome: str, detail: dict[str, str | int | None]) -> None:
    here = services()
    with here.database.write() as connection:
        add(connection, here.clock.now(), by, act, about, outcome, detail)


def _who() -> str:
    """The person who is logged in, else the operator or partner whose token it is."""
    viewer = g.get("viewer")
    if viewer is not None:
        return str(viewer.id)
    return str(g.get("operator") or g.get("partner") or "")


def _no_entry(response: Response) -> Response:
    if response.status_code == 403 and _who():
        if "open" in g:  # what the page would have read in: it reads no more
            g.open.close()
        refuse("access", f"page:{request.endpoint}", method=request.method, path=request.path)
    return response
