"""What grows with a case's life, and must not: the cost of long and of wide loops, and the bytes of cases."""

from __future__ import annotations

import argparse

from tests.benchmarks import loops, sizes
from tests.benchmarks.report import Section

REDUCED = {"rounds": 3, "turns": 1_000, "children": 2_000}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds of what is compared")
    parser.add_argument("--turns", type=int, default=loops.LATE, help="how late in the long loop")
    parser.add_argument("--children", type=int, default=loops.WIDER, help="of the wider loop")


def run(options: argparse.Namespace) -> list[Section]:
    """Measure, and tell."""
    return [
        loops.long_loop(options.rounds, options.turns),
        loops.wide_loops(options.rounds, options.children),
        *sizes.sections(),
    ]
