"""Fields whose errors a Chinese reader understands, and the soundness of JSON that strangers send.

Every field of a contract or of a job has a Chinese ``title``; the studio, the AsyncAPI page and error messages show it.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

TEXT_KEY = "$text"
"""the one key of an object that stands for people's words, which are kept in a row of their own (ARCHITECTURE rule 9)"""
LONG_TEXT = 100_000
"""characters: more than any letter to an office; less than what would hurt a browser or a database page"""
MAX_DEPTH = 32
"""levels of nesting: deeper JSON is an attack or a bug, and recursion over it could end a process"""
MAX_INTEGER = 2**63 - 1
"""larger numbers do not survive every JSON library and database"""


_BETWEEN = "\x1f"


def both(zh: str, en: str) -> str:
    """A message of a field in both languages, as one text: marshmallow knows no others. :func:`problems_of` takes them apart."""
    return f"{zh}{_BETWEEN}{en}"


_OBJECT = both("应是一个 JSON 对象", "must be a JSON object")


class ContractSchema(Schema):
    """A schema that refuses unknown fields unless its ``Meta`` says otherwise, and says so in Chinese and English."""

    error_messages = {
        "unknown": both(
            "约定中没有这个字段", "the contract has no such field: leave it out, or look for a misspelling"
        ),
        "type": _OBJECT,
    }

    class Meta:
        unknown = RAISE


class OneOfSeveral(ContractSchema):
    """A schema that wants one of several sets of fields filled in, blanks not counted; the documents say so, too.

    :cvar alternatives: the sets, by their fields' names
    :cvar nothing: the field that is named when none of them is there, and the reason (see :func:`both`)
    """

    alternatives: ClassVar[tuple[tuple[str, ...], ...]]
    nothing: ClassVar[tuple[str, str]]

    @validates_schema
    def _has_one(self, data: Mapping[str, Any], **_: object) -> None:
        if not any(all((data.get(name) or "").strip() for name in each) for each in self.alternatives):
            field, reason = self.nothing
            raise ValidationError(reason, field)


_COMMON = {
    "required": both("缺少必填字段", "required, and missing"),
    "null": both("不能为空", "must not be null"),
    "validator_failed": both("取值不符合约定", "the value does not fit"),
}
_INTEGER = both("应是整数", "must be a whole number")
_NUMBER = both("应是数字", "must be a number")
_TOO_LARGE = both("数字太大", "the number is too large")


class _Text(fields.String):
    default_error_messages = {
        **_COMMON,
        "invalid": both("应是文字", "must be a string"),
        "invalid_utf8": both("不是有效的 UTF-8 文字", "is no valid UTF-8"),
    }


class _Integer(fields.Integer):
    default_error_messages = {**_COMMON, "invalid": _INTEGER, "too_large": _TOO_LARGE}


class _Number(fields.Float):
    default_error_messages = {
        **_COMMON,
        "invalid": _NUMBER,
        "special": both("应是有限的数字", "must be a finite number"),
        "too_large": _TOO_LARGE,
    }

    def _validated(self, value: Any) -> float:
        """A number, not a text that could be read as one."""
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class _Boolean(fields.Boolean):
    default_error_messages = {**_COMMON, "invalid": both("应是 true 或 false", "must be true or false")}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        """In Python 1 equals True; in JSON it does not."""
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class _Moment(fields.AwareDateTime):
    default_error_messages = {
        **_COMMON,
        "invalid": both(
            "应是 RFC 3339 时间，如 2026-11-23T09:30:00+08:00", "must be an RFC 3339 time, as 2026-11-23T09:30:00+08:00"
        ),
        "invalid_awareness": both(
            "时间要带时区，如 2026-11-23T09:30:00+08:00", "the time needs a zone, as 2026-11-23T09:30:00+08:00"
        ),
        "format": both("时间无法转换", "cannot be written as a time"),
    }


class _Mapping(fields.Dict):
    default_error_messages = {**_COMMON, "invalid": _OBJECT}


class _Sequence(fields.List[Any]):
    default_error_messages = {**_COMMON, "invalid": both("应是一个 JSON 数组", "must be a JSON array")}


class _Anything(fields.Raw):
    default_error_messages = {**_COMMON}


