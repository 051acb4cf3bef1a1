"""The language of the pages: Chinese, until English is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import languages
from tests.integration.gateway.conftest import Browser

Open = Callable[..., Browser]

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")

FILES = sorted(languages.TRANSLATIONS.glob("*/*.po"))


def test_pages_are_chinese_whatever_the_browser_is_set_to(browser: Open) -> None:
    answer = browser("wx.wang").client.get("/", headers={"Accept-Language": "en"})
    assert '<html lang="zh-CN">' in answer.text
    assert "退出登录" in answer.text


def test_english_is_chosen_and_stays(browser: Open) -> None:
    opened = browser("wx.wang")
    assert opened.post("/language", {"language": "en", "back": "/?tab=done"}, "/") == "/?tab=done"
    page = opened.get("/")
    assert '<html lang="en">' in page
    assert "Log out" in page
    assert "退出登录" not in page
    opened.post("/language", {"language": "zh", "back": "/"}, "/")
    assert "退出登录" in opened.get("/")


def test_choosing_a_language_leads_nowhere_else(browser: Open) -> None:
    opened = browser("wx.wang")
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        assert opened.post("/language", {"language": "en", "back": elsewhere}, "/") == "/"
    opened.post("/language", {"language": "xx", "back": "/"}, "/")
    assert '<html lang="en">' in opened.get("/")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_translation_is_whole_and_keeps_its_placeholders(path: Path) -> None:
    for message in languages.catalogue(path):
        if message.id:
            assert message.string, message.id
            assert sorted(PLACEHOLDER.findall(message.id)) == sorted(PLACEHOLDER.findall(message.string)), message.id


def test_no_two_areas_translate_the_same_words_differently() -> None:
    known: dict[str, str] = {}
    for path in FILES:
        for message in languages.catalogue(path):
            if message.id:
                assert known.setdefault(message.id, message.string) == message.string, (path.name, message.id)
