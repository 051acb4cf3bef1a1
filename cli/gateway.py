"""``gateway``: one of any number."""

from __future__ import annotations

import argparse

from cli.platform import Platform
from cli.settings import Settings
from processes.runtime.memory import spare_collector


def gateway(settings: Settings, options: argparse.Namespace) -> int:
    """The web server alone."""
    platform = Platform(settings)
    platform.seed()
    platform.start_gateway(options.share_port)
    spare_collector()
    print(f"gateway ready: {settings.url}", flush=True)
    platform.serve()
    platform.stop()
    return 0
