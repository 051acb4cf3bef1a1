"""How a person likes to look at the inbox: filters kept under names, one of which it may open with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, Row, delete, func, select, update
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.staff.pages import blueprint, viewer
from processes.store.tables import SavedFilter

FIELDS = ("tab", "q", "light", "stage", "board", "urgent", "reminded", "order")
"""What stands in the inbox's address, and is saved."""

LONGEST_NAME, LONGEST = 40, 500

MOST = 20
"""Filters a person; more are no help."""


def of(connection: Connection, person: str) -> Sequence[Row[str, str, bool]]:
    """A person's filters, by name."""
    statement = select(SavedFilter.name, SavedFilter.query, SavedFilter.preferred)
    return connection.execute(statement.where(SavedFilter.person_id == person).order_by(SavedFilter.name)).all()


def query_of(given: Mapping[str, Any]) -> str:
    """What stands in the address, as it is kept."""
    return urlencode(sorted((name, value) for name, value in given.items() if value))


def keep(name: str, query: str, preferred: bool) -> bool:
    """Keep what the viewer looks at under a name; one of that name is replaced. False: there are ``MOST`` others."""
    database, person = services().database, viewer().id
    row = {"person_id": person, "name": name, "query": query, "preferred": preferred}
    others = select(func.count()).where(SavedFilter.person_id == person, SavedFilter.name != name)
    with database.write() as connection:
        if (connection.scalar(others) or 0) >= MOST:
            return False
        if preferred:
            connection.execute(update(SavedFilter).where(SavedFilter.person_id == person).values(preferred=False))
        connection.execute(
            database.insert(SavedFilter)
            .values(row)
            .on_conflict_do_update(
                index_elements=[SavedFilter.person_id, SavedFilter.name], set_={"query": query, "preferred": preferred}
            )
        )
    return True


def forget(name: str) -> bool:
    """Forget a filter of the viewer's; False: there was none of that name."""
    own = (SavedFilter.person_id == viewer().id, SavedFilter.name == name)
    with services().database.write() as connection:
        return connection.execute(delete(SavedFilter).where(*own)).rowcount > 0


@blueprint.post("/inbox/filters")
def save_filter() -> AnyResponse:
    """Keep what is looked at under a name."""
    name = request.form.get("name", "").strip()[:LONGEST_NAME]
    query = query_of({key: value[:100] for key, value in parse_qsl(request.form.get("query", "")) if key in FIELDS})
    if name and keep(name, query[:LONGEST], "preferred" in request.form):
        flash(_("已保存“%(name)s”。", name=name))
    else:
        flash(_("没有保存：请写一个名称，最多保存 %(number)s 个。", number=MOST), "error")
    return redirect(f"{url_for('staff.inbox')}?{query}")


@blueprint.post("/inbox/filters/drop")
def drop_filter() -> AnyResponse:
    """Forget a filter."""
    forget(request.form.get("name", ""))
    flash(_("已删除。"))
    return redirect(url_for("staff.inbox", tab="todo"))
