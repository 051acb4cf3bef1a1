"""Runs that are stored: begun by an owner, played by the engine bit by bit, stopped, and gone on with by another process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from processes.casework import model_drafts
from processes.store.tables import HistoryEntry, OutboxMessage, UserTask, WhatIf, WhatIfCase
from processes.whatif import results, runs
from processes.whatif.runs import BATCH, WhatIfs
from tests.integration.gateway.world import World
from tests.integration.whatif.conftest import OWNER, draft, handled, played

EARLIER = 'value="= add working days(limits.since, limits.sign_days, case.place)"'
TO_POLICY = ("extra_days: 0", 'board: "330502.policy", extra_days: 0')


def begun(world: World, draft_id: str) -> str:
    now = world.clock.now()
    with world.services.database.write() as connection:
        found = model_drafts.own(connection, draft_id, OWNER)
        assert found is not None
        return runs.begin(connection, found, now - timedelta(days=30), now + timedelta(days=1), now)


def run_of(world: World, run_id: str) -> Any:
    with world.services.database.read() as connection:
        return connection.execute(select(WhatIf.__table__).where(WhatIf.id == run_id)).one()


def counts(world: World, run_id: str) -> dict[str, int]:
    with world.services.database.read() as connection:
        return {name: count for name, count in results.summary(connection, run_id).counts.items() if count}


def rerouted(world: World) -> str:
    return draft(world, lambda text: text.replace(*TO_POLICY))


def test_what_would_have_gone_elsewhere_is_counted_with_everybodys_load(world: World) -> None:
    handled(world, 3)
    run_id = begun(world, rerouted(world))
    played(world)
    run = run_of(world, run_id)
    assert (run.state, run.total, run.done) == ("done", 3, 3)
    assert counts(world, run_id) == {"elsewhere": 3}
    assert run.load["330502.finance"] == [6, 0]
    assert run.load["330502.policy"] == [0, 6]
    with world.services.database.read() as connection:
        row = connection.execute(select(WhatIfCase.__table__).where(WhatIfCase.run_id == run_id)).first()
    assert row is not None
    assert (row.said["before"]["name"], row.said["after"]["name"]) == ("签收", "签收")
    assert "330502.policy" in row.said["after"]["where"]


def test_another_deadline_is_no_other_way(world: World) -> None:
    handled(world, 2)
    run_id = begun(
        world, draft(world, lambda text: text.replace(EARLIER, EARLIER.replace("sign_days", "handle_days"), 1))
    )
    played(world)
    assert counts(world, run_id) == {"worded": 2}


def test_nothing_is_changed_and_nothing_leaves(world: World) -> None:
    handled(world, 2)
    run_id = begun(world, rerouted(world))
    counted = [select(func.count()).select_from(table) for table in (HistoryEntry, OutboxMessage, UserTask)]
    with world.services.database.read() as connection:
        before = [connection.scalar(each) for each in counted]
    played(world)
    assert run_of(world, run_id).state == "done"
    with world.services.database.read() as connection:
        assert [connection.scalar(each) for each in counted] == before


def test_another_process_goes_on_with_what_one_has_left(world: World) -> None:
    numbers = handled(world, BATCH + 2)
    run_id = begun(world, rerouted(world))
    first, other = (WhatIfs(world.engine, world.services.snapshots) for _ in range(2))
    assert first.round()
    assert first.round()
    half = run_of(world, run_id)
    assert (half.state, half.total, half.done) == ("running", len(numbers), BATCH)
    assert first._take() is not None  # it dies with the run in hand
    assert not other.round()
    world.clock.advance(runs.LEASE)
    assert other.round()
    run = run_of(world, run_id)
    assert (run.state, run.done) == ("done", len(numbers))
    assert counts(world, run_id) == {"elsewhere": len(numbers)}
    assert run.load["330502.finance"] == [2 * len(numbers), 0]


def test_a_run_that_is_stopped_stays_as_it_is(world: World) -> None:
    handled(world, 2)
    run_id = begun(world, rerouted(world))
    what_ifs = WhatIfs(world.engine, world.services.snapshots)
    assert what_ifs.round()
    with world.services.database.write() as connection:
        runs.stop(connection, run_id, world.clock.now())
    assert not what_ifs.round()
    run = run_of(world, run_id)
    assert (run.state, run.total, run.done) == ("stopped", 2, 0)


def test_a_draft_that_cannot_run_says_so(world: World) -> None:
    handled(world, 1)
    broken = draft(world, lambda text: text.replace('calledElement="board_work"', 'calledElement="nothing"'))
    run_id = begun(world, broken)
    played(world)
    run = run_of(world, run_id)
    assert run.state == "failed"
    assert "nothing" in run.wrong["zh"]


def test_the_same_is_not_begun_twice_and_runs_go_with_their_draft(world: World) -> None:
    identity = rerouted(world)
    run_id = begun(world, identity)
    assert begun(world, identity) == run_id
    with world.services.database.write() as connection:
        found = model_drafts.own(connection, identity, OWNER)
        assert found is not None
        model_drafts.discard(connection, found)
    assert begun(world, rerouted(world)) != run_id
    with world.services.database.read() as connection:
        assert connection.scalar(select(WhatIf.id).where(WhatIf.id == run_id)) is None
