"""Who may speak of a case: the partner over whose channel it came, or the system that one of its jobs asked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select

from processes.casework import numbers
from processes.messaging.contract import Asked
from processes.messaging.inlet import Correlation, Speaker
from processes.store.tables import Case, Channel, Job, Report


def require(connection: Connection, said: Correlation, speaker: Speaker, awaited: bool) -> None:
    """Raise :class:`NotTaken`, the same whether there is no such case or it is none of the speaker's. ``awaited``: a case waits for the
    message now."""
    number = said.payload["case"]
    case = connection.execute(_CASE, {"number": number}).first()
    if case is None and not numbers.has_form(number):
        return  # no case can have it: it is the key of some process of its owners' own
    if case is None or not _may_speak(connection, speaker, case, awaited):
        raise speaker.unknown()


def _may_speak(connection: Connection, speaker: Speaker, case: Any, awaited: bool) -> bool:
    if speaker.over_channel and case.partner == speaker.partner:
        return True
    return speaker.asked is not None and _was_asked(connection, speaker.asked, speaker.partner, case, awaited)


def _was_asked(connection: Connection, asked: Asked, partner: str, case: Any, awaited: bool) -> bool:
    if partner != asked.partner:
        return False
    states = set(connection.scalars(_STATES, {"instance": case.instance_id, "topic": asked.topic}))
    under_way = states & {"open", "failed"}
    return bool(under_way or ("done" in states and (awaited or not asked.once)))


_CASE = (
    select(Case.instance_id, Channel.partner)
    .join(Report, Report.id == Case.report_id)
    .join(Channel, Channel.code == Report.channel, isouter=True)
    .where(Case.number == bindparam("number"))
)
_STATES = select(Job.state).where(Job.instance_id == bindparam("instance"), Job.topic == bindparam("topic")).distinct()
