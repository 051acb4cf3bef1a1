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

MOST = 20
"""Filters a person; more are no help."""


def of(connection: Connection, person: str) -> Sequence[Row[str, str, bool]]:
    """A person's filters, by name."""
    statement = select(SavedFilter.name, SavedFilter.query, SavedFilter.preferred)
    return connection.execute(statement.where(SavedFilter.person_id == person).order_by(SavedFilter.name)).all()


def query_of(given: Mapping[str, Any]) -> str:
    """What stands in the address, as it is kept."""
    return urlencode(sorted((name, value) for name, value in given.items() if value))


@blueprint.post("/inbox/filters")
def save_filter() -> AnyResponse:
    """Keep what is looked at under a name; one of that name is replaced."""
    name = request.form.get("name", "").strip()[:40]
    query = query_of({key: value[:100] for key, value in parse_qsl(request.form.get("query", "")) if key in FIELDS})
    database, person = services().database, viewer().id
    row = {"person_id": person, "name": name, "query": query[:500], "preferred": "preferred" in request.form}
    with database.write() as connection:
        count = connection.scalar(select(func.count()).select_from(SavedFilter).where(SavedFilter.person_id == person))
        if not name or (count or 0) >= MOST:
            flash(_("没有保存：请写一个名称，最多保存 %(number)s 个。", number=MOST), "error")
            return redirect(f"{url_for('staff.inbox')}?{query}")
        if row["preferred"]:
            connection.execute(update(SavedFilter).where(SavedFilter.person_id == person).values(preferred=False))
        statement = database.insert(SavedFilter).values(row)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[SavedFilter.person_id, SavedFilter.name],
                set_={"query": row["query"], "preferred": row["preferred"]},
            )
        )
    flash(_("已保存“%(name)s”。", name=name))
    return redirect(f"{url_for('staff.inbox')}?{query}")


@blueprint.post("/inbox/filters/drop")
def drop_filter() -> AnyResponse:
    """Forget a filter."""
    own = (SavedFilter.person_id == viewer().id, SavedFilter.name == request.form.get("name", ""))
    with services().database.write() as connection:
        connection.execute(delete(SavedFilter).where(*own))
    flash(_("已删除。"))
    return redirect(url_for("staff.inbox", tab="todo"))
