"""The tour itself: real RabbitMQ, real PostgreSQL, real processes, some of them killed on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitNode
from tests.tour.__main__ import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.broker,
    pytest.mark.postgres,
    pytest.mark.skipif(
        not RabbitNode.available() or PostgresServer.binaries() is None, reason="needs RabbitMQ and PostgreSQL"
    ),
]

SCENARIOS = Path(__file__).parents[3] / "bpmn/scenarios"


def test_the_tour_ends_right_though_every_process_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "simple", "--only", "cross-board", "--seed", "7", "--kills", "6"]) == 0
    told = capsys.readouterr().out
    assert "engine 1、worker 1、gateway 1、standins 1、rabbitmq 1、postgresql 1" in told
    assert "→ channel.answer" in told


def test_a_scenario_that_ends_otherwise_than_expected_fails_the_tour(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = json.loads((SCENARIOS / "1-simple.json").read_text("utf-8"))
    scenario["expect"]["outcome"] = "explained"
    (tmp_path / "one.json").write_text(json.dumps(scenario), "utf-8")
    assert main(["--scenarios", str(tmp_path)]) == 1
    assert "outcome：应为 explained，实为 solved" in capsys.readouterr().out
