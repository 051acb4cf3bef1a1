"""Processes of ours that start from one that has imported everything already: those that die and come back all the time start in a fraction
of the time, and are processes of their own all the same. Whoever asks how the program starts for its users, starts it as they do."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from processes import failpoints
from tests.servers.process import die_with_parent

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        *(
            "cli.engine",
            "cli.gateway",
            "cli.run",
            "cli.worker",
            "gateway.application",
            "waitress.server",
            "workers.runner",
        ),
        *(f"workers.bus.{each}" for each in ("delivery", "embedded", "peers", "relay", "upkeep")),
        *("workers.standins.__main__", "tests.faults.lasting"),
    ]
)


class Warm:
    """A process of ours; as much of ``subprocess.Popen`` as is asked for. It dies with us."""

    def __init__(self, arguments: Sequence[str], cwd: Path, log: Path, env: Mapping[str, str]) -> None:
        given = list(arguments), str(cwd), str(log), dict(env)
        self._process: ForkServerProcess = _FORKS.Process(target=_live, args=given)
        self._process.start()

    @property
    def pid(self) -> int:
        found = self._process.pid
        assert found is not None
        return found

    def poll(self) -> int | None:
        """What it ended with, minus the signal's number when it was killed; None while it lives."""
        return self._process.exitcode

    def wait(self) -> None:
        self._process.join()

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _live(arguments: list[str], cwd: str, log: str, env: dict[str, str]) -> None:
    """What a process does that was forked: become what ``python *arguments`` would be."""
    die_with_parent()
    os.setsid()
    os.chdir(cwd)
    with open(os.devnull, "rb") as nothing, open(log, "ab") as out:
        for file, number in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ.update(env)
    sys.stdout = open(1, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115 - as long as the process
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    importlib.reload(failpoints)  # the one module that looks into the environment when it is imported
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
