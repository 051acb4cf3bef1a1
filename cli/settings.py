"""What a process is told from outside: the environment, and the file of tokens and keys."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from processes.clock import Clock, FileClock, SystemClock
from processes.errors import BihuanError
from processes.failpoints import hit
from processes.messaging.signing import Key
from processes.runtime.filing import AFTER
from processes.runtime.workshop import PATIENCE

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
    patience: float
    """seconds for which jobs wait for an external system that is down, until a person is told"""
    peers: Path | None
    """a JSON file with the other deployments that this one is linked to"""
    oidc: Path | None
    """a JSON file with who vouches for people at the login, besides their passwords"""
    structured: tuple[str, ...]
    """topics whose jobs leave in CloudEvents' structured mode, for workers who only read bodies"""
    foreign: tuple[str, ...]
    """topics that other people's workers do: our adapters leave them alone"""
    answers: Mapping[str, tuple[str, ...]]
    """partner → the topics whose jobs it may answer in its own name"""
    largest_upload: int
    """bytes of a file that people may put into a form"""
    token_rate: int
    """requests of an access token a minute"""
    address_rate: int
    """requests over the API without a good token, of an address a minute"""
    audit_kept: timedelta
    """how long an entry of the audit log stays in the database at least"""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """From ``PORT``, ``HOST``, ``DATA``, ``DATABASE_URL``, ``AMQP_URL``, ``SYSTEMS``, ``STANDINS_PORT``, ``CLOCK``, ``SECRETS``,
        ``METRICS_PORT``, ``FILE_AFTER``, ``JOB_PATIENCE`` (seconds), ``PEERS``, ``OIDC``, ``STRUCTURED_TOPICS``, ``FOREIGN_TOPICS``
        (``channel.answer,notice.send``), ``ANSWERS`` (``acme:notice.send,rating.request boards:channel.answer``), ``TOKEN_RATE``,
        ``ADDRESS_RATE`` and ``AUDIT_DAYS``."""

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
            patience=float(environment.get("JOB_PATIENCE") or PATIENCE),
            peers=path("PEERS"),
            oidc=path("OIDC"),
            structured=_topics(environment.get("STRUCTURED_TOPICS", "")),
            foreign=_topics(environment.get("FOREIGN_TOPICS", "")),
            answers=_answers(environment.get("ANSWERS", "")),
            largest_upload=int(float(environment.get("LARGEST_UPLOAD") or 20) * 1024 * 1024),
            token_rate=int(environment.get("TOKEN_RATE") or 600),
            address_rate=int(environment.get("ADDRESS_RATE") or 60),
            audit_kept=timedelta(days=float(environment.get("AUDIT_DAYS") or 183)),
        )

    def wall_clock(self) -> Clock:
        """The time that this process goes by."""
        return FileClock(self.clock) if self.clock else SystemClock()

    @property
    def url(self) -> str:
        """Where this machine reaches the gateway."""
        return f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"


def _topics(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (each.strip() for each in text.split(","))))


def _answers(text: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for each in text.split():
        partner, colon, topics = each.partition(":")
        if not (partner and colon and _topics(topics)):
            raise BihuanError(
                f"ANSWERS 里的“{each}”应写成 合作方:主题,主题，例如 acme:notice.send",
                f"ANSWERS: {each!r} is not partner:topic,topic",
            )
        found[partner] = _topics(topics)
    return found


LIVE_KEYS = 2
"""Keys of a partner that are good at the same time: the old one and the new one, while it is changed."""


@dataclass(frozen=True)
class Secrets:
    """Bearer tokens, made at the first start and kept in a file that only the owner may read; and, added to that file by hand, keys.

    ``{"operator": …, "partners": {…}, "keys": {"hotline": [{"id": "k1", "secret": "…"}]}, "users": {"hotline": ["amqp-user"]}}``
    """

    operator: str
    partners: Mapping[str, str]
    """partner → token; ``*`` speaks for every partner that has none of its own (the stand-ins)"""
    keys: Mapping[str, Sequence[Key]] = field(default_factory=dict)
    """partner → its live keys; ``bihuan``: the platform's own, which signs with the first"""
    users: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """partner → its users on the broker, when they do not go by its name"""
    vault: str = ""
    """the key that second factors are sealed with in the database: without it they are lost"""

    @classmethod
    def read(cls, path: Path) -> Secrets:
        """The file's, made first when there is none."""
        try:
            kept = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            kept = {"operator": secrets.token_urlsafe(32), "partners": {}}
        keys = {
            partner: tuple(Key(each["id"], each["secret"]) for each in listed)
            for partner, listed in kept.get("keys", {}).items()
        }
        crowded = [partner for partner, listed in keys.items() if len(listed) > LIVE_KEYS]
        if crowded:
            raise BihuanError(
                f"{path} 里合作方 {crowded[0]} 的密钥超过 {LIVE_KEYS} 把",
                f"{crowded[0]} has more than {LIVE_KEYS} keys",
            )
        return cls(kept["operator"], kept["partners"], keys, kept.get("users", {}), kept.get("vault", ""))

    @classmethod
    def ensure(cls, path: Path, partners: Sequence[str]) -> Secrets:
        """The file's, with a token for each of these partners, and a key for the vault. Of several processes that start at once on one
        machine, the first makes them."""
        kept = cls.read(path)
        if path.exists() and kept._is_complete(partners):
            return kept
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = cls.read(path)
            return kept if path.exists() and kept._is_complete(partners) else kept._completed(path, partners)

    def _is_complete(self, partners: Sequence[str]) -> bool:
        return bool(self.vault) and all(self.partners.get(partner) for partner in partners)

    def _completed(self, path: Path, partners: Sequence[str]) -> Secrets:
        from processes.casework.accounts.vault import Vault  # only here: every command reads this module

        full = {partner: self.partners.get(partner) or secrets.token_urlsafe(32) for partner in partners}
        fresh = replace(self, partners={**self.partners, **full}, vault=self.vault or Vault.fresh_key())
        new = path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(fresh._as_json(), file)
        hit("secrets.written")
        new.replace(path)
        return fresh

    def _as_json(self) -> dict[str, Any]:
        keys = {name: [{"id": key.id, "secret": key.secret} for key in listed] for name, listed in self.keys.items()}
        rest = (("keys", keys), ("users", dict(self.users)), ("vault", self.vault))
        added = {name: value for name, value in rest if value}
        return {"operator": self.operator, "partners": dict(self.partners), **added}
