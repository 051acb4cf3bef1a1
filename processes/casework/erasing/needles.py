"""What a person is known by, and striking it out of texts and JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

STRUCK = "（已删除）"
"""What stands in the place of what was struck out."""

_MOBILE = re.compile(r"\A1[3-9]\d{9}\Z")

SHORTEST_NAME, SHORTEST = 2, 4
"""Signs that a name, and anything else, has at least: what is shorter stands in many texts that are not about the person."""


@dataclass(frozen=True)
class Needles:
    """``unique``: numbers and e-mail addresses, which are one person's wherever they stand; ``own``: names and the like, which are his or
    hers only in what is about that person's own reports. Each as it may be written."""

    unique: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    @classmethod
    def of(cls, unique: Iterable[str], names: Iterable[str] = (), others: Iterable[str] = ()) -> Needles:
        """Of phone numbers and e-mail addresses, of names of people, and of what else tells who it is (an address, a credit code).

        >>> Needles.of(["13812345678"], ["王明"]).unique
        ('13812345678', '138 1234 5678', '138-1234-5678')
        """
        single = tuple(dict.fromkeys(form for each in unique for form in _forms(each.strip())))
        longer = [each.strip() for each in others if len(each.strip()) >= SHORTEST]
        named = [each.strip() for each in names if len(each.strip()) >= SHORTEST_NAME]
        # The longest first: of what lies within another, nothing is left over.
        return cls(single, tuple(sorted({*longer, *named} - set(single), key=lambda each: (-len(each), each))))

    @property
    def all(self) -> tuple[str, ...]:
        """Those that are struck out of what is about the person's own reports."""
        return (*self.unique, *self.own)

    def joined(self, other: Needles) -> Needles:
        """These and those."""
        unique = tuple(dict.fromkeys((*self.unique, *other.unique)))
        own = {*self.own, *other.own} - set(unique)
        return Needles(unique, tuple(sorted(own, key=lambda each: (-len(each), each))))

    def only_unique(self) -> Needles:
        """Those that are struck out of whatever they stand in."""
        return Needles(self.unique)

    def are_in(self, text: str) -> bool:
        """Whether something of it stands in a text."""
        return any(each in text for each in self.all)

    def struck(self, text: str) -> str:
        """A text without it."""
        for each in self.all:
            text = text.replace(each, STRUCK)
        return text

    def struck_json(self, value: Any) -> Any:
        """A JSON value without it: in strings, and in whole numbers that are one. Names of members stay, and their order."""
        if isinstance(value, str):
            return self.struck(value)
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return STRUCK if str(value) in self.all else value
        if isinstance(value, Mapping):
            return {name: self.struck_json(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.struck_json(each) for each in value]
        return value


def _forms(value: str) -> Iterator[str]:
    if len(value) < SHORTEST:
        return
    yield value
    if _MOBILE.match(value):
        first, middle, last = value[:3], value[3:7], value[7:]
        yield from (sign.join((first, middle, last)) for sign in (" ", "-"))
