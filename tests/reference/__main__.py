"""Many random processes through the engine and the reference.

python -m tests.reference --examples 10000 --seed 7      all kinds of parts
python -m tests.reference --family events                only processes that begin with a block of the family
python -m tests.reference --kinds script,user,parallel   only these parts
python -m tests.reference --each --examples 30           every block by itself, and which of them fail (nothing is made smaller)

Examples are drawn in batches, as many at a time as there are processors. Prints the seed, each batch as it ends, how many examples went
through which kinds of elements, and the counter-example, made as small as it goes. The same seed draws the same examples; ``--batch`` draws
one batch again.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.reference.blocks.leaves import LEAVES
from tests.reference.coverage import kinds
from tests.reference.driver import compare, restarted
from tests.reference.generators import ALL, COMPOUNDS, FAMILIES, plays
from tests.reference.paths import Play

PLAIN = frozenset({"script", "user", "message", "signal", "timer", "several tasks"})
"""What other blocks are filled with when each is tried by itself."""

BATCH = 500
"""Examples: Hypothesis's memory and its choice of what to draw next grow with what it has drawn."""


def main() -> int:
    """Run; the exit code is 1 when the engine and the reference part somewhere."""
    options = _options()
    print(f"seed {options.seed}")
    return _each(options) if options.each else _all(options)


@dataclass
class Batch:
    """What came of a batch: how many examples were drawn, in how many the traces are the same to the last place, and the difference found."""

    number: int
    drawn: int = 0
    in_order: int = 0
    covered: Counter[str] = field(default_factory=Counter)
    difference: list[str] = field(default_factory=list)


def _all(options: argparse.Namespace) -> int:
    sizes = [min(BATCH, options.examples - begun) for begun in range(0, options.examples, BATCH)]
    numbers = range(len(sizes)) if options.batch is None else [options.batch]
    done: list[Batch] = []
    with ProcessPoolExecutor(options.jobs, get_context("fork")) as pool:
        for future in as_completed([pool.submit(_batch, options, number, sizes[number]) for number in numbers]):
            batch = future.result()
            done.append(batch)
            print(f"batch {batch.number}: {batch.drawn} examples, {len(done)} of {len(numbers)} batches", flush=True)
            if batch.difference:
                print(*batch.difference, sep="\n", flush=True)
                pool.shutdown(cancel_futures=True)
                break
    drawn, in_order = sum(batch.drawn for batch in done), sum(batch.in_order for batch in done)
    for kind, number in sorted(sum((batch.covered for batch in done), Counter[str]()).items()):
        print(f"{number:7} {kind}")
    if any(batch.difference for batch in done):
        print(f"after {drawn} examples, smaller ones included: a difference")
        print(f"replay it with --seed {options.seed} --examples {options.examples} --batch {done[-1].number}")
        return 1
    print(f"{drawn} examples, no difference; {in_order} traces are the same even where BPMN leaves the order open")
    return 0


def _batch(options: argparse.Namespace, number: int, size: int) -> Batch:
    batch = Batch(number)

    def seen(play: Play) -> None:
        batch.drawn += 1
        batch.covered.update(kinds(play.run.entries))

    def same(_: Play) -> None:
        batch.in_order += 1

    failure = _explore(options, size, f"{options.seed}.{number}", options.kinds, options.family, seen, same)
    if failure is not None:
        batch.difference = [*getattr(failure, "__notes__", []), f"{type(failure).__name__}: {failure}"]
    return batch


def _each(options: argparse.Namespace) -> int:
    failed = 0
    for name in (*LEAVES, *COMPOUNDS):
        around = {"sequence"} if name in LEAVES else set()
        failure = _explore(
            options, options.examples, options.seed, PLAIN | {name} | around, "", lambda _: None, lambda _: None
        )
        failed += failure is not None
        print(f"{name:22} {'ok' if failure is None else f'{type(failure).__name__}: {failure}'[:200]}", flush=True)
    return int(failed > 0)


def _explore(
    options: argparse.Namespace,
    examples: int,
    at: int | str,
    of: frozenset[str],
    family: str,
    seen: Callable[[Play], None],
    same: Callable[[Play], None],
) -> Exception | None:
    """Play examples of these kinds; the first difference, if there is one. ``seen`` is told of every example, ``same`` of those whose
    traces are the same to the last place."""
    told: list[Play] = []

    @seed(at)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate] if options.each else [Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    @given(plays(of, family))
    def explore(play: Play) -> None:
        seen(play)
        try:
            end = compare(play)
            again = restarted(play)
            assert again == end, f"with restarts it ends otherwise: {again}, without: {end}"
        except Exception as failure:
            if not options.each and not told:
                told.append(play)
                print(f"a difference, which is now made smaller: {failure}", file=sys.stderr, flush=True)
            raise
        if end.trace == play.trace:
            same(play)

    try:
        explore()
    except Exception as failure:
        return failure
    return None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.reference", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--batch", type=int, help=f"only this batch of {BATCH} examples")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="batches at a time")
    parser.add_argument("--kinds", type=lambda text: frozenset(text.split(",")), default=ALL, help="all by default")
    parser.add_argument("--family", choices=FAMILIES, default="", help="what each process begins with")
    parser.add_argument("--each", action="store_true", help="every block by itself")
    options = parser.parse_args()
    unknown = options.kinds - ALL
    if unknown:
        parser.error(f"no such kinds: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(ALL))}")
    if options.batch is not None and not 0 <= options.batch * BATCH < options.examples:
        parser.error(f"{options.examples} examples have no batch {options.batch}")
    return options


if __name__ == "__main__":
    sys.exit(main())
