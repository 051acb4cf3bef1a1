"""The load, and its clock: starts instances and waits for their ends::

    python -m tests.benchmarks.rig.generator --amqp-url amqp://… --seconds 20 --out FILE [--rate 200] [--window 2000] [--first 1] [--overhear]

Without ``--rate`` it keeps ``--window`` instances under way (the yardstick's way); with one it starts that many a second, whatever becomes of them.
When its time is over it waits for those under way, until ``--patience`` seconds have passed without an end. ``--overhear``: notes when each one's job
appears on the broker.

``FILE`` is JSON: ``began`` and, an instance a row, ``[number, published, job seen or null, completed or null]`` (seconds of the machine's monotonic
clock), how many ends were ``repeated`` (the same message again) and how many instances ended twice (``doubled``).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import orjson

from tests.benchmarks.rig import events
from tests.benchmarks.rig.link import Link

WINDOW, TICK, BURST = 2000, 0.002, 200
"""As in the yardstick: instances under way, seconds between two looks at the clock, messages at one look."""

SOURCE = "/bench/generator"
_BODY = json.dumps({"amount": 12, "note": "lorem ipsum " * 30})[1:].encode()


class Generator:
    """Publishes on time, and notes what comes back."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._rate, self._seconds, self._patience = options.rate, options.seconds, options.patience
        self._overhears, self._out = options.overhear, options.out
        self._first, self._window = options.first, options.window
        self._began = self._heard = 0.0
        self._rows: list[list[float | None]] = []
        self._under_way = 0
        self._ends: dict[int, str] = {}
        self._repeated = self._doubled = 0
        self.link = Link(options.amqp_url, self._ready)

    def _ready(self) -> None:
        self.link.consume(events.DONE_QUEUE, self._completed)
        if self._overhears:
            self.link.overhear(events.JOBS, events.TOPIC, self._job_seen)
        self._began = self._heard = time.monotonic()
        print(f"began {self._began}", flush=True)
        self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        passed = now - self._began
        if passed < self._seconds:
            due = int(passed * self._rate) - len(self._rows) if self._rate else self._window - self._under_way
            for _ in range(min(max(due, 0), BURST)):
                self._start()
        elif not self._under_way or now - max(self._heard, self._began + self._seconds) > self._patience:
            self._end()
            return
        self.link.later(TICK, self._tick)

    def _start(self) -> None:
        number = self._first + len(self._rows)
        identity = f"order-{number}"
        headers = events.headers(identity, events.ORDER_PLACED, SOURCE, correlationkey=str(number))
        self._rows.append([number, time.monotonic(), None, None])
        self._under_way += 1
        self.link.publish(events.INBOX, events.ORDER_PLACED, b'{"number": %d, ' % number + _BODY, headers, identity)

    def _row(self, number: int) -> list[float | None] | None:
        at = number - self._first
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def _job_seen(self, _tag: int, _properties: Any, body: bytes) -> None:
        row = self._row(orjson.loads(body)["order"]["number"])
        if row is not None and row[2] is None:
            row[2] = time.monotonic()

    def _completed(self, tag: int, properties: Any, body: bytes) -> None:
        number, identity = orjson.loads(body)["number"], str(properties.headers["ce-id"])
        row = self._row(number)
        if row is not None:  # else one of an earlier run
            self._note(row, number, identity)
        self.link.settle(tag)

    def _note(self, row: list[float | None], number: int, identity: str) -> None:
        if row[3] is None:
            row[3] = self._heard = time.monotonic()
            self._under_way -= 1
            self._ends[number] = identity
        elif self._ends[number] == identity:
            self._repeated += 1
        else:
            self._doubled += 1

    def _end(self) -> None:
        said = {"began": self._began, "repeated": self._repeated, "doubled": self._doubled, "instances": self._rows}
        self._out.write_bytes(orjson.dumps(said))
        self.link.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--amqp-url", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--window", type=int, default=WINDOW)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--patience", type=float, default=30.0)
    parser.add_argument("--overhear", action="store_true")
    Generator(parser.parse_args()).link.run()
