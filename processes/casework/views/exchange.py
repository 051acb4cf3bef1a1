"""What a case has told other systems and people, and what they answered: its jobs and the messages that came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from processes.casework.reference import Reference
from processes.casework.views.head import Head
from processes.casework.views.models import NOWHERE, Models
from processes.casework.views.names import holder_of
from processes.casework.views.timeline import CATCHING, RECEIVING
from processes.store.history import Entry
from processes.store.tables import Job

LONGEST = 400
"""Jobs of one case that are shown, the latest: far beyond what any real case has."""

CHANNEL, NOTICE = "channel.", "notice."
"""What the topics of jobs begin with that go to the channel a problem came over, and to people."""


@dataclass(frozen=True)
class Exchange:
    """A message out (``incoming`` False) or in. ``state`` of one that went out: open, held_up (the system is down), done, failed or cancelled;
    ``attempts``: how often it was tried; ``error``: what went wrong the last time."""

    at: datetime
    name: str
    incoming: bool
    whom: str = ""
    state: str = "done"
    answered_at: datetime | None = None
    attempts: int = 0
    error: str = ""


def exchanges(
    connection: Connection,
    reference: Reference,
    of: Head,
    known: Models,
    entries: Sequence[Entry],
    others: Mapping[str, str],
) -> tuple[Exchange, ...]:
    """All of a case, in their order. ``others``: further instances that spoke for it → what they did."""
    jobs = connection.execute(
        select(Job.__table__)
        .where(Job.instance_id.in_((of.instance_id, *others)))
        .order_by(Job.created_at.desc())
        .limit(LONGEST)
    )
    out = [_out(row, others.get(row.instance_id) or known.name(row.element_id), reference, of) for row in jobs]
    return tuple(sorted([*out, *_came_in(known, entries)], key=lambda each: each.at))


def _out(row: Any, name: str, reference: Reference, of: Head) -> Exchange:
    held_up = row.state == "open" and row.held_up_by is not None
    return Exchange(
        row.created_at,
        name or row.topic,
        False,
        _whom(row, reference, of),
        "held_up" if held_up else row.state,
        row.ended_at,
        row.attempts,
        (row.error or "") if row.state in ("open", "failed") else "",
    )


def _whom(row: Any, reference: Reference, of: Head) -> str:
    if row.topic.startswith(CHANNEL):
        return of.problem.channel
    to = (row.arguments or {}).get("to")
    return holder_of(to, reference) if row.topic.startswith(NOTICE) and to else ""


def _came_in(known: Models, entries: Sequence[Entry]) -> list[Exchange]:
    found = []
    for entry in entries:
        if entry.kind != "Correlate":
            continue
        for element, process, what in entry.steps:
            drawing = known.drawings.get(process, NOWHERE)
            tag, name = drawing.tags.get(element, ""), drawing.names.get(element, "")
            came = (what == "caught" and tag in CATCHING) or (what == "completed" and tag == RECEIVING)
            if came and name:
                found.append(Exchange(entry.at, name, True))
    return found
