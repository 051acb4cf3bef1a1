"""What a process is told from outside: the environment, and the file of bearer tokens."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from processes.clock import Clock, FileClock, SystemClock
from processes.failpoints import hit
from processes.runtime.filing import AFTER

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "bpmn"


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
    file_after: timedelta
    """how long after its end an instance is filed"""
    peers: Path | None
    """a JSON file with the other deployments that this one is linked to"""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """From ``PORT``, ``HOST``, ``DATA``, ``DATABASE_URL``, ``AMQP_URL``, ``SYSTEMS``, ``STANDINS_PORT``, ``CLOCK``, ``SECRETS``,
        ``METRICS_PORT``, ``FILE_AFTER`` (seconds), ``PEERS``."""

        def path(name: str) -> Path | None:
            return Path(environment[name]).resolve() if environment.get(name) else None

        data = path("DATA") or ROOT / ".data"
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
            file_after=timedelta(seconds=float(environment["FILE_AFTER"])) if environment.get("FILE_AFTER") else AFTER,
            peers=path("PEERS"),
        )

    def wall_clock(self) -> Clock:
        """The time that this process goes by."""
        return FileClock(self.clock) if self.clock else SystemClock()

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
