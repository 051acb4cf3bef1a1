"""A diagram that calls an HTTP system, on a platform as ``app.py engine`` puts it together without a broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cli.platform import Platform
from cli.settings import Settings
from processes.clock import FileClock
from processes.kernel.instance import RunningInstance
from processes.runtime.commands import Start
from processes.runtime.unit import read_state
from processes.store.tables import Incident, Instance, Job
from tests.integration.bus.transports import eventually
from tests.integration.workers.conftest import Outside

DIAGRAM = Path(__file__).parents[2] / "valid" / "http-connector.bpmn"


@dataclass
class Office:
    """The platform, and the registry that its diagram calls."""

    platform: Platform
    outside: Outside
    clock: FileClock

    def start(self, number: str, title: str = "用电报装") -> str:
        """A case that is handed over to the registry."""
        command = Start(f"start-{number}", "http_connector", variables={"number": number, "title": title})
        return str(self.platform.core.engine.execute(command).instance_id)

    def ended(self, instance: str) -> dict[str, Any]:
        """The variables of an instance, once it has ended."""

        def variables() -> dict[str, Any] | None:
            core = self.platform.core
            with core.database.read() as connection:
                row = connection.execute(select(Instance.__table__).where(Instance.id == instance)).one()
                if row.status == "active":
                    return None
                process = core.engine.definitions.process(row.definition_id, connection)
                state = read_state(connection, instance, row.parts)
            return dict(RunningInstance.load(state, process, core.engine.evaluator, instance).data)

        return dict(eventually(variables))

    def job(self, instance: str) -> Any:
        """The row of the instance's first job."""
        with self.platform.core.database.read() as connection:
            return connection.execute(select(Job.__table__).where(Job.instance_id == instance)).first()

    def incident(self, instance: str) -> str:
        """What an incident says, once there is one."""

        def detail() -> str | None:
            with self.platform.core.database.read() as connection:
                return connection.scalar(select(Incident.detail).where(Incident.instance_id == instance))

        return str(eventually(detail))


@pytest.fixture
def office(tmp_path: Path, outside: Outside) -> Iterator[Office]:
    settings, clock = tmp_path / "systems.json", tmp_path / "clock"
    registry = {"url": f"{outside.url}/registry", "connector": {"methods": ["POST", "PATCH"], "paths": ["/records"]}}
    settings.write_text(json.dumps({"registry": {**registry, "failures": 2, "rest": 600}}))
    environment = {"DATA": str(tmp_path / "data"), "SYSTEMS": str(settings), "CLOCK": str(clock)}
    platform = Platform(Settings.read(environment))
    platform.core.database.migrate()
    platform.core.engine.deploy({DIAGRAM.name: DIAGRAM.read_bytes()})
    platform.start_engine(with_workers=True, systems_url=None)
    yield Office(platform, outside, FileClock(clock))
    platform.stop()


def test_the_answer_becomes_what_the_diagram_makes_of_it(office: Office) -> None:
    office.outside.client.put("/registry/records/R-7", json={"title": "旧"}).raise_for_status()
    assert office.ended(office.start("R-7"))["record"] == {"number": "R-7", "state": "open"}
    [changed] = office.outside.effects("registry", "changed")
    assert changed["data"] == {"id": "R-7", "title": "用电报装", "state": "open"}


def test_an_error_that_the_diagram_maps_goes_to_its_boundary_event(office: Office) -> None:
    office.outside.client.put("/registry/records/R-8", json={"state": "closed"}).raise_for_status()
    ended = office.ended(office.start("R-8"))
    assert "record" not in ended
    assert office.outside.effects("registry", "changed") == []
    assert office.ended(office.start("R-9"))["record"] == {"id": "R-00001", "title": "用电报装"}


def test_what_was_not_foreseen_is_an_incident_in_words(office: Office) -> None:
    office.outside.post("/control/faults", {"system": "registry", "kind": "status", "status": 302})
    assert "平台不跟随" in office.incident(office.start("R-7"))


def test_while_the_system_is_down_jobs_wait_without_using_up_attempts(office: Office) -> None:
    office.outside.post("/control/faults", {"system": "registry", "kind": "reset", "times": 2})
    first, second = office.start("A"), office.start("B")
    eventually(lambda: office.job(first).attempts == 1 and office.job(second).attempts == 1)
    third = office.start("C")
    held = eventually(lambda: found if (found := office.job(third)).error else None)
    assert "起没有正常答复" in held.error
    assert (held.state, held.attempts - held.spared) == ("open", 0)
    office.clock.advance(timedelta(seconds=1300))
    eventually(lambda: office.outside.effects("registry", "made"))
    office.clock.advance(timedelta(seconds=1300))
    for instance in (first, second, third):
        assert office.ended(instance)["record"]["title"] == "用电报装"
    assert len(office.outside.effects("registry", "made")) == 3
