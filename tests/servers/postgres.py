"""A private PostgreSQL cluster: its own port and data, run as user postgres when we are root.

server = PostgresServer.start()
url = server.create_database("mine")     # postgresql://postgres@127.0.0.1:PORT/mine
server.kill(); server.boot()             # kill -9, and back with the same data
server.destroy()

psycopg is imported where it is used: the installer asks this module what is there, before anything of ours is installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.servers.process import free_ports, spawn, stop, wait_until

_INSTALLED = Path("/usr/lib/postgresql")

_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # A killed process leaves its writes to the kernel: only a power cut needs fsync, and no test cuts the power.
    "fsync": "off",
    "full_page_writes": "off",
}


class PostgresServer:
    """One cluster. ``boot`` after ``kill`` or ``stop``; ``destroy`` at the end."""

    def __init__(self, base: Path, options: Mapping[str, str] | None = None) -> None:
        self.base = base
        self._options = {**_OPTIONS, **(options or {})}
        (self.port,) = free_ports(1)
        self._user = "postgres" if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def binaries() -> Path | None:
        """The folder of the newest installed version's programs, or None."""
        found = [path.parent for path in _INSTALLED.glob("*/bin/postgres")]
        return max(found, key=lambda path: float(path.parent.name), default=None)

    @classmethod
    def start(cls, base: Path | None = None, options: Mapping[str, str] | None = None) -> PostgresServer:
        """Create a cluster under ``base`` (a new temporary folder by default) and boot it (about 1 s). ``options``: settings of the server
        beside, or instead of, those that suit tests."""
        server = cls(base or Path(tempfile.mkdtemp(prefix="postgres-")), options)
        server._create()
        server.boot()
        return server

    @property
    def _data(self) -> Path:
        return self.base / "data"

    @property
    def _log(self) -> Path:
        return self.base / "log"

    def _program(self, name: str) -> str:
        binaries = self.binaries()
        if binaries is None:
            raise RuntimeError("PostgreSQL is not installed")
        return str(binaries / name)

    def _create(self) -> None:
        self.base.mkdir(parents=True, exist_ok=True)
        if self._user:
            shutil.chown(self.base, self._user, self._user)
        # Others' temporary folders may be closed to user postgres: it needs to pass, not to read.
        for folder in self.base.parents:
            if self._user and folder != Path("/") and os.stat(folder).st_uid == os.geteuid():
                folder.chmod(folder.stat().st_mode | 0o011)
        command = [self._program("initdb"), "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync"]
        ended = spawn(
            [*command, "-E", "UTF8", "--locale=C.UTF-8"], cwd=self.base, log=self._log, env=self._env(), user=self._user
        ).wait(120)
        if ended:
            raise RuntimeError(f"initdb ended with {ended}, see {self._log}")

    def _env(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}

    def boot(self) -> None:
        """Start and wait until the server takes connections."""
        options = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        command = [self._program("postgres"), "-D", str(self._data), "-p", str(self.port), "-k", str(self.base)]
        self._process = spawn([*command, *options], cwd=self.base, log=self._log, env=self._env(), user=self._user)
        wait_until(self.answers, self._process, 60.0, self._log)

    def answers(self) -> bool:
        """Whether it takes connections."""
        import psycopg

        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """A fresh database, a copy of ``template``, and its URL. Nobody may be connected to the template."""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, and whoever is connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def kill(self) -> None:
        """kill -9 the server with all its backends."""
        assert self._process is not None
        children: list[str] = []
        with contextlib.suppress(FileNotFoundError):  # it may have ended by itself
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        self._process.kill()
        for child in children:
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()

    def stop(self) -> None:
        """End at once but cleanly; the data stays."""
        if self._process is not None:
            stop(self._process, signal.SIGINT, 20.0)

    def destroy(self) -> None:
        """End and remove everything."""
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)
