"""Where the external systems are. Addresses and tokens come from the operator's settings, never from a case's variables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from processes.errors import BihuanError

CHANNELS = "channel:*"
"""the setting for every channel without one of its own; ``{channel}`` in its url is the channel's code"""
BOARDS = "board:*"
"""the setting for every board without one of its own (``board:330502.data``); ``{board}`` in its url is the board's id"""
_CODE = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
_ORGANISATION = re.compile(r"[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+")


class NotConfigured(BihuanError):
    """No such external system is configured; the operator must name it in the settings."""


@dataclass(frozen=True)
class ExternalSystem:
    """An external system. ``deadline``: seconds for a whole exchange; ``body_cap``: bytes of its longest reply."""

    name: str
    url: str
    token: str = field(default="", repr=False)
    deadline: float = 15.0
    body_cap: int = 1024 * 1024

    @property
    def host_and_port(self) -> tuple[str, int]:
        """What may be connected to for this system."""
        parts = urlsplit(self.url)
        return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


class Systems:
    """The external systems by name.

    >>> systems = Systems.of({"ratings": "http://10.1.2.3/api", "channel:*": "http://10.1.2.4/{channel}"})
    >>> systems.named("ratings").url, systems.channel("hotline").url
    ('http://10.1.2.3/api', 'http://10.1.2.4/hotline')
    """

    def __init__(self, systems: Mapping[str, ExternalSystem]) -> None:
        self._systems = dict(systems)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Systems:
        """From settings: name → url, or name → ``{url, token, deadline, body_cap}``. Raises :class:`NotConfigured`."""
        return cls({name: _system(name, setting) for name, setting in settings.items()})

    @classmethod
    def read(cls, path: Path) -> Systems:
        """From a JSON file of such settings."""
        try:
            settings = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise NotConfigured(f"外部系统的配置 {path} 无法读取", f"cannot read {path}: {error}") from None
        if not isinstance(settings, dict):
            raise NotConfigured(f"外部系统的配置 {path} 应是一个 JSON 对象")
        return cls.of(settings)

    @classmethod
    def standins(cls, url: str) -> Systems:
        """All of them at one stand-in server (``python -m workers.standins``)."""
        base = url.rstrip("/")
        names = ("ratings", "seven-lists", "notices")
        every = {CHANNELS: f"{base}/{{channel}}", BOARDS: f"{base}/boards/{{board}}"}
        return cls.of({**{name: f"{base}/{name}" for name in names}, **every})

    @property
    def hosts(self) -> frozenset[tuple[str, int]]:
        """Every host and port that may be spoken to."""
        return frozenset(system.host_and_port for system in self._systems.values())

    def named(self, name: str) -> ExternalSystem:
        """A system by name. Raises :class:`NotConfigured`."""
        system = self._systems.get(name)
        if system is None:
            raise NotConfigured(f"没有配置外部系统 {name}", f"no external system {name!r} in the settings")
        return system

    def channel(self, code: str) -> ExternalSystem:
        """The system of a channel: its own, or the one for all channels. Raises :class:`NotConfigured`."""
        if code in self._systems:
            return self._systems[code]
        if CHANNELS not in self._systems or len(code) > 40 or not _CODE.fullmatch(code):
            raise NotConfigured(f"没有配置渠道 {code[:40]} 的系统", f"no system for channel {code!r}")
        common = self._systems[CHANNELS]
        return replace(common, name=code, url=common.url.replace("{channel}", code))

    def board(self, organisation: str) -> ExternalSystem:
        """The business system of a board: its own, or the one for all boards. Raises :class:`NotConfigured`."""
        name = f"board:{organisation}"
        if name in self._systems:
            return self._systems[name]
        if BOARDS not in self._systems or len(organisation) > 60 or not _ORGANISATION.fullmatch(organisation):
            raise NotConfigured(f"没有配置板块 {organisation[:60]} 的业务系统", f"no system for board {organisation!r}")
        common = self._systems[BOARDS]
        return replace(common, name=name, url=common.url.replace("{board}", organisation))


def _system(name: str, setting: object) -> ExternalSystem:
    values: dict[str, Any] = (
        {"url": setting} if isinstance(setting, str) else dict(setting) if isinstance(setting, Mapping) else {}
    )
    try:
        system = ExternalSystem(name=name, **values)
    except TypeError as error:
        raise NotConfigured(f"外部系统 {name} 的配置不对：{error}", f"bad settings of {name}: {error}") from None
    parts = urlsplit(str(system.url))
    in_host = "{" in parts.netloc or "@" in parts.netloc
    if parts.scheme not in ("http", "https") or not parts.hostname or in_host or parts.query or parts.fragment:
        raise NotConfigured(f"外部系统 {name} 的地址不对：应如 https://主机/路径", f"bad url of {name}")
    return replace(system, url=system.url.rstrip("/"))
