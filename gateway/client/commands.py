"""The commands of ``app.py`` that are clients of a running platform. Each returns the exit code."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from gateway.client import folders, show
from gateway.client.api import Api
from gateway.client.report import report_file
from processes.notation.bundle import read_folder

RUNNING = "running.json"
"""In the data folder: where a client on this machine finds the running platform."""

Say = Callable[[str], None]


def write_running(data: Path, url: str, token: str, standins: str | None) -> None:
    """Leave word of a running platform; only its owner may read it, for the token."""
    with os.fdopen(
        os.open(data / RUNNING, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump({"url": url, "token": token, "standins": standins, "pid": os.getpid()}, file)


def connect(data: Path, url: str | None, default_url: str, default_token: str) -> Api:
    """The running platform: as named, else this machine's, else where it would be. ``BIHUAN_TOKEN`` is the token for another's."""
    try:
        running = json.loads((data / RUNNING).read_text("utf-8"))
    except (OSError, ValueError):
        running = {}
    token = os.environ.get("BIHUAN_TOKEN") or running.get("token") or default_token
    return Api(url or running.get("url") or default_url, token, patience=10.0 if running else 0.0)


def report(api: Api, options: argparse.Namespace, say: Say) -> int:
    """A file of problems in through a channel."""
    summary = report_file(api, options.file, options.channel, options.outcomes)
    say("\n".join(summary.lines()))
    return 1 if summary.bad else 0


def cases(api: Api, options: argparse.Namespace, say: Say) -> int:
    """The newest cases."""
    found = api.get("/api/cases", place=options.place, stage=options.stage, limit=options.limit)
    say(show.as_json(found) if options.json else show.cases(found))
    return 0


def case(api: Api, options: argparse.Namespace, say: Say) -> int:
    """One case, by number or id."""
    found = api.get(f"/api/cases/{options.id}")
    say(show.as_json(found) if options.json else show.case(found))
    return 0


def tasks(api: Api, options: argparse.Namespace, say: Say) -> int:
    """Open tasks."""
    found = api.get("/api/tasks", place=options.place, role=options.role, case=options.case)
    say(show.as_json(found) if options.json else show.tasks(found))
    return 0


def complete(api: Api, options: argparse.Namespace, say: Say) -> int:
    """Complete a task with ``key=value`` (a value that is JSON is taken as JSON)."""
    body = {"data": show.parse_values(options.values), "person": options.person}
    say(show.as_json(api.post(f"/api/tasks/{options.task}/complete", body)))
    return 0


def deploy(api: Api, options: argparse.Namespace, say: Say) -> int:
    """Check models and put them into force."""
    say(show.deployed(api.upload("/api/deploy", read_folder(options.paths), {"place": options.place or ""})))
    return 0


def load(api: Api, options: argparse.Namespace, say: Say) -> int:
    """Load reference data (places, organisations, people, duties, calendars) from a folder of CSV files."""
    folder: Path = options.folder
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}
    say(show.as_json(api.upload("/api/reference", files, {})))
    return 0


def models(api: Api, options: argparse.Namespace, say: Say) -> int:
    """Models in force into a folder, or a folder's into force."""
    return {"pull": folders.pull, "push": folders.push}[options.action](api, options, say)
