"""What there is here that a foreign setting may mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """``roles``: code → name; ``forms``: names of files; ``jobs``: topic → its parameters; ``decisions``: ids; ``processes``: id → name."""

    roles: Mapping[str, str]
    forms: Collection[str]
    jobs: Mapping[str, Collection[str]]
    decisions: Collection[str]
    processes: Mapping[str, str]

    def role(self, group: str) -> str:
        """The code of the one role that a group of another engine is: of the same code, or of the same name; empty when there is none."""
        if group in self.roles:
            return group
        named = [code for code, name in self.roles.items() if name == group]
        return named[0] if len(named) == 1 else ""
