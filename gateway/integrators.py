"""The platform's messages for those who connect a system to it: the AsyncAPI document, and the same as a page to read.

Both are open to anybody who reaches the gateway, as a contract is before there is an account: they tell of no person, case or address.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

from flask import Blueprint, Response, g, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from gateway.context import services
from gateway.languages import language, translated
from gateway.staff import session
from processes.languages import ENGLISH
from processes.messaging.asyncapi import document

blueprint = Blueprint("integrators", __name__)

TYPES = {
    "string": _l("文字"),
    "integer": _l("整数"),
    "number": _l("数字"),
    "boolean": _l("是或否"),
    "object": _l("对象"),
    "array": _l("列表"),
}

ORDER = {
    "发给平台": _l("发给平台"),
    "平台的任务": _l("平台的任务"),
    "任务的答复": _l("任务的答复"),
    "事件": _l("事件"),
    "平台内部": _l("平台内部"),
}
"""the tags of the document with what they are called, as the page goes through them"""


@dataclass(frozen=True)
class Row:
    """A header or a field. ``limits`` is empty when there are none."""

    name: str
    title: str
    type: str
    limits: str
    required: bool
    note: str


@dataclass(frozen=True)
class Described:
    """A message as the page shows it; ``where`` says how it travels, ``rules`` what concerns several fields."""

    key: str
    name: str
    title: str
    when: str
    description: str
    where: Sequence[tuple[str, str]]
    headers: Sequence[Row]
    fields: Sequence[Row]
    rules: Sequence[str]
    example_headers: str
    example_payload: str


@dataclass(frozen=True)
class Entry:
    """A message, and what is special in the answers to it when it is a job."""

    message: Described
    answers: Sequence[Described]


@dataclass(frozen=True)
class Section:
    """Messages of one kind."""

    title: str
    entries: Sequence[Entry]


@blueprint.get("/asyncapi.json")
def asyncapi() -> Response:
    """The document, AsyncAPI 3.0.0 as JSON."""
    return Response(_text(), content_type="application/json; charset=utf-8")


@blueprint.get("/integrators")
def integrators() -> str:
    """The same to read; who is logged in keeps the staff's frame around it."""
    g.viewer = session.whoever(services())
    return render_template("integrators.html", here="integrators", sections=_sections(language()), about=_about())


@cache
def _document() -> Mapping[str, Any]:
    return document(metadata.version("bihuan"))


@cache
def _text() -> str:
    return _pretty(_document())


def _about() -> Sequence[str]:
    """The paragraphs of the introduction that are in the reader's language."""
    chinese, _rule, english = str(_document()["info"]["description"]).partition("\n---\n")
    words = english if language() == ENGLISH else chinese
    return tuple(each for each in words.split("\n\n") if each.strip())


@cache
def _sections(language: str) -> Sequence[Section]:
    """The messages by their tags, in the order in which they are read. Made once for each language."""
    found = _document()
    messages: Mapping[str, Any] = found["components"]["messages"]
    described = {key: _described(key, message, found["channels"]) for key, message in messages.items()}
    sections: dict[str, list[Entry]] = {tag: [] for tag in ORDER}
    for key, message in messages.items():
        own = [each for each in messages if each.startswith(f"{key}.")]
        if not any(key.startswith(f"{other}.") for other in messages):
            sections[message["tags"][0]["name"]].append(Entry(described[key], [described[each] for each in own]))
    return [Section(str(ORDER[tag]), entries) for tag, entries in sections.items()]


def _described(key: str, message: Mapping[str, Any], channels: Mapping[str, Any]) -> Described:
    channel = next(each for each in channels.values() if key in each["messages"])
    (example,) = message["examples"]
    payload = message["payload"]
    return Described(
        key,
        message["name"],
        translated(message["title"]),
        translated(message["summary"]),
        translated(message["description"]),
        _where(channel["bindings"]["amqp"], message["name"]),
        _rows(message["headers"]),
        _rows(payload),
        tuple(_rules(payload)),
        _pretty(example["headers"]),
        _pretty(example["payload"]),
    )


def _where(binding: Mapping[str, Any], name: str) -> Sequence[tuple[str, str]]:
    if binding["is"] == "queue":
        return ((_("队列"), binding["queue"]["name"]),)
    if not binding["exchange"]["name"]:
        return ((_("交换机"), _("默认交换机")), (_("路由键"), _("原消息的 reply_to")))
    return ((_("交换机"), binding["exchange"]["name"]), (_("路由键"), name))


def _rows(schema: Mapping[str, Any], within: str = "") -> Sequence[Row]:
    """The properties of an object, those of its objects behind them."""
    found: list[Row] = []
    for name, field in schema["properties"].items():
        type_, empty = _type(field)
        limits = [*_limits(field), *([_("可为 null")] if empty else [])]
        required = name in schema["required"]
        title, note = translated(field.get("title", "")), translated(field.get("description", ""))
        row = Row(within + name, title, type_, _("，").join(limits), required, note)
        found += [row, *(_rows(field, f"{within}{name}.") if "properties" in field else ())]
    return found


def _type(field: Mapping[str, Any]) -> tuple[str, bool]:
    """The type in words, and whether it may be null."""
    kinds = field.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if field.get("format") == "date-time":
        return _("时间"), "null" in kinds
    named = [str(TYPES[each]) for each in kinds if each != "null"]
    return _("或").join(named) or _("任意"), "null" in kinds


def _limits(field: Mapping[str, Any]) -> Iterable[str]:
    if "const" in field:
        yield _("固定为 %(value)s", value=field["const"])
    if "enum" in field:
        yield _("只能是 %(values)s", values=_("、").join(str(each) for each in field["enum"] if each is not None))
    if "maxLength" in field:
        yield (
            _("%(least)s 到 %(most)s 个字", least=field["minLength"], most=f"{field['maxLength']:,}")
            if "minLength" in field
            else _("最多 %(most)s 个字", most=f"{field['maxLength']:,}")
        )
    elif "minLength" in field:
        yield _("至少 %(least)s 个字", least=field["minLength"])
    if "minimum" in field:
        yield _("%(least)s 到 %(most)s", least=f"{field['minimum']:,g}", most=f"{field['maximum']:,g}")
    if "pattern" in field:
        yield _("格式 %(pattern)s", pattern=field["pattern"])


def _rules(payload: Mapping[str, Any]) -> Iterable[str]:
    sets = [_(" 和 ").join(each["required"]) for each in payload.get("anyOf", ())]
    if sets:
        yield _("至少要填：%(sets)s；不能是空白。", sets=_("，或者 ").join(sets))
    yield _("可以有约定以外的字段。") if payload["additionalProperties"] else _("约定以外的字段会被拒绝。")


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
