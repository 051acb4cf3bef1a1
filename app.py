"""Bihuan (闭环): the one entry point. Command line, settings, and the wiring of everything below.

``python app.py run`` is the whole platform in one process tree; ``engine``, ``worker`` and ``gateway`` are its parts, to be started on many machines
with ``DATABASE_URL`` (PostgreSQL) and ``AMQP_URL`` (RabbitMQ). The other commands are clients of a running platform, or work on files alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from processes.failpoints import hit

if TYPE_CHECKING:
    from processes.clock import Clock
    from processes.notation.check import Finding

HERE = Path(__file__).resolve().parent
MODELS = HERE / "bpmn"
DEMO_PASSWORD = "bihuan2026"
"""The password of every demo account that has none; only ``run`` sets it, and says so."""

PATIENCE = 60.0
"""Seconds for which a process that starts waits for its database."""

log = logging.getLogger("bihuan")


# ---- settings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """What the environment says. All of it has a default that works on a bare machine."""

    data: Path
    port: int
    host: str
    database_url: str
    amqp_url: str | None
    systems: Path | None
    """a JSON file with the addresses of external systems; without one, the stand-ins"""
    standins_port: int
    clock: Path | None
    """a file with an offset in seconds: a clock that several processes share and a tour can move"""
    secrets: Path
    metrics_port: int | None
    """a port for metrics and health alone, besides the gateway's own"""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """From ``PORT``, ``HOST``, ``DATA``, ``DATABASE_URL``, ``AMQP_URL``, ``SYSTEMS``, ``STANDINS_PORT``, ``CLOCK``, ``SECRETS``,
        ``METRICS_PORT``."""

        def path(name: str) -> Path | None:
            return Path(environment[name]).resolve() if environment.get(name) else None

        data = path("DATA") or HERE / ".data"
        return cls(
            data=data,
            port=int(environment.get("PORT") or 8080),
            host=environment.get("HOST") or "127.0.0.1",
            database_url=environment.get("DATABASE_URL") or f"sqlite:///{data / 'bihuan.db'}",
            amqp_url=environment.get("AMQP_URL") or None,
            systems=path("SYSTEMS"),
            standins_port=int(environment.get("STANDINS_PORT") or 0),
            clock=path("CLOCK"),
            secrets=path("SECRETS") or data / "secrets.json",
            metrics_port=int(environment["METRICS_PORT"]) if environment.get("METRICS_PORT") else None,
        )

    @property
    def url(self) -> str:
        """Where this machine reaches the gateway."""
        return f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"


@dataclass(frozen=True)
class Secrets:
    """Bearer tokens, made at the first start and kept in a file that only the owner may read."""

    operator: str
    partners: Mapping[str, str]
    """partner → token; ``*`` speaks for every partner that has none of its own (the stand-ins)"""

    @classmethod
    def read(cls, path: Path) -> Secrets:
        """The file's, made first when there is none."""
        try:
            kept = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            kept = {"operator": secrets.token_urlsafe(32), "partners": {}}
        return cls(kept["operator"], kept["partners"])

    @classmethod
    def ensure(cls, path: Path, partners: Sequence[str]) -> Secrets:
        """The file's, with a token for each of these partners."""
        kept = cls.read(path)
        full = {partner: kept.partners.get(partner) or secrets.token_urlsafe(32) for partner in partners}
        fresh = cls(kept.operator, {**kept.partners, **full})
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"operator": fresh.operator, "partners": dict(fresh.partners)}, file)
        hit("secrets.written")
        new.replace(path)
        return fresh


# ---- wiring ----------------------------------------------------------------------------------------------------------


