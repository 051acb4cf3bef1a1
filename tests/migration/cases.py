"""The cases: how far each has come before the migration, and what its way must have been in the end."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.migration.models import BLOCK, CALLED, OLD, VOTE, WAIT

Step = tuple[str, str]
"""What is done: user, job or message, and at which step."""

BEGUN: Sequence[Step] = (("user", "intake"),)
ACTED: Sequence[Step] = (*BEGUN, ("job", "act"))
REVIEWED: Sequence[Step] = (*ACTED, ("user", "review"))
JOINED: Sequence[Step] = (*REVIEWED, ("message", "reply"))


@dataclass(frozen=True)
class Position:
    """Where a case stands when the migration begins. ``share``: of a hundred cases."""

    name: str
    share: int
    steps: Sequence[Step]
    kinds: Sequence[int] = (VOTE, WAIT, BLOCK)


POSITIONS: Sequence[Position] = (
    Position("受理", 14, ()),
    Position("外部办理未回，等回复", 22, BEGUN),
    Position("外部办理未回，回复已到", 8, (*BEGUN, ("message", "reply"))),
    Position("审核，等回复", 12, ACTED),
    Position("审核，回复已到", 8, (*ACTED, ("message", "reply"))),
    Position("审核已完，等回复", 6, REVIEWED),
    Position("表决到一半", 9, (*JOINED, ("user", "vote")), (VOTE,)),
    Position("公示", 8, JOINED, (WAIT,)),
    Position("老办法", 3, JOINED, (OLD,)),
    Position("征求两家", 2, JOINED, (BLOCK,)),
    Position("答复", 4, (*JOINED, ("user", "vote"), ("user", "vote"), ("user", "vote")), (VOTE,)),
    Position("发送未回", 4, (*JOINED, *[("user", "vote")] * 3, ("user", "answer")), (VOTE,)),
)


@dataclass
class Case:
    """A case. ``instance``: its id, once it is begun."""

    number: str
    position: Position
    kind: int
    instance: str = ""


def draw(count: int, seed: int) -> list[Case]:
    """So many cases, spread over the positions."""
    chance, found = random.Random(seed), list[Case]()
    shares = [position for position in POSITIONS for _ in range(position.share)]
    for at in range(count):
        position = shares[at % len(shares)]
        found.append(Case(f"C{at:05}", position, chance.choice(position.kinds)))
    chance.shuffle(found)
    return found


MIDDLE = {VOTE: ("vote",), WAIT: ("wait",), OLD: ("old",), BLOCK: ("p1", "p2")}
SEVERAL = ("vote",)
"""Done by several: how often shows in what they have given."""


def way(case: Case, moved: bool, before: Counter[str]) -> Counter[str]:
    """What a case must have gone through in the end, each step once, by the ids of the version that it ends on. ``before``: what it had begun or
    done when it was moved, by the ids of the new version."""
    steps = ["intake", "act", "review", "reply", *MIDDLE[case.kind], "answer", "send"]
    if not moved:
        return Counter(steps)
    called = [CALLED[each] for each in steps if each in CALLED]
    if not before["answer"]:
        called.append("legal")
    if case.kind == BLOCK and not (before["q1"] or before["q2"]):
        called.append("q3")
    return Counter(called)
