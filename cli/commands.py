"""Which module carries out what was typed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from importlib import import_module

from cli.settings import Settings

Command = Callable[[Settings, argparse.Namespace], int]
"""Returns the exit code."""

MODULES: Mapping[str, str] = {
    "run": "run",
    "engine": "engine",
    "worker": "worker",
    "gateway": "gateway",
    "backup": "backup",
    "restore": "backup",
    "erased": "backup",
    "reindex": "reindex",
    "check": "check",
    "decide": "decide",
    "scenarios": "scenarios",
    "password": "accounts",
    "audit": "audit",
}
"""Command → the module of this package that has a function of its name; every other command is a client of a running platform."""


def command(name: str) -> Command:
    """What carries out a command. Its module is imported now, and no other, so that a command that needs few of ours starts quickly."""
    module = MODULES.get(name)
    found: Command = getattr(import_module(f"cli.{module or 'client'}"), name if module else "client")
    return found
