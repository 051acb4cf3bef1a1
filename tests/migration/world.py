"""Engines, a worker, PostgreSQL and RabbitMQ, each of our processes a real one that is started again whenever it dies."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from datetime import timedelta

from processes.casework.assembly import Core
from tests.faults.world import BROKER, ROOT, Plan, World
from tests.tour.programs import Program

ENGINES = 3


class Campaign(World):
    """The world of the faults' trials, with a worker of its own and nothing outside."""

    def __init__(self) -> None:
        super().__init__(Plan(BROKER, engines=ENGINES))

    def __enter__(self) -> Campaign:
        super().__enter__()
        self.core = Core.on(self.observed, self.clock)
        return self

    def _commands(self, environment: Mapping[str, str]) -> dict[str, Program]:
        found = super()._commands(environment)
        command = [sys.executable, "-m", "tests.faults.lasting", "worker", "--module", "tests.migration.worker:worker"]
        found["worker"] = Program("worker", command, ROOT, environment, self.folder / "worker.log")
        return found

    @property
    def engines(self) -> list[str]:
        """The names of the engines."""
        return [f"engine-{number}" for number in range(1, ENGINES + 1)]

    def rest(self, asleep: bool) -> None:
        """Let the worker sleep, so that jobs stay on their way, or wake it."""
        self.programs["worker"].tell(signal.SIGSTOP if asleep else signal.SIGCONT)

    def let_pass(self, seconds: float) -> None:
        """Move the clock that all share: the lease of a dead one runs out."""
        self.advance(timedelta(seconds=seconds))
