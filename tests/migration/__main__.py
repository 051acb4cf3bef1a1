"""``python -m tests.migration``: cases are taken to another version while engines are killed, and then all are finished; exit code 1 when one is
broken, or fewer than 95 % of those whose active steps exist in both versions were moved."""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
from collections.abc import Sequence

from tests.migration.campaign import play
from tests.servers import install

CASES, ENOUGH = 5000, 0.95


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the campaign."""
    parser = argparse.ArgumentParser(prog="python -m tests.migration", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES, help="how many run")
    parser.add_argument("--seed", type=int, help="what is drawn (default: a new one, printed)")
    parser.add_argument("--every", type=float, default=6.0, help="seconds between two kills")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.CRITICAL)
    problem = install.ensure(["rabbitmq-server", "postgresql"])
    if problem:
        print(problem, file=sys.stderr)
        return 2
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}; {options.cases} cases; an engine is killed every {options.every} s", flush=True)
    found = play(options.cases, seed, options.every)
    print(found, flush=True)
    enough = found.moved_of_eligible >= ENOUGH * found.eligible
    print("OK" if enough and not found.wrong else "FAILED", flush=True)
    return 0 if enough and not found.wrong else 1


if __name__ == "__main__":
    sys.exit(main())