def _options(required: bool, title: str, description: str, **metadata: object) -> dict[str, Any]:
    options: dict[str, Any] = {"metadata": {"title": title, "description": description, **metadata}}
    if required:
        return {"required": True, **options}
    return {"load_default": None, "allow_none": True, **options}


def text(title: str, description: str = "", *, required: bool = False, limit: int = 300) -> fields.String:
    """A short text of 1 (when required) to ``limit`` characters."""
    return _Text(validate=_length(int(required), limit), **_options(required, title, description))


def _length(low: int, high: int) -> validate.Length:
    error = both(f"长度应在 {low} 到 {high} 个字之间", f"must have {low} to {high} characters")
    return validate.Length(min=low, max=high, error=error)


def words(title: str, description: str = "", *, required: bool = False) -> fields.String:
    """A long text: people's words, which are kept apart from variables (ARCHITECTURE rule 9)."""
    length = _length(int(required), LONG_TEXT)
    return _Text(validate=length, **_options(required, title, description, text=True))


def code(title: str, choices: Mapping[str, str], description: str = "", *, required: bool = False) -> fields.String:
    """One of the codes of ``choices`` (code → Chinese name)."""
    listed = "、".join(f"{key}（{name}）" for key, name in choices.items())
    error = both(f"应是以下之一：{listed}", f"must be one of: {', '.join(choices)}")
    one_of = validate.OneOf(list(choices), error=error)
    return _Text(validate=one_of, **_options(required, title, description, choices=dict(choices)))


def integer(title: str, low: int, high: int, description: str = "", *, required: bool = False) -> fields.Integer:
    """A whole number from ``low`` to ``high``."""
    error = both(f"应在 {low} 到 {high} 之间", f"must be from {low} to {high}")
    limits = validate.Range(min=low, max=high, error=error)
    return _Integer(strict=True, validate=limits, **_options(required, title, description))


def number(title: str, low: float, high: float, description: str = "", *, required: bool = False) -> fields.Float:
    """A finite number from ``low`` to ``high``."""
    error = both(f"应在 {low:g} 到 {high:g} 之间", f"must be from {low:g} to {high:g}")
    limits = validate.Range(min=low, max=high, error=error)
    return _Number(validate=limits, **_options(required, title, description))


def flag(title: str, description: str = "", *, required: bool = False) -> fields.Boolean:
    """True or false, and nothing that merely looks like it."""
    return _Boolean(**_options(required, title, description))


def moment(title: str, description: str = "", *, required: bool = False) -> fields.AwareDateTime:
    """An RFC 3339 time with its zone."""
    return _Moment(**_options(required, title, description))


def mapping(title: str, description: str = "", *, required: bool = False) -> fields.Dict:
    """Any JSON object."""
    return _Mapping(keys=_Text(), **_options(required, title, description))


def texts(title: str, description: str = "", *, required: bool = False) -> fields.List[Any]:
    """A list of short texts."""
    each = _Text(validate=_length(0, 300))
    return _Sequence(each, **_options(required, title, description))


def mappings(title: str, description: str = "", *, required: bool = False) -> fields.List[Any]:
    """A list of JSON objects."""
    each = _Mapping(keys=_Text())
    return _Sequence(each, **_options(required, title, description))


def anything(title: str, description: str = "") -> fields.Raw:
    """Any JSON value."""
    return _Anything(**_options(False, title, description))


@dataclass(frozen=True)
class FieldProblem:
    """Where a message does not fit (``level``, ``orders[3].title``; "" is the whole) and why, in Chinese and in English."""

    path: str
    zh: str
    en: str = ""

    @classmethod
    def of(cls, path: str, said: str) -> FieldProblem:
        """From a message in both languages."""
        zh, _, en = said.partition(_BETWEEN)
        return cls(path, zh, en or zh)


def told(problems: Sequence[FieldProblem]) -> tuple[str, str]:
    """All of them in a sentence, Chinese and English."""
    zh = "；".join(f"{each.path}：{each.zh}" if each.path else each.zh for each in problems)
    return zh, "; ".join(f"{each.path}: {each.en or each.zh}" if each.path else each.en or each.zh for each in problems)