class Platform:
    """The parts, put together. Imports are here, so that a command that needs few of them starts quickly."""

    def __init__(self, settings: Settings) -> None:
        from processes.casework.assembly import Core
        from processes.messaging import jobs
        from processes.observing.health import Health
        from processes.observing.metrics import Metrics
        from processes.runtime.scheduler import Scheduler
        from processes.store import readiness
        from processes.store.database import Database
        from processes.store.gauges import Gauges

        self.settings = settings
        settings.data.mkdir(parents=True, exist_ok=True)
        clock = _clock(settings)
        self.core = Core.on(Database(settings.database_url), clock)
        self.inlet = self.core.reception.inlet(self._may_send)
        self.scheduler = Scheduler(self.core.engine)
        self.topics = tuple(jobs.CATALOGUE)
        self.metrics = Metrics(Gauges(self.core.database, clock))
        self.health = Health()
        self._started = threading.Event()
        self.health.add("start", "启动", self._check_started)
        readiness.add_checks(self.health, self.core.database)
        self._watched = False
        self._stops: list[Callable[[], None]] = []
        self._stops += _observed(settings, self.metrics, self.health)

    def _may_send(self, partner: str, message_type: str) -> bool:
        """A partner may report over the channels that are its own; other messages are checked by their content."""
        channel, _, what = message_type.rpartition(".")
        if what != "order":
            return True
        found = self.core.snapshots.now().reference.channels.get(channel)
        return found is not None and found.partner == partner

    def _watch(self) -> None:
        """Let a watchdog look after the commands of this process; ``STALL_SECONDS`` is how long one may take."""
        from processes.runtime.watchdog import LIMIT, Watchdog

        if not self._watched:
            self._watched = True
            limit = float(os.environ.get("STALL_SECONDS") or LIMIT)
            watchdog = Watchdog(self.settings.data / "watch", self.core.database, self.core.clock, limit)
            watchdog.start()
            self.core.engine.watch = watchdog
            self._stops.append(watchdog.stop)

    def seed(self) -> None:
        """Migrate and fill an empty database; a database server that is just coming up is waited for."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self.core.seed(MODELS)
            except Exception as error:
                if time.monotonic() > until or not self.core.database.is_transient(error):
                    raise
            time.sleep(0.5)

    def secrets(self) -> Secrets:
        """The tokens, one a partner of the channels."""
        channels = self.core.snapshots.now().reference.channels.values()
        partners = sorted({each.partner for each in channels} | {"ratings", "seven-lists", "notices"})
        return Secrets.ensure(self.settings.secrets, partners)

    def standin_tokens(self) -> dict[str, str]:
        """For the stand-ins: system → the token of the partner it is; a channel's system is named by the channel's code."""
        partners = self.secrets().partners
        channels = self.core.snapshots.now().reference.channels.values()
        return {**partners, **{each.code: partners[each.partner] for each in channels}}

    # -- starting parts ----------------------------------------------------------------------------------------------

    def start_engine(self, with_workers: bool, systems_url: str | None) -> None:
        """Timers, and the bus with the inlet behind it; with the workers on the same bus when there is no broker."""
        from processes.messaging.bus import Address
        from processes.runtime.memory import spare_collector
        from workers.bus.amqp import AmqpBus
        from workers.bus.embedded import EmbeddedBus
        from workers.bus.relay import Relay

        self._watch()
        core = self.core
        if self.settings.amqp_url:
            bus: Any = AmqpBus(self.settings.amqp_url, core.clock, name="engine", topics=self.topics)
            relay = Relay(core.database, bus, core.clock, core.resolve)
            line = bus.line(self._receive, tidy=core.engine.tidy, give_back=core.engine.give_back, resolve=core.resolve)
            core.engine.courier = line
            self.health.add("broker", "消息队列", _connected(lambda: bus.wait_connected(1.0) and line.ready.wait(1.0)))
            starts, stops = [relay.start, line.start], [relay.stop, lambda: line.stop(30.0)]
        else:
            bus = EmbeddedBus(core.database, core.clock, topics=self.topics, resolve=core.resolve)
            # One at a time: news of a case come in the order in which they were sent ("accepted" never overtakes "in hand").
            bus.subscribe(Address.INBOX, ["*"], self.inlet.deliver, concurrency=1)
            starts, stops = [], []
        if with_workers:
            _runner(bus, self.settings, systems_url).attach()
        bus.start()
        for start in starts:
            start()
        self.scheduler.start()
        self.health.add("scheduler", "定时器", self.scheduler.check)
        self._stops += [bus.stop, *stops, self.scheduler.stop]
        spare_collector()

    def _receive(self, messages: Sequence[Any], turn: Any) -> Sequence[Any]:
        """What became of each of these messages off the bus."""
        from workers.bus.delivery import ending_of

        return [ending_of(error) for error in self.core.reception.receive_all(messages, self._may_send, turn)]

    def start_gateway(self) -> None:
        """The web server, in a thread of its own."""
        from waitress.server import create_server

        from processes.errors import BihuanError

        self._watch()
        try:
            server = create_server(
                self.web(), host=self.settings.host, port=self.settings.port, threads=8, ident="bihuan"
            )
        except OSError as error:
            port = self.settings.port
            raise BihuanError(
                f"端口 {port} 用不了（{error.strerror}）；请换一个，例如 PORT={port + 1} make run",
                f"port {port}: {error}",
            ) from error
        threading.Thread(target=server.run, name="gateway", daemon=True).start()
        self._stops.append(server.close)

    def check(self, files: Mapping[str, bytes]) -> Sequence[Finding]:
        """What is wrong with models, as this platform's roles, stages and jobs are."""
        from processes.notation.check import Codes, check_files

        reference = self.core.snapshots.now().reference
        stages = frozenset(each.code for each in reference.stages)
        codes = Codes(frozenset(reference.roles), stages, frozenset(self.topics))
        return check_files(files, codes=codes, deploying=True)

    def web(self) -> Any:
        """The WSGI application."""
        from gateway import create_app
        from gateway.services import Services
        from gateway.services import Settings as GatewaySettings

        tokens = self.secrets()
        return create_app(
            Services(
                database=self.core.database,
                engine=self.core.engine,
                clock=self.core.clock,
                snapshots=self.core.snapshots,
                inlet=self.inlet,
                check=self.check,
                settings=GatewaySettings(
                    data=self.settings.data,
                    partners={token: partner for partner, token in tokens.partners.items()},
                    operators={tokens.operator: "operator"},
                ),
                metrics=self.metrics,
                health=self.health,
            )
        )

    def _check_started(self) -> None:
        from processes.observing.health import NotReady

        if not self._started.is_set():
            raise NotReady("正在启动", "starting")

    def serve(self) -> None:
        """All that this process runs has been started: be ready, until SIGTERM or Ctrl-C."""
        self._started.set()
        _wait_for_stop()

    def stop(self) -> None:
        """Stop what was started, the last first; running handlers finish."""
        while self._stops:
            self._stops.pop()()
        self.core.database.dispose()


