"""Fixtures for all tests: the clock, databases on both engines, brokers. Servers start when the first test asks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache

from processes.casework.accounts import passwords
from processes.casework.portal import reports
from processes.clock import ManualClock
from processes.store.database import Database
from tests.servers import install
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitNode

_TEMPLATE = "migrated"

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
"""A busy machine is no reason to fail: no test asserts a time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: what takes long is not begun when others are done."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def clock() -> ManualClock:
    """A Monday morning, 9 o'clock in Beijing; it moves when told to."""
    return ManualClock(datetime(2026, 1, 5, 1, 0, tzinfo=UTC))


@pytest.fixture(scope="session", autouse=True)
def shipped_hasher() -> PasswordHasher:
    """How passwords are hashed as shipped, which is dear on purpose; in this process they are hashed in the same way for less."""
    shipped = passwords._hasher
    passwords._hasher = reports._hasher = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    return shipped


@pytest.fixture(scope="session", autouse=True)
def compiled_pages(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Templates are compiled once for all gateways of this process."""
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(str(tmp_path_factory.mktemp("pages")))}


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitNode]:
    """A private broker for the whole run."""
    problem = install.ensure(["rabbitmq-server"])
    if problem:
        pytest.skip(problem)
    node = RabbitNode.start()
    yield node
    node.destroy()


@pytest.fixture
def amqp_url(rabbit: RabbitNode) -> str:
    """A fresh vhost for each test. It goes with the node: to delete one takes longer than most tests."""
    return rabbit.create_vhost(f"test-{uuid.uuid4().hex}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A private PostgreSQL for the whole run, with a migrated database to copy from."""
    problem = install.ensure(["postgresql"])
    if problem:
        pytest.skip(problem)
    server = PostgresServer.start()
    template = Database(server.create_database(_TEMPLATE))
    template.migrate()
    template.dispose()
    yield server
    server.destroy()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh, empty database for each test."""
    name = f"test-{uuid.uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A fresh, migrated SQLite file."""
    database = Database(f"sqlite:///{tmp_path}/bihuan.db")
    database.migrate()
    yield database
    database.dispose()


@pytest.fixture
def postgresql_database(postgres: PostgresServer) -> Iterator[Database]:
    """A fresh, migrated database on PostgreSQL."""
    name = f"test-{uuid.uuid4().hex}"
    database = Database(postgres.create_database(name, template=_TEMPLATE))
    yield database
    database.dispose()
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh, migrated database: each test runs on an SQLite file and on PostgreSQL."""
    made: Database = request.getfixturevalue(f"{request.param}_database")
    return made


@pytest.fixture
def memory() -> Iterator[Database]:
    """A fresh, migrated database in memory."""
    database = Database("sqlite://")
    database.migrate()
    yield database
    database.dispose()
