"""A small part of ``make faults``: a dozen failpoints, and runs without a guard, in which the checker must find what went wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.faults import faults
from tests.faults.failpoints import Failpoint, scan
from tests.faults.run import line
from tests.faults.trial import Fault, Row, Trial, prepare
from tests.faults.world import BROKER, EMBEDDED, Plan, World
from tests.servers import install

SEED = 20261125

EMBEDDED_POINTS = (
    "bulk.statement-written",
    "database.committing",
    "embedded.delivered",
    "embedded.handled",
    "embedded.leased",
    "engine.applied",
    "engine.committed",
    "inlet.handled",
    "outbound.effected",
    "reception.job-failed",
    "unit.written",
    "worker.accepted",
    "worker.answered",
    "worker.done",
    "worker.long-done",
)
BROKER_POINTS = (
    "amqp.handled",
    "engine.applied",
    "gateway.received",
    "line.carried-out",
    "line.sent",
    "relay.confirmed",
    "worker.accepted",
    "worker.done",
    "worker.long-done",
)


def named(names: Sequence[str]) -> list[Failpoint]:
    """These failpoints."""
    found = [each for each in scan() if each.name in names]
    assert len(found) == len(names)
    return found


def play(plan: Plan, cases: int, fault: Fault, *, stuck: float = 100.0, seed: int = SEED) -> tuple[Row, World]:
    """One trial in a world of its own."""
    with World(plan) as world:
        prepare(world)
        row = Trial(world, "test", cases, random.Random(seed), world.mix, problems=1, stuck=stuck).run(fault)
        # What a run without its guard leaves is wrong on purpose: nobody will look into it.
        world.keep_folder = world.keep_folder and not plan.guard
        return row, world


@pytest.fixture
def servers() -> None:
    """RabbitMQ and PostgreSQL are installed."""
    problem = install.ensure(["rabbitmq-server", "postgresql"])
    if problem:
        pytest.skip(problem)


@pytest.mark.slow
def test_a_dozen_deaths_on_sqlite_lose_and_double_nothing() -> None:
    row, world = play(Plan(EMBEDDED), 80, faults.die_at(named(EMBEDDED_POINTS)))
    assert row.wrong == [], line(row)
    assert set(world.deaths) == set(EMBEDDED_POINTS)


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.postgres
@pytest.mark.usefixtures("servers")
def test_deaths_of_engine_worker_and_gateway_on_postgresql_and_rabbitmq_lose_and_double_nothing() -> None:
    row, world = play(Plan(BROKER), 110, faults.die_at(named(BROKER_POINTS)))
    assert row.wrong == [], line(row)
    assert set(world.deaths) == set(BROKER_POINTS)


@pytest.mark.slow
def test_without_the_inbox_the_checker_finds_cases_that_went_wrong() -> None:
    row, _ = play(Plan(EMBEDDED, guard="inbox"), 60, faults.nothing, stuck=10.0)
    assert [each for each in row.wrong if "instances faults_" in each and each.endswith(": 2, should be 1")], line(row)
    assert "case t" in row.story


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.postgres
@pytest.mark.usefixtures("servers")
def test_without_lock_and_version_the_checker_finds_changes_that_were_overwritten() -> None:
    # Two engines must meet at an instance in the same moment: where they never do, nothing goes wrong, and they are let at it again.
    for seed in range(SEED, SEED + 4):
        row, _ = play(Plan(BROKER, engines=2, guard="version"), 250, faults.nothing, stuck=10.0, seed=seed)
        found = [each for each in row.wrong if "faults_many" in each or "faults_parallel" in each]
        if found:
            break
    assert found
