"""What alembic runs: on the connection, and in the transaction, of ``processes.store.schema``."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from processes.store import schema
from processes.store.tables import Base, Instant


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration must mean the same when our types have moved on: it names the database's own type."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
    include_name=schema.compared,
)
context.run_migrations()
