"""The main menu: what stands in it, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from gateway.staff.viewer import Viewer


@dataclass(frozen=True)
class Item:
    """An entry. ``here``: what its pages call themselves; ``key``: the keys that lead there, if any."""

    title: str
    endpoint: str
    here: str
    key: str = ""


def menu(viewer: Viewer) -> Sequence[Item]:
    """The entries for somebody, in order."""
    entries = (
        ("", Item(_("我的待办"), "staff.inbox", "inbox")),
        ("counter", Item(_("问题登记"), "staff.counter", "counter", "g n")),
        ("supervision", Item(_("督办"), "staff.oversee", "supervision")),
        ("sheets", Item(_("表格报送"), "staff.sheets", "sheets")),
        ("answers", Item(_("答复模板"), "staff.answers", "answers")),
        ("incidents", Item(_("异常"), "staff.incidents", "incidents")),
        ("instances", Item(_("流程实例"), "instances.search", "instances", "g p")),
        ("models", Item(_("流程设计"), "studio.models", "studio")),
        ("accounts", Item(_("账号管理"), "accounts.people", "accounts")),
        ("duties", Item(_("职责管理"), "accounts.duties", "duties")),
        ("subjects", Item(_("个人信息申请"), "subjects.home", "subjects")),
        ("approvals", Item(_("个人信息审批"), "subjects.approvals", "approvals")),
        ("audit", Item(_("审计日志"), "audit.log", "audit")),
        ("operations", Item(_("对接运行"), "operations.overview", "operations")),
    )
    return [item for page, item in entries if not page or page in viewer.may]
