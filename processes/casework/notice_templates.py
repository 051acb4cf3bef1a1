"""The words of a notice, as owners write them: a text with ``{places}`` for the arguments of the job that sends it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PLACES = ("case", "channel", "original", "kind", "subject", "text")
"""what may stand in braces: the job's arguments, ``subject`` and ``text`` being what the diagram says"""

_PLACE = re.compile(r"\{([^{}]*)\}")


def places_in(template: str) -> set[str]:
    """The names in braces."""
    return set(_PLACE.findall(template))


def filled(template: str, arguments: Mapping[str, Any]) -> str:
    """The template with each place filled once: braces in what fills it mean nothing. What is missing is left out.

    >>> filled("{case}：{text}", {"case": "C-1", "text": "请办理 {case}"})
    'C-1：请办理 {case}'
    """
    return _PLACE.sub(lambda place: _said(arguments.get(place[1])), template)


def _said(value: Any) -> str:
    return "" if value is None else str(value)
