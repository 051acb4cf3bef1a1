"""Many random processes through the engine and the reference:

python -m tests.reference --examples 10000 --seed 7 [--kinds script,user,parallel,…] [--family events]

Prints the seed, how many examples went through which kinds of elements, and the first counter-example, made as small as it goes. The same seed
draws the same examples.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from itertools import count

from hypothesis import HealthCheck, Phase, given, seed, settings
from tqdm import tqdm

from tests.reference.coverage import kinds
from tests.reference.driver import compare, restarted
from tests.reference.generators import ALL, FAMILIES, plays
from tests.reference.paths import Play


def main() -> int:
    """Run; the exit code is 1 when the engine and the reference part somewhere."""
    options = _options()
    covered: Counter[str] = Counter()
    drawn, in_order = count(), count()
    progress = tqdm(total=options.examples, unit=" examples", disable=None)

    @seed(options.seed)
    @settings(
        max_examples=options.examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    @given(plays(options.kinds, options.family))
    def explore(play: Play) -> None:
        next(drawn)
        progress.update()
        covered.update(kinds(play.run.entries))
        end = compare(play)
        again = restarted(play)
        if end.trace == play.trace:
            next(in_order)
        assert again == end, f"with restarts it ends otherwise: {again}, without: {end}"

    print(f"seed {options.seed}")
    failure: AssertionError | Exception | None = None
    try:
        explore()
    except Exception as error:
        failure = error
    progress.close()
    for kind, number in sorted(covered.items()):
        print(f"{number:7} {kind}")
    if failure is None:
        print(
            f"{next(drawn)} examples, no difference; {next(in_order)} traces are the same even where BPMN leaves the order open"
        )
        return 0
    print(
        f"after {next(drawn)} examples, smaller ones included:",
        *getattr(failure, "__notes__", []),
        f"{type(failure).__name__}: {failure}",
        sep="\n",
    )
    return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.reference", description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--kinds", type=lambda text: frozenset(text.split(",")), default=ALL, help="all by default")
    parser.add_argument("--family", choices=FAMILIES, default="", help="what each process begins with")
    options = parser.parse_args()
    unknown = options.kinds - ALL
    if unknown:
        parser.error(f"no such kinds: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(ALL))}")
    return options


sys.exit(main())
