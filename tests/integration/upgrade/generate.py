"""Writes samples of running instances as this version of the software stores them::

    python -m tests.integration.upgrade.generate NAME

``samples/NAME.sql.zst`` is an SQLite database with one instance at every point of every diagram; ``samples/NAME.json`` says what became of
each when this version played it to its end. A later version must do the same (test_stored_states.py).
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import zstandard

from processes.clock import ManualClock
from processes.orchestrator import Orchestrator
from tests.integration.upgrade import diagrams
from tests.integration.upgrade.driver import finish, step

SAMPLES = Path(__file__).parent / "samples"
MOST = 12


def points() -> list[tuple[str, int, dict[str, Any]]]:
    """Which process, how many steps in, started with what."""
    variables: dict[str, Any] = {"n": 1, "items": ["x", "y", "z"]}
    names = list(diagrams.NAMES)
    found = [(name, steps, variables) for name in names for steps in range(MOST)]
    if diagrams.ORDER.exists():
        order = json.loads((diagrams.ORDER / "start.json").read_text())
        found += [("Order", steps, order) for steps in range(9)]
    return found


def build(url: str) -> tuple[Orchestrator, list[dict[str, Any]]]:
    """A database with the instances, and where each stands."""
    engine = Orchestrator(url, ManualClock(datetime(2026, 1, 5, 1, 0, tzinfo=UTC)))
    engine.deploy(diagrams.models(), check=False)
    placed = []
    for name, steps, variables in points():
        key = f"{name}-{steps}"
        case = engine.start(name, {**variables, "number": key}, id=key)
        for number in range(steps):
            if not step(engine, case, number, key):
                break
        placed.append({"id": case, "process": name, "key": key, "seed": steps})
    return engine, [each for each in placed if engine.instance(each["id"]).state == "active"]


def main(name: str) -> None:
    SAMPLES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.db"
        engine, placed = build(f"sqlite:///{path}")
        now = engine.clock.now()
        engine.database.dispose()
        raw = sqlite3.connect(path)
        dump = "\n".join(raw.iterdump())
        raw.close()
        (SAMPLES / f"{name}.sql.zst").write_bytes(zstandard.compress(dump.encode(), 19))
        for each in placed:
            each |= play(dump, now, each)
    sample = {"clock": now.isoformat(), "instances": placed}
    (SAMPLES / f"{name}.json").write_text(json.dumps(sample, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(len(placed), "instances")


def restored(dump: str, now: datetime, folder: str) -> Orchestrator:
    """An engine on a copy of a dumped database, at the time it was dumped."""
    path = Path(folder) / "copy.db"
    raw = sqlite3.connect(path)
    raw.executescript(dump)
    raw.close()
    return Orchestrator(f"sqlite:///{path}", ManualClock(now))


def play(dump: str, now: datetime, each: dict[str, Any]) -> dict[str, Any]:
    """Play one instance of a database to its end, on a copy, so that the others don't hear of it."""
    with tempfile.TemporaryDirectory() as folder:
        engine = restored(dump, now, folder)
        try:
            return finish(engine, each["id"], each["key"], each["seed"])
        finally:
            engine.database.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
