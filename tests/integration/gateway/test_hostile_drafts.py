"""Files that mean harm, sent to the studio and to ``/api/models``: refused in words and soon, or kept as text."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from processes.casework.model_drafts import MOST_ELEMENTS
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.test_studio import TOP, begun, draft_of, send
from tests.integration.gateway.world import OPERATOR, World

Open = Callable[..., Browser]

SOON = 10
"""Seconds of a processor that an answer takes at most."""

HAN = re.compile(r"[\u4e00-\u9fff]")

LAUGHS = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
BPMN = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
SCRIPT = "&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;alert(2)&lt;/script&gt;"


def diagram(inside: str, before: str = "") -> bytes:
    """A diagram of the draft's process."""
    return f'{before}<definitions {BPMN}><process id="portal_message">{inside}</process></definitions>'.encode()


REFUSED: dict[str, bytes] = {
    "billion laughs": diagram("&l9;", f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]>'),
    "external entity": diagram("&x;", '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "parameter entity": diagram("", '<!DOCTYPE d [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>'),
    "entities in UTF-16": diagram("&x;", '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE d [<!ENTITY x "y">]>')
    .decode()
    .encode("utf-16"),
    "a document type elsewhere": diagram("", '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd">'),
    "100,000 elements": diagram("<task/>" * 100_000),
    "one element too many": diagram("<a/>" * MOST_ELEMENTS),
    "nested": diagram("<a>" * 20_000 + "</a>" * 20_000),
    "null bytes": diagram("\0"),
    "bad UTF-8": diagram("").replace(b"portal", b"\xc3\x28portal"),
    "another encoding than it says": diagram("", '<?xml version="1.0" encoding="UTF-16"?>'),
    "an encoding that nobody knows": diagram("", '<?xml version="1.0" encoding="x-evil"?>'),
    "50 MB": diagram(f"<!--{'x' * 50 * 1024 * 1024}-->"),
}


@contextmanager
def soon() -> Iterator[None]:
    """What is done here is done soon."""
    begun_at = time.process_time()
    yield
    assert time.process_time() - begun_at < SOON


def refused(answer: Any) -> None:
    """In both languages, without what only a program understands."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    said = answer.get_json(silent=True) or {}
    assert HAN.search(said.get("error", "")), answer.text[:300]
    assert said.get("en")
    assert "root:" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("what", REFUSED)
def test_a_hostile_diagram_is_refused_in_words(world: World, browser: Open, what: str) -> None:
    top = browser(TOP)
    path = begun(top)
    before = draft_of(world, path)
    for to in ("", "/check"):
        with soon():
            refused(send(top, path, REFUSED[what], to=to, revision=0))
    assert draft_of(world, path) == before


@pytest.mark.parametrize("what", REFUSED)
def test_a_hostile_push_is_refused_in_words(world: World, what: str) -> None:
    client = world.app.test_client()
    sent = {"file": (io.BytesIO(REFUSED[what]), "portal_message.bpmn")}
    headers = {"Authorization": f"Bearer {OPERATOR}", "Accept": "application/json"}
    with soon():
        answer = client.post("/api/models", data=sent, headers=headers, content_type="multipart/form-data")
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert HAN.search(json.dumps(answer.json, ensure_ascii=False))
    assert "root:" not in answer.text


DEEP = 30_000
FEEL = {
    "brackets": "= " + "(" * DEEP + "1" + ")" * DEEP,
    "lists": "= " + "[" * DEEP + "]" * DEEP,
    "sums": "= " + "1+" * DEEP + "1",
    "negations": "= " + "-" * DEEP + "1",
    "ifs": "= " + "if a then " * 5_000 + "1",
    "a string without an end": '= "' + "x" * DEEP,
}


@pytest.mark.parametrize("what", FEEL)
def test_a_hostile_expression_is_a_finding(world: World, browser: Open, what: str) -> None:
    top = browser(TOP)
    path = begun(top)
    expression = FEEL[what].replace('"', "&quot;")
    text = draft_of(world, path).text.replace('value="= ', f'value="{expression} ', 1)
    assert text != draft_of(world, path).text
    with soon():
        answer = send(top, path, text, to="/check")
    assert answer.status_code == 200, answer.text[:300]
    assert any(each["severity"] == "error" for each in answer.json["findings"])


SCENARIOS: dict[str, bytes] = {
    "brackets": b"[" * 100_000,
    "deep": b'{"given":' * 5_000 + b"{}" + b"}" * 5_000,
    "50 MB": b'{"name":"' + b"x" * 50 * 1024 * 1024 + b'"}',
    "null bytes": b"\0\0",
    "UTF-16": json.dumps({"name": "x"}).encode("utf-16"),
    "bad UTF-8": b'{"name":"\xc3\x28"}',
    "a number without end": b'{"name":' + b"9" * 200_000 + b"}",
}


@pytest.mark.parametrize("what", SCENARIOS)
def test_a_hostile_scenario_is_refused_in_words(world: World, browser: Open, what: str) -> None:
    top = browser(TOP)
    path = begun(top)
    before = draft_of(world, path)
    page = top.get(f"{path}/scenarios")
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    given = {"csrf_token": token, "file": (io.BytesIO(SCENARIOS[what]), "x.scenario.json")}
    with soon():
        answer = top.client.post(
            f"{path}/scenarios/upload", data=given, content_type="multipart/form-data", follow_redirects=True
        )
    assert answer.status_code < 500, answer.text[:300]
    assert HAN.search(answer.text)
    assert draft_of(world, path) == before


def test_scripts_and_markup_are_kept_as_text(world: World, browser: Open) -> None:
    top = browser(TOP)
    path = begun(top)
    text = draft_of(world, path).text.replace('name="发短信"', f'name="{SCRIPT}"')
    text = text.replace("<bpmn:documentation>", f"<bpmn:documentation>{SCRIPT}", 1)
    assert send(top, path, text, revision=0).status_code == 200
    assert SCRIPT in draft_of(world, path).text
    for page in (path, f"{path}/force", f"{path}/scenarios", f"{path}/try", "/studio/"):
        shown = top.get(page)
        assert "<img src=x" not in shown, page
        assert "<script>alert" not in shown, page
    assert "<img src=x" not in send(top, path, text, to="/check").text
