"""Who may call the API: bearer tokens of partners and operators, from the configuration; and what a request may be."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import Blueprint, Response, abort, g, jsonify, request
from sqlalchemy import text
from werkzeug.exceptions import HTTPException

from gateway.context import services
from gateway.web import error_page
from processes.errors import BihuanError
from processes.messaging import inlet
from processes.observing import here

blueprint = Blueprint("api", __name__, url_prefix="/api")
health = Blueprint("health", __name__)

FOR_PARTNERS = frozenset({"api.receive", "api.report"})
"""The endpoints that partners may call; all others are the operators'."""

KILOBYTE = 1024
LARGEST = {
    "api.receive": inlet.LARGEST,
    "api.resend": 8 * inlet.LARGEST,
    "api.report": 8 * 1024 * KILOBYTE,
    "api.deploy": None,
    "api.load": None,
    "api.push": None,
}
"""bytes of a request's body; None: as large as the gateway takes anything"""
LARGEST_OTHER = 256 * KILOBYTE

T = TypeVar("T")


class BadRequest(BihuanError):
    """The request is not what this address takes."""


@blueprint.before_request
def _authenticate() -> Response | None:
    endpoint = request.endpoint or ""
    largest = LARGEST.get(endpoint, LARGEST_OTHER)
    if largest is not None:
        request.max_content_length = largest
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    settings = services().settings
    given = token.strip() if scheme.lower() == "bearer" else ""
    g.operator = owner(settings.operators, given)
    g.partner = owner(settings.partners, given)
    here.note(partner=g.partner)
    if g.operator is None and g.partner is None:
        refusal = error_page(401, "需要有效的访问令牌（Authorization: Bearer …）。", "a bearer token is required")
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal
    if g.operator is None and endpoint not in FOR_PARTNERS:
        return error_page(403, "合作方令牌不能使用这个接口。", "partners may not use this address")
    return None


@blueprint.errorhandler(BadRequest)
def _bad_request(error: BadRequest) -> Response:
    return error_page(400, error.zh, error.en)


def owner(tokens: Mapping[str, str], given: str) -> str | None:
    """Whose token it is. Every token is compared, each in constant time, so that timing tells nothing."""
    found = None
    for token, owner in tokens.items():
        if token and hmac.compare_digest(token.encode(), given.encode()):
            found = owner
    return found


def caller() -> str:
    """The partner or operator that this request is from, as the history names it."""
    return str(g.operator if g.operator is not None else g.partner)


def body() -> dict[str, Any]:
    """The request's JSON object.

    :raises BadRequest: when it is none
    """
    try:
        value = request.get_json(force=True)
    except HTTPException as error:
        if error.code != 400:
            raise
        raise BadRequest("请求的内容不是有效的 JSON。", "the body is not JSON") from error
    if not isinstance(value, dict):
        raise BadRequest("请求的内容应为 JSON 对象。", "the body is not a JSON object")
    return value


def field(data: Mapping[str, Any], name: str, kind: Callable[[Any], T] | type[T], *, default: Any = ...) -> T:
    """A field of a JSON object.

    :raises BadRequest: when it is missing or of another type
    """
    value = data.get(name, default)
    if value is ... or (value is not default and isinstance(kind, type) and not isinstance(value, kind)):
        raise BadRequest(f"字段“{name}”缺少或类型不对。", f"the field {name} is missing or of a wrong type")
    return value  # type: ignore[no-any-return]


def limit(default: int = 50, most: int = 500) -> int:
    """How many rows are asked for."""
    return max(1, min(most, request.args.get("limit", default, type=int)))


def plain(value: Any) -> Any:
    """Values of ours as JSON: dataclasses as objects, times as ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value


@health.get("/health")
def healthy() -> Response:
    """Whether this gateway and its database work."""
    try:
        with services().database.read() as connection:
            connection.execute(text("select 1"))
    except Exception:
        abort(503)
    return jsonify({"status": "ok"})
