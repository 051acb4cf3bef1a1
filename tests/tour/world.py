"""Everything the tour plays on: PostgreSQL, RabbitMQ, engine, worker, gateway, stand-ins, and the clock they share."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from gateway.client.api import Api
from gateway.client.outside import Outside
from processes.clock import FileClock
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_ports
from tests.servers.rabbit import RabbitNode
from tests.tour.programs import Keeper, Part, Program, Server, keep

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "bpmn"

PARTS = ("engine", "worker", "gateway", "standins", "rabbitmq", "postgresql")
"""The six processes of the tour."""

Tell = Callable[[str], None]


class World:
    """``with World(start) as world``: everything is up; afterwards everything is gone but the folder with the logs.

    ``start``: the time that the platform's clock shows at first. ``broker`` and ``database`` make the servers.
    """

    def __init__(
        self,
        start: datetime,
        tell: Tell = print,
        broker: Callable[[], RabbitNode] = RabbitNode.start,
        database: Callable[[], PostgresServer] = PostgresServer.start,
    ) -> None:
        self.settings: dict[str, str] = {}
        """environment variables of our processes beside the usual ones"""
        self.folder = Path(tempfile.mkdtemp(prefix="tour-"))
        self._tell = tell
        self._data = self.folder / "data"
        self._data.mkdir()
        self.clock = FileClock(self.folder / "clock")
        self.clock.advance(start - datetime.now(UTC))
        port, standins_port = free_ports(2)
        self.url, self.standins_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{standins_port}"
        self._ports = (port, standins_port)
        self._servers = {
            "postgresql": Server("postgresql", database),
            "rabbitmq": Server("rabbitmq", broker),
        }
        self._programs: dict[str, Program] = {}
        self._keepers: dict[str, Keeper] = {}

    # -- up and down -----------------------------------------------------------------------------------------------------

    def __enter__(self) -> World:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self._keep(*self._servers.values())
        postgres, rabbit = self._postgres(), self._rabbit()
        self.database_url = postgres.create_database("tour")
        self.prepare()
        self._programs = self._commands(self._environment(self.database_url, rabbit.url()))
        self._keep(self._programs["gateway"])
        self.wait(self._gateway_answers, "gateway")
        self._write_tokens()
        self._keep(*(self._programs[name] for name in ("standins", "engine", "worker")))
        self.wait(self._standins_answer, "standins")
        self.wait(self._engine_is_ready, "engine")
        # 3.10 loses a quorum queue that was declared shortly before the node is killed.
        rabbit.sync()

    def prepare(self) -> None:
        """Before any process of ours starts: what is to be in the database besides what an empty one is filled with."""

    def _keep(self, *parts: Part) -> None:
        keep(self._keepers, parts, self._ended)

    def _postgres(self) -> PostgresServer:
        server = self._servers["postgresql"].server
        assert isinstance(server, PostgresServer)
        return server

    def _rabbit(self) -> RabbitNode:
        server = self._servers["rabbitmq"].server
        assert isinstance(server, RabbitNode)
        return server

    def close(self) -> None:
        """End everything."""
        for name in reversed(list(self._keepers)):
            self._keepers[name].stop()
        for part in self._servers.values():
            if isinstance(part.server, PostgresServer | RabbitNode):
                part.server.destroy()

    def remove(self) -> None:
        """Remove the folder with the logs: for when all went well."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _environment(self, database: str, broker: str) -> dict[str, str]:
        return {
            **os.environ,
            "DATA": str(self._data),
            "PORT": str(self._ports[0]),
            "DATABASE_URL": database,
            "AMQP_URL": broker,
            "CLOCK": str(self.folder / "clock"),
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }

    def _commands(self, environment: dict[str, str]) -> dict[str, Program]:
        app = [sys.executable, "app.py"]
        standins = [sys.executable, "-m", "workers.standins", "--port", str(self._ports[1]), "--gateway", self.url]
        standins += ["--data", str(self._standins_folder()), "--clock", str(self.folder / "clock")]
        standins += ["--tokens", str(self.folder / "tokens.json")]
        commands = {
            "engine": [*app, "engine"],
            "worker": [*app, "worker", "--systems-url", self.standins_url],
            "gateway": [*app, "gateway"],
            "standins": standins,
        }
        return {
            name: Program(name, command, ROOT, environment, self.folder / f"{name}.log")
            for name, command in commands.items()
        }

    def _standins_folder(self) -> Path:
        folder = self.folder / "standins"
        folder.mkdir(exist_ok=True)
        return folder

    def _write_tokens(self) -> None:
        """Each stand-in speaks with the token of the partner it is; a channel's is named by the channel's code."""
        partners = json.loads((self._data / "secrets.json").read_text("utf-8"))["partners"]
        with (MODELS / "reference" / "channels.csv").open(encoding="utf-8-sig") as file:
            channels = {row["code"]: partners[row["partner"]] for row in csv.DictReader(file)}
        (self.folder / "tokens.json").write_text(json.dumps({**partners, **channels}), "utf-8")

    # -- is it up? -------------------------------------------------------------------------------------------------------

    def wait(self, ready: Callable[[], bool], name: str, seconds: float = 90.0) -> None:
        """Ask until it says yes. Raises RuntimeError with the end of the log."""
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until:
                log = self._programs[name].log
                tail = log.read_text("utf-8", "replace")[-3000:] if log.exists() else ""
                raise RuntimeError(f"{name} does not come up, see {log}\n{tail}")
            time.sleep(0.1)

    def _gateway_answers(self) -> bool:
        return _answers(f"{self.url}/health")

    def _standins_answer(self) -> bool:
        return _answers(f"{self.standins_url}/health")

    def _engine_is_ready(self) -> bool:
        """It declares every queue before it says so."""
        return self._engine_readiness() > 0

    def _engine_readiness(self) -> int:
        """How often it has said that it is ready."""
        return self._programs["engine"].log.read_text("utf-8", "replace").count("engine ready")

    # -- clients ---------------------------------------------------------------------------------------------------------

    def api(self) -> Api:
        """A client of the gateway, as its operator."""
        return Api(self.url, json.loads((self._data / "secrets.json").read_text("utf-8"))["operator"])

    def outside(self) -> Outside:
        """A client of the stand-ins."""
        return Outside(self.standins_url)

    # -- killing ---------------------------------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """kill -9 one of ``PARTS``. It is started again at once."""
        self._keepers[name].part.kill()

    def pid(self, name: str) -> int:
        """The process id of one of ``PARTS``."""
        if name == "postgresql":
            return self._postgres().pid
        return self._rabbit().pid if name == "rabbitmq" else self._programs[name].pid

    def restart(self, name: str) -> None:
        """kill -9 the engine or the gateway, and wait until it is back: with the settings that its files have now."""
        said = self._engine_readiness()
        self.kill(name)
        if name == "engine":
            self.wait(lambda: self._engine_readiness() > said, name)
        else:
            self.wait(lambda: not self._gateway_answers(), name)
            self.wait(self._gateway_answers, name)

    def _ended(self, name: str, code: str) -> None:
        self._tell(f"    {name} 自己退出（{code}），重新启动")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).is_success
    except httpx.TransportError:
        return False
