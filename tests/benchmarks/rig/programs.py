"""The processes of a bench: engines, workers, the generator. Each logs into the bench's folder and dies with the bench."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from tests.benchmarks.rig import cpu
from tests.benchmarks.rig.generator import WINDOW
from tests.benchmarks.rig.outcome import Outcome
from tests.benchmarks.rig.servers import Place
from tests.servers.process import spawn, stop

ROOT = Path(__file__).resolve().parents[3]
_numbers = count(1)

WARM_UP, WARM_WINDOW = 3.0, 50
"""Seconds of load before anybody measures, and instances under way then."""


class Program:
    """A process that says so when it is ready."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, ready: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.log = folder / f"{name}-{next(_numbers)}.log"
        environment = {**os.environ, **(env or {}), "PYTHONUNBUFFERED": "1"}
        self._process = spawn([sys.executable, *command], cwd=ROOT, log=self.log, env=environment)
        self.wait_for(lambda: ready in self._said(), 60.0)

    def _said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def wait_for(self, true: Callable[[], bool], seconds: float) -> None:
        """Look until it is true. Raises RuntimeError when the process ends before, or the time is over."""
        until = time.monotonic() + seconds
        while not true():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self._process.args!r}: {self._process.poll()}\n{self._said()[-3000:]}")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def clock(self) -> cpu.Clock:
        """Its processor time."""
        return cpu.process(self.pid)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        stop(self._process, signal.SIGTERM, 30.0)

    def ended(self) -> None:
        """Wait for its end. Raises RuntimeError when it was not a good one."""
        code = self._process.wait()
        if code != 0:
            raise RuntimeError(f"{self._process.args!r}: {code}\n{self._said()[-3000:]}")


def engine(place: Place, folder: Path) -> Program:
    """``python app.py engine``, as anybody would start it."""
    data = folder / f"engine-data-{next(_numbers)}"
    env = {"DATABASE_URL": place.database_url, "AMQP_URL": place.amqp_url, "DATA": str(data)}
    return Program("engine", ["app.py", "engine"], folder, "engine ready", env)


def until(moment: float) -> None:
    """Wait for a moment of the monotonic clock."""
    time.sleep(max(moment - time.monotonic(), 0.0))


def worker(place: Place, folder: Path) -> Program:
    """The lean worker."""
    return Program("worker", ["-m", "tests.benchmarks.rig.worker", "--amqp-url", place.amqp_url], folder, "ready")


class Generator(Program):
    """The load; see ``rig/generator.py``."""

    def __init__(self, place: Place, folder: Path, seconds: float, *options: str) -> None:
        self._out = folder / f"generator-{next(_numbers)}.json"
        command = ["-m", "tests.benchmarks.rig.generator", "--amqp-url", place.amqp_url, "--out", str(self._out)]
        super().__init__("generator", [*command, "--seconds", str(seconds), *options], folder, "began ")
        self.began = float(self._said().split("began ")[1].split()[0])
        self._seconds = seconds

    def outcome(self) -> Outcome:
        """What came of it, when it has ended."""
        self.ended()
        return Outcome.read(self._out, self._seconds)


class Load:
    """All the load that a place gets, one generator after another; no number is given twice."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._place, self._folder = place, folder
        self.outcomes: list[Outcome] = []

    @property
    def published(self) -> int:
        """Instances so far."""
        return sum(len(each.instances) for each in self.outcomes)

    def begin(
        self, seconds: float, *, rate: float = 0.0, window: int = WINDOW, patience: float = 30.0, overhear: bool = False
    ) -> Generator:
        """Load the place for so many seconds; :meth:`end` it before the next begins."""
        options = {"rate": rate, "window": window, "patience": patience, "first": self.published + 1}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return Generator(self._place, self._folder, seconds, *words, *(["--overhear"] if overhear else []))

    def end(self, generator: Generator) -> Outcome:
        """Wait for its end, and keep what came of it."""
        self.outcomes.append(generator.outcome())
        return self.outcomes[-1]

    def warm_up(self) -> None:
        """A few seconds that nobody measures, for processes that have just started."""
        self.end(self.begin(WARM_UP, window=WARM_WINDOW))

    def amiss(self) -> list[str]:
        """What must not be, seen from outside."""
        return [each for outcome in self.outcomes for each in outcome.amiss()]
