"""The Python subset: what it can, what it may not, and that it never touches the caller's data."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from processes.notation.python_subset import SubsetError, compile_condition, compile_script, evaluate, execute

DATA: dict[str, Any] = {
    "a": 3,
    "name": "企业",
    "items": [{"price": 2, "qty": 3}, {"price": 1.5, "qty": 4}],
    "order": {"total": 10, "lines": [1, 2], "items": "x"},
    "flag": True,
    "none": None,
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a + 1", 4),
        ("a > 2 and name == '企业'", True),
        ("order.total >= 10 or missing", True),
        ("order['lines'][-1]", 2),
        ("order['lines'][:1]", [1]),
        ("order.items", "x"),
        ("sum([i['price'] * i['qty'] for i in items])", 12),
        ("len(items) == 2 and not none", True),
        ("{k: v for k, v in [('x', 1)]}", {"x": 1}),
        ("sorted({3, 1, 2})", [1, 2, 3]),
        ("max(1, 5, 3) + min([4, 2])", 7),
        ("1 < a <= 3", True),
        ("'a' if flag else 'b'", "a"),
        ("f'{name}:{a}'", "企业:3"),
        ("name.upper().replace('企业', 'x')", "x"),
        ("', '.join([str(i) for i in range(3)])", "0, 1, 2"),
        ("order.get('missing', 5)", 5),
        ("'total' in order", True),
        ("none is None", True),
        ("[x for x in range(6) if x % 2 if x > 1]", [3, 5]),
        ("any(i['qty'] > 3 for i in items)", True),
        ("timedelta(hours=1, minutes=30)", "PT1H30M"),
        ("date(2026, 11, 23).isoformat()", "2026-11-23"),
        ("(1, 2)", [1, 2]),
        ("round(2.567, 1)", 2.6),
        ("list(enumerate(['a']))", [[0, "a"]]),
        ("2 ** 10 // 3", 341),
        ("10 / 4", 2.5),
    ],
)
def test_expression(source: str, expected: object) -> None:
    assert evaluate(source, DATA) == expected


def test_a_script_gives_what_it_changed_or_added() -> None:
    script = """
total = 0
for item in items:
    if item['qty'] > 3:
        continue
    total += item['price'] * item['qty']
