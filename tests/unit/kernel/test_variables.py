"""What variables are known where: to turns of a loop, to event sub-processes, at the end of scopes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from processes.orchestrator import Orchestrator
from processes.store.tables import Instance
from tests.diagrams import definitions, element, end, path, process, script, start, user
from tests.reference.words import begins, data_object, event_sub_process, guard, many, reads, root, signal, sub_process

SIGNALS = "".join(root("signal", name) for name in ("first", "second", "third"))


def started(*body: str, **variables: Any) -> tuple[Orchestrator, str]:
    """An instance of a process with this body."""
    engine = Orchestrator()
    # No more is drawn than what a test is about: the check would ask for more.
    engine.deploy({"p.bpmn": definitions(SIGNALS, process("p", *body))}, check=False)
    return engine, engine.start("p", variables)


def do(engine: Orchestrator, case: str, **data: Any) -> None:
    """Complete the first task that is open."""
    engine.complete(engine.tasks(case)[0].id, data)


def instead(name: str, event: str, inside: str) -> str:
    """An event sub-process that interrupts by a signal, and does one thing."""
    begin = begins(f"begin_{name}", signal(event))
    return event_sub_process(name, begin, inside, path(f"begin_{name}", f"in_{name}"))


def test_a_turn_of_a_sequential_loop_begins_with_what_those_before_it_have_done() -> None:
    add = "<bpmn:script>= {n: if n = 2 then 0 else n + 1, seen: append(seen, n)}</bpmn:script>"
    task = element("scriptTask", "add", many(number="= 4", one_by_one=True), add)
    engine, case = started(start(), task, end(), path("start", "add", "end"), n=0, seen=[])
    assert engine.instance(case).variables == {"n": 1, "seen": [1, 2, 0, 1]}


def test_what_turns_of_a_sequential_loop_have_done_is_known_to_an_event_that_interrupts_their_scope() -> None:
    task = element("userTask", "work", many(number="= 3", one_by_one=True))
    engine, case = started(
        instead("e", "first", script("in_e", "= {seen: done}")), start(), task, end(), path("start", "work", "end")
    )
    do(engine, case, done=1)
    engine.engine.workshop.hot.clear()  # as in another process: the state is read from the database
    engine.signal("first", instance=case)
    assert engine.instance(case).variables == {"done": 1, "seen": 1}


def test_variables_that_a_person_corrects_are_corrected_for_every_turn_of_a_loop() -> None:
    for one_by_one in (True, False):
        task = element("userTask", "work", many(number="= 2", one_by_one=one_by_one))
        divide = script("divide", "part = total / number")
        engine, case = started(
            start(), task, script("see", "= {seen: number}"), user("other"), divide, end(),
            path("start", "work", "see", "end"), path("start", "other", "divide", "end"),
            total=10, number=0,
        )  # fmt: skip
        do(engine, case)
        engine.complete(next(each.id for each in engine.tasks(case) if each.element == "other"))
        (incident,) = engine.instance(case).incidents
        engine.resolve(incident.id, "retry", {"number": 4})
        do(engine, case)
        assert engine.instance(case).variables == {"total": 10, "number": 4, "part": 2.5, "seen": 4}, one_by_one


def test_what_an_interrupted_scope_knew_is_known_around_it_while_its_event_sub_process_runs() -> None:
    inner = sub_process(
        "inner", instead("e", "first", user("in_e")), start("s"), user("work"), user("more"), path("s", "work", "more")
    )
    engine, case = started(
        instead("f", "second", script("in_f", "= {seen: done}")), start(), inner, end(), path("start", "inner", "end")
    )
    do(engine, case, done=1)
    engine.signal("first", instance=case)
    engine.signal("second", instance=case)
    assert engine.instance(case).variables == {"done": 1, "seen": 1}


def test_beside_each_other_the_value_written_last_counts_even_if_it_was_there_before() -> None:
    tasks = path("begin", "set", "more"), user("set"), user("more")
    beside = event_sub_process("e", begins("begin", signal("first"), interrupting=False), *tasks)
    engine, case = started(beside, start(), user("work"), end(), path("start", "work", "end"), k=1)
    engine.signal("first", instance=case)
    engine.signal("first", instance=case)
    work, one, other = engine.tasks(case)
    engine.complete(one.id, {"k": 2})
    engine.complete(other.id, {"k": 1})
    engine.complete(next(each.id for each in engine.tasks(case) if each.element == "more"))
    engine.complete(work.id)
    engine.complete(engine.tasks(case)[-1].id)
    assert (engine.instance(case).state, engine.instance(case).variables) == ("completed", {"k": 1})


def test_beside_each_other_what_is_written_counts_even_if_another_that_is_gone_had_written_it_before() -> None:
    wait = element("userTask", "wait", properties={"organisation": "= who"})
    inner = sub_process("inner", start("s"), script("mark", "= {k: 1}"), wait, path("s", "mark", "wait"))
    begin, out = begins("begin", signal("first"), interrupting=False), guard("out", "inner", signal("second"))
    beside = event_sub_process("e", begin, inner, out, path("begin", "inner"))
    engine, case = started(beside, start(), user("work"), end(), path("start", "work", "end"))
    for who in ("one", "other"):  # the other begins with k = 1 of the first, and writes it once more
        engine.signal("first", {"who": who}, instance=case)
    engine.complete(next(each.id for each in engine.tasks(case) if each.organisation == "other"))
    engine.signal("second", instance=case)  # the first is gone with what it wrote
    engine.complete(engine.tasks(case)[0].id)
    found = engine.instance(case)
    assert (found.state, found.variables) == ("completed", {"k": 1, "who": "other"})


def test_what_was_known_of_others_that_are_gone_at_last_is_nobodys_however_often_it_was_written_anew() -> None:
    inside = sub_process("sub", start("s"), script("mark", "= {k: 1}"), user("wait"), path("s", "mark", "wait"))
    begin, out = begins("begin_inner", signal("second"), interrupting=False), guard("out", "sub", signal("third"))
    inner = event_sub_process("inner", begin, inside, out, path("begin_inner", "sub"))
    begin = begins("begin_outer", signal("first"), interrupting=False)
    outer = event_sub_process("outer", begin, inner, user("more"), path("begin_outer", "more"))
    engine, case = started(outer, start(), user("work"), end(), path("start", "work", "end"))
    for number, event in enumerate(("first", "second", "first", "second", "second")):
        engine.signal(event, {"number": number}, instance=case)  # the second outer one begins with k = 1 of the first
    engine.signal("third", instance=case)  # all that wrote k are gone with it
    for task in engine.tasks(case):
        engine.complete(task.id)
    assert (engine.instance(case).state, engine.instance(case).variables) == ("completed", {"number": 4})


def test_what_an_event_sub_process_found_when_it_began_is_not_its_own_writing() -> None:
    work = "".join(element("userTask", name, properties={"organisation": f"= {name}"}) for name in ("left", "right"))
    marks = script("m_left", '= {k: "left", left: "left"}'), script("m_right", '= {k: "right", right: "right"}')
    ways = path("begin_sub", "m_left", "left"), path("begin_sub", "m_right", "right")
    inside = sub_process("sub", start("begin_sub"), work, *marks, *ways)
    tasks = path("begin", "see"), user("see")
    beside = event_sub_process("e", begins("begin", signal("first"), interrupting=False), *tasks)
    engine, case = started(beside, start(), inside, end(), path("start", "sub", "end"))
    engine.signal("first", instance=case)  # it begins with what was written last: the right branch's
    for element_id, data in (("right", {}), ("left", {"k": "left"}), ("see", {})):  # the left one writes after that
        engine.complete(next(each.id for each in engine.tasks(case) if each.element == element_id), data)
    assert engine.instance(case).variables == {"k": "left", "left": "left", "right": "right"}


def test_an_entry_that_an_event_sub_process_writes_anew_counts_though_the_scope_writes_another_after_it() -> None:
    put = script("put", '= {box: context put(box, "a", n)}')
    beside = event_sub_process(
        "e", begins("begin", signal("first"), interrupting=False), put, user("more"), path("begin", "put", "more")
    )
    note = script("note", '= {box: context put(box, "b", 1)}')
    engine, case = started(
        beside, start(), user("work"), note, end(), path("start", "work", "note", "end"), n=1, box={}
    )
    engine.signal("first", {"n": 1}, instance=case)
    engine.complete(engine.tasks(case)[-1].id)  # it has ended: what it wrote is the scope's
    engine.signal("first", {"n": 2}, instance=case)
    work, more = engine.tasks(case)
    engine.complete(work.id)
    engine.complete(more.id)
    found = engine.instance(case)
    assert (found.state, found.variables["box"]) == ("completed", {"a": 2, "b": 1})


def test_a_copy_of_a_data_object_does_not_leave_its_activity_by_the_border() -> None:
    task = element("userTask", "work", reads("report", "work"))
    beside, out = (
        guard("beside", "work", signal("first"), interrupting=False),
        guard("out", "work", signal("second")),
    )
    ends = end("e1"), end("e2"), path("beside", "e1"), path("out", "e2")
    engine, case = started(data_object("report"), start(), task, beside, out, *ends, path("start", "work"))
    engine.signal("first", instance=case)
    engine.signal("second", instance=case)
    assert (engine.instance(case).state, engine.instance(case).variables) == ("completed", {})


def test_at_the_end_of_a_scope_a_branch_changes_what_it_has_changed_since_any_other_parted_from_it() -> None:
    two = element("parallelGateway", "split"), element("parallelGateway", "again")
    ways = path("start", "split", "x"), path("split", "mark", "again", "y"), path("again", "z")
    mark = script("mark", "= {k: 1}")
    engine, case = started(start(), *two, mark, *(user(name) for name in "xyz"), *ways, k=0)
    for name, data in {"y": {}, "x": {"k": 2}, "z": {}}.items():  # z has not changed k since it parted from y
        engine.engine.workshop.hot.clear()
        engine.complete(next(each.id for each in engine.tasks(case) if each.element == name), data)
    assert engine.instance(case).variables == {"k": 2}


def test_a_branch_that_parted_from_one_before_a_join_has_parted_from_it_there() -> None:
    gates = "".join(element("parallelGateway", name) for name in ("split", "join"))
    ways = path("start", "split", "mark", "a", "join", "x"), path("split", "c", "join"), path("beside", "b")
    beside = guard("beside", "a", signal("first"), interrupting=False)
    tasks = (user(name) for name in "abcx")
    engine, case = started(start(), gates, script("mark", "= {k: 1}"), *tasks, beside, *ways, k=0)
    engine.signal("first", instance=case)  # b begins with k = 1, and never changes it
    for name, data in {"a": {"k": 2}, "c": {}, "x": {}, "b": {}}.items():
        engine.engine.workshop.hot.clear()
        engine.complete(next(each.id for each in engine.tasks(case) if each.element == name), data)
    assert engine.instance(case).variables == {"k": 2}


def test_a_branch_that_has_joined_another_changes_nothing_that_one_that_has_ended_changed_since_it_parted_from_it() -> (
    None
):
    gates = "".join(element("parallelGateway", name) for name in ("split", "again", "join"))
    ways = (
        path("start", "split", "other", "join", "end"),
        path("split", "zero", "again", "x"),
        path("again", "y", "join"),
    )
    tasks = user("other"), user("x"), user("y")
    engine, case = started(start(), gates, script("zero", "= {k: 0}"), *tasks, end(), *ways)
    for name, data in {"x": {"k": 1}, "y": {}, "other": {"o": 1}}.items():  # x has ended; y knows k = 0 from before
        engine.engine.workshop.hot.clear()
        engine.complete(next(each.id for each in engine.tasks(case) if each.element == name), data)
    assert (engine.instance(case).state, engine.instance(case).variables) == ("completed", {"k": 1, "o": 1})


def test_a_loop_in_which_branches_end_and_others_join_remembers_no_more_from_turn_to_turn() -> None:
    gates = "".join(element("parallelGateway", name) for name in ("split", "first", "second", "join"))
    head = element("exclusiveGateway", "head")
    ways = (
        path("start", "split", "other"),
        path("split", "head", "first", "w", "join", "head"),
        path("first", "second", "x"),
    )
    tasks = (user(name) for name in ("other", "w", "x", "y"))
    engine, case = started(start(), gates, head, *tasks, *ways, path("second", "y", "join"))
    sizes = []
    for turn in range(12):
        for name in ("x", "y", "w"):
            engine.complete(next(each.id for each in engine.tasks(case) if each.element == name), {"k": turn % 10})
        with engine.database.read() as connection:
            sizes.append(len(connection.scalars(select(Instance.state).where(Instance.id == case)).one()))
    assert max(sizes[2:]) - min(sizes[2:]) < 40, sizes


def test_of_branches_that_have_ended_an_event_that_interrupts_their_scope_knows_what_was_written_last() -> None:
    engine, case = started(
        instead("e", "first", script("in_e", "= {seen: x}")),
        start(), user("early"), user("late"), user("a"), user("b"), user("open"), end(),
        path("start", "early", "a", "end"), path("start", "late", "b", "end"), path("start", "open", "end"),
    )  # fmt: skip
    tasks = {each.element: each.id for each in engine.tasks(case)}
    engine.complete(tasks["early"], {"x": 1})
    engine.complete(tasks["late"], {"x": 2})
    for name in ("b", "a"):  # who wrote first ends last
        engine.complete(next(each.id for each in engine.tasks(case) if each.element == name))
    engine.signal("first", instance=case)
    assert engine.instance(case).variables == {"x": 2, "seen": 2}
