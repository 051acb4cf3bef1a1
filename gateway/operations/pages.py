"""The blueprint of these pages."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint

from gateway.staff import pages

log = logging.getLogger("bihuan.operations")

blueprint = Blueprint("operations", __name__, url_prefix="/operations")
blueprint.before_request(pages.require_login)
blueprint.teardown_request(pages.close_reading)

BAR, GAP, HEIGHT = 4, 1, 24
"""of a sparkline, in its own units"""


def person_name(person: str | None) -> str:
    """Who did something."""
    return pages.snapshot().reference.person_name(person) if person else ""


@dataclass(frozen=True)
class Bar:
    """A bar of a sparkline."""

    x: int
    y: float
    height: float


@blueprint.app_template_filter()
def bars(counts: Sequence[int]) -> Sequence[Bar]:
    """A sparkline: the highest bar is as high as the line, an hour without any has a stroke at the bottom."""
    most = max(counts, default=0)
    heights = [max(HEIGHT * count / most, 2.0) if count else 0.5 for count in counts]
    return [Bar(at * (BAR + GAP), HEIGHT - height, height) for at, height in enumerate(heights)]


@blueprint.app_template_filter()
def pretty(value: Any) -> str:
    """JSON to read."""
    return json.dumps(value, ensure_ascii=False, indent=2)
