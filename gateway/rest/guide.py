"""The document of the API as a page to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, render_template
from flask_babel import gettext as _

from gateway.context import services
from gateway.integrators import TYPES, blueprint
from gateway.languages import language
from gateway.rest.document import document_in
from gateway.scopes import SCOPES
from gateway.staff import session

DEEPEST = 6
"""Objects within objects that are told of."""


@dataclass(frozen=True)
class Row:
    """Something that is given or answered. ``where``: path, query or header, empty in a body; ``limits`` is empty when there are none."""

    name: str
    where: str
    type: str
    limits: str
    required: bool
    note: str


@dataclass(frozen=True)
class Described:
    """An operation. ``errors``: the statuses that say what went wrong."""

    id: str
    method: str
    path: str
    title: str
    note: str
    scope: str
    given: Sequence[Row]
    answered: Sequence[Row]
    status: str
    media_type: str
    errors: str


@blueprint.get("/integrators/api")
def http() -> str:
    """The API to read; who is logged in keeps the staff's frame around it."""
    g.viewer = session.whoever(services())
    document = document_in(language())
    described = list(_described(document))
    sections = [(tag, [each for at, each in described if at == tag["name"]]) for tag in document["tags"]]
    about = str(document["info"]["description"]).partition("\n")[0]
    return render_template("rest.html", here="integrators", sections=sections, about=about, scopes=SCOPES)


def _described(document: Mapping[str, Any]) -> Iterator[tuple[str, Described]]:
    """Each operation with its tag."""
    no_body: Mapping[str, Any] = {}
    for path, item in document["paths"].items():
        common = item.get("parameters", [])
        for method, each in item.items():
            if method == "parameters":
                continue
            status = next(status for status in each["responses"] if status.startswith("2"))
            answers: Mapping[str, Any] = each["responses"][status].get("content", {})
            media_type, answer = next(iter(answers.items()), ("", no_body))
            yield (
                each["tags"][0],
                Described(
                    f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
                    method.upper(),
                    path,
                    each["summary"],
                    each.get("description", ""),
                    next((scope for way in each["security"] for listed in way.values() for scope in listed), ""),
                    [*_parameters([*common, *each.get("parameters", [])]), *_body(document, each)],
                    list(_rows(document, answer.get("schema", {}))),
                    status,
                    media_type,
                    _("、").join(sorted(code for code in each["responses"] if code >= "400")),
                ),
            )


def _parameters(parameters: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for each in parameters:
        schema = each["schema"]
        note = str(each.get("description") or schema.get("description") or "")
        yield Row(each["name"], each["in"], _type(schema), _limits(schema), bool(each.get("required")), note)


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Row]:
    for media_type, each in operation.get("requestBody", {}).get("content", {}).items():
        if media_type == "application/json":
            yield from _rows(document, each["schema"])
        else:
            yield Row("", "", media_type, "", True, _("文件本身"))


def _rows(document: Mapping[str, Any], schema: Mapping[str, Any], within: str = "", depth: int = 0) -> Iterator[Row]:
    """The properties of an object, those of its objects behind them."""
    whole = _resolved(document, schema)
    for name, field in whole.get("properties", {}).items():
        shape = _resolved(document, field)
        inner = _resolved(document, shape.get("items", {}))
        required = name in whole.get("required", ())
        yield Row(within + name, "", _type(shape), _limits(shape), required, str(shape.get("description", "")))
        if depth < DEEPEST and shape.get("properties"):
            yield from _rows(document, shape, f"{within}{name}.", depth + 1)
        if depth < DEEPEST and inner.get("properties"):
            yield from _rows(document, inner, f"{within}{name}[].", depth + 1)


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference, alone or beside others, stands for."""
    found: Mapping[str, Any] = schema
    for each in (*schema.get("allOf", ()), *schema.get("anyOf", ()), schema):
        if "$ref" in each:
            name = str(each["$ref"]).rpartition("/")[2]
            found = {
                **document["components"]["schemas"][name],
                **{k: v for k, v in schema.items() if k == "description"},
            }
    return found


def _type(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type", "object" if "properties" in schema else ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if schema.get("format") in ("date", "date-time"):
        return _("日期") if schema["format"] == "date" else _("时间")
    return _("或").join(str(TYPES[each]) for each in kinds if each != "null") or _("任意")


def _limits(schema: Mapping[str, Any]) -> str:
    found = []
    if "enum" in schema:
        listed = _("、").join(str(each) for each in schema["enum"] if each not in ("", None))
        found.append(_("只能是 %(values)s", values=listed))
    if "maxLength" in schema:
        found.append(_("最多 %(most)s 个字", most=f"{schema['maxLength']:,}"))
    if "null" in schema.get("type", ()):
        found.append(_("可为 null"))
    return _("，").join(found)
