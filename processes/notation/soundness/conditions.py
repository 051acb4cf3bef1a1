"""Conditions as far as they are easily compared: the same text, its opposite, and the same thing equal to another constant.

Data is abstracted away, so any flow of a gateway may be taken. Where two gateways ask the same question, though, a walk that
answers it both ways is not to be held against a diagram: a ``Memo`` remembers answers along a walk and refuses contradictions.
A gateway that is reached again may answer anew, since something must have changed on the way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

OPERAND = r"[^=<>!()\[\]{}]+?"
COMPARISON = re.compile(rf"({OPERAND})\s*(!=|>=|<=|==|=|>|<)\s*({OPERAND})")
WORDS = re.compile(r"\b(and|or|not|if|then|else|some|every|in|between|for)\b")
CONSTANT = re.compile(r""""[^"]*"|'[^']*'|[+-]?\d+(\.\d+)?""")
NEGATION = re.compile(r"not\s*\((.*)\)|not\s+([\w.]+)")
# What is longer is only compared letter by letter.
MOST_READ = 1_000
# An inequality is kept as the strict one, so that ``a >= b`` is the opposite of ``a < b``.
STRICT = {">=": "<", "<=": ">"}


class Claim(NamedTuple):
    """What taking a flow says: ``key`` is (``holds``) or is not ``value``; yes-or-no questions have an empty value."""

    key: str
    value: str
    holds: bool

    def opposite(self) -> Claim:
        """The claim that this one does not hold."""
        return Claim(self.key, self.value, not self.holds)


class _Answer(NamedTuple):
    """What is remembered of one key: its value, or values that it has not; and the gateways that have asked."""

    key: str
    value: str | None
    excluded: frozenset[str]
    askers: frozenset[str]


Memo = tuple[_Answer, ...]
NOTHING: Memo = ()


def claim(condition: str) -> Claim:
    """The claim a condition makes, FEEL (with ``=`` in front) and the Python subset alike."""
    text = re.sub(r"\s+", " ", condition.strip().removeprefix("=").strip())
    if len(text) > MOST_READ:
        return Claim(text, "", True)
    negation = NEGATION.fullmatch(text)
    if negation and _closes_at_end(negation[1] or ""):
        return claim("=" + (negation[1] or negation[2])).opposite()
    comparison = COMPARISON.fullmatch(text)
    if comparison is None or WORDS.search(re.sub(CONSTANT, "", text)):
        return Claim(text, "", True)
    left, sign, right = comparison[1].strip(), comparison[2], comparison[3].strip()
    if sign in STRICT:
        return Claim(f"{left} {STRICT[sign]} {right}", "", False)
    if sign in {"<", ">"}:
        return Claim(f"{left} {sign} {right}", "", True)
    holds = sign != "!="
    if right.lower() in {"true", "false"}:
        return Claim(left, "", holds == (right.lower() == "true"))
    if CONSTANT.fullmatch(right):
        return Claim(left, right.replace("'", '"'), holds)
    return Claim(f"{left} = {right}", "", holds)


def _closes_at_end(inside: str) -> bool:
    """Whether brackets inside ``not(…)`` balance, so that the outer pair holds all of it."""
    depth = 0
    for char in inside:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0


def decide(memo: Memo, asker: str, claims: Iterable[Claim]) -> Memo | None:
    """The memo after a gateway has answered; None when that contradicts what is remembered."""
    answers = {each.key: each for each in memo}
    renewed: set[str] = set()
    for each in claims:
        known = answers.get(each.key, _Answer(each.key, None, frozenset(), frozenset()))
        if asker in known.askers and each.key not in renewed:
            known = _Answer(each.key, None, frozenset(), frozenset())
        renewed.add(each.key)
        if each.holds:
            if known.value not in {None, each.value} or each.value in known.excluded:
                return None
            known = known._replace(value=each.value, excluded=frozenset())
        elif known.value is None:
            known = known._replace(excluded=known.excluded | {each.value})
        elif known.value == each.value:
            return None
        answers[each.key] = known
    for key in renewed:
        answers[key] = answers[key]._replace(askers=answers[key].askers | {asker})
    return tuple(answers[key] for key in sorted(answers))
