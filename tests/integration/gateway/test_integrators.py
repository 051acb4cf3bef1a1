"""What somebody who connects a system reads of the gateway: the AsyncAPI document and its page, without an account."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from importlib import metadata

import pytest

from processes.messaging.asyncapi import document
from processes.messaging.contracts import CONTRACTS
from processes.messaging.jobs import CATALOGUE
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

DOCUMENT = document(metadata.version("bihuan"))

Open = Callable[..., Browser]


def test_the_file_is_the_document(world: World) -> None:
    answer = world.app.test_client().get("/asyncapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json; charset=utf-8")
    assert json.loads(answer.data) == DOCUMENT
    assert "渠道来件" in answer.text


def test_the_page_is_open_and_has_every_message_and_topic(world: World) -> None:
    answer = world.app.test_client().get("/integrators")
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    for type_, version in CONTRACTS:
        assert f'id="{type_.removeprefix("*.")}.v{version}"' in answer.text
    for topic in CATALOGUE:
        errors = [f"{topic}.error"] if CATALOGUE[topic].errors else []
        for part in (topic, f"{topic}.completed", *errors):
            assert f'id="jobs.{part}"' in answer.text
    assert "signal.{name}" in answer.text


def _article(page: str, key: str) -> str:
    (found,) = re.findall(rf'<article class="message" id="{re.escape(key)}">(.*?)</article>', page, re.DOTALL)
    return str(found)


@pytest.mark.parametrize("key", DOCUMENT["components"]["messages"])
def test_each_message_is_told_whole(browser: Open, key: str) -> None:
    message = DOCUMENT["components"]["messages"][key]
    article = _article(browser().get("/integrators"), key)
    text = html.unescape(re.sub(r"<[^>]+>", "", article))
    assert message["title"] in text
    assert message["summary"] in text
    (example,) = message["examples"]
    shown = [json.loads(html.unescape(each)) for each in re.findall(r"<pre[^>]*>(.*?)</pre>", article, re.DOTALL)]
    assert shown == [example["headers"], example["payload"]]
    for schema in (message["headers"], message["payload"]):
        for name, field in schema["properties"].items():
            (row,) = re.findall(
                rf"<tr><td class=\"first\"><code>{re.escape(name)}</code>(.*?)</tr>", article, re.DOTALL
            )
            assert field["title"] in row
            assert ("<strong>必填</strong>" in row) == (name in schema["required"])
            assert html.escape(field.get("description", ""), quote=False) in row.replace("&#39;", "'")


def test_limits_are_told_in_words(browser: Open) -> None:
    page = browser().get("/integrators")
    assert "1 到 120 个字" in _article(page, "order.v1")
    assert "至少要填：case，或者 channel 和 original" in _article(page, "rating.given.v1")
    assert "1 到 5" in _article(page, "rating.given.v1")
    assert "只能是 measures、rectification、strike_off" in _article(page, "seven-lists.stage.v1")
    assert "result.request" in _article(page, "jobs.rating.request.completed")
    assert "already_rated" in _article(page, "jobs.rating.request.error")


def test_nothing_on_the_page_needs_what_the_policy_forbids(browser: Open) -> None:
    page = browser().get("/integrators")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_whoever_looks_after_incidents_finds_the_page(browser: Open) -> None:
    assert 'href="/integrators"' in browser("wx.li").get("/incidents")
    assert 'href="/integrators"' not in browser("wx.wu").get("/")


def test_neither_changes_by_a_post(world: World) -> None:
    for path in ("/asyncapi.json", "/integrators"):
        assert world.app.test_client().post(path).status_code in (400, 405)
