"""``worker``: one of any number. Nothing here leads to the database."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Collection
from typing import Any

from cli.parts import connected, observed, runner, signer
from cli.settings import Secrets, Settings
from processes.errors import BihuanError
from processes.messaging import jobs
from processes.observing.health import Health
from processes.observing.metrics import Metrics
from workers.bus.amqp import AmqpBus
from workers.kit import Runner, Worker


def worker(settings: Settings, options: argparse.Namespace) -> int:
    """The adapters, or somebody's own worker, on RabbitMQ. They have no database."""
    if not settings.amqp_url:
        raise SystemExit("worker 需要 AMQP_URL;没有消息队列时,适配器随 run 或 engine 一起运行")
    own = load(options.module) if options.module else None
    signs = signer(Secrets.read(settings.secrets), settings.wall_clock())
    bus = AmqpBus(settings.amqp_url, name=own.name if own else "worker", topics=_topics(own), signer=signs)
    health = Health()
    health.add("broker", "消息队列", connected(lambda: bus.wait_connected(1.0)))
    stops = observed(settings, Metrics(), health)
    print("worker ready", flush=True)
    (Runner(bus, [own]) if own else runner(bus, settings, options.systems_url)).run()
    for stop in stops:
        stop()
    return 0


def _topics(own: Worker | None) -> Collection[str]:
    """Whose queues are declared: those of the catalogue, and of what a worker of somebody's own takes besides."""
    return {*jobs.CATALOGUE, *(own.topics if own else ())}


def load(name: str) -> Worker:
    """The worker that a module (found as Python finds modules, from the working folder on) calls so. Raises :class:`BihuanError`."""
    module, _, variable = name.partition(":")
    sys.path.insert(0, "")
    try:
        found: Any = getattr(importlib.import_module(module), variable or "worker")
    except (ImportError, AttributeError) as error:
        raise BihuanError(f"找不到工作程序 {name}：{error}", f"no worker {name}: {error}") from error
    if not isinstance(found, Worker):
        raise BihuanError(f"{name} 不是 workers.kit 的 Worker", f"{name} is no Worker of workers.kit")
    return found
