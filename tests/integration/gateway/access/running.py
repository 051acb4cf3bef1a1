"""Running the matrix: first whatever must not be, then whatever may, each effect among rows as they were."""

from __future__ import annotations

from dataclasses import dataclass, field

from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.integration.gateway.access.carried import lacks
from tests.integration.gateway.access.matrix import (
    ALLOWED,
    AUDIT,
    COUNTED,
    UNCHANGING,
    Cell,
    Theatre,
    ask,
    became,
    prepare,
)

RIGHTS = frozenset(
    {"access_token", "account", "channel", "duty", "level", "login_session", "organisation", "past_password", "person"}
    | {"place", "portal_pass", "recovery_code", "role", "setting", "substitute"}
)
"""Tables that say who may what: what others may where one of them has changed proves nothing."""


@dataclass
class Report:
    """``outcomes``: what became of each cell; ``wrong``: in words, whatever is not as the table says."""

    outcomes: list[tuple[Cell, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    looked_at: set[tuple[str, str, int]] = field(default_factory=set)
    """endpoint, method and status of answers that carry what they must"""

    def note(self, cell: Cell, answer: TestResponse) -> None:
        """A cell was tried."""
        outcome = became(cell, answer)
        self.outcomes.append((cell, outcome))
        if outcome != cell.expected:
            self.wrong.append(f"{cell}: {outcome}, and should be {cell.expected}")
        kind = cell.row.endpoint, cell.method, answer.status_code
        if kind not in self.looked_at:
            self.wrong += [f"{cell}: {each}" for each in lacks(answer)]
            self.looked_at.add(kind)


def refusals_and_reading(theatre: Theatre) -> Report:
    """Everything that only reads, and everything that changes something and is refused: neither leaves a trace."""
    report = Report()
    stage = theatre.again()
    for rule, method, found in theatre.cells:
        for cell in found:
            if method in UNCHANGING or cell.expected != ALLOWED:
                report.note(cell, ask(stage, rule, cell))
        if left := theatre.traces.news() - AUDIT - _counted(rule):
            report.wrong.append(
                f"{method} {rule.endpoint} changed {', '.join(sorted(left))} although nobody was let in"
            )
    return report


def effects(theatre: Theatre) -> Report:
    """Everything that changes something and may. Where something is not as it should be, others may have had the effect before: it is
    tried again among rows as they were."""
    report = Report()
    theatre.again()
    for rule, method, found in theatre.cells:
        allowed = [cell for cell in found if cell.expected == ALLOWED]
        if method in UNCHANGING or not allowed:
            continue
        tried = _tried(theatre, rule, allowed)
        if tried.leaves != allowed[0].row.leaves:
            theatre.again()
            tried = _tried(theatre, rule, allowed)
        for cell, answer in tried.answers:
            report.note(cell, answer)
        if tried.leaves != allowed[0].row.leaves:
            report.wrong.append(
                f"{rule.endpoint} leaves {tried.leaves} ({', '.join(sorted(tried.left))}): matrix.csv says otherwise"
            )
        if tried.left & RIGHTS:
            theatre.again()
    return report


@dataclass
class Tried:
    """What became of the cells of an endpoint, and the tables that the calls changed."""

    answers: list[tuple[Cell, TestResponse]]
    left: frozenset[str]

    @property
    def leaves(self) -> str:
        """What the calls left, in the words of ``matrix.csv``."""
        return "rows" if self.left - AUDIT else "audit" if self.left else "nothing"


def _tried(theatre: Theatre, rule: Rule, cells: list[Cell]) -> Tried:
    found: list[tuple[Cell, TestResponse]] = []
    left: frozenset[str] = frozenset()
    _prepare(theatre, cells)
    for cell in cells:
        answer = ask(theatre.stage, rule, cell)
        if became(cell, answer) != ALLOWED and theatre.used:
            left |= theatre.traces.news()
            theatre.again()
            _prepare(theatre, [cell])
            answer = ask(theatre.stage, rule, cell)
        theatre.used = True
        found.append((cell, answer))
    return Tried(found, (left | theatre.traces.news()) - _counted(rule))


def _counted(rule: Rule) -> frozenset[str]:
    return COUNTED if rule.endpoint.startswith("rest.") else frozenset()


def _prepare(theatre: Theatre, cells: list[Cell]) -> None:
    for cell in cells:
        prepare(theatre.stage, cell)
    theatre.traces.news()
