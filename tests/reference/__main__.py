"""Many random processes through the engine and the reference.

python -m tests.reference --examples 10000 --seed 7      all kinds of parts
python -m tests.reference --family events                only processes that begin with a block of the family
python -m tests.reference --kinds script,user,parallel   only these parts
python -m tests.reference --each --examples 30           every block by itself, and which of them fail (nothing is made smaller)

Prints the seed, how many examples went through which kinds of elements, and the first counter-example, made as small as it goes. The same seed
draws the same examples.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable
from itertools import count

from hypothesis import HealthCheck, Phase, given, seed, settings
from tqdm import tqdm

from tests.reference.blocks.leaves import LEAVES
from tests.reference.coverage import kinds
from tests.reference.driver import compare, restarted
from tests.reference.generators import ALL, COMPOUNDS, FAMILIES, plays
from tests.reference.paths import Play

PLAIN = frozenset({"script", "user", "message", "signal", "timer", "several tasks"})
"""What other blocks are filled with when each is tried by itself."""


def main() -> int:
    """Run; the exit code is 1 when the engine and the reference part somewhere."""
    options = _options()
    print(f"seed {options.seed}")
    return _each(options) if options.each else _all(options)


def _all(options: argparse.Namespace) -> int:
    covered: Counter[str] = Counter()
    drawn, in_order = count(), count()
    progress = tqdm(total=options.examples, unit=" examples", disable=None)

    def seen(play: Play) -> None:
        next(drawn)
        progress.update()
        covered.update(kinds(play.run.entries))

    def same(_: Play) -> None:
        next(in_order)

    failure = _explore(options, options.kinds, options.family, seen, same)
    progress.close()
    for kind, number in sorted(covered.items()):
        print(f"{number:7} {kind}")
    if failure is None:
        print(
            f"{next(drawn)} examples, no difference; {next(in_order)} traces are the same even where BPMN leaves the order open"
        )
        return 0
    print(f"after {next(drawn)} examples, smaller ones included:", *getattr(failure, "__notes__", []), sep="\n")
    print(f"{type(failure).__name__}: {failure}")
    return 1


def _each(options: argparse.Namespace) -> int:
    failed = 0
    for name in (*LEAVES, *COMPOUNDS):
        around = {"sequence"} if name in LEAVES else set()
        failure = _explore(options, PLAIN | {name} | around, "", lambda _: None, lambda _: None)
        failed += failure is not None
        print(f"{name:22} {'ok' if failure is None else f'{type(failure).__name__}: {failure}'[:200]}", flush=True)
    return int(failed > 0)


def _explore(
    options: argparse.Namespace,
    of: frozenset[str],
    family: str,
    seen: Callable[[Play], None],
    same: Callable[[Play], None],
) -> Exception | None:
    """Play examples of these kinds; the first difference, if there is one. ``seen`` is told of every example, ``same`` of those whose
    traces are the same to the last place."""
    told: list[Play] = []

    @seed(options.seed)
    @settings(
        max_examples=options.examples,
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
    parser.add_argument("--kinds", type=lambda text: frozenset(text.split(",")), default=ALL, help="all by default")
    parser.add_argument("--family", choices=FAMILIES, default="", help="what each process begins with")
    parser.add_argument("--each", action="store_true", help="every block by itself")
    options = parser.parse_args()
    unknown = options.kinds - ALL
    if unknown:
        parser.error(f"no such kinds: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(ALL))}")
    return options


sys.exit(main())
