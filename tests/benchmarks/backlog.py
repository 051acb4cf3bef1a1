"""Workers away for a while under a steady load, then back: how fast the backlog drains, and whether new cases are starved meanwhile."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests.benchmarks.report import Section, at_least, figure, percentile, times
from tests.benchmarks.rig import ours, programs
from tests.benchmarks.rig.outcome import Outcome, Seen
from tests.benchmarks.rig.programs import Load
from tests.benchmarks.rig.servers import Servers

DRAIN_GOAL = 0.9
"""The backlog drains at least at this part of the rate that the engine sustains."""

SHARE = 0.5
"""The steady load, as a part of what the engine sustains."""

REDUCED = {"before": 6.0, "away": 8.0, "window": 400}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--before", type=float, default=20.0, help="seconds of load before the workers go")
    parser.add_argument("--away", type=float, default=60.0, help="seconds without workers")
    parser.add_argument(
        "--window", type=int, default=2000, help="instances under way while the sustained rate is measured"
    )


def run(options: argparse.Namespace) -> list[Section]:
    """Measure what the engine sustains, then send the workers away at half of it."""
    with Servers() as servers:
        place = servers.place("backlog")
        ours.prepare(place)
        load = Load(place, servers.folder)
        engine, worker = programs.engine(place, servers.folder), programs.worker(place, servers.folder)
        load.warm_up()
        sustained = load.end(load.begin(options.before, window=options.window)).per_second
        rate = sustained * SHARE or 1.0
        print(f"  sustains {sustained:.0f}/s", file=sys.stderr, flush=True)
        # The load goes on for as long after the workers' return as they were away.
        generator = load.begin(options.before + 2 * options.away, rate=rate, overhear=True)
        programs.until(generator.began + options.before)
        worker.stop()
        programs.until(generator.began + options.before + options.away)
        worker = programs.worker(place, servers.folder)
        outcome = load.end(generator)
        verdict = ours.verdict(ours.amiss(place, load), load.published)
        for program in (engine, worker):
            program.stop()
    return _sections(outcome, options, rate, sustained, verdict)


def _sections(
    outcome: Outcome, options: argparse.Namespace, rate: float, sustained: float, verdict: str
) -> list[Section]:
    gone, back = options.before, options.before + options.away
    waited = [
        each
        for each in outcome.between(0.0, back, _published)
        if each.completed is None or each.completed - outcome.began >= back
    ]
    drained = max((each.completed - outcome.began for each in waited if each.completed is not None), default=back)
    ended = outcome.between(back, drained, _completed)
    per_second = len(ended) / max(drained - back, 1e-9)
    drain = Section(
        "A backlog",
        ["", "cases/s", "beside sustained", "goal", "beside the load"],
        [
            ["sustained by the engine", figure(sustained), "", "", times(sustained / rate)],
            ["the steady load", figure(rate), times(rate / sustained), "", ""],
            [
                "ended while the backlog drains",
                figure(per_second),
                *_beside(per_second, sustained),
                times(per_second / rate),
            ],
        ],
        f"The workers were away for {options.away:.0f} s under the load, which went on; {len(waited):,} cases had waited when they came back, and "
        f"were done {drained - back:.1f} s later.",
        [verdict],
    )
    spans = (("before", gone * 0.25, gone), ("workers away", gone, back), ("backlog drains", back, drained))
    usual = percentile(_start_latencies(outcome.between(gone * 0.25, gone, _published)), 99)
    rows = []
    for name, begin, end in spans:
        latencies = _start_latencies(outcome.between(begin, end, _published))
        p50, p99 = (percentile(latencies, each) for each in (50, 99))
        growth = times(p99 / usual) if p99 is not None and usual else "–"
        rows.append([name, f"{len(latencies):,}", figure(p50, "ms"), figure(p99, "ms"), growth])
    starts = Section(
        "Starts of new cases meanwhile",
        ["", "cases", "p50", "p99", "p99 beside before"],
        rows,
        "From the start message to the case's first job on the broker.",
    )
    return [drain, starts]


def _published(each: Seen) -> float | None:
    return each.published


def _completed(each: Seen) -> float | None:
    return each.completed


def _start_latencies(instances: Sequence[Seen]) -> list[float]:
    return [each.start_latency for each in instances if each.start_latency is not None]


def _beside(value: float, sustained: float) -> list[str]:
    ratio = value / sustained if sustained else float("nan")
    return [times(ratio), at_least(ratio, DRAIN_GOAL)]
