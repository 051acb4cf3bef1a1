"""Files of scenarios as they are kept for a place: by the process that each of them is about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from processes.casework.model_scenarios import Bodies
from processes.scenarios import files
from processes.scenarios.files import Unreadable


def by_process(found: Iterable[tuple[Path, bytes]]) -> Bodies:
    """Files, put together by process. Raises :class:`Unreadable` for the first that is no scenario, or the second of a name."""
    kept: dict[str, dict[str, bytes]] = {}
    for path, body in found:
        own = kept.setdefault(files.parse(path, body).process, {})
        if own.get(path.name, body) != body:
            raise Unreadable(
                path, [("这个流程已有同名的情景，请改名", "another scenario of the process has this name")]
            )
        own[path.name] = body
    return kept


def in_folders(paths: Iterable[Path]) -> Bodies:
    """Those of folders."""
    return by_process((path, path.read_bytes()) for path in files.find(each for each in paths if each.is_dir()))
