"""A command that never comes back ends its process twice, then is an incident on its one case; other cases never notice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from processes.clock import ManualClock
from processes.runtime import commands as c
from processes.runtime.watchdog import STALLED, Convicted, Watchdog
from processes.store.database import Database

ROOT = Path(__file__).parents[3]
SPIN = "sum(range(10**13))"
"""One call into C that keeps the interpreter's lock: no other thread runs."""

SLEEP = "time.sleep(3600)"

PROGRAM = """
import json, sys, time
from pathlib import Path
from processes.clock import SystemClock
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.watchdog import Watchdog
from processes.store.database import Database
from tests.diagrams import definitions, end, path, process, script, start, user

url, folder = sys.argv[1], Path(sys.argv[2])
database = Database(url)
database.migrate()
watchdog = Watchdog(folder, database, SystemClock(), limit=1.0)
watchdog.start()
engine = Orchestrator(database, SystemClock(), watch=watchdog)
engine.register("stall", lambda bad: {stall} if bad else 1)
if not engine.instances():
    engine.deploy({"p.bpmn": definitions(process("p", start(), user("one"), script("work", "= {x: stall(bad)}"), end(),
                                                 path("start", "one", "work", "end")))})
    engine.start("p", {"bad": True}, key="bad", id="bad")
    engine.start("p", {"bad": False}, key="good", id="good")
bad, good = (engine.start("p", id=name) for name in ("bad", "good"))
(task,) = engine.tasks(bad)
outcome = engine.engine.execute(c.CompleteTask("click", task.id))
(other,) = engine.tasks(good)
engine.complete(other.id)
view = engine.instance(bad)
print(json.dumps({"incident": outcome.incident, "kind": [each.kind for each in view.incidents],
                  "detail": [each.detail for each in view.incidents], "bad": view.state,
                  "good": engine.instance(good).state}))
watchdog.stop()
"""


def _run(url: str, folder: Path, stall: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{stall}", stall), url, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.mark.slow
@pytest.mark.parametrize(("stall", "ends"), [(SLEEP, STALLED), (SPIN, -signal.SIGPROF)])
def test_a_stalled_command_ends_two_processes_and_is_not_tried_a_third_time(
    url: str, tmp_path: Path, stall: str, ends: int
) -> None:
    for _ in range(2):
        ended = _run(url, tmp_path / "watch", stall)
        assert ended.returncode == ends, ended.stderr
    third = _run(url, tmp_path / "watch", stall)
    assert third.returncode == 0, third.stderr
    told = json.loads(third.stdout)
    assert told["incident"]
    assert told["kind"] == ["stalled"]
    assert "2次停住" in told["detail"][0]
    assert (told["bad"], told["good"]) == ("active", "completed")
    assert list((tmp_path / "watch").iterdir()) == []


class _Leftovers:
    """The files of a process that has ended, as it left them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.count = 0

    def add(self, *names: str, end: bytes) -> None:
        self.count += 1
        slots = b"".join(name.encode().ljust(512, b"\0") for name in names)
        (self.folder / f"{self.count}.flight").write_bytes(slots.ljust(128 * 512, b"\0"))
        (self.folder / f"{self.count}.end").write_bytes(end)


@pytest.fixture
def database() -> Database:
    database = Database("sqlite://")
    database.migrate()
    return database


def _watching(folder: Path, database: Database) -> Watchdog:
    watchdog = Watchdog(folder, database, ManualClock(), limit=5)
    watchdog.start()
    return watchdog


def test_a_process_that_was_killed_by_others_accuses_nobody(tmp_path: Path, database: Database) -> None:
    left = _Leftovers(tmp_path / "watch")
    for _ in range(3):
        left.add("CompleteTask:t1", end=b"")
    watchdog = _watching(left.folder, database)
    watchdog.check(c.CompleteTask("x", "t1"))
    watchdog.stop()


def test_two_ends_convict_whatever_id_the_next_attempt_has(tmp_path: Path, database: Database) -> None:
    left = _Leftovers(tmp_path / "watch")
    left.add("CompleteTask:t1", "CompleteTask:t2", end=b"Thread 0x1\n")
    watchdog = _watching(left.folder, database)
    watchdog.check(c.CompleteTask("x", "t1"))
    watchdog.stop()
    left.add("CompleteTask:t1", end=b'{"stalled": ["CompleteTask:t1"], "noted": false}\n')
    left.add("CompleteTask:t2", end=b'{"stalled": ["CompleteTask:t2"], "noted": true}\n')
    watchdog = _watching(left.folder, database)
    with pytest.raises(Convicted):
        watchdog.check(c.CompleteTask("another id", "t1"))
    watchdog.check(c.CompleteTask("x", "t2"))
    watchdog.stop()


def test_a_suspect_runs_alone(tmp_path: Path, database: Database) -> None:
    import threading

    left = _Leftovers(tmp_path / "watch")
    left.add("CompleteTask:t1", end=b"Thread 0x1\n")
    watchdog = _watching(left.folder, database)
    order: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def innocent() -> None:
        with watchdog.flight(c.CompleteTask("a", "t2")):
            inside.set()
            leave.wait(5)
            order.append("innocent")

    def suspect() -> None:
        with watchdog.flight(c.CompleteTask("b", "t1")):
            order.append("suspect")

    threads = [threading.Thread(target=innocent), threading.Thread(target=suspect)]
    threads[0].start()
    assert inside.wait(5)
    threads[1].start()
    leave.set()
    for thread in threads:
        thread.join(5)
    assert order == ["innocent", "suspect"]
    with watchdog.flight(c.CompleteTask("c", "t3")):
        order.append("next")
    watchdog.stop()
    assert order == ["innocent", "suspect", "next"]
