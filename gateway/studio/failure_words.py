"""What came of a scenario otherwise than it says, with what elements and fields are called, and without the signs of files."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from gateway.studio.scenario_table import states, titles_of_then
from gateway.studio.step_words import Words

_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_STANDING = re.compile(r"\b(task|job|message|timer|incident)\[([^\[\]]*)\] ?")
"""where a case stands, as ``processes/scenarios/playing.py`` says it"""
_TASK = re.compile(r'\{"task": "([^"]+)"[^{}]*\}')
"""a task that is open, of which its name is enough"""

_LIST = re.compile(r'\["[^{}\]]*(?:\]|…)')
"""a list of words, maybe cut off"""


def in_words(told: str, words: Words) -> str:
    """See above."""
    titles = {**titles_of_then(), **states(), "then": _("那么"), "given": _("假设")}
    waits = {
        "task": _("等人办理"), "job": _("等外部系统"), "message": _("等消息"), "timer": _("等时间"), "incident": _("出了异常"),
    }  # fmt: skip

    def called(found: re.Match[str]) -> str:
        word = found.group()
        return titles[word] if word in titles else words.name(word)

    def standing(found: re.Match[str]) -> str:
        return _("%(kind)s“%(names)s”", kind=waits[found[1]], names=_WORD.sub(called, found[2])) + _("；")

    def plain(line: str) -> str:
        said = _WORD.sub(called, _TASK.sub(r'"\1"', line))
        said = _LIST.sub(lambda found: found[0].strip('["]').replace('", "', " → ").replace('", …', " …"), said)
        return said.replace("[]", _("没有"))

    lines = (_STANDING.sub(standing, each) if _STANDING.search(each) else plain(each) for each in told.split("\n"))
    return "\n".join(each.rstrip(_("；") + " ") for each in lines)
