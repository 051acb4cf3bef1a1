"""CPU of a durable command on the order model (44 elements, 8 commands), beside the naive way in the same run."""

from __future__ import annotations

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
from processes.store.tables import Instance, Job, UserTask

BASELINES = Path(__file__).resolve().parents[3] / "shared" / "baselines"
FORM = {"approved": True}
RESULT = {"ok": True, "ref": "R-123", "n": 4}


def ours(instances: int) -> dict[str, Any]:
    """The order model on our engine: SQLite in a file, every command durable with its rows, history, outbox and inbox."""
    folder = BASELINES / "order"
    start = json.loads((folder / "start.json").read_text())
    with tempfile.TemporaryDirectory() as at:
        engine = Orchestrator(f"sqlite:///{at}/bench.db", SystemClock())
        engine.deploy({path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".bpmn", ".dmn")})
        cpu, wall, size = [], [], []
        for _ in range(instances):
            case = engine.start("Order", start)
            spent = took = 0.0
            commands = 0
            while (command := _next(engine, case, commands)) is not None:
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


def _next(engine: Orchestrator, case: str, number: int) -> c.Command | None:
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


def naive(instances: int) -> dict[str, Any]:
    """The yardstick, unmodified, as a process of its own."""
    done = subprocess.run(
        [sys.executable, str(BASELINES / "naive.py"), "--instances", str(instances)],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def run(instances: int = 60) -> list[str]:
    """The lines of the report."""
    if not BASELINES.exists():
        return ["order model: skipped, ../shared/baselines is not here"]
    rounds = [(naive(instances), ours(instances)) for _ in range(3)]
    ratios = sorted(theirs["cpu_ms_per_command"] / mine["cpu_ms_per_command"] for theirs, mine in rounds)
    theirs, mine = rounds[-1]
    return [
        "A durable command on the order model (44 elements), CPU, three alternating rounds:",
        f"  naive SpiffWorkflow  {theirs['cpu_ms_per_command']:.2f} ms CPU, {theirs['state_bytes']:,} bytes of state",
        f"  this engine          {mine['cpu_ms_per_command']:.2f} ms CPU, {mine['state_bytes']:,} bytes of state",
        f"  ratio                {ratios[1]:.2f} x less CPU (rounds: {', '.join(f'{each:.2f}' for each in ratios)}); goal: 3 x",
    ]
