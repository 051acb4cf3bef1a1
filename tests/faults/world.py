"""The real processes that a lane's cases are played on, and what can be done to them.

Lane ``embedded``: ``app.py run`` on SQLite, and the stand-ins. Lane ``broker``: engines, a worker, a gateway and the stand-ins on PostgreSQL
and RabbitMQ. Every process is started again whenever it dies.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pika

from gateway.client.api import Api
from gateway.client.outside import Outside
from processes.clock import FileClock
from processes.failpoints import VARIABLE
from processes.runtime.watchdog import STALLED
from processes.store.database import Database
from tests.faults import evidence, systems
from tests.faults.kinds import Kind
from tests.faults.proxy import Proxy
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_ports
from tests.servers.rabbit import RabbitNode
from tests.tour.programs import Keeper, Part, Program, Server, keep

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "bpmn"
EMBEDDED, BROKER = "embedded", "broker"
LANES = (EMBEDDED, BROKER)

START = datetime.fromisoformat("2026-04-24T09:00:00+08:00")
"""What the platform's clock shows at first: a working day's morning."""

READY = {"platform": "已启动", "engine": "engine ready", "worker": "worker ready", "gateway": "gateway ready"}
"""What a process says when it is up, by the part of its name before the dash."""

_SECONDS = 90.0

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What a world is made of. ``small``: megabytes of the file system that its database lies on (0: the machine's own); ``guard``: the
    guard that its processes lack (see ``unguarded``); ``failpoint``: what they are armed with when they start for the first time;
    ``deadline``: seconds for an exchange with an outside system; ``outside``: the program that plays them."""

    lane: str
    engines: int = 1
    nodes: int = 1
    proxied: bool = False
    small: int = 0
    guard: str = ""
    failpoint: str = ""
    deadline: float = 15.0
    outside: str = "workers.standins"


