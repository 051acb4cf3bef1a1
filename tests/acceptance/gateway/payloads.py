"""Texts that would run if a page took them for anything else than text, one for each field, in the words of real people where there is room."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from processes.messaging.json_text import from_json

HOTLINE = Path(__file__).parents[3].parent / "shared" / "data" / "hotline.jsonl"
"""Real texts, kept beside the project; without that folder the words stand alone."""

WORDS = 120
"""Characters of a real text in front of what would run."""

ROOM = 4000
"""Characters that a field for long words takes."""

KINDS = (
    "<script>{run}</script>",
    "<img src=x: onerror={run}>",
    "<svg onload={run}><animate onbegin={run} attributeName=x>",
    '" onmouseover="{run}" autofocus onfocus="{run}" x="',
    "' onfocus='{run}' autofocus tabindex='1",
    "</textarea><script>{run}</script>",
    "</title></style></noscript></template><img src onerror={run}>",
    "</script><script>{run}</script>",
    "javascript:{run}",
    "<a href='javascript:{run}'>x</a><iframe srcdoc='<script>parent.{run}</script>'></iframe>",
    "{{{{7*7}}}} {{% raw %}} ${{{run}}} #{{{run}}} %(x)s {{0}} {{case}}",
    "`+{run}+` ';{run}// \";{run}// \\\";{run}// \\';{run}//",
    "<!--<script>{run}<!-- --!> ]]>",
    "\u2028{run}\u2029",
    "\u202e{run}\u202c \u2066{run}\u2069 \u200f",
    "&lt;img src=x: onerror={run}&gt; &#60;script&#62;{run}&#60;/script&#62; \\u003cscript\\u003e{run}",
    "**<b onclick={run}>** `<i onclick={run}>`",
    "<base href=//x/><meta http-equiv=refresh content='0;url=javascript:{run}'><style>@import'//x'</style>",
)
"""What is tried wherever there is room."""

CLOSER = "</title></script>'\"><img src onerror={run}>"
"""Out of an attribute, a script and a title, for a field of some 60 characters."""

SHORT = "'\"><svg onload={run}>"
"""The same for the shortest."""

TINY = "'\"><b onclick={number}>"
"""What does nothing, but an element of that kind is no text: for names of twenty signs."""

FILE = "'><svg onload={run}>.{kind}"
"""A file's name: browsers send neither quotation marks nor paths in it."""

UPLOAD = "' onload={run} &lt;svg onload={run}&gt;.{kind}"
"""The same where signs that mean something to a system are taken out of it."""

EMAIL = "'\"><svg/onload={run}>@x.cn"
"""An e-mail address, as far as such are looked at."""

TEMPLATE = KINDS[10]
"""What would be filled in, and what answer templates therefore refuse."""

_SPACE = re.compile(r"\s+")


def joined(text: str) -> str:
    """A text as it is compared: how a page or a drawing breaks it into lines is not the question."""
    return _SPACE.sub("", text)


@cache
def people_said() -> tuple[str, ...]:
    """The beginnings of some real texts."""
    if not HOTLINE.exists():
        return ("我公司申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。",)
    with HOTLINE.open(encoding="utf-8") as lines:
        return tuple(str(from_json(line.encode())["body"])[:WORDS] for line, _at in zip(lines, range(40), strict=False))


@dataclass
class Written:
    """Every text that was put into a field, by the field's name."""

    texts: dict[str, str] = field(default_factory=dict)

    def into(self, name: str, room: int = ROOM, without: str = "") -> str:
        """A text of the field's own, of at most ``room`` characters; it would call ``__ran`` with its number. The same field, the same text.

        ``without``: one of :data:`KINDS` that the field refuses
        """
        if name not in self.texts:
            self.texts[name] = _text(len(self.texts) + 1, room, without)
        return self.texts[name]

    def file(self, name: str, kind: str) -> str:
        """The same for a file's name, with its ending."""
        return self._made(name, FILE, kind=kind)

    def upload(self, name: str, kind: str) -> str:
        """The same for a file that is kept."""
        return self._made(name, UPLOAD, kind=kind)

    def email(self, name: str) -> str:
        """The same for an e-mail address."""
        return self._made(name, EMAIL)

    def _made(self, name: str, pattern: str, **more: str) -> str:
        if name not in self.texts:
            self.texts[name] = pattern.format(run=f"__ran({len(self.texts) + 1})", **more)
        return self.texts[name]

    def shown(self, pages: str) -> set[str]:
        """The fields whose text stands in what pages showed, as it was written or as JSON has it."""
        return {name for name, text in self.texts.items() if any(each in pages for each in _spellings(text))}


def _spellings(text: str) -> tuple[str, ...]:
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return joined(text), joined(quoted), joined(json.dumps(quoted, ensure_ascii=False)[1:-1])


def _text(number: int, room: int, without: str) -> str:
    run = f"__ran({number})"
    whole = " ".join(each.format(run=run) for each in KINDS if each != without)
    said = people_said()[number % len(people_said())]
    short = (each.format(run=run, number=number) for each in (CLOSER, SHORT, TINY))
    for text in (f"{said} {whole}", whole, *short):
        if len(text) <= room:
            return text
    raise AssertionError(f"nothing that runs fits in {room} characters")
