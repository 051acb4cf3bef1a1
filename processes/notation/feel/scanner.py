"""Reading the source: blanks, symbols, words, numbers, strings, and names that hold spaces or operators.

FEEL names are lexed by scope: ``a-b`` is one name where such a name is known, a subtraction elsewhere. The scanner keeps
the known names as sequences of pieces and takes the longest that fits. Words in a row that no known name explains can
only be one name with spaces (nothing else in the grammar lets two words meet), so unknown names with spaces need no scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from processes.notation.feel.budget import MAX_SOURCE
from processes.notation.feel.errors import FeelSyntaxError

_START = (
    r"A-Za-z_\u00B5-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F\u2C00-\u2FEF"
    r"\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_PART = _START + r"0-9\u00B7\u0300-\u036F\u203F-\u2040"
_WORD = re.compile(f"[?{_START}][{_PART}]*")
_PART_OF_WORD = re.compile(f"[{_PART}]")
_PIECE = re.compile(f"[?{_PART}]+|[-./'+*]")
_NAME_TEXT = re.compile(r"[^:,{}()\[\]\"]+")
_ARGUMENT = re.compile(r"([^:,{}()\[\]\"<>=@]+):")
_PARAMETER = re.compile(r"[^:,()]+")
_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_IN = re.compile(r"\bin\b")

KEYWORDS = frozenset(
    ("if", "then", "else", "for", "return", "some", "every", "satisfies", "in", "and", "or", "between", "instance", "of",
     "function", "true", "false", "null")
)  # fmt: skip
_JOINABLE = frozenset(("of", "function"))
"""Keywords that mean something only after others, and so may be words of a name: ``level of(place)``."""

_MAX_PIECES = 24
"""Pieces of a known name that holds more than words; longer ones are not looked for."""


def normalized(name: str) -> str:
    """The name with single spaces."""
    return " ".join(name.split())


def is_simple_name(name: str) -> bool:
    """Whether the name is one word, which needs no scope to be read."""
    return _WORD.fullmatch(name) is not None


def _surrogates_joined(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def unescape(text: str) -> str:
    """The string a literal's inside stands for."""
    if "\\" not in text:
        return text

    def replace(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) > 1:
            point = int(code[1:], 16)
            return chr(point) if point < 0x110000 else found[0]
        return _ESCAPED.get(code, "\\" + code)

    return _surrogates_joined(_ESCAPE.sub(replace, text))