def problems_of(errors: object, path: str = "") -> tuple[FieldProblem, ...]:
    """Flatten marshmallow's nested error dictionary, in its own order."""
    if isinstance(errors, Mapping):
        found: list[FieldProblem] = []
        for key, inner in errors.items():
            found += problems_of(inner, _join(path, key))
        return tuple(found)
    if isinstance(errors, Sequence) and not isinstance(errors, str):
        return tuple(FieldProblem.of(path, str(each)) for each in errors)
    return (FieldProblem.of(path, str(errors)),)


def _join(path: str, key: object) -> str:
    if key == "_schema":
        return path
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def is_reference(value: object) -> bool:
    """Whether a JSON value stands for a text that is kept elsewhere."""
    return isinstance(value, Mapping) and len(value) == 1 and isinstance(value.get(TEXT_KEY), str)


def unsound(data: object) -> FieldProblem | None:
    """The first thing in ``data`` that some database, queue or JSON library would choke on; None when there is none.

    Walks with a stack of its own: what is looked for here is exactly what would break a recursive walk.
    """
    stack: list[tuple[_Way, object, int]] = [(None, data, 0)]
    while stack:
        way, value, depth = stack.pop()
        reason = _TOO_DEEP if depth > MAX_DEPTH else _unsound_value(value)
        if reason is not None:
            return FieldProblem.of(_path(way), reason)
        if isinstance(value, _PLAIN):
            continue
        if isinstance(value, Mapping):
            for key, inner in value.items():
                if not isinstance(key, str) or _unsound_text(key):
                    return FieldProblem.of(_path(way), both("字段名不是有效文字", "a field's name is no valid text"))
                stack.append(((way, key), inner, depth + 1))
        elif isinstance(value, list | tuple):
            stack.extend(((way, index), inner, depth + 1) for index, inner in enumerate(value))
    return None


_PLAIN = (str, int, float)
"""Nothing stands in these: looked for first, for a test for Mapping takes as long as all the rest."""
_TOO_DEEP = both(f"嵌套超过 {MAX_DEPTH} 层", f"nested more than {MAX_DEPTH} levels deep")
_UNSOUND_TEXT = both(
    "含有无法保存的字符（空字符或残缺的编码）", "has characters that cannot be stored (NUL, or half of a pair)"
)

_Way = tuple[Any, object] | None
"""The way to a value: that to what it stands in, and its key there; put into words only where something is wrong."""


def _path(way: _Way) -> str:
    keys = list[object]()
    while way is not None:
        way, key = way
        keys.append(key)
    return functools.reduce(_join, reversed(keys), "")


def _unsound_value(value: object) -> str | None:
    if isinstance(value, str):
        return _UNSOUND_TEXT if _unsound_text(value) else None
    if isinstance(value, int):
        return both("整数太大", "the number is too large") if abs(value) > MAX_INTEGER else None
    if isinstance(value, float):
        return None if math.isfinite(value) else both("数字不是有限的", "must be a finite number")
    if value is None or isinstance(value, Mapping | list | tuple):
        return None
    return both("不是 JSON 的值", "is no value of JSON")


def _unsound_text(value: str) -> bool:
    """PostgreSQL stores no NUL; a lone surrogate cannot be written as UTF-8."""
    return "\0" in value or not (value.isascii() or _LONE.search(value) is None)


_LONE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class FieldDescription:
    """One field as the studio and the documents show it."""

    name: str
    title: str
    description: str
    kind: str
    """text, integer, number, boolean, moment, object, list or any"""
    required: bool
    text: bool
    """people's words: kept apart from variables"""
    choices: Mapping[str, str]


_KINDS: Sequence[tuple[type[fields.Field[Any]], str]] = (
    (fields.String, "text"),
    (fields.Integer, "integer"),
    (fields.Float, "number"),
    (fields.Boolean, "boolean"),
    (fields.AwareDateTime, "moment"),
    (fields.Dict, "object"),
    (fields.List, "list"),
)


def describe(schema: type[Schema]) -> tuple[FieldDescription, ...]:
    """The fields of a schema, in the order written."""
    return tuple(_describe_field(name, field) for name, field in schema().fields.items())


def _describe_field(name: str, field: fields.Field[Any]) -> FieldDescription:
    kind = next((kind for known, kind in _KINDS if isinstance(field, known)), "any")
    about = field.metadata
    return FieldDescription(
        name=name,
        title=about["title"],
        description=about.get("description", ""),
        kind=kind,
        required=field.required,
        text=bool(about.get("text")),
        choices=about.get("choices", {}),
    )
