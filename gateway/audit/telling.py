"""An entry of the audit log in words. What has none is shown as it is kept; a copy of the table has all of it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from flask_babel import gettext as _

from gateway.accounts.devices import device
from gateway.text import moment
from processes.casework.audit.entries import Entry
from processes.casework.reference import Reference


def about(entry: Entry, reference: Reference) -> str:
    """What it is about: a person by name and account."""
    kind, _colon, id_ = entry.about.partition(":")
    return f"{reference.person_name(id_)} {id_}" if kind == "person" and id_ in reference.people else entry.about


def details(entry: Entry, reference: Reference) -> Sequence[tuple[str, str]]:
    """Its details, each with its name."""
    kept: Mapping[str, Any] = orjson.loads(entry.detail) if entry.detail else {}
    names = _names()
    return [(names.get(name, name), _value(name, str(value), reference)) for name, value in kept.items()]


def _names() -> Mapping[str, str]:
    return {
        "agent": _("设备"),
        "way": _("方式"),
        "why": _("原因"),
        "reason": _("理由"),
        "locked_until": _("锁定到"),
        "role": _("角色"),
        "place": _("地区"),
        "organisation": _("单位"),
        "substitute": _("代理"),
        "entries": _("条目数"),
        "by": _("谁"),
        "kind": _("操作"),
        "about": _("对象"),
        "name": _("名称"),
        "scopes": _("用途"),
        "until": _("有效到"),
        "person": _("账号"),
    }


def _value(name: str, value: str, reference: Reference) -> str:
    if name == "agent":
        return device(value) or value
    if name == "role":
        return reference.role_name(value)
    if name == "place":
        return reference.place_name(value)
    if name == "organisation":
        return reference.organisation_name(value)
    if name in ("substitute", "person"):
        return reference.person_name(value)
    if name in ("locked_until", "until"):
        return _moment(value)
    return _words().get((name, value), value)


def _moment(value: str) -> str:
    """A moment in words; whatever else somebody has asked for, as it was typed."""
    try:
        return moment(datetime.fromisoformat(value))
    except ValueError:
        return value


def _words() -> Mapping[tuple[str, str], str]:
    return {
        ("way", "password"): _("密码"),
        ("way", "oidc"): _("统一身份认证"),
        ("why", "Wrong"): _("账号或密码不对"),
        ("why", "WrongCode"): _("验证码不对"),
        ("why", "Locked"): _("账号已锁定"),
        ("why", "Unknown"): _("没有这个账号"),
        ("why", "revoked"): _("令牌已撤销"),
        ("why", "ended"): _("令牌已过期"),
        ("why", "deactivated"): _("账号已停用"),
        ("why", "locked"): _("账号已锁定"),
        ("why", "unknown"): _("没有这个令牌"),
    }
