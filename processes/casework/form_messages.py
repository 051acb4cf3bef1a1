"""What is wrong with a form that somebody has filled in, in words: at which field, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema.exceptions import ValidationError

from processes.casework.form_fields import Field, cell

_TYPES = {
    "integer": ("整数", "a whole number"),
    "number": ("数字", "a number"),
    "boolean": ("是或否", "yes or no"),
    "string": ("文字", "text"),
    "array": ("列表", "a list"),
    "object": ("对象", "an object"),
}
_FORMATS = {
    "date": ("日期（如 2026-11-23）", "a date (as 2026-11-23)"),
    "date-time": ("日期和时间（如 2026-11-23T09:30:00+08:00）", "a date and time (as 2026-11-23T09:30:00+08:00)"),
}


def messages(
    error: ValidationError, shown: Mapping[str, Field], english: Mapping[str, str], values: Mapping[str, Any]
) -> Sequence[tuple[str, str, str]]:
    """What is wrong: the field, and the words in Chinese and in English."""
    if error.validator == "required" and not error.path:
        wanted: Any = error.validator_value
        return [_missing(shown[name], english[name]) for name in wanted if name not in values]
    name = str(error.path[0]) if error.path else ""
    if name not in shown:
        zh, en = _complaint(error, _FILL_IN)
        return [(name, f"“表单”{zh}", f"The form {en}")]
    if shown[name].columns and len(error.path) > 1:
        return _in_row(error, shown[name], int(error.path[1]))
    zh, en = _complaint(error, _verb(shown[name]))
    return [(name, f"“{shown[name].title}”{zh}", f"“{english[name]}” {en}")]


def _in_row(error: ValidationError, group: Field, row: int) -> Sequence[tuple[str, str, str]]:
    """The same for a row of a group, counted from 0; people count from 1."""
    columns = {each.name: each for each in group.columns}
    found: list[tuple[str, str, str]] = []
    if len(error.path) > 2 and str(error.path[2]) in columns:
        column = columns[str(error.path[2])]
        zh, en = _complaint(error, _verb(column))
        found = [(cell(group.name, row, column.name), f"“{column.title}”{zh}", f"“{_english(column)}” {en}")]
    elif error.validator == "required" and isinstance(error.instance, Mapping):
        wanted: Any = error.validator_value
        missing = [columns[name] for name in wanted if name in columns and name not in error.instance]
        found = [(cell(group.name, row, each.name), *_missing(each, _english(each))[1:]) for each in missing]
    else:
        found = [(group.name, *_complaint(error, _FILL_IN))]
    return [(name, f"“{group.title}”第{row + 1}行：{zh}", f"Row {row + 1}: {en}") for name, zh, en in found]


def _english(field: Field) -> str:
    return str(field.schema.get("x-title-en", field.title))


def _missing(field: Field, english: str) -> tuple[str, str, str]:
    zh, en = _verb(field)
    return field.name, f"请{zh}“{field.title}”", f"{en} “{english}”"


_FILL_IN, _CHOOSE, _UPLOAD = ("填写", "Fill in"), ("选择", "Choose"), ("上传", "Upload")


def _verb(field: Field) -> tuple[str, str]:
    if field.is_attachments:
        return _UPLOAD
    return _CHOOSE if field.options else _FILL_IN


def _complaint(error: ValidationError, verb: tuple[str, str]) -> tuple[str, str]:
    limit: Any = error.validator_value
    value: Any = error.instance
    match error.validator:
        case "enum" | "oneOf" | "const" | "anyOf":
            return "不在可选范围内", "is none of the choices"
        case "type":
            zh, en = _TYPES.get(str(limit), ("另一种类型", "of another type"))
            return f"应为{zh}", f"must be {en}"
        case "format":
            zh, en = _FORMATS.get(str(limit), ("规定的格式", "of the format asked for"))
            return f"应为{zh}", f"must be {en}"
        case "maxLength":
            return f"最多{limit}个字，现有{len(value)}个", f"has {len(value)} characters, at most {limit} are taken"
        case "minLength":
            return f"至少{limit}个字，现有{len(value)}个", f"has {len(value)} characters, at least {limit} are needed"
        case "maximum" | "exclusiveMaximum":
            return f"不能大于{limit}", f"must not be greater than {limit}"
        case "minimum" | "exclusiveMinimum":
            return f"不能小于{limit}", f"must not be less than {limit}"
        case "minItems":
            return f"至少{verb[0].removesuffix('择')}{limit}项", f"needs {limit} at least"
        case "maxItems":
            return f"最多{verb[0].removesuffix('择')}{limit}项", f"takes {limit} at most"
        case "uniqueItems":
            return "有重复的项", "has something twice"
    return "不符合要求", "is not as it must be"
