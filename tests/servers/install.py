"""Installs the servers and the browser that the tests need, when we are root and they are missing.

    python -m tests.servers.install [rabbitmq-server|amqp-tools|postgresql|chromium|fonts-noto-cjk|libatomic1 …]

Works in a bare Debian 12 root without systemd; does nothing when everything is there; says nothing when all went well.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitNode

_POLICY = Path("/usr/sbin/policy-rc.d")

_PRESENT: dict[str, Callable[[], bool]] = {
    "rabbitmq-server": RabbitNode.available,
    "amqp-tools": lambda: shutil.which("amqp-publish") is not None,
    "postgresql": lambda: PostgresServer.binaries() is not None,
    "chromium": lambda: shutil.which("chromium") is not None,
    "fonts-noto-cjk": lambda: any(Path("/usr/share/fonts").rglob("NotoSansCJK*")),
    # The driver of the browser tests is a Node that links to it.
    "libatomic1": lambda: ctypes.util.find_library("atomic") is not None,
}

PACKAGES = tuple(_PRESENT)
"""Everything that some test needs."""

_APT = [
    "apt-get",
    "-qq",
    "-o",
    "Acquire::Retries=2",
    "-o",
    "Acquire::http::Timeout=30",
    "-o",
    "DPkg::Lock::Timeout=300",
]


def missing(packages: Sequence[str] = PACKAGES) -> list[str]:
    """Those of the packages that are not installed."""
    return [package for package in packages if not _PRESENT[package]()]


def ensure(packages: Sequence[str] = PACKAGES) -> str | None:
    """Install what is missing. Returns None when all is there, else why not."""
    absent = missing(packages)
    if not absent:
        return None
    names = " ".join(absent)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"not installed: {names}; as root: apt-get install --no-install-recommends {names}"
    _forbid_service_starts()
    said = _apt("update") or _apt("install", "-y", "--no-install-recommends", *absent)
    absent = missing(packages)
    return f"could not install {' '.join(absent)}: {said}" if absent else None


def _forbid_service_starts() -> None:
    """Package scripts start services; without an init system that may wait for minutes."""
    if not _POLICY.exists() and not Path("/run/systemd/system").exists():
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)


def _apt(*arguments: str) -> str:
    """Run apt-get; returns the end of what it said when it failed, else nothing."""
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        ended = subprocess.run(
            [*_APT, *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
    except subprocess.TimeoutExpired:
        return f"apt-get {arguments[0]} took too long"
    return ended.stderr.strip()[-400:] or f"apt-get ended with {ended.returncode}" if ended.returncode else ""


if __name__ == "__main__":
    problem = ensure(sys.argv[1:] or PACKAGES)
    if problem:
        sys.exit(problem)
