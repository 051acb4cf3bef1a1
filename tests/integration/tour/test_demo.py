"""The demo data, played in at the first start over real sockets: gateway, engine, embedded bus, and the stand-ins as a child process."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.platform import Platform
from cli.settings import MODELS, Settings
from gateway.client import demo
from gateway.client.api import Api
from gateway.client.expectations import differences
from gateway.client.player import Play
from gateway.client.scenario import read_folder
from tests.servers.process import free_ports
from workers.standins.child import Child

pytestmark = pytest.mark.slow

SCENARIOS = read_folder(MODELS / demo.FOLDER)


@contextmanager
def started(data: Path) -> Iterator[tuple[Api, str]]:
    """The platform on this folder, put together as ``app.py run`` does; gives the API and the address of the stand-ins."""
    (port,) = free_ports(1)
    settings = Settings.read({"DATA": str(data), "PORT": str(port)})
    platform = Platform(settings)
    platform.core.seed(MODELS)
    platform.start_gateway()
    standins = Child(data / "standins", settings.url)
    try:
        url = standins.start(platform.standin_tokens())
        platform.start_engine(with_workers=True, systems_url=url)
        yield Api(settings.url, platform.secrets().operator), url
    finally:
        standins.stop()
        platform.stop()


def cases(api: Api) -> dict[str, tuple[Any, ...]]:
    """Where every case is, child cases too."""
    rows = api.get("/api/cases", limit=200)["cases"]
    return {row["number"]: (row["place"], row["stage"], row["status"]) for row in rows}


@dataclass
class Played:
    """What a first and a second start did."""

    problems: int = 0
    complaints: list[str] = field(default_factory=list)
    differences: dict[str, list[str]] = field(default_factory=dict)
    incidents: list[Any] = field(default_factory=list)
    cases: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    fresh_the_second_time: int = 0
    cases_the_second_time: dict[str, tuple[Any, ...]] = field(default_factory=dict)


class _Complaints(logging.Handler):
    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(record.getMessage())


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The demo played in once; everything stopped; started again and played once more."""
    data, done = tmp_path_factory.mktemp("demo"), Played()
    listener = _Complaints(done.complaints)
    demo.log.addHandler(listener)
    try:
        with started(data) as (api, standins):
            done.problems = demo.play(api, MODELS / demo.FOLDER, standins)
            done.differences = dict(_differences(api))
            done.incidents = api.get("/api/incidents")["incidents"]
            done.cases = cases(api)
        with started(data) as (api, standins):
            done.fresh_the_second_time = demo.play(api, MODELS / demo.FOLDER, standins)
            done.cases_the_second_time = cases(api)
        yield done
    finally:
        demo.log.removeHandler(listener)


def _differences(api: Api) -> Iterator[tuple[str, list[str]]]:
    for scenario in SCENARIOS:
        play = Play(api, scenario, f"DEMO-{scenario.name}")
        play.report()
        if found := differences(scenario.expect, play.family()):
            yield scenario.name, found


def test_every_demo_problem_is_brought_to_where_its_file_leaves_it(played: Played) -> None:
    assert played.complaints == []
    assert played.problems == len(SCENARIOS)
    assert played.differences == {}


def test_the_demo_raises_no_incident(played: Played) -> None:
    assert played.incidents == []


def test_problems_stand_at_every_stage_and_at_every_level(played: Played) -> None:
    def codes(name: str) -> set[str]:
        with (MODELS / "reference" / name).open(encoding="utf-8-sig", newline="") as file:
            return {row["code"] for row in csv.DictReader(file)}

    assert {stage for _, stage, _ in played.cases.values()} == codes("stages.csv")
    with (MODELS / "reference" / "places.csv").open(encoding="utf-8-sig", newline="") as file:
        levels = {row["code"]: row["level"] for row in csv.DictReader(file)}
    assert {levels[place] for place, _, _ in played.cases.values()} == codes("levels.csv")


def test_a_second_start_adds_nothing_and_every_case_is_where_it_was(played: Played) -> None:
    assert played.fresh_the_second_time == 0
    assert played.cases_the_second_time == played.cases


def test_no_demo_problem_moves_the_clock_or_waits_for_time_to_pass() -> None:
    assert [each.name for each in SCENARIOS if any(type(step).__name__ == "Clock" for step in each.steps)] == []
