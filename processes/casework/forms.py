"""Forms of user tasks: JSON Schema with a few hints of ours, checked here with errors in Chinese, field by field.

Hints of a property: ``x-text`` (long words, kept apart), ``x-options`` (FEEL that lists the choices), ``x-show`` (FEEL over the form's own
values: shown, and required, only then), ``x-widget``; ``x-title-en`` and ``x-description-en`` (beside any ``title`` and ``description``, of
the form, a property or a choice: the same for those who read English).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from jsonschema import FormatChecker
from sqlalchemy import Connection, select

from processes.casework import form_schema
from processes.casework.form_fields import ATTACHMENTS as ATTACHMENTS
from processes.casework.form_fields import OPTIONS, SHOW, WIDGET
from processes.casework.form_fields import TEXT as TEXT
from processes.casework.form_fields import Field as Field
from processes.casework.form_fields import Option as Option
from processes.casework.form_fields import cell as cell
from processes.casework.form_fields import is_group as is_group
from processes.casework.form_messages import messages
from processes.errors import BihuanError
from processes.languages import CHINESE, ENGLISH
from processes.notation import expressions
from processes.store.tables import Definition, ModelFile

IN_ENGLISH = {"title": "x-title-en", "description": "x-description-en"}

Evaluate = Callable[[str, Mapping[str, Any]], Any]
"""Evaluates an expression (with its ``=``) over variables."""


class FormErrors(BihuanError):
    """The form is not filled in as it must be: ``fields`` says for each what to do, ``english`` the same in English; "" stands for the form
    as a whole."""

    def __init__(self, fields: Mapping[str, str], english: Mapping[str, str] | None = None) -> None:
        self.fields = dict(fields)
        self.english = {**fields, **(english or {})}
        super().__init__("；".join(self.fields.values()), "; ".join(self.english.values()), fields=sorted(self.fields))

    def told(self, language: str) -> Mapping[str, str]:
        """What to do with each field, in a language."""
        return self.english if language == ENGLISH else self.fields


class NoForm(BihuanError):
    """A task names a form that its definition does not have."""


@dataclass(frozen=True)
class Form:
    """A form of a definition."""

    name: str
    schema: Mapping[str, Any] = field(hash=False)
    language: str = CHINESE

    def in_language(self, language: str) -> Form:
        """The same form with the titles of a language, where it has them."""
        return replace(self, schema=in_language(self.schema, language), language=language)

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


def in_language(schema: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """A form's schema with the titles and descriptions of a language, where it has them."""
    if language == CHINESE:
        return schema
    found: Mapping[str, Any] = _in_english(schema)
    return found


def _in_english(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_in_english(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    own = {name: schema[english] for name, english in IN_ENGLISH.items() if english in schema}
    return {name: own[name] if name in own else _in_english(inner) for name, inner in schema.items()}


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
        known = {**variables, **own}
        title = str(schema.get("title", name))
        if is_group(schema):
            columns = tuple(fields(Form(name, schema["items"], form.language), {}, known, evaluate)) if shown else ()
            found.append(Field(name, title, shown and name in required, shown, (), schema, columns))
        else:
            options = _options(schema, known, evaluate, form.language) if shown else ()
            found.append(Field(name, title, shown and name in required, shown, options, schema))
    return found


def check(form: Form, data: Mapping[str, Any], variables: Mapping[str, Any], evaluate: Evaluate) -> dict[str, Any]:
    """The values as they are stored: typed, trimmed, without empty and hidden fields.

    Texts of numbers, yes and no (from web forms and the command line) become numbers and booleans.

    :raises FormErrors: with every field that is not right
    """
    unknown = [name for name in data if name not in form.properties]
    if unknown:
        raise FormErrors(
            {name: f"表单里没有“{name}”这一项" for name in unknown},
            {name: f"the form has no field {name}" for name in unknown},
        )
    values = filled_in(form, data)
    given = fields(form, values, variables, evaluate)
    shown = {each.name: each for each in given if each.shown}
    values = {name: value for name, value in values.items() if name in shown}
    errors: dict[str, tuple[str, str]] = {}
    english = {name: str(each.get("title", name)) for name, each in form.in_language(ENGLISH).properties.items()}
    for error in form_schema.errors(_effective(form, shown.values()), values, _formats):
        for name, zh, en in messages(error, shown, english, values):
            errors.setdefault(name, (zh, en))
    if errors:
        order = {name: at for at, name in enumerate(form.properties)}
        at_field = sorted(errors, key=lambda name: order.get(name, order.get(name.partition(".")[0], len(order))))
        wrong = {name: errors[name] for name in at_field}
        raise FormErrors({name: zh for name, (zh, _) in wrong.items()}, {name: en for name, (_, en) in wrong.items()})
    return {name: values[name] for name in form.properties if name in values}


def filled_in(form: Form, data: Mapping[str, Any]) -> dict[str, Any]:
    """What has been filled in so far, as its schemas want it; nothing is checked."""
    of_form = (name for name in data if name in form.properties)
    return {
        name: value for name in of_form if (value := _typed(form.properties[name], data[name])) not in (None, "", [])
    }


# ---- what the schema says ---------------------------------------------------------------------------------------------


def _options(
    schema: Mapping[str, Any], known: Mapping[str, Any], evaluate: Evaluate, language: str
) -> tuple[Option, ...]:
    if OPTIONS in schema:
        listed = evaluate(str(schema[OPTIONS]), known)
        found = tuple(_option(each) for each in (listed if isinstance(listed, list) else ()))
        # An expression says its titles in Chinese; the list beside it, where there is one, has them in the language of the form.
        listed = [_option(each) for each in schema.get("oneOf", ())] if language == ENGLISH else []
        return tuple(next((one for one in listed if one.const == each.const), each) for each in found)
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
        if each.columns:
            row = Form(each.name, schema["items"], form.language)
            schema["items"] = {**_effective(row, each.columns), "required": schema["items"].get("required", [])}
        elif OPTIONS in schema:
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
    if kind == "object" and isinstance(value, Mapping):
        inner = schema.get("properties", {})
        return {
            name: each for name in value if (each := _typed(inner.get(name, {}), value[name])) not in (None, "", [])
        }
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


_formats = FormatChecker(formats=())


@_formats.checks("date", ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@_formats.checks("date-time", ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


def evaluator(functions: Mapping[str, Callable[..., Any]], now: Callable[[], datetime]) -> Evaluate:
    """How expressions of forms are evaluated: like those of diagrams."""
    return lambda text, variables: expressions.evaluate(text, variables, functions, now)
