"""A process of one service task from end to end, over RabbitMQ and PostgreSQL, beside the bare pipeline and the naive way in the same run.

First as fast as each of them goes; then the latency of ours beside the bare pipeline's, at half the load that is asked of an engine here (a third of
what the bare pipeline sustains) and at half of what ours sustains. All of it on one machine, in alternating turns on the same servers.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence

from tests.benchmarks.report import Section, at_least, at_most, figure, times
from tests.benchmarks.rig.contenders import BASELINES, NAIVE_WINDOW, PARTS, SERVERS, Bare, Contender, Naive, Ours, Turn
from tests.benchmarks.rig.generator import WINDOW
from tests.benchmarks.rig.servers import Servers

OF_BARE, OF_NAIVE, LATENCY = 1 / 3, 5.0, 5.0
"""The goals: throughput at least that of the bare pipeline, and of the naive way, times these; at half that load a p99 of at most the bare one's
times this."""

REDUCED = {"seconds": 24.0, "rounds": 1, "window": 1_000}
"""A slow engine needs long turns to get through 2,000 first."""

Turns = dict[str, list[Turn]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument(
        "--seconds", type=float, default=300.0, help="of each contender's turns together, as fast as it goes"
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender")
    parser.add_argument("--engines", type=int, default=2, help="processes of ours")
    parser.add_argument("--window", type=int, default=WINDOW, help="instances under way, but for the bare pipeline")


def run(options: argparse.Namespace) -> list[Section]:
    """Take turns, and tell."""
    if not BASELINES.exists():
        return [Section("The pipeline", ["skipped: ../shared/baselines is not here"], [])]
    with Servers() as servers:
        own = Ours(servers, options.window, options.engines)
        pair: list[Contender] = [Bare(servers), own]
        seconds = options.seconds / options.rounds
        full = _rounds([*pair, Naive(servers, options.window)], options.rounds, seconds, 0.0)
        asked, sustained = (
            _middle(full[Bare.name], lambda turn: turn.per_second) * OF_BARE,
            _middle(full[own.name], lambda turn: turn.per_second),
        )
        latency = [
            _latency(_rounds(pair, options.rounds, max(seconds / 4, 12.0), load / 2 or 1.0), load / 2, of)
            for load, of in ((asked, "the load asked for"), (sustained, "what ours sustains"))
        ]
        verdict = own.verdict()
    return [_throughput(full, options, verdict), _cost(full), *latency]


def _rounds(contenders: Sequence[Contender], rounds: int, seconds: float, rate: float) -> Turns:
    turns: Turns = {each.name: [] for each in contenders}
    for number in range(rounds):
        for each in contenders:
            turn = each.turn(seconds, rate)
            turns[each.name].append(turn)
            at = f"at {rate:.0f}/s" if rate else "as fast as it goes"
            print(
                f"  {number + 1}/{rounds} {each.name} {at}: {turn.per_second:.0f}/s, p99 {figure(turn.p99, 'ms')}",
                file=sys.stderr,
            )
    return turns


def _middle(turns: Sequence[Turn], of: Callable[[Turn], float | None]) -> float:
    found = [value for turn in turns if (value := of(turn)) is not None]
    return statistics.median(found) if found else float("nan")


def _ratio(turns: Turns, peer: str, of: Callable[[Turn], float | None]) -> float:
    """Ours over a peer's, turn by turn."""
    pairs = [(of(mine), of(theirs)) for mine, theirs in zip(turns[Ours.name], turns[peer], strict=True)]
    found = [mine / theirs for mine, theirs in pairs if mine is not None and theirs]
    return statistics.median(found) if found else float("nan")


def _throughput(turns: Turns, options: argparse.Namespace, verdict: str) -> Section:
    rows = []
    for name, goal in ((Bare.name, OF_BARE), (Ours.name, None), (Naive.name, OF_NAIVE)):
        ratio = _ratio(turns, name, lambda turn: turn.per_second)
        rows.append(
            [
                name,
                figure(_middle(turns[name], lambda turn: turn.per_second)),
                "" if goal is None else times(ratio),
                "" if goal is None else at_least(ratio, goal),
                figure(_middle(turns[name], lambda turn: turn.p50), "ms"),
                figure(_middle(turns[name], lambda turn: turn.p99), "ms"),
            ]
        )
    return Section(
        "The pipeline, as fast as it goes",
        ["", "instances/s", "ours beside it", "goal", "p50", "p99"],
        rows,
        f"Message start, one service task, signal end, over RabbitMQ (quorum queues, confirms) and PostgreSQL (fsync on); {options.rounds} "
        f"alternating turns of {options.seconds / options.rounds:.0f} s each, {options.window:,} instances under way (bare {WINDOW:,}, naive "
        f"{min(options.window, NAIVE_WINDOW)}), {options.engines} engine process(es) of ours; medians.",
        [verdict],
    )


def _cost(turns: Turns) -> Section:
    rows = []
    for name in (Bare.name, Ours.name, Naive.name):
        parts = {part: _middle(turns[name], lambda turn, part=part: turn.cpu[part]) for part in PARTS}
        own = sum(cost for part, cost in parts.items() if part not in SERVERS)
        rows.append([name, *(figure(parts[part]) for part in PARTS), figure(own), figure(sum(parts.values()))])
    return Section(
        "Processor milliseconds an instance, as fast as it goes",
        ["", *PARTS, "without servers", "together"],
        rows,
    )


def _latency(turns: Turns, rate: float, of: str) -> Section:
    ratio = _ratio(turns, Bare.name, lambda turn: turn.p99)
    rows = []
    for name in (Bare.name, Ours.name):
        cost = _middle(turns[name], lambda turn: sum(turn.cpu[part] for part in PARTS))
        rows.append(
            [
                name,
                figure(_middle(turns[name], lambda turn: turn.per_second)),
                figure(_middle(turns[name], lambda turn: turn.p50), "ms"),
                figure(_middle(turns[name], lambda turn: turn.p99), "ms"),
                times(ratio) if name == Bare.name else "",
                at_most(ratio, LATENCY) if name == Bare.name else "",
                figure(cost, "ms"),
            ]
        )
    return Section(
        f"The pipeline, at half of {of}",
        ["", "instances/s", "p50", "p99", "our p99 beside it", "goal", "CPU an instance"],
        rows,
        f"{rate:,.0f} instances a second, from the start message to the end signal.",
    )
