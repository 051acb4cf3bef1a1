"""对接运行: who sends what to the platform, and which jobs for other systems wait or fail. By index, and counted to a bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, func, literal_column, select

from processes.casework.reference import Reference
from processes.messaging.contract import ORDER, Contract, Kind
from processes.messaging.contracts import CONTRACTS
from processes.messaging.inlet import INTERNAL
from processes.messaging.jobs import CATALOGUE
from processes.messaging.tally import JOB, MESSAGE
from processes.store import traffic
from processes.store.gauges import MOST
from processes.store.tables import JOB_IS_OPEN, Incident, Job, RefusedMessage
from processes.store.traffic import HOURS, Line

MaySend = Callable[[str, str], bool]
"""(partner, message type) → whether that partner may send it"""


class Rights(Protocol):
    """What partners may do: the inlet knows."""

    def may_send(self, partner: str, type_: str) -> bool:
        """Whether a partner may send messages of a type."""

    def may_answer(self, partner: str) -> bool:
        """Whether a partner may send answers to jobs."""


FAILED = 1_000
"""Open incidents of jobs whose reasons are looked through, the latest first."""


@dataclass(frozen=True)
class Sendable:
    """A message that a partner may send."""

    type: str
    version: str
    title: str


@dataclass(frozen=True)
class LastMessage:
    """The last message of a partner. ``type`` is empty when it was of no type that the platform knows; ``ended``: a :class:`Status`."""

    at: datetime
    type: str
    title: str
    ended: str


@dataclass(frozen=True)
class PartnerLine:
    """A partner. ``hourly``: messages in each of the last 24 hours, the current one last; ``ended``: what became of them, by status."""

    partner: str
    channels: Sequence[str]
    may_send: Sequence[Sendable]
    hourly: Sequence[int]
    ended: Mapping[str, int]
    last: LastMessage | None
    refused: int
    """messages in the quarantine that wait for a person"""


@dataclass(frozen=True)
class TopicLine:
    """A job topic. ``hourly``: answers in each of the last 24 hours; ``reason``: why the last attempt that failed did."""

    topic: str
    title: str
    open: int
    oldest: datetime | None
    """since when the oldest open job could have been taken"""
    retrying: int
    """open jobs that have failed before"""
    failed: int
    """jobs without attempts left: incidents"""
    reason: str
    hourly: Sequence[int]
    last_done: datetime | None
    last_failed: datetime | None


# ---- partners --------------------------------------------------------------------------------------------------------


def partners(
    connection: Connection, reference: Reference, names: Iterable[str], rights: Rights, now: datetime
) -> tuple[PartnerLine, ...]:
    """Every partner: those of the channels, those of ``names`` (who have a token), and whoever sent or was refused anything."""
    seen: dict[str, list[Line]] = {}
    for line in traffic.read(connection, now):
        if line.seen.of == MESSAGE:
            seen.setdefault(line.seen.what, []).append(line)
    refused: dict[str, int] = {row.partner: row.kept for row in connection.execute(_REFUSED)}
    known = [*dict.fromkeys(each.partner for each in reference.channels.values()), *sorted(names)]
    strangers = sorted({*seen, *refused} - {INTERNAL, ""})
    every = dict.fromkeys([*known, *strangers, *([INTERNAL] if INTERNAL in seen else [])])
    return tuple(_partner(reference, each, seen.get(each, ()), refused.get(each, 0), rights) for each in every)


def _partner(reference: Reference, partner: str, lines: Sequence[Line], refused: int, rights: Rights) -> PartnerLine:
    channels = tuple(each.name for each in reference.channels.values() if each.partner == partner)
    ended: dict[str, int] = {}
    for line in lines:
        ended[line.seen.ended] = ended.get(line.seen.ended, 0) + line.total
    return PartnerLine(
        partner,
        channels,
        (*sendable(reference, partner, rights.may_send), *(answers() if rights.may_answer(partner) else ())),
        _hourly(lines),
        ended,
        _last(lines),
        refused,
    )


def sendable(reference: Reference, partner: str, may_send: MaySend) -> tuple[Sendable, ...]:
    """The messages that a partner may send: reports over channels of its own, and of all others that are not internal what it may."""
    found: list[Sendable] = []
    for contract in CONTRACTS.values():
        if partner == INTERNAL or contract.internal or contract.foreign:
            continue
        types = _types(reference, partner, contract)
        found += [Sendable(each, contract.version, contract.title) for each in types if may_send(partner, each)]
    return tuple(found)


def answers() -> Iterable[Sendable]:
    """What a partner sends who does jobs."""
    return (Sendable(each.type, each.version, each.title) for each in CONTRACTS.values() if each.kind is Kind.JOB)


def _types(reference: Reference, partner: str, contract: Contract) -> Iterable[str]:
    if not contract.type.startswith("*"):
        return (contract.type,)
    return (f"{each.code}{ORDER}" for each in reference.channels.values() if each.partner == partner)


def title_of(type_: str) -> str:
    """What a message type is called."""
    named = {each.type: each.title for each in CONTRACTS.values()}
    return named.get(type_) or (named[f"*{ORDER}"] if type_.endswith(ORDER) else "")


def _last(lines: Sequence[Line]) -> LastMessage | None:
    latest = max(lines, key=lambda line: (line.last, line.seen), default=None)
    if latest is None:
        return None
    return LastMessage(latest.last, latest.seen.kind, title_of(latest.seen.kind), latest.seen.ended)


def together(counts: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Counts by hour, added up."""
    return tuple(sum(each) for each in zip([0] * HOURS, *counts, strict=True))


