"""CPU of a durable command on the order model (44 elements, 8 commands), beside the naive way in the same run."""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from processes.clock import SystemClock
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.memory import spare_collector
from tests.benchmarks.report import Section, at_least, figure, times

BASELINES = Path(__file__).resolve().parents[3] / "shared" / "baselines"
FORM = {"approved": True}
RESULT = {"ok": True, "ref": "R-123", "n": 4}
GOAL = 10.0
COMMANDS = 8
"""An instance, in the yardstick as here."""
TOGETHER = 8
REDUCED: dict[str, Any] = {}


def ours(instances: int, together: int) -> dict[str, Any]:
    """The order model on our engine: SQLite in a file, every command durable with its rows, history, outbox and inbox.

    ``together``: so many instances side by side, whose commands share a commit, as those that wait for an engine under load do.
    """
    folder = BASELINES / "order"
    start = json.loads((folder / "start.json").read_text())
    with tempfile.TemporaryDirectory() as at:
        engine = Orchestrator(f"sqlite:///{at}/bench.db", SystemClock())
        engine.deploy({path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".bpmn", ".dmn")})
        spare_collector()  # as a process that runs an engine does
        seen = sqlite3.connect(f"{at}/bench.db", isolation_level=None)
        cpu, wall, size = [], [], []
        for _ in range(instances // together):
            cases = [engine.start("Order", start) for _ in range(together)]
            spent = took = 0.0
            for number in range(COMMANDS):
                commands = [_due(seen, case, number) for case in cases]
                cpu_0, wall_0 = time.process_time(), time.perf_counter()
                outcomes = engine.engine.execute_all(commands) if together > 1 else [engine.engine.execute(commands[0])]
                spent += time.process_time() - cpu_0
                took += time.perf_counter() - wall_0
                for outcome in outcomes:
                    if isinstance(outcome, Exception):
                        raise outcome
                size.extend(seen.execute(_SIZE, (case,)).fetchone()[0] for case in cases)
            if any(next_command(seen, case, COMMANDS) is not None for case in cases):
                raise AssertionError(f"the order model takes more than {COMMANDS} commands")
            cpu.append(spent * 1e3 / COMMANDS / together)
            wall.append(took * 1e3 / COMMANDS / together)
        seen.close()
        engine.database.dispose()
    return {
        "cpu_ms_per_command": round(statistics.median(cpu), 3),
        "wall_ms_per_command": round(statistics.median(wall), 3),
        "state_bytes": int(statistics.mean(size)),
    }


def _due(seen: sqlite3.Connection, case: str, number: int) -> c.Command:
    command = next_command(seen, case, number)
    if command is None:
        raise AssertionError(f"the order model takes {COMMANDS} commands, not {number}")
    return command


_TASK = "SELECT id, element_id FROM user_task WHERE instance_id = ? AND state = 'open'"
_JOB = "SELECT id FROM job WHERE instance_id = ? AND state = 'open'"
_SIZE = "SELECT length(state) FROM instance WHERE id = ?"
# Written out, as the yardstick's own: what is asked here between two commands is not to cost more than they do.


def next_command(seen: sqlite3.Connection, case: str, number: int) -> c.Command | None:
    """The next command of the yardstick: the next ready user task with a small form, else the first open job."""
    task = seen.execute(_TASK, (case,)).fetchone()
    if task is not None:
        form = {**FORM, f"form_{task[1]}": {"by": "bob", "note": "lorem ipsum " * 4}}
        return c.CompleteTask(f"{case}:{number}", task[0], form)
    job = seen.execute(_JOB, (case,)).fetchone()
    return None if job is None else c.CompleteJob(f"{case}:{number}", job[0], RESULT)


def _told(*command: str) -> dict[str, Any]:
    """The last line, JSON, of a contender that runs as a process of its own."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--instances", type=int, default=32, help="a round and contender")
    parser.add_argument("--rounds", type=int, default=15, help="alternating rounds")


def run(options: argparse.Namespace) -> list[Section]:
    """Take turns, and tell."""
    title = "A durable command on the order model"
    if not BASELINES.exists():
        return [Section(title, ["skipped: ../shared/baselines is not here"], [])]
    naive = (str(BASELINES / "naive.py"), "--instances", str(options.instances))  # unmodified
    alone, grouped = (("-m", __name__, str(options.instances), str(together)) for together in (1, TOGETHER))
    rounds = [[_told(*contender) for contender in (naive, alone, grouped)] for _ in range(options.rounds)]
    costs = [[each[at]["cpu_ms_per_command"] for each in rounds] for at in range(3)]
    sizes = [each["state_bytes"] for each in rounds[-1]]
    names = ("naive SpiffWorkflow", "this engine, a commit each", f"this engine under load, a commit for {TOGETHER}")
    rows, spread = [], []
    for name, own, size in zip(names, costs, sizes, strict=True):
        rows.append([name, figure(statistics.median(own), "ms"), figure(min(own), "ms"), "", f"{size:,} bytes"])
    for name, own, size in list(zip(names, costs, sizes, strict=True))[1:]:
        ratios = [theirs / mine for theirs, mine in zip(costs[0], own, strict=True)]
        ratio = statistics.median(ratios)
        spread.append(f"{times(min(ratios))} to {times(max(ratios))}")
        least = times(min(costs[0]) / min(own))
        rows.append([f"less than naive: {name}", times(ratio), least, at_least(ratio, GOAL), times(sizes[0] / size)])
    return [
        Section(
            title,
            ["", "CPU a command, median", "least", "goal", "state"],
            rows,
            f"44 elements, {COMMANDS} commands an instance, SQLite in a file; "
            f"{options.rounds} alternating rounds of {options.instances} instances each "
            f"(ratios of the rounds: {', '.join(spread)}).",
        )
    ]


if __name__ == "__main__":
    print(json.dumps(ours(int(sys.argv[1]), int(sys.argv[2]))))
