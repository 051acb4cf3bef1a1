"""Traces with open places: ``begin (a b | c) done`` lets the branches ``a b`` and ``c`` come in any interleaving; ``turn*9`` is nine turns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKENS = re.compile(r"[()|]|[^\s()|]+")


@dataclass(frozen=True)
class Series:
    """One part after the other; a part is an element's id or a group."""

    parts: tuple[str | Branches, ...]

    @property
    def may_end(self) -> bool:
        """Whether nothing more has to come."""
        return all(not isinstance(part, str) and part.may_end for part in self.parts)

    def after(self, element: str) -> Iterator[Series]:
        """What remains when this element has come, for each way in which it could be meant."""
        for index, part in enumerate(self.parts):
            rest = self.parts[index + 1 :]
            if isinstance(part, str):
                if part == element:
                    yield Series(rest)
                return
            yield from (Series((remaining, *rest)) for remaining in part.after(element))
            if not part.may_end:
                return


@dataclass(frozen=True)
class Branches:
    """Several series whose order among each other is open."""

    branches: tuple[Series, ...]

    @property
    def may_end(self) -> bool:
        """Whether nothing more has to come."""
        return all(branch.may_end for branch in self.branches)

    def after(self, element: str) -> Iterator[Branches]:
        """See :meth:`Series.after`."""
        for index, branch in enumerate(self.branches):
            for remaining in branch.after(element):
                yield Branches((*self.branches[:index], remaining, *self.branches[index + 1 :]))


def parse(text: str) -> Series:
    """Read a pattern; raises ``ValueError`` when its brackets do not match."""
    tokens = _TOKENS.findall("" if text.strip() == "nothing" else text)
    series, used = _series(tokens, 0)
    if used != len(tokens):
        raise ValueError(f"unexpected {tokens[used]!r} in {text!r}")
    return series


def _series(tokens: Sequence[str], at: int) -> tuple[Series, int]:
    parts: list[str | Branches] = []
    while at < len(tokens) and tokens[at] not in "|)":
        if tokens[at] == "(":
            group, at = _branches(tokens, at)
            parts.append(group)
        else:
            element, _, times = tokens[at].partition("*")
            parts += [element] * int(times or 1)
            at += 1
    return Series(tuple(parts)), at


def _branches(tokens: Sequence[str], at: int) -> tuple[Branches, int]:
    branches: list[Series] = []
    while True:
        branch, at = _series(tokens, at + 1)
        branches.append(branch)
        if at == len(tokens):
            raise ValueError("a bracket is not closed")
        if tokens[at] == ")":
            return Branches(tuple(branches)), at + 1


def mismatch(text: str, trace: Sequence[str]) -> str | None:
    """Where a trace leaves its pattern; None when it fits."""
    states = {parse(text)}
    for index, element in enumerate(trace):
        states = {remaining for state in states for remaining in state.after(element)}
        if not states:
            return f"{element} should not come after [{' '.join(trace[:index])}]"
    return None if any(state.may_end for state in states) else "something is missing at the end"
