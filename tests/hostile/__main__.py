"""Throws messages that nobody should send at a running engine, over a real broker, and looks for each of them afterwards.

python -m tests.hostile --messages 10000 --seed 1 [--large 4] [--megabytes 50]

Every message must have had its effect once, or lie in the quarantine with a reason, in Chinese and in English, that names what is wrong.
Prints the counts by family; exits 1 when one is lost, two effects came of one, the engine died, or a dead letter lies about.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.hostile.attack import Attack
from tests.servers import install
from tests.servers.rabbit import RabbitNode


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--large", type=int, default=4, help="how many oversize messages")
    parser.add_argument("--megabytes", type=int, default=50, help="of each of these")
    options = parser.parse_args()
    problem = install.ensure(["rabbitmq-server"])
    if problem:
        print(problem)
        return 1
    node = RabbitNode.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            attack = Attack(Path(folder), node.url(), options.seed)
            attack.start()
            try:
                found = attack.run(options.messages, options.large, options.megabytes * 1024 * 1024)
            finally:
                attack.stop()
    finally:
        node.destroy()
    print(found)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
