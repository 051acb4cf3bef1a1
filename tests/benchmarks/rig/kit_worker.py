"""A worker of the kit that does so many jobs, and prints what that took as one JSON line::

python -m tests.benchmarks.rig.kit_worker --amqp-url amqp://… --jobs 5000
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from typing import Any

from workers.bus.amqp import AmqpBus
from workers.kit import Runner, Worker

TOPIC = "bench.total"


def main() -> None:
    """The time is taken from the first job's beginning until everything is answered, confirmed, acknowledged and closed."""
    options = argparse.ArgumentParser()
    options.add_argument("--amqp-url", required=True)
    options.add_argument("--jobs", type=int, required=True)
    options = options.parse_args()
    begun: list[tuple[float, float]] = []
    done, all_done = 0, threading.Event()
    worker = Worker("bench")

    @worker.job(TOPIC, concurrency=1, prefetch=64)
    def total(variables: dict[str, Any]) -> dict[str, Any]:
        nonlocal done
        if not done:
            begun.append((time.perf_counter(), time.process_time()))
        done += 1
        if done == options.jobs:
            all_done.set()
        return {"variables": {"total": variables["amount"] * 2}}

    runner = Runner(AmqpBus(options.amqp_url, name="bench", topics=[TOPIC]), [worker])
    runner.start()
    all_done.wait()
    runner.stop()
    wall, cpu = time.perf_counter() - begun[0][0], time.process_time() - begun[0][1]
    said = {
        "what": "worker kit",
        "jobs_per_second": round(done / wall, 1),
        "cpu_ms_per_job": round(cpu * 1e3 / done, 3),
    }
    print(json.dumps({**said, "jobs": done}))


if __name__ == "__main__":
    main()
