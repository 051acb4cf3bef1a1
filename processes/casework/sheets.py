"""Reads CSV files into records and notes every mistake with its file, row and column.

Files are UTF-8 (with or without a byte order mark) or GB 18030, which Chinese spreadsheets write. Each finding names file, row (1 is
the header) and column, in Chinese: owners of the data correct it in a spreadsheet.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

Cell = Callable[[str], Any]
"""Turns the text of a cell into a value; a ``ValueError`` says in Chinese what is wrong with it."""

_LIST = re.compile(r"[;；、|]")
_YES = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False, "是": True, "否": False}


@dataclass(frozen=True)
class Finding:
    """A mistake in the files; ``row`` 0 means the whole file."""

    file: str
    row: int
    column: str
    zh: str

    def __str__(self) -> str:
        where = self.file + (f" 第{self.row}行" if self.row else "") + (f"“{self.column}”列" if self.column else "")
        return f"{where}：{self.zh}"


@dataclass(frozen=True)
class Located:
    """A record and where it stands."""

    row: int
    record: Any


# ---- cells -----------------------------------------------------------------------------------------------------------


def text(limit: int) -> Cell:
    """A cell that says something, in at most ``limit`` characters."""

    def parse(cell: str) -> str:
        if not cell:
            raise ValueError("不能为空")
        if len(cell) > limit:
            raise ValueError(f"最多{limit}个字，现有{len(cell)}个")
        return cell

    return parse


def person_name(cell: str) -> str:
    """A person's name. Tables that are downloaded have it, and a spreadsheet takes what begins like a formula for one."""
    if cell.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")):
        raise ValueError(f"姓名不能以“{cell[0]}”开头")
    return str(text(60)(cell))


def code(limit: int, more: str = "") -> Cell:
    """Letters, digits, ``-``, ``_`` and the characters of ``more``."""
    pattern = re.compile(rf"[0-9A-Za-z_{re.escape(more)}-]+\Z")

    def parse(cell: str) -> str:
        if cell and not pattern.match(cell):
            raise ValueError(f"只能用字母、数字、横线{'、点' if '.' in more else ''}，现为“{cell}”")
        return str(text(limit)(cell))

    return parse


person_id = code(60, ".@")
"""What an account is called."""


def optional(parse: Cell) -> Cell:
    """The same cell, or an empty one: None."""
    return lambda cell: parse(cell) if cell else None


def choice(*words: str) -> Cell:
    """One of the words."""

    def parse(cell: str) -> str:
        if cell not in words:
            raise ValueError(f"应为 {'、'.join(words)} 之一，现为“{cell}”")
        return cell

    return parse


def number(cell: str) -> int:
    """A whole number from 0."""
    if not cell.isdecimal():
        raise ValueError(f"应为整数，现为“{cell}”")
    return int(cell)


def yes(cell: str) -> bool:
    """yes or no."""
    if cell.lower() not in _YES:
        raise ValueError(f"应为 yes 或 no，现为“{cell}”")
    return _YES[cell.lower()]


def yes_if_said(cell: str) -> bool:
    """yes or no; an empty cell is no."""
    return bool(cell) and yes(cell)


def day(cell: str) -> date:
    """A calendar date."""
    try:
        return date.fromisoformat(cell.replace("/", "-"))
    except ValueError:
        raise ValueError(f"应为日期（如 2026-10-01），现为“{cell}”") from None


def names(cell: str) -> tuple[str, ...]:
    """Names separated by semicolons."""
    return tuple(dict.fromkeys(part.strip() for part in _LIST.split(cell) if part.strip()))


@dataclass(frozen=True)
class Sheet:
    """A file: its columns in order, the record made of a row, and which columns identify it."""

    file: str
    columns: dict[str, Cell]
    record: Callable[..., Any]
    key: tuple[str, ...]
    optional: frozenset[str] = frozenset()


# ---- a file ----------------------------------------------------------------------------------------------------------


@dataclass
class Reader:
    """Collects records and findings over all files."""

    folder: Path
    findings: list[Finding] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def faulty(self) -> set[str]:
        """Files with a mistake: what refers to them can't be judged yet."""
        return {finding.file for finding in self.findings}

    def say(self, file: str, row: int, column: str, zh: str) -> None:
        """Note a mistake."""
        self.findings.append(Finding(file, row, column, zh))

    def read(self, sheet: Sheet) -> list[Located]:
        """The records of a file; rows with a mistake are reported and left out."""
        lines = self._lines(sheet.file)
        if lines is None:
            return []
        header = [cell.strip() for cell in lines[0][1]] if lines else []
        if not self._header_fits(sheet, header):
            return []
        seen: dict[tuple[Any, ...], int] = {}
        found: list[Located] = []
        for row, cells in lines[1:]:
            record = self._record(sheet, header, row, cells)
            if record is None:
                continue
            key = tuple(getattr(record, name) for name in sheet.key)
            if key in seen:
                self.say(sheet.file, row, "", f"与第{seen[key]}行重复")
                continue
            seen[key] = row
            found.append(Located(row, record))
        return found

    def _lines(self, file: str) -> list[tuple[int, list[str]]] | None:
        path = self.folder / file
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            self.say(file, 0, "", "缺少这个文件")
            return None
        self.digests[file] = hashlib.sha256(raw).hexdigest()
        try:
            reader = csv.reader(io.StringIO(_decode(raw), newline=""), strict=True)
            return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
        except UnicodeDecodeError:
            self.say(file, 0, "", "文字编码应为 UTF-8 或 GB 18030")
        except csv.Error as error:
            self.say(file, 0, "", f"不是完好的 CSV 文件（{error}）")
        return None

    def _header_fits(self, sheet: Sheet, header: list[str]) -> bool:
        missing = [name for name in sheet.columns if name not in header and name not in sheet.optional]
        unknown = [name for name in header if name not in sheet.columns]
        for name in missing:
            self.say(sheet.file, 1, name, "缺少这一列")
        for name in unknown:
            self.say(sheet.file, 1, name, f"没有这一列，应为：{'、'.join(sheet.columns)}")
        if len(set(header)) < len(header):
            self.say(sheet.file, 1, "", "列名有重复")
            return False
        return not missing and not unknown

    def _record(self, sheet: Sheet, header: list[str], row: int, cells: list[str]) -> Any:
        if len(cells) > len(header):
            self.say(sheet.file, row, "", f"有{len(cells)}格，多于表头的{len(header)}列")
            return None
        given = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        values, good = {}, True
        for name, parse in sheet.columns.items():
            try:
                values[name] = parse(given.get(name, ""))
            except ValueError as error:
                self.say(sheet.file, row, name, str(error))
                good = False
        return sheet.record(**values) if good else None


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")
