"""What the trial says of all cases, beside what a query finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter, process_time

from sqlalchemy import text

from processes.whatif.comparison import SAME
from processes.whatif.trial import Judged, Trial
from tests.whatif.cases import Crowd

BATCH = 100


@dataclass
class Counted:
    """Instances by verdict, and what it took. ``seconds``: on the wall; ``processor``: of the processor."""

    verdicts: dict[str, set[str]] = field(default_factory=dict)
    strange: list[Judged] = field(default_factory=list)
    """some whose verdict is not the same"""
    seconds: float = 0.0
    processor: float = 0.0

    @property
    def numbers(self) -> Mapping[str, int]:
        """How many of each verdict."""
        return {name: len(found) for name, found in sorted(self.verdicts.items())}

    def of(self, *kinds: str) -> set[str]:
        """The instances of these verdicts."""
        return set[str]().union(*(self.verdicts.get(each, set()) for each in kinds))

    @property
    def differing(self) -> set[str]:
        """All whose verdict is not the same."""
        return self.of(*(each for each in self.verdicts if each != SAME))


def count(crowd: Crowd, draft: Mapping[str, bytes], ids: Sequence[str]) -> Counted:
    """Judge all of these instances on a draft."""
    stage, found = crowd.stage, Counted()
    trial = Trial(stage.engine.definitions, crowd.snapshots, draft, crowd.until)
    begun, processor = perf_counter(), process_time()
    for at in range(0, len(ids), BATCH):
        with stage.database.read() as connection:
            judged = trial.judge(connection, ids[at : at + BATCH])
        for each in judged:
            found.verdicts.setdefault(each.verdict.kind, set()).add(each.record.id)
            if each.verdict.kind != SAME and len(found.strange) < 5:
                found.strange.append(each)
    found.seconds, found.processor = perf_counter() - begun, process_time() - processor
    return found


def queried(crowd: Crowd, query: str) -> set[str]:
    """The instances that a query finds."""
    with crowd.stage.database.read() as connection:
        return set(connection.execute(text(query)).scalars())
