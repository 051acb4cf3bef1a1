"""``app.py backup`` and ``app.py restore``: what an operator types, and what is answered."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from processes.clock import SystemClock
from processes.runtime import commands as c
from processes.runtime.engine import Engine
from processes.store import outbox
from processes.store.database import Database
from processes.store.tables import Instance, OutboxMessage
from tests.diagrams import definitions, end, path, process, service, start

ROOT = Path(__file__).parents[3]


def app(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATA": str(data)}
    for name in ("DATABASE_URL", "CLOCK", "LOG", "LOG_FORMAT"):
        environment.pop(name, None)
    command = [sys.executable, "app.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """The data folder of a platform with one case, whose job the broker has."""
    folder = tmp_path / "platform"
    database = Database(f"sqlite:///{folder}/bihuan.db")
    database.migrate()
    clock = SystemClock()
    engine = Engine(database, clock)
    steps = (start(), service("a", "letter.send", {"text": '="x"'}), end(), path("start", "a", "end"))
    engine.deploy({"p.bpmn": definitions(process("p", *steps))})
    engine.execute(c.Start("start", "p"))
    with database.write() as connection:
        rows = outbox.lease(connection, clock.now(), 10, clock.now())
        outbox.done(connection, [row.id for row in rows])
    database.dispose()
    return folder


def test_a_platform_is_backed_up_and_restored_from_the_command_line(platform: Path, tmp_path: Path) -> None:
    file, other = str(tmp_path / "monday.bihuan"), tmp_path / "other"

    made = app(platform, "backup", file)
    restored = app(other, "restore", file)
    refused = app(other, "restore", file)

    assert (made.returncode, restored.returncode, refused.returncode) == (0, 0, 1), (made, restored, refused)
    assert made.stdout.startswith("已备份 ")
    assert restored.stdout.startswith("已恢复 ")
    assert refused.stdout == ""
    assert refused.stderr.startswith("数据库里已有数据")
    assert len(refused.stderr.splitlines()) == 1, "a sentence, not a stack"
    database = Database(f"sqlite:///{other}/bihuan.db")
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Instance)) == 1
        assert list(connection.scalars(select(OutboxMessage.topic))) == ["letter.send"], "the job is sent again"
    database.dispose()
