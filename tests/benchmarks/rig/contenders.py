"""Who takes turns on the same servers: the bare pipeline (the yardstick, unmodified), our engine, and the naive way."""

from __future__ import annotations

import json
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg

from tests.benchmarks.report import percentile
from tests.benchmarks.rig import cpu, ours, programs
from tests.benchmarks.rig.generator import WINDOW
from tests.benchmarks.rig.programs import Load, Program
from tests.benchmarks.rig.servers import Servers

BASELINES = Path(__file__).resolve().parents[4] / "shared" / "baselines"
NAIVE_WINDOW = 200
"""What the naive way is given at most: it does one thing at a time, and ends nothing before it has started all that has come."""

SERVERS = ("RabbitMQ", "PostgreSQL")
PARTS = ("engine", "worker", "generator", *SERVERS)


@dataclass(frozen=True)
class Turn:
    """What one contender did in one turn. ``cpu``: milliseconds an instance, by part; latencies in milliseconds."""

    per_second: float
    p50: float | None
    p99: float | None
    cpu: Mapping[str, float]
    finished: int
    unfinished: int = 0


class Contender(Protocol):
    """Takes a turn of so many seconds: at a rate (instances a second), or at 0 as fast as it goes."""

    name: str

    def turn(self, seconds: float, rate: float = 0.0) -> Turn: ...


class Bare:
    """No engine: the same commits and confirmed messages, nothing executed in between."""

    name = "bare pipeline"

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._place = servers.place("bare")

    def turn(self, seconds: float, rate: float = 0.0) -> Turn:
        place = self._place
        command = [sys.executable, str(BASELINES / "bare_pipeline.py"), "--database-url", place.database_url]
        command += ["--amqp-url", place.amqp_url, "--seconds", str(seconds), "--rate", str(rate)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        # It forks its engine first, then its worker.
        clocks = {
            "engine": [_child(process.pid, 0)],
            "worker": [_child(process.pid, 1)],
            "generator": [cpu.process(process.pid)],
            **self._servers.clocks(),
        }
        with cpu.Meter(clocks) as meter:
            said, _ = process.communicate(timeout=seconds + 60.0)
            spent = meter.spent()
        found = json.loads(said.strip().splitlines()[-1])
        with psycopg.connect(place.database_url) as connection:
            row = connection.execute("select count(*) from bare_history").fetchone()
        finished = int(row[0]) if row else 0
        latency = found["latency_ms"]
        return Turn(found["instances_per_second"], latency["p50"], latency["p99"], _each(spent, finished), finished)


def _child(pid: int, number: int) -> cpu.Clock:
    def seconds() -> float:
        found = cpu.children(pid)
        return cpu.process(found[number])() if number < len(found) else 0.0

    return seconds


class Loaded(ABC):
    """A contender under our generator and our worker."""

    name: str

    def __init__(self, servers: Servers, name: str, window: int) -> None:
        self.servers = servers
        self.place = servers.place(name)
        self.load = Load(self.place, servers.folder)
        self._window = window

    @abstractmethod
    def engines(self) -> list[Program]:
        """Its engine processes, started."""

    @abstractmethod
    def settle(self) -> None:
        """Look at what is to be looked at while the engines still run."""

    def turn(self, seconds: float, rate: float = 0.0) -> Turn:
        engines = self.engines()
        worker = programs.worker(self.place, self.servers.folder)
        self.load.warm_up()
        generator = self.load.begin(seconds, rate=rate, window=self._window)
        clocks = {
            "engine": [each.clock for each in engines],
            "worker": [worker.clock],
            "generator": [generator.clock],
            **self.servers.clocks(),
        }
        with cpu.Meter(clocks) as meter:
            outcome = self.load.end(generator)
            spent = meter.spent()
        self.settle()
        for program in (*engines, worker):
            program.stop()
        p50, p99 = (percentile(outcome.latencies, each) for each in (50, 99))
        return Turn(outcome.per_second, p50, p99, _each(spent, outcome.finished), outcome.finished, outcome.unfinished)


class Ours(Loaded):
    """``python app.py engine``, one process or several."""

    name = "this engine"

    def __init__(self, servers: Servers, window: int = WINDOW, engines: int = 1) -> None:
        super().__init__(servers, "ours", window)
        self._engines = engines
        self.amiss: list[str] = []
        ours.prepare(self.place)

    def engines(self) -> list[Program]:
        return [programs.engine(self.place, self.servers.folder) for _ in range(self._engines)]

    def settle(self) -> None:
        """Nothing may be lost or doubled, whatever the load."""
        self.amiss += ours.amiss(self.place, self.load)

    def verdict(self) -> str:
        """Whether every instance of every turn is accounted for."""
        return ours.verdict(self.amiss, self.load.published)


class Naive(Loaded):
    """SpiffWorkflow as documented: the whole state as JSON, one command a transaction."""

    name = "naive SpiffWorkflow"

    def __init__(self, servers: Servers, window: int = WINDOW) -> None:
        super().__init__(servers, "naive", min(window, NAIVE_WINDOW))

    def settle(self) -> None:
        """Nothing."""

    def engines(self) -> list[Program]:
        self.place.purge()  # what an overload has left
        command = ["-m", "tests.benchmarks.rig.naive", "--amqp-url", self.place.amqp_url]
        command += ["--database-url", self.place.database_url]
        return [Program("naive", command, self.servers.folder, "engine ready")]


def _each(spent: cpu.Reading, finished: int) -> dict[str, float]:
    return {name: seconds * 1e3 / max(finished, 1) for name, seconds in spent.items()}
