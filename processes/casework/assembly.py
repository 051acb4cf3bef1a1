"""The engine with the casework around it, put together in one place for the program and for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, func, select

from processes.casework import functions, loading, model_scenarios, notices, texts
from processes.casework.federation.arrivals import Arrivals
from processes.casework.federation.dispatch import Dispatch
from processes.casework.federation.hosting import Hosting
from processes.casework.model_scenarios import Bodies
from processes.casework.portal import reports
from processes.casework.projection import CaseProjection
from processes.casework.reception import Reception, refuse
from processes.clock import Clock
from processes.failpoints import hit
from processes.messaging import jobs
from processes.messaging.bus import Message
from processes.messaging.identity import OPEN, Identity
from processes.messaging.peers import Peers
from processes.notation.bundle import read_folder
from processes.runtime.engine import Engine, Settings
from processes.runtime.workshop import PATIENCE
from processes.store.database import Database
from processes.store.tables import InForce, Place


@dataclass(frozen=True)
class Core:
    """The engine, knowing the casework's functions, places and projections; and the reception in front of it."""

    database: Database
    clock: Clock
    snapshots: functions.Snapshots
    engine: Engine
    reception: Reception
    arrivals: Arrivals
    dispatch: Dispatch

    @classmethod
    def on(
        cls,
        database: Database,
        clock: Clock,
        peers: Peers | None = None,
        identity: Identity = OPEN,
        *,
        events: bool = False,
        patience: float = PATIENCE,
    ) -> Core:
        """A core on a database (which :meth:`seed` migrates). ``peers``: the other deployments that this one is linked to; ``identity``: what
        is known of the partners that send messages; ``events``: somebody may listen to what happens to cases; ``patience``: seconds for
        which jobs wait for a system that is down."""
        peers = peers or Peers()
        snapshots = functions.Snapshots(database)
        engine = Engine(
            database,
            clock,
            functions=functions.build(snapshots),
            superior=snapshots.superior,
            projections=[CaseProjection()],
            versions=snapshots.versions,
            elsewhere=Hosting(snapshots, peers),
            settings=Settings(check_result=jobs.check_result, publish_events=events, patience=patience),
        )
        arrivals = Arrivals(engine, snapshots, peers, partial(refuse, engine))
        reception = Reception(engine, arrivals.take, identity)
        return cls(database, clock, snapshots, engine, reception, arrivals, Dispatch(database, clock))

    def seed(
        self,
        folder: Path,
        models: Mapping[str, bytes] | None = None,
        scenarios: Callable[[], Bodies] = dict,
    ) -> None:
        """Bring the schema up to date; fill an empty database with the reference data and models of ``folder``, and the ``scenarios`` of
        these."""
        self.database.migrate()
        hit("seed.migrated")
        with self.database.write() as connection:
            if not connection.scalar(select(func.count()).select_from(Place)):
                loading.load(connection, folder / "reference", self.clock)
        with self.database.read() as connection:
            hit("seed.loaded")
            empty = not connection.scalar(select(func.count()).select_from(InForce))
        found = models if models is not None else read_folder([folder])
        if empty and found:
            self.engine.deploy(found, noted=partial(_keep, scenarios()))

    def resolve(self, message: Message) -> Message:
        """A job's message as it leaves for a worker: texts in place of their references, and a notice with those whom it is to reach; so with what
        a channel's job tells whoever reported in the portal."""
        said = message.data if isinstance(message.data, Mapping) else {}
        notice = message.type == notices.TOPIC and said is message.data
        portal = said.get("channel") == reports.CHANNEL and message.type.startswith("channel.")
        if not notice and not portal and not texts.has_references(message.data):
            return message
        with self.database.read() as connection:
            data = texts.resolve(connection, message.data)
            if portal:
                data = {**data, "recipients": reports.reach(connection, data)}
            return replace(message, data=notices.addressed(connection, data, self.clock.now()) if notice else data)


def _keep(scenarios: Bodies, connection: Connection) -> None:
    for process, files in scenarios.items():
        model_scenarios.keep(connection, "", process, files)
