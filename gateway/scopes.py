"""What a program may use an access token for. A scope only narrows: see ``permissions`` for what the person may do at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

SCOPES: Mapping[str, Any] = {
    "account:read": _l("看自己的职责、登录、代理人和令牌"),
    "account:write": _l("退出自己的登录，指定代理人，撤销自己的令牌"),
    "tasks:read": _l("看待办和任务"),
    "tasks:write": _l("办理任务：草稿、附件、领取、转交、提交"),
    "cases:read": _l("查问题和附件"),
    "contacts:read": _l("说明用途后看完整联系信息"),
    "reports:write": _l("登记问题"),
    "subjects:read": _l("查一个人的个人信息，取副本，看申请"),
    "subjects:write": _l("提交和审批个人信息申请，更正"),
    "supervision:read": _l("看督办"),
    "supervision:write": _l("催办、督办、通报"),
    "instances:read": _l("看流程实例和异常"),
    "instances:write": _l("处理流程实例和异常"),
    "accounts:read": _l("安全管理员：看账号"),
    "accounts:write": _l("安全管理员：锁定、停用、重置账号"),
    "duties:read": _l("系统管理员：看职责"),
    "duties:write": _l("系统管理员：新建账号，增加和结束职责"),
    "audit:read": _l("审计管理员：查审计日志，导出"),
    "operations:read": _l("看对接运行、死信和隔离区"),
    "operations:write": _l("重新投递、丢弃死信，处理隔离的消息，发送测试消息"),
}
"""In the order in which they are shown, each with what it opens."""
