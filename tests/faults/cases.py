"""The cases of a trial: drawn by the seed, of every kind, each with the door that it comes in by."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.faults.kinds import DOOR, Kind, kind_of
from tests.faults.world import BROKER

HTTP, AMQP = "http", "amqp"

PARTNER = "seven-lists"
"""Who sends over HTTP; over AMQP it is one of our own."""

SOURCE = "/partner"

TWICE, TOLD_TWICE, EARLY = 0.1, 0.5, 0.3
"""The share of messages that are sent again although they were accepted (the answer was lost, say): of those that begin a case, and of those
that tell one its stages; and the share of cases that are told before they have begun."""


@dataclass(frozen=True)
class Case:
    """A small case and the door it comes in by."""

    key: str
    door: str
    early: bool = False
    twice: tuple[bool, ...] = ()
    """for its messages, in the order in which they are sent"""

    @property
    def kind(self) -> Kind:
        """What it is a case of."""
        return kind_of(self.key)

    @property
    def messages(self) -> list[str]:
        """The ids of the messages that it is sent."""
        return [f"{self.key}:start", *(f"{self.key}:{stage}" for stage in self.kind.messages)]


def draw(trial: str, count: int, kinds: Sequence[Kind], lane: str, chance: random.Random) -> list[Case]:
    """So many cases of a mix of kinds, one herald among them when somebody waits for it."""
    usual = [kind for kind in kinds if kind.weight]
    # Each kind at least once as far as they go, then by weight.
    names = [kind.name for kind in usual][: max(count - 1, 0)]
    names += chance.choices(
        [kind.name for kind in usual], [kind.weight for kind in usual], k=max(count - 1 - len(names), 0)
    )
    chance.shuffle(names)
    names.append("herald")
    doors = (HTTP, AMQP) if lane == BROKER else (HTTP,)
    return [_case(f"{trial}-{name}-{number:05}", doors, chance) for number, name in enumerate(names[-count:], start=1)]


def _case(key: str, doors: Sequence[str], chance: random.Random) -> Case:
    early = chance.random() < EARLY
    stages = [TOLD_TWICE] * len(kind_of(key).messages)
    shares = [*stages, TWICE] if early else [TWICE, *stages]
    return Case(key, chance.choice(doors), early, tuple(chance.random() < share for share in shares))


def instances_of(case: Case) -> Mapping[str, int]:
    """How many instances of which processes a case must be at its end."""
    return {**case.kind.processes, **({DOOR: 1} if case.door == HTTP else {})}
