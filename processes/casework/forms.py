"""Forms of user tasks: JSON Schema with a few hints of ours, checked here with errors in Chinese, field by field.

Hints of a property: ``x-text`` (long words, kept apart), ``x-options`` (FEEL that lists the choices), ``x-show`` (FEEL over the form's own
values: shown, and required, only then), ``x-widget``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError
from sqlalchemy import Connection, select

from processes.casework import form_schema
from processes.errors import BihuanError
from processes.notation import expressions
from processes.store.tables import Definition, ModelFile

TEXT, OPTIONS, SHOW, WIDGET = "x-text", "x-options", "x-show", "x-widget"

ATTACHMENTS = "attachments"
"""The widget of a list of files: its values are the attachments' ids, and come from what was uploaded."""

Evaluate = Callable[[str, Mapping[str, Any]], Any]
"""Evaluates an expression (with its ``=``) over variables."""


class FormErrors(BihuanError):
    """The form is not filled in as it must be: ``fields`` says for each what to do, "" stands for the form as a whole."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__(
            "；".join(self.fields.values()), "the form is not filled in properly", fields=sorted(self.fields)
        )


class NoForm(BihuanError):
    """A task names a form that its definition does not have."""


@dataclass(frozen=True)
class Option:
    """A choice: what is stored, and what people read."""

    const: Any
    title: str


@dataclass(frozen=True)
class Field:
    """A field as it stands now: ``shown`` and ``options`` depend on the variables and on what has been filled in."""

    name: str
    title: str
    required: bool
    shown: bool
    options: tuple[Option, ...]
    schema: Mapping[str, Any]

    @property
    def is_text(self) -> bool:
        """Whether its words are kept apart from the variables."""
        return bool(self.schema.get(TEXT))

    @property
    def is_attachments(self) -> bool:
        """Whether files are asked for."""
        return self.schema.get(WIDGET) == ATTACHMENTS


@dataclass(frozen=True)
class Form:
    """A form of a definition."""

    name: str
    schema: Mapping[str, Any] = field(hash=False)

    @property
    def title(self) -> str:
        """What the form is called."""
        return str(self.schema.get("title", ""))

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The fields' schemas, in order."""
        found: Mapping[str, Mapping[str, Any]] = self.schema.get("properties", {})
        return found

    @property
    def attachments(self) -> tuple[str, ...]:
        """The fields that ask for files."""
        return tuple(name for name, schema in self.properties.items() if schema.get(WIDGET) == ATTACHMENTS)


def read(connection: Connection, definition_id: str, name: str) -> Form:
    """The form of that name as it was when the definition was deployed.

    :raises NoForm: when there is none
    """
    files = connection.scalar(select(Definition.files).where(Definition.id == definition_id)) or {}
    if name not in files:
        raise NoForm(f"流程没有表单“{name}”，请联系流程负责人。", f"no form {name} in definition {definition_id}")
    return _read(name, connection.execute(select(ModelFile.body).where(ModelFile.hash == files[name])).scalar_one())


@lru_cache(256)
def _read(name: str, body: bytes) -> Form:
    try:
        schema = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoForm(f"表单“{name}”读不出来，请联系流程负责人。", f"form {name} is no JSON: {error}") from error
    if not isinstance(schema, dict) or not isinstance(schema.get("properties", {}), dict):
        raise NoForm(f"表单“{name}”的最外层必须是 type: object。", f"form {name} is no object schema")
    return Form(name, schema)


def fields(form: Form, values: Mapping[str, Any], variables: Mapping[str, Any], evaluate: Evaluate) -> list[Field]:
    """The form's fields in order, with their choices and whether they are shown, given what has been filled in."""
    own: dict[str, Any] = dict.fromkeys(form.properties)
    required = form.schema.get("required", ())
    found = []
    for name, schema in form.properties.items():
        value = values.get(name)
        shown = SHOW not in schema or evaluate(str(schema[SHOW]), {**own, name: value}) is True
        own[name] = value if shown else None
        options = _options(schema, {**variables, **own}, evaluate) if shown else ()
        title = str(schema.get("title", name))
        found.append(Field(name, title, shown and name in required, shown, options, schema))
    return found


def check(form: Form, data: Mapping[str, Any], variables: Mapping[str, Any], evaluate: Evaluate) -> dict[str, Any]:
    """The values as they are stored: typed, trimmed, without empty and hidden fields.

    Texts of numbers, yes and no (from web forms and the command line) become numbers and booleans.

    :raises FormErrors: with every field that is not right
    """
    unknown = [name for name in data if name not in form.properties]
    if unknown:
        raise FormErrors({name: f"表单里没有“{name}”这一项" for name in unknown})
    values = {
        name: value for name in data if (value := _typed(form.properties[name], data[name])) not in (None, "", [])
    }
    given = fields(form, values, variables, evaluate)
    shown = {each.name: each for each in given if each.shown}
    values = {name: value for name, value in values.items() if name in shown}
    errors: dict[str, str] = {}
    for error in form_schema.errors(_effective(form, shown.values()), values, _formats):
        for name, zh in _messages(error, shown, values):
            errors.setdefault(name, zh)
    if errors:
        raise FormErrors({name: errors[name] for name in [*form.properties, ""] if name in errors})
    return {name: values[name] for name in form.properties if name in values}


