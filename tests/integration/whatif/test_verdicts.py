"""What becomes of single small cases on drafts: later, sooner, stuck, not played as recorded; messages that come before they are waited for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete

from processes.casework.functions import Snapshots
from processes.kernel.compiler import compile_process
from processes.orchestrator import Orchestrator
from processes.runtime import commands
from processes.store.tables import HistoryEntry
from processes.whatif import comparison, past
from processes.whatif.matching import Matching
from processes.whatif.past import IDLE, past_of
from processes.whatif.player import House
from processes.whatif.record import read
from processes.whatif.replay import replay
from processes.whatif.trial import Trial
from tests.diagrams import definitions, element, end, flow, message, path, process, start, timer, user

MESSAGE = '<bpmn:message id="told" name="told"/>'


def diagram(
    wait: str = "P1D", *more: str, way: tuple[str, ...] = ("begun", "first", "pause", "second", "heard", "done")
) -> bytes:
    """Two tasks with a pause between them, then a message."""
    body = (
        start("begun"),
        user("first", role="clerk"),
        element("intermediateCatchEvent", "pause", timer("timeDuration", f'"{wait}"')),
        user("second", role="clerk"),
        element("intermediateCatchEvent", "heard", message("told"), properties={"correlationKey": "= number"}),
        end("done"),
    )
    return definitions(MESSAGE, process("small", *body, *more, path(*way)))


def lived(engine: Orchestrator) -> str:
    """A case: each task takes two hours, the message comes a day after."""
    engine.deploy({"small.bpmn": diagram()}, check=False)
    case = engine.start("small", {"number": "7"})
    for _ in range(2):
        engine.advance(timedelta(hours=2))
        engine.complete(engine.tasks(case)[0].id, {"ok": True})
        engine.advance(timedelta(days=1))
    engine.correlate("told", "7", {"said": "yes"})
    assert engine.instance(case).state == "completed"
    return case


def verdict(draft: bytes, spoil: Callable[[Orchestrator], None] = lambda engine: None) -> comparison.Verdict:
    """Of that case on a draft; ``until`` is long after."""
    engine = Orchestrator()
    case = lived(engine)
    spoil(engine)
    trial = Trial(
        engine.engine.definitions,
        Snapshots(engine.database),
        {"small.bpmn": draft},
        engine.clock.now() + timedelta(days=30),
    )
    with engine.database.read() as connection:
        (judged,) = trial.judge(connection, [case])
    return judged.verdict


def test_the_same_is_the_same() -> None:
    assert verdict(diagram()).kind == comparison.SAME


def test_a_longer_pause_is_later_and_a_shorter_one_sooner() -> None:
    later, sooner = verdict(diagram("P3D")), verdict(diagram("PT1H"))
    assert (later.kind, sooner.kind) == (comparison.LATER, comparison.SOONER)
    assert later.was is not None
    assert later.would is not None
    assert later.would - later.was == timedelta(days=1)  # the message had come: it is taken at once
    assert sooner.before is not None
    assert sooner.after is not None
    assert sooner.before.at - sooner.after.at == timedelta(hours=23)


def test_a_task_left_out_is_another_way() -> None:
    found = verdict(diagram(way=("begun", "first", "pause", "heard", "done")))
    assert found.kind == comparison.ELSEWHERE
    assert found.before is not None
    assert found.before.name == "second"
    assert found.after is None


def test_a_condition_that_cannot_be_told_is_where_the_draft_is_stuck() -> None:
    ways = (
        flow("begun", "which"),
        flow("which", "first", "= nothing.at.all > 3"),
        path("first", "pause", "second", "heard", "done"),
    )
    found = verdict(
        diagram(
            "P1D", element("exclusiveGateway", "which"), *ways[:2], way=("first", "pause", "second", "heard", "done")
        )
    )
    assert found.kind == comparison.STUCK
    assert found.why is not None
    assert "which" in found.why.zh


def test_what_its_history_does_not_tell_is_counted_as_such() -> None:
    def spoil(engine: Orchestrator) -> None:
        with engine.database.write() as connection:
            connection.execute(delete(HistoryEntry).where(HistoryEntry.kind == "FireTimer"))

    found = verdict(diagram(), spoil)
    assert found.kind == comparison.UNFAITHFUL
    assert found.why is not None


def test_every_kind_of_command_is_played() -> None:
    assert past._COMMANDS.keys() | IDLE | {"Start", "Resolve"} == set(commands._KINDS)


def test_playing_twice_gives_the_same() -> None:
    engine = Orchestrator()
    case = lived(engine)
    house = House({})
    plan = compile_process({"small.bpmn": diagram()}, "small")
    with engine.database.read() as connection:
        (record,) = read(connection, [case], engine.clock.now())
    known = past_of(record, plan, house)
    one, other = (replay(known, Matching(plan, plan), house, engine.clock.now()).trace for _ in range(2))
    assert one.effects == other.effects == known.trace.effects
    assert one.ended == known.trace.ended
