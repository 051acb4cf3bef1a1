"""Asks the official AsyncAPI parser what it thinks of a document.

Source: ``@asyncapi/parser``, which holds a document against the JSON Schema of its AsyncAPI version (``@asyncapi/specs``), its own
rules of meaning, and the schemas of the bindings. Node and npm are those that bundle the frontend.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.frontend.hatch_build import tools
from tests.servers import npm

FOLDER = Path(__file__).parent

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
    return npm.ensure(FOLDER)


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