def _clock(settings: Settings) -> Clock:
    from processes.clock import FileClock, SystemClock

    return FileClock(settings.clock) if settings.clock else SystemClock()


def _runner(bus: Any, settings: Settings, systems_url: str | None) -> Any:
    from workers.runner import Outbound, Runner, Systems, adapters

    systems = (
        Systems.read(settings.systems) if settings.systems else Systems.standins(systems_url or "http://127.0.0.1:8090")
    )
    return Runner(bus, adapters(Outbound(systems)))


def _observed(settings: Settings, metrics: Any, health: Any) -> list[Callable[[], None]]:
    """Answer on ``METRICS_PORT``, if there is one; returns what stops it."""
    from processes.observing.server import Server

    if settings.metrics_port is None:
        return []
    server = Server(settings.host, settings.metrics_port, metrics, health)
    server.start()
    return [server.stop]


def _connected(ready: Callable[[], bool]) -> Callable[[], None]:
    """The check of a broker: messages can come and go."""
    from processes.observing.health import NotReady

    def check() -> None:
        if not ready():
            raise NotReady(
                "连不上消息队列；请检查 RabbitMQ 是否在运行、AMQP_URL 是否正确", "no connection to the broker"
            )

    return check


def _wait_for_stop() -> None:
    """Until SIGTERM or Ctrl-C."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    while not told.wait(0.5):
        pass


# ---- commands that run the platform ----------------------------------------------------------------------------------


def command_run(settings: Settings, options: argparse.Namespace) -> int:
    """Everything in one process tree: gateway, engine, workers, and the stand-ins as a child."""
    from gateway.client import commands
    from workers.standins.child import Child

    platform = Platform(settings)
    platform.seed()
    _set_demo_passwords(platform)
    tokens = platform.secrets()
    platform.start_gateway()
    standins = None
    if not settings.systems:
        standins = Child(settings.data / "standins", settings.url, settings.standins_port, settings.clock)
        url: str | None = standins.start(platform.standin_tokens())
    else:
        url = None
    platform.start_engine(with_workers=True, systems_url=url)
    commands.write_running(settings.data, settings.url, tokens.operator, url)
    print(_welcome(settings, url), flush=True)
    if not options.no_demo:
        threading.Thread(target=_play_demo, args=(settings, tokens, url), name="demo", daemon=True).start()
    platform.serve()
    print("正在停止…", flush=True)
    if standins is not None:
        standins.stop()
    platform.stop()
    (settings.data / commands.RUNNING).unlink(missing_ok=True)
    print("已停止;再次启动后,所有事项从原处继续。", flush=True)
    return 0


def command_engine(settings: Settings, options: argparse.Namespace) -> int:
    """Timers, messages and the relay; as many of these as wanted, on PostgreSQL and RabbitMQ."""
    platform = Platform(settings)
    platform.seed()
    platform.start_engine(with_workers=not settings.amqp_url, systems_url=options.systems_url)
    print("engine ready", flush=True)
    platform.serve()
    platform.stop()
    return 0


def command_worker(settings: Settings, options: argparse.Namespace) -> int:
    """The adapters, on RabbitMQ. They have no database."""
    from processes.messaging import jobs
    from processes.observing.health import Health
    from processes.observing.metrics import Metrics
    from workers.bus.amqp import AmqpBus

    if not settings.amqp_url:
        raise SystemExit("worker 需要 AMQP_URL;没有消息队列时,适配器随 run 或 engine 一起运行")
    bus = AmqpBus(settings.amqp_url, name="worker", topics=tuple(jobs.CATALOGUE))
    health = Health()
    health.add("broker", "消息队列", _connected(lambda: bus.wait_connected(1.0)))
    stops = _observed(settings, Metrics(), health)
    print("worker ready", flush=True)
    _runner(bus, settings, options.systems_url).run()
    for stop in stops:
        stop()
    return 0


def command_gateway(settings: Settings, options: argparse.Namespace) -> int:
    """The web server alone."""
    platform = Platform(settings)
    platform.seed()
    platform.start_gateway()
    print(f"gateway ready: {settings.url}", flush=True)
    platform.serve()
    platform.stop()
    return 0


def _set_demo_passwords(platform: Platform) -> None:
    from processes.casework import people

    with platform.core.database.write() as connection:
        people.set_missing_passwords(connection, DEMO_PASSWORD)


def _welcome(settings: Settings, standins: str | None) -> str:
    from gateway.client.demo import accounts as demo_accounts

    lines = ["", "闭环 Bihuan 已启动", f"  网址      {settings.url}", f"  数据      {settings.data}"]
    if standins:
        lines.append(f"  外部系统  {standins}(替身)")
    lines.append(f"  演示账号  口令均为 {DEMO_PASSWORD}")
    lines += [f"    {account:<12}{who}" for account, who in demo_accounts(MODELS / "reference")]
    lines.append("  按 Ctrl-C 停止")
    return "\n".join(lines)


def _play_demo(settings: Settings, tokens: Secrets, standins: str | None) -> None:
    from gateway.client.api import Api
    from gateway.client.demo import play

    try:
        play(Api(settings.url, tokens.operator), MODELS / "demo", standins)
    except Exception:
        log.exception("the demo data could not be played in")


# ---- backup ----------------------------------------------------------------------------------------------------------


def command_backup(settings: Settings, options: argparse.Namespace) -> int:
    """Back the database up, while the platform runs or not."""
    from processes.store import backup
    from processes.store.backup.progress import on_terminal
    from processes.store.database import Database

    database = Database(settings.database_url)
    manifest = backup.write(database, options.file, progress=on_terminal)
    print(f"已备份 {manifest.rows:,} 行到 {options.file}（{options.file.stat().st_size / 1e6:,.1f} MB）")
    return 0


def command_restore(settings: Settings, options: argparse.Namespace) -> int:
    """Restore a backup into an empty database."""
    from processes.runtime.resending import resend_open_jobs
    from processes.runtime.workshop import Settings as EngineSettings
    from processes.store import backup
    from processes.store.backup.progress import on_terminal
    from processes.store.database import Database

    now, source = _clock(settings).now(), EngineSettings().source
    manifest = backup.restore(
        Database(settings.database_url),
        options.file,
        force=options.force,
        finish=lambda connection: resend_open_jobs(connection, source, now),
        progress=on_terminal,
    )
    print(f"已恢复 {manifest.rows:,} 行，备份时间 {manifest.made_at}；现在可以启动平台")
    return 0


# ---- commands on files alone -----------------------------------------------------------------------------------------


def command_check(settings: Settings, options: argparse.Namespace) -> int:
    """Everything that is wrong with models, at once; exit code 1 when there are errors."""
    from processes.messaging import jobs
    from processes.notation.check import check_paths, render

    findings = check_paths(options.paths, topics=frozenset(jobs.CATALOGUE))
    if options.json:
        print(json.dumps([each.to_dict() for each in findings], ensure_ascii=False, indent=1))
    else:
        print(render(findings, "zh"))
    return 1 if any(each.severity == "error" for each in findings) else 0


def command_decide(settings: Settings, options: argparse.Namespace) -> int:
    """Try a decision on a file: what comes out, and which rules made it."""
    from processes.casework.assembly import Core
    from processes.clock import SystemClock
    from processes.errors import BihuanError
    from processes.notation.decisions.trial import read_input, try_decision
    from processes.store.database import Database

    variables = read_input(options.input)
    try:
        body = options.file.read_bytes()
    except OSError as error:
        raise BihuanError(f"读不了文件 {options.file}：请核对路径", f"{options.file}: {error}") from error
    clock = SystemClock()
    core = Core.on(Database("sqlite://"), clock)
    core.seed(MODELS, models={})
    trial = try_decision(body, options.file.name, variables, options.decision, core.engine.functions, clock.now)
    print(json.dumps(trial.to_dict(), ensure_ascii=False, indent=1) if options.json else trial.render())
    return 0


def _as_client(name: str) -> Callable[[Settings, argparse.Namespace], int]:
    """A command that speaks to a running platform."""

    def run(settings: Settings, options: argparse.Namespace) -> int:
        from gateway.client import commands

        api = commands.connect(settings.data, options.url, settings.url, Secrets.read(settings.secrets).operator)
        function: Callable[..., int] = getattr(commands, name)
        return function(api, options, print)

    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="闭环 Bihuan：涉企问题高效闭环解决")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="命令")

    def add(name: str, function: Callable[[Settings, argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        each = subparsers.add_parser(name, help=help, description=help)
        each.set_defaults(function=function)
        return each

    def client(name: str, help: str) -> argparse.ArgumentParser:
        each = add(name, _as_client(name), help)
        each.add_argument("--url", help="平台的网址（默认：本机正在运行的那一个）")
        return each

    run = add("run", command_run, "在一台机器上启动整个平台（PORT、DATA 指定端口和数据文件夹）")
    run.add_argument("--no-demo", action="store_true", help="不放入演示数据")
    for name, function, help in (
        ("engine", command_engine, "流程引擎（配合 DATABASE_URL、AMQP_URL）"),
        ("worker", command_worker, "外部系统适配器（配合 AMQP_URL）"),
    ):
        add(name, function, help).add_argument("--systems-url", help="外部系统替身的网址")
    add("gateway", command_gateway, "网页和接口")
    backup = add("backup", command_backup, "备份数据库（平台可以正在运行）")
    backup.add_argument("file", type=Path, help="写到这个文件")
    restore = add("restore", command_restore, "把备份恢复到一个空的数据库（SQLite 和 PostgreSQL 的备份可以互相恢复）")
    restore.add_argument("file", type=Path, help="backup 写的文件")
    restore.add_argument("--force", action="store_true", help="先删除数据库里现有的全部数据（无法找回），再恢复")
    check = add("check", command_check, "检查流程图、决策表和表单；有错误时退出码为 1")
    check.add_argument("paths", nargs="+", type=Path)
    check.add_argument("--json", action="store_true")
    decide = add("decide", command_decide, "试算一个决策：给出结果和命中的规则")
    decide.add_argument("file", type=Path, help="决策文件（.dmn）")
    decide.add_argument("--decision", help="决策的 id（默认：文件里最终的那一个）")
    decide.add_argument("--input", default="{}", help="输入，JSON 对象，例如 '{\"days\": 5}'")
    decide.add_argument("--json", action="store_true")
    deploy = client("deploy", "检查并部署模型")
    deploy.add_argument("paths", nargs="+", type=Path)
    deploy.add_argument("--place", help="只在这个地区生效")
    load = client("load", "载入地区、机构、人员、日历等基础数据")
    load.add_argument("folder", type=Path, nargs="?", default=MODELS / "reference")
    report = client("report", "把一批问题从某个渠道报进来（.jsonl、.csv、.xlsx）")
    report.add_argument("file", type=Path)
    report.add_argument("--channel", required=True, help="渠道代码，例如 hotline")
    report.add_argument("--outcomes", type=Path, help="每行的结果写进这个文件（JSON 行）")
    cases = client("cases", "列出事项")
    cases.add_argument("--place")
    cases.add_argument("--stage")
    cases.add_argument("--limit", type=int, default=50)
    case = client("case", "看一件事项")
    case.add_argument("id", help="问题编号或内部编号")
    tasks = client("tasks", "列出待办任务")
    for name in ("--place", "--role", "--case"):
        tasks.add_argument(name)
    for each in (cases, case, tasks):
        each.add_argument("--json", action="store_true")
    complete = client("complete", "办理一项任务")
    complete.add_argument("task")
    complete.add_argument("values", nargs="*", metavar="键=值")
    complete.add_argument("--person", help="以谁的名义办理（账号）")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Errors are sentences, with what to do; never a stack trace."""
    from processes.errors import BihuanError
    from processes.observing import logs

    options = _parser().parse_args(arguments)
    try:
        logs.set_up(os.environ)
        return int(options.function(Settings.read(os.environ), options))
    except BihuanError as error:
        print(error.zh, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _use_own_environment() -> None:
    """Started by a Python without our packages, go on with the one that ``make`` has set up beside us."""
    own = HERE / ".venv" / "bin" / "python"
    if importlib.util.find_spec("sqlalchemy") is not None:
        return
    if not own.exists():
        raise SystemExit("尚未安装：请先在本文件夹运行 make run（或 make test）")
    os.execv(own, [str(own), *sys.argv])


if __name__ == "__main__":
    _use_own_environment()
    raise SystemExit(main())
