"""``worker``: one of any number. Nothing here leads to the database."""

from __future__ import annotations

import argparse

from cli.parts import connected, observed, runner
from cli.settings import Settings
from processes.messaging import jobs
from processes.observing.health import Health
from processes.observing.metrics import Metrics
from workers.bus.amqp import AmqpBus


def worker(settings: Settings, options: argparse.Namespace) -> int:
    """The adapters, on RabbitMQ. They have no database."""
    if not settings.amqp_url:
        raise SystemExit("worker 需要 AMQP_URL;没有消息队列时,适配器随 run 或 engine 一起运行")
    bus = AmqpBus(settings.amqp_url, name="worker", topics=tuple(jobs.CATALOGUE))
    health = Health()
    health.add("broker", "消息队列", connected(lambda: bus.wait_connected(1.0)))
    stops = observed(settings, Metrics(), health)
    print("worker ready", flush=True)
    runner(bus, settings, options.systems_url).run()
    for stop in stops:
        stop()
    return 0
