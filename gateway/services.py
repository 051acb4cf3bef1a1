"""What the gateway is given by whoever starts it: the doors to everything that it shows and does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from processes.casework import functions
from processes.casework.accounts.vault import Vault
from processes.casework.functions import Snapshots
from processes.clock import Clock
from processes.languages import CHINESE
from processes.messaging.bus import Upkeep
from processes.messaging.inlet import Inlet
from processes.notation.check.findings import Finding
from processes.observing.health import Health
from processes.observing.metrics import Metrics
from processes.runtime.engine import Engine
from processes.store.database import Database

if TYPE_CHECKING:
    from gateway.oidc import Provider

Check = Callable[[Mapping[str, bytes]], Sequence[Finding]]


@dataclass(frozen=True)
class Settings:
    """How a gateway is set up. ``data`` is the folder of its state (the session's key).

    ``partners``: bearer token → the partner it speaks for; ``operators``: bearer token → the operator's name.
    ``counter``: the channel code of problems entered at the counter; ``secure``: cookies over HTTPS only.
    """

    data: Path
    partners: Mapping[str, str] = field(default_factory=dict)
    operators: Mapping[str, str] = field(default_factory=dict)
    counter: str = "counter"
    secure: bool = False
    largest_body: int = 32 * 1024 * 1024
    """bytes of a request; a deployment of all models is the largest there is"""
    vault: Vault = field(default_factory=Vault.with_fresh_key)
    """what second factors are sealed with"""
    oidc: Provider | None = None
    """who vouches for people besides their passwords, if anybody"""
    largest_upload: int = 20 * 1024 * 1024
    """bytes of a file that people may put into a form"""
    token_rate: int = 600
    """requests of an access token a minute"""
    address_rate: int = 60
    """requests over the API without a good token, of an address a minute"""


@dataclass(frozen=True)
class Services:
    """The engine, the database under it, and the rest. ``check`` looks at model files before they are deployed; ``upkeep``:
    the queues and dead letters; ``metrics`` and ``health`` are the whole process's."""

    database: Database
    engine: Engine
    clock: Clock
    snapshots: Snapshots
    inlet: Inlet
    check: Check
    upkeep: Upkeep
    settings: Settings
    metrics: Metrics = field(default_factory=Metrics)
    health: Health = field(default_factory=Health)

    def functions(self, language: str) -> Mapping[str, Callable[..., Any]]:
        """What expressions of forms may call, answering with the names of a language."""
        return self.engine.functions if language == CHINESE else functions.build(Snapshots(self.database, language))
