"""Every page in English: no Chinese is left on it but people's names, and what people wrote."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.integration.gateway import every_page, words
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

SHOWN_AS_IT_IS = re.compile(
    r"<pre.*?</pre>|<textarea.*?</textarea>|<script.*?</script>|<input id=\"f-f.*?>"
    r"|<ul class=\"helps\">.*?</ul>|<dl class=\"facts written\">.*?</dl>|<code>\{\{.*?\}\}</code>|lang=\"zh-CN\">中文<",
    re.DOTALL,
)
"""Messages, examples, templates of answers and variables are data; scripts' words have a test of their own; a language says its name in itself."""


@pytest.fixture
def filled(world: World) -> every_page.Filled:
    return every_page.furnish(world)


def test_no_page_in_english_has_chinese_but_data(world: World, browser: Open, filled: every_page.Filled) -> None:
    names = [each.name for each in world.services.snapshots.now().reference.people.values()]
    data = [*every_page.WRITTEN, *names, *filled.recorded]
    opened: dict[str, Browser] = {}
    left = {}
    for page in every_page.pages(world.app, filled):
        someone = opened.get(page.account) or opened.setdefault(page.account, browser(page.account or None))
        someone.client.set_cookie("language", "en")
        text = SHOWN_AS_IT_IS.sub("", someone.get(page.path))
        for each in data:
            text = text.replace(each, "")
        found = [line.strip()[:300] for line in text.splitlines() if words.CHINESE.search(line)]
        if found:
            left[page.endpoint] = found
    print(*(f"{page}: {each}" for page, lines in left.items() for each in lines), sep="\n")
    assert left == {}


def test_drawings_on_pages_in_english_are_the_english_ones(
    world: World, browser: Open, filled: every_page.Filled
) -> None:
    drawn = {}
    for page in every_page.pages(world.app, filled):
        someone = browser(page.account or None)
        someone.client.set_cookie("language", "en")
        if asked := re.findall(r'data-diagram="([^"]+)"', someone.get(page.path)):
            drawn[page.endpoint] = {each.partition("?")[2] for each in asked}
    assert {"staff.case", "instances.detail", "instances.versions"} <= drawn.keys()
    assert set().union(*drawn.values()) == {"language=en"}
