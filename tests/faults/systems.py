"""The operator's settings of the outside systems (``SYSTEMS``): all of them at one server of stand-ins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.standins.dingtalk import SECRET

MORE: Mapping[str, Mapping[str, Any]] = {
    "sms": {"options": {"sign": "闭环平台", "template": "SMS_1"}},
    "dingtalk": {"options": {"app_key": "bihuan", "app_secret": SECRET, "agent": "1"}},
    "email": {"options": {"from": "notice@bihuan.example"}},
    "registry": {"connector": True},
}
"""What some of them need besides an address. Whoever has no address of his own gets no SMS, work notice or e-mail."""


def settings(url: str, smtp_port: int, deadline: float) -> dict[str, dict[str, Any]]:
    """``deadline``: seconds for an exchange with any of them."""
    names = ("ratings", "seven-lists", "notices", "sms", "dingtalk", "registry")
    urls = {
        **{name: f"{url}/{name}" for name in names},
        "email": f"smtp://127.0.0.1:{smtp_port}",
        "channel:*": f"{url}/{{channel}}",
        "board:*": f"{url}/boards/{{board}}",
    }
    return {name: {"url": each, "deadline": deadline, **MORE.get(name, {})} for name, each in urls.items()}
