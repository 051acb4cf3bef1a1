"""CPU of a durable command on the order model (44 elements, 8 commands), beside the naive way in the same run."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select

from processes.clock import SystemClock
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.memory import spare_collector
from processes.store.tables import Instance, Job, UserTask
from tests.benchmarks.report import Section, at_least, figure, times

BASELINES = Path(__file__).resolve().parents[3] / "shared" / "baselines"
FORM = {"approved": True}
RESULT = {"ok": True, "ref": "R-123", "n": 4}
GOAL = 10.0
REDUCED: dict[str, Any] = {}


def ours(instances: int) -> dict[str, Any]:
    """The order model on our engine: SQLite in a file, every command durable with its rows, history, outbox and inbox."""
    folder = BASELINES / "order"
    start = json.loads((folder / "start.json").read_text())
    with tempfile.TemporaryDirectory() as at:
        engine = Orchestrator(f"sqlite:///{at}/bench.db", SystemClock())
        engine.deploy({path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".bpmn", ".dmn")})
        spare_collector()  # as a process that runs an engine does
        cpu, wall, size = [], [], []
        for _ in range(instances):
            case = engine.start("Order", start)
            spent = took = 0.0
            commands = 0
            while (command := next_command(engine, case, commands)) is not None:
                cpu_0, wall_0 = time.process_time(), time.perf_counter()
                engine.engine.execute(command)
                spent += time.process_time() - cpu_0
                took += time.perf_counter() - wall_0
                commands += 1
                with engine.database.read() as connection:
                    size.append(len(connection.execute(select(Instance.state).where(Instance.id == case)).scalar_one()))
            if commands != 8:
                raise AssertionError(f"the order model takes 8 commands, not {commands}")
            cpu.append(spent * 1e3 / commands)
            wall.append(took * 1e3 / commands)
        engine.database.dispose()
    return {
        "what": "ours",
        "cpu_ms_per_command": round(statistics.median(cpu), 3),
        "wall_ms_per_command": round(statistics.median(wall), 3),
        "state_bytes": int(statistics.mean(size)),
        "instances": instances,
    }


def next_command(engine: Orchestrator, case: str, number: int) -> c.Command | None:
    """The next command of the yardstick: the next ready user task with a small form, else the first open job."""
    with engine.database.read() as connection:
        task = connection.execute(
            select(UserTask.id, UserTask.element_id).where(UserTask.instance_id == case, UserTask.state == "open")
        ).first()
        if task is not None:
            form = {**FORM, f"form_{task.element_id}": {"by": "bob", "note": "lorem ipsum " * 4}}
            return c.CompleteTask(f"{case}:{number}", task.id, form)
        job = connection.execute(select(Job.id).where(Job.instance_id == case, Job.state == "open")).first()
    return None if job is None else c.CompleteJob(f"{case}:{number}", job.id, RESULT)


def _told(*command: str) -> dict[str, Any]:
    """The last line, JSON, of a contender that runs as a process of its own."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--instances", type=int, default=30, help="a round and contender")
    parser.add_argument("--rounds", type=int, default=15, help="alternating rounds")


def run(options: argparse.Namespace) -> list[Section]:
    """Take turns, and tell."""
    title = "A durable command on the order model"
    if not BASELINES.exists():
        return [Section(title, ["skipped: ../shared/baselines is not here"], [])]
    each = str(options.instances)
    yardstick = (str(BASELINES / "naive.py"), "--instances", each)  # unmodified
    rounds = [(_told(*yardstick), _told("-m", __name__, each)) for _ in range(options.rounds)]
    costs = [[each[at]["cpu_ms_per_command"] for each in rounds] for at in (0, 1)]
    ratios = [theirs / mine for theirs, mine in zip(*costs, strict=True)]
    sizes = [each["state_bytes"] for each in rounds[-1]]
    rows = [
        [what, figure(statistics.median(own), "ms"), figure(min(own), "ms"), "", f"{size:,} bytes"]
        for what, own, size in zip(("naive SpiffWorkflow", "this engine"), costs, sizes, strict=True)
    ]
    ratio = statistics.median(ratios)
    least = times(min(costs[0]) / min(costs[1]))
    rows.append(["less than naive", times(ratio), least, at_least(ratio, GOAL), times(sizes[0] / sizes[1])])
    return [
        Section(
            title,
            ["", "CPU a command, median", "least", "goal", "state"],
            rows,
            f"44 elements, 8 commands an instance, SQLite in a file; {options.rounds} alternating rounds of {options.instances} instances each "
            f"(ratios of the rounds from {times(min(ratios))} to {times(max(ratios))}).",
        )
    ]


if __name__ == "__main__":
    print(json.dumps(ours(int(sys.argv[1]))))
