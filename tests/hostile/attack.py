"""An engine on a broker, what is thrown at it, and what became of each message."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pika
from hypothesis import HealthCheck, Phase, given, seed, settings
from pika.adapters.blocking_connection import BlockingChannel
from sqlalchemy import func, select

from processes.store.database import Database
from processes.store.tables import BufferedMessage, RefusedMessage, Report
from tests.hostile import messages
from tests.hostile.messages import KEYS, Make, Sent
from tests.servers.process import spawn, stop
from workers.bus.amqp import AmqpBus

ROOT = Path(__file__).resolve().parents[2]

PATIENCE = 60.0
"""Seconds without any progress after which what is missing counts as lost."""

MARK = re.compile(rb"hostile-\d{6}")


@dataclass
class Found:
    """What became of the messages. ``families``: how many were sent, had their effect, and were refused; ``wrong``: in words."""

    families: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    peak: int = 0
    """megabytes of memory that the engine had at most"""
    seconds: float = 0.0

    def __str__(self) -> str:
        lines = [f"{'family':<15}{'sent':>8}{'effect':>8}{'refused':>8}"]
        for name, counts in sorted(self.families.items()):
            lines.append(f"{name:<15}{counts['sent']:>8}{counts['effect']:>8}{counts['refused']:>8}")
        whole: Counter[str] = sum(self.families.values(), Counter())
        lines.append(f"{'all':<15}{whole['sent']:>8}{whole['effect']:>8}{whole['refused']:>8}")
        lines.append(f"{self.seconds:.0f} s; the engine had at most {self.peak} MB")
        lines += [f"WRONG {each}" for each in self.wrong[:40]]
        lines.append(
            f"{len(self.wrong)} wrong"
            if self.wrong
            else "right: none lost, none twice, each reason names what is wrong"
        )
        return "\n".join(lines)


def draw(count: int, number: int) -> list[Make]:
    """So many messages; the same seed, the same messages."""
    drawn: list[Make] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(messages.any_message())
    def collect(make: Make) -> None:
        drawn.append(make)

    while len(drawn) < count:
        collect()
        number += 1
        collect = seed(number)(collect)
    return drawn[:count]


class Attack:
    """An engine of its own in a folder, on a broker."""

    def __init__(self, folder: Path, amqp_url: str, number: int) -> None:
        self.folder, self.url, self.number = folder, amqp_url, number
        self._engine: subprocess.Popen[bytes] | None = None
        self.database = Database(f"sqlite:///{folder / 'bihuan.db'}")

    def start(self) -> None:
        """Start the engine and wait until it has declared its queues."""
        secrets = {"operator": "operator", "partners": {}, "keys": KEYS}
        (self.folder / "secrets.json").write_text(json.dumps(secrets), "utf-8")
        env = {"DATA": str(self.folder), "AMQP_URL": self.url, "PATH": os.environ["PATH"], "LOG": "ERROR"}
        log = self.folder / "engine.log"
        self._engine = spawn([sys.executable, "app.py", "engine"], cwd=ROOT, log=log, env=env)
        until = time.monotonic() + PATIENCE
        while "engine ready" not in log.read_text("utf-8"):
            if self._engine.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the engine did not start: {log.read_text('utf-8')[-2000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the engine."""
        if self._engine is not None:
            stop(self._engine, signal.SIGTERM, 30.0)
        self.database.dispose()

    def run(self, count: int, large: int, size: int) -> Found:
        """Send so many messages, ``large`` of them of ``size`` bytes, and look for them."""
        makes = draw(count - large, self.number)
        step = max(len(makes) // (large + 1), 1)
        for number in range(large):
            makes.insert((number + 1) * step, messages.large(size))
        sent = [make(messages.mark(number)) for number, make in enumerate(makes)]
        found, begun = Found(), time.monotonic()
        self._send(sent)
        fates = self._wait(sent)
        found.seconds = time.monotonic() - begun
        found.peak = self._peak()
        for each in sent:
            counts = found.families.setdefault(each.family, Counter())
            effects, refusals = fates.effects[each.mark], fates.refused.get(each.mark, [])
            counts["sent"] += 1
            counts["effect"] += effects
            counts["refused"] += len(refusals)
            problem = _problem(each, effects, refusals)
            if problem:
                found.wrong.append(f"{each.family} {each.mark}: {problem}")
        found.wrong += [f"dead letter {letter.message.id}: {letter.reason}" for letter in self._dead_letters()]
        if self._engine is None or self._engine.poll() is not None:
            found.wrong.append(f"the engine died: {(self.folder / 'engine.log').read_text('utf-8')[-2000:]}")
        return found

    def _send(self, sent: Sequence[Sent]) -> None:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        channel.confirm_delivery()
        for each in sent:
            for _ in range(2 if each.twice else 1):
                _publish(channel, each)
        connection.close()

    def _wait(self, sent: Sequence[Sent]) -> Fates:
        """Until each has been found, or nothing more is found."""
        marks = {each.mark for each in sent}
        last, until = -1, time.monotonic() + PATIENCE
        while True:
            fates = self._look()
            known = len(marks & (fates.effects.keys() | fates.refused.keys()))
            if known == len(marks) and not self._waiting():
                return self._look()
            if known > last:
                last, until = known, time.monotonic() + PATIENCE
            if time.monotonic() > until:
                return fates
            time.sleep(0.5)

    def _look(self) -> Fates:
        fates = Fates()
        with self.database.read() as connection:
            fates.effects.update(connection.execute(select(Report.original)).scalars())
            fates.effects.update(connection.execute(select(BufferedMessage.key)).scalars())
            rows = connection.execute(
                select(
                    RefusedMessage.properties,
                    func.substr(RefusedMessage.body, 1, 2_000).label("body"),
                    RefusedMessage.reason,
                    RefusedMessage.reason_en,
                )
            )
            for properties, body, zh, en in rows:
                mark = (properties or {}).get("correlation_id")
                found = None if mark else MARK.search(bytes(body))
                fates.refused.setdefault(mark or (found.group().decode() if found else ""), []).append((zh, en or ""))
        return fates

    def _waiting(self) -> int:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            declared = connection.channel().queue_declare("inbox", passive=True)
            return int(declared.method.message_count)
        finally:
            connection.close()

    def _dead_letters(self) -> Sequence[object]:
        return AmqpBus(self.url, name="hostile").dead_letters(1_000)

    def _peak(self) -> int:
        assert self._engine is not None
        status = Path(f"/proc/{self._engine.pid}/status")
        lines = status.read_text("utf-8").splitlines() if status.exists() else []
        return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


@dataclass
class Fates:
    """Of each mark: how many effects, and the reasons of its refusals."""

    effects: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def _publish(channel: BlockingChannel, sent: Sent) -> None:
    channel.basic_publish("bihuan.inbox", sent.routing_key, sent.body, sent.properties, mandatory=True)


def _problem(sent: Sent, effects: int, refusals: Sequence[tuple[str, str]]) -> str:
    """What is wrong with a message's fate, if anything is."""
    if (effects, len(refusals)) != ((1, 0) if sent.effect else (0, 1)):
        return f"{effects} effects and {len(refusals)} refusals: {refusals}"
    for reason in [each for both in refusals for each in both]:
        if not reason.strip() or sent.names not in reason:
            return f"the reason does not name {sent.names!r}: {reason!r}"
    return ""
