"""Turns expressions of the subset into functions of Python, one for each node of the tree, as FEEL's compiler does.

The steps of an expression are charged when it begins, as if all of it were worked out; what it repeats is charged each time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from processes.notation.python_subset.errors import Refused
from processes.notation.python_subset.library import CHANGING, FUNCTIONS, PROPERTIES, READING, iterate
from processes.notation.python_subset.operations import BINARY, UNARY, as_text, check_key, check_size, compare
from processes.notation.python_subset.run import RegisteredFailure, Run

Evaluate = Callable[[Run], Any]
"""gives the value of an expression"""

Assign = Callable[[Run, Any], None]
"""gives a value to a target"""


def charged(node: ast.expr) -> Evaluate:
    """An expression that pays for itself."""
    steps, evaluate = steps_of(node), evaluator(node)

    def run_charged(run: Run) -> Any:
        run.at = node
        run.budget.spend(steps)
        return evaluate(run)

    return run_charged


def steps_of(node: ast.AST) -> int:
    """Expressions within a node, those apart that pay for themselves because they are repeated."""
    inner = 1 if isinstance(node, ast.expr) else 0
    if isinstance(node, _COMPREHENSIONS):
        return inner + steps_of(node.generators[0].iter)
    return inner + sum(steps_of(child) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt))


def evaluator(node: ast.expr) -> Evaluate:
    return _EXPRESSIONS[type(node)](node)


def _evaluators(nodes: Sequence[ast.expr]) -> list[Evaluate]:
    return [evaluator(node) for node in nodes]


# -- expressions -------------------------------------------------------------------------------------------------------


def _constant(node: ast.Constant) -> Evaluate:
    value = node.value
    return lambda run: value


def _name(node: ast.Name) -> Evaluate:
    name = node.id

    def evaluate(run: Run) -> Any:
        if name in run.names:
            return run.names[name]
        run.at = node
        return run.variable(name)

    return evaluate


def _binary(node: ast.BinOp) -> Evaluate:
    left, right, operator = evaluator(node.left), evaluator(node.right), BINARY[type(node.op)]

    def evaluate(run: Run) -> Any:
        one, other = left(run), right(run)
        run.at = node
        return check_size(operator(one, other), run.budget)

    return evaluate


def _unary(node: ast.UnaryOp) -> Evaluate:
    operand, operator = evaluator(node.operand), UNARY[type(node.op)]

    def evaluate(run: Run) -> Any:
        value = operand(run)
        run.at = node
        return operator(value)

    return evaluate


def _boolean(node: ast.BoolOp) -> Evaluate:
    decides, operands = isinstance(node.op, ast.Or), _evaluators(node.values)

    def evaluate(run: Run) -> Any:
        value: Any = None
        for operand in operands:
            value = operand(run)
            if bool(value) is decides:
                return value
        return value

    return evaluate


def _compare(node: ast.Compare) -> Evaluate:
    first = evaluator(node.left)
    others = [(type(kind), evaluator(operand)) for kind, operand in zip(node.ops, node.comparators, strict=True)]

    def evaluate(run: Run) -> Any:
        left = first(run)
        for kind, operand in others:
            right = operand(run)
            run.at = node
            if not compare(kind, left, right, run.budget):
                return False
            left = right
        return True

    return evaluate


def _conditional(node: ast.IfExp) -> Evaluate:
    test, body, orelse = evaluator(node.test), evaluator(node.body), evaluator(node.orelse)
    return lambda run: body(run) if test(run) else orelse(run)


def _list(node: ast.List) -> Evaluate:
    items = _evaluators(node.elts)
    return lambda run: [item(run) for item in items]


def _tuple(node: ast.Tuple) -> Evaluate:
    items = _evaluators(node.elts)
    return lambda run: tuple([item(run) for item in items])


def _set(node: ast.Set) -> Evaluate:
    items = _evaluators(node.elts)
    return lambda run: {check_key(item(run)) for item in items}


def _dict(node: ast.Dict) -> Evaluate:
    pairs = [
        (evaluator(key), evaluator(value)) for key, value in zip(node.keys, node.values, strict=True) if key is not None
    ]
    return lambda run: {check_key(key(run)): value(run) for key, value in pairs}


def _subscript(node: ast.Subscript) -> Evaluate:
    owner = evaluator(node.value)
    if isinstance(node.slice, ast.Slice):
        bounds = [part and evaluator(part) for part in (node.slice.lower, node.slice.upper, node.slice.step)]

        def cut(run: Run) -> Any:
            target = owner(run)
            span = slice(*(bound and bound(run) for bound in bounds))
            run.at = node
            return check_size(target[span], run.budget)

        return cut
    index = evaluator(node.slice)

    def evaluate(run: Run) -> Any:
        target, key = owner(run), index(run)
        run.at = node
        return target[check_key(key) if isinstance(target, dict) else key]

    return evaluate


def _attribute(node: ast.Attribute) -> Evaluate:
    owner, name = evaluator(node.value), node.attr

    def evaluate(run: Run) -> Any:
        target = owner(run)
        run.at = node
        if isinstance(target, dict):
            return target[name]
        if name in PROPERTIES.get(type(target), ()):
            return getattr(target, name)
        raise Refused(f"a {type(target).__name__} has no “{name}” here")

    return evaluate


def _text(node: ast.JoinedStr) -> Evaluate:
    parts = _evaluators(node.values)

    def evaluate(run: Run) -> str:
        texts = [part(run) for part in parts]
        run.at = node
        run.budget.check_string(sum(map(len, texts)))
        return "".join(texts)

    return evaluate


def _formatted(node: ast.FormattedValue) -> Evaluate:
    value = evaluator(node.value)
    return lambda run: as_text(value(run), run.budget)


def _call(node: ast.Call) -> Evaluate:
    if isinstance(node.func, ast.Attribute):
        return _method_call(node, node.func)
    assert isinstance(node.func, ast.Name)
    name, arguments = node.func.id, _arguments(node)
    own = FUNCTIONS.get(name)

    def evaluate(run: Run) -> Any:
        run.at = node
        registered = run.function(name)
        if registered is None and own is None:
            raise Refused(f"there is no function {name}")
        positional, named = arguments(run)
        run.at = node
        if registered is None:
            assert own is not None
            return check_size(own(run.budget, *positional, **named), run.budget)
        try:
            result = registered(*positional, **named)
        except Exception as error:
            raise RegisteredFailure(f"{name}: {error}") from error
        return run.copied(result)

    return evaluate


def _arguments(node: ast.Call) -> Callable[[Run], tuple[list[Any], dict[str, Any]]]:
    positional = _evaluators(node.args)
    named = [(keyword.arg or "", evaluator(keyword.value)) for keyword in node.keywords]
    return lambda run: ([each(run) for each in positional], {name: each(run) for name, each in named})


def _method_call(node: ast.Call, method: ast.Attribute) -> Evaluate:
    owner, name, arguments = evaluator(method.value), method.attr, _arguments(node)

    def evaluate(run: Run) -> Any:
        target = owner(run)
        function = READING.get(type(target), {}).get(name)
        if function is None and run.changing:
            function = CHANGING.get(type(target), {}).get(name)
        run.at = node
        if function is None:
            raise Refused(f"a {type(target).__name__} has no method “{name}” here")
        positional, named = arguments(run)
        run.at = node
        return check_size(function(run.budget, target, *positional, **named), run.budget)

    return evaluate


# -- comprehensions ----------------------------------------------------------------------------------------------------

_COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)


def _list_comprehension(node: ast.ListComp | ast.GeneratorExp) -> Evaluate:
    element, generated = charged(node.elt), _generated(node.generators)

    def evaluate(run: Run) -> list[Any]:
        result = [element(run) for _ in generated(run)]
        run.budget.check_list(len(result))
        return result

    return evaluate


def _set_comprehension(node: ast.SetComp) -> Evaluate:
    element, generated = charged(node.elt), _generated(node.generators)
    return lambda run: {check_key(element(run)) for _ in generated(run)}


def _dict_comprehension(node: ast.DictComp) -> Evaluate:
    key, value, generated = charged(node.key), charged(node.value), _generated(node.generators)
    return lambda run: {check_key(key(run)): value(run) for _ in generated(run)}


def _generated(generators: Sequence[ast.comprehension]) -> Callable[[Run], Iterator[None]]:
    """Once for each combination, with its names set; afterwards the names are what they were."""
    bound = {node.id for each in generators for node in ast.walk(each.target) if isinstance(node, ast.Name)}
    combinations = _combinations(generators, evaluator(generators[0].iter))

    def generate(run: Run) -> Iterator[None]:
        before = {name: run.names[name] for name in bound if name in run.names}
        yield from combinations(run)
        for name in bound:
            run.names.pop(name, None)
        run.names.update(before)

    return generate


def _combinations(generators: Sequence[ast.comprehension], source: Evaluate) -> Callable[[Run], Iterator[None]]:
    first, *rest = generators
    assign, conditions = assigner(first.target), [charged(condition) for condition in first.ifs]
    inner = _combinations(rest, charged(rest[0].iter)) if rest else None

    def combine(run: Run) -> Iterator[None]:
        for item in iterate(source(run), run.budget):
            assign(run, item)
            if all(condition(run) for condition in conditions):
                if inner is None:
                    yield
                else:
                    yield from inner(run)

    return combine


# -- targets -----------------------------------------------------------------------------------------------------------


def assigner(node: ast.expr) -> Assign:
    return _TARGETS.get(type(node), _no_target)(node)


def _no_target(node: ast.expr) -> Assign:
    def refuse(run: Run, value: Any) -> None:
        raise Refused("nothing can be assigned there")

    return refuse


def _name_target(node: ast.Name) -> Assign:
    name = node.id
    return lambda run, value: run.assign(name, value)


def _several_targets(node: ast.Tuple | ast.List) -> Assign:
    targets = [assigner(part) for part in node.elts]

    def assign(run: Run, value: Any) -> None:
        values = list(iterate(value, run.budget))
        if len(values) != len(targets):
            raise ValueError("not as many values as names")
        for target, item in zip(targets, values, strict=True):
            target(run, item)

    return assign


def _entry_target(node: ast.Subscript) -> Assign:
    if isinstance(node.slice, ast.Slice):
        return _no_target(node)
    owner, index = evaluator(node.value), evaluator(node.slice)

    def assign(run: Run, value: Any) -> None:
        if not run.changing:
            raise Refused("nothing is changed here")
        target, key = owner(run), index(run)
        if type(target) is dict:
            target[check_key(key)] = value
        elif type(target) is list:
            target[key] = value
        else:
            raise Refused("nothing can be assigned there")

    return assign


def _attribute_target(node: ast.Attribute) -> Assign:
    owner, name = evaluator(node.value), node.attr

    def assign(run: Run, value: Any) -> None:
        if not run.changing:
            raise Refused("nothing is changed here")
        target = owner(run)
        if not isinstance(target, dict):
            raise Refused("nothing can be assigned there")
        target[name] = value

    return assign


_EXPRESSIONS: dict[type[ast.AST], Callable[[Any], Evaluate]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.Subscript: _subscript,
    ast.Attribute: _attribute,
    ast.JoinedStr: _text,
    ast.FormattedValue: _formatted,
    ast.Call: _call,
    ast.ListComp: _list_comprehension,
    ast.GeneratorExp: _list_comprehension,
    ast.SetComp: _set_comprehension,
    ast.DictComp: _dict_comprehension,
}
_TARGETS: dict[type[ast.AST], Callable[[Any], Assign]] = {
    ast.Name: _name_target,
    ast.Tuple: _several_targets,
    ast.List: _several_targets,
    ast.Subscript: _entry_target,
    ast.Attribute: _attribute_target,
}
