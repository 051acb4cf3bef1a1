"""XPath regular expressions (XQuery 1.0 F&O 7.6.1) for RE2, which never backtracks."""

from __future__ import annotations

import functools
import re
from typing import Any

import re2

_compile: Any = re2.compile
_escape: Any = re2.escape

_MAX_PATTERN = 2_000
_MEMORY = 1 << 20
"""Bytes RE2 may use for a pattern: refuses counted repetitions that multiply to a huge program."""

_FLAGS = frozenset("smixq")
_CLASSES = {
    "i": (r"\p{L}_:", r"^\p{L}_:"),
    "c": (r"\p{L}\p{M}\p{N}_:.\-", r"^\p{L}\p{M}\p{N}_:.\-"),
    "d": (r"\p{Nd}", r"\P{Nd}"),
    "w": (r"\p{L}\p{M}\p{N}\p{S}", r"\p{P}\p{Z}\p{C}"),
    "s": (r" \t\n\r", r"^ \t\n\r"),
}
"""The classes of one letter, and their complements (which start with ^ where RE2 has no positive form)."""

_SINGLE = {"n": "\n", "r": "\r", "t": "\t", **{char: char for char in "\\|.?*+(){}[]-^$"}}
_SPACED = re.compile(r"(\[(?:[^\]\\]|\\.)*\])|[ \t\r\n]+")
"""Blanks outside classes, which the flag x takes away."""

_LAST = 0x10FFFF
_Ranges = list[tuple[int, int]]
_BLOCKS = {
    "IsBasicLatin": r"\x00-\x7F",
    "IsLatin-1Supplement": r"\x80-\xFF",
    "IsGreek": r"\x{370}-\x{3FF}",
    "IsGreekandCoptic": r"\x{370}-\x{3FF}",
    "IsCyrillic": r"\x{400}-\x{4FF}",
    "IsCJKUnifiedIdeographs": r"\x{4E00}-\x{9FFF}",
}
_CATEGORY = re.compile(r"\{(\^?)([A-Za-z0-9-]+)\}")


@functools.lru_cache(512)
def compile_pattern(pattern: str, flags: str) -> Any:
    """An RE2 pattern; raises ValueError for what XPath or RE2 refuses (look-around, references back…)."""
    if not _FLAGS.issuperset(flags) or len(pattern) > _MAX_PATTERN:
        raise ValueError("no such flag, or too long a pattern")
    source = _escaped(pattern) if "q" in flags else _Translation(pattern, flags).result()
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.dot_nl = "s" in flags
    options.case_sensitive = "i" not in flags
    # without it ^ and $ would match at line ends
    prefix = "(?m)" if "m" in flags else ""
    try:
        return _compile(prefix + source, options)
    except re2.error as error:
        raise ValueError(str(error)) from error


def _escaped(text: str) -> str:
    return str(_escape(text))


class _Translation:
    """Walks through the pattern once, writing RE2's."""

    def __init__(self, pattern: str, flags: str) -> None:
        self._pattern = _SPACED.sub(lambda found: found[1] or "", pattern) if "x" in flags else pattern
        self._at = 0
        self._dot = "." if "s" in flags else r"[^\n\r]"

    def result(self) -> str:
        out: list[str] = []
        while self._at < len(self._pattern):
            out.append(self._next())
        return "".join(out)

    def _next(self) -> str:
        char = self._take()
        if char == "\\":
            return self._escape(within=False)
        if char == "[":
            return self._class()
        if char == "(" and self._peek() == "?":
            if self._pattern[self._at : self._at + 2] != "?:":
                raise ValueError("only (?:…) groups")
            return char
        return self._dot if char == "." else char

    def _take(self) -> str:
        if self._at >= len(self._pattern):
            raise ValueError("the pattern is not closed")
        char = self._pattern[self._at]
        self._at += 1
        return char

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _escape(self, within: bool) -> str:
        char = self._take()
        if char in "pP":
            return self._category(char, within)
        if char in _SINGLE:
            return _escaped(_SINGLE[char])
        if char.lower() not in _CLASSES:
            raise ValueError(f"no such escape: {char}")
        inside = _CLASSES[char.lower()][char.isupper()]
        if within and inside.startswith("^"):
            raise ValueError("no such class within a class")
        return inside if within else f"[{inside}]"

    def _category(self, char: str, within: bool) -> str:
        found = _CATEGORY.match(self._pattern, self._at)
        if not found or found[1]:
            raise ValueError("a category expected")
        self._at = found.end()
        if not found[2].startswith("Is"):
            return f"\\{char}{found[0]}"
        block = _BLOCKS.get(found[2])
        if block is None or (within and char == "P"):
            raise ValueError(f"no such block: {found[2]}")
        if within:
            return block
        return f"[^{block}]" if char == "P" else f"[{block}]"

    def _class(self) -> str:
        negated = self._peek() == "^"
        if negated:
            self._take()
        ranges, others, subtracted = self._members()
        if subtracted is None:
            inside = _written(ranges) + "".join(others)
            return f"[{'^' if negated else ''}{inside}]"
        if others:
            raise ValueError("a class can only be subtracted from characters and ranges")
        left = _without(_complement(ranges) if negated else ranges, subtracted)
        return f"[{_written(left)}]" if left else r"[^\x{0}-\x{10FFFF}]"

    def _members(self) -> tuple[_Ranges, list[str], _Ranges | None]:
        """Ranges, classes that are none, and the ranges to subtract, up to the closing bracket."""
        ranges: _Ranges = []
        others: list[str] = []
        while True:
            if self._peek() == "]" and (ranges or others):
                self._take()
                return ranges, others, None
            if self._pattern.startswith("-[", self._at):
                self._at += 2
                return ranges, others, self._subtracted()
            item = self._member()
            if isinstance(item, str):
                others.append(item)
            else:
                ranges.append(item)

    def _subtracted(self) -> _Ranges:
        negated = self._peek() == "^"
        if negated:
            self._take()
        ranges, others, inner = self._members()
        if others or self._take() != "]":
            raise ValueError("only characters and ranges can be subtracted")
        ranges = _complement(ranges) if negated else ranges
        return ranges if inner is None else _without(ranges, inner)

    def _member(self) -> tuple[int, int] | str:
        start = self._character()
        if isinstance(start, str):
            return start
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in ("]", "[", ""):
            return start, start
        self._take()
        end = self._character()
        if isinstance(end, str) or end < start:
            raise ValueError("not a range")
        return start, end

    def _character(self) -> int | str:
        """A code point, or the inside of a class."""
        char = self._take()
        if char in "[]":
            raise ValueError("a bracket within a class")
        if char != "\\":
            return ord(char)
        if self._peek() in _SINGLE:
            return ord(_SINGLE[self._take()])
        return self._escape(within=True)


def _written(ranges: _Ranges) -> str:
    return "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in ranges)


def _complement(ranges: _Ranges) -> _Ranges:
    return _without([(0, _LAST)], ranges)


def _without(ranges: _Ranges, removed: _Ranges) -> _Ranges:
    for low, high in removed:
        kept: _Ranges = []
        for first, last in ranges:
            if first < low:
                kept.append((first, min(last, low - 1)))
            if last > high:
                kept.append((max(first, high + 1), last))
        ranges = kept
    return ranges
