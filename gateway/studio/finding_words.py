"""What the check finds, as the editor says it: fields by what the panel calls them, elements by their names alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask_babel import gettext as _

from gateway.languages import language, pick
from processes.languages import ENGLISH
from processes.notation.check.findings import Finding

_TIMES = ("dueAt", "warnAt")


def text_of(finding: Finding) -> str:
    """What is wrong."""
    said = pick(finding.zh, finding.en)
    if finding.element:  # behind a name, in brackets
        said = re.sub(rf"(?<=[^\w\s])\s?[^\w\s]{re.escape(finding.element)}[^\w\s]", "", said)
    return _plain(said)


def remedy_of(finding: Finding) -> str:
    """What to do about it."""
    if finding.rule == "expression" and any(f" {each} " in finding.zh for each in _TIMES):
        return _("在“几个工作日”一格里填个数就行；要自己写，例如 = add working days(now(), 2, case.place)。")
    return _plain(pick(finding.remedy_zh, finding.remedy_en))


def _plain(said: str) -> str:
    """Properties by what the panel calls them."""
    labels = _labels()
    before = "property" if language() == ENGLISH else r"\w\w"
    return re.sub(rf"{before} ({'|'.join(labels)})\b ?", lambda found: _("“%(field)s”", field=labels[found[1]]), said)


def _labels() -> Mapping[str, str]:
    """Properties by the words of ``frontend/src/studio/fields.js``."""
    return {
        "role": _("角色"), "organisation": _("单位"), "place": _("地区"), "assignee": _("指定到人"), "excluded": _("须回避的人"),
        "form": _("表单"), "resultVariable": _("结果变量"), "next": _("办完之后会怎样"), "dueAt": _("办理期限"),
        "warnAt": _("亮黄灯的时间"), "retries": _("失败后重试几次"), "backoff": _("隔多久重试"), "priority": _("优先级（0 到 9）"),
        "correlationKey": _("靠什么对上号"), "stage": _("到了哪个阶段"), "caseStatus": _("问题的状态"), "record": _("记到问题上的内容"),
    }  # fmt: skip
