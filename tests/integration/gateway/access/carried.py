"""What every answer carries: its policy, no script of its own, and for files that they are saved."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from werkzeug.test import TestResponse


class Links(HTMLParser):
    """What a page leads to when something on it is pressed, or by itself; and what runs in it."""

    LEADING = frozenset({"href", "action", "formaction", "src", "content"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.running: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.running += [f"<{tag} {name}>" for name in given if name.startswith("on")]
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.running.append("<script>")
        if tag in ("iframe", "object", "embed", "base"):
            self.running.append(f"<{tag}>")
        if tag != "meta" or given.get("http-equiv", "").lower() == "refresh":
            self.found += [value for name, value in given.items() if name in self.LEADING]


def links(answer: TestResponse) -> Links:
    """Those of a page; none of what is no page."""
    found = Links()
    if answer.mimetype == "text/html":
        found.feed(answer.text)
    return found


def lacks(answer: TestResponse) -> Iterator[str]:
    """What an answer lacks."""
    policy = {
        each.split()[0]: each.split()[1:]
        for each in answer.headers.get("Content-Security-Policy", "").split(";")
        if each
    }
    scripts = policy.get("script-src", policy.get("default-src", ["*"]))
    if scripts != ["'self'"]:
        yield f"scripts from {scripts}"
    for name in ("default-src", "base-uri", "frame-ancestors"):
        if policy.get(name) != ["'none'"]:
            yield f"{name} {policy.get(name)}"
    if policy.get("form-action") != ["'self'"]:
        yield f"forms to {policy.get('form-action')}"
    for name, value in (
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
    ):
        if answer.headers.get(name) != value:
            yield f"no {name}"
    if "Cache-Control" not in answer.headers:
        yield "no Cache-Control"
    if answer.mimetype in (
        "image/svg+xml",
        "application/xml",
        "text/xml",
        "application/octet-stream",
        "application/pdf",
        "text/csv",
    ):
        kept = answer.headers.get("Content-Disposition", "").startswith("attachment")
        if not kept and answer.mimetype not in ("image/svg+xml", "application/xml"):
            yield f"{answer.mimetype} is shown"
    yield from links(answer).running
    cookies = [
        each for each in answer.headers.getlist("Set-Cookie") if "HttpOnly" not in each or "SameSite=Lax" not in each
    ]
    yield from cookies
