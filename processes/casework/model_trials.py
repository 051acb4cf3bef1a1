"""Scenarios that are to be played on edited files, and what came of them. An engine process plays them (``scenarios/trials.py``)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from processes.casework.model_scenarios import Bodies
from processes.casework.model_versions import Subject
from processes.packing import compress, decompress
from processes.store.tables import ModelTrial

OPEN, DONE = "open", "done"

KEPT = timedelta(days=7)
"""How long what came of them is kept."""

LEASE = timedelta(minutes=2)
"""For so long a trial is one process's after each scenario."""


@dataclass(frozen=True)
class Result:
    """What came of a scenario: ``wrong`` is empty, or says by language at which step what is not as it must be."""

    process: str
    file: str
    name: str
    wrong: Mapping[str, str]


@dataclass(frozen=True)
class Trial:
    """How far it is."""

    total: int
    results: Sequence[Result]
    is_done: bool

    @property
    def failed(self) -> Sequence[Result]:
        """Those that are not as they must be."""
        return [each for each in self.results if each.wrong]


NOTHING = Trial(0, (), True)
"""Where there is no scenario to play."""


def of(connection: Connection, change: Subject) -> Trial | None:
    """How the scenarios of a change fare; None: nobody has asked for them yet."""
    if not change.count:
        return NOTHING
    return one(connection, change.id)


def one(connection: Connection, trial_id: str) -> Trial | None:
    """A trial by its id."""
    row = connection.execute(select(ModelTrial.__table__).where(ModelTrial.id == trial_id)).first()
    if row is None:
        return None
    return Trial(row.total, [Result(**each) for each in row.results], row.state == DONE)


def ask(connection: Connection, change: Subject, now: datetime) -> None:
    """Let them be played, unless they have been or are about to be."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = {
        "id": change.id,
        "place": change.place,
        "sent": _packed(change.sent, change.kept),
        "asked_at": now,
        "state": OPEN,
        "total": change.count,
        "results": [],
    }
    connection.execute(dialect.insert(ModelTrial).values(row).on_conflict_do_nothing())
    connection.execute(delete(ModelTrial).where(ModelTrial.asked_at < now - KEPT))


def waits(connection: Connection, now: datetime) -> bool:
    """Whether there is one that nobody has in hand."""
    return connection.execute(_waiting(now)).first() is not None


def take(connection: Connection, now: datetime) -> Row[Any] | None:
    """The oldest that nobody has in hand: this process's from now on."""
    row: Row[Any] | None = connection.execute(_waiting(now).with_for_update(skip_locked=True)).first()
    if row is not None:
        connection.execute(update(ModelTrial).where(ModelTrial.id == row.id).values(leased_until=now + LEASE))
    return row


def note(connection: Connection, trial_id: str, results: Sequence[Result], total: int, now: datetime) -> None:
    """So far they have been played."""
    done = len(results) >= total
    values = {"results": [asdict(each) for each in results], "total": total, "state": DONE if done else OPEN}
    own = update(ModelTrial).where(ModelTrial.id == trial_id)
    connection.execute(own.values(**values, leased_until=None if done else now + LEASE))


def drop(connection: Connection, trial_id: str) -> None:
    """What was to be played is not any more as it was; whoever still wants it asks anew."""
    connection.execute(delete(ModelTrial).where(ModelTrial.id == trial_id))


def sent(row: Any) -> tuple[Mapping[str, bytes], Bodies]:
    """The edited files, and the scenarios that came with them."""
    found = orjson.loads(decompress(row.sent))
    files = {name: b64decode(body) for name, body in found["files"].items()}
    kept = {
        process: {name: b64decode(body) for name, body in each.items()} for process, each in found["scenarios"].items()
    }
    return files, kept


def _waiting(now: datetime) -> Select[Any]:
    free = ModelTrial.leased_until.is_(None) | (ModelTrial.leased_until <= now)
    return select(ModelTrial.__table__).where(ModelTrial.state == OPEN, free).order_by(ModelTrial.asked_at).limit(1)


def _packed(files: Mapping[str, bytes], scenarios: Bodies) -> bytes:
    said = {
        "files": {name: b64encode(body).decode() for name, body in files.items()},
        "scenarios": {
            process: {name: b64encode(body).decode() for name, body in each.items()}
            for process, each in scenarios.items()
        },
    }
    return compress(orjson.dumps(said))
