"""``models pull`` and ``push``: a folder of models, one folder a process, and what is in force at a place of a running platform."""

from __future__ import annotations

import argparse
import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gateway.client.api import Api, Refused
from processes.errors import BihuanError
from processes.notation.bundle import read_folder
from processes.scenarios import files

PAUSE = 1.0
"""Seconds between two looks at how far the scenarios are."""

STANDSTILL = 600
"""Looks in a row without a scenario played: then nobody plays them."""

Say = Callable[[str], None]


def pull(api: Api, options: argparse.Namespace, say: Say) -> int:
    """Write what is in force; a file that is in the folder already is written where it is."""
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    found = api.get("/api/models", place=options.place)
    before = {
        each.name: each for each in sorted(folder.rglob("*")) if each.is_file() and not each.name.endswith(files.ENDING)
    }
    scenarios = {(_process(each), each.name): each for each in files.find([folder])}
    written = 0
    homes: dict[str, Path] = {}
    for each in found["models"]:
        name = PurePosixPath(each["name"]).name
        path = before.get(name) or folder / PurePosixPath(each["folder"]).name / name
        homes[each["name"]] = path.parent
        written += _write(path, b64decode(each["body"]))
    for each in found["scenarios"]:
        name = PurePosixPath(each["name"]).name
        path = scenarios.pop((each["process"], name), homes[each["beside"]] / name)
        written += _write(path, b64decode(each["body"]))
    say(
        f"{len(found['models'])} 个模型文件、{len(found['scenarios'])} 个情景，写了 {written} 个"
        if written
        else "没有变化"
    )
    for path in scenarios.values():
        say(f"只在文件夹里，平台上没有：{path.relative_to(folder)}")
    return 0


def push(api: Api, options: argparse.Namespace, say: Say) -> int:
    """Put what has changed into force, after the check and the scenarios; exit code 1 when these find something wrong."""
    folder: Path = options.folder
    if not folder.is_dir():
        raise BihuanError(f"没有文件夹 {folder}，请核对路径", f"no folder {folder}")
    sent = read_folder([folder])
    sent |= {each.relative_to(folder).as_posix(): each.read_bytes() for each in files.find([folder])}
    if not sent:
        raise BihuanError(f"{folder} 里没有模型文件", f"no models in {folder}")
    form = {"place": options.place or "", "reason": options.reason or "", "dry_run": "yes" if options.dry_run else ""}
    while True:
        answer = _posted(api, sent, form)
        if answer["state"] != "playing":
            return _tell(answer, say)
        _wait(api, answer["trial"], say)


def _posted(api: Api, sent: Mapping[str, bytes], form: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = api.upload("/api/models", sent, form)
    except Refused as error:
        if error.said.get("state") != "wrong":
            raise
        return error.said
    return found


def _wait(api: Api, trial: str, say: Say) -> None:
    """Until the scenarios have been played."""
    seen, still = -1, 0
    while still < STANDSTILL:
        how = api.get(f"/api/models/trials/{trial}")
        if how["played"] != seen:
            seen, still = how["played"], 0
            say(f"演练情景 {seen} / {how['total']}")
        if how["done"]:
            return
        still += 1
        api.rest(PAUSE)
    raise BihuanError("情景一直没有演练；请查看引擎是否在运行", "nobody plays the scenarios: is an engine running?")


def _tell(answer: Mapping[str, Any], say: Say) -> int:
    for each in answer.get("findings", ()):
        mark = "错误" if each["severity"] == "error" else "提醒"
        say(f"{mark}  {each['file']} {each['element'] or ''}：{each['zh']}".replace(" ：", "："))
    for each in answer.get("failed", ()):
        say(
            f"不符  {each['process']}/{each['file']}  {each['name']}\n    "
            + each["wrong"]["zh"].replace("\n", "\n    ")
        )
    if answer["state"] == "wrong":
        say("没有放入生效")
        return 1
    if answer["state"] == "unchanged":
        say("没有变化")
        return 0
    say(f"情景 {answer['scenarios']} 个" + ("；试运行，没有放入生效" if answer["state"] == "fine" else "；已生效："))
    for each in answer["processes"]:
        say(f"  {each['process']}（{each['name']}）{each['version'][:8] or '只有情景'}")
    return 0


def _write(path: Path, body: bytes) -> bool:
    """Whether there was something to write."""
    if path.is_file() and path.read_bytes() == body:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return True


def _process(path: Path) -> str:
    """The process that a scenario is about; nothing when it can't be read."""
    try:
        return str(json.loads(path.read_bytes())["process"])
    except (ValueError, KeyError, TypeError):
        return ""
