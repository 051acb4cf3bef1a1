"""Files of problems: JSON lines, CSV and Excel. Bad rows are told by number, good ones are kept."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from processes.errors import BihuanError
from processes.messaging.schema import FieldProblem

HEADINGS: Mapping[str, str] = {
    "编号": "id",
    "工单编号": "id",
    "任务编号": "id",
    "标题": "title",
    "主题": "title",
    "内容": "body",
    "问题描述": "body",
    "反映时间": "submitted_at",
    "提交时间": "submitted_at",
    "企业名称": "enterprise",
    "统一社会信用代码": "uscc",
    "联系人": "contact",
    "联系电话": "phone",
    "邮箱": "email",
    "地址": "address",
    "地区": "place",
    "地区代码": "place",
    "Title": "title",
    "Content": "body",
    "Reported at": "submitted_at",
    "Enterprise": "enterprise",
    "Unified social credit code": "uscc",
    "Contact": "contact",
    "Phone": "phone",
    "Address": "address",
    "Place code": "place",
}
"""Column headings of CSV and Excel files; a column named like the field itself works as well."""


class UnreadableFile(BihuanError):
    """The file as a whole cannot be read."""


@dataclass(frozen=True)
class Row:
    """A row of a file: its number as a person counts (the heading of a table is row 1), its fields, or what is wrong with it."""

    number: int
    fields: Mapping[str, Any]
    error: FieldProblem | None = None


def read(path: Path) -> Iterator[Row]:
    """The rows of a .jsonl, .csv or .xlsx file, as they stand. Raises :class:`UnreadableFile`."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path}:读不到文件({error.strerror})", f"{path}: {error.strerror}") from error
    return parse(path.name, body)


def parse(name: str, body: bytes) -> Iterator[Row]:
    """The rows of such a file, whose name tells what it is. Raises :class:`UnreadableFile`."""
    readers = {".jsonl": _jsonl, ".csv": _csv, ".xlsx": _xlsx}
    reader = readers.get(Path(name).suffix.lower())
    if reader is None:
        raise UnreadableFile(f"{name}:只认 .jsonl、.csv、.xlsx 三种文件", f"{name}: not .jsonl, .csv or .xlsx")
    return reader(name, body)


def _jsonl(name: str, body: bytes) -> Iterator[Row]:
    for number, line in enumerate(body.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8-sig"))
        except ValueError as error:
            yield Row(number, {}, FieldProblem("", f"不是有效的 JSON({error})", f"not JSON ({error})"))
            continue
        if isinstance(value, dict):
            yield Row(number, value)
        else:
            yield Row(number, {}, FieldProblem("", "不是一个 JSON 对象", "not a JSON object"))


def _csv(name: str, body: bytes) -> Iterator[Row]:
    text = _decoded(name, body)
    lines = csv.reader(io.StringIO(text))
    try:
        heading = next(lines, None)
        if heading is None:
            raise UnreadableFile(f"{name}:文件是空的", f"{name}: empty")
        yield from _table(heading, lines)
    except csv.Error as error:
        raise UnreadableFile(f"{name}:CSV 格式有误({error})", f"{name}: {error}") from error


def _decoded(name: str, body: bytes) -> str:
    """Excel in China writes GB 18030 without a word about it."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(f"{name}:文字编码既不是 UTF-8 也不是 GB 18030", f"{name}: neither UTF-8 nor GB 18030")


def _xlsx(name: str, body: bytes) -> Iterator[Row]:
    try:
        # Imported where used: it takes 0.2 s, which every start of the command line would pay for.
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its parsers raise
        raise UnreadableFile(f"{name}:不是有效的 Excel 文件", f"{name}: not an Excel file: {error}") from error
    lines = book.worksheets[0].iter_rows(values_only=True)
    heading = next(lines, None)
    if heading is None:
        raise UnreadableFile(f"{name}:第一张工作表是空的", f"{name}: the first sheet is empty")
    yield from _table(heading, lines)


def _table(heading: Any, lines: Any) -> Iterator[Row]:
    names = [HEADINGS.get(str(each or "").strip(), str(each or "").strip()) for each in heading]
    for number, line in enumerate(lines, start=2):
        values = [_plain(each) for each in line]
        if not any(values):
            continue
        if len(values) > len(names):
            zh = f"有 {len(values)} 列,表头只有 {len(names)} 列"
            yield Row(number, {}, FieldProblem("", zh, f"{len(values)} columns, but {len(names)} headings"))
            continue
        fields = {name: value for name, value in zip(names, values, strict=False) if name and value}
        if "submitted_at" in fields:
            fields["submitted_at"] = _moment(fields["submitted_at"])
        yield Row(number, fields)


ZONE = ZoneInfo("Asia/Shanghai")
"""Times in tables rarely say their zone."""


def _moment(text: str) -> str:
    """A time as it stands in a table, with its zone; what is no time stays as it is, for the contract to refuse."""
    try:
        value = datetime.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        return text
    return (value if value.tzinfo else value.replace(tzinfo=ZONE)).isoformat()


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).strip()
