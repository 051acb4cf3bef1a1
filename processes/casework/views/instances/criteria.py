"""What instances are searched for by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

LONGEST = 120
"""Characters of a value."""

STATES = ("active", "suspended", "incident", "completed", "cancelled")


@dataclass(frozen=True)
class Criteria:
    """What is searched for; empty: not asked. ``text``: a number, a business key, or an id of an instance, a task or a job; ``version``: the
    beginning of a definition's id; ``since`` and ``until``: ISO dates of the start, both included; ``trouble``: words of an open incident."""

    text: str = ""
    process: str = ""
    version: str = ""
    state: str = ""
    place: str = ""
    since: str = ""
    until: str = ""
    element: str = ""
    message: str = ""
    topic: str = ""
    trouble: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Criteria:
        """From a form, or from what :meth:`to_json` gave."""
        said = {each.name: str(given.get(each.name) or "").strip()[:LONGEST] for each in fields(cls)}
        for name in ("since", "until"):
            said[name] = _day(said[name])
        return cls(**{**said, "state": said["state"] if said["state"] in STATES else ""})

    def to_json(self) -> dict[str, str]:
        """What is asked for."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.to_json()


def _day(text: str) -> str:
    """An ISO date; empty for anything else."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
