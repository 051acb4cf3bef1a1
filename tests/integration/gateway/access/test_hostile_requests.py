"""What must come to nothing, generated from the route table: forged forms, ways to other sites, broken headers; and what every answer carries."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from werkzeug.routing import AnyConverter, IntegerConverter, Rule
from werkzeug.test import TestResponse

import gateway
from gateway.web import csrf
from tests.integration.gateway.access.carried import lacks, links
from tests.integration.gateway.access.matrix import (
    ALLOWED,
    AUDIT,
    COUNTED,
    EVERYBODY,
    NOBODY,
    UNCHANGING,
    Cell,
    Theatre,
    ask,
    prepare,
)

pytestmark = pytest.mark.slow

BEARER_ONLY = {"api", "open311", "rest"}
"""Areas whose programs have tokens: what a browser sends along by itself is worth nothing there."""

SITE = "http://localhost"

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "https:evil.example",
    "http:\\\\evil.example",
    "/%2f/evil.example",
    "%2f%2fevil.example",
    "/%5cevil.example",
    "/.//evil.example",
    "@evil.example",
    ".evil.example",
    "\u2f0f\u2f0fevil.example",
    "／／evil.example",
    "javascript:window.__hit=1",
    "data:text/html,<script>window.__hit=1</script>",
)
"""Ways in which browsers can be led elsewhere."""

OURS = "/asked-for"
"""stands for a page of ours"""

LEADING = ("next", "back", "return", "return_to", "url", "continue", "redirect", "redirect_uri", "goto", "at", "from")
"""Names of parameters that could lead on. Those of them that the code reads are found to be among them below."""

BROKEN = "a\r\nX-Evil: 1\r\n\r\n<script>window.__hit=1</script>"


def _firsts(theatre: Theatre, *, changing: bool | None = None) -> Iterator[tuple[Rule, Cell]]:
    """For each rule and method the first who may."""
    for rule, method, found in theatre.cells:
        if changing is None or changing == (method not in UNCHANGING):
            one = next((each for each in found if each.expected == ALLOWED), None)
            if one is not None:
                yield rule, one


# ---- forged forms ----------------------------------------------------------------------------------------------------


def test_only_areas_of_programs_take_forms_without_a_token(theatre: Theatre) -> None:
    exempt = {each if isinstance(each, str) else each.name for each in csrf._exempt_blueprints}
    assert exempt == BEARER_ONLY
    assert csrf._exempt_views == set()


@pytest.mark.parametrize("token", ["", "forged", None], ids=["none", "forged", "of another browser"])
def test_a_form_without_its_browsers_token_changes_nothing(theatre: Theatre, token: str | None) -> None:
    others = next(each.csrf for each in theatre.stage.principals if each.name == "enterprise")
    wrong = []
    for rule, cell in _firsts(theatre, changing=True):
        if cell.row.endpoint.partition(".")[0] in BEARER_ONLY or cell.who.name == "enterprise":
            continue
        prepare(theatre.stage, cell)
        theatre.traces.news()
        answer = ask(theatre.stage, rule, cell, token=others if token is None else token)
        left = theatre.traces.news()
        if answer.status_code != 400 or left:
            wrong.append(f"{cell}: {answer.status_code}, {sorted(left)}")
        if {each.partition("=")[0] for each in answer.headers.getlist("Set-Cookie")} - {"bihuan"}:
            wrong.append(f"{cell}: {answer.headers.getlist('Set-Cookie')}")
    assert wrong == []


def test_what_a_browser_sends_along_by_itself_opens_nothing_for_programs(theatre: Theatre) -> None:
    """Areas that take no token of a form: there the cookie of somebody who may, who has logged in, is worth nothing."""
    wrong, tried = [], set()
    for rule, _method, found in theatre.cells:
        if rule.endpoint.partition(".")[0] not in BEARER_ONLY or found[0].row.who & {EVERYBODY, NOBODY}:
            continue
        cell = next(each for each in reversed(found) if each.who.cookie and each.who.account and not each.who.bearer)
        answer = ask(theatre.stage, rule, cell)
        left = theatre.traces.news() - AUDIT - COUNTED
        if answer.status_code not in (401, 403) or left:
            wrong.append(f"{cell}: {answer.status_code}, {sorted(left)}")
        tried.add(rule.endpoint)
    assert wrong == []
    assert {rule.endpoint for rule, *_ in theatre.cells if rule.endpoint.startswith("rest.")} - tried == {
        "rest.openapi"
    }


# ---- ways to other sites ---------------------------------------------------------------------------------------------


def _as_a_browser(address: str, page: str) -> str:
    """Where a browser goes: it takes backslashes for slashes, and control signs for nothing (WHATWG URL, 4.4)."""
    plain = re.sub(r"[\t\r\n]", "", address.strip("".join(map(chr, range(33)))))
    return urljoin(page, plain.replace("\\", "/"))


def _is_elsewhere(address: str, page: str) -> bool:
    found = urlsplit(_as_a_browser(address, page))
    return found.scheme not in ("http", "https") or found.netloc != urlsplit(SITE).netloc


def test_no_parameter_leads_to_another_site(theatre: Theatre) -> None:
    """Tried wherever a page of ours that is asked for by such a parameter comes back in the answer."""
    leading = {rule.endpoint for rule, _cell, answer in _answers(theatre, OURS) if _holds(answer, OURS)}
    assert {"staff.login", "staff.log_in", "languages.choose", "staff.claim", "staff.urging"} <= leading
    wrong = []
    for evil in ELSEWHERE:
        for _rule, cell, answer in _answers(theatre, evil, leading):
            told = [
                answer.headers[name] for name in ("Location", "Refresh", "Content-Location") if name in answer.headers
            ]
            page = SITE + (answer.request.path if answer.request else "/")
            ways = [each for each in (*told, *links(answer).found) if _is_of(each)]
            wrong += [f"{cell}, {evil!r}: {each!r}" for each in ways if _is_elsewhere(each, page)]
            if answer.status_code >= 500:
                wrong.append(f"{cell}, {evil!r}: {answer.status_code}")
    assert wrong == []


def _holds(answer: TestResponse, words: str) -> bool:
    """Whether it leads there, or its form would."""
    kept = answer.mimetype == "text/html" and f'value="{words}"' in answer.text
    return kept or words in links(answer).found or answer.headers.get("Location") == words


def _answers(
    theatre: Theatre, wanted: str, endpoints: set[str] | None = None
) -> Iterator[tuple[Rule, Cell, TestResponse]]:
    stage = theatre.again()
    for rule, cell in _firsts(theatre):
        if endpoints is None or rule.endpoint in endpoints:
            yield rule, cell, ask(stage, rule, cell, more=dict.fromkeys(LEADING, wanted))


def _is_of(address: str) -> bool:
    """Pages also lead to where the standards are explained; that is not what was asked for."""
    return "evil" in address or "__hit" in address


def test_what_the_code_reads_to_lead_on_is_among_what_is_tried() -> None:
    read = set()
    for path in Path(gateway.__file__).parent.rglob("*.py"):
        read |= {name for name in _parameters(path) if re.search("next|back|return|redirect|url|goto|continue", name)}
    assert read
    assert read <= set(LEADING)


def _parameters(path: Path) -> Iterator[str]:
    """The parameters that a module reads: ``request.args.get("name")``, ``request.form["name"]`` and the like."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "getlist"):
            of, first = node.func.value, node.args[0] if node.args else None
        elif isinstance(node, ast.Subscript):
            of, first = node.value, node.slice
        else:
            continue
        if isinstance(of, ast.Attribute) and of.attr in ("args", "form", "values") and isinstance(first, ast.Constant):
            yield str(first.value)


