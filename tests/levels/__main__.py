"""``python -m tests.levels``: problems of a city go to the province and come back, each in a deployment of its own; exit code 1 when one did not.

Three rounds: as it is every day; with the link cut for the middle third, while a day passes; with a province that speaks version 1 only.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from datetime import datetime

from processes.errors import BihuanError
from tests.levels.crossing import Round
from tests.levels.world import Levels

START = datetime.fromisoformat("2026-04-20T09:00:00+08:00")
"""A Monday's morning."""

ROUNDS = {
    "plain": "平常一日",
    "cut": "中间三分之一时间断网，断网时过去一天",
    "older": "省级平台只会第 1 版约定",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the tour."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.levels", description="市、省两级各自部署，问题上报、答复、退回、撤回"
    )
    parser.add_argument("--only", choices=ROUNDS, action="append", help="只走这一轮（可多次）")
    parser.add_argument("--megabytes", type=float, default=6.0, help="附件共有多大")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    began = time.monotonic()
    wrong: list[str] = []
    with Levels(START) as levels:
        print(f"市、省两个平台已就绪，经 TLS 相连（{time.monotonic() - began:.1f} 秒）", flush=True)
        for name in options.only or ROUNDS:
            print(f"\n━━ {name}　{ROUNDS[name]}", flush=True)
            if name == "older":
                levels.agree(1)
            try:
                found = Round(
                    levels, name, cut=name == "cut", older=name == "older", megabytes=options.megabytes
                ).play()
            except BihuanError as error:
                found = [error.zh]
            print("\n".join(f"  ✗ {each}" for each in found) or "  ✓ 一件不少、一件不重，两边都办结", flush=True)
            wrong += [f"{name}：{each}" for each in found]
    print(f"用时 {time.monotonic() - began:.1f} 秒", flush=True)
    if wrong:
        print(
            f"{len(wrong)} 处不符；进程的日志在 {'、'.join(str(each.folder) for each in levels.worlds.values())}",
            file=sys.stderr,
        )
        return 1
    levels.remove()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
