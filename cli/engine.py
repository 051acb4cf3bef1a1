"""``engine``: one of any number."""

from __future__ import annotations

import argparse

from cli.platform import Platform
from cli.settings import Settings


def engine(settings: Settings, options: argparse.Namespace) -> int:
    """Timers, messages and the relay; as many of these as wanted, on PostgreSQL and RabbitMQ."""
    platform = Platform(settings)
    platform.seed()
    platform.start_engine(with_workers=not settings.amqp_url, systems_url=options.systems_url)
    print("engine ready", flush=True)
    platform.serve()
    platform.stop()
    return 0
