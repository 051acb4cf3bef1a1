"""A task's form as it is shown: which control suits each field, which fields each outcome needs, what is wrong with it.

What a form means (conditions, options, what is right) is ``processes.casework.forms``; here it gets a face.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flask_babel import gettext as _

from processes.casework import forms
from processes.casework.form_fields import OPTIONS, WIDGET
from processes.casework.forms import Evaluate
from processes.casework.uploads import Upload

OUTCOME = "outcome"
"""The property that decides what happens next: shown as buttons."""

RADIO_UP_TO = 6
"""Options beyond this many go into a drop-down list: a screenful of radio buttons can't be taken in."""

GROUP = "group"
"""the widget of a list of rows"""

ENTRY = "-"
"""the key of the row that scripts copy when one is added"""

MOST_ROWS = 200
"""Rows of a group that are read from a browser."""

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
    """A field as it is shown. ``widget``: text, textarea, select, radio, checks, yes, date, attachments or group."""

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
    entries: tuple[Entry, ...] = ()
    """the rows of a group"""
    blank: Entry | None = None
    """an empty row of it, to be copied"""

    @property
    def id(self) -> str:
        """The id of its control on the page."""
        return f"f-{self.name}"

    @property
    def rows(self) -> int:
        """Lines of its area."""
        return 7 if self.max_length is None or self.max_length > 500 else 4


@dataclass(frozen=True)
class Entry:
    """A row of a group; ``key`` tells it from the others while it is edited."""

    key: str
    fields: tuple[Field, ...]


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
        cells = (each for field in self.fields for entry in field.entries for each in entry.fields)
        return tuple(each for each in (*self.fields, *cells) if each.error)


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
        if one.columns:
            field = _group(field, one, data.get(name), wrong)
        found.append(replace(field, files=tuple(each for each in files if each.field == name)))
    chosen = str(data.get(OUTCOME, "")) if wrong else ""
    return View(tuple(found), verbs, shown, chosen if chosen in titles else "")


def typed(form: forms.Form, sent: Typed) -> dict[str, Any]:
    """What the browser sent for the form's fields; line ends as everywhere else."""
    data: dict[str, Any] = {}
    for name, schema in form.properties.items():
        if schema.get(WIDGET) == forms.ATTACHMENTS:
            continue  # what was uploaded is known, whatever the browser says
        if forms.is_group(schema):
            rows = [key for key in dict.fromkeys(sent.getlist(name)) if key.isdecimal()][:MOST_ROWS]
            columns = schema["items"].get("properties", {})
            data[name] = [
                {
                    column: value
                    for column, inner in columns.items()
                    if (value := _value(inner, sent.getlist(forms.cell(name, key, column)))) is not None
                }
                for key in rows
            ]
        elif (value := _value(schema, sent.getlist(name))) is not None:
            data[name] = value
    return data


def _value(schema: Schema, sent: Sequence[str]) -> Any:
    """What was sent for one control; None when nothing was."""
    values = [value.replace("\r\n", "\n") for value in sent]
    if schema.get("type") == "array":
        return [value for value in values if value]
    if schema.get("type") == "boolean":
        return "true" in values
    return values[-1] if values else None


def changed_rows(form: forms.Form, data: dict[str, Any], wanted: str) -> str:
    """Add an empty row to a group of ``data`` (``add:group``) or take one away (``drop:group:row``); returns which group, empty: none."""
    what, _, rest = wanted.partition(":")
    name, _, row = rest.partition(":")
    if name not in form.properties or not forms.is_group(form.properties[name]):
        return ""
    rows = data.get(name, [])
    if what == "add":
        data[name] = [*rows, {}]
    elif what == "drop" and row.isdecimal():
        data[name] = [each for at, each in enumerate(rows) if at != int(row)]
    return name


def without_empty_rows(form: forms.Form, data: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent: rows in which nothing was put are none."""
    groups = {name for name, schema in form.properties.items() if forms.is_group(schema)}
    return {
        name: [row for row in value if any(row.values())] if name in groups else value for name, value in data.items()
    }


def lines(form: forms.Form, data: Mapping[str, Any]) -> list[str]:
    """What was typed, as lines to copy from; a group's row is one."""
    found = []
    for name, schema in form.properties.items():
        value = data.get(name)
        if isinstance(value, str) and name != OUTCOME:
            found.append(value)
        elif isinstance(value, list) and forms.is_group(schema):
            found += [
                _("，").join(str(each) for each in row.values() if isinstance(each, str) and each) for row in value
            ]
    return [each for each in found if each]


def widget(schema: Schema) -> str:
    """How a property is asked for: its own wish (``x-widget``), else what suits it."""
    kind = schema.get("type")
    if schema.get(WIDGET) == forms.ATTACHMENTS:
        return forms.ATTACHMENTS
    if forms.is_group(schema):
        return GROUP
    if kind in ("array", "boolean"):
        return "checks" if kind == "array" else "yes"
    if schema.get("x-widget") in ("radio", "textarea", "select"):
        return str(schema["x-widget"])
    if OPTIONS in schema:
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


def _group(field: Field, one: forms.Field, rows: Any, wrong: Mapping[str, str]) -> Field:
    """The group's rows as they are shown; where nothing has been put in yet, one that is empty."""
    listed = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else [{}]
    entries = tuple(_entry(one, str(at), row, wrong) for at, row in enumerate(listed))
    return replace(field, entries=entries, blank=_entry(one, ENTRY, {}, {}))


def _entry(one: forms.Field, key: str, row: Mapping[str, Any], wrong: Mapping[str, str]) -> Entry:
    found = []
    for column in one.columns:
        name = forms.cell(one.name, key, column.name)
        field = _field(column, row.get(column.name, column.schema.get("default")), wrong.get(name), ())
        found.append(replace(field, name=name))
    return Entry(key, tuple(found))


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
