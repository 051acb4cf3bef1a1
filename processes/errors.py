"""The root of every error that a person may see."""

from __future__ import annotations


class BihuanError(Exception):
    """Something a user can act on: ``zh`` is shown on screens, ``en`` in logs and to English readers.

    ``details`` are plain values that help to find the cause (ids, file names, rows); never personal data.
    """

    def __init__(self, zh: str, en: str | None = None, **details: object) -> None:
        super().__init__(en or zh)
        self.zh = zh
        self.en = en or zh
        self.details = details

    def __str__(self) -> str:
        return self.zh
