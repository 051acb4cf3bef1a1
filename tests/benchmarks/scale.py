"""What people's pages cost among a million cases, beside the same pages among a thousand and one indexed query, in the same run.

Both databases are full of copies of real cases (see ``filling`` and ``oddities``); a request here, a request there (see ``rig/stored_pages.py``),
each for another case, word or person, so that whatever else the machine does concerns both, and nothing is measured that is only still in memory.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from processes.runtime.memory import spare_collector
from tests.benchmarks.report import Section, at_most, figure, percentile, times
from tests.benchmarks.rig.servers import Servers
from tests.benchmarks.rig.stored_pages import QUERY, Stored

FEW, FEW_WAITING = 1_000, 1_000
"""All of the few are open: lists are as full there as among the many, and what grows is what lies behind a page, not what stands on it."""

GROWTH_GOAL, QUERIES_GOAL = 1.5, 10.0


class Cost(NamedTuple):
    """Of a request, in milliseconds. ``cpu``: what this process has spent on it, SQLite included and PostgreSQL not, which others' work hardly
    touches."""

    wall: float
    cpu: float


WARM = 5
"""Turns that are not counted."""

REDUCED: dict[str, Any] = {"cases": 20_000, "waiting": 4_000, "small": 5_000, "turns": 20}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--cases", type=int, default=1_000_000, help="cases of the big database (PostgreSQL; 0: none)")
    parser.add_argument("--waiting", type=int, default=200_000, help="open tasks in it")
    parser.add_argument("--small", type=int, default=50_000, help="cases of the big SQLite file (0: none)")
    parser.add_argument("--turns", type=int, default=200, help="requests of a kind")
    parser.add_argument(
        "--on",
        nargs=2,
        metavar=("FEW", "MANY"),
        help="two databases that stay, filled the first time, instead of new ones",
    )
    parser.add_argument("--only", default="", help="pages whose names begin so")


def run(options: argparse.Namespace) -> list[Section]:
    """Fill, take turns, and tell."""
    if options.on:
        return [_section("where they stay", options.on, options.cases, options.waiting, options)]
    sections = []
    if options.cases:
        with Servers(broker=False) as servers:
            places = [servers.postgres.create_database(f"scale-{name}") for name in ("few", "many")]
            sections.append(_section("PostgreSQL", places, options.cases, options.waiting, options))
    if options.small:
        with tempfile.TemporaryDirectory() as folder:
            urls = [f"sqlite:///{folder}/{name}.db" for name in ("few", "many")]
            sections.append(_section("SQLite", urls, options.small, options.small // 5, options))
    return sections


def _section(where: str, urls: Sequence[str], cases: int, waiting: int, options: argparse.Namespace) -> Section:
    turns, begun = options.turns, time.monotonic()
    few, many = Stored(urls[0], FEW, FEW_WAITING), Stored(urls[1], cases, waiting)
    filled = time.monotonic() - begun
    spare_collector()  # as a gateway does
    both = [few.pages(), many.pages()]
    wanted = [name for name in both[0] if name == QUERY or name.startswith(options.only)]
    spent: list[dict[str, list[Cost]]] = [{name: [] for name in wanted} for _ in both]
    for turn in range(turns + WARM):
        for name in wanted:
            for at, pages in enumerate(both):
                cost = _cost(pages[name])
                if turn >= WARM:
                    spent[at][name].append(cost)
    for store in (few, many):
        store.close()
    query = percentile([each.wall for each in spent[1][QUERY]], 95) or 0.0
    return Section(
        f"Pages among {cases:,} cases, {where}",
        ["p95", f"among {FEW:,}", f"among {cases:,}", "growth", "goal", "in queries", "goal", "CPU, p50", "growth"],
        [_row(name, small, spent[1][name], query) for name, small in spent[0].items()],
        f"{waiting:,} open tasks ({FEW_WAITING} among the {FEW:,}); {turns} requests of a kind through the application, by the clock on the wall, "
        f"now here, now there (CPU: of this process, which others' work hardly touches); made in {filled:.0f} s.",
    )


def _cost(page: Callable[[], None]) -> Cost:
    began, busy = time.perf_counter(), time.process_time()
    page()
    return Cost((time.perf_counter() - began) * 1e3, (time.process_time() - busy) * 1e3)


def _row(name: str, few: Sequence[Cost], many: Sequence[Cost], query: float) -> list[str]:
    small, big = (percentile([each.wall for each in costs], 95) or 0.0 for costs in (few, many))
    little, much = (percentile([each.cpu for each in costs], 50) or 0.0 for costs in (few, many))
    growth, queries = big / small, big / query
    return [
        name,
        figure(small, "ms"),
        figure(big, "ms"),
        times(growth),
        at_most(growth, GROWTH_GOAL),
        figure(queries),
        at_most(queries, QUERIES_GOAL, "queries"),
        figure(much, "ms"),
        times(much / little),
    ]