def _all_parameters() -> set[str]:
    return {name for path in Path(gateway.__file__).parent.rglob("*.py") for name in _parameters(path)}


# ---- headers ---------------------------------------------------------------------------------------------------------


def test_line_breaks_in_whatever_is_sent_come_into_no_header(theatre: Theatre) -> None:
    """Each parameter that any page reads, and every name in an address."""
    wrong = []
    everything = dict.fromkeys(_all_parameters() - {"csrf_token"}, BROKEN)
    for kept in (frozenset[str](), _form_names()):  # once all of it is broken, once only what the forms do not need
        stage = theatre.again()
        for rule, cell in _firsts(theatre):
            more = {name: value for name, value in everything.items() if name not in kept}
            wrong += _looked_at(cell, ask(stage, rule, cell, more=more))
    assert wrong == []


def test_line_breaks_in_addresses_come_into_no_header(theatre: Theatre) -> None:
    wrong = []
    for rule, cell in _firsts(theatre):
        texts = {
            name for name in rule.arguments if not isinstance(rule._converters[name], IntegerConverter | AnyConverter)
        }
        if not texts:
            continue
        for one in sorted(texts):
            thing = _with(cell, {one: BROKEN.replace("/", "|")})
            wrong += _looked_at(cell, ask(theatre.stage, rule, thing))
    assert wrong == []


def _with(cell: Cell, values: dict[str, str]) -> Cell:
    return replace(cell, thing=replace(cell.thing, values={**cell.thing.values, **values}))


def _form_names() -> frozenset[str]:
    return frozenset(
        {"code", "id", "what", "before", "kind", "language", "act", "message", "partner", "channel", "role"}
    )


def _looked_at(cell: Cell, answer: TestResponse) -> list[str]:
    wrong = [f"{cell}: header X-Evil"] if "X-Evil" in answer.headers else []
    wrong += [f"{cell}: {name}: {value!r}" for name, value in answer.headers if re.search(r"[\r\n\0]", value)]
    if answer.status_code >= 500:
        wrong.append(f"{cell}: {answer.status_code}")
    return wrong + [f"{cell}: {each} on the page" for each in links(answer).running]


# ---- what every answer carries ---------------------------------------------------------------------------------------


def test_answers_to_what_is_no_request_have_their_policy_too(theatre: Theatre) -> None:
    """What requests of everybody are answered with has been looked at where the matrix is run."""
    client = theatre.stage.world.app.test_client()
    tried = [(rule.rule, client.open(rule.rule, method="DELETE")) for rule, _method, _cells in theatre.cells]
    paths = ("/none", "/api/none", "/api/v1/none", "/portal/none", "/open311/v2/none", "/cases/\0")
    tried += [(path, client.get(path)) for path in (*paths, "/assets/x/../../web.py")]
    assert [f"{path}: {each}" for path, answer in tried for each in lacks(answer)] == []


def test_addresses_are_read_as_browsers_read_them() -> None:
    page = f"{SITE}/login"
    for each in (
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        " //evil.example",
        "javascript:1",
        "https://localhost.evil/",
    ):
        assert _is_elsewhere(each, page), each
    for each in ("/cases/1?next=//evil.example", "/.//evil.example", "evil.example", "?back=https://evil.example"):
        assert not _is_elsewhere(each, page), each
