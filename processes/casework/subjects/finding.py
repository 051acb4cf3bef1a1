"""What is held about a person, and where."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from processes.casework.erasing.needles import Needles
from processes.casework.erasing.reports import needles_of
from processes.casework.subjects.identity import Identity
from processes.errors import BihuanError
from processes.store import peer_cases
from processes.store.peer_cases import DOWN
from processes.store.tables import Address, Case, Instance, Person, PersonalData, PortalReport, Report

MOST = 500
"""Reports of one person that are listed."""


@dataclass(frozen=True)
class Held:
    """A report of the person's. ``unfinished``: the numbers of its cases that are not closed; ``of_peer``: the deployment that has submitted it
    to us; ``copies``: those that have a copy from us."""

    report_id: str
    number: str
    place: str
    channel: str
    received_at: datetime
    enterprise: str
    contact: str
    phone: str
    email: str
    address: str
    uscc: str
    unfinished: tuple[str, ...]
    of_peer: str
    copies: tuple[str, ...]


class Unfinished(BihuanError):
    """Of what is not closed, nothing is deleted."""

    def __init__(self, numbers: Sequence[str]) -> None:
        listed = "、".join(numbers[:5])
        super().__init__(
            f"{listed} 还没有办结，不能删除：请先办结，或由本人撤回后再申请",
            f"not closed yet, so nothing is deleted: {', '.join(numbers[:5])}; close it, or have it withdrawn first",
        )


class OfPeer(BihuanError):
    """The report is another deployment's: its copy here goes when it is deleted there."""

    def __init__(self, number: str, peer: str) -> None:
        super().__init__(
            f"{number} 由平台 {peer} 提交：请向该平台申请，那里删除后，这里的副本随之删除",
            f"{number} was submitted by {peer}: ask there, and the copy here goes with it",
        )


def held(connection: Connection, who: Identity) -> list[Held]:
    """The reports of a person, the newest first."""
    ids = [*connection.scalars(select(PersonalData.report_id).where(_is(who)).limit(MOST))]
    if who.phone:
        verified = select(PortalReport.report_id).where(PortalReport.phone == who.phone)
        ids += connection.scalars(verified.limit(MOST))
    return of_reports(connection, list(dict.fromkeys(ids)))


def of_reports(connection: Connection, ids: Collection[str]) -> list[Held]:
    """What is held of these reports, the newest first. What has been deleted is no person's any more, and not among them."""
    rows = connection.execute(
        select(Report.received_at, Report.channel, Case.number, Case.place, *PersonalData.__table__.c)
        .join(Report, Report.id == PersonalData.report_id)
        .join(Case, Case.report_id == Report.id)
        .where(PersonalData.report_id.in_(ids))
        .order_by(Report.received_at.desc(), Case.opened_at)
    ).all()
    first: dict[str, Any] = {}
    for row in rows:
        first.setdefault(row.report_id, row)
    return [_held(connection, row) for row in first.values()]


def check_may_go(found: Sequence[Held]) -> None:
    """Whether these reports may be deleted.

    :raises Unfinished: when something is not closed
    :raises OfPeer: when one is another deployment's
    """
    unfinished = [number for each in found for number in each.unfinished]
    if unfinished:
        raise Unfinished(unfinished)
    for each in found:
        if each.of_peer:
            raise OfPeer(each.number, each.of_peer)


def all_needles(connection: Connection, who: Identity, reports: Collection[str]) -> Needles:
    """What the person is known by: what was said, and what the reports say besides."""
    found = who.needles()
    for each in reports:
        found = found.joined(needles_of(connection, each))
    return found


def staff(connection: Connection, who: Identity) -> Sequence[Any]:
    """Members of staff who are reached there: ``id``, ``name``, ``active``."""
    reached = select(Address.person).where(Address.address.in_([each for each in (who.phone, who.email) if each]))
    return connection.execute(select(Person.id, Person.name, Person.active).where(Person.id.in_(reached))).all()


def _is(who: Identity) -> ColumnElement[bool]:
    ways: list[ColumnElement[bool]] = []
    if who.phone:
        ways.append(PersonalData.phone == who.phone)
    if who.email:
        ways.append(PersonalData.email == who.email)
    if who.name:
        ways.append(and_(PersonalData.contact == who.name, PersonalData.uscc == who.uscc))
    return or_(*ways)


def _held(connection: Connection, row: Any) -> Held:
    cases = connection.execute(
        select(Case.id, Case.number, Case.parent, Case.closed_at, Instance.ended_at)
        .join(Instance, Instance.id == Case.instance_id, isouter=True)
        .where(Case.report_id == row.report_id)
    ).all()
    links = [link for case in cases for link in peer_cases.of_case(connection, case.id, case.parent)]
    return Held(
        row.report_id,
        row.number,
        row.place,
        row.channel,
        row.received_at,
        row.enterprise,
        row.contact,
        row.phone,
        row.email,
        row.address,
        row.uscc,
        tuple(case.number for case in cases if case.closed_at is None or case.ended_at is None),
        next((link.peer for link in links if link.direction == DOWN), ""),
        tuple(link.peer for link in links if link.direction != DOWN),
    )
