"""``python -m tests.whatif --cases 10000``: run so many cases, try three drafts on them, and hold the counts against queries."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

from processes.whatif.comparison import DIVERGED, ELSEWHERE, SAME
from tests.whatif import drafts
from tests.whatif.cases import Crowd
from tests.whatif.counting import Counted, count, queried


def main() -> int:
    """Exit status: 0 when all counts are as they must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600.0, help="no more cases are run after so many")
    parser.add_argument("--kept", type=Path, help="a file for the database of the cases: used again when it is there")
    asked = parser.parse_args()
    begun = perf_counter()
    crowd = Crowd(asked.seed)
    again = asked.kept is not None and asked.kept.exists()

    def told(done: int) -> bool:
        print(f"{done} cases …", flush=True)
        return perf_counter() - begun < 60 * asked.minutes

    ids = crowd.restore(asked.kept) if again else crowd.live(asked.cases, told)
    if asked.kept is not None and not again:
        crowd.keep(asked.kept)
    print(f"{len(ids)} cases run in {perf_counter() - begun:.0f} s", flush=True)
    good = True
    found = _tried("rewritten to mean the same", crowd, drafts.same(crowd.files), ids)
    good &= _holds("0 differences", not found.differing, found)
    found = _tried("another route", crowd, drafts.routed(crowd.files), ids)
    wanted = queried(crowd, drafts.ROUTED)
    good &= _holds(f"the {len(wanted)} that the query finds", found.differing == wanted, found)
    further = queried(crowd, drafts.AT_POLICY)
    good &= _holds("all of them elsewhere", found.of(ELSEWHERE) >= wanted - further, found)
    good &= _holds("or on, by what that board answered later", found.of(ELSEWHERE, DIVERGED) == wanted, found)
    found = _tried("a new task", crowd, drafts.reviewed(crowd.files), ids)
    wanted = queried(crowd, drafts.REVIEWED)
    good &= _holds(f"the {len(wanted)} that the query finds have diverged", found.of(DIVERGED) == wanted, found)
    good &= _holds("nothing else differs", found.of(SAME, DIVERGED) == set(ids), found)
    return 0 if good else 1


def _tried(what: str, crowd: Crowd, draft: Mapping[str, bytes], ids: list[str]) -> Counted:
    found = count(crowd, draft, ids)
    each = 1000 / len(ids)
    took = f"{found.seconds:.0f} s, {found.seconds * each:.1f} ms a case, {found.processor * each:.1f} ms of processor"
    print(f"{what}: {dict(found.numbers)} in {took}", flush=True)
    return found


def _holds(what: str, true: bool, found: Counted) -> bool:
    print(f"  {'ok' if true else 'NOT SO'}: {what}", flush=True)
    for each in () if true else found.strange:
        print("   ", each.record.id, each.verdict)
    return true


if __name__ == "__main__":
    sys.exit(main())
