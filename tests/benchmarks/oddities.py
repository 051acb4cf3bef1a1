"""What operators, auditors and enterprises look for among many cases: incidents, what was suspended or cancelled, the audit log, the heat map's
counts, problems of the portal. Of what is rare there is as much among a million cases as among a thousand: so it is the rarer the more there are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Connection, and_, exists, insert, select, update

from processes.casework.audit import entries
from processes.casework.audit.entries import DONE, SHA256, Entry
from processes.casework.audit.log import THE_ONE
from processes.store.tables import (
    TASK_IS_OPEN,
    AuditChain,
    AuditEntry,
    Case,
    Definition,
    ElementHeat,
    Incident,
    InForce,
    Instance,
    PortalReport,
    Report,
    UserTask,
)
from tests.integration.gateway.world import World

RARE = 40
"""Instances that were suspended, and cancelled."""

BY = ("wx.wu", "wx.chen", "hz.zhou", "zj.sun", "zj.yun", "nx.wu", "dq.wu", "zj.su")
"""Who acts in the audit log."""

SELDOM = "bulk.cancel"
"""An act of which there are few."""

CODE = "8CRPMM6V"
"""Every problem of the portal is followed by it."""

DAYS = 3 * 365

_ACTS = ("login",) * 70 + ("logout",) * 20 + ("personal.unmask",) * 9 + ("account.lock",)
_REASONS = (
    ("job-failed", "sign", "外部系统 boards 没有答复：连接被拒绝"),
    ("job-failed", "handle", "外部系统 hotline 答复 503：系统维护中，请稍后再试"),
    ("step-failed", "handle", "表达式 limits.handle_days 没有值：判定表 deadlines 没有命中任何一行"),
    ("business-error", "sign", "没有这个收件人：通知平台不认识"),
    ("ambiguous-message", "handle", "两个流程都在等这条消息"),
)
_SAME = 60
"""Signs with which a reason begins as others of its cause do."""
_CHUNK = 5_000


def add(world: World, cases: int) -> None:
    """Among so many cases."""
    chance = random.Random(11)
    with world.services.database.write() as connection:
        _states(connection)
        _incidents(connection, world.clock.now(), max(600, cases // 100), chance)
        _audit(connection, world.clock.now(), max(5_000, cases // 10), chance)
        _heat(connection, world.clock.now().date(), chance)
        _portal(connection, max(200, cases // 20), chance)


def _states(connection: Connection) -> None:
    """All at the oldest cases: furthest from where a search begins."""
    ended = select(Instance.id).where(Instance.status == "completed").order_by(Instance.id).limit(RARE)
    connection.execute(update(Instance).where(Instance.id.in_(ended.scalar_subquery())).values(status="cancelled"))
    active = select(Instance.id).where(Instance.status == "active").order_by(Instance.id).limit(RARE)
    connection.execute(update(Instance).where(Instance.id.in_(active.scalar_subquery())).values(status="suspended"))


def _incidents(connection: Connection, now: datetime, count: int, chance: random.Random) -> None:
    """So many that are open, and twice as many that have been resolved."""
    busy = select(UserTask.instance_id).where(TASK_IS_OPEN).limit(count)
    instances = list(connection.scalars(busy))
    rows = []
    for number in range(3 * count):
        kind, element, reason = chance.choice(_REASONS)
        at = now - timedelta(seconds=chance.randrange(90 * 86_400))
        rows.append(
            {
                "id": f"incident-{number}",
                "instance_id": chance.choice(instances),
                "element_id": element,
                "kind": kind,
                "detail": f"{reason.ljust(_SAME, '。')}（第 {number} 次）",
                "command": {},
                "created_at": at,
                "resolved_at": None if number < count else at + timedelta(hours=1),
            }
        )
    _insert(connection, Incident, iter(rows))


def _audit(connection: Connection, now: datetime, count: int, chance: random.Random) -> None:
    """A chain that holds, of half a year."""
    last = Entry(0, now, "", "", "", "", DONE, "", SHA256, entries.NOTHING, entries.NOTHING)

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal last
        for number in range(1, count + 1):
            by = chance.choice(BY)
            entry = Entry(
                seq=number,
                at=now - timedelta(days=183) * (1 - number / count),
                by=by,
                address="10.1.2.3",
                act=SELDOM if number % (count // RARE) == 1 and number < count // 2 else chance.choice(_ACTS),
                about=f"person:{by}",
                outcome=DONE,
                detail="",
                algorithm=SHA256,
                previous=last.hash,
            )
            last = replace(entry, hash=entry.digest())
            yield asdict(last)

    _insert(connection, AuditEntry, rows())
    chain = {"id": THE_ONE, "seq": count, "hash": last.hash, "algorithm": SHA256}
    connection.execute(insert(AuditChain).values(**chain, sealed=0, sealed_hash=entries.NOTHING))


def _heat(connection: Connection, today: date, chance: random.Random) -> None:
    """Counts of every day, of as many elements as the shipped process has where people or systems work."""
    definition = connection.scalar(
        select(Definition.id)
        .join(InForce, InForce.definition_id == Definition.id)
        .where(Definition.process_id == "problem")
    )
    elements = [("board_work" if at % 2 else "problem", f"element-{at}") for at in range(28)]
    elements += [("board_work", "sign"), ("board_work", "handle")]

    def rows() -> Iterator[dict[str, Any]]:
        for day in range(DAYS):
            for process, element in elements:
                yield {
                    "definition_id": definition,
                    "day": today - timedelta(days=day),
                    "process_id": process,
                    "element_id": element,
                    "times": chance.randrange(1, 900),
                    "seconds": chance.uniform(10, 1e7),
                    "failures": 0,
                    "spread": {str(chance.randrange(40)): chance.randrange(1, 200) for _ in range(12)},
                }

    _insert(connection, ElementHeat, rows())


def _portal(connection: Connection, count: int, chance: random.Random) -> None:
    """Three problems of each number, all followed by one code."""
    hashed = PasswordHasher().hash(CODE)
    unknown = and_(~exists().where(PortalReport.report_id == Report.id), Case.parent.is_(None))
    found = select(Report.id, Report.received_at).join(Case, Case.report_id == Report.id).where(unknown).limit(count)
    rows = list(connection.execute(found))
    chance.shuffle(rows)
    _insert(
        connection,
        PortalReport,
        (
            {"report_id": row.id, "phone": f"138{at // 3:08d}", "code": hashed, "at": row.received_at}
            for at, row in enumerate(rows)
        ),
    )


def _insert(connection: Connection, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == _CHUNK:
            connection.execute(insert(table), some)
            some.clear()
    if some:
        connection.execute(insert(table), some)