order.state = 'done'
order['lines'].append(3)
name = name
"""
    before = copy.deepcopy(DATA)
    assert execute(script, DATA) == {
        "total": 6,
        "item": {"price": 1.5, "qty": 4},
        "order": {"total": 10, "lines": [1, 2, 3], "items": "x", "state": "done"},
    }
    assert before == DATA


def test_true_and_one_are_told_apart() -> None:
    assert execute("flag = 1", DATA) == {"flag": 1}


def test_a_loop_can_be_left() -> None:
    assert execute("for i in range(10):\n    if i == 3:\n        break", {}) == {"i": 3}


def test_a_deleted_variable_is_null() -> None:
    assert execute("del a\nb = 1", DATA) == {"a": None, "b": 1}


def test_names_of_comprehensions_do_not_stay() -> None:
    assert execute("x = [i for i in range(3)]", {"i": 7}) == {"x": [0, 1, 2]}
    with pytest.raises(SubsetError):
        execute("x = [i for i in range(3)]\ny = i", {})


def test_conditions_change_nothing() -> None:
    before = copy.deepcopy(DATA)
    for source in ("items.append(1)", "order.pop('total')", "order.update({'x': 1})", "items.sort()"):
        with pytest.raises(SubsetError):
            evaluate(source, DATA)
    assert before == DATA


def test_registered_functions_are_called_by_name_with_underscores_for_blanks() -> None:
    functions = {"level of": lambda place: "县", "now": lambda: "2026"}
    assert evaluate("level_of('x') + now()", {}, functions) == "县2026"


def test_what_a_function_gives_is_copied() -> None:
    shared = {"boards": [1]}
    execute("x = boards()\nx['boards'].append(2)", {}, {"boards": lambda: shared})
    assert shared == {"boards": [1]}


def test_a_failing_function_keeps_its_cause() -> None:
    def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(SubsetError) as raised:
        evaluate("fail()", {}, {"fail": fail})
    assert isinstance(raised.value.__cause__, LookupError)


@pytest.mark.parametrize(
    ("script", "line", "column"),
    [
        ("a = 1\nimport os", 2, 1),
        ("a = 1\nb = missing", 2, 5),
        ("x = (1,", 1, 5),
        ("a = 1\nif a:\n    b = a.__class__", 3, 9),
        ("a = 1 / 0", 1, 5),
        ("while True: pass", 1, 1),
    ],
)
def test_an_error_says_where(script: str, line: int, column: int) -> None:
    with pytest.raises(SubsetError) as raised:
        execute(script, {})
    assert (raised.value.line, raised.value.column) == (line, column)


def test_what_lies_outside_is_told_before_anything_runs() -> None:
    for source in ("lambda: 1", "a.__class__", "f'{a!r}'", "[*a]"):
        with pytest.raises(SubsetError):
            compile_condition(source)
    for source in ("import os", "def f(): pass", "try:\n    a\nexcept E:\n    b", "with a: b", "class A: pass"):
        with pytest.raises(SubsetError):
            compile_script(source)


def test_data_too_deep_for_the_stack_are_an_error() -> None:
    deep: list[Any] = []
    for _ in range(2000):
        deep = [deep]
    with pytest.raises(SubsetError):
        execute("y = x", {"x": deep})


def test_a_variable_handed_on_as_it_stands_is_not_changed_through_its_second_name() -> None:
    order = {"lines": [{"n": 1}]}
    handed_on = evaluate("order", {"order": order})
    assert handed_on == order
    changes = execute("copy['lines'][0]['n'] = 2\ncopy['lines'].append(3)", {"order": order, "copy": handed_on})
    assert (order, changes) == ({"lines": [{"n": 1}]}, {"copy": {"lines": [{"n": 2}, 3]}})
    with pytest.raises(SubsetError):
        evaluate("order", {})


@pytest.mark.parametrize(
    ("script", "changes"),
    [
        ("y = x", {"y": {"n": [1, {"k": 2}]}}),
        ("y = x\ny['n'].append(3)", {"x": {"n": [1, {"k": 2}, 3]}, "y": {"n": [1, {"k": 2}, 3]}}),
        (
            "for each in x.n:\n    last = each\nlast.k = 5",
            {"x": {"n": [1, {"k": 5}]}, "each": {"k": 5}, "last": {"k": 5}},
        ),
        ("x['n'][1]['k'] += 1", {"x": {"n": [1, {"k": 3}]}}),
        ("x.n[0], z = 7, 8", {"x": {"n": [7, {"k": 2}]}, "z": 8}),
        ("del x['n'][0]", {"x": {"n": [{"k": 2}]}}),
        ("del x", {"x": None}),
        ("n = x.n + [3]\nn = [each for each in n if each != 1]", {"n": [{"k": 2}, 3]}),
        ("n = x.n\nn += [3]", {"n": [1, {"k": 2}, 3]}),
        ("n = sorted([3, 1] + x.n[:1])", {"n": [1, 1, 3]}),
        ("x = x", {}),
    ],
)
def test_a_script_changes_its_own_copies_and_tells_what_they_have_become(script: str, changes: dict[str, Any]) -> None:
    variables = {"x": {"n": [1, {"k": 2}]}}

    assert execute(script, variables) == changes
    assert variables == {"x": {"n": [1, {"k": 2}]}}


@pytest.mark.parametrize("source", ["[1 for d.k in [5]]", "[1 for d['k'] in [5]]", "[1 for d['m'].k in [5]]"])
def test_a_condition_changes_nothing_by_the_targets_of_its_loops(source: str) -> None:
    variables = {"d": {"k": 1, "m": {"k": 1}}}
    with pytest.raises(SubsetError, match="nothing is changed here"):
        evaluate(source, variables)

    assert variables == {"d": {"k": 1, "m": {"k": 1}}}


@pytest.mark.parametrize(
    ("source", "column"), [("1 + -s", 5), ("len(n)", 1), ("1 < (2 < s)", 6), ("f'{s}' + d.nope", 10)]
)
def test_a_failure_is_placed_at_what_failed(source: str, column: int) -> None:
    with pytest.raises(SubsetError) as caught:
        evaluate(source, {"s": "x", "n": None, "d": {}})

    assert caught.value.column == column
