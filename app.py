"""Bihuan (闭环): the one entry point. What the commands do, the settings, and the wiring of everything stand in ``cli``.

``python app.py run`` is the whole platform in one process tree; ``engine``, ``worker`` and ``gateway`` are its parts, to be started on many machines
with ``DATABASE_URL`` (PostgreSQL) and ``AMQP_URL`` (RabbitMQ). The other commands are clients of a running platform, or work on files alone.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Errors are sentences, with what to do; never a stack trace.

    Nothing of ours is imported before: it may take another Python than the one this file was started by.
    """
    # Importing makes much and drops nothing: to look for garbage meanwhile would take a fifth of the time.
    gc.disable()
    try:
        from cli.arguments import parser
        from cli.commands import command
        from cli.settings import Settings
        from processes.errors import BihuanError
        from processes.observing import logs

        options = parser().parse_args(arguments)
        chosen = command(options.command)
    finally:
        gc.freeze()
        gc.enable()
    try:
        logs.set_up(os.environ)
        return chosen(Settings.read(os.environ), options)
    except BihuanError as error:
        print(error.zh, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _use_own_environment() -> None:
    """Started by a Python without our packages, go on with the one that ``make`` has set up beside us."""
    own = HERE / ".venv" / "bin" / "python"
    if importlib.util.find_spec("sqlalchemy") is not None:
        return
    if not own.exists():
        raise SystemExit("尚未安装：请先在本文件夹运行 make run（或 make test）")
    os.execv(own, [str(own), *sys.argv])


if __name__ == "__main__":
    _use_own_environment()
    raise SystemExit(main())
