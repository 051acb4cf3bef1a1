"""The worker kit beside a plain pika consumer, in turns on the same broker: so many jobs of the same body in a quorum queue, each answered with a
confirmed publish by one process.

The plain one keeps to the broker's barest terms: no CloudEvents, no headers, no contract, one thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pika

from processes.messaging.addresses import EXCHANGES, INBOX_QUEUE
from processes.messaging.answers import ATTEMPT, JOB
from processes.messaging.bus import Address, Message
from tests.benchmarks.report import Section, at_least, at_most, figure, times
from tests.benchmarks.rig.contenders import BASELINES
from tests.benchmarks.rig.kit_worker import TOPIC
from tests.benchmarks.rig.servers import ROOMY
from tests.servers.rabbit import RabbitNode
from workers.bus.amqp import AmqpBus

ROOT = Path(__file__).resolve().parents[2]
PLAIN = BASELINES / "plain_consumer.py"

SPEED, COST = 2.0, 1.5
"""The goals: jobs a second at least, and processor time a job at most, those of the plain consumer times these."""

REDUCED = {"rounds": 2}

BODY = {"variables": {"amount": 12, "note": "lorem ipsum " * 30}}
SAME_BODY = 'json.dumps({"variables": {"amount": 12, "note": "lorem ipsum " * 30}})'
"""The plain consumer's, as its source says it."""

Turn = Mapping[str, float]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--jobs", type=int, default=5000, help="of each turn")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each")
    parser.add_argument("--baseline", type=Path, default=PLAIN, help="the plain consumer")


def run(options: argparse.Namespace) -> list[Section]:
    """Take turns, and tell."""
    if not options.baseline.exists():
        return [Section(f"The worker kit: skipped, {options.baseline} is not here", ["name it with --baseline"], [])]
    node = RabbitNode.start(options=ROOMY)
    try:
        pairs = [_round(node, options, number) for number in range(options.rounds)]
    finally:
        node.destroy()
    return [_section(pairs, options)]


def _round(node: RabbitNode, options: argparse.Namespace, number: int) -> tuple[Turn, Turn]:
    plain_url, own_url = node.create_vhost(f"plain-{number}"), node.create_vhost(f"kit-{number}")
    plain = _measured([str(options.baseline), "--amqp-url", plain_url, "--jobs", str(options.jobs)])
    if SAME_BODY not in options.baseline.read_text("utf-8"):
        raise RuntimeError(f"{options.baseline} has another body: make ours the same")
    _fill(own_url, options.jobs)
    own = _measured(["-m", "tests.benchmarks.rig.kit_worker", "--amqp-url", own_url, "--jobs", str(options.jobs)])
    _account(own_url, options.jobs)
    for name, turn in (("plain", plain), ("kit", own)):
        said = f"{turn['jobs_per_second']:.0f} jobs/s, {turn['cpu_ms_per_job']:.3f} ms of processor time a job"
        print(f"  {number + 1}/{options.rounds} {name}: {said}", file=sys.stderr, flush=True)
    return plain, own


def _measured(command: list[str]) -> Turn:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _fill(url: str, jobs: int) -> None:
    bus = AmqpBus(url, name="engine", topics=[TOPIC])
    bus.start()
    sent = [
        bus.post(
            Address.JOBS,
            TOPIC,
            Message(
                f"job-{number}:1",
                TOPIC,
                "bench",
                datetime.now(UTC),
                BODY,
                extensions={JOB.name: f"job-{number}", ATTEMPT: "1"},
            ),
        )
        for number in range(jobs)
    ]
    for each in sent:
        each.result(60)
    bus.stop()


def _account(url: str, jobs: int) -> None:
    """Each job has been answered once, and none is left."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    answered = channel.queue_declare(INBOX_QUEUE, passive=True).method.message_count
    left = channel.queue_declare(f"{Address.JOBS}.{TOPIC}", passive=True).method.message_count
    connection.close()
    if (answered, left) != (jobs, 0):
        raise RuntimeError(f"{answered} answers at {EXCHANGES[Address.INBOX]} and {left} jobs left, of {jobs}")


def _section(pairs: list[tuple[Turn, Turn]], options: argparse.Namespace) -> Section:
    rows = []
    for title, name, unit, goal in (
        ("jobs a second", "jobs_per_second", "", lambda ratio: at_least(ratio, SPEED)),
        ("processor time a job", "cpu_ms_per_job", "ms", lambda ratio: at_most(ratio, COST)),
    ):
        ratios = [own[name] / plain[name] for plain, own in pairs]
        middle = statistics.median(ratios)
        plain, own = (statistics.median(pair[at][name] for pair in pairs) for at in (0, 1))
        spread = f"{min(ratios):.2f} to {max(ratios):.2f} x"
        rows.append([title, figure(plain, unit), figure(own, unit), times(middle), spread, goal(middle)])
    return Section(
        "The worker kit",
        ["", "plain consumer", "worker kit", "kit beside plain", "in all rounds", "goal"],
        rows,
        f"{options.jobs:,} jobs in a quorum queue, each answered with a confirmed publish; one process; {options.rounds} rounds in turns.",
        ["Every job was answered once in every round, and none was left in its queue."],
    )