class World:
    """``with World(plan) as world``: everything is up; afterwards everything is gone, the folder with the logs included if all went well."""

    def __init__(self, plan: Plan, tell: Tell = print) -> None:
        self.plan = plan
        self.folder = Path(tempfile.mkdtemp(prefix=f"faults-{plan.lane}-"))
        self._tell = tell
        self.clock = FileClock(self.folder / "clock")
        self.clock.advance(START - datetime.now(UTC))
        port, standins_port, self._smtp_port = free_ports(3)
        self.url, self.standins_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{standins_port}"
        self._ports = (port, standins_port)
        self._servers: dict[str, Server] = {}
        self.nodes: list[RabbitNode] = []
        self.programs: dict[str, Program] = {}
        self._keepers: dict[str, Keeper] = {}
        self.deaths: Counter[str] = Counter()
        """processes that died at a failpoint, by its name"""
        self.agenda: dict[str, deque[str]] = {}
        """by process: the failpoints that it is armed with when it starts after the death at the one before"""
        self.exits: list[str] = []
        """processes that ended by themselves otherwise"""
        self.keep_folder = False
        self._logs: dict[tuple[str, str], evidence.Log] = {}
        self._stack = contextlib.ExitStack()
        self.broker_proxy: Proxy | None = None
        self.database_proxy: Proxy | None = None
        self.disk = self.folder / "data"
        self.mix: Sequence[Kind] = ()
        """the kinds of cases that its engine executes"""

    # -- up and down -------------------------------------------------------------------------------------------------

    def __enter__(self) -> World:
        try:
            self._start()
        except BaseException:
            self.keep_folder = True
            self.close()
            raise
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.keep_folder = self.keep_folder or kind is not None
        self.close()

    def _start(self) -> None:
        self.disk.mkdir()
        if self.plan.small:
            self._stack.enter_context(_small_disk(self.disk, self.plan.small))
        self._environ = environment = self._environment()
        self.programs = self._commands(environment)
        for program in self.ours():
            if self.plan.failpoint:
                program.extra = {VARIABLE: self.plan.failpoint}
        # The first one seeds the database; together they would only wait for each other.
        door = self.programs["platform" if self.plan.lane == EMBEDDED else "gateway"]
        self._keep(door)
        self.wait(self._gateway_answers, door.name)
        self._write_tokens()
        self._keep(*(each for each in self.programs.values() if each is not door))
        self.wait(self._standins_answer, "standins")
        for program in self.ours():
            self.wait(lambda name=program.name: self._said(name) > 0, program.name)  # type: ignore[misc]
        self.sync()
        self.observed = Database(self._direct)

    def _environment(self) -> dict[str, str]:
        given = {
            # Bytecode is kept: they start again hundreds of times.
            **{name: value for name, value in os.environ.items() if name not in (VARIABLE, "PYTHONDONTWRITEBYTECODE")},
            "DATA": str(self.folder / "data"),
            "PORT": str(self._ports[0]),
            "CLOCK": str(self.folder / "clock"),
            "SYSTEMS": str(self._systems()),
            "LOG": "INFO",
            "FILE_AFTER": "0",
            "PYTHONUNBUFFERED": "1",
        }
        if self.plan.lane == EMBEDDED:
            self._direct = f"sqlite:///{self.disk / 'bihuan.db'}"
            return given
        base = self.disk / "postgresql" if self.plan.small else None
        self._servers["postgresql"] = Server("postgresql", lambda: PostgresServer.start(base))
        self._servers["rabbitmq"] = Server("rabbitmq", self._make_broker)
        self._keep(*self._servers.values())
        self._direct = self.postgres.create_database("faults")
        database, broker = self._direct, self.nodes[0].url()
        if self.plan.proxied:
            self.database_proxy = Proxy([self.postgres.port])
            database = database.replace(f":{self.postgres.port}/", f":{self.database_proxy.port}/")
        if self.plan.proxied or self.plan.nodes > 1:
            self.broker_proxy = Proxy([each.port for each in self.nodes])
            broker = broker.replace(f":{self.nodes[0].port}/", f":{self.broker_proxy.port}/")
        return given | {"DATABASE_URL": database, "AMQP_URL": broker}

    def _make_broker(self) -> RabbitNode:
        self.nodes = RabbitNode.cluster(self.plan.nodes)
        return self.nodes[0]

    def _systems(self) -> Path:
        file = self.folder / "systems.json"
        file.write_text(json.dumps(systems.settings(self.standins_url, self._smtp_port, self.plan.deadline)))
        return file

    def _commands(self, environment: Mapping[str, str]) -> dict[str, Program]:
        app = [sys.executable, "-m", "tests.faults.lasting"]
        if self.plan.guard:
            app = [sys.executable, "-m", "tests.faults.unguarded", self.plan.guard]
        standins = [sys.executable, "-m", self.plan.outside, "--port", str(self._ports[1]), "--gateway", self.url]
        standins += ["--data", str(self.standins), "--clock", str(self.folder / "clock")]
        standins += ["--tokens", str(self.folder / "tokens.json"), "--smtp-port", str(self._smtp_port)]
        if self.plan.lane == EMBEDDED:
            commands = {"platform": [*app, "run", "--no-demo"]}
        else:
            engines = [f"engine-{number}" for number in range(1, self.plan.engines + 1)]
            commands = {"gateway": [*app, "gateway"], **{name: [*app, "engine"] for name in engines}}
            commands["worker"] = [*app, "worker"]
        return {
            name: Program(name, command, ROOT, environment, self.folder / f"{name}.log")
            for name, command in {**commands, "standins": standins}.items()
        }

    def _write_tokens(self) -> None:
        self.standins.mkdir(exist_ok=True)
        with (MODELS / "reference" / "channels.csv").open(encoding="utf-8-sig") as file:
            channels = {row["code"]: self.secrets["partners"][row["partner"]] for row in csv.DictReader(file)}
        (self.folder / "tokens.json").write_text(json.dumps({**self.secrets["partners"], **channels}), "utf-8")

    @property
    def standins(self) -> Path:
        """The folder with the outside systems' files."""
        return self.folder / "standins"

    @property
    def secrets(self) -> dict[str, dict[str, str]]:
        """The platform's tokens: ``operator`` and ``partners``."""
        found: dict[str, dict[str, str]] = json.loads((self.folder / "data" / "secrets.json").read_text("utf-8"))
        return found

    def _keep(self, *parts: Part) -> None:
        keep(self._keepers, parts, self._ended)

    def _ended(self, name: str, code: str) -> None:
        """A process ended by itself: at its failpoint, or for another reason that is told. It starts again without a failpoint."""
        program = self.programs.get(name)
        armed = program.extra.pop(VARIABLE, "") if program else ""
        if armed and code == str(-signal.SIGKILL):
            self.deaths[armed.partition(":")[0]] += 1
            assert program is not None
            if self.agenda.get(name):
                program.extra[VARIABLE] = self.agenda[name][0]
                self.agenda[name].popleft()  # afterwards: there is no moment at which nobody waits for it
        else:
            self.exits.append(f"{name} {code}")

    def close(self) -> None:
        """End everything."""
        for name in reversed(list(self._keepers)):
            part = self._keepers[name].part
            if isinstance(part, Program):
                part.tell(signal.SIGCONT)
            self._keepers[name].stop()
        for proxy in (self.broker_proxy, self.database_proxy):
            if proxy is not None:
                proxy.close()
        for node in reversed(self.nodes):
            node.destroy()
        if "postgresql" in self._servers and self._servers["postgresql"].server is not None:
            self.postgres.destroy()
        if hasattr(self, "observed"):
            self.observed.dispose()
        self._stack.close()
        if not self.keep_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- is it up? ---------------------------------------------------------------------------------------------------

    def wait(self, ready: Callable[[], bool], what: str, seconds: float = _SECONDS) -> None:
        """Ask until it says yes. Raises RuntimeError with the end of the log of that name."""
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until:
                log = self.folder / f"{what}.log"
                tail = log.read_text("utf-8", "replace")[-3000:] if log.exists() else ""
                raise RuntimeError(f"{what}: not within {seconds} s, see {self.folder}\n{tail}")
            time.sleep(0.05)

    def _gateway_answers(self) -> bool:
        return _answers(f"{self.url}/health")

    def _standins_answer(self) -> bool:
        return _answers(f"{self.standins_url}/health")

    def _said(self, name: str) -> int:
        """How often a process has said that it is up."""
        return self._log(name, READY[name.partition("-")[0]]).count()

    def _log(self, name: str, text: str) -> evidence.Log:
        if (name, text) not in self._logs:
            self._logs[name, text] = evidence.Log(self.programs[name].log, text)
        return self._logs[name, text]

    def ours(self) -> list[Program]:
        """The processes of the platform."""
        return [program for name, program in self.programs.items() if name != "standins"]

    def run(self, *arguments: str, failpoint: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """An operator's command: ``app.py …``, with other settings if given."""
        environment = {**self._environ, **settings, **({VARIABLE: failpoint} if failpoint else {})}
        command = [sys.executable, "app.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    # -- what can be done to it --------------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """kill -9; it is started again at once."""
        self._keepers[name].part.kill()

    def arm(self, settings: Mapping[str, str]) -> None:
        """Start processes anew, to die at failpoints (process → ``name:n``), and whoever is still armed otherwise, unarmed; returns when
        they, or those after them, are up."""
        names = sorted({*settings, *self.armed()})
        before = {name: self._said(name) for name in names}
        for name in names:
            self.programs[name].extra = {VARIABLE: settings[name]} if name in settings else {}
            self.kill(name)
        for name in names:
            self.wait(lambda name=name: self._said(name) > before[name], name)  # type: ignore[misc]
        if names:
            self.wait(self._gateway_answers, "gateway")

    def armed(self) -> set[str]:
        """The processes that are to die at a failpoint and have not yet."""
        return {name for name, program in self.programs.items() if VARIABLE in program.extra}

    def disarm(self) -> None:
        """Start whoever is still armed anew, unarmed."""
        self.arm({})

    def sync(self) -> None:
        """Make the queues safe from kill -9 (see RabbitNode.sync)."""
        for node in self.nodes:
            node.sync()

    @property
    def postgres(self) -> PostgresServer:
        """The database server."""
        server = self._servers["postgresql"].server
        assert isinstance(server, PostgresServer)
        return server

    def fill_disk(self) -> Callable[[], None]:
        """Use up what is left of the small disk; returns what gives it back."""
        ballast = self.disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
        return lambda: ballast.unlink()

    # -- clients -----------------------------------------------------------------------------------------------------

    def api(self) -> Api:
        """The gateway's client, as its operator."""
        return Api(self.url, str(self.secrets["operator"]), patience=300.0)

    def outside(self) -> Outside:
        """The stand-ins' client."""
        return Outside(self.standins_url)

    def amqp_url(self) -> str:
        """The broker, around the proxy: the first node that lives."""
        return next((each for each in self.nodes if each.answers()), self.nodes[0]).url()

    def amqp(self) -> pika.URLParameters:
        """How a client other than ours reaches the broker."""
        parameters = pika.URLParameters(self.amqp_url())
        parameters.blocked_connection_timeout = 5.0
        return parameters

    # -- what is left ------------------------------------------------------------------------------------------------

    def full_disks(self) -> int:
        """How often one of our processes was told that there is no room left."""
        return sum(self._log(each.name, text).count() for each in self.ours() for text in evidence.FULL)

    def duplicates(self) -> int:
        """How many messages and commands were recognised as having had their effect before: the platform's and the stand-ins' word."""
        said = sum(self._log(each.name, evidence.DUPLICATE).count() for each in self.ours())
        return said + sum(evidence.repeated(self.standins, file.stem) for file in self.standins.glob("*.sqlite"))

    def effects(self, system: str) -> list[dict[str, Any]]:
        """What really happened in an outside system, by its own log."""
        return evidence.effects(self.standins, system)

    def queue_depths(self) -> dict[str, int]:
        """The messages that lie in the broker's queues, those without any left out. Raises pika's errors when it is away."""
        return evidence.queue_depths(self.amqp()) if self.nodes else {}

    def stalls(self) -> list[str]:
        """Processes that their own watchdog ended."""
        return [each for each in self.exits if each.endswith(f" {STALLED}")]

    def advance(self, by: timedelta) -> None:
        """Move the clock that all processes share."""
        self.clock.advance(by)


@contextlib.contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of its own, in memory. Needs root."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).is_success
    except httpx.TransportError:
        return False
