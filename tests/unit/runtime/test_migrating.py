"""Running instances that are taken to another version of their process: what stays, what begins anew, and what cannot go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import insert, select

from processes.errors import BihuanError
from processes.kernel import migration
from processes.kernel.machine import number_of
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.migrating import CannotMigrate, OtherVersion
from processes.store import history
from processes.store.tables import Deadline, Instance, Job, Subscription, TaskDraft, Timer, UserTask
from tests.diagrams import (
    boundary,
    definitions,
    element,
    end,
    flow,
    message,
    path,
    process,
    service,
    start,
    timer,
    user,
)
from tests.reference.words import begins, catch, condition, event_sub_process, gateway, many, root, sub_process

NUMBERS = count(1)
NEWS = root("message", "news") + root("message", "letter")


def drawn(*body: str) -> dict[str, bytes]:
    return {"p.bpmn": definitions(NEWS, process("p", *body))}


def line(*nodes: str, ids: Sequence[str], more: str = "") -> dict[str, bytes]:
    """Nodes one after the other between a start and an end."""
    return drawn(start(), *nodes, end(), path("start", *ids, "end"), more)


class Case:
    """An engine with an instance on the first of two versions."""

    def __init__(self, old: Mapping[str, bytes], new: Mapping[str, bytes], **variables: Any) -> None:
        self.engine = Orchestrator()
        (first,) = self.engine.deploy(old, check=False)
        self.id = self.engine.start("p", variables)
        (second,) = self.engine.deploy(new, check=False)
        self.source, self.target = first.id, second.id

    def proposed(self) -> dict[str, str]:
        parse = self.engine.engine.definitions.process
        return migration.to_json(migration.proposed(parse(self.source), parse(self.target)))

    def migrate(self, mapping: Mapping[str, str] | None = None, *, id: str = "", anew: bool = False) -> c.Outcome:
        said = self.proposed() if mapping is None else {f"p/{a}": f"p/{b}" for a, b in mapping.items()}
        command = c.Migrate(
            id or f"m:{next(NUMBERS)}", self.id, "改版", self.source, self.target, said, anew, actor="wx.xie"
        )
        return self.engine._do(lambda _: command)

    def restart(self) -> None:
        self.engine.engine.workshop.hot.clear()

    def refused(self, mapping: Mapping[str, str] | None = None) -> str:
        """Why it cannot be migrated; everything is as it was."""
        before = self.rows(Instance)
        with pytest.raises(CannotMigrate) as caught:
            self.migrate(mapping)
        assert self.rows(Instance) == before
        self.restart()
        return caught.value.zh

    def rows(self, table: Any) -> Sequence[Any]:
        own = table.id == self.id if table is Instance else table.instance_id == self.id
        with self.engine.database.read() as connection:
            return connection.execute(select(table.__table__).where(own)).all()

    def open_tasks(self) -> list[str]:
        return sorted(each.element for each in self.engine.tasks(self.id))

    def complete(self, element_id: str, **data: Any) -> None:
        (task,) = [each.id for each in self.engine.tasks(self.id) if each.element == element_id]
        self.engine.complete(task, data)

    @property
    def state(self) -> str:
        return self.engine.instance(self.id).state

    @property
    def trace(self) -> list[str]:
        return list(self.engine.instance(self.id).trace)


# -- what stays --------------------------------------------------------------------------------------------------------


def test_a_persons_task_keeps_its_id_its_holder_its_draft_and_its_term_and_says_what_the_new_version_says() -> None:
    old = line(user("ask", dueAt='"P3D"', form="old.form.json"), ids=["ask"])
    new = line(
        user("check", dueAt='"P3D"', form="old.form.json"),
        user("ask", dueAt='"P9D"', form="new.form.json", next="送局长"),
        ids=["check", "ask"],
    )
    case = Case(old, new)
    (before,) = case.rows(UserTask)
    case.engine._do(lambda _: c.Assign("claim", before.id, "claim", "wx.zhang", actor="wx.zhang"))
    with case.engine.database.write() as connection:
        draft = {"task_id": before.id, "person_id": "wx.zhang", "data": {"a": 1}, "saved_at": case.engine.clock.now()}
        connection.execute(insert(TaskDraft), draft)
    case.migrate()
    (row,) = case.rows(UserTask)
    assert (row.id, row.assignee, row.due_at, row.created_at) == (
        before.id, "wx.zhang", before.due_at, before.created_at,
    )  # fmt: skip
    assert (row.definition_id, row.form, row.next) == (case.target, "new.form.json", "送局长")
    with case.engine.database.read() as connection:
        assert connection.scalar(select(TaskDraft.data)) == {"a": 1}
    case.restart()
    case.complete("ask")
    assert case.state == "completed"


def test_a_job_in_flight_keeps_its_id_its_attempts_and_its_lock_and_its_result_counts() -> None:
    old = line(service("send", "post", {"n": "1"}, "letter_id"), ids=["send"])
    new = line(service("post_it", "post", {"n": "2"}, "number"), user("read"), ids=["post_it", "read"])
    case = Case(old, new)
    (job,) = case.engine.jobs(instance=case.id)
    case.engine.fail_job(job.id, "没人应答", retry_after=0)
    case.engine._do(lambda _: c.AcceptJob("a", job.id, "worker-1", 60.0))
    (before,) = case.rows(Job)
    case.migrate({"send": "post_it"})
    (row,) = case.rows(Job)
    assert row.element_id == "post_it"
    kept = ("id", "attempts", "locked_by", "locked_until", "arguments", "state", "retries", "available_at")
    assert [getattr(row, name) for name in kept] == [getattr(before, name) for name in kept]
    case.restart()
    case.engine.complete_job(job.id, "R-7")
    assert case.open_tasks() == ["read"]
    assert case.engine.instance(case.id).variables == {"number": "R-7"}


def test_a_job_that_another_worker_does_in_the_new_version_begins_anew() -> None:
    old = line(service("send", "post", result="r", dueAt='"P2D"'), ids=["send"])
    new = line(service("send", "mail", result="r", dueAt='"P2D"'), ids=["send"])
    case = Case(old, new)
    (job,) = case.engine.jobs(instance=case.id)
    case.migrate()
    states = {row.topic: row.state for row in case.rows(Job)}
    assert states == {"post": "cancelled", "mail": "open"}
    with pytest.raises(BihuanError):
        case.engine.complete_job(job.id, 1)
    (fresh,) = case.engine.jobs(instance=case.id)
    assert [row.task_id for row in case.rows(Deadline)] == [fresh.id]
    case.restart()
    case.engine.complete_job(fresh.id, 1)
    assert case.state == "completed"


def test_a_timer_keeps_the_time_it_has_left_unless_it_is_to_be_worked_out_anew() -> None:
    def waiting(hours: int) -> dict[str, bytes]:
        return line(catch("wait", timer("timeDuration", f'"PT{hours}H"')), ids=["wait"])

    for anew, due_in in ((False, 5), (True, 10)):
        case = Case(waiting(10), waiting(15))
        case.engine.advance(timedelta(hours=5))
        (before,) = case.rows(Timer)
        case.migrate(anew=anew)
        case.restart()
        (row,) = case.rows(Timer)
        assert row.task_id == before.task_id
        assert row.due_at - case.engine.clock.now() == timedelta(hours=5 if not anew else 15)
        case.engine.advance(timedelta(hours=due_in + 5 * anew))
        assert case.state == "completed"


def test_a_message_that_is_waited_for_finds_the_instance_by_the_key_it_had() -> None:
    old = line(catch("hear", message("news"), correlationKey="= k"), ids=["hear"])
    new = line(catch("listen", message("news"), correlationKey='= "other"'), user("read"), ids=["listen", "read"])
    case = Case(old, new, k="K-1")
    case.migrate({"hear": "listen"})
    case.restart()
    (row,) = case.rows(Subscription)
    assert (row.element_id, row.key) == ("listen", "K-1")
    case.engine.correlate("news", "K-1", {"n": 1})
    assert case.open_tasks() == ["read"]


def test_an_event_that_waits_for_something_else_begins_anew() -> None:
    old = line(catch("hear", message("news"), correlationKey="= k"), ids=["hear"])
    new = line(catch("hear", timer("timeDuration", '"PT1H"')), ids=["hear"])
    case = Case(old, new, k="K-1")
    case.migrate()
    assert not case.rows(Subscription)
    case.engine.advance(timedelta(hours=1))
    assert case.state == "completed"


def test_events_on_the_border_that_are_new_are_waited_for_and_those_that_are_gone_are_not() -> None:
    gone = boundary("gone", "ask", timer("timeDuration", '"PT1H"'))
    stays = boundary("stays", "ask", timer("timeDuration", '"PT4H"'))
    new_one = boundary("new", "ask", message("letter"), correlationKey='= "L"')
    old = line(user("ask"), gone, stays, ids=["ask"], more=flow("gone", "end") + flow("stays", "end"))
    new = line(user("ask"), new_one, stays, ids=["ask"], more=flow("new", "end") + flow("stays", "end"))
    case = Case(old, new)
    kept = next(row.task_id for row in case.rows(Timer) if row.element_id == "stays")
    case.migrate()
    case.restart()
    assert [(row.task_id, row.element_id) for row in case.rows(Timer)] == [(kept, "stays")]
    case.engine.advance(timedelta(hours=2))
    assert case.open_tasks() == ["ask"]
    case.engine.correlate("letter", "L")
    assert case.state == "completed"
    assert "new" in case.trace


def test_a_reminder_that_has_been_sent_is_not_sent_again() -> None:
    def reminding(id: str) -> dict[str, bytes]:
        reminder = boundary(id, "ask", timer("timeDuration", '"PT1H"'), interrupting=False)
        return line(user("ask"), reminder, user("hurry"), ids=["ask"], more=flow(id, "hurry") + flow("hurry", "end"))

    case = Case(reminding("late"), reminding("overdue"))
    case.engine.advance(timedelta(hours=1))
    case.migrate({"start": "start", "ask": "ask", "late": "overdue", "hurry": "hurry", "end": "end"})
    case.engine.advance(timedelta(days=1))
    assert case.open_tasks() == ["ask", "hurry"]


def test_an_event_sub_process_that_is_new_waits_and_one_that_is_gone_does_not() -> None:
    def stopping(id: str, name: str) -> str:
        inner = begins(f"{id}_start", message(name), correlationKey='= "K"') + end(f"{id}_end")
        return event_sub_process(id, inner, flow(f"{id}_start", f"{id}_end"))

    case = Case(
        line(user("ask"), stopping("one", "news"), ids=["ask"]),
        line(user("ask"), stopping("two", "letter"), ids=["ask"]),
    )
    case.migrate()
    case.restart()
    assert [row.message for row in case.rows(Subscription)] == ["letter"]
    case.engine.correlate("letter", "K")
    assert (case.state, case.trace[-1]) == ("completed", "two")


def test_turns_of_a_multi_instance_and_what_has_been_collected_stay() -> None:
    def voting(item: str, *more: str) -> dict[str, bytes]:
        loop = many(items="people", item=item, outputs="votes", output="vote")
        return line(element("userTask", "vote", loop), *more, ids=["vote", *(["read"] if more else [])])

    people = [f"p{number}" for number in range(200)]
    case = Case(voting("who"), voting("whom", user("read")), people=people)
    for number, task in enumerate(sorted(case.engine.tasks(case.id), key=lambda each: number_of(each.id))[:80]):
        case.engine.complete(task.id, {"vote": number})
    case.migrate()
    case.restart()
    for task in case.engine.tasks(case.id):
        case.engine.complete(task.id, {"vote": -1})
    assert case.open_tasks() == ["read"]
    assert case.engine.instance(case.id).variables["votes"] == [*range(80), *[-1] * 120]


def test_a_sub_process_is_gone_on_with_from_inside() -> None:
    def nested(inner: str, *more: str) -> dict[str, bytes]:
        ids = ["s", inner, *more, "e"]
        body = [start("s"), user(inner), *map(user, more), end("e"), path(*ids)]
        return line(sub_process("sub", *body), ids=["sub"])

    case = Case(nested("ask"), nested("ask", "check"))
    case.migrate()
    case.restart()
    case.complete("ask")
    case.complete("check")
    assert case.state == "completed"


def test_what_a_step_has_given_is_there_under_the_name_that_the_new_version_says() -> None:
    def asking(ask: str, read: str) -> dict[str, bytes]:
        parts = [
            start(),
            user(ask, form="a.form.json"),
            user(read),
            gateway("exclusive", "which", "which_end"),
            end(),
            end("good"),
        ]
        ways = path("start", ask, read, "which", "end") + flow("which", "good", f'= {ask}.outcome = "yes"')
        return drawn(*parts, ways)

    case = Case(asking("ask", "read"), asking("ask_first", "read_it"))
    case.complete("ask", outcome="yes")
    case.migrate({each: each for each in ("start", "which", "end", "good")} | {"ask": "ask_first", "read": "read_it"})
    case.restart()
    case.complete("read_it")
    assert case.trace[-1] == "good"


# -- branches ----------------------------------------------------------------------------------------------------------


def branches(a: Sequence[str] = ("a",), b: Sequence[str] = ("b",), *others: Sequence[str]) -> dict[str, bytes]:
    parts = [start(), gateway("parallel", "split"), gateway("parallel", "join"), end()]
    for ids in (a, b, *others):
        parts += [*map(user, ids), path("split", *ids, "join")]
    return drawn(*parts, flow("start", "split"), flow("join", "end"))


def test_a_branch_that_has_arrived_at_a_join_waits_there_although_a_step_was_put_before_it() -> None:
    case = Case(branches(), branches(("a", "a2"), ("b", "b2")))
    case.complete("a")
    case.migrate()
    case.restart()
    case.complete("b")
    case.complete("b2")
    assert case.state == "completed"


def test_a_case_that_is_stuck_at_a_join_goes_on_at_once_in_a_version_that_mends_it() -> None:
    def drawing(*more: str) -> dict[str, bytes]:
        parts = [start(), gateway("parallel", "split"), gateway("parallel", "join"), *map(user, ("a", "b", "c")), end()]
        ways = (
            path("start", "split", "a", "join", "end") + path("split", "c", "join") + path("split", "b", "which", "end")
        )
        return drawn(*parts, gateway("exclusive", "which", "which_end"), ways, *more)

    case = Case(drawing(flow("which", "join", "= back")), drawing(), back=False)
    for each in ("a", "b", "c"):
        case.complete(each)
    assert (case.state, case.open_tasks()) == ("active", [])
    case.migrate()
    assert case.state == "completed"


def test_a_case_is_not_moved_to_where_its_branches_could_never_meet() -> None:
    case = Case(branches(), branches(("a",), ("b",), ("c",)))
    assert "不会同时出现" in case.refused()
    case.complete("a")
    assert "不会同时出现" in case.refused()
    case.complete("b")
    assert case.state == "completed"


def test_a_case_in_two_branches_is_not_moved_to_where_they_follow_each_other() -> None:
    assert "不会同时出现" in Case(branches(), line(user("a"), user("b"), ids=["a", "b"])).refused()


def test_a_case_before_the_change_is_moved_whatever_comes_after() -> None:
    def before(*more: str) -> dict[str, bytes]:
        parts = [start(), user("first"), gateway("parallel", "split"), gateway("parallel", "join"), end()]
        for id in ("a", "b", *more):
            parts += [user(id), path("split", id, "join")]
        return drawn(*parts, path("start", "first", "split"), flow("join", "end"))

    case = Case(before(), before("c", "d"))
    case.migrate()
    case.restart()
    case.complete("first")
    for each in ("a", "b", "c", "d"):
        case.complete(each)
    assert case.state == "completed"


# -- what cannot go ----------------------------------------------------------------------------------------------------


def test_a_step_that_the_new_version_has_not_stays_where_it_is_and_says_why() -> None:
    case = Case(line(user("ask"), ids=["ask"]), line(user("read"), ids=["read"]))
    assert case.refused() == "“ask”：该步骤在新版本中没有对应的步骤"
    case.complete("ask")
    assert case.state == "completed"


def test_a_step_cannot_become_one_of_another_kind() -> None:
    case = Case(line(user("ask"), ids=["ask"]), line(service("ask", "post"), ids=["ask"]))
    assert case.refused({"ask": "ask"}) == "“ask”：种类不同：原来是用户任务，新版本中是服务任务"
    single = Case(line(user("ask"), ids=["ask"]), line(element("userTask", "ask", many(number="= 2")), ids=["ask"]))
    assert "做法不同" in single.refused({"ask": "ask"})


def test_an_instance_on_another_version_is_left_alone_and_the_same_command_again_changes_nothing() -> None:
    case = Case(line(user("ask"), ids=["ask"]), line(user("ask"), user("more"), ids=["ask", "more"]))
    assert not case.migrate(id="once").duplicate
    before = case.rows(Instance)
    assert case.migrate(id="once").duplicate
    with pytest.raises(OtherVersion):
        case.migrate()
    assert case.rows(Instance) == before


def test_a_suspended_instance_is_migrated_and_stays_suspended() -> None:
    case = Case(
        line(user("ask"), ids=["ask"]),
        line(user("ask"), boundary("b", "ask", condition("= true")), user("late"), ids=["ask"],
             more=flow("b", "late") + flow("late", "end")),
    )  # fmt: skip
    case.engine.suspend(case.id)
    case.migrate()
    assert (case.state, case.open_tasks()) == ("suspended", ["ask"])
    case.engine.resume(case.id)
    assert case.open_tasks() == ["late"]


def test_what_cannot_be_worked_out_in_the_new_version_leaves_everything_as_it_was() -> None:
    late = boundary("late", "ask", timer("timeDuration", "= nothing.at.all"))
    case = Case(line(user("ask"), ids=["ask"]), line(user("ask"), late, ids=["ask"], more=flow("late", "end")))
    before = case.rows(Instance)
    with pytest.raises(BihuanError):
        case.migrate()
    assert case.rows(Instance) == before
    case.complete("ask")
    assert case.state == "completed"


# -- the record --------------------------------------------------------------------------------------------------------


def test_the_history_tells_the_whole_way_by_the_ids_of_the_version_that_the_instance_has_now() -> None:
    case = Case(
        line(user("a"), user("b"), ids=["a", "b"]), line(user("one"), user("two"), user("c"), ids=["one", "two", "c"])
    )
    case.complete("a")
    case.migrate({"start": "start", "a": "one", "b": "two", "end": "end"})
    with case.engine.database.read() as connection:
        entries = history.read(connection, case.id)
    assert [entry.versions["definition"] for entry in entries] == [case.source, case.source, case.target]
    assert entries[-1].input["mapping"]["p/b"] == "p/two"
    assert case.trace == ["start", "one"]
    case.complete("two")
    case.complete("c")
    assert case.trace == ["start", "one", "two", "c", "end"]


def test_an_open_incident_says_where_it_is_by_the_new_id_and_can_be_tried_again_there() -> None:
    def deciding(id: str, when: str) -> dict[str, bytes]:
        parts = [start(), user(id), gateway("exclusive", "which"), end("one"), end("two")]
        return drawn(*parts, path("start", id, "which"), flow("which", "one", when), flow("which", "two", "= x = 2"))

    case = Case(deciding("ask", "= x = 1"), deciding("ask_now", "= x = 3"))
    case.complete("ask", x=3)
    (incident,) = case.engine.instance(case.id).incidents
    case.migrate({each: each for each in ("start", "which", "one", "two")} | {"ask": "ask_now"})
    case.engine.resolve(incident.id)
    assert (case.state, case.trace[-1]) == ("completed", "one")


# -- the proposal ------------------------------------------------------------------------------------------------------


def test_elements_are_proposed_by_id_then_by_name_then_by_their_neighbours() -> None:
    def named(id: str, name: str) -> str:
        return element("userTask", id, name=name)

    old = drawn(start("s1"), named("x", "受理"), gateway("exclusive", "g1"), named("y", "办理"), end("e1"),
                path("s1", "x", "g1", "y", "e1"))  # fmt: skip
    new = drawn(start("s2"), named("x2", "受理"), named("z", "审核"), gateway("exclusive", "g2"), named("y2", "办理"), end("e2"),
                path("s2", "x2", "z", "g2", "y2", "e2"))  # fmt: skip
    case = Case(old, new)
    assert case.proposed() == {"p/s1": "p/s2", "p/x": "p/x2", "p/g1": "p/g2", "p/y": "p/y2", "p/e1": "p/e2"}
    kinds = Case(line(user("ask"), ids=["ask"]), line(service("ask", "post"), ids=["ask"]))
    assert "p/ask" not in kinds.proposed()
