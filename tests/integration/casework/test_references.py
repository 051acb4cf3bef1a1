"""What another system says under a reference that it never gave is refused, by what the case's own history knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from processes.casework.assembly import Core
from processes.clock import ManualClock
from processes.messaging.bus import Message
from processes.messaging.inlet import Receipt, Status
from processes.runtime.commands import CompleteTask
from processes.store.database import Database
from processes.store.tables import Case, Job, UserTask

MODELS = Path(__file__).parents[3] / "bpmn"
TOPIC = "seven-lists.transfer"


class Platform:
    """The shipped models behind the inlet, with one problem that is to go to the seven lists."""

    def __init__(self, clock: ManualClock) -> None:
        self.core = Core.on(Database("sqlite://"), clock)
        self.core.seed(MODELS)
        self._inlet = self.core.reception.inlet(lambda partner, type_: True)
        report = json.loads((MODELS / "scenarios/7-major.json").read_text("utf-8"))["report"]
        self.tell("hotline.order", {**report, "id": "42"})

    def tell(self, type_: str, data: dict[str, Any], **extensions: str) -> Receipt:
        """A message of our own or, with a ``partner``, of one; each with an id of its own."""
        id_ = f"{type_}-{json.dumps(data, sort_keys=True)}-{extensions}"[:200]
        return self._inlet.receive(Message(id_, type_, "/test", self.core.clock.now(), data, extensions=extensions))

    def say(self, what: str, reference: str | None, **data: Any) -> Receipt:
        """Something of the seven lists about the problem."""
        told = {"case": self.number, **({"reference": reference} if reference else {}), **data}
        return self.tell(f"seven-lists.{what}", told, partner="seven-lists")

    @property
    def number(self) -> str:
        with self.core.database.read() as connection:
            return str(connection.scalar(select(Case.number)))

    def finish(self, reference: str) -> None:
        """The seven lists have taken the problem in under this reference."""
        with self.core.database.read() as connection:
            job = connection.scalar(select(Job.id).where(Job.topic == TOPIC, Job.state == "open"))
        self.tell("job.completed", {"result": {"reference": reference}}, jobid=str(job))

    def transfer_again(self) -> None:
        """The centre has the problem back and transfers it once more."""
        with self.core.database.read() as connection:
            task = connection.scalar(select(UserTask.id).where(UserTask.state == "open"))
        again = {"outcome": "seven_lists", "list": "safety"}
        self.core.engine.execute(CompleteTask("again", str(task), again))

    def status(self) -> str:
        with self.core.database.read() as connection:
            return str(connection.scalar(select(Case.status)))


@pytest.fixture
def platform(clock: ManualClock) -> Platform:
    return Platform(clock)


def test_another_reference_is_refused_and_the_case_stays_as_it_was(platform: Platform) -> None:
    platform.finish("QD-1")
    before = platform.status()
    receipt = platform.say("accepted", "QD-9")
    assert receipt.status is Status.REFUSED
    assert "应为 QD-1" in str(receipt.reason)
    assert platform.status() == before
    assert platform.say("accepted", "QD-1").status is Status.ACCEPTED
    assert platform.status() == "七张问题清单已接收"
    assert platform.say("stage", "QD-9", stage="strike_off").status is Status.REFUSED
    assert platform.say("stage", None, stage="measures").status is Status.ACCEPTED
    assert platform.status() == "七张问题清单：措施"


def test_without_a_reference_it_is_taken_only_of_the_one_transfer_that_is_open(platform: Platform) -> None:
    platform.finish("QD-1")
    assert platform.say("rejected", None, reason="不属于清单范围。").status is Status.ACCEPTED
    late = platform.say("stage", None, stage="measures")
    assert "没有对应的问题，或者不归 seven-lists 来信" in str(late.reason)
    platform.transfer_again()
    unnamed = platform.say("stage", None, stage="strike_off")
    assert "移送过不止一次" in str(unnamed.reason)
    platform.finish("QD-2")
    assert "移送过不止一次" in str(platform.say("rejected", None, reason="还是不收。").reason)
    assert platform.say("accepted", "QD-2").status is Status.ACCEPTED


def test_what_overtakes_the_receipt_is_taken(platform: Platform) -> None:
    assert platform.say("accepted", "QD-1").status is Status.ACCEPTED
    platform.finish("QD-1")
    assert platform.status() == "七张问题清单已接收"
