"""``make bench``: every figure a ratio, or beside its peer in the same run, as Markdown.

python -m tests.benchmarks [--full]                 everything, at sizes that take ten minutes; --full: at the sizes that count
python -m tests.benchmarks PART [options]           one part, at the sizes that count
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time
from typing import Any

from tests.benchmarks.report import Section

PARTS = {
    "expressions": "FEEL and decision tables beside the prototype",
    "order": "a durable command on the order model beside the naive way",
    "pages": "pages at 10,000 cases beside 100",
    "scale": "inbox, search, case and task among a million cases beside a thousand",
    "people": "200 people at once in front of the gateway, beside one alone",
    "growth": "long loops, wide loops, bytes of a case",
    "pipeline": "one service task over RabbitMQ and PostgreSQL beside the bare pipeline and the naive way",
    "stored": "commands and timers among a million stored cases beside a thousand",
    "backlog": "workers away under load, and back",
    "takeover": "one of two engines killed under load",
    "worker_kit": "the worker kit beside a plain pika consumer",
    "profile": "where the processor time of the engine goes",
}


def main() -> int:
    """Run what is asked for; the tables of all parts stand together at the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--full", action="store_true", help="at the sizes that count (an hour)")
    parts = parser.add_subparsers(dest="part", metavar="PART")
    modules: dict[str, Any] = {name: importlib.import_module(f"tests.benchmarks.{name}") for name in PARTS}
    for name, about in PARTS.items():
        modules[name].add_options(parts.add_parser(name, help=about, description=about))
    options = parser.parse_args()
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}; load before: {os.getloadavg()[0]:.1f}."
    sections: list[Section] = []
    for name in [options.part] if options.part else PARTS:
        own = options if options.part else _options(modules[name], options.full)
        began = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        sections += modules[name].run(own)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print("\n\n".join([machine, *(each.markdown() for each in sections)]))
    return 0


def _options(module: Any, full: bool) -> argparse.Namespace:
    """A part's own options, reduced unless all of it is wanted."""
    parser = argparse.ArgumentParser()
    module.add_options(parser)
    if not full:
        parser.set_defaults(**module.REDUCED)
    return parser.parse_args([])


if __name__ == "__main__":
    raise SystemExit(main())
