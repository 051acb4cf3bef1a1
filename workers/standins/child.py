"""The stand-ins as a child process, spoken to over HTTP: how ``app.py run`` has the outside world beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from processes.errors import BihuanError

ROOT = Path(__file__).resolve().parents[2]


class Child:
    """``python -m workers.standins``, its state in ``folder``. ``port`` 0: any free one."""

    def __init__(self, folder: Path, gateway: str, port: int = 0, clock: Path | None = None) -> None:
        self._folder = folder
        self._command = [sys.executable, "-m", "workers.standins", "--data", str(folder), "--gateway", gateway]
        self._command += ["--port", str(port), "--with-parent"]
        if clock is not None:
            self._command += ["--clock", str(clock)]
        self._process: subprocess.Popen[str] | None = None

    def start(self, tokens: Mapping[str, str]) -> str:
        """Start it with these tokens (system → bearer token); returns its address."""
        self._folder.mkdir(parents=True, exist_ok=True)
        kept, log = self._folder / "tokens.json", self._folder / "standins.log"
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(dict(tokens)), "utf-8")
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [*self._command, "--tokens", str(kept)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BihuanError(f"外部系统的替身没有启动，原因见 {log}", f"the stand-ins did not start, see {log}")
        return str(json.loads(line)["url"])

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
