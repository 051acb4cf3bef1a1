"""Asks the official AsyncAPI parser what it thinks of a document.

Source: ``@asyncapi/parser``, which holds a document against the JSON Schema of its AsyncAPI version (``@asyncapi/specs``), its own
rules of meaning, and the schemas of the bindings. Node and npm are those that bundle the frontend.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.frontend.hatch_build import tools

FOLDER = Path(__file__).parent
STAMP = FOLDER / "node_modules" / ".stamp"

ERROR, WARNING = 0, 1
"""severities, as Spectral counts them; the parser's own are 2 (information) and 3 (hint)"""


@dataclass(frozen=True)
class Diagnostic:
    """One complaint: ``path`` leads to what it is about."""

    severity: int
    code: str
    message: str
    path: str


def ensure() -> str | None:
    """Install the parser unless the lockfile's is there. Returns None when it is there, else why not."""
    wanted = (FOLDER / "package-lock.json").read_text("utf-8")
    if STAMP.exists() and STAMP.read_text("utf-8") == wanted:
        return None
    try:
        node, npm = tools()
    except RuntimeError as missing:
        return str(missing)
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    path = os.pathsep.join([str(Path(node[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command, cwd=FOLDER, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"npm ci of @asyncapi/parser failed: {done.stderr.strip()[-400:]}"
    STAMP.write_text(wanted, "utf-8")
    return None


def judge(document: Any) -> Sequence[Diagnostic]:
    """All that the parser says of a document, whatever the severity."""
    node, _ = tools()
    done = subprocess.run(
        [*node, "check.mjs"], cwd=FOLDER, input=json.dumps(document), capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    found = [
        Diagnostic(each["severity"], str(each["code"]), each["message"], "/".join(map(str, each["path"])))
        for each in said["diagnostics"]
    ]
    assert said["read"] or any(each.severity == ERROR for each in found), "it could not be read, and nothing says why"
    return found
