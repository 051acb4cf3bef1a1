"""``run``: the whole platform on one machine, with demo accounts and demo data."""

from __future__ import annotations

import argparse
import logging
import threading

from cli.platform import Platform
from cli.settings import MODELS, Secrets, Settings
from gateway.client import commands, demo
from gateway.client.api import Api
from processes.casework.accounts import passwords
from workers.standins.child import Child

PASSWORD = "bihuan2026"
"""The password of every demo account that has none; only ``run`` sets it, and says so."""

log = logging.getLogger("bihuan")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Everything in one process tree: gateway, engine, workers, and the stand-ins as a child."""
    platform = Platform(settings)
    platform.seed()
    _set_demo_passwords(platform)
    tokens = platform.secrets()
    platform.start_gateway()
    standins = None
    if not settings.systems:
        standins = Child(settings.data / "standins", settings.url, settings.standins_port, settings.clock)
        url: str | None = standins.start(platform.standin_tokens())
    else:
        url = None
    platform.start_engine(with_workers=True, systems_url=url)
    commands.write_running(settings.data, settings.url, tokens.operator, url)
    print(_welcome(settings, url), flush=True)
    if not options.no_demo:
        threading.Thread(target=_play_demo, args=(settings, tokens, url), name="demo", daemon=True).start()
    platform.serve()
    print("正在停止…", flush=True)
    if standins is not None:
        standins.stop()
    platform.stop()
    (settings.data / commands.RUNNING).unlink(missing_ok=True)
    print("已停止;再次启动后,所有事项从原处继续。", flush=True)
    return 0


def _set_demo_passwords(platform: Platform) -> None:
    with platform.core.database.write() as connection:
        passwords.set_missing(connection, PASSWORD)


def _welcome(settings: Settings, standins: str | None) -> str:
    lines = ["", "闭环 Bihuan 已启动", f"  网址      {settings.url}", f"  数据      {settings.data}"]
    if standins:
        lines.append(f"  外部系统  {standins}(替身)")
    lines.append(f"  演示账号  口令均为 {PASSWORD}")
    lines += [f"    {account:<12}{who}" for account, who in demo.accounts(MODELS / "reference")]
    lines.append("  按 Ctrl-C 停止")
    return "\n".join(lines)


def _play_demo(settings: Settings, tokens: Secrets, standins: str | None) -> None:
    try:
        demo.play(Api(settings.url, tokens.operator), MODELS / "demo", standins)
    except Exception:
        log.exception("the demo data could not be played in")
