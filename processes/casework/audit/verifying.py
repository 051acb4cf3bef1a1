"""Walking the chain: whether it is whole, and where it first is not. In constant memory, however long it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, select

from processes.casework.audit.entries import ALGORITHMS, NOTHING, Entry
from processes.casework.audit.log import THE_ONE
from processes.errors import BihuanError
from processes.store.tables import AuditChain, AuditEntry

SEALED = "audit.sealed"
"""The act of an entry that tells which ones have gone into a file."""

_AT_ONCE = 1000
"""Rows that are fetched together."""


@dataclass(frozen=True)
class Mark:
    """A place in the chain: an entry's number and hash. It stands for all entries up to it."""

    seq: int = 0
    hash: str = NOTHING

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Mark:
        """Of ``NUMBER:HASH``.

        :raises BihuanError: when it is not that
        """
        seq, colon, digest = text.partition(":")
        if not (colon and seq.isdecimal() and len(digest) == len(NOTHING)):
            raise BihuanError(f"“{text}”应写成 序号:散列值", f"{text!r} is not NUMBER:HASH")
        return cls(int(seq), digest)


@dataclass(frozen=True)
class Whole:
    """A chain that is whole: the first entry that is in the database (or file), the last one, how many there are."""

    first: int
    last: Mark
    count: int


class Broken(BihuanError):
    """The chain is broken: at this entry for the first time."""

    def __init__(self, seq: int, zh: str, en: str) -> None:
        super().__init__(f"审计日志在第 {seq} 条断开：{zh}", f"the chain is broken at {seq}: {en}")
        self.seq = seq


def stored(connection: Connection, since: int = 0) -> Iterator[Entry]:
    """The entries after a number, in order, some at a time."""
    rows = select(AuditEntry.__table__).where(AuditEntry.seq > since).order_by(AuditEntry.seq)
    for row in connection.execute(rows.execution_options(yield_per=_AT_ONCE)):
        yield Entry(**row._mapping)


def verify(connection: Connection, known: Mark | None = None) -> Whole:
    """Walk the whole log. ``known``: an entry that was noted down elsewhere, and has to be there as it was.

    :raises Broken: at the first entry that is not as it was written
    """
    chain = connection.execute(select(AuditChain.__table__).where(AuditChain.id == THE_ONE)).first()
    sealed = Mark(chain.sealed, chain.sealed_hash) if chain else Mark()
    witnesses = _Witnesses(sealed, known)
    found = walk(witnesses.watching(stored(connection)), sealed)
    head = Mark(chain.seq, chain.hash) if chain else Mark()
    require_end(found, head)
    witnesses.judge()
    return found


def require_end(found: Whole, head: Mark) -> Whole:
    """Whether a chain ends where the log says that it does.

    :raises Broken: when it does not
    """
    if head != found.last:
        raise Broken(
            found.last.seq + 1, "之后的记录不见了，或与链头不符", "what follows is gone, or the head is another"
        )
    return found


def walk(listed: Iterable[Entry], before: Mark) -> Whole:
    """Follow a chain from what comes before it.

    :raises Broken: at the first entry that is not as it was written
    """
    last, count = before, 0
    for entry in listed:
        if entry.seq != last.seq + 1:
            raise Broken(last.seq + 1, "缺了记录或顺序变了", f"{entry.seq} stands in its place")
        if entry.previous != last.hash:
            raise Broken(entry.seq, "与前一条接不上", "it does not follow the one before")
        if entry.algorithm not in ALGORITHMS or entry.digest() != entry.hash:
            raise Broken(entry.seq, "内容被改动过", "its content is not what was written")
        last, count = Mark(entry.seq, entry.hash), count + 1
    return Whole(before.seq + 1, last, count)


class _Witnesses:
    """What besides the chain itself tells how it was: the entry that says what was sealed, and what somebody noted down."""

    def __init__(self, sealed: Mark, known: Mark | None) -> None:
        self._sealed, self._known = sealed, known
        self._told, self._seen = Mark(), known is None

    def watching(self, listed: Iterable[Entry]) -> Iterator[Entry]:
        for entry in listed:
            if entry.act == SEALED:
                detail = orjson.loads(entry.detail)
                self._told = Mark(detail["through"], detail["hash"])
            self._seen |= Mark(entry.seq, entry.hash) == self._known
            yield entry

    def judge(self) -> None:
        if self._told != self._sealed:
            raise Broken(self._told.seq + 1, "记录被移走，却没有封存记录", "entries are gone that were not sealed")
        if not self._seen and self._known not in (self._sealed, None):
            seq = self._known.seq if self._known else 0
            raise Broken(seq, "与当时记下的散列值不符", "it is not what was noted down")
