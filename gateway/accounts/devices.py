"""What somebody logs in with, in words that people use."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

_BROWSERS = (
    ("DingTalk", _l("钉钉")),
    ("MicroMessenger", _l("微信")),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
"""In this order: most say the names of others as well."""

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """``Chrome · Windows``; empty when nothing is known."""
    found = (next((str(name) for word, name in names if word in agent), "") for names in (_BROWSERS, _SYSTEMS))
    return " · ".join(filter(None, found))
