"""What a run has found, for its pages: counts, who would have had how much, cases to look through, and one case both ways side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from processes.casework.functions import Snapshots
from processes.runtime.engine import Engine
from processes.store.tables import Case, Instance, WhatIf, WhatIfCase
from processes.whatif import trace
from processes.whatif.comparison import LATER, SOONER, VERDICTS, aligned
from processes.whatif.runs import files_of
from processes.whatif.trace import Effect
from processes.whatif.trial import Judged, Trial

PAGE = 100
"""Cases of a page."""

TOLD = trace.ROUTE | {trace.NOTICE}
"""Kinds of steps that a case's page tells."""


@dataclass(frozen=True)
class Summary:
    """``counts``: cases by verdict, in the order of ``VERDICTS``; ``later`` and ``sooner``: half of those cases by so much at least."""

    counts: Mapping[str, int]
    later: timedelta | None
    sooner: timedelta | None


def of_draft(connection: Connection, draft_id: str) -> Sequence[Row[Any]]:
    """The runs of a draft, the latest first."""
    statement = select(WhatIf.__table__).where(WhatIf.draft_id == draft_id)
    return connection.execute(statement.order_by(WhatIf.created_at.desc(), WhatIf.id)).all()


def one(connection: Connection, draft_id: str, run_id: str) -> Row[Any] | None:
    """A run of a draft; None when there is no such."""
    statement = select(WhatIf.__table__).where(WhatIf.id == run_id, WhatIf.draft_id == draft_id)
    row: Row[Any] | None = connection.execute(statement).first()
    return row


def summary(connection: Connection, run_id: str) -> Summary:
    """What has been found so far."""
    statement = select(WhatIfCase.verdict, func.count()).where(WhatIfCase.run_id == run_id)
    counted = {row[0]: int(row[1]) for row in connection.execute(statement.group_by(WhatIfCase.verdict))}
    counts = {each: counted.get(each, 0) for each in VERDICTS}
    return Summary(counts, _median(connection, run_id, LATER), _median(connection, run_id, SOONER))


def _median(connection: Connection, run_id: str, verdict: str) -> timedelta | None:
    own = (WhatIfCase.run_id == run_id, WhatIfCase.verdict == verdict)
    shifts = [each for each in connection.execute(select(WhatIfCase.shift).where(*own)).scalars() if each is not None]
    return timedelta(seconds=abs(median(shifts))) if shifts else None


def cases(
    connection: Connection, run_id: str, verdict: str, allowed: ColumnElement[bool], after: int = -1
) -> Sequence[Row[Any]]:
    """The cases of a verdict that somebody may look at (see ``access.instances_of``), behind a position; with their numbers."""
    own = (WhatIfCase.run_id == run_id, WhatIfCase.verdict == verdict, WhatIfCase.position > after)
    return connection.execute(_CASES.where(*own, allowed).order_by(WhatIfCase.position).limit(PAGE)).all()


def case(connection: Connection, run_id: str, position: int, allowed: ColumnElement[bool]) -> Row[Any] | None:
    """One of them."""
    own = (WhatIfCase.run_id == run_id, WhatIfCase.position == position)
    row: Row[Any] | None = connection.execute(_CASES.where(*own, allowed)).first()
    return row


_CASES = (
    select(WhatIfCase.__table__, Case.number, Instance.key, Instance.created_at)
    .join(Instance, Instance.id == WhatIfCase.instance_id)
    .outerjoin(Case, Case.instance_id == WhatIfCase.instance_id)
)


class Again:
    """Plays single cases of runs once more, to tell them step by step. The draft looked at last is kept: to read it takes a second."""

    def __init__(self, engine: Engine, snapshots: Snapshots) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._lock = Lock()
        self._kept: tuple[str, Trial] | None = None

    def play(self, connection: Connection, run: Any, instance_id: str) -> Judged | None:
        """A case both ways; None when it is no more."""
        with self._lock:
            if self._kept is None or self._kept[0] != run.id:
                files = files_of(connection, self._snapshots.now().reference, run)
                self._kept = run.id, Trial(self._engine.definitions, self._snapshots, files, run.created_at)
            return next(iter(self._kept[1].judge(connection, [instance_id])), None)


def side_by_side(judged: Judged) -> Sequence[tuple[Effect | None, Effect | None]]:
    """The steps of a case both ways, in the order of time; the same task that goes to somebody else stands beside itself."""
    if judged.past is None or judged.played is None:
        return ()
    lines = aligned(judged.past.trace.effects, judged.played.trace.effects, TOLD)
    alone = [would for was, would in lines if was is None and would is not None]
    beside: dict[int, Effect] = {}
    for at, (was, would) in enumerate(lines):
        if was is not None and would is None:
            same = next((each for each in alone if (each.kind, each.name) == (was.kind, was.name)), None)
            if same is not None:
                alone.remove(same)
                beside[at] = same
    taken = {id(each) for each in beside.values()}
    paired = [(was, beside.get(at, would)) for at, (was, would) in enumerate(lines)]
    return [(was, would) for was, would in paired if was is not None or id(would) not in taken]
