"""Checking files and folders on disk."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from processes.notation.check.checker import check_files
from processes.notation.check.findings import ERROR, Finding, Rule, Whole, arrange
from processes.notation.check.sanity import MOST_BYTES, kind_by_name, too_big
from processes.notation.check.world import Codes, Judge, Required
from processes.notation.imports import import_locations, local_path

MISSING = Rule(
    "file-missing", ERROR,
    "{it}不存在。", "{it} does not exist.",
    "核对路径。", "Check the path.",
)  # fmt: skip
UNREADABLE = Rule(
    "file-unreadable", ERROR,
    "{it}无法读取：{problem}。", "{it} cannot be read: {problem}.",
    "检查文件的权限。", "Check the file's permissions.",
)  # fmt: skip
NOTHING = Rule(
    "nothing-to-check", ERROR,
    "{it}里没有流程图（.bpmn）、决策（.dmn）或表单（.form.json）。", "{it} holds no diagram (.bpmn), decision (.dmn) or form (.form.json).",
    "核对路径和文件的扩展名。", "Check the path and the names of the files.",
)  # fmt: skip

TOO_MUCH = Rule(
    "too-many-files", ERROR,
    "{it}里的文件太多，还有 {rest} 个没有检查。", "{it} holds too many files: {rest} of them were not checked.",
    "分几个文件夹检查。", "Check it folder by folder.",
)  # fmt: skip

# A folder with more is not a folder of models; whoever points at / gets an answer all the same.
MOST_FILES = 2_000
MOST_LISTED = 20_000
MOST_BYTES_IN_ALL = 200 * 1024 * 1024
MOST_CONTEXT = 100
MOST_IMPORTED = 1_000
MOST_CONTEXT_BYTES = 1024 * 1024


def check_paths(
    paths: Sequence[Path],
    *,
    topics: Collection[str] | None = None,
    judge: Judge | None = None,
    required: Required | None = None,
) -> list[Finding]:
    """Everything to be said about these files and the models in these folders; never raises.

    References of a single file may also be answered by the models beside it and in the folders next to its own, and by what it imports.
    Roles and stages are compared
    with ``reference/roles.csv`` and ``stages.csv`` where a folder of that name stands in or beside what is checked; ``topics`` are the job
    topics there are, ``judge`` what their arguments must be and ``required`` which there must be, None leaves them unchecked.
    """
    findings: list[Finding] = []
    files: dict[str, bytes] = {}
    context: dict[str, bytes] = {}
    for path in paths:
        found = list(_models(path)) if path.is_dir() else [path]
        if not found:
            findings.append(NOTHING.at(Whole(str(path))))
        for number, file in enumerate(found):
            if number >= MOST_FILES or sum(map(len, files.values())) > MOST_BYTES_IN_ALL:
                findings.append(TOO_MUCH.at(Whole(str(path)), rest=len(found) - number))
                break
            _read(file, files, findings)
    for path in paths:
        if path.is_file():
            for file in _around(path):
                if str(file) not in files and len(context) < MOST_CONTEXT:
                    _read(file, context, [])
    _imported({**context, **files}, context)
    known = {_real(name) for name in files}
    context = {name: body for name, body in context.items() if _real(name) not in known}
    codes = Codes(
        _codes(paths, "roles.csv"),
        _codes(paths, "stages.csv"),
        frozenset(topics) if topics is not None else None,
        judge,
        required,
    )
    return arrange([*findings, *check_files(files, context=context, codes=codes, together=False)])


def _imported(files: Mapping[str, bytes], context: dict[str, bytes]) -> None:
    """Read what the files import from beside them, and what that imports, into ``context``."""
    pending = dict(files)
    while pending:
        name, body = pending.popitem()
        for location in import_locations(body):
            path = local_path(name, location)
            if path is None or path in files or path in context or len(context) >= MOST_IMPORTED:
                continue
            found: dict[str, bytes] = {}
            _read(Path(path), found, [])
            context.update(found)
            pending.update(found)


def _codes(paths: Sequence[Path], table: str) -> frozenset[str] | None:
    """The codes of a reference table near the first path that has one."""
    for path in paths:
        here = path if path.is_dir() else path.parent
        for folder in (here, here.parent):
            file = folder / "reference" / table
            try:
                if file.is_file() and file.stat().st_size <= MOST_BYTES:
                    with file.open(encoding="utf-8-sig", newline="") as stream:
                        found = frozenset(code.strip() for row in csv.DictReader(stream) if (code := row.get("code")))
                    return found or None
            except (OSError, ValueError, csv.Error):
                continue
    return None


def _real(name: str) -> str:
    return os.path.realpath(name)


def _read(path: Path, files: dict[str, bytes], findings: list[Finding]) -> None:
    """Read a file that is small enough: a big one is not opened at all."""
    name = str(path)
    if name in files:
        return
    try:
        if not path.exists():
            findings.append(MISSING.at(Whole(name)))
            return
        if not path.is_file():
            findings.append(UNREADABLE.at(Whole(name), problem="不是普通文件"))
            return
        big = too_big(name, path.stat().st_size)
        if big is not None:
            findings.append(big)
            return
        with path.open("rb") as stream:
            # A file may grow between the look and the reading.
            files[name] = stream.read(MOST_BYTES + 1)
    except OSError as error:
        findings.append(UNREADABLE.at(Whole(name), problem=error.strerror or type(error).__name__))


def _models(folder: Path) -> Iterator[Path]:
    """The model files in a folder and below it, in order, without hidden folders."""
    count = 0
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and (kind_by_name(name) is not None or name.lower().endswith(".xml")):
                count += 1
                if count > MOST_LISTED:
                    return
                yield Path(here) / name


def _around(path: Path) -> Iterator[Path]:
    """Models beside a file, and in the folders next to its own."""
    folder = path.resolve().parent
    try:
        beside = sorted(folder.iterdir())
        next_to = [each for each in sorted(folder.parent.iterdir()) if each.is_dir() and each != folder]
    except OSError:
        return
    yield from (each for each in beside if _is_model(each))
    for other in next_to[:MOST_CONTEXT]:
        try:
            yield from (each for each in sorted(other.iterdir()) if _is_model(each))
        except OSError:
            continue


def _is_model(path: Path) -> bool:
    try:
        return kind_by_name(path.name) is not None and path.is_file() and path.stat().st_size <= MOST_CONTEXT_BYTES
    except OSError:
        return False
