"""What was deleted once is deleted again where an older backup has brought it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, select

from processes.casework.erasing import reports
from processes.casework.erasing.needles import Needles
from processes.casework.erasing.reports import MESSAGE, NONE, REPORT
from processes.casework.subjects import sweeping
from processes.errors import BihuanError
from processes.store.database import Database
from processes.store.tables import Case, Erased, RefusedMessage, Report

Listed = Sequence[tuple[str, str]]
"""(kind, id) of what was deleted: ids of ours, which tell nothing of anybody."""


class BadList(BihuanError):
    """A file is no list of what was deleted."""

    def __init__(self, file: Path, line: int) -> None:
        super().__init__(
            f"{file} 第 {line} 行不是删除清单的内容，应写成“report 编号”或“message 编号”",
            f"{file}:{line}: neither report ID nor message ID",
        )


def known(database: Database) -> Listed:
    """What a database notes as deleted; nothing, when it is empty or of a level before there was such a list."""
    with database.read() as connection:
        return reports.listed(connection) if inspect(connection).has_table(Erased.__tablename__) else []


def write(file: Path, listed: Listed) -> None:
    """Into a file, a line each.

    :raises BihuanError: when it is there already
    """
    try:
        with file.open("x", encoding="utf-8") as lines:
            lines.writelines(f"{kind} {identity}\n" for kind, identity in listed)
    except FileExistsError as error:
        raise BihuanError(f"{file} 已经存在，请换一个文件名。", f"{file} exists") from error


def read(file: Path) -> Listed:
    """From a file.

    :raises BadList: naming the line
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BihuanError(f"读不出 {file}，请核对文件名", f"cannot read {file}: {error}") from error
    found = []
    for at, line in enumerate(lines, 1):
        kind, _space, identity = line.strip().partition(" ")
        if kind not in (REPORT, MESSAGE) or not identity:
            raise BadList(file, at)
        found.append((kind, identity))
    return found


def delete(connection: Connection, listed: Iterable[tuple[str, str]], now: datetime) -> tuple[int, int]:
    """Delete it again, while nobody is at work: how many reports that was, and how many of them were not closed when the backup was made."""
    wanted = set(listed)
    ids = [each for each in sorted(wanted) if each[0] == REPORT]
    there = [each for _kind, each in ids if connection.scalar(select(Report.id).where(Report.id == each)) is not None]
    needles, unfinished = NONE, 0
    for each in there:
        needles = needles.joined(reports.needles_of(connection, each))
        still = select(Case.id).where(Case.report_id == each, Case.closed_at.is_(None))
        unfinished += connection.execute(still).first() is not None
        reports.erase(connection, each, now)
    _elsewhere(connection, needles)
    messages = [each for kind, each in wanted if kind == MESSAGE and each.isdecimal()]
    kept = connection.scalars(select(RefusedMessage.id).where(RefusedMessage.id.in_([int(each) for each in messages])))
    sweeping.blank_messages(connection, kept.all())
    reports.note_down(connection, REPORT, [each for _kind, each in ids], now)
    reports.note_down(connection, MESSAGE, messages, now)
    return len(there), unfinished


def _elsewhere(connection: Connection, needles: Needles) -> None:
    if not needles.unique:
        return
    unique = needles.only_unique()
    for table in sweeping.tables():
        sweeping.sweep(connection, table, unique, sweeping.found_in(connection, table, unique))
    sweeping.blank_messages(connection, sweeping.messages(connection, unique, ()))
    sweeping.strike_given_up(connection, unique)
    sweeping.drop_letters(connection, unique)
    for each in unique.unique:
        sweeping.forget_phone(connection, each)
