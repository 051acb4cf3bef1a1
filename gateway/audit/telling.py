"""An entry of the audit log in words. What has none is shown as it is kept; a copy of the table has all of it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from flask_babel import lazy_gettext as _l

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
    return [(str(_NAMES.get(name, name)), _value(name, str(value), reference)) for name, value in kept.items()]


_NAMES: Mapping[str, Any] = {
    "agent": _l("设备"),
    "way": _l("方式"),
    "why": _l("原因"),
    "reason": _l("理由"),
    "locked_until": _l("锁定到"),
    "role": _l("角色"),
    "place": _l("地区"),
    "organisation": _l("单位"),
    "substitute": _l("代理"),
    "entries": _l("条目数"),
    "by": _l("谁"),
    "kind": _l("操作"),
    "about": _l("对象"),
    "name": _l("名称"),
    "scopes": _l("用途"),
    "until": _l("有效到"),
    "person": _l("账号"),
    "approved": _l("批准人"),
    "failed": _l("不符的情景"),
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
    if name in ("substitute", "person", "approved"):
        return reference.person_name(value)
    if name in ("locked_until", "until"):
        return _moment(value)
    return str(_WORDS.get((name, value), value))


def _moment(value: str) -> str:
    """A moment in words; whatever else somebody has asked for, as it was typed."""
    try:
        return moment(datetime.fromisoformat(value))
    except ValueError:
        return value


_WORDS: Mapping[tuple[str, str], Any] = {
    ("way", "password"): _l("密码"),
    ("way", "oidc"): _l("统一身份认证"),
    ("why", "Wrong"): _l("账号或密码不对"),
    ("why", "WrongCode"): _l("验证码不对"),
    ("why", "Locked"): _l("账号已锁定"),
    ("why", "Unknown"): _l("没有这个账号"),
    ("why", "revoked"): _l("令牌已撤销"),
    ("why", "ended"): _l("令牌已过期"),
    ("why", "deactivated"): _l("账号已停用"),
    ("why", "locked"): _l("账号已锁定"),
    ("why", "unknown"): _l("没有这个令牌"),
}