class KnownNames:
    """Names that hold spaces, operators or keywords, found by their pieces."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        self._longest: dict[str, int] = {}

    def add(self, name: str) -> None:
        """Make a name known; names of one word need not be."""
        name = normalized(name)
        if not name or is_simple_name(name):
            return
        pieces = tuple(_PIECE.findall(name))
        if "".join(pieces) != name.replace(" ", ""):
            return  # "$text" holds what no name can: it must not be taken for "text"
        if 0 < len(pieces) <= _MAX_PIECES:
            self._names[pieces] = name
            self._longest[pieces[0]] = max(self._longest.get(pieces[0], 0), len(pieces))

    def longest_at(self, source: str, position: int) -> tuple[str, int] | None:
        """The longest known name at the position, and where it ends."""
        found = None
        pieces: list[str] = []
        longest = 1
        for piece, end in _pieces(source, position):
            if not pieces:
                longest = self._longest.get(piece, 0)
            pieces.append(piece)
            if len(pieces) > longest:
                break
            name = self._names.get(tuple(pieces))
            if name is not None:
                found = name, end
        return found


def _pieces(source: str, position: int) -> Iterator[tuple[str, int]]:
    while piece := _PIECE.match(source, position):
        yield piece[0], piece.end()
        blank = _BLANK.match(source, piece.end())
        position = blank.end() if blank else piece.end()


class Scanner:
    """A position in the source, and what stands there."""

    def __init__(self, source: str, names: Iterable[str]) -> None:
        if len(source) > MAX_SOURCE:
            raise FeelSyntaxError(f"the expression is longer than {MAX_SOURCE} characters")
        self.source = source
        self.position = 0
        self.names = KnownNames()
        for name in names:
            self.names.add(name)
        self.skip_blank()

    def fail(self, message: str, position: int | None = None) -> FeelSyntaxError:
        """The error to raise at a position, or here."""
        at = self.position if position is None else position
        line = self.source.count("\n", 0, at) + 1
        column = at - (self.source.rfind("\n", 0, at) + 1) + 1
        near = self.source[at : at + 20]
        return FeelSyntaxError(f"{message} near {near!r}" if near else f"{message} at the end", line, column)

    def skip_blank(self) -> None:
        """Move past spaces and comments."""
        found = _BLANK.match(self.source, self.position)
        if found:
            self.position = found.end()

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.source)

    def peek(self, length: int = 1) -> str:
        """The next characters."""
        return self.source[self.position : self.position + length]

    def take(self, *symbols: str) -> str | None:
        """Move past the first of the symbols that stands here, and say which."""
        for symbol in symbols:
            if self.source.startswith(symbol, self.position):
                self.position += len(symbol)
                self.skip_blank()
                return symbol
        return None

    def need(self, symbol: str) -> None:
        """Move past a symbol that must stand here."""
        if not self.take(symbol):
            raise self.fail(f"“{symbol}” expected")

    def at_keyword(self, keyword: str) -> bool:
        """Whether the word here is that keyword."""
        end = self.position + len(keyword)
        return self.source.startswith(keyword, self.position) and not _PART_OF_WORD.match(self.source, end)

    def take_keyword(self, keyword: str) -> bool:
        """Move past a keyword if it stands here."""
        if not self.at_keyword(keyword):
            return False
        self.position += len(keyword)
        self.skip_blank()
        return True

    def need_keyword(self, keyword: str) -> None:
        """Move past a keyword that must stand here."""
        if not self.take_keyword(keyword):
            raise self.fail(f"“{keyword}” expected")

    def take_number(self) -> str | None:
        """The digits of a number literal."""
        return self._take_match(_NUMBER, 0)

    def take_string(self) -> str | None:
        """The value of a string literal."""
        if self.peek() != '"':
            return None
        inside = self._take_match(_STRING, 1)
        if inside is None:
            raise self.fail("the string is not closed")
        return unescape(inside)

    def _take_match(self, pattern: re.Pattern[str], group: int) -> str | None:
        found = pattern.match(self.source, self.position)
        if not found:
            return None
        self.position = found.end()
        self.skip_blank()
        return found[group]

    def known_name(self) -> tuple[str, int] | None:
        """A known name here and where it ends, unless a longer single word stands here."""
        found = self.names.longest_at(self.source, self.position)
        word = _WORD.match(self.source, self.position)
        if found and word and word.end() > found[1]:
            return None
        return found

    def take_name(self) -> str | None:
        """A name: a known one, or one word and the words that can only belong to it. Keywords are taken as names."""
        known = self.known_name()
        if known:
            self.position = known[1]
            self.skip_blank()
            return known[0]
        word = _WORD.match(self.source, self.position)
        if not word:
            return None
        self.position = word.end()
        name = word[0] if word[0] == "?" else self._with_following_words(word[0])
        self.skip_blank()
        return name

    def word(self) -> str | None:
        """The word here, not moved past."""
        found = _WORD.match(self.source, self.position)
        return found[0] if found else None

    def _with_following_words(self, name: str) -> str:
        words = [name]
        while True:
            end = self.position
            self.skip_blank()
            word = _WORD.match(self.source, self.position)
            if word is None or word[0] == "?" or not self._joins(word, len(words)):
                self.position = end
                return " ".join(words)
            words.append(word[0])
            self.position = word.end()

    def _joins(self, word: re.Match[str], before: int) -> bool:
        if word[0] not in KEYWORDS or word[0] in _JOINABLE:
            return True
        return word[0] == "between" and before > 1 and self._calls_with_several(word.end())

    def _calls_with_several(self, position: int) -> bool:
        """Whether ``(a, b…)`` follows: after the keyword between, parentheses never hold a comma."""
        if self.source[position : position + 1] != "(":
            return False
        depth = 0
        while position < len(self.source):
            char = self.source[position]
            if char == '"':
                literal = _STRING.match(self.source, position)
                if not literal:
                    return False
                position = literal.end()
                continue
            depth += (char in "([{") - (char in ")]}")
            if depth == 0:
                return False
            if char == "," and depth == 1:
                return True
            position += 1
        return False

    def take_key(self) -> str | None:
        """The name before a colon: of an entry, a named argument, a parameter's type. Moves past name and colon."""
        start = self.position
        key = self.take_string()
        if key is None:
            found = _NAME_TEXT.match(self.source, self.position)
            if not found:
                return None
            key = normalized(found[0])
            self.position = found.end()
        if self.take(":") and key:
            return key
        self.position = start
        return None

    def take_argument_name(self) -> str | None:
        """The name of a named argument; moves past name and colon, or not at all."""
        found = _ARGUMENT.match(self.source, self.position)
        if not found:
            return None
        self.position = found.end()
        self.skip_blank()
        return normalized(found[1])

    def take_pattern(self, pattern: re.Pattern[str]) -> str | None:
        """What a pattern finds here; moves past it."""
        return self._take_match(pattern, 0)

    def take_loop_name(self) -> str:
        """The name before the keyword ``in``; moves past both."""
        found = _IN.search(self.source, self.position)
        name = normalized(self.source[self.position : found.start()]) if found else ""
        if not found or not name or any(char in ',()[]{}"' for char in name):
            raise self.fail("a name and “in” expected")
        self.position = found.end()
        self.skip_blank()
        return name

    def take_parameter_name(self) -> str:
        """The name of a function's parameter."""
        found = _PARAMETER.match(self.source, self.position)
        if not found or not found[0].strip():
            raise self.fail("the name of a parameter expected")
        self.position = found.end()
        return normalized(found[0])
