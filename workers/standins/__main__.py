"""``python -m workers.standins --port 8090 --data DIR --gateway URL``: run the stand-ins until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from processes.clock import Clock, FileClock, SystemClock
from workers.standins.mail import NAME, MailServer, MailSystem
from workers.standins.server import Server, World


def main(arguments: list[str] | None = None) -> int:
    """Serve. Prints one JSON line ``{"url": …, "smtp": …}`` when it listens."""
    parser = argparse.ArgumentParser(prog="python -m workers.standins", description="外部系统的替身（开发与测试用）")
    parser.add_argument("--port", type=int, default=8090, help="端口；0 为任一空闲端口")
    parser.add_argument("--data", type=Path, required=True, help="存放各系统状态的文件夹")
    parser.add_argument("--gateway", help="平台网关的地址，如 http://127.0.0.1:8080；不填就不推送")
    parser.add_argument("--tokens", type=Path, help='JSON 文件：系统名 → 令牌，"*" 为其余系统')
    parser.add_argument("--clock", type=Path, help="可移动时钟的文件")
    parser.add_argument("--smtp-port", type=int, help="邮件服务器的端口；0 为任一空闲端口；不填就没有")
    parser.add_argument("--with-parent", action="store_true", help="标准输入关闭时退出")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    tokens = json.loads(options.tokens.read_text("utf-8")) if options.tokens else {}
    clock: Clock = FileClock(options.clock) if options.clock else SystemClock()
    world = World(options.data, options.gateway, tokens, clock)
    server = Server(world, options.port)
    _stop_on_signals(server)
    if options.with_parent:
        threading.Thread(target=_stop_with_parent, args=(server,), daemon=True).start()
    mail = _mail(world, options.smtp_port)
    sys.stdout.write(json.dumps({"url": server.url, "smtp": mail.url if mail else None}) + "\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    if mail is not None:
        mail.stop()
    world.close()
    return 0


def _mail(world: World, port: int | None) -> MailServer | None:
    if port is None:
        return None
    system = world.system(NAME)
    assert isinstance(system, MailSystem)
    server = MailServer(system, world.faults, port)
    server.start()
    return server


def _stop_on_signals(server: Server) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _stop_with_parent(server: Server) -> None:
    """A parent that was killed cannot tell us; its end of our standard input closes all the same."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.shutdown()


if __name__ == "__main__":
    raise SystemExit(main())
