"""The phases of the campaign: one fault at one outside system after another, and at last all of them at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.standin_faults.problems import BY_SYSTEM, MAJOR, channels
from workers.standins.faults import AFTER, BEFORE, KINDS, PUSHES

LASTING = "hold_push"
"""A fault that leaves nothing to see while it is on: the message simply has not been sent yet."""

NOTICES = ("notices", "sms", "dingtalk", "email")
"""The systems by which a notice reaches people."""

SENDS = tuple(kind for kind in PUSHES if kind != LASTING)

HARMLESS = frozenset({"wrong_type"})
"""Faults after which an exchange is as good as without."""

DEADLINE = 1.5
"""Seconds for an exchange, as the platform is configured in the campaign."""

DETAILS: Mapping[str, Mapping[str, float]] = {
    "slow": {"seconds": DEADLINE + 0.5},
    "drip": {"seconds": 0.1},
    "status": {"retry_after": 1},
    "late_push": {"seconds": 1.0},
    "huge": {"size": 2_000_000},
}
"""What makes each fault bite at that deadline."""

MAIL: Mapping[str, Mapping[str, object]] = {
    "slow": {"kind": "slow", **DETAILS["slow"]},
    "4xx": {"kind": "status", "status": 451},
    "5xx": {"kind": "status", "status": 554},
    "reset before DATA": {"kind": "reset", "path": "session"},
    "reset after DATA": {"kind": "reset", "path": "messages"},
    "lost_reply": {"kind": "lost_reply"},
}
"""What goes wrong with e-mail, in SMTP's terms."""

OFTEN, SELDOM = 0.5, 0.06
"""How probable a fault is when it is the only one, and when all are on at once."""

RANDOM = "all at random"


@dataclass(frozen=True)
class Phase:
    """``systems``: at which of the stand-ins the faults are; ``sort``: of which problems are needed to meet them ("": any);
    ``reminders``: whether people must be late for it."""

    name: str
    systems: Sequence[str]
    kinds: Sequence[str]
    probability: float = OFTEN
    sort: str = ""
    reminders: bool = False

    def faults(self, seed: int) -> list[dict[str, object]]:
        """What to switch on. The only fault of a phase comes for certain once, then by chance."""
        found: list[dict[str, object]] = []
        for at, fault in enumerate(self._wanted()):
            if len(self.kinds) == 1:
                found.append({**fault, "times": 1})
            found.append({**fault, "times": None, "probability": self.probability, "seed": seed + at})
        return found

    @property
    def counted(self) -> set[tuple[str, str]]:
        """System and kind, as the stand-ins count the faults that came."""
        return {(str(fault["system"]), str(fault["kind"])) for fault in self._wanted()}

    def _wanted(self) -> Iterator[dict[str, object]]:
        for system in self.systems:
            for kind in self.kinds:
                if system == "email" and kind in MAIL:
                    yield {"system": system, **MAIL[kind]}
                elif system != "email" and kind in KINDS:
                    yield {"system": system, "kind": kind, **DETAILS.get(kind, {})}


def phases() -> list[Phase]:
    """All of them; the last is that of all faults at random."""
    replies = [*BEFORE, *AFTER]
    everywhere = [*channels(), "ratings", "seven-lists", "boards", *NOTICES, "registry"]
    found = [Phase(f"channels {kind}", channels(), [kind]) for kind in (*replies, *SENDS)]
    found += [Phase(f"ratings {kind}", ["ratings"], [kind]) for kind in (*replies, *SENDS)]
    found += [Phase(f"seven-lists {kind}", ["seven-lists"], [kind], sort=MAJOR) for kind in (*replies, *SENDS)]
    found += [Phase(f"boards {kind}", ["boards"], [kind], sort=BY_SYSTEM) for kind in (*replies, *SENDS)]
    for name in NOTICES:
        kinds = MAIL if name == "email" else replies
        found += [Phase(f"{name} {kind}", [name], [kind], sort="board", reminders=True) for kind in kinds]
    found += [Phase(f"registry {kind}", ["registry"], [kind], sort="board") for kind in replies]
    mixed = list(dict.fromkeys([*replies, *SENDS, *MAIL]))
    return [*found, Phase(RANDOM, everywhere, mixed, SELDOM, reminders=True)]


def share(chosen: Sequence[Phase], problems: int) -> dict[str, int]:
    """How many problems each phase gets: half of all go to the one in which everything fails at random, if it is played."""
    alone = [each.name for each in chosen if each.name != RANDOM]
    if not alone:
        return {RANDOM: problems}
    mixed = len(alone) < len(chosen)
    each, rest = divmod(problems // 2 if mixed else problems, len(alone))
    found = {name: max(each + (at < rest), 1) for at, name in enumerate(alone)}
    return {**found, RANDOM: max(problems - sum(found.values()), 1)} if mixed else found
