"""A task's form, from the JSON Schema that its diagram names: fields to show, what was typed, what is wrong with it.

A property's ``x-show`` decides whether it is asked for; the server alone evaluates it, and tells the page for each outcome
which fields it needs. ``jsonschema`` (draft 2020-12) judges what was typed; its findings are said in Chinese at the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from processes.errors import BihuanError

OUTCOME = "outcome"
"""The property that decides what happens next: shown as buttons."""

RADIO_UP_TO = 6
"""Options beyond this many go into a drop-down list: a screen's worth of radio buttons can't be taken in."""

LONG = 120
"""A text that may be longer than this gets an area of several lines."""

Schema = Mapping[str, Any]
Evaluate = Callable[[str, Mapping[str, Any]], Any]
"""An expression of the form (``= …``) over given names → its value; raises :class:`BihuanError`."""


class Typed(Protocol):
    """What a browser sent: several values a name."""

    def __contains__(self, name: object, /) -> bool: ...

    def getlist(self, name: str, /) -> list[str]: ...


@dataclass(frozen=True)
class Option:
    """A choice; ``value`` is what the browser sends for it."""

    value: str
    title: str
    chosen: bool


@dataclass(frozen=True)
class Field:
    """A field as it is shown."""

    name: str
    title: str
    description: str
    widget: str
    """text, textarea, select, radio, checks, yes, date or number"""
    required: bool
    value: str
    options: tuple[Option, ...] = ()
    max_length: int | None = None
    error: str | None = None
    only_for: tuple[str, ...] = ()
    """verbs of the outcomes that ask for it; empty when all do"""
    inputmode: str = ""

    @property
    def id(self) -> str:
        """The id of its control on the page."""
        return f"f-{self.name}"

    @property
    def rows(self) -> int:
        """Lines of its area."""
        return 7 if (self.max_length or 0) > 500 or self.max_length is None else 4


@dataclass(frozen=True)
class Verb:
    """An outcome as a button."""

    value: str
    title: str


@dataclass(frozen=True)
class Form:
    """A form ready to be shown. ``shown`` names the fields each outcome asks for (key "" when there is no outcome)."""

    title: str
    fields: tuple[Field, ...]
    verbs: tuple[Verb, ...]
    shown: Mapping[str, tuple[str, ...]]
    chosen: str = ""

    @property
    def errors(self) -> tuple[Field, ...]:
        """The fields that something is wrong with."""
        return tuple(field for field in self.fields if field.error)


def make(schema: Schema, data: Mapping[str, Any], evaluate: Evaluate, errors: Mapping[str, str] | None = None) -> Form:
    """The form of ``schema`` filled with ``data``; ``errors`` are shown at their fields."""
    found = errors or {}
    required = set(schema.get("required", ()))
    verbs = tuple(Verb(option.value, option.title) for option in choices(_outcome(schema), {}, evaluate, None))
    shown = shown_for(schema, data, evaluate)
    fields = []
    for name, prop in _properties(schema):
        asked = [verb.title for verb in verbs if name in shown.get(verb.value, ())]
        fields.append(
            Field(
                name=name,
                title=str(prop.get("title", name)),
                description=str(prop.get("description", "")),
                widget=widget(prop),
                required=name in required,
                value=text_of(data.get(name, prop.get("default"))),
                options=tuple(choices(prop, data, evaluate, data.get(name, prop.get("default")))),
                max_length=prop.get("maxLength"),
                error=found.get(name),
                only_for=tuple(asked) if len(asked) < len(verbs) else (),
                inputmode="decimal" if prop.get("type") in ("number", "integer") else "",
            )
        )
    return Form(
        str(schema.get("title", "")), tuple(fields), verbs, shown, str(data.get(OUTCOME) or "") if found else ""
    )


def shown_for(schema: Schema, data: Mapping[str, Any], evaluate: Evaluate) -> dict[str, tuple[str, ...]]:
    """Which fields each outcome asks for, given what has been typed so far."""
    outcomes = [option.value for option in choices(_outcome(schema), {}, evaluate, None)] or [""]
    return {
        outcome: tuple(
            name for name, prop in _properties(schema) if _is_shown(schema, prop, {**data, OUTCOME: outcome}, evaluate)
        )
        for outcome in outcomes
    }


def read(schema: Schema, typed: Typed) -> dict[str, Any]:
    """What was typed, with the schema's types; what can't be converted stays text for the judge to refuse."""
    data: dict[str, Any] = {}
    for name, prop in schema.get("properties", {}).items():
        values = typed.getlist(name)
        if prop.get("type") == "boolean":
            data[name] = "true" in values
        elif prop.get("type") == "array":
            data[name] = [value for value in values if value]
        elif values and values[-1].strip():
            data[name] = _converted(prop, values[-1].replace("\r\n", "\n").strip())
    return data


def judge(schema: Schema, data: Mapping[str, Any], evaluate: Evaluate) -> tuple[dict[str, Any], dict[str, str]]:
    """The data that counts (fields that were asked for) and, by field, what is wrong, in Chinese."""
    outcome = str(data.get(OUTCOME) or "")
    asked = shown_for(schema, data, evaluate).get(outcome)
    if asked is None:
        return {}, {OUTCOME: "请选择办理方式"}
    names = {*asked, *([OUTCOME] if outcome else [])}
    kept = {name: value for name, value in data.items() if name in names}
    properties = {name: _offered(prop, data, evaluate) for name, prop in schema["properties"].items() if name in names}
    required = [name for name in schema.get("required", ()) if name in names]
    judged = {"type": "object", "properties": properties, "required": required}
    errors: dict[str, str] = {}
    for error in Draft202012Validator(judged, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(kept):
        name = str(error.path[0]) if error.path else _missing(error, required, kept)
        errors.setdefault(name, say(error))
    for name in required:
        if kept.get(name) in ("", []) or (kept.get(name) is False and properties[name].get("const") is True):
            errors.setdefault(name, "这一项需要填写")
    return kept, errors


def say(error: ValidationError) -> str:
    """What a finding of ``jsonschema`` means, in Chinese."""
    limit = error.validator_value
    words = {
        "required": "这一项需要填写",
        "maxLength": f"最多 {limit} 个字，现在有 {len(str(error.instance))} 个",
        "minLength": "这一项需要填写" if limit == 1 else f"至少 {limit} 个字，现在有 {len(str(error.instance))} 个",
        "enum": "请从列出的选项中选择",
        "oneOf": "请从列出的选项中选择",
        "format": "请填写正确的日期，例如 2026-11-22" if limit == "date" else "格式不对，请核对",
        "pattern": "格式不对，请核对",
        "minimum": f"不能小于 {limit}",
        "maximum": f"不能大于 {limit}",
        "minItems": f"至少选择 {limit} 项",
        "maxItems": f"最多选择 {limit} 项",
        "uniqueItems": "不能重复选择",
    }
    if error.validator == "type":
        return "请填写数字" if limit in ("number", "integer") else "请填写这一项"
    return words.get(str(error.validator), "填写的内容不符合要求，请核对")


def widget(prop: Schema) -> str:
    """How a property is asked for: its own wish (``x-widget``), else what suits it."""
    if prop.get("type") == "array":
        return "checks"
    if prop.get("type") == "boolean":
        return "yes"
    asked = prop.get("x-widget")
    if asked in ("radio", "textarea", "select"):
        return str(asked)
    if "x-options" in prop:
        return "select"
    listed = prop.get("oneOf") or prop.get("enum")
    if listed:
        return "radio" if len(listed) <= RADIO_UP_TO else "select"
    if prop.get("format") == "date":
        return "date"
    if prop.get("x-text") or prop.get("maxLength", 0) > LONG:
        return "textarea"
    return "text"


def choices(prop: Schema, data: Mapping[str, Any], evaluate: Evaluate, chosen: Any) -> Iterable[Option]:
    """The options of a property: listed in the schema, or worked out now (``x-options``)."""
    picked = {text_of(one) for one in chosen} if isinstance(chosen, list) else {text_of(chosen)} - {""}
    for const, title in _listed(prop, data, evaluate):
        yield Option(text_of(const), title, text_of(const) in picked)


def text_of(value: Any) -> str:
    """A value as the browser holds it."""
    if value is None or isinstance(value, list):
        return ""
    if isinstance(value, bool):
        return "true" if value else ""
    return str(value)


def _properties(schema: Schema) -> Sequence[tuple[str, Schema]]:
    return [(name, prop) for name, prop in schema.get("properties", {}).items() if name != OUTCOME]


def _outcome(schema: Schema) -> Schema:
    found: Schema = schema.get("properties", {}).get(OUTCOME, {})
    return found


def _listed(prop: Schema, data: Mapping[str, Any], evaluate: Evaluate) -> Sequence[tuple[Any, str]]:
    if prop.get("type") == "array" and "x-options" not in prop:
        prop = prop.get("items", {})
    if "x-options" in prop:
        found = evaluate(str(prop["x-options"]), data) or []
        return [(one["const"], str(one.get("title", one["const"]))) for one in found]
    if "oneOf" in prop:
        return [(one["const"], str(one.get("title", one["const"]))) for one in prop["oneOf"] if "const" in one]
    return [(one, str(one)) for one in prop.get("enum", ())]


def _offered(prop: Schema, data: Mapping[str, Any], evaluate: Evaluate) -> Schema:
    """The property with the options worked out now as its ``enum``, so that nothing else is accepted."""
    if "x-options" not in prop:
        return prop
    offered = [const for const, _ in _listed(prop, data, evaluate)]
    if prop.get("type") == "array":
        return {**prop, "items": {"enum": offered}}
    return {**prop, "enum": offered}


def _is_shown(schema: Schema, prop: Schema, data: Mapping[str, Any], evaluate: Evaluate) -> bool:
    if "x-show" not in prop:
        return True
    # A condition may speak of fields that are not filled in yet.
    names = {name: data.get(name) for name in schema.get("properties", {})}
    try:
        return evaluate(str(prop["x-show"]), names) is True
    except BihuanError:
        return True  # a field too many can be left empty; one too few could not be answered


def _converted(prop: Schema, text: str) -> Any:
    try:
        if prop.get("type") == "integer":
            return int(text)
        if prop.get("type") == "number":
            return float(text)
    except ValueError:
        return text
    if "oneOf" in prop or "enum" in prop:
        for const, _ in _listed(prop, {}, _none):
            if text_of(const) == text:
                return const
    return text


def _none(expression: str, names: Mapping[str, Any]) -> Any:
    return None


def _missing(error: ValidationError, required: Sequence[str], data: Mapping[str, Any]) -> str:
    absent = [name for name in required if name not in data and f"'{name}'" in error.message]
    return absent[0] if absent else OUTCOME
