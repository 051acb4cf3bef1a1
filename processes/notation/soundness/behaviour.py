"""What is seen of an activity from outside while a token is in it: a small automaton of escalations and endings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from processes.notation.soundness.net import COMPLETE, Label

OVER = -1


class Move(NamedTuple):
    """One thing that may be seen; ``to`` is the state after it, ``via`` the elements inside that lead to it."""

    label: Label
    to: int
    via: tuple[str, ...] = ()


@dataclass(frozen=True)
class Behaviour:
    """The moves of each state; the first state is the one it starts in."""

    states: tuple[tuple[Move, ...], ...]

    @property
    def moves(self) -> tuple[Move, ...]:
        """All moves, of whatever state; each label once."""
        return tuple({move.label: move for state in self.states for move in state}.values())

    @property
    def endings(self) -> tuple[Move, ...]:
        """Moves after which it is over."""
        return tuple(move for move in self.moves if move.to == OVER)


def anything(labels: Iterable[Label]) -> Behaviour:
    """It may complete, and show any of these at any time."""
    shown = dict.fromkeys([COMPLETE, *labels])
    return Behaviour((tuple(Move(label, 0 if label.kind == "escalation" else OVER) for label in shown),))


def repeated(once: Behaviour) -> Behaviour:
    """Several instances, or none: what one may show may be seen at any time."""
    loop = [move._replace(to=move.to if move.to == OVER else 0) for move in once.moves]
    if all(move.label != COMPLETE for move in loop):
        loop.append(Move(COMPLETE, OVER))
    return Behaviour((tuple(loop),))


STEP = anything(())
