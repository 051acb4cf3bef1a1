"""``decide``: a decision tried on a file, before it is deployed."""

from __future__ import annotations

import argparse
import json

from cli.settings import MODELS, Settings
from processes.casework.assembly import Core
from processes.clock import SystemClock
from processes.errors import BihuanError
from processes.notation.decisions.trial import read_input, try_decision
from processes.store.database import Database


def decide(settings: Settings, options: argparse.Namespace) -> int:
    """Try a decision on a file: what comes out, and which rules made it."""
    variables = read_input(options.input)
    try:
        body = options.file.read_bytes()
    except OSError as error:
        raise BihuanError(f"读不了文件 {options.file}：请核对路径", f"{options.file}: {error}") from error
    clock = SystemClock()
    core = Core.on(Database("sqlite://"), clock)
    core.seed(MODELS, models={})
    trial = try_decision(body, options.file.name, variables, options.decision, core.engine.functions, clock.now)
    print(json.dumps(trial.to_dict(), ensure_ascii=False, indent=1) if options.json else trial.render())
    return 0
