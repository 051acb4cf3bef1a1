"""All commands that speak to a running platform; what each says to it stands in ``gateway.client``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from cli.settings import Secrets, Settings
from gateway.client import commands


def client(settings: Settings, options: argparse.Namespace) -> int:
    """Carry out the command that was typed on the platform it names, or on the one that runs here."""
    api = commands.connect(settings.data, options.url, settings.url, Secrets.read(settings.secrets).operator)
    function: Callable[..., int] = getattr(commands, options.command)
    return function(api, options, print)
