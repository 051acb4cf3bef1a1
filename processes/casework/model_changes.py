"""Drafts on their way into force: another owner is asked for approval, or they wait for their time.

What has been asked for, approved or planned is the draft as it was shown: once it is changed, none of it holds any more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, update

from processes.casework.model_drafts import Draft
from processes.errors import BihuanError
from processes.store.tables import ModelChange, ModelDraft

ASKED, RETURNED, PLANNED, MISSED = "asked", "returned", "planned", "missed"


class NotAhead(BihuanError):
    """The time at which it is to come into force is none, or is over."""

    def __init__(self) -> None:
        super().__init__(
            "没有排定：生效时间要晚于现在，写法如 2026-12-01T08:00。",
            "not planned: the time must lie ahead, and is written as 2026-12-01T08:00",
        )


@dataclass(frozen=True)
class Change:
    """A draft on its way. ``holds``: the draft is still as it was shown; ``at`` None: at once; ``outcome``: by language, why it was missed."""

    id: str
    draft: str
    process: str
    place: str
    person: str
    revision: int
    base: str
    state: str
    remark: str
    reason: str
    at: datetime | None
    asked_at: datetime
    decided_by: str | None
    answer: str
    outcome: dict[str, str] | None
    holds: bool


def of_draft(connection: Connection, draft: Draft) -> Change | None:
    """How far a draft is on its way; None when it is not."""
    return next(iter(_read(connection, ModelChange.draft_id == draft.id)), None)


def one(connection: Connection, change_id: str) -> Change | None:
    """A change by its id."""
    return next(iter(_read(connection, ModelChange.id == change_id)), None)


def asked_of(connection: Connection, person: str, places: Collection[str]) -> Sequence[Change]:
    """What somebody is asked to approve: of these places, and never his or her own."""
    own = (ModelChange.place.in_(list(places)), ModelChange.state == ASKED, ModelChange.person != person)
    return [each for each in _read(connection, *own) if each.holds]


def at(connection: Connection, place: str) -> Sequence[Change]:
    """All of a place."""
    return _read(connection, ModelChange.place == place)


def due(connection: Connection, now: datetime) -> Sequence[Change]:
    """What is to come into force by now, the earliest first."""
    return sorted(
        _read(connection, ModelChange.state == PLANNED, ModelChange.at <= now),
        key=lambda each: (each.at or now, each.id),
    )


def put(
    connection: Connection,
    draft: Draft,
    state: str,
    now: datetime,
    *,
    remark: str = "",
    reason: str = "",
    at: datetime | None = None,
) -> Change:
    """Put a draft on its way as it is now, whatever was said of it before."""
    drop(connection, draft.id)
    row = {
        "id": str(uuid4()),
        "draft_id": draft.id,
        "process_id": draft.process,
        "place": draft.place,
        "person": draft.person,
        "revision": draft.revision,
        "base": draft.base,
        "state": state,
        "remark": remark,
        "reason": reason,
        "at": at,
        "asked_at": now,
        "answer": "",
    }
    connection.execute(insert(ModelChange).values(row))
    found = of_draft(connection, draft)
    assert found is not None, "it has just been written"
    return found


def decide(connection: Connection, change: Change, state: str, by: str, answer: str = "") -> None:
    """Somebody has approved it for its time (``planned``), or sent it back (``returned``)."""
    own = update(ModelChange).where(ModelChange.id == change.id)
    connection.execute(own.values(state=state, decided_by=by, answer=answer))


def miss(connection: Connection, change: Change, why: BihuanError) -> bool:
    """Its time has come, and it did not come into force; whether that is news."""
    own = update(ModelChange).where(ModelChange.id == change.id, ModelChange.state == PLANNED)
    outcome = {"zh": why.zh, "en": why.en}
    return connection.execute(own.values(state=MISSED, outcome=outcome)).rowcount == 1


def take(connection: Connection, change: Change) -> bool:
    """End what is planned, because it is being done in this transaction; False when another process has, or somebody has withdrawn it."""
    own = delete(ModelChange).where(ModelChange.id == change.id, ModelChange.state == PLANNED)
    return connection.execute(own).rowcount == 1


def drop(connection: Connection, draft_id: str) -> None:
    """It is not on its way any more."""
    connection.execute(delete(ModelChange).where(ModelChange.draft_id == draft_id))


def _read(connection: Connection, *conditions: object) -> Sequence[Change]:
    holds = (ModelDraft.revision == ModelChange.revision) & (ModelDraft.base == ModelChange.base)
    statement = (
        select(ModelChange.__table__, holds.label("holds"))
        .join(ModelDraft, ModelDraft.id == ModelChange.draft_id)
        .where(*conditions)  # type: ignore[arg-type]
        .order_by(ModelChange.asked_at, ModelChange.id)
    )
    return [_change(row) for row in connection.execute(statement)]


def _change(row: Any) -> Change:
    values = dict(zip(Change.__dataclass_fields__, row, strict=True))
    return Change(**{**values, "holds": bool(row.holds)})
