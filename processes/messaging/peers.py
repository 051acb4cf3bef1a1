"""Other deployments: what they are called, how their brokers are reached, which version of the contracts is agreed with each.

All of it is configuration (the file ``PEERS`` names), never data; which places a deployment hosts is reference data (``places.csv``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from processes.errors import BihuanError

VERSIONS = (1, 2)
"""versions of ``case.escalated`` that this software speaks"""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class BadPeers(BihuanError):
    """The file of peers is not usable; nothing starts with half of it."""


@dataclass(frozen=True)
class Peer:
    """Another deployment. ``url``: its broker, ``amqps://account:password@host:5671/vhost``; ``ca``, ``certificate``, ``key``: PEM files;
    ``version``: the contract version agreed with it; what is of a later one is refused."""

    name: str
    url: str = field(repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    version: int = VERSIONS[-1]


@dataclass(frozen=True)
class Peers:
    """The deployments that this one is linked to. ``name`` is its own, as ``places.csv`` says it; empty: it stands alone.

    >>> Peers.of({"name": "huzhou", "peers": {"zhejiang": {"url": "amqps://huzhou@mq.example/%2F", "version": 1}}}).peers["zhejiang"].version
    1
    """

    name: str = ""
    peers: Mapping[str, Peer] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Peers:
        """From a JSON file; the paths in it are relative to its folder. Raises :class:`BadPeers`."""
        try:
            said = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BadPeers(f"相连平台的配置 {path} 无法读取", f"cannot read {path}: {error}") from None
        return cls.of(said, path.parent)

    @classmethod
    def of(cls, said: Any, folder: Path = Path()) -> Peers:
        """From such JSON. Raises :class:`BadPeers`."""
        if not isinstance(said, Mapping) or not isinstance(said.get("peers"), Mapping):
            raise BadPeers('相连平台的配置应是 {"name": 本平台, "peers": {平台: {"url": …}}}', "peers: not an object")
        name = str(said.get("name") or "")
        for each in (name, *said["peers"]):
            if not _NAME.fullmatch(each) or len(each) > 40:
                raise BadPeers(
                    f"平台名“{each}”只能用小写字母、数字和横线，最多 40 个字", f"bad name of a deployment: {each!r}"
                )
        if name in said["peers"]:
            raise BadPeers(f"平台“{name}”不能和自己相连", "a deployment is no peer of its own")
        return cls(name, {each: _peer(each, about, folder) for each, about in said["peers"].items()})


def _peer(name: str, about: object, folder: Path) -> Peer:
    known = {each.name for each in fields(Peer)} - {"name"}
    if not isinstance(about, Mapping) or not about.get("url") or about.keys() - known:
        raise BadPeers(
            f"平台 {name} 的配置应有 url，另可有 {'、'.join(sorted(known - {'url'}))}", f"bad settings of {name}"
        )
    parts = urlsplit(str(about["url"]))
    if parts.scheme != "amqps" and not (parts.scheme == "amqp" and parts.hostname in _LOOPBACK):
        raise BadPeers(f"平台 {name} 的地址应是 amqps://…（只有本机可以不加密）", f"{name}: not amqps")
    version = about.get("version", VERSIONS[-1])
    if version not in VERSIONS:
        raise BadPeers(
            f"平台 {name} 的 version 应是 {'、'.join(map(str, VERSIONS))} 之一", f"{name}: no version {version!r}"
        )
    files = {key: folder / str(about[key]) for key in ("ca", "certificate", "key") if about.get(key)}
    for file in files.values():
        if not file.is_file():
            raise BadPeers(f"平台 {name} 的文件 {file} 不存在", f"{name}: no file {file}")
    return Peer(name, str(about["url"]), version=int(version), **files)