# ---- what the schema says ---------------------------------------------------------------------------------------------


def _options(schema: Mapping[str, Any], known: Mapping[str, Any], evaluate: Evaluate) -> tuple[Option, ...]:
    if OPTIONS in schema:
        listed = evaluate(str(schema[OPTIONS]), known)
        return tuple(_option(each) for each in (listed if isinstance(listed, list) else ()))
    choices = schema.get("items", schema) if schema.get("type") == "array" else schema
    if "oneOf" in choices:
        return tuple(_option(each) for each in choices["oneOf"])
    return tuple(Option(each, str(each)) for each in choices.get("enum", ()))


def _option(choice: Any) -> Option:
    if isinstance(choice, Mapping):
        return Option(choice.get("const"), str(choice.get("title", choice.get("const"))))
    return Option(choice, str(choice))


def _effective(form: Form, shown: Any) -> dict[str, Any]:
    """The schema for what is shown, with the choices of the moment."""
    properties = {}
    for each in shown:
        schema = dict(each.schema)
        if OPTIONS in schema:
            allowed = {"enum": [option.const for option in each.options]}
            schema |= {"items": {**schema.get("items", {}), **allowed}} if schema.get("type") == "array" else allowed
        properties[each.name] = schema
    required = [each.name for each in shown if each.required]
    return {**form.schema, "type": "object", "properties": properties, "required": required}


def _typed(schema: Mapping[str, Any], value: Any) -> Any:
    """A value as its schema wants it, when it comes as text; what does not read as such stays and is reported later."""
    kind = schema.get("type")
    if kind == "array" and value is not None and not isinstance(value, list):
        value = [value]
    if isinstance(value, list):
        return [item for each in value if (item := _typed(schema.get("items", {}), each)) not in (None, "")]
    if not isinstance(value, str):
        return value
    text = value.strip()
    if kind == "boolean":
        return _WORDS.get(text.lower(), text)
    if kind in ("integer", "number") and text:
        try:
            number = int(text) if kind == "integer" else float(text)
        except ValueError:
            return text
        return text if isinstance(number, float) and not math.isfinite(number) else number
    return text


_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "是": True,
    "false": False,
    "no": False,
    "0": False,
    "否": False,
}


# ---- what is wrong -----------------------------------------------------------------------------------------------------


_formats = FormatChecker(formats=())


@_formats.checks("date", ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@_formats.checks("date-time", ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


_TYPES = {"integer": "整数", "number": "数字", "boolean": "是或否", "string": "文字", "array": "列表", "object": "对象"}
_FORMATS = {"date": "日期（如 2026-11-23）", "date-time": "日期和时间（如 2026-11-23T09:30:00+08:00）"}


def _messages(
    error: ValidationError, shown: Mapping[str, Field], values: Mapping[str, Any]
) -> Sequence[tuple[str, str]]:
    if error.validator == "required" and not error.path:
        wanted: Any = error.validator_value
        missing = [name for name in wanted if name not in values]
        return [(name, f"请{_verb(shown[name])}“{shown[name].title}”") for name in missing]
    name = str(error.path[0]) if error.path else ""
    title = shown[name].title if name in shown else "表单"
    return [(name, f"“{title}”{_complaint(error, _verb(shown[name]) if name in shown else '填写')}")]


def _verb(field: Field) -> str:
    if field.is_attachments:
        return "上传"
    return "选择" if field.options else "填写"


def _complaint(error: ValidationError, verb: str) -> str:
    limit: Any = error.validator_value
    value: Any = error.instance
    match error.validator:
        case "enum" | "oneOf" | "const" | "anyOf":
            return "不在可选范围内"
        case "type":
            return f"应为{_TYPES.get(str(limit), '另一种类型')}"
        case "format":
            return f"应为{_FORMATS.get(str(limit), '规定的格式')}"
        case "maxLength":
            return f"最多{limit}个字，现有{len(value)}个"
        case "minLength":
            return f"至少{limit}个字，现有{len(value)}个"
        case "maximum" | "exclusiveMaximum":
            return f"不能大于{limit}"
        case "minimum" | "exclusiveMinimum":
            return f"不能小于{limit}"
        case "minItems":
            return f"至少{verb.removesuffix('择')}{limit}项"
        case "maxItems":
            return f"最多{verb.removesuffix('择')}{limit}项"
        case "uniqueItems":
            return "有重复的项"
    return "不符合要求"


def evaluator(functions: Mapping[str, Callable[..., Any]], now: Callable[[], datetime]) -> Evaluate:
    """How expressions of forms are evaluated: like those of diagrams."""
    return lambda text, variables: expressions.evaluate(text, variables, functions, now)
