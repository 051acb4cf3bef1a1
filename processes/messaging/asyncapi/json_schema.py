"""Contracts as JSON Schema draft-07, made from the marshmallow fields that check them.

Source: JSON Schema draft-07 (validation keywords, and ``format`` of section 7.3.1 for times).

>>> from processes.messaging.incoming import RatingSchema
>>> of(RatingSchema)["properties"]["level"]["maximum"]
5
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from processes.messaging.schema import OneOfSeveral

Json = dict[str, Any]
"""a JSON object"""

FILLED = r"\S"
"""what a text must match that is not to be blank"""


def of(schema: type[Schema]) -> Json:
    """The JSON Schema of an object: ``properties`` in the order written, ``required``, and whether it takes unknown fields.

    :raises TypeError: for a field or a check that has no words in JSON Schema yet, rather than a schema that says too little
    """
    made = schema()
    found: Json = {
        "type": "object",
        "properties": {name: _of_field(field) for name, field in made.fields.items()},
        "required": [name for name, field in made.fields.items() if field.required],
        "additionalProperties": made.unknown == INCLUDE,
    }
    if issubclass(schema, OneOfSeveral):
        found["anyOf"] = [_filled(names) for names in schema.alternatives]
    return found


def _filled(names: Sequence[str]) -> Json:
    return {"required": list(names), "properties": {name: {"type": "string", "pattern": FILLED} for name in names}}


def _of_field(field: fields.Field[Any]) -> Json:
    about: Mapping[str, Any] = field.metadata
    found: Json = {"title": about["title"]} if "title" in about else {}
    description = [about.get("description", ""), _named(about.get("choices", {}))]
    if any(description):
        found["description"] = "；".join(filter(None, description))
    for known, words in _KINDS:
        if isinstance(field, known):
            found |= words(field)
            break
    else:
        raise TypeError(f"{type(field).__name__} has no words in JSON Schema")
    for check in field.validators:
        found |= _of_check(check)
    return _or_null(found) if field.allow_none else found


def _named(choices: Mapping[str, str]) -> str:
    return "、".join(f"{code} {name}" for code, name in choices.items())


def _of_list(field: fields.List[Any]) -> Json:
    return {"type": "array", "items": _of_field(field.inner)}


_KINDS: Sequence[tuple[type[fields.Field[Any]], Callable[[Any], Json]]] = (
    (fields.AwareDateTime, lambda field: {"type": "string", "format": "date-time"}),
    (fields.String, lambda field: {"type": "string"}),
    (fields.Integer, lambda field: {"type": "integer"}),
    (fields.Float, lambda field: {"type": "number"}),
    (fields.Boolean, lambda field: {"type": "boolean"}),
    (fields.Dict, lambda field: {"type": "object"}),
    (fields.List, _of_list),
    (fields.Raw, lambda field: {}),
)


def _of_check(check: object) -> Json:
    match check:
        case validate.Length():
            return _there(minLength=check.min or None, maxLength=check.max)
        case validate.Range():
            return _there(minimum=check.min, maximum=check.max)
        case validate.OneOf():
            return {"enum": list(check.choices)}
    raise TypeError(f"{type(check).__name__} has no words in JSON Schema")


def _there(**limits: Any) -> Json:
    return {name: value for name, value in limits.items() if value is not None}


def _or_null(schema: Json) -> Json:
    """The same, or null. What says nothing of its type takes null already."""
    if "type" not in schema:
        return schema
    found = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        found["enum"] = [*schema["enum"], None]
    return found
