"""Parts that a worker, which has no database, has in common with the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from cli.settings import Secrets, Settings
from processes.clock import Clock
from processes.messaging import jobs
from processes.messaging.identity import Identity
from processes.messaging.inlet import INTERNAL
from processes.messaging.signing import Signer
from processes.observing.health import Health, NotReady
from processes.observing.metrics import Metrics
from processes.observing.server import Server


def judge(topic: str, arguments: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What is wrong with a job's arguments that a diagram gives as literals: (where, why in Chinese)."""
    return [(each.path, each.zh) for each in jobs.problems_of(topic, arguments)]


def runner(bus: Any, settings: Settings, systems_url: str | None) -> Any:
    """The adapters on a bus; they speak to the external systems of the settings, else to the stand-ins at ``systems_url``.

    Imported here, because a gateway has none of them.
    """
    from workers.runner import Outbound, Runner, Systems, adapters

    systems = (
        Systems.read(settings.systems) if settings.systems else Systems.standins(systems_url or "http://127.0.0.1:8090")
    )
    return Runner(bus, adapters(Outbound(systems, settings.wall_clock())), leave=settings.foreign)


def signer(secrets: Secrets, clock: Clock) -> Signer | None:
    """What signs the platform's own messages, when it has a key."""
    own = secrets.keys.get(INTERNAL)
    return Signer(own[0], clock) if own else None


def identity(secrets: Secrets, settings: Settings, clock: Clock) -> Identity:
    """What is known of partners; the platform's user on the broker is that of ``AMQP_URL``."""
    own = urlsplit(settings.amqp_url or "").username or "guest"
    users = {INTERNAL: (unquote(own),), **secrets.users}
    return Identity(secrets.keys, users, settings.answers, clock)


def observed(settings: Settings, metrics: Metrics, health: Health) -> list[Callable[[], None]]:
    """Answer on ``METRICS_PORT``, if there is one; returns what stops it."""
    if settings.metrics_port is None:
        return []
    server = Server(settings.host, settings.metrics_port, metrics, health)
    server.start()
    return [server.stop]


def connected(ready: Callable[[], bool]) -> Callable[[], None]:
    """The check of a broker: messages can come and go."""

    def check() -> None:
        if not ready():
            raise NotReady(
                "连不上消息队列；请检查 RabbitMQ 是否在运行、AMQP_URL 是否正确", "no connection to the broker"
            )

    return check
