"""The whole platform as ``app.py run`` starts it: gateway, engine and workers in one process, the systems outside in another, a clock to move."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from processes.clock import FileClock
from tests.integration.gateway.world import START
from tests.servers.process import free_ports, spawn, stop, wait_until

ROOT = Path(__file__).parents[3]

PASSWORD = "bihuan2026"
"""What ``app.py run`` gives every account that has no password."""

_CODE = re.compile(r"验证码 (\d{6})")
_KEYS = re.compile(r"([A-Z0-9-]*\d{6,}[A-Z0-9-]*)")


class Running:
    """``with Running(folder) as system``: it is up at ``url``; afterwards all of it is gone."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "platform.log"
        self._clock = FileClock(folder / "clock")
        self._clock.advance(START - datetime.now(UTC))
        port, outside = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self._outside = httpx.Client(base_url=f"http://127.0.0.1:{outside}", trust_env=False, timeout=20)
        self._environment = {
            **os.environ,
            "DATA": str(folder / "data"),
            "PORT": str(port),
            "STANDINS_PORT": str(outside),
            "CLOCK": str(folder / "clock"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Running:
        command = [sys.executable, "app.py", "run", "--no-demo"]
        self._process = spawn(command, cwd=ROOT, log=self._log, env=self._environment)
        wait_until(self._is_ready, self._process, 90, self._log)
        return self

    def __exit__(self, *_: object) -> None:
        self._outside.close()
        if self._process is not None:
            stop(self._process, signal.SIGTERM, 20)

    def later(self, by: timedelta) -> None:
        """Time passes, for the platform and for the systems outside."""
        self._clock.advance(by)

    def texts(self, phone: str) -> list[str]:
        """The text messages that a phone has got, the oldest first."""
        answer = self._outside.get("/sms/messages", params={"phone": phone})
        return [each["text"] for each in answer.raise_for_status().json()["messages"]]

    def code(self, phone: str) -> str | None:
        """The six digits that it got last."""
        found = [code for each in self.texts(phone) for code in _CODE.findall(each)]
        return found[-1] if found else None

    def refuses_once(self, system: str, path: str) -> None:
        """A system outside will not do what it is asked next; afterwards it is well again."""
        fault = {"system": system, "kind": "status", "status": 400, "path": path}
        self._outside.post("/control/faults", json=fault).raise_for_status()

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", trust_env=False, timeout=2).is_success
        except httpx.TransportError:
            return False
