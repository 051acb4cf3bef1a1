"""The blueprint of the API, and how an operation of it is declared: what it takes and answers, for the checks and for the document at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

import orjson
from flask import request
from flask_smorest.blueprint import Blueprint
from marshmallow import RAISE, ValidationError
from webargs import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from gateway import permissions
from gateway.paths import REST
from gateway.problems import MEDIA_TYPE, Unfit, Wrong
from gateway.rest.complaints import chinese
from gateway.rest.shapes import Problem, unprintable

F = TypeVar("F", bound=Callable[..., Any])

BINARY = "application/octet-stream"

KEY = "Idempotency-Key"

SECURITY = "token"
"""what the document calls the way of saying who asks"""

_KEYED = {
    "in": "header",
    "name": KEY,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]*$"},
}


class Parser(FlaskParser):
    """Reads what comes with a request: strictly, and with errors that name the field."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"query": RAISE, "json": RAISE}

    def load_json(self, req: Any, schema: Any) -> Any:
        """The body. Not every text that Python takes for JSON is."""
        body = req.get_data(cache=True)
        if not body:
            return missing
        if not req.is_json:
            raise UnsupportedMediaType
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadRequest from error

    def pre_load(self, location_data: Any, *, schema: Any, req: Any, location: str) -> Any:
        """Signs that no database keeps are in no text of anybody's."""
        plain = dict(location_data) if location == "query" else location_data
        if found := list(unprintable(plain)):
            raise ValidationError({found[0] or "_schema": ["Not a valid string."]})
        return location_data

    def handle_error(
        self, error: Any, req: Any, schema: Any, *, error_status_code: Any, error_headers: Any
    ) -> NoReturn:
        """Say what is wrong with each field."""
        found: Mapping[str, Any] = error.messages
        raise Unfit(each for location, inner in found.items() for each in _wrong(_LOCATIONS[location], inner))


_LOCATIONS = {"json": "body", "query": "query"}


def _wrong(path: str, messages: Any) -> Iterator[Wrong]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _wrong(path if name == "_schema" else f"{path}.{name}", inner)
    else:
        yield from (Wrong(path, f"{path}: {chinese(str(each))}", f"{path}: {each}") for each in messages)


class Rest(Blueprint):
    """A blueprint whose parser is ours."""

    ARGUMENTS_PARSER = Parser()


blueprint: Any = Rest("rest", __name__, url_prefix=REST)  # type: ignore[no-untyped-call]


def operation(
    method: str,
    rule: str,
    *,
    tag: Any,
    summary: Any,
    description: Any = "",
    query: Any = None,
    body: Any = None,
    takes_file: bool = False,
    answer: Any = None,
    media_type: str = "",
    status: int = 200,
    also: Sequence[int] = (),
    open_to_all: bool = False,
) -> Callable[[F], F]:
    """Declare an operation. ``query`` and ``body``: the schemas of what is given, passed on in this order; ``answer``: the schema of the answer,
    or ``media_type`` of one that is none; ``also``: statuses that it may answer besides those that follow from what it takes."""
    statuses = {400, 429, 500, 503, *also, *_answered(method, rule, query, body, takes_file)}
    statuses |= set() if open_to_all else {401, 403}

    def declared(function: F) -> F:
        found: Any = function
        if media_type:
            kept = {"type": "string", "format": "binary"} if media_type != "application/json" else {"type": "object"}
            found = blueprint.response(status, kept, content_type=media_type)(found)
        else:
            found = blueprint.response(status, answer)(found)
        if body is not None:
            found = blueprint.arguments(body, location="json")(found)
        if query is not None:
            found = blueprint.arguments(query, location="query")(found)
        said = _said(method, tag, summary, description, takes_file)
        # Declared at once: the library's own decorator copies all that was declared before, for each of them.
        said["responses"] = {str(each): _refusal(each) for each in sorted(statuses)}
        said["security"] = [] if open_to_all else [{SECURITY: _scopes(f"{blueprint.name}.{function.__name__}")}]
        found = blueprint.doc(**said)(found)
        return blueprint.route(rule, methods=[method])(found)  # type: ignore[no-any-return]

    return declared


def _refusal(status: int) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": Problem}}}


def _answered(method: str, rule: str, query: Any, body: Any, takes_file: bool) -> set[int]:
    found = {404} if "<" in rule else set[int]()
    if query is not None:
        found |= {422}
    if body is not None or takes_file:
        found |= {413, 415, 422}
    return found | {409, 422} if method != "GET" else found


def _scopes(endpoint: str) -> list[str]:
    """The scopes that an operation needs, as ``permissions.csv`` says."""
    return [each for each in (permissions.scopes().get(endpoint, ""),) if each]


def _said(method: str, tag: Any, summary: Any, description: Any, takes_file: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"tags": [tag], "summary": summary}
    if description:
        found["description"] = description
    if method == "POST":
        found["parameters"] = [_KEYED]
    if takes_file:
        found["requestBody"] = {
            "required": True,
            "content": {BINARY: {"schema": {"type": "string", "format": "binary"}}},
        }
    return found


def raw_body() -> bytes:
    """The file that is sent as the whole body."""
    if request.mimetype != BINARY:
        raise UnsupportedMediaType
    return request.get_data(cache=True)
