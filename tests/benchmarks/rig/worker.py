"""A lean worker: takes jobs of the bench's topic and answers each with its own arguments::

python -m tests.benchmarks.rig.worker --amqp-url amqp://…
"""

from __future__ import annotations

import argparse
from typing import Any

from tests.benchmarks.rig import events
from tests.benchmarks.rig.link import Link

SOURCE = "/bench/worker"


class Worker:
    """Acknowledges a job when its answer is confirmed."""

    def __init__(self, url: str) -> None:
        self.link = Link(url, self._ready)

    def _ready(self) -> None:
        self.link.consume(events.JOBS_QUEUE, self._work)
        print("ready", flush=True)

    def _work(self, tag: int, properties: Any, body: bytes) -> None:
        said = properties.headers
        identity = f"{said['ce-id']}:done"
        headers = events.headers(identity, "job.completed", SOURCE, jobid=said["ce-jobid"])
        answer = b'{"result": ' + body + b"}"
        self.link.publish(events.INBOX, "job.completed", answer, headers, identity, lambda: self.link.settle(tag))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--amqp-url", required=True)
    Worker(parser.parse_args().amqp_url).link.run()
