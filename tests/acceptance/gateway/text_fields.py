"""The fields into which people and partners can put text: read from the pages' forms, the contracts, the tasks' forms and the API's document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from processes.messaging import jobs
from processes.messaging.contracts import CONTRACTS
from processes.messaging.schema import describe
from tests.integration.gateway.world import MODELS

_NO_TEXT = ("hidden", "checkbox", "radio", "submit", "password", "date", "datetime-local", "button")

_ROW = re.compile(r"\.(-|\d+)\.")
"""in the name of a field in a row of a group"""


def of_page(app: Flask, path: str, page: str) -> Iterator[str]:
    """``staff.save_answer title`` for each field for text in the forms of a page that send something."""
    reader = _Forms(path)
    reader.feed(page)
    routes = app.url_map.bind("localhost")
    for action, name in sorted(reader.found):
        try:
            endpoint, _values = routes.match(action, method="POST")
        except HTTPException as error:
            raise AssertionError(f"{path} has a form that leads nowhere: {action}") from error
        yield f"{endpoint} {_ROW.sub('.*.', name)}"


class _Forms(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path.partition("?")[0]
        self._actions: list[str] = []
        self.found: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            to = (given.get("action") or self._path).partition("?")[0]
            self._actions = [to] if given.get("method") == "post" else []
        elif tag == "button" and "formaction" in given:
            self._actions.append(given["formaction"])
        elif "name" not in given:
            return  # it is sent with no form: a script's own
        elif self._actions and (tag == "textarea" or (tag == "input" and given.get("type", "text") not in _NO_TEXT)):
            self.found.add((self._actions[0], given["name"]))


def of_messages() -> Iterator[str]:
    """``message rating.given@1 comment`` for each field for text of what integrated systems send."""
    for (kind, version), contract in CONTRACTS.items():
        for each in describe(contract.schema):
            if each.kind in ("text", "any", "object", "list") and not each.choices:
                yield f"message {kind}@{version} {each.name}"


def of_jobs() -> Iterator[str]:
    """``job notice.send receipt`` for each field for text of what systems answer."""
    for topic, job in jobs.CATALOGUE.items():
        for each in describe(job.result):
            if each.kind == "text" and not each.choices:
                yield f"job {topic} {each.name}"


def of_tasks() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """``task handle answer`` with its schema, for each field of a task's form that is not chosen from a list."""
    for path in sorted(MODELS.rglob("*.form.json")):
        form = json.loads(path.read_text(encoding="utf-8"))
        for name, field in form["properties"].items():
            if field["type"] == "string" and not {"oneOf", "enum", "x-options", "format"} & set(field):
                yield f"task {_stem(path)} {name}", field


def of_programs(document: Mapping[str, Any]) -> Iterator[str]:
    """``POST /reports title`` for each text in what programs of people send."""
    shapes = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method in ("post", "put"):
            for content in operations.get(method, {}).get("requestBody", {}).get("content", {}).values():
                for name in _texts(content["schema"], shapes):
                    yield f"{method.upper()} {path.removeprefix('/api/v1')} {name}"


def _texts(shape: Mapping[str, Any], shapes: Mapping[str, Any], name: str = "") -> Iterator[str]:
    while "$ref" in shape:
        shape = shapes[shape["$ref"].rpartition("/")[2]]
    if "string" in _as_list(shape.get("type")) and not {"enum", "format"} & set(shape):
        yield name
    for key, inner in shape.get("properties", {}).items():
        yield from _texts(inner, shapes, f"{name}.{key}" if name else key)
    if "items" in shape:
        yield from _texts(shape["items"], shapes, name)
    if "object" in _as_list(shape.get("type")) and "properties" not in shape:
        yield f"{name}.*"


def _as_list(kind: Any) -> list[str]:
    return kind if isinstance(kind, list) else [kind]


def _stem(path: Path) -> str:
    return path.name.removesuffix(".form.json")
