"""What is written in JavaScript gets the packages of its lockfile, with the Node and npm that bundle the frontend."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

from gateway.frontend.hatch_build import tools


def ensure(folder: Path) -> str | None:
    """Install the packages of a folder's lockfile unless they are there; of several processes that want them one does. Returns None when they
    are there, else why not."""
    with (folder / "package.json").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        return _ensure(folder)


def _ensure(folder: Path) -> str | None:
    stamp, wanted = folder / "node_modules" / ".stamp", (folder / "package-lock.json").read_text("utf-8")
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return None
    try:
        node, npm = tools()
    except RuntimeError as missing:
        return str(missing)
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    path = os.pathsep.join([str(Path(node[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"npm ci in {folder.name} failed: {done.stderr.strip()[-400:]}"
    stamp.write_text(wanted, "utf-8")
    return None
