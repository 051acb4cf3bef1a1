"""Requests of data subjects: somebody asks for it, somebody else decides. Both stand in the audit log, with the reason, and nothing of whom it
is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from processes.casework.audit.entries import REFUSED as LOG_REFUSED
from processes.casework.audit.log import add, record
from processes.casework.subjects import finding
from processes.casework.subjects.identity import Identity
from processes.errors import BihuanError
from processes.store.tables import SubjectRequest

EXPORT, DELETE = "export", "delete"
KINDS = (EXPORT, DELETE)

ASKED, REFUSED, APPROVED, DONE, STOPPED = STATES = ("asked", "refused", "approved", "done", "stopped")

AVAILABLE = timedelta(days=7)
"""For so long after it was approved a copy may be fetched."""

LISTED = 50
LONGEST = 500
"""signs of a reason"""


class RequestRefused(BihuanError):
    """It can't be asked for, or decided, like this."""


class NothingChosen(RequestRefused):
    """Of what was found, nothing is meant."""

    def __init__(self) -> None:
        super().__init__("请至少勾选一件", "choose one at least")


class NotHeld(RequestRefused):
    """What is meant is not among what was found."""

    def __init__(self) -> None:
        super().__init__(
            "有的来件不是这个人的，或者不归本地办理，请重新查找",
            "some are not this person's, or not of here: look again",
        )


class BadReason(RequestRefused):
    """There is no reason, or one that will not do."""


class Tells(BadReason):
    """A reason says whom it is about."""

    def __init__(self) -> None:
        super().__init__(
            "依据和意见里不要写姓名、电话、邮箱或企业名称：它会留在不能删改的审计日志里",
            "no names, numbers or addresses in a reason: it stays in a log that nobody can change",
        )


@dataclass(frozen=True)
class Request:
    """See ``tables.SubjectRequest``."""

    id: str
    kind: str
    place: str
    subject: Mapping[str, str]
    reports: Sequence[str]
    reason: str
    asked_by: str
    asked_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    decision: str
    done: int
    total: int
    remains: Mapping[str, Any]
    ended_at: datetime | None

    @property
    def who(self) -> Identity:
        """Whom it is about, while it has not ended."""
        return Identity(**{name: str(self.subject.get(name, "")) for name in ("phone", "name", "uscc", "email")})

    @property
    def about(self) -> str:
        """As the audit log calls it."""
        return f"request:{self.id}"


def ask(
    connection: Connection,
    kind: str,
    who: Identity,
    reports: Sequence[str],
    reason: str,
    place: str,
    now: datetime,
    *,
    by: str,
) -> str:
    """Ask for it; returns the request's id. What must not be deleted yet is refused now, not when somebody has approved it.

    :raises RequestRefused: when there is no reason, or it says whom it is about; when the same is asked for already
    :raises finding.Unfinished, finding.OfPeer: when it may not be deleted
    """
    reason = reason.strip()[:LONGEST]
    if not reason:
        raise BadReason("请写明申请的依据，例如“本人持身份证到窗口申请”", "say what the request rests on")
    if finding.all_needles(connection, who, reports).are_in(reason):
        raise Tells
    if kind == DELETE:
        finding.check_may_go(finding.of_reports(connection, reports))
    waiting = (SubjectRequest.kind == kind, SubjectRequest.state.in_((ASKED, APPROVED)))
    if who.to_json() in connection.scalars(select(SubjectRequest.subject).where(*waiting)).all():
        raise RequestRefused("同样的申请正在办理，请到“办理情况”里查看", "the same has been asked for already")
    identity = str(uuid4())
    row = {
        "id": identity,
        "kind": kind,
        "place": place,
        "subject": who.to_json(),
        "reports": list(reports),
        "reason": reason,
        "asked_by": by,
        "asked_at": now,
        "state": ASKED,
        "decision": "",
        "done": 0,
        "total": 0,
        "remains": {},
    }
    connection.execute(insert(SubjectRequest), row)
    record(connection, now, by, f"subject.ask_{kind}", f"request:{identity}", reason=reason, reports=len(reports))
    return identity


