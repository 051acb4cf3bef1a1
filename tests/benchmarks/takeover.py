"""Two engines on one PostgreSQL and one RabbitMQ under a steady load; one is killed (kill -9): latency through the takeover, and nothing lost."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from itertools import pairwise

from tests.benchmarks.report import Section, figure, percentile, times
from tests.benchmarks.rig import ours, programs
from tests.benchmarks.rig.outcome import Outcome, Seen
from tests.benchmarks.rig.programs import Load
from tests.benchmarks.rig.servers import Servers

SHARE = 0.35
"""The steady load, as a part of what the two engines sustain: the one that is left must carry it."""

SPAN = 0.1
"""Seconds of a window."""

LEAD, SHOWN = 3, 2.0
"""Windows before the kill, and seconds after it, that are shown one by one."""

PATIENCE = 90.0
"""Seconds without an end after which the rest counts as lost, and until what the dead engine has left in the outbox must be gone."""

REDUCED = {"before": 8.0, "after": 12.0, "window": 400}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--before", type=float, default=30.0, help="seconds of load before the kill")
    parser.add_argument("--after", type=float, default=60.0, help="seconds of load after it")
    parser.add_argument(
        "--window", type=int, default=2000, help="instances under way while the sustained rate is measured"
    )


def run(options: argparse.Namespace) -> list[Section]:
    """Measure what the two sustain, then load them with less, and kill one."""
    with Servers() as servers:
        place = servers.place("takeover")
        ours.prepare(place)
        load = Load(place, servers.folder)
        survivor, victim = (programs.engine(place, servers.folder) for _ in range(2))
        worker = programs.worker(place, servers.folder)
        load.warm_up()
        sustained = load.end(load.begin(options.before, window=options.window)).per_second
        rate = sustained * SHARE or 1.0
        print(f"  they sustain {sustained:.0f}/s", file=sys.stderr, flush=True)
        generator = load.begin(options.before + options.after, rate=rate, patience=PATIENCE)
        programs.until(generator.began + options.before)
        killed = time.monotonic() - generator.began
        victim.kill()
        outcome = load.end(generator)
        verdict = ours.verdict(ours.amiss(place, load, PATIENCE), load.published)
        for program in (survivor, worker):
            program.stop()
    return _sections(outcome, killed, rate, verdict)


def _sections(outcome: Outcome, killed: float, rate: float, verdict: str) -> list[Section]:
    calm = killed * 0.25
    before = [each for each in outcome.between(calm, killed, _published) if _ended_by(outcome, each, killed)]
    usual = percentile(_latencies(before), 99) or float("inf")
    normal = _normal_again(outcome, killed, usual)
    takeover = [each for each in outcome.between(0.0, normal, _published) if not _ended_by(outcome, each, killed)]
    after = outcome.between(normal, outcome.seconds, _published)
    phases = (
        ("before", before, calm, killed),
        ("takeover", takeover, killed, max([normal, *_ends(outcome, takeover)])),
        ("after", after, normal, outcome.seconds),
    )
    summary = Section(
        "An engine killed under load",
        ["", "seconds", "cases", "p50", "p99", "beside before", "worst p50, p99 of 100 ms", "slowest", "longest gap"],
        [_phase(outcome, name, instances, begin, end, usual) for name, instances, begin, end in phases],
        f"One of two engine processes killed with -9 at {rate:.0f} cases a second; latency from start to end. The takeover is that of the cases "
        f"under way at the kill, and of those started until a second passes in which none takes more than twice the p99 of before; it lasts until "
        f"the last of them has ended.",
        [verdict],
    )
    begin, end = killed - LEAD * SPAN, killed + SHOWN
    detail = Section(
        "The takeover, by windows of 100 ms",
        ["started, seconds after the kill", "cases", "p50", "p99"],
        [
            [f"{at - killed:+.1f}", str(len(each)), *_percentiles(each)]
            for at, each in _windows(outcome, outcome.between(begin, end, _published), begin, end)
        ],
    )
    return [summary, detail]


def _published(each: Seen) -> float | None:
    return each.published


def _ended_by(outcome: Outcome, each: Seen, moment: float) -> bool:
    return each.completed is not None and each.completed - outcome.began <= moment


def _windows(
    outcome: Outcome, instances: Sequence[Seen], begin: float, end: float
) -> list[tuple[float, Sequence[Seen]]]:
    """Instances by when they were published."""
    found: list[list[Seen]] = [[] for _ in range(max(round((end - begin) / SPAN), 1))]
    for each in instances:
        found[min(int((each.published - outcome.began - begin) / SPAN), len(found) - 1)].append(each)
    return [(begin + number * SPAN, each) for number, each in enumerate(found)]


def _normal_again(outcome: Outcome, killed: float, usual: float) -> float:
    """When a second begins in which no case takes more than twice what is usual; one that has not ended takes for ever."""
    late = [
        each.published - outcome.began
        for each in outcome.between(killed, outcome.seconds, _published)
        if each.latency is None or each.latency > 2 * usual
    ]
    normal = killed
    for moment in late:
        if moment > normal + 1.0:
            break
        normal = moment + SPAN
    return min(normal, outcome.seconds)


def _phase(outcome: Outcome, name: str, instances: Sequence[Seen], begin: float, end: float, usual: float) -> list[str]:
    latencies = _latencies(instances)
    first = min([begin, *(each.published - outcome.began for each in instances)])
    windows = [_latencies(each) for _, each in _windows(outcome, instances, first, max(end, first + SPAN))]
    worst = [max((percentile(each, percent) or 0.0 for each in windows), default=None) for percent in (50, 99)]
    ends = sorted(_ends(outcome, outcome.instances))
    gap = max((later - earlier for earlier, later in pairwise(ends) if begin <= later < end), default=None)
    p99 = percentile(latencies, 99)
    return [
        name,
        figure(end - begin),
        f"{len(instances):,}",
        *_percentiles(instances),
        times(p99 / usual) if p99 is not None else "–",
        ", ".join(figure(each, "ms") for each in worst),
        figure(max(latencies, default=None), "ms"),
        "–" if gap is None else figure(gap * 1e3, "ms"),
    ]


def _percentiles(instances: Sequence[Seen]) -> list[str]:
    return [figure(percentile(_latencies(instances), each), "ms") for each in (50, 99)]


def _ends(outcome: Outcome, instances: Sequence[Seen]) -> list[float]:
    return [each.completed - outcome.began for each in instances if each.completed is not None]


def _latencies(instances: Sequence[Seen]) -> list[float]:
    return [each.latency for each in instances if each.latency is not None]
