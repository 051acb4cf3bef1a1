"""The language of the pages: Chinese, until English is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from gateway import languages
from tests.integration.gateway import words
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
        words = message.string if isinstance(message.string, tuple) else (message.string,)
        for said in words if message.id else ():
            assert said, message.id
            assert sorted(PLACEHOLDER.findall(_chinese(message))) == sorted(PLACEHOLDER.findall(said)), message.id


def test_no_two_areas_translate_the_same_words_differently() -> None:
    known: dict[str, object] = {}
    for path in FILES:
        for message in languages.catalogue(path):
            if message.id:
                found = known.setdefault(_chinese(message), message.string)
                assert found == message.string, (path.name, message.id)


def _chinese(message: Message) -> str:
    """The Chinese of a message (of one that counts, its only form)."""
    return message.id if isinstance(message.id, str) else message.id[0]


# ---- the sources -----------------------------------------------------------------------------------------------------

TAGS = ("发给平台", "平台的任务", "任务的答复", "事件", "平台内部")

NOT_SHOWN = {
    **{("integrators.py", tag): "a key of the AsyncAPI document" for tag in TAGS},
    ("personal.py", "本人在企业服务门户申请，手机号已经核验"): "kept with the request, as reasons are",
    ("languages.py", "中文"): "what Chinese calls itself",
    ("text.py", "年"): "a date in Chinese, beside that in English",
    ("text.py", "月"): "a date in Chinese, beside that in English",
    ("text.py", "日"): "a date in Chinese, beside that in English",
    ("text.py", "日 "): "a date in Chinese, beside that in English",
    **{("text.py", sign): "a sign, not a word" for sign in "＝＋－＠"},
    ("dead.py", "已停止投递："): "kept in both languages",
}
"""Chinese that stands outside of ``_``, with why it may."""


@pytest.mark.parametrize("path", words.templates(), ids=lambda path: path.name)
def test_what_a_template_says_is_marked_for_translation(path: Path) -> None:
    assert list(words.outside_in_template(path)) == []


@pytest.mark.parametrize("path", words.modules(), ids=lambda path: str(path.relative_to(words.GATEWAY)))
def test_what_a_module_says_is_marked_for_translation(path: Path) -> None:
    assert [each for each in words.outside_in_module(path) if (each.file, each.text) not in NOT_SHOWN] == []


@pytest.mark.parametrize("path", words.scripts(), ids=lambda path: path.name)
def test_what_a_script_says_is_marked_for_translation(path: Path) -> None:
    assert list(words.outside_in_script(path)) == []


def test_every_message_has_its_english() -> None:
    english = {_chinese(each) for path in FILES for each in languages.catalogue(path) if each.id}
    said = [each for path in words.templates() for each in words.in_template(path)]
    said += [each for path in words.modules() for each in words.in_module(path)]
    said += [each for each in words.declared() if words.CHINESE.search(each.text)]
    assert [each for each in said if each.text not in english] == []


def test_every_message_of_a_script_is_sent_with_english_pages() -> None:
    english = {each.id for each in languages.catalogue(languages.TRANSLATIONS / "en" / languages.SCRIPTS)}
    said = [each for path in words.scripts() for each in words.in_script(path)]
    assert [each for each in said if each.text not in english] == []
