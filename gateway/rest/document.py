"""The OpenAPI 3.1 document of the API, made of what its operations declare."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from flask_smorest import Api

from gateway.languages import language
from gateway.rest.blueprint import SECURITY, blueprint, operation
from gateway.rest.tags import ABOUT, DOCUMENT, SAID
from gateway.scopes import SCOPES


class Document(Api):
    """The document. Errors are said elsewhere: see ``problems``."""

    def _register_error_handlers(self) -> None:
        """None: the application has its own."""


def register(app: Flask) -> None:
    """Let an application have the API."""
    app.register_blueprint(blueprint)


@cache
def _made() -> Mapping[str, Any]:
    """What the operations declare. It takes a while, and is the same for every application: made when somebody first asks for it."""
    document: Any = Document(  # type: ignore[no-untyped-call]
        spec_kwargs={"title": "Bihuan", "version": metadata.version("bihuan"), "openapi_version": "3.1.0"}
    )
    document.init_app(Flask("document"))
    document.register_blueprint(blueprint)
    found: dict[str, Any] = document.spec.to_dict()
    _declared_alone(found)
    return found


@cache
def document_in(chosen: str) -> Mapping[str, Any]:
    """The document in the language of this request, which is ``chosen``."""
    made = _made()
    scopes = "\n".join(f"- `{scope}`: {words}" for scope, words in SCOPES.items())
    about = {"title": _l("闭环接口"), "description": f"{SAID}\n\n{scopes}"}
    ways = {"securitySchemes": {SECURITY: {"type": "http", "scheme": "bearer"}}}
    found: dict[str, Any] = _said(
        {
            **made,
            "info": {**made["info"], **about},
            "servers": [{"url": "/"}],
            "tags": [{"name": tag, "description": words} for tag, words in ABOUT],
            "security": [{SECURITY: []}],
            "components": {**made["components"], **ways},
        }
    )
    return found


def _declared_alone(found: dict[str, Any]) -> None:
    """Leave out what the library says of errors by itself: ours say what they are, and what is not declared is not answered."""
    parts = found["components"]
    for name in ("responses", "headers", "parameters"):
        parts.pop(name, None)
    for name in ("Error", "PaginationMetadata"):
        parts["schemas"].pop(name, None)
    for item in found["paths"].values():
        for each in item.values():
            if isinstance(each, dict):
                each["responses"].pop("default", None)


def _said(value: Any) -> Any:
    """Words in the language of this request."""
    if isinstance(value, Mapping):
        return {str(name): _said(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_said(inner) for inner in value]
    return str(value) if isinstance(value, LazyString) else value


@operation(
    "GET",
    "/openapi.json",
    tag=DOCUMENT,
    summary=_l("OpenAPI 3.1 文件"),
    media_type="application/json",
    open_to_all=True,
)
def openapi() -> Any:
    """The document."""
    return current_app.json.response(document_in(language()))
