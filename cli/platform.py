"""The wiring: database, engine, bus, gateway, timers and checks of health, put together as the settings say."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from cli.parts import connected, identity, judge, observed, runner, signer
from cli.settings import MODELS, Secrets, Settings
from processes.casework.assembly import Core
from processes.casework.bulk import Bulk
from processes.casework.counting import Counting
from processes.casework.model_scenarios import Bodies
from processes.casework.subjects.erasure import Erasure
from processes.casework.tidying import Tidying
from processes.errors import BihuanError
from processes.messaging import hotline, jobs
from processes.messaging.bus import Address
from processes.messaging.peers import BadPeers, Peers
from processes.notation.check import Codes, Finding, check_files
from processes.observing.health import Health, NotReady
from processes.observing.metrics import Metrics
from processes.runtime.filing import Filing
from processes.runtime.heat import Heat
from processes.runtime.memory import spare_collector
from processes.runtime.scheduler import Scheduler
from processes.runtime.watchdog import LIMIT, Watchdog
from processes.store import readiness
from processes.store.database import Database
from processes.store.gauges import Gauges
from processes.store.traffic import Traffic
from processes.whatif.runs import WhatIfs

PATIENCE = 60.0
"""Seconds for which a process that starts waits for its database."""


CONNECTIONS = 800
"""Connections that the gateway keeps open; beyond that nobody is answered. Each browser has one or two, for as long as it shows a page. A process
may usually have 1,024 files open."""


class Platform:
    """The parts, put together. Each part's imports are where it is started, so that a process loads nothing of those it does not have."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.data.mkdir(parents=True, exist_ok=True)
        clock = settings.wall_clock()
        self.peers = Peers.read(settings.peers) if settings.peers else Peers()
        if self.peers.peers and not settings.amqp_url:
            raise BadPeers(
                "与别的平台相连需要消息队列（AMQP_URL）：它们把消息发到这里", "peers need a broker of our own"
            )
        kept = Secrets.read(settings.secrets)
        self._signer = signer(kept, clock)
        self.core = Core.on(
            Database(settings.database_url),
            clock,
            self.peers,
            identity(kept, settings, clock),
            events=bool(settings.amqp_url),
            patience=settings.patience,
        )
        self.inlet = self.core.reception.inlet(self._may_send)
        self.scheduler = Scheduler(self.core.engine)
        self.filing = Filing(self.core.database, clock, settings.file_after)
        self.tidying = Tidying(self.core.database, clock)
        self.heat = Heat(self.core.database, clock)
        self.counting = Counting(self.core.database, clock, self.core.snapshots)
        self.bulk = Bulk(self.core.engine, self.core.snapshots)
        self.what_ifs = WhatIfs(self.core.engine, self.core.snapshots)
        self.topics = tuple(jobs.CATALOGUE)
        self.metrics = Metrics(Gauges(self.core.database, clock))
        self.health = Health()
        self._started = threading.Event()
        self.health.add("start", "启动", self._check_started)
        readiness.add_checks(self.health, self.core.database)
        self._watched = False
        self._stops: list[Callable[[], None]] = []
        self._stops += observed(settings, self.metrics, self.health)

    def _may_send(self, partner: str, message_type: str) -> bool:
        """A partner may report over the channels that are its own, and a hotline's messages are the hotline's; others are checked
        by their content."""
        channel, _, what = message_type.rpartition(".")
        if what != "order" and channel != hotline.CHANNEL:
            return True
        found = self.core.snapshots.now().reference.channels.get(channel)
        return found is not None and found.partner == partner

    def _watch(self) -> None:
        """Let a watchdog look after the commands of this process (``STALL_SECONDS`` is how long one may take), and write down what it counts."""
        if not self._watched:
            self._watched = True
            traffic = Traffic(self.core.database, self.core.clock)
            traffic.start()
            self._stops.append(traffic.stop)
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
                return self.core.seed(MODELS, scenarios=_shipped)
            except Exception as error:
                if time.monotonic() > until or not self.core.database.is_transient(error):
                    raise
            time.sleep(0.5)

    def secrets(self) -> Secrets:
        """The tokens, one a partner of the channels."""
        reference = self.core.snapshots.now().reference
        channels = {each.partner for each in reference.channels.values()}
        partners = sorted(channels | reference.systems | {"ratings", "seven-lists", "notices"})
        return Secrets.ensure(self.settings.secrets, partners)

    def standin_tokens(self) -> dict[str, str]:
        """For the stand-ins: system → the token of the partner it is; a channel's system is named by the channel's code."""
        partners = self.secrets().partners
        channels = self.core.snapshots.now().reference.channels.values()
        return {**partners, **{each.code: partners[each.partner] for each in channels}}

    @cached_property
    def bus(self) -> Any:
        """The bus of this process: the broker's, or the outbox itself."""
        core = self.core
        if self.settings.amqp_url:
            from workers.bus.amqp import AmqpBus

            return AmqpBus(
                self.settings.amqp_url,
                core.clock,
                name="engine",
                topics=self.topics,
                structured=self.settings.structured,
                signer=self._signer,
            )
        from workers.bus.embedded import EmbeddedBus

        return EmbeddedBus(core.database, core.clock, topics=self.topics, resolve=core.resolve)

    def upkeep(self) -> Any:
        """What operators look after: the bus's queues and dead letters, with those of the outbox before a broker."""
        if not self.settings.amqp_url:
            return self.bus
        from workers.bus.upkeep import BothUpkeep

        return BothUpkeep(self.bus, self.core.database, self.core.clock)

    # -- starting parts ----------------------------------------------------------------------------------------------

    def start_engine(self, with_workers: bool, systems_url: str | None) -> None:
        """Timers, and the bus with the inlet behind it; with the workers on the same bus when there is no broker."""
        from workers.bus.peers import PeerRelay
        from workers.bus.relay import Relay

        self._watch()
        core, bus = self.core, self.bus
        if self.settings.amqp_url:
            relay = Relay(core.database, bus, core.clock, core.resolve)
            line = bus.line(self._receive, tidy=core.engine.tidy, give_back=core.engine.give_back, resolve=core.resolve)
            core.engine.courier = line
            self.health.add("broker", "消息队列", connected(lambda: bus.wait_connected(1.0) and line.ready.wait(1.0)))
            peers = [
                PeerRelay(
                    core.database, core.clock, each, self.peers.name, core.dispatch.unfold, meanwhile=core.arrivals.ask
                )
                for each in self.peers.peers.values()
            ]
            starts = [relay.start, line.start, *(each.start for each in peers)]
            stops = [relay.stop, lambda: line.stop(30.0), *(each.stop for each in peers)]
        else:
            # One at a time: news of a case come in the order in which they were sent ("accepted" never overtakes "in hand").
            bus.subscribe(Address.INBOX, ["*"], self.inlet.deliver, concurrency=1)
            starts, stops = [], []
        if with_workers:
            runner(bus, self.settings, systems_url).attach()
        bus.start()
        for start in starts:
            start()
        self.scheduler.start()
        self.filing.start()
        self.bulk.start()
        self.what_ifs.start()
        self.heat.start()
        self.counting.start()
        self.tidying.start()
        self._start_trials()
        erasure = Erasure(core.database, core.clock, core.engine.settings.source, self.upkeep())
        erasure.start()
        self.health.add("scheduler", "定时器", self.scheduler.check)
        self._stops += [bus.stop, *stops, self.scheduler.stop, self.filing.stop, self.tidying.stop]
        self._stops += [erasure.stop, self.counting.stop, self.what_ifs.stop]
        spare_collector()

    def _start_trials(self) -> None:
        """What plays the scenarios of models that are to come into force, and puts them into force at their time."""
        from processes.casework.planned_changes import PlannedChanges
        from processes.scenarios.trials import Trials

        core = self.core
        for each in (
            Trials(core.database, core.clock, core.snapshots),
            PlannedChanges(core.engine, core.snapshots, self.check),
        ):
            each.start()
            self._stops.append(each.stop)

    def _receive(self, messages: Sequence[Any], turn: Any) -> Sequence[Any]:
        """What became of each of these messages off the bus."""
        from workers.bus.delivery import ending_of

        return [ending_of(error) for error in self.core.reception.receive_all(messages, self._may_send, turn)]

    def start_gateway(self, share_port: bool = False) -> None:
        """The web server, in a thread of its own. ``share_port``: others of this machine that say so, too, may have the port as well; the kernel
        gives each new connection to one of them."""
        from waitress.server import create_server

        self._watch()
        try:
            server = create_server(
                self.web(),
                sockets=self._listening(share_port),
                threads=8,
                connection_limit=CONNECTIONS,
                asyncore_use_poll=True,
                ident="bihuan",
            )
        except OSError as error:
            port, why = self.settings.port, str(error.strerror).partition(" (")[0]
            raise BihuanError(
                f"端口 {port} 用不了（{why}）；请换一个，例如 PORT={port + 1} make run",
                f"port {port}: {error}",
            ) from error
        threading.Thread(target=server.run, name="gateway", daemon=True).start()
        self._stops += [self.bus.stop, server.close]

    def _listening(self, share_port: bool) -> list[socket.socket]:
        """At each address that the host has."""
        host, port = self.settings.host, self.settings.port
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return [
            socket.create_server(address[:2], family=family, reuse_port=share_port)
            for family, _, _, _, address in found
        ]

    def check(self, files: Mapping[str, bytes]) -> Sequence[Finding]:
        """What is wrong with models, as this platform's roles, stages and jobs are."""
        reference = self.core.snapshots.now().reference
        stages = frozenset(each.code for each in reference.stages)
        codes = Codes(frozenset(reference.roles), stages, frozenset(self.topics), judge, jobs.required)
        return check_files(files, codes=codes, deploying=True)

    def web(self) -> Any:
        """The WSGI application."""
        from gateway import create_app
        from gateway.services import Services
        from gateway.services import Settings as GatewaySettings
        from processes.casework.accounts.vault import Vault

        tokens = self.secrets()
        return create_app(
            Services(
                database=self.core.database,
                engine=self.core.engine,
                clock=self.core.clock,
                snapshots=self.core.snapshots,
                inlet=self.inlet,
                check=self.check,
                upkeep=self.upkeep(),
                settings=GatewaySettings(
                    data=self.settings.data,
                    partners={token: partner for partner, token in tokens.partners.items()},
                    operators={tokens.operator: "operator"},
                    vault=Vault(tokens.vault),
                    oidc=_provider(self.settings.oidc) if self.settings.oidc else None,
                    largest_upload=self.settings.largest_upload,
                    token_rate=self.settings.token_rate,
                    address_rate=self.settings.address_rate,
                ),
                metrics=self.metrics,
                health=self.health,
            )
        )

    def _check_started(self) -> None:
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


def _shipped() -> Bodies:
    """The scenarios beside the shipped models. What plays them is imported with what reads them: only when the database is empty."""
    from processes.scenarios import kept

    return kept.in_folders([MODELS])


def _provider(file: Path) -> Any:
    """Who vouches for those who log in, by the file of ``OIDC``. What checks his signatures takes 0.2 s to import."""
    from gateway.oidc import Configuration, Provider

    return Provider(Configuration.read(file))


def _wait_for_stop() -> None:
    """Until SIGTERM or Ctrl-C."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    while not told.wait(0.5):
        pass
