"""Counts open cases by place, board and light for the pages of supervision, once a minute, in the engine's process; commands know nothing of it.

While there are few cases nothing is kept, and pages count by themselves.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Text, case, cast, delete, func, not_, or_, select

from processes.casework.functions import Snapshots
from processes.casework.reference import Reference
from processes.casework.tally import COLOURS, KEPT, NUMBERS, PERIODS, RED, YELLOW, Burning, red, yellow
from processes.casework.versions import setting
from processes.clock import Clock
from processes.messaging.json_text import from_json
from processes.runtime.rounds import Rounds
from processes.store.database import Database
from processes.store.tables import Case, Setting

FEW = 2_000
"""Cases that a page counts by itself: it takes no longer than all else on it."""

GAP = 60.0
"""Seconds between two counts."""

_OPEN = (Case.closed_at.is_(None), not_(Case.confidential))
_EXCLUDED = cast(Case.excluded, Text)

Burns = Mapping[tuple[str, str | None, str], Sequence[Burning]]
"""place, board, colour → cases, the worst first"""


class Counting(Rounds):
    """See above. Of several engines one counts at a time. ``few``: up to so many cases nothing is kept."""

    def __init__(self, database: Database, clock: Clock, snapshots: Snapshots, few: int = FEW) -> None:
        super().__init__("counting", GAP, 0.0)
        self._database, self._clock, self._snapshots, self._few = database, clock, snapshots, few

    def round(self) -> bool:
        """See ``Rounds``."""
        self.run()
        return False

    def run(self) -> bool:
        """Count, unless somebody has just done so, or there is little to count; whether anything was counted."""
        now = self._clock.now()
        with self._database.read() as connection:
            many, last = self._are_many(connection, now), setting(connection, NUMBERS)
        if not many:
            if last:
                self._forget()
            return False
        if last and now - datetime.fromisoformat(last["at"]) < timedelta(seconds=GAP / 2):
            return False
        self._keep(self._counted(now))
        return True

    def _are_many(self, connection: Connection, now: datetime) -> bool:
        since = now - timedelta(days=max(PERIODS))
        return any(
            connection.execute(select(Case.id).where(condition).offset(self._few).limit(1)).first() is not None
            for condition in (Case.closed_at.is_(None), Case.opened_at >= since)
        )

    def _counted(self, now: datetime) -> dict[str, Any]:
        """The ``Setting`` rows."""
        reference = self._snapshots.now().reference
        with self._database.read() as connection:
            rows = {NUMBERS: _numbers(connection, now)}
            burns = _burns(connection, now)
        return rows | {f"{NUMBERS}:{place}": _of_place(place, reference, burns) for place in reference.places}

    def _keep(self, rows: Mapping[str, Any]) -> None:
        fresh = self._database.insert(Setting).values([{"key": key, "value": rows[key]} for key in sorted(rows)])
        statement = fresh.on_conflict_do_update(index_elements=[Setting.key], set_={"value": fresh.excluded.value})
        with self._database.write() as connection:
            connection.execute(statement)

    def _forget(self) -> None:
        with self._database.write() as connection:
            connection.execute(
                delete(Setting).where(or_(Setting.key == NUMBERS, Setting.key.startswith(f"{NUMBERS}:")))
            )


def _numbers(connection: Connection, now: datetime) -> dict[str, Any]:
    counted = (func.count(), func.count(case((red(now), 1))), func.count(case((yellow(now), 1))))
    group = (Case.place, Case.board, _EXCLUDED)
    rows = connection.execute(select(*group, *counted).where(*_OPEN).group_by(*group)).all()
    came = {}
    for days in PERIODS:
        since = now - timedelta(days=days)
        in_time = (Case.opened_at >= since, Case.pooled, not_(Case.confidential))
        numbers = select(Case.place, _EXCLUDED, func.count(), func.count(Case.closed_at)).where(*in_time)
        found = connection.execute(numbers.group_by(Case.place, _EXCLUDED)).all()
        came[str(days)] = [[place, from_json(excluded), *counts] for place, excluded, *counts in found]
    open_ones = [[place, board, from_json(excluded), *counts] for place, board, excluded, *counts in rows]
    return {"at": now.isoformat(), "open": open_ones, "came": came}


def _burns(connection: Connection, now: datetime) -> Burns:
    """Of each place and board so many cases of each colour as are kept."""
    colour = case((red(now), RED), else_=YELLOW).label("colour")
    own = (Case.place, Case.board, colour)
    rank = func.row_number().over(partition_by=own, order_by=(Case.due_at, Case.id)).label("rank")
    ranked = select(*own, Case.due_at, Case.id, rank).where(*_OPEN, or_(red(now), yellow(now))).subquery()
    rows = connection.execute(select(ranked).where(ranked.c.rank <= KEPT).order_by(ranked.c.rank))
    found: dict[tuple[str, str | None, str], list[Burning]] = defaultdict(list)
    for row in rows:
        found[row.place, row.board, row.colour].append(Burning(row.due_at.isoformat(), row.id))
    return found


def _of_place(place: str, reference: Reference, burns: Burns) -> dict[str, Any]:
    under = frozenset(reference.under(place))
    return {
        colour: {
            "below": list(_worst(burns[key] for key in burns if key[2] == colour and key[0] in under)),
            "boards": [[key[1], burns[key]] for key in burns if key[2] == colour and key[0] == place],
        }
        for colour in COLOURS
    }


def _worst(listed: Iterator[Sequence[Burning]]) -> Sequence[Burning]:
    return heapq.nsmallest(KEPT, heapq.merge(*listed))
