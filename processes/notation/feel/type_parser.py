"""The grammar of types (DMN 1.5, 10.3.2.2): names, and list, range, context and function types."""

from __future__ import annotations

import re

from processes.notation.feel import tree
from processes.notation.feel.scanner import Scanner

_MAX_DEPTH = 30
_LONG_TYPES = {
    re.compile(name.replace(" ", r"\s+") + r"\b"): name
    for name in (
        "years and months duration",
        "year and month duration",
        "days and time duration",
        "day and time duration",
        "date and time",
    )
}
_TYPE_NAME = re.compile(r"[^\W\d][\w.]*")
_GENERIC = {name: re.compile(name + r"\s*<") for name in ("list", "range", "context", "function")}


def parse_type(scan: Scanner, depth: int = 0) -> tree.TypeName:
    """The type that stands here; raises :class:`FeelSyntaxError`."""
    if depth > _MAX_DEPTH:
        raise scan.fail("nested too deeply")
    return _long_type(scan) or _generic_type(scan, depth + 1) or _simple_type(scan)


def _long_type(scan: Scanner) -> tree.TypeName | None:
    for pattern, name in _LONG_TYPES.items():
        if scan.take_pattern(pattern):
            return tree.TypeName(name)
    return None


def _generic_type(scan: Scanner, depth: int) -> tree.TypeName | None:
    for name, pattern in _GENERIC.items():
        if not scan.take_pattern(pattern):
            continue
        if name == "context":
            return _context_type(scan, depth)
        members: list[tree.TypeName] = []
        while scan.peek() != ">":
            members.append(parse_type(scan, depth))
            if not scan.take(","):
                break
        scan.need(">")
        if name == "function":
            scan.need("->")
            members.append(parse_type(scan, depth))
        elif len(members) != 1:
            raise scan.fail("one type expected within the brackets")
        return tree.TypeName(name, tuple(members))
    return None


def _context_type(scan: Scanner, depth: int) -> tree.TypeName:
    keys: list[str] = []
    members: list[tree.TypeName] = []
    while scan.peek() != ">":
        key = scan.take_key()
        if key is None:
            raise scan.fail("a name and a colon expected")
        keys.append(key)
        members.append(parse_type(scan, depth))
        if not scan.take(","):
            break
    scan.need(">")
    return tree.TypeName("context", tuple(members), tuple(keys))


def _simple_type(scan: Scanner) -> tree.TypeName:
    name = scan.take_pattern(_TYPE_NAME)
    if name is None:
        raise scan.fail("a type expected")
    return tree.TypeName(name)
