"""Demo data: accounts worth logging in with, and problems played in as their channels would, standing at every stage.

The data are files: ``demo/accounts.csv`` (a role at a place a line) and ``demo/*.jsonl`` (scenarios, see :mod:`gateway.client.scenario`).
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.client.api import Api
from gateway.client.outside import Outside
from gateway.client.player import Play
from gateway.client.scenario import Scenario, read_folder
from processes.errors import BihuanError

log = logging.getLogger(__name__)

FOLDER = "demo"
"""Beside the reference data."""

Row = Mapping[str, str]


def accounts(reference_folder: Path) -> list[tuple[str, str]]:
    """For each line of ``accounts.csv`` the first person with that duty: the account, and who that is in words."""
    roles = {row["code"]: row["name"] for row in _rows(reference_folder / "roles.csv")}
    people = {row["id"]: row["name"] for row in _rows(reference_folder / "people.csv")}
    names = {(row["place"], row["code"]): row["name"] for row in _rows(reference_folder / "organisations.csv")}
    duties = list(_rows(reference_folder / "duties.csv"))
    found = []
    for wanted in _rows(reference_folder.parent / FOLDER / "accounts.csv"):
        duty = next((each for each in duties if _is(each, wanted)), None)
        if duty is not None:
            where = names.get((duty["place"], duty["organisation"]), "")
            words = f"{roles.get(duty['role'], duty['role'])}·{where}"
            found.append((duty["person"], f"{words}（{people.get(duty['person'], duty['person'])}）"))
    return found


def _is(duty: Row, wanted: Row) -> bool:
    return all(not wanted.get(name) or duty[name] == wanted[name] for name in ("role", "place", "organisation"))


def _rows(path: Path) -> Iterator[Row]:
    if path.exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)


def play(api: Api, folder: Path, standins_url: str | None) -> int:
    """Bring in every problem of ``folder`` that is not known yet, and bring each to where its file leaves it; returns how many.

    All are reported first, in the order of the files, so that each gets the same number every time.
    """
    outside = Outside(standins_url) if standins_url else None
    try:
        fresh = [play for each in read_folder(folder) if (play := _reported(api, each, outside)) is not None]
        for each in fresh:
            _take_steps(each)
    finally:
        if outside is not None:
            outside.close()
    return len(fresh)


def _reported(api: Api, scenario: Scenario, outside: Outside | None) -> Play | None:
    play = Play(api, scenario, f"DEMO-{scenario.name}", outside)
    try:
        return None if play.report()["outcome"] == "known" else play
    except BihuanError as error:
        log.warning("demo problem %s: %s", scenario.name, error.zh)
        return None


def _take_steps(play: Play) -> None:
    """One that goes wrong, perhaps because somebody was quicker than we, does not keep the others."""
    try:
        for at, step in enumerate(play.scenario.steps, start=1):
            play.take(at, step)
    except BihuanError as error:
        log.warning("demo problem %s: %s", play.scenario.name, error.zh)
