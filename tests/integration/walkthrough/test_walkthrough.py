"""The README's walk-through for integrators, copied and pasted: every command of it, by bash, against a platform that really runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from processes.store.database import Database
from processes.store.tables import Case
from tests.servers import install
from tests.servers.process import free_ports, spawn, stop

pytestmark = [pytest.mark.broker, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 120.0


def commands() -> list[str]:
    """The fenced commands of the section, in their order."""
    readme = (ROOT / "README.md").read_text("utf-8")
    section = readme.partition("### From a shell\n")[2].partition("\n### ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The platform as ``make integrators`` starts it; the ports that it got, and the folder of its data."""
    problem = install.ensure(["rabbitmq-server", "amqp-tools"])
    if problem:
        pytest.skip(problem)
    port, broker = free_ports(2)
    env = {**os.environ, "PORT": str(port), "BROKER_PORT": str(broker), "DATA": str(tmp_path / "data")}
    log = tmp_path / "platform.log"
    platform = spawn([sys.executable, "-m", "tests.walkthrough"], cwd=ROOT, log=log, env=env)
    until, pause = time.monotonic() + PATIENCE, threading.Event()
    while not _ready(port):
        assert platform.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < until, log.read_text("utf-8")
        pause.wait(0.2)
    yield env
    stop(platform, signal.SIGTERM, 60.0)


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_the_commands_of_the_readme_file_a_problem_and_close_it(env: dict[str, str], tmp_path: Path) -> None:
    begin, *rest = commands()
    assert begin.split("#")[0].strip() == "make integrators"
    script = "set -e\n" + "\n".join(rest)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    closed = json.loads((tmp_path / "closed.json").read_text("utf-8"))
    database = Database(f"sqlite:///{tmp_path / 'data' / 'bihuan.db'}")
    with database.read() as connection:
        (case,) = connection.execute(select(Case.number, Case.place, Case.outcome, Case.closed_at)).all()
    database.dispose()
    assert closed == {"number": case.number, "place": "330502", "stage": "intake", "outcome": "refused"}
    assert case.closed_at is not None
    assert "level: must be from 1 to 5" in json.loads((tmp_path / "refused.json").read_text("utf-8"))["reason_en"]
