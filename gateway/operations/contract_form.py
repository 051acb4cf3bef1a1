"""A form made from a message's contract: its fields, their titles and choices, filled in with the contract's example."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import INCLUDE, Schema

from gateway.languages import said, translated
from gateway.operations.pages import pretty
from gateway.staff.forms import Field, Option
from processes.messaging.contract import Contract, Kind
from processes.messaging.json_text import from_json
from processes.messaging.schema import FieldDescription, FieldProblem, describe

MORE = "more"
"""The field for what the contract does not name, where it takes such fields."""

WHOLE = ""
"""The path of what is wrong with a message as a whole."""

_KINDS = {
    "integer": _l("整数"),
    "number": _l("数字"),
    "moment": _l("时间，如 2026-11-23T09:30:00+08:00"),
    "object": _l("JSON 对象"),
    "list": _l("JSON 数组"),
    "any": _l("任意 JSON 值"),
}
"""What is told of a field besides its description."""

_JSON = frozenset({"object", "list", "any"})


class Described(Protocol):
    """What has a form: a contract, or another thing with a schema."""

    @property
    def schema(self) -> type[Schema]: ...


@dataclass(frozen=True)
class Plain:
    """A schema that is no contract's: a job's result."""

    schema: type[Schema]


def example(contract: Contract, id: str) -> dict[str, str]:
    """What the form is filled in with, as typed text. A report gets a number of its own: each can be sent once."""
    given = dict(contract.example)
    if contract.kind is Kind.REPORT:
        given[_own_number(contract)] = id
    return typed(contract.schema, given)


def typed(schema: type[Schema], given: Mapping[str, Any]) -> dict[str, str]:
    """Data as typed text."""
    names = {each.name for each in describe(schema)}
    more = {name: value for name, value in given.items() if name not in names}
    return {
        **{name: _typed(value) for name, value in given.items() if name in names},
        MORE: pretty(more) if more else "",
    }


def fields(contract: Described, typed: Mapping[str, str], problems: Sequence[FieldProblem] = ()) -> tuple[Field, ...]:
    """The fields as they are shown, with what is wrong at each."""
    wrong: dict[str, str] = {}
    known = [each.name for each in describe(contract.schema)]
    for problem in problems:
        top = re.split(r"[.\[]", problem.path)[0]
        name = top if top in known else MORE if _takes_more(contract) or top else WHOLE
        wrong.setdefault(name, said(problem) if problem.path in ("", name) else f"{problem.path}: {said(problem)}")
    found = [_field(each, typed.get(each.name, ""), wrong.get(each.name)) for each in describe(contract.schema)]
    if _takes_more(contract) or MORE in wrong:
        taken, refused = _("JSON 对象；约定以外的字段原样带上"), _("JSON 对象；这个约定不接受别的字段")
        about = taken if _takes_more(contract) else refused
        found.append(
            Field(
                MORE, _("其他字段"), "textarea", about, value=typed.get(MORE, ""), max_length=0, error=wrong.get(MORE)
            )
        )
    return tuple(found)


def data(contract: Described, typed: Mapping[str, str]) -> Any:
    """The message's data. What can't be read as what it should be is sent as it was typed: the contract has its say."""
    found: dict[str, Any] = {}
    for each in describe(contract.schema):
        text = typed.get(each.name, "").strip()
        if text:
            found[each.name] = _value(each.kind, text)
    return {**found, **_more(typed)}


def is_readable(typed: Mapping[str, str]) -> bool:
    """Whether the field for what the contract does not name is a JSON object, or empty."""
    more = typed.get(MORE, "").strip()
    return not more or isinstance(_value("object", more), Mapping)


def _more(typed: Mapping[str, str]) -> Mapping[str, Any]:
    found = _value("object", typed.get(MORE, "").strip())
    return found if isinstance(found, Mapping) else {}


def _own_number(contract: Contract) -> str:
    """The field for the sender's own number of a report: each contract of reports begins with it."""
    return next(each.name for each in describe(contract.schema) if each.required and each.kind == "text")


def _takes_more(contract: Described) -> bool:
    return contract.schema().unknown == INCLUDE


def _field(one: FieldDescription, value: str, error: str | None) -> Field:
    about = _("；").join(str(each) for each in (translated(one.description), _KINDS.get(one.kind, "")) if each)
    made = Field(
        one.name,
        _("%(title)s（%(name)s）", title=translated(one.title), name=one.name),
        "text",
        about,
        one.required,
        value,
        error=error,
    )
    if one.choices:
        options = tuple(
            Option(code, _("%(title)s（%(name)s）", title=translated(title), name=code), code == value)
            for code, title in one.choices.items()
        )
        return replace(made, widget="select", options=options)
    if one.kind == "boolean":
        options = (
            Option("true", _("是（true）"), value == "true"),
            Option("false", _("否（false）"), value == "false"),
        )
        return replace(made, widget="select", options=options)
    if one.text or one.kind in _JSON:
        return replace(made, widget="textarea", max_length=None)
    return replace(made, inputmode="decimal" if one.kind in ("integer", "number") else "")


def _typed(value: Any) -> str:
    if isinstance(value, str):
        return value
    return pretty(value)


def _value(kind: str, text: str) -> Any:
    if kind in ("text", "moment"):
        return text
    try:
        return from_json(text)
    except ValueError:
        return text
