"""Writing the log: an entry commits together with the act that it tells of, or not at all."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from processes.casework.audit import entries
from processes.casework.audit.entries import DONE, Entry
from processes.observing import here
from processes.store.tables import AuditChain, AuditEntry

log = logging.getLogger("bihuan.audit")

THE_ONE = 1
"""The key of the chain's row."""

LONGEST = 500
"""Characters of a detail; what is longer is cut."""


def record(
    connection: Connection, now: datetime, by: str, act: str, about: str = "", /, **detail: str | int | None
) -> None:
    """Add an entry of what is done in this transaction. Call it last: from here to the commit, nobody else adds one.

    The address is that of the request that is being answered. Details that are None are left out.
    """
    add(connection, now, by, act, about, DONE, detail)


def add(
    connection: Connection,
    now: datetime,
    by: str,
    act: str,
    about: str,
    outcome: str,
    detail: Mapping[str, str | int | None],
) -> None:
    """Add an entry of any outcome."""
    chain = _locked(connection)
    place = here.current()
    entry = Entry(
        seq=chain.seq + 1,
        at=now,
        by=_plain(by, 60),
        address=_plain(place.address or "", 64) if place else "",
        act=act,
        about=_plain(about, 120),
        outcome=outcome,
        detail=entries.detail_of({name: _kept(value) for name, value in detail.items() if value is not None}),
        algorithm=chain.algorithm,
        previous=chain.hash,
    )
    entry = replace(entry, hash=entry.digest())
    connection.execute(_ENTRY, asdict(entry))
    connection.execute(_END, {"seq": entry.seq, "hash": entry.hash})
    # Who keeps these lines elsewhere has what `app.py audit verify --known` takes.
    log.info("%s %s %s by %s: %d:%s", entry.act, entry.about, entry.outcome, entry.by, entry.seq, entry.hash)


def use(connection: Connection, algorithm: str, now: datetime, *, by: str) -> None:
    """Take another hash from the next entry on.

    :raises NoSuchHash: when this machine hasn't got it
    """
    entries.check(algorithm)
    _locked(connection)
    connection.execute(update(AuditChain).where(AuditChain.id == THE_ONE).values(algorithm=algorithm))
    record(connection, now, by, "audit.hash", algorithm=algorithm)


def _locked(connection: Connection) -> Any:
    """The chain's row, which is ours until the transaction ends; made by the first entry."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    first = {"id": THE_ONE, "seq": 0, "hash": entries.NOTHING, "algorithm": entries.SHA256}
    row = connection.execute(_CHAIN).first()
    if row is None:
        fresh = dialect.insert(AuditChain).values(**first, sealed=0, sealed_hash=entries.NOTHING)
        connection.execute(fresh.on_conflict_do_nothing())
        row = connection.execute(_CHAIN).one()
    return row


def _kept(value: str | int | None) -> str | int | None:
    return _plain(masked(value), LONGEST) if isinstance(value, str) else value


def masked(text: str) -> str:
    """A text with mobile numbers and e-mail addresses masked: what stands here can't be deleted at anybody's request.

    >>> masked("回电 13812345678 或 wang.ming@example.cn")
    '回电 138****5678 或 w****@example.cn'
    """
    return _EMAIL.sub(r"\1****\2", _MOBILE.sub(r"\1****\2", text))


_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)", re.ASCII)
_EMAIL = re.compile(r"\b([A-Za-z0-9])[A-Za-z0-9._%+-]*(@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


def _plain(text: str, longest: int) -> str:
    """What may have been typed, on one line and in bounds."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:longest])


_CHAIN = select(AuditChain.__table__).where(AuditChain.id == THE_ONE).with_for_update()
_ENTRY = insert(AuditEntry)
_END = update(AuditChain).where(AuditChain.id == THE_ONE)
"""Made once: every page that is refused needs them."""
