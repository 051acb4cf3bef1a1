"""Processes that are started again at once whenever they die: ours, and the servers under them."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tests.servers.process import spawn
from tests.servers.warm import Warm

LOOK = 0.05
"""Seconds between two looks at who is alive."""

PAUSE = 0.5
"""Seconds before a process that ended by itself is started again: it did so because a server it needs was away."""

KILLED = "killed"


class Part(Protocol):
    """Something that is kept alive."""

    name: str

    def start(self) -> None:
        """Start it, the first time or after its death."""

    def kill(self) -> None:
        """kill -9, if it lives."""

    def death(self) -> str | None:
        """Why it is dead: ``KILLED`` by us, or its exit code; None while it lives."""


class Program:
    """A process of ours: its command, and where it logs."""

    def __init__(self, name: str, command: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._how = (list(command), cwd, dict(env))
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | Warm | None = None
        self._killed = False
        self.extra: dict[str, str] = {}
        """environment variables that it gets besides when it is started the next time"""

    def start(self) -> None:
        command, cwd, env = self._how
        with self._lock:
            if command[0] == sys.executable:
                self._process = Warm(command[1:], cwd, self.log, env | self.extra)
            else:
                self._process = spawn(command, cwd=cwd, log=self.log, env=env | self.extra)
            self._killed = False

    @property
    def pid(self) -> int:
        """Its process id, while it lives."""
        with self._lock:
            assert self._process is not None
            return self._process.pid

    def tell(self, what: signal.Signals) -> None:
        """Send it a signal, if it lives (SIGSTOP and SIGCONT: it sleeps, and wakes without knowing)."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(what)

    def kill(self) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._killed = True
                self._process.kill()
                self._process.wait()

    def death(self) -> str | None:
        with self._lock:
            code = self._process.poll() if self._process is not None else None
            return None if code is None else KILLED if self._killed else str(code)


class Bootable(Protocol):
    """A private server (see tests/servers)."""

    def boot(self) -> None: ...

    def kill(self) -> None: ...


class Server:
    """A private server as a part. ``make`` creates and boots it the first time."""

    def __init__(self, name: str, make: Callable[[], Bootable]) -> None:
        self.name = name
        self._make = make
        self._killed = threading.Event()
        self.server: Bootable | None = None

    def start(self) -> None:
        if self.server is None:
            self.server = self._make()
            return
        try:
            self.server.boot()
        except Exception:
            with contextlib.suppress(Exception):
                self.server.kill()
            raise
        self._killed.clear()

    def kill(self) -> None:
        if self.server is not None and not self._killed.is_set():
            self.server.kill()
            self._killed.set()

    def death(self) -> str | None:
        return KILLED if self._killed.is_set() else None


class Keeper(threading.Thread):
    """Keeps one part alive. One thread does all its starts and lives as long as the part may: a child dies with the thread that
    started it (PR_SET_PDEATHSIG). ``on_exit`` hears when the part ended by itself."""

    def __init__(self, part: Part, on_exit: Callable[[str, str], None]) -> None:
        super().__init__(name=f"keeper-{part.name}", daemon=True)
        self.part = part
        self._on_exit = on_exit
        self._stopping = threading.Event()
        self.started = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self.part.start()
            self.started.set()
            while not self._stopping.wait(LOOK):
                self._look()
        except Exception as error:  # told by whoever waits for us: a thread has nobody to raise to
            self.failure = error
            self.started.set()

    def _look(self) -> None:
        why = self.part.death()
        if why is None:
            return
        if why != KILLED:
            self._on_exit(self.part.name, why)
            if self._stopping.wait(PAUSE):
                return
        self._start_again()

    def _start_again(self) -> None:
        """A server may not come back at the first try: a backend that outlives its killed postmaster for a moment holds the memory."""
        while not self._stopping.is_set():
            try:
                self.part.start()
            except Exception as error:
                self._on_exit(self.part.name, str(error)[:300])
                self._stopping.wait(PAUSE)
            else:
                return

    def stop(self) -> None:
        """Let the part die."""
        self._stopping.set()
        self.join()
        self.part.kill()


def keep(kept: dict[str, Keeper], parts: Sequence[Part], on_exit: Callable[[str, str], None]) -> None:
    """Start parts, and keep them alive from now on: their keepers join those that are ``kept``. Raises what a start raises."""
    keepers = [Keeper(part, on_exit) for part in parts]
    kept |= {keeper.part.name: keeper for keeper in keepers}
    for keeper in keepers:
        keeper.start()
    for keeper in keepers:
        keeper.started.wait()
        if keeper.failure is not None:
            raise keeper.failure
