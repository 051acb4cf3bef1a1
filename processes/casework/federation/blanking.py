"""Deleting what people said and who they are, wherever a copy of it went: the deployments that have a case's superior or lower one are told."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Connection, or_, select

from processes.casework.erasing import reports
from processes.casework.erasing.needles import Needles
from processes.messaging.between_levels import BLANKED
from processes.messaging.bus import Message
from processes.store import peer_cases, peer_outbox
from processes.store.tables import Case


def blank(
    connection: Connection,
    report_id: str,
    source: str,
    now: datetime,
    told_by: str | None = None,
    known: Needles = reports.NONE,
) -> None:
    """Blank a report here, and have its copies blanked, by the outboxes of the peers, in this transaction.

    ``source`` names this platform; ``told_by``: the peer that has said so, and knows; ``known``: see ``reports.erase``.
    """
    reports.erase(connection, report_id, now, known)
    cases = connection.execute(select(Case.id, Case.parent).where(Case.report_id == report_id)).all()
    links = {each.key: each for case in cases for each in peer_cases.of_case(connection, case.id, case.parent)}
    for link in links.values():
        if link.peer != told_by:
            identity = hashlib.sha256(f"{BLANKED}\0{link.key}\0{link.peer}\0{now.isoformat()}".encode()).hexdigest()
            told = Message(identity, BLANKED, source, now, {}, extensions={"correlationkey": link.key})
            peer_outbox.put(connection, link.peer, told, now)


def report_of(connection: Connection, key: str) -> str | None:
    """The report of a case that a peer and we share, by the lower case's id; None while there is none here."""
    return connection.scalar(select(Case.report_id).where(or_(Case.id == key, Case.parent == key)).limit(1))