def decide(connection: Connection, found: Request, approved: bool, words: str, now: datetime, *, by: str) -> None:
    """Let it be done, or not.

    :raises RequestRefused: when it is the decider's own, was decided before, or no reason is given
    """
    words = words.strip()[:LONGEST]
    if by == found.asked_by:
        raise RequestRefused(
            "申请人不能审批自己的申请，请由另一位安全管理员审批", "nobody decides what he has asked for"
        )
    if not words:
        raise BadReason("请写明理由：它会留在审计日志里", "say why: it stays in the audit log")
    if finding.all_needles(connection, found.who, found.reports).are_in(words):
        raise Tells
    open_one = (SubjectRequest.id == found.id, SubjectRequest.state == ASKED)
    values: dict[str, Any] = {"state": APPROVED if approved else REFUSED, "decided_by": by, "decided_at": now}
    values |= {"decision": words}
    if not approved:
        values |= {"subject": {}, "reports": [], "ended_at": now}
    if connection.execute(update(SubjectRequest).where(*open_one).values(values)).rowcount != 1:
        raise RequestRefused("这一件刚刚已经审批过", "it has been decided already")
    act = f"subject.{'approve' if approved else 'turn_down'}"
    record(connection, now, by, act, found.about, kind=found.kind, reason=words)


def end(connection: Connection, found: Request, state: str, remains: Mapping[str, Any], now: datetime) -> None:
    """It is over: nothing in it tells any more whom it was about."""
    own = update(SubjectRequest).where(SubjectRequest.id == found.id, SubjectRequest.ended_at.is_(None))
    values = {"state": state, "subject": {}, "reports": [], "remains": dict(remains), "ended_at": now}
    if connection.execute(own.values(**values, leased_until=None)).rowcount and found.kind == DELETE:
        outcome: dict[str, str | int | None] = {"kind": found.kind, "reports": len(found.reports)}
        if state == DONE:
            record(connection, now, found.asked_by, "subject.deleted", found.about, **outcome)
        else:
            add(connection, now, found.asked_by, "subject.deleted", found.about, LOG_REFUSED, outcome)


def expire(connection: Connection, now: datetime) -> None:
    """Copies that may not be fetched any more."""
    over = (SubjectRequest.kind == EXPORT, SubjectRequest.state == APPROVED, SubjectRequest.ended_at.is_(None))
    for row in connection.execute(select(SubjectRequest.__table__).where(*over)).all():
        if row.decided_at + AVAILABLE <= now:
            end(connection, of_row(row), DONE, {}, now)


def get(connection: Connection, request_id: str, places: Collection[str]) -> Request | None:
    """A request of these places."""
    own = (SubjectRequest.id == request_id, SubjectRequest.place.in_(places))
    row = connection.execute(select(SubjectRequest.__table__).where(*own)).first()
    return None if row is None else of_row(row)


def one(connection: Connection, request_id: str) -> Request:
    """A request that there is."""
    return of_row(connection.execute(select(SubjectRequest.__table__).where(SubjectRequest.id == request_id)).one())


def listed(connection: Connection, places: Collection[str], *, by: str | None = None) -> Sequence[Request]:
    """The newest requests of these places; ``by``: those that somebody has asked for."""
    found = select(SubjectRequest.__table__).where(SubjectRequest.place.in_(places))
    if by is not None:
        found = found.where(SubjectRequest.asked_by == by)
    rows = connection.execute(found.order_by(SubjectRequest.asked_at.desc()).limit(LISTED))
    return [of_row(row) for row in rows]


def of_row(row: Any) -> Request:
    """From a row of the table."""
    return Request(**{name: value for name, value in row._mapping.items() if name != "leased_until"})
