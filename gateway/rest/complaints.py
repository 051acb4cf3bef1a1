"""What the library that checks requests complains of, in Chinese."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from processes.languages import CHINESE


def chinese(complaint: str) -> str:
    """The complaint; one that is not known, as it is."""
    with force_locale(CHINESE):
        return next((_worded(name, found) for name, shape in _SHAPES if (found := shape.match(complaint))), complaint)


def _worded(name: str, found: Any) -> str:
    given = found.groupdict()
    words = {
        "missing": lambda: _("必填"),
        "null": lambda: _("不能为 null"),
        "unknown": lambda: _("没有这一项"),
        "string": lambda: _("应为文字"),
        "integer": lambda: _("应为整数"),
        "boolean": lambda: _("应为 true 或 false"),
        "date": lambda: _("应为日期，例如 2026-11-23"),
        "moment": lambda: _("应为带时区的时间，例如 2026-11-23T09:30:00+08:00"),
        "object": lambda: _("应为 JSON 对象"),
        "list": lambda: _("应为列表"),
        "choice": lambda: _("只能是 %(values)s", **given),
        "between": lambda: _("长度应为 %(least)s 到 %(most)s", **given),
        "longer": lambda: _("最长 %(most)s", **given),
        "shorter": lambda: _("最短 %(least)s", **given),
        "range": lambda: _("应在 %(least)s 到 %(most)s 之间", **given),
    }
    return str(words[name]())


_SHAPES = [
    (name, re.compile(shape))
    for name, shape in (
        ("missing", r"Missing data for required field\."),
        ("null", r"Field may not be null\."),
        ("unknown", r"Unknown field\."),
        ("string", r"Not a valid (string|UTF-8 string|string\.)"),
        ("integer", r"Not a valid integer\."),
        ("boolean", r"Not a valid boolean\."),
        ("date", r"Not a valid date\."),
        ("moment", r"Not a valid (datetime|aware datetime|naive datetime)\."),
        ("object", r"(Not a valid mapping type|Invalid input type|Invalid type)\."),
        ("list", r"Not a valid list\."),
        ("choice", r"Must be one of: (?P<values>.*)\."),
        ("between", r"Length must be between (?P<least>\d+) and (?P<most>\d+)\."),
        ("longer", r"Longer than maximum length (?P<most>\d+)\."),
        ("shorter", r"Shorter than minimum length (?P<least>\d+)\."),
        ("range", r"Must be greater than or equal to (?P<least>\d+) and less than or equal to (?P<most>\d+)\."),
    )
]
