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


class AnothersScenario(BihuanError):
    """A scenario is of another process than the draft."""

    def __init__(self) -> None:
        super().__init__(
            "这份情景是别的流程的，没有保存。请到那个流程的草稿里上传。",
            "this scenario is of another process: it was not saved; upload it to a draft of that process",
        )


class NotAValue(BihuanError):
    """Something typed into a scenario's table is no value of its kind."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'“{name}”这一项要写 JSON，例如 3、true、["a"]；没有保存。',
            f'{name} has to be JSON, as 3, true or ["a"]; nothing was saved',
        )


class NotSound(BihuanError):
    """A draft has errors: what the engine can't execute it might execute wrongly."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"草稿还有 {count} 个错误，改正之后才能试走和演练情景。",
            f"the draft has {count} errors: mend them first, then it can be tried and scenarios can be played",
        )


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
    model_drafts.keep(connection, draft, name, text, draft.revision, now)


def drop(connection: Connection, draft: Draft, name: str, now: datetime) -> None:
    """Delete a scenario's file. Raises ``Outdated``."""
    model_drafts.keep(connection, draft, name, None, draft.revision, now)
