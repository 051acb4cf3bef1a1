"""``check``: what is wrong with models, before they are deployed."""

from __future__ import annotations

import argparse
import json

from cli.parts import judge
from cli.settings import Settings
from processes.messaging import jobs
from processes.notation.check import check_paths, render


def check(settings: Settings, options: argparse.Namespace) -> int:
    """Everything that is wrong with models, at once; exit code 1 when there are errors."""
    findings = check_paths(options.paths, topics=frozenset(jobs.CATALOGUE), judge=judge, required=jobs.required)
    if options.json:
        print(json.dumps([each.to_dict() for each in findings], ensure_ascii=False, indent=1))
    else:
        print(render(findings, "zh"))
    return 1 if any(each.severity == "error" for each in findings) else 0
