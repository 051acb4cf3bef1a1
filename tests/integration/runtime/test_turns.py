"""Groups of commands in two threads have their effects one after the other, whatever becomes of the first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import select

from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime import turns
from processes.runtime.engine import PARTNER
from processes.runtime.turns import Turn
from processes.store import inbox
from processes.store.database import Database
from processes.store.tables import HistoryEntry
from tests.diagrams import definitions, element, end, message, path, process, start, user

LONG = 20.0

MODEL = definitions(
    '<bpmn:message id="M" name="news"/><bpmn:message id="N" name="nobody waits"/>',
    process(
        "listener",
        start(),
        element("exclusiveGateway", "again"),
        element("intermediateCatchEvent", "hear", message("M")),
        path("start", "again", "hear", "again"),
    ),
    process("p", start("begin"), user("one"), end(), path("begin", "one", "end")),
)

Ended = list[c.Outcome | Exception]


class Watched(Turn):
    """Tells when its group is worked out."""

    def __init__(self, before: Turn) -> None:
        super().__init__(before)
        self.worked_out = threading.Event()

    def store(self) -> None:
        self.worked_out.set()
        super().store()


class Groups:
    """Two groups: the first, once worked out, waits until :meth:`go_on`; the second comes meanwhile."""

    def __init__(self, database: Database) -> None:
        self.engine = Orchestrator(database)
        self.engine.deploy({"model.bpmn": MODEL}, check=False)  # the listener has no end
        self.listener = self.engine.start("listener")
        self.database = database
        self.zero = Turn()
        self.first = Watched(self.zero)
        self.second = Watched(self.first)
        self._pool = ThreadPoolExecutor(2)

    def give(self, turn: Turn, *commands: c.Command) -> Future[Ended]:
        def carry_out() -> Ended:
            try:
                return self.engine.engine.execute_all(commands, turn=turn)
            finally:
                turn.end()

        return self._pool.submit(carry_out)

    def go_on(self) -> None:
        """Let the first group be stored."""
        self.zero.end()

    def heard(self) -> list[str]:
        """The commands that the listener has had."""
        with self.database.read() as connection:
            of = select(HistoryEntry.command_id).where(HistoryEntry.instance_id == self.listener)
            return list(connection.execute(of.order_by(HistoryEntry.seq)).scalars())[1:]

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def groups(postgresql_database: Database) -> Iterator[Groups]:
    made = Groups(postgresql_database)
    yield made
    made.close()


def news(id: str) -> c.Correlate:
    return c.Correlate(id, "news")


def begin(id: str) -> c.Start:
    return c.Start(id, "p")


@pytest.mark.postgres
def test_a_group_is_worked_out_while_the_one_before_is_not_stored_yet_and_stored_after_it(groups: Groups) -> None:
    first = groups.give(groups.first, begin("s-1"), begin("s-2"))
    assert groups.first.worked_out.wait(LONG)
    second = groups.give(groups.second, begin("s-3"), begin("s-4"))
    assert groups.second.worked_out.wait(LONG)
    assert groups.engine.instances("p") == []

    groups.go_on()

    assert all(isinstance(each, c.Outcome) for each in [*first.result(LONG), *second.result(LONG)])
    with groups.database.read() as connection:
        starts = select(HistoryEntry.command_id).where(HistoryEntry.command_id.like("s-%"))
        assert list(connection.execute(starts.order_by(HistoryEntry.seq)).scalars()) == ["s-1", "s-2", "s-3", "s-4"]


@pytest.mark.postgres
def test_what_two_groups_do_to_one_instance_is_done_in_their_order(groups: Groups) -> None:
    first = groups.give(groups.first, news("n-1"), begin("s-1"))
    assert groups.first.worked_out.wait(LONG)
    second = groups.give(groups.second, news("n-2"), news("n-3"))  # waits for the instance's lock

    groups.go_on()

    assert all(isinstance(each, c.Outcome) for each in [*first.result(LONG), *second.result(LONG)])
    assert groups.heard() == ["n-1", "n-2", "n-3"]


@pytest.mark.postgres
def test_when_the_first_cannot_be_stored_the_second_lets_go_and_comes_after_it_all_the_same(groups: Groups) -> None:
    first = groups.give(groups.first, begin("s-1"), news("n-1"))
    assert groups.first.worked_out.wait(LONG)
    second = groups.give(groups.second, news("n-2"), begin("s-2"))
    with groups.database.write() as connection:  # another engine has had the same command meanwhile
        assert inbox.settle(
            connection,
            PARTNER,
            "Start",
            "s-1",
            groups.engine.clock.now(),
            {"instance": "elsewhere", "incident": None, "buffered": False, "data": {}},
        )

    groups.go_on()

    done, _ = first.result(LONG)
    assert isinstance(done, c.Outcome)
    assert (done.duplicate, done.instance_id) == (True, "elsewhere")
    assert all(isinstance(each, c.Outcome) for each in second.result(LONG))
    assert groups.heard() == ["n-1", "n-2"]


@pytest.mark.postgres
def test_a_second_group_that_holds_what_the_first_needs_lets_go_of_it(
    groups: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message that nobody waits for has what comes before it written at once, the double command's id among it."""
    monkeypatch.setattr(turns, "PATIENCE", 0.2)
    early = c.Correlate("e-1", "nobody waits", "k")
    first = groups.give(groups.first, begin("s-1"), news("n-1"))
    assert groups.first.worked_out.wait(LONG)
    second = groups.give(groups.second, begin("s-1"), early)
    assert groups.second.worked_out.wait(LONG)

    groups.go_on()

    assert [each.duplicate for each in first.result(LONG) if isinstance(each, c.Outcome)] == [False, False]
    assert [each.duplicate for each in second.result(LONG) if isinstance(each, c.Outcome)] == [True, False]
    assert len(groups.engine.instances("p")) == 1
