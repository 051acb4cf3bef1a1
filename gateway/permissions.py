"""Who may call what. Every endpoint stands in ``permissions.csv`` with its audiences; one that does not is nobody's.

Audiences (several are separated by spaces, one is enough):

- ``everybody``: no account is needed.
- ``staff``: whoever has logged in. What is shown and done within the page is scoped by place and board besides.
- ``page:NAME``: whoever has logged in and has a duty that ``staff/pages.csv`` (``staff/sheets.csv`` for ``sheets``) opens the page for.
- ``partner``, ``operator``: programs with such a token.

An endpoint of the API for programs of people (``rest.…``) has the scope besides that a token needs for it; without one, every token does.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from flask import Flask, abort, request

TABLE = Path(__file__).parent / "permissions.csv"

EVERYBODY, STAFF, PARTNER, OPERATOR = "everybody", "staff", "partner", "operator"
PAGE = "page:"


def guard(app: Flask) -> None:
    """Let nobody reach an endpoint of which nobody has said whose it is."""
    app.before_request(_stated)


@cache
def table() -> dict[str, frozenset[str]]:
    """Endpoint → its audiences."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return {row["endpoint"]: frozenset(row["audiences"].split()) for row in csv.DictReader(lines)}


@cache
def scopes() -> dict[str, str]:
    """Endpoint → the scope that a token needs for it; empty: none."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return {row["endpoint"]: row.get("scope") or "" for row in csv.DictReader(lines)}


def audiences(endpoint: str | None) -> frozenset[str]:
    """Who may call it; nobody when it is not stated."""
    return table().get(endpoint or "", frozenset())


def pages(endpoint: str | None) -> frozenset[str]:
    """The pages that it belongs to: a duty for one of them is needed. Empty when it is all staff's."""
    return frozenset(each.removeprefix(PAGE) for each in audiences(endpoint) if each.startswith(PAGE))


def _stated() -> None:
    if request.endpoint is not None and not audiences(request.endpoint):
        abort(403)
