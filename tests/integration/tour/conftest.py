"""A platform as ``make run`` starts it, on a clock that the tests move."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.client.api import Api
from gateway.client.outside import Outside
from processes.clock import FileClock
from tests.servers.process import free_ports

ROOT = Path(__file__).parents[3]
START = datetime.fromisoformat("2026-04-24T09:00:00+08:00")


@dataclass(frozen=True)
class Running:
    """The way to a running platform."""

    api: Api
    outside: Outside
    clock: FileClock
    standins_url: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One process tree: gateway, engine, workers, stand-ins, SQLite, the embedded bus."""
    folder = tmp_path_factory.mktemp("platform")
    clock = FileClock(folder / "clock")
    clock.advance(START - datetime.now(UTC))
    environment = {**os.environ, "DATA": str(folder), "PORT": str(free_ports(1)[0]), "CLOCK": str(folder / "clock")}
    command = [sys.executable, "app.py", "run", "--no-demo"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while "Ctrl-C" not in (line := process.stdout.readline()):
            assert line, "the platform did not start"
        told = json.loads((folder / "running.json").read_text("utf-8"))
        yield Running(Api(told["url"], told["token"]), Outside(told["standins"]), clock, told["standins"])
    finally:
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert process.wait(30) == 0, "the platform did not end cleanly"
        assert time.monotonic() - began < 30
