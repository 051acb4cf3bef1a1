"""The scenarios of a draft: files beside its diagram, kept in the draft and saved with its revision."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from processes.casework import model_drafts
from processes.casework.model_drafts import SCENARIO, Draft
from processes.errors import BihuanError

LARGEST = 256 * 1024
"""bytes of a scenario; the largest that is shipped has 6 kB"""

MOST = 100
"""scenarios of a draft"""


class NoRoom(BihuanError):
    """A draft has as many scenarios, or as large a one, as it can."""


def fresh_name(draft: Draft) -> str:
    """The name of a file that no scenario has yet."""
    names = (f"{draft.process}-{number}{SCENARIO}" for number in range(1, len(draft.files) + 2))
    return next(each for each in names if each not in draft.files)


def keep(connection: Connection, draft: Draft, name: str, text: str, now: datetime) -> None:
    """Keep a scenario's file. Raises :class:`NoRoom`, ``Outdated`` (when somebody saves the draft at the same moment)."""
    if len(text.encode()) > LARGEST:
        raise NoRoom(
            f"情景太大（超过 {LARGEST // 1024} KB），没有保存。", "the scenario is too large: it was not saved"
        )
    if name not in draft.files and len(draft.scenarios) >= MOST:
        raise NoRoom(
            f"一个流程最多有 {MOST} 份情景，请先删去不用的。", f"{MOST} scenarios are the most: delete some first"
        )
    model_drafts.keep(connection, draft, draft.revision, {**draft.files, name: text}, now)


def drop(connection: Connection, draft: Draft, name: str, now: datetime) -> None:
    """Delete a scenario's file. Raises ``Outdated``."""
    left = {each: text for each, text in draft.files.items() if each != name}
    model_drafts.keep(connection, draft, draft.revision, left, now)
