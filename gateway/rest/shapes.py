"""The shapes of what the API takes and answers, as far as several of its parts share them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from gateway.addresses import LARGEST

ID = 36
"""Characters of our ids."""


class Shape(Schema):
    """An object with these fields and no others."""

    class Meta:
        unknown = RAISE


def unprintable(value: Any, path: str = "") -> Iterator[str]:
    """Where in a value there is text that no database keeps: NUL signs, and halves of signs."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            yield path
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from unprintable(name, path)
            yield from unprintable(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from unprintable(inner, f"{path}.{at}" if path else str(at))


# ---- what is answered ------------------------------------------------------------------------------------------------


def string(about: Any = "", **more: Any) -> fields.String:
    """Text; empty when there is none, unless ``allow_none``."""
    return fields.String(required=True, metadata=_about(about), **more)


def whole(about: Any = "", **more: Any) -> fields.Integer:
    """A whole number."""
    return fields.Integer(required=True, metadata=_about(about), **more)


def yes(about: Any = "") -> fields.Boolean:
    """Yes or no."""
    return fields.Boolean(required=True, metadata=_about(about))


def moment(about: Any = "", none: bool = True) -> fields.AwareDateTime:
    """A time in UTC; null when there is none."""
    return fields.AwareDateTime(required=True, allow_none=none, default_timezone=UTC, metadata=_about(about))


def on(about: Any = "") -> fields.Date:
    """A day; null when there is none."""
    return fields.Date(required=True, allow_none=True, metadata=_about(about))


def one(shape: type[Shape], about: Any = "", none: bool = False) -> fields.Nested:
    """An object."""
    return fields.Nested(shape, required=True, allow_none=none, metadata=_about(about))


def many(inner: type[Shape] | fields.Field[Any], about: Any = "") -> fields.List[Any]:
    """A list."""
    listed = inner if isinstance(inner, fields.Field) else fields.Nested(inner)
    return fields.List(listed, required=True, metadata=_about(about))


def word() -> fields.String:
    """Text of a list."""
    return fields.String()


def anything(about: Any = "") -> fields.Raw:
    """Any JSON value."""
    return fields.Raw(required=True, allow_none=True, metadata=_about(about))


def table(about: Any = "") -> fields.Dict:
    """An object whose names nobody knows beforehand."""
    return fields.Dict(keys=fields.String(), required=True, metadata=_about(about))


# ---- what is taken ---------------------------------------------------------------------------------------------------


def said(about: Any = "", most: int = 60, least: int = 0, required: bool = False, **more: Any) -> fields.String:
    """Text that is given."""
    default: dict[str, Any] = {} if required else {"load_default": ""}
    length = validate.Length(min=least or None, max=most)
    return fields.String(required=required, validate=length, metadata=_about(about), **default, **more)


def chosen(choices: Sequence[str], about: Any = "", default: str | None = None) -> fields.String:
    """One of these."""
    more: dict[str, Any] = {"required": True} if default is None else {"load_default": default}
    return fields.String(validate=validate.OneOf(list(choices)), metadata=_about(about), **more)


def counted(about: Any = "", least: int = 1, most: int = LARGEST, default: int | None = None) -> fields.Integer:
    """A whole number that is given."""
    bounds = validate.Range(min=least, max=most)
    return fields.Integer(strict=False, validate=bounds, load_default=default, metadata=_about(about))


def asked(about: Any = "") -> fields.Boolean:
    """Whether it is wanted."""
    return fields.Boolean(
        load_default=False, truthy={True, "true", "1"}, falsy={False, "false", "0"}, metadata=_about(about)
    )


def on_day(about: Any = "") -> fields.Date:
    """A day that is given, or null."""
    return fields.Date(load_default=None, allow_none=True, metadata=_about(about))


def _about(about: Any) -> dict[str, Any]:
    return {"description": about} if about else {}


# ---- what several answers have ---------------------------------------------------------------------------------------


class WrongField(Shape):
    """What is wrong with a field."""

    path = string()
    zh = string()
    en = string()


class Problem(Shape):
    """An error, as RFC 9457 has it."""

    type = string()
    title = string()
    status = whole()
    detail = string()
    detail_zh = string()
    detail_en = string()
    errors = fields.List(fields.Nested(WrongField))
    id = fields.String()


class LeftShape(Shape):
    """Working time that is left, or by which it is exceeded."""

    overdue = yes()
    days = whole()
    hours = whole()
    minutes = whole()


class LightShape(Shape):
    """A light."""

    colour = string(validate=validate.OneOf(["none", "green", "yellow", "red"]))
    due = moment()
    provisional = yes()
    left = one(LeftShape, none=True)


class Named(Shape):
    """A code with what it is called."""

    code = string()
    name = string()


def named(pairs: Any) -> list[dict[str, str]]:
    """Pairs of code and name, as :class:`Named` has them."""
    return [{"code": code, "name": str(name)} for code, name in pairs]


class FileShape(Shape):
    """A file."""

    id = string()
    name = string()
    media_type = string()
    size = whole()
    sha256 = string()
    at = moment(none=False)


class DoneShape(Shape):
    """A command has been carried out."""

    duplicate = yes()
    incident = string(allow_none=True)
