"""Random FEEL for as long as one likes: ``python -m tests.fuzz.feel --minutes 10 [--seed N]``.

Sources are random text, random words of the language, sentences of its grammar, and mutations of the hostile corpus; each is
read and evaluated as an expression, a cell, a script and a timer, and by both languages' doors. Whatever leaves but our own
error, or takes longer than its budget, is a failure and is printed with its source. Exit code 1 when there was one.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from processes.notation import expressions
from processes.notation.expressions import ExpressionError
from processes.notation.feel import Budget, BudgetExceeded, FeelError, compile_expression, compile_unary, to_json
from tests.hostile.sources import ALL, SCRIPT
from tests.unit.notation.test_feel_fuzz import DATA, FUNCTIONS, SOURCES

_SECONDS = 2.5
"""Processor time: an evaluation's own limit is two seconds."""

_BATCH = 2_000
_CORPUS = [*(text.removeprefix("=")[:3_000] for text in ALL.values()), *(text[:3_000] for text in SCRIPT.values())]


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    """A hostile source cut, joined with another, or with a character changed."""
    one, other = draw(st.sampled_from(_CORPUS)), draw(st.sampled_from(_CORPUS))
    cut, paste = draw(st.integers(0, len(one))), draw(st.integers(0, len(other)))
    return one[:cut] + draw(st.text(max_size=3)) + other[paste:]


_ALL_SOURCES = st.one_of(SOURCES, SOURCES, _mutated())


def _as_expression(source: str) -> None:
    to_json(compile_expression(source).evaluate(DATA, FUNCTIONS, Budget(50_000)))


def _as_cell(source: str) -> None:
    verdict = compile_unary(source).test(1, DATA, FUNCTIONS, Budget(50_000))
    assert verdict in (True, False, None), verdict


DOORS: dict[str, tuple[Callable[[str], object], type[Exception]]] = {
    "expression": (_as_expression, FeelError),
    "cell": (_as_cell, FeelError),
    "condition": (lambda source: expressions.evaluate(f"={source}", DATA, FUNCTIONS), ExpressionError),
    "script": (lambda source: expressions.execute(f"= {{r: {source}}}", DATA, FUNCTIONS), ExpressionError),
    "timer": (lambda source: expressions.timer_value(f"={source}", DATA, FUNCTIONS), ExpressionError),
    "python condition": (lambda source: expressions.evaluate(source, DATA, FUNCTIONS), ExpressionError),
    "python script": (lambda source: expressions.execute(source, DATA, FUNCTIONS), ExpressionError),
}


class Campaign:
    """Counts, and what went wrong."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.slowest = (0.0, "")

    def one(self, source: str) -> None:
        """Try a source at every door."""
        self.counts["sources"] += 1
        for name, (door, error) in DOORS.items():
            begun = time.thread_time()
            try:
                door(source)
                self.counts["values"] += 1
            except error as raised:
                exceeded = isinstance(raised, BudgetExceeded) or isinstance(raised.__cause__, BudgetExceeded)
                self.counts["stopped by budget" if exceeded else "errors of ours"] += 1
            except Exception:
                self._fail(name, source, traceback.format_exc(limit=-3))
            took = time.thread_time() - begun
            self.slowest = max(self.slowest, (took, source[:80]))
            if took > _SECONDS:
                self._fail(name, source, f"{took:.1f} s")

    def _fail(self, door: str, source: str, why: str) -> None:
        self.counts["FAILURES"] += 1
        if len(self.failures) < 50:
            self.failures.append(f"{door}: {source!r:.2000}\n{why}")


def run(minutes: float, seed: int) -> Campaign:
    """Batches of generated sources until the time is over."""
    campaign = Campaign()
    until = time.monotonic() + minutes * 60
    while time.monotonic() < until:
        seed += 1

        @seeded(seed)
        @settings(
            max_examples=_BATCH, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(_ALL_SOURCES)
        def batch(source: str) -> None:
            if time.monotonic() < until:
                campaign.one(source)

        batch()
    return campaign


def main() -> int:
    """Print the counts and every failure."""
    parser = argparse.ArgumentParser(description="Fuzz FEEL's parser and evaluator")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    campaign = run(options.minutes, options.seed)
    for name, count in campaign.counts.most_common():
        print(f"{count:>12,}  {name}")
    print(f"slowest: {campaign.slowest[0]:.2f} s of processor time: {campaign.slowest[1]!r}")
    print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    print(*campaign.failures, sep="\n")
    return 1 if campaign.failures else 0


if __name__ == "__main__":
    sys.exit(main())
