"""``python -m tests.standin_faults``: the outside's faults one by one, then all at random; exit code 1 when a problem is lost or an effect
doubled."""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
import time
from collections.abc import Sequence

from tests.faults.world import BROKER, EMBEDDED, Plan, World
from tests.servers import install
from tests.standin_faults.campaign import HEAD, STUCK, Campaign, Row, line
from tests.standin_faults.phases import DEADLINE, phases, share

PROBLEMS = 2000

SOON = 15.0
"""Seconds without progress after which a run that is to go wrong need not wait any longer."""

BREAKS = {
    "key": "every attempt at a job has a key of its own: the outside cannot know that it has done it already",
    "memory": "the outside forgets the keys, and does again what it has done",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the campaign."""
    parser = argparse.ArgumentParser(prog="python -m tests.standin_faults", description=__doc__)
    parser.add_argument(
        "--problems", type=int, default=PROBLEMS, help="problems in total; half of them while all fails at random"
    )
    parser.add_argument("--seed", type=int, help="what is drawn: problems and faults (default: a new one, printed)")
    parser.add_argument("--broker", action="store_true", help="on RabbitMQ and PostgreSQL instead of SQLite alone")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="phases whose name has this in it (several: any)"
    )
    parser.add_argument("--break", dest="broken", choices=sorted(BREAKS), default="", help="without a guard: must fail")
    parser.add_argument("--list", action="store_true", help="name the phases and their problems, and play none")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.CRITICAL)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    chosen = [each for each in phases() if not options.only or any(name in each.name for name in options.only)]
    if not chosen:
        print("no such phase", file=sys.stderr)
        return 2
    parts = share(chosen, options.problems)
    if options.list:
        print("\n".join(f"{name:28} {count:6}" for name, count in parts.items()))
        return 0
    problem = install.ensure(["rabbitmq-server", "postgresql"]) if options.broker else None
    if problem:
        print(problem, file=sys.stderr)
        return 2
    print(
        f"seed {seed} (SEED={seed} plays the same again); {len(chosen)} phases, {sum(parts.values())} problems",
        flush=True,
    )
    if options.broken:
        print(f"BROKEN ON PURPOSE: {BREAKS[options.broken]}", flush=True)
    began, rows = time.monotonic(), list[Row]()
    with World(_plan(options)) as world, Campaign(world, seed, stuck=SOON if options.broken else STUCK) as campaign:
        print(HEAD, flush=True)
        for phase in chosen:
            rows.append(campaign.play(phase, parts[phase.name]))
            print(line(rows[-1]), flush=True)
    return _sum_up(rows, seed, time.monotonic() - began)


def _plan(options: argparse.Namespace) -> Plan:
    outside = "tests.standin_faults.forgetful" if options.broken == "memory" else "workers.standins"
    guard = "key" if options.broken == "key" else ""
    return Plan(BROKER if options.broker else EMBEDDED, guard=guard, deadline=DEADLINE, outside=outside)


def _sum_up(rows: Sequence[Row], seed: int, seconds: float) -> int:
    wrong = [row.phase for row in rows if row.wrong]
    print(
        f"{sum(row.problems for row in rows)} problems, {sum(row.met for row in rows)} faults, "
        f"{sum(row.effects for row in rows)} effects, {sum(row.prevented for row in rows)} duplicates prevented, "
        f"{sum(row.incidents for row in rows)} incidents, {sum(row.refused for row in rows)} messages refused, "
        f"{seconds:.0f} s, seed {seed}"
    )
    if wrong:
        print(f"NOT AS IT SHOULD BE: {', '.join(wrong)}; --seed {seed} plays it again")
        return 1
    print("each effect once, each problem explained, each failure seen")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
