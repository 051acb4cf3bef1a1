"""``python -m tests.faults``: faults of every kind under thousands of cases; exit code 1 when one is not as it should be."""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
import time
from collections.abc import Sequence
from functools import partial

from tests.faults.run import Run
from tests.faults.scenarios import chosen, share
from tests.faults.trial import STUCK
from tests.faults.unguarded import GUARDS
from tests.servers import install

CASES = 10_000

SOON = 15.0
"""Seconds without progress after which a run without a guard need not wait any longer: it is to go wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the scenarios."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES, help="cases in total, divided over the scenarios")
    parser.add_argument(
        "--seed", type=int, help="what is drawn: kinds, doors, victims, moments (default: a new one, printed)"
    )
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="scenarios whose name has this in it (several: any)"
    )
    parser.add_argument(
        "--break", dest="guard", choices=sorted(GUARDS), default="", help="run without a guard: must fail"
    )
    parser.add_argument("--list", action="store_true", help="name the scenarios and their cases, and play none")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.CRITICAL)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    lanes = chosen(lambda name: not options.only or any(each in name for each in options.only))
    scenarios = [each for groups in lanes.values() for group in groups for each in group.scenarios]
    if not scenarios:
        print("no such scenario", file=sys.stderr)
        return 2
    cases = share(scenarios, options.cases)
    if options.list:
        print("\n".join(f"{name:46} {count:6}" for name, count in cases.items()))
        return 0
    problem = install.ensure(["rabbitmq-server", "postgresql"])
    if problem:
        print(problem, file=sys.stderr)
        return 2
    again = f"SEED={seed} plays the same again"
    print(f"seed {seed} ({again}); {len(scenarios)} scenarios, {sum(cases.values())} cases", flush=True)
    if options.guard:
        print(f"WITHOUT A GUARD: {options.guard} ({GUARDS[options.guard][0]})", flush=True)
    began = time.monotonic()
    run = Run(seed, cases, options.guard, partial(print, flush=True), stuck=SOON if options.guard else STUCK)
    run.play(list(lanes.values()))
    return _sum_up(run, seed, time.monotonic() - began)


def _sum_up(run: Run, seed: int, seconds: float) -> int:
    rows = run.rows
    wrong = [row for row in rows if row.wrong]
    points = {row.failpoint for row in rows if row.failpoint}
    for each in run.refused:
        print(f"not in the mix, the engine's check refuses it: {each}")
    total = f"{sum(row.cases for row in rows)} cases, {sum(row.kills for row in rows)} kills, {sum(row.effects for row in rows)} effects"
    prevented = sum(row.duplicates for row in rows)
    print(
        f"{len(rows)} scenarios, {len(points)} failpoints: {total}, {prevented} duplicates prevented, {seconds:.0f} s, seed {seed}"
    )
    if wrong or run.failures:
        names = ", ".join([*(row.scenario for row in wrong), *(str(error)[:80] for error in run.failures)])
        print(f"NOT AS IT SHOULD BE: {names}; SEED={seed} plays it again")
        return 1
    print("each effect once, each case explained")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
