"""A task's form as it is shown: which control suits each field, which fields each outcome needs, what is wrong with it.

What a form means (conditions, options, what is right) is ``processes.casework.forms``; here it gets a face.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from processes.casework import forms
from processes.casework.forms import Evaluate
from processes.casework.uploads import Upload

OUTCOME = "outcome"
"""The property that decides what happens next: shown as buttons."""

RADIO_UP_TO = 6
"""Options beyond this many go into a drop-down list: a screenful of radio buttons can't be taken in."""

LONG = 120
"""A text that may be longer than this gets an area of several lines."""

Schema = Mapping[str, Any]


class Typed(Protocol):
    """What a browser sent: several values a name."""

    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True)
class Option:
    """A choice; ``value`` is what the browser sends for it."""

    value: str
    title: str
    chosen: bool = False


@dataclass(frozen=True)
class Field:
    """A field as it is shown. ``widget``: text, textarea, select, radio, checks, yes, date, number or attachments."""

    name: str
    title: str
    widget: str = "text"
    description: str = ""
    required: bool = False
    value: str = ""
    options: tuple[Option, ...] = ()
    max_length: int | None = None
    error: str | None = None
    only_for: tuple[str, ...] = ()
    """verbs of the outcomes that ask for it; empty when all do"""
    inputmode: str = ""
    half: bool = False
    """whether it shares its row with a neighbour on a wide screen (``x-half``)"""
    files: tuple[Upload, ...] = ()

    @property
    def id(self) -> str:
        """The id of its control on the page."""
        return f"f-{self.name}"

    @property
    def rows(self) -> int:
        """Lines of its area."""
        return 7 if self.max_length is None or self.max_length > 500 else 4


@dataclass(frozen=True)
class View:
    """A form ready to be shown. ``shown``: the fields each outcome asks for (under "" when there is no outcome)."""

    fields: tuple[Field, ...] = ()
    verbs: tuple[Option, ...] = ()
    shown: Mapping[str, tuple[str, ...]] | None = None
    chosen: str = ""

    @property
    def errors(self) -> tuple[Field, ...]:
        """The fields that something is wrong with."""
        return tuple(field for field in self.fields if field.error)


def view(
    form: forms.Form,
    data: Mapping[str, Any],
    variables: Mapping[str, Any],
    evaluate: Evaluate,
    errors: Mapping[str, str] | None = None,
    files: Sequence[Upload] = (),
) -> View:
    """The form filled in with ``data``, and ``files`` that wait in it; ``errors`` are shown at their fields."""
    wrong = errors or {}
    verbs = _verbs(form, data, variables, evaluate)
    states = {
        verb.value: forms.fields(form, {**data, OUTCOME: verb.value} if verbs else data, variables, evaluate)
        for verb in verbs or (Option("", ""),)
    }
    shown = {
        outcome: tuple(each.name for each in fields if each.shown and each.name != OUTCOME)
        for outcome, fields in states.items()
    }
    titles = {verb.value: verb.title for verb in verbs}
    found = []
    for name in form.properties:
        asked = {
            outcome: each for outcome, fields in states.items() for each in fields if each.name == name and each.shown
        }
        if name == OUTCOME or not asked:
            continue
        one = next(iter(asked.values()))
        only_for = tuple(titles[outcome] for outcome in asked) if 0 < len(asked) < len(verbs) else ()
        field = _field(one, data.get(name, one.schema.get("default")), wrong.get(name), only_for)
        found.append(replace(field, files=tuple(each for each in files if each.field == name)))
    chosen = str(data.get(OUTCOME, "")) if wrong else ""
    return View(tuple(found), verbs, shown, chosen if chosen in titles else "")


def typed(form: forms.Form, sent: Typed) -> dict[str, Any]:
    """What the browser sent for the form's fields; line ends as everywhere else."""
    data: dict[str, Any] = {}
    for name, schema in form.properties.items():
        if schema.get(forms.WIDGET) == forms.ATTACHMENTS:
            continue  # what was uploaded is known, whatever the browser says
        values = [value.replace("\r\n", "\n") for value in sent.getlist(name)]
        if schema.get("type") == "array":
            data[name] = [value for value in values if value]
        elif schema.get("type") == "boolean":
            data[name] = "true" in values
        elif values:
            data[name] = values[-1]
    return data


def lines(form: forms.Form, data: Mapping[str, Any]) -> list[str]:
    """What was typed, as lines to copy from."""
    return [
        str(data[name])
        for name in form.properties
        if isinstance(data.get(name), str) and name != OUTCOME and data[name]
    ]


def widget(schema: Schema) -> str:
    """How a property is asked for: its own wish (``x-widget``), else what suits it."""
    kind = schema.get("type")
    if schema.get(forms.WIDGET) == forms.ATTACHMENTS:
        return forms.ATTACHMENTS
    if kind in ("array", "boolean"):
        return "checks" if kind == "array" else "yes"
    if schema.get("x-widget") in ("radio", "textarea", "select"):
        return str(schema["x-widget"])
    if forms.OPTIONS in schema:
        return "select"
    listed = schema.get("oneOf") or schema.get("enum")
    if listed:
        return "radio" if len(listed) <= RADIO_UP_TO else "select"
    if schema.get("format") == "date":
        return "date"
    if schema.get(forms.TEXT) or schema.get("maxLength", 0) > LONG:
        return "textarea"
    return "text"


def _verbs(
    form: forms.Form, data: Mapping[str, Any], variables: Mapping[str, Any], evaluate: Evaluate
) -> tuple[Option, ...]:
    if OUTCOME not in form.properties:
        return ()
    states = forms.fields(form, data, variables, evaluate)
    options = next(each.options for each in states if each.name == OUTCOME)
    return tuple(Option(_text(each.const), each.title) for each in options)


def _field(one: forms.Field, value: Any, error: str | None, only_for: tuple[str, ...]) -> Field:
    picked = {_text(each) for each in value} if isinstance(value, list) else {_text(value)} - {""}
    number = one.schema.get("type") in ("integer", "number")
    return Field(
        name=one.name,
        title=one.title,
        widget=widget(one.schema),
        description=str(one.schema.get("description", "")),
        required=one.required,
        value="" if isinstance(value, list) else _text(value),
        options=tuple(_options(one.options, picked)),
        max_length=one.schema.get("maxLength"),
        error=error,
        only_for=only_for,
        inputmode="decimal" if number else "",
        half=bool(one.schema.get("x-half")),
    )


def _options(options: Iterable[forms.Option], picked: set[str]) -> Iterable[Option]:
    for each in options:
        yield Option(_text(each.const), each.title, _text(each.const) in picked)


def _text(value: Any) -> str:
    """A value as the browser holds it."""
    if value is None or isinstance(value, list):
        return ""
    if isinstance(value, bool):
        return "true" if value else ""
    return str(value)
