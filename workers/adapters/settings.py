"""Where the external systems are. Addresses and tokens come from the operator's settings, never from a case's variables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from processes.errors import BihuanError
from processes.messaging.http_request import METHODS

CHANNELS = "channel:*"
"""the setting for every channel without one of its own; ``{channel}`` in its url is the channel's code"""
BOARDS = "board:*"
"""the setting for every board without one of its own (``board:330502.data``); ``{board}`` in its url is the board's id"""
MAIL = "email"
"""the one system that is spoken to over SMTP"""
_PORTS = {"http": 80, "https": 443, "smtp": 25, "smtps": 465}
_CODE = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
_ORGANISATION = re.compile(r"[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+")


class NotConfigured(BihuanError):
    """No such external system is configured; the operator must name it in the settings."""


@dataclass(frozen=True)
class Connector:
    """What diagrams may ask of a system by the HTTP connector. ``paths``: these and all below them, "" for all."""

    methods: frozenset[str] = frozenset(METHODS)
    paths: tuple[str, ...] = ("",)

    def allows(self, method: str, path: str) -> bool:
        """Whether a diagram may send this; ``path`` as it is sent, below the system's own address."""
        return method in self.methods and any(path == each or path.startswith(f"{each}/") for each in self.paths)


@dataclass(frozen=True)
class ExternalSystem:
    """An external system. ``deadline``: seconds for a whole exchange; ``body_cap``: bytes of its longest reply; ``headers`` go with every
    request (keys of its own kind); ``connector``: what diagrams may ask of it, None: nothing. After ``failures`` troubles in a row it is
    left alone for ``rest`` seconds. ``options``: what only its own adapter understands."""

    name: str
    url: str
    token: str = field(default="", repr=False)
    deadline: float = 15.0
    body_cap: int = 1024 * 1024
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    connector: Connector | None = None
    failures: int = 5
    rest: float = 30.0
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def host_and_port(self) -> tuple[str, int]:
        """What may be connected to for this system."""
        parts = urlsplit(self.url)
        return (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]

    def option(self, name: str, default: str = "") -> str:
        """An option that is a text. Raises :class:`NotConfigured` when there is none, and no default."""
        value = self.options.get(name, default)
        if not isinstance(value, str) or not value:
            raise NotConfigured(
                f"外部系统 {self.name} 的配置里缺少 options.{name}", f"{self.name} lacks options.{name}"
            )
        return value


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
        """From settings: name → url, or name → the fields of an :class:`ExternalSystem`, ``connector`` as ``true`` or ``{methods, paths}``.

        :raises NotConfigured: for what is none
        """
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
        sms = {"url": f"{base}/sms", "options": {"sign": "闭环平台", "template": "SMS_1"}}
        dingtalk = {"url": f"{base}/dingtalk", "options": {"app_key": "bihuan", "app_secret": "standin", "agent": "1"}}
        registry = {"url": f"{base}/registry", "connector": True}
        return cls.of(
            {
                **{name: f"{base}/{name}" for name in names},
                "sms": sms,
                "dingtalk": dingtalk,
                "registry": registry,
                CHANNELS: f"{base}/{{channel}}",
                BOARDS: f"{base}/boards/{{board}}",
            }
        )

    @property
    def hosts(self) -> frozenset[tuple[str, int]]:
        """Every host and port that may be spoken to over HTTP."""
        return frozenset(each.host_and_port for each in self._systems.values() if each.url.startswith("http"))

    def __contains__(self, name: str) -> bool:
        """Whether a system of this name is configured."""
        return name in self._systems

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
    values["connector"] = _connector(name, values.get("connector", False))
    try:
        system = ExternalSystem(name=name, **values)
    except TypeError as error:
        raise NotConfigured(f"外部系统 {name} 的配置不对：{error}", f"bad settings of {name}: {error}") from None
    if not _is_sound(system):
        raise NotConfigured(
            f"外部系统 {name} 的配置不对：deadline、body_cap、failures、rest 应是正数，headers 应是文字",
            f"bad settings of {name}",
        )
    parts = urlsplit(str(system.url))
    in_host = "{" in parts.netloc or "@" in parts.netloc
    schemes = ("smtp", "smtps") if name == MAIL else ("http", "https")
    if parts.scheme not in schemes or not parts.hostname or in_host or parts.query or parts.fragment:
        raise NotConfigured(f"外部系统 {name} 的地址不对：应如 {schemes[-1]}://主机/路径", f"bad url of {name}")
    return replace(system, url=system.url.rstrip("/"))


def _is_sound(system: ExternalSystem) -> bool:
    numbers = (system.deadline, system.body_cap, system.failures, system.rest)
    if not all(isinstance(each, int | float) and not isinstance(each, bool) and each > 0 for each in numbers):
        return False
    headers = system.headers
    if not isinstance(system.token, str) or not isinstance(system.options, Mapping):
        return False
    return isinstance(headers, Mapping) and all(isinstance(each, str) for item in headers.items() for each in item)


def _connector(name: str, setting: object) -> Connector | None:
    if setting is False:
        return None
    asked = {} if setting is True else setting
    if isinstance(asked, Mapping) and asked.keys() <= {"methods", "paths"} and name not in (CHANNELS, BOARDS):
        methods, paths = asked.get("methods", list(METHODS)), asked.get("paths", [""])
        if _are_texts(methods) and set(methods) <= set(METHODS) and _are_texts(paths):
            return Connector(frozenset(methods), tuple(each.rstrip("/") for each in paths))
    raise NotConfigured(
        f"外部系统 {name} 的 connector 不对：应是 true，或 {{methods: [GET…], paths: [/orders…]}}",
        f"bad connector of {name}",
    )


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
