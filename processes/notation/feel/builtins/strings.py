"""Functions on strings. Patterns are XPath's, run by RE2 in linear time."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, TypeVar

from processes.notation.feel.budget import MAX_STRING
from processes.notation.feel.builtins.patterns import compile_pattern
from processes.notation.feel.builtins.registry import built_in, needs_string
from processes.notation.feel.errors import BudgetExceeded
from processes.notation.feel.scope import Run
from processes.notation.feel.values import integer

_MAX_WORK = 80_000_000
"""Characters times the pattern's instructions. RE2 takes up to 12 ns for each when its automaton grows too large."""

_LONG_WORK = 1_000_000
_Result = TypeVar("_Result")

_BAD_REPLACEMENT = re.compile(r"(?<!\\)\$(?!\d)|\\(?![\\$])")
_REFERENCE = re.compile(r"\\([\\$])|\$(\d)", re.ASCII)


@built_in("substring", "string, start position, length?")
def _substring(text: Any, position: Any, length: Any = None) -> str | None:
    needs_string(text)
    place = integer(position)
    if place == 0 or abs(place) > len(text):
        return None
    start = place - 1 if place > 0 else len(text) + place
    if length is None:
        return str(text[start:])
    wanted = integer(length)
    return str(text[start : start + wanted]) if wanted >= 1 else None


@built_in("string length", "string")
def _string_length(text: Any) -> Decimal:
    needs_string(text)
    return Decimal(len(text))


@built_in("upper case", "string")
def _upper_case(text: Any) -> str:
    needs_string(text)
    return str(text.upper())


@built_in("lower case", "string")
def _lower_case(text: Any) -> str:
    needs_string(text)
    return str(text.lower())


@built_in("trim", "string")
def _trim(text: Any) -> str:
    needs_string(text)
    return str(text.strip())


@built_in("substring before", "string, match")
def _substring_before(text: Any, match: Any) -> str:
    needs_string(text, match)
    return str(text.partition(match)[0]) if match and match in text else ""


@built_in("substring after", "string, match")
def _substring_after(text: Any, match: Any) -> str:
    needs_string(text, match)
    return str(text.partition(match)[2]) if match else str(text)


@built_in("contains", "string, match")
def _contains(text: Any, match: Any) -> bool:
    needs_string(text, match)
    return match in text


@built_in("starts with", "string, match")
def _starts_with(text: Any, match: Any) -> bool:
    needs_string(text, match)
    return bool(text.startswith(match))


@built_in("ends with", "string, match")
def _ends_with(text: Any, match: Any) -> bool:
    needs_string(text, match)
    return bool(text.endswith(match))


class _Search:
    """A pattern and the text it is to run over, with its cost bounded before and looked at afterwards."""

    def __init__(self, run: Run, text: Any, pattern: Any, flags: Any) -> None:
        needs_string(text, pattern, *([] if flags is None else [flags]))
        self.pattern = compile_pattern(pattern, flags or "")
        self._budget = run.budget
        work = len(text) * self.pattern.programsize
        if work > _MAX_WORK:
            raise BudgetExceeded("the pattern and its text are too large together")
        run.budget.spend(1 + len(text) // 24)
        self._is_long = work > _LONG_WORK

    def done(self, result: _Result) -> _Result:
        """Hand the result on, if there is still time."""
        if self._is_long:
            self._budget.check_time()
        return result


@built_in("matches", "input, pattern, flags?", needs_run=True)
def _matches(run: Run, text: Any, pattern: Any, flags: Any = None) -> bool:
    search = _Search(run, text, pattern, flags)
    return search.done(search.pattern.search(text) is not None)


@built_in("split", "string, delimiter", needs_run=True)
def _split(run: Run, text: Any, delimiter: Any) -> list[str]:
    search = _Search(run, text, delimiter, None)
    parts: list[str] = search.done(search.pattern.split(text))
    run.budget.check_list(len(parts))
    return parts


@built_in("replace", "input, pattern, replacement, flags?", needs_run=True)
def _replace(run: Run, text: Any, pattern: Any, replacement: Any, flags: Any = None) -> str | None:
    needs_string(replacement)
    compiled = _Search(run, text, pattern, flags).pattern
    literal = flags is not None and "q" in flags
    if compiled.search("") or (not literal and _BAD_REPLACEMENT.search(replacement)):
        return None
    parts: list[str] = []
    length = end = 0
    for found in compiled.finditer(text):
        parts += (text[end : found.start()], replacement if literal else _filled(replacement, found, compiled.groups))
        end = found.end()
        length += len(parts[-2]) + len(parts[-1])
        run.budget.spend()
        if length > MAX_STRING:
            break
    parts.append(text[end:])
    run.budget.check_string(length + len(parts[-1]))
    return "".join(parts)


def _filled(replacement: str, found: Any, groups: int) -> str:
    """The replacement with ``$1`` to ``$9`` filled in; a group the pattern lacks is empty."""

    def fill(reference: re.Match[str]) -> str:
        if reference[1]:
            return reference[1]
        group = int(reference[2])
        return (found.group(group) or "") if group <= groups else ""

    return _REFERENCE.sub(fill, replacement)
