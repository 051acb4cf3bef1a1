"""Starts a private RabbitMQ and the whole platform on it, with the settings of the README's walk-through, until Ctrl-C.

python -m tests.walkthrough          # PORT (8080), BROKER_PORT (5673)

All of it is thrown away at the end: each time is the first.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers import install
from tests.servers.rabbit import RabbitNode

ROOT = Path(__file__).resolve().parents[2]

TOPIC = "channel.refuse"
"""the job that the stranger of the walk-through does himself"""

SETTINGS = {"FOREIGN_TOPICS": TOPIC, "STRUCTURED_TOPICS": TOPIC, "ANSWERS": f"acme:{TOPIC}"}


def main() -> int:
    """See above."""
    problem = install.ensure(["rabbitmq-server", "amqp-tools"])
    if problem:
        print(problem, file=sys.stderr)
        return 1
    node = RabbitNode.start(port=int(os.environ.get("BROKER_PORT") or 5673))
    try:
        with tempfile.TemporaryDirectory(prefix="walkthrough-") as folder:
            env = {"DATA": folder, **os.environ, **SETTINGS, "AMQP_URL": node.url()}
            print(f"AMQP_URL={node.url()}", flush=True)
            return _run([sys.executable, "app.py", "run", "--no-demo"], env)
    finally:
        node.destroy()


def _run(command: list[str], env: dict[str, str]) -> int:
    """Run it to its end; what we are told to end by, it is told."""
    platform = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: platform.send_signal(signal.SIGTERM))
    return platform.wait()


if __name__ == "__main__":
    sys.exit(main())
