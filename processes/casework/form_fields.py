"""The fields of a form as they stand: what is asked for, with which choices, and what each row of a group asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEXT, OPTIONS, SHOW, WIDGET = "x-text", "x-options", "x-show", "x-widget"

ATTACHMENTS = "attachments"
"""The widget of a list of files: its values are the attachments' ids, and come from what was uploaded."""


@dataclass(frozen=True)
class Option:
    """A choice: what is stored, and what people read."""

    const: Any
    title: str


@dataclass(frozen=True)
class Field:
    """A field as it stands now: ``shown`` and ``options`` depend on the variables and on what has been filled in.

    ``columns``: what each row of a group asks for.
    """

    name: str
    title: str
    required: bool
    shown: bool
    options: tuple[Option, ...]
    schema: Mapping[str, Any]
    columns: tuple[Field, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether its words are kept apart from the variables."""
        return bool(self.schema.get(TEXT))

    @property
    def is_attachments(self) -> bool:
        """Whether files are asked for."""
        return self.schema.get(WIDGET) == ATTACHMENTS


def is_group(schema: Mapping[str, Any]) -> bool:
    """Whether a field is a list of rows that each ask for the same things."""
    return schema.get("type") == "array" and schema.get("items", {}).get("type") == "object"


def cell(group: str, row: int | str, column: str) -> str:
    """What a field of a group's row is called: in the browser's form, and where something is wrong with it."""
    return f"{group}.{row}.{column}"