def _hourly(lines: Iterable[Line]) -> tuple[int, ...]:
    return together(line.hourly for line in lines)


_kept = select(RefusedMessage.partner).where(RefusedMessage.state == literal_column("'open'")).limit(MOST).subquery()
_REFUSED = select(_kept.c.partner, func.count().label("kept")).group_by(_kept.c.partner)


# ---- jobs ------------------------------------------------------------------------------------------------------------


def topics(connection: Connection, now: datetime) -> tuple[TopicLine, ...]:
    """Every topic of the catalogue, and those that only diagrams name."""
    waiting = {row.topic: row for row in connection.execute(_OPEN)}
    failed: dict[str, list[str]] = {}
    for topic, detail in connection.execute(_INCIDENTS):
        failed.setdefault(topic, []).append(detail)
    seen: dict[str, list[Line]] = {}
    for line in traffic.read(connection, now):
        if line.seen.of == JOB:
            seen.setdefault(line.seen.what, []).append(line)
    found = []
    for topic in dict.fromkeys([*CATALOGUE, *sorted({*waiting, *failed, *seen} - {""})]):
        row, lines = waiting.get(topic), seen.get(topic, ())
        kind = CATALOGUE.get(topic)
        reasons = failed.get(topic, [])
        retrying = row.retrying if row else 0
        found.append(
            TopicLine(
                topic,
                kind.title if kind else "",
                row.open if row else 0,
                row.oldest if row else None,
                retrying,
                len(reasons),
                (_last_error(connection, topic) if retrying else "") or (reasons[0] if reasons else ""),
                _hourly(lines),
                _when(lines, "completed"),
                _when(lines, "failed", "incident"),
            )
        )
    return tuple(found)


def _when(lines: Iterable[Line], *ended: str) -> datetime | None:
    return max((line.last for line in lines if line.seen.ended in ended), default=None)


def _last_error(connection: Connection, topic: str) -> str:
    latest = select(Job.error).where(JOB_IS_OPEN, Job.topic == topic, Job.error.is_not(None))
    return connection.scalar(latest.order_by(Job.available_at.desc()).limit(1)) or ""


_some = select(Job.topic, Job.available_at, Job.error).where(JOB_IS_OPEN).limit(MOST).subquery()
_OPEN = select(
    _some.c.topic,
    func.count().label("open"),
    func.count(_some.c.error).label("retrying"),
    func.min(_some.c.available_at, type_=Job.available_at.type).label("oldest"),
).group_by(_some.c.topic)
_INCIDENTS = (
    select(Job.topic, Incident.detail)
    .join(Job, Job.id == Incident.task_id)
    .where(Incident.resolved_at.is_(None))
    .order_by(Incident.created_at.desc())
    .limit(FAILED)
)
