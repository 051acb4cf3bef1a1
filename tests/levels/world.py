"""Two whole deployments with a network between them that can be cut: each has a database server, a broker with a TLS listener, engine, worker,
gateway and stand-ins, and a clock of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from processes.store.database import Database
from tests.faults.proxy import Proxy
from tests.levels.accounts import PASSWORD, open_account
from tests.levels.certificates import Authority, listener
from tests.levels.places import CITY, PROVINCE, shared
from tests.servers.process import free_ports
from tests.servers.rabbit import RabbitNode
from tests.tour.world import World

NAMES = (CITY, PROVINCE)


class Levels:
    """``with Levels(start) as levels``: both are up and linked."""

    def __init__(self, start: datetime, tell: Callable[[str], None] = print) -> None:
        self._tell = tell
        self._stack = contextlib.ExitStack()
        self._ports = dict(zip(NAMES, free_ports(2), strict=True))
        self.links = {name: Proxy([port]) for name, port in self._ports.items()}
        """the way to each broker's TLS listener"""
        self.worlds = {name: World(start, tell, self._broker(name)) for name in NAMES}
        self.folder = self.worlds[CITY].folder
        self._authority = Authority(self.folder / "certificates")
        self._own = {name: self._authority.issue(name) for name in NAMES}
        self._databases: dict[str, Database] = {}

    @property
    def city(self) -> World:
        """The city's deployment."""
        return self.worlds[CITY]

    @property
    def province(self) -> World:
        """The province's deployment."""
        return self.worlds[PROVINCE]

    def __enter__(self) -> Levels:
        try:
            for name, world in self.worlds.items():
                world.settings["PEERS"] = str(self._write_peers(name, 2))
                self._stack.enter_context(world)
                api = world.api()
                folder = shared(world.folder / "reference")
                files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.csv")}
                api.upload("/api/reference", files, {})
                self._databases[name] = Database(world.database_url)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything."""
        for database in self._databases.values():
            database.dispose()
        self._stack.close()
        for link in self.links.values():
            link.close()

    def remove(self) -> None:
        """Remove the folders with the logs: for when all went well."""
        for world in self.worlds.values():
            world.remove()

    def _broker(self, name: str) -> Callable[[], RabbitNode]:
        def make() -> RabbitNode:
            node = RabbitNode.start(options=listener(self._ports[name], self._authority, self._own[name]))
            open_account(node, _other(name))
            return node

        return make

    def _write_peers(self, name: str, version: int) -> Path:
        other = _other(name)
        own = self._own[name]
        about = {
            "url": f"amqps://{name}:{PASSWORD}@127.0.0.1:{self.links[other].port}/%2F",
            "ca": str(self._authority.certificate),
            "certificate": str(own.certificate),
            "key": str(own.key),
            "version": version,
        }
        file = self.worlds[name].folder / "peers.json"
        file.write_text(json.dumps({"name": name, "peers": {other: about}}), "utf-8")
        return file

    def agree(self, version: int) -> None:
        """Have both speak this version of the contracts from now on: processes are killed, and start with the new settings."""
        for name, world in self.worlds.items():
            self._write_peers(name, version)
            for part in ("engine", "gateway"):
                world.restart(part)

    def database(self, name: str) -> Database:
        """A deployment's database, for what no page shows."""
        return self._databases[name]

    def cut(self) -> None:
        """Nothing passes between the two."""
        for link in self.links.values():
            link.refuse = True
            link.reset()

    def heal(self) -> None:
        """The link is back."""
        for link in self.links.values():
            link.heal()

    def advance(self, by: timedelta) -> None:
        """Time passes in both."""
        for world in self.worlds.values():
            world.clock.advance(by)


def _other(name: str) -> str:
    return PROVINCE if name == CITY else CITY
