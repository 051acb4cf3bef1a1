"""Walks through a parsed tree, charging its budget for every node."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.errors import FeelError
from processes.notation.python_subset.errors import Refused, SubsetError
from processes.notation.python_subset.library import CHANGING, FUNCTIONS, PROPERTIES, READING, iterate
from processes.notation.python_subset.operations import (
    BINARY,
    UNARY,
    as_text,
    check_key,
    check_size,
    compare,
)

Functions = Mapping[str, Callable[..., Any]]


class RegisteredFailure(Exception):
    """A function of the caller's failed; the cause says how."""


class Interpreter:
    """One evaluation. ``variables`` are only read; scripts work on copies of those they touch, kept in ``names``."""

    def __init__(self, variables: Mapping[str, Any], functions: Functions, budget: Budget, changing: bool) -> None:
        self.names: dict[str, Any] = {}
        self.budget = budget
        self.deleted: set[str] = set()
        self._variables = variables
        self._functions = functions
        self._changing = changing
        self._node: ast.AST | None = None

    def run(self, action: Callable[[], Any]) -> Any:
        """Do something with the tree; whatever fails becomes a SubsetError with its place."""
        try:
            return action()
        except SubsetError:
            raise
        except RegisteredFailure as error:
            raise self._failure(str(error)) from error.__cause__
        except (Refused, FeelError) as error:
            raise self._failure(str(error)) from error
        except RecursionError as error:
            raise self._failure("nested too deeply") from error
        except (TypeError, ValueError, LookupError, ArithmeticError, NameError, AttributeError) as error:
            raise self._failure(f"{type(error).__name__}: {str(error)[:200]}") from error

    def _failure(self, message: str) -> SubsetError:
        line = getattr(self._node, "lineno", 1)
        return SubsetError(message, line, getattr(self._node, "col_offset", 0) + 1)

    # Expressions

    def value(self, node: ast.AST) -> Any:
        """The value of an expression."""
        self._node = node
        self.budget.spend()
        return _EXPRESSIONS[type(node)](self, node)

    def _expression(self, node: ast.Expression) -> Any:
        return self.value(node.body)

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        name = node.id
        if name in self.names:
            return self.names[name]
        if name in self._variables and name not in self.deleted:
            value = self._variables[name]
            if self._changing:
                value = self.names[name] = self.copied(value)
            return value
        if self._function(name) is not None:
            raise Refused(f"the function {name} is no value")
        raise NameError(f"{name} is not known")

    def copied(self, value: Any) -> Any:
        """A deep copy of JSON containers."""
        self.budget.spend()
        if isinstance(value, dict):
            return {key: self.copied(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.copied(item) for item in value]
        return value

    def _binary(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        self._node = node
        return check_size(BINARY[type(node.op)](left, right), self.budget)

    def _unary(self, node: ast.UnaryOp) -> Any:
        return UNARY[type(node.op)](self.value(node.operand))

    def _boolean(self, node: ast.BoolOp) -> Any:
        decides = isinstance(node.op, ast.Or)
        value: Any = None
        for operand in node.values:
            value = self.value(operand)
            if bool(value) is decides:
                return value
        return value

    def _compare(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        for operator, operand in zip(node.ops, node.comparators, strict=True):
            right = self.value(operand)
            if not compare(type(operator), left, right, self.budget):
                return False
            left = right
        return True

    def _conditional(self, node: ast.IfExp) -> Any:
        return self.value(node.body) if self.value(node.test) else self.value(node.orelse)

    def _list(self, node: ast.List) -> list[Any]:
        return [self.value(item) for item in node.elts]

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple([self.value(item) for item in node.elts])

    def _set(self, node: ast.Set) -> set[Any]:
        return {check_key(self.value(item)) for item in node.elts}

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        pairs = zip(node.keys, node.values, strict=True)
        return {check_key(self.value(key)): self.value(value) for key, value in pairs if key is not None}

    def _subscript(self, node: ast.Subscript) -> Any:
        target = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            return check_size(target[self._slice(node.slice)], self.budget)
        key = self.value(node.slice)
        self._node = node
        return target[check_key(key) if isinstance(target, dict) else key]

    def _slice(self, node: ast.Slice) -> slice:
        return slice(*(part and self.value(part) for part in (node.lower, node.upper, node.step)))

    def _attribute(self, node: ast.Attribute) -> Any:
        target = self.value(node.value)
        self._node = node
        if isinstance(target, dict):
            return target[node.attr]
        if node.attr in PROPERTIES.get(type(target), ()):
            return getattr(target, node.attr)
        raise Refused(f"a {type(target).__name__} has no “{node.attr}” here")

    def _text(self, node: ast.JoinedStr) -> str:
        parts = [str(part.value) if isinstance(part, ast.Constant) else self.value(part) for part in node.values]
        self.budget.check_string(sum(map(len, parts)))
        return "".join(parts)

    def _formatted(self, node: ast.FormattedValue) -> str:
        return as_text(self.value(node.value), self.budget)

    def _call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Attribute):
            return self._call_method(node, node.func)
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        registered = self._function(name)
        if registered is None and name not in FUNCTIONS:
            raise Refused(f"there is no function {name}")
        arguments, named = self._arguments(node)
        self._node = node
        if registered is not None:
            return self._call_registered(name, registered, arguments, named)
        return check_size(FUNCTIONS[name](self.budget, *arguments, **named), self.budget)

    def _function(self, name: str) -> Callable[..., Any] | None:
        """A function of the caller's; the spaces of its name are underscores here."""
        return self._functions.get(name) or self._functions.get(name.replace("_", " "))

    def _arguments(self, node: ast.Call) -> tuple[list[Any], dict[str, Any]]:
        positional = [self.value(argument) for argument in node.args]
        return positional, {keyword.arg or "": self.value(keyword.value) for keyword in node.keywords}

    def _call_registered(
        self, name: str, function: Callable[..., Any], arguments: list[Any], named: dict[str, Any]
    ) -> Any:
        try:
            result = function(*arguments, **named)
        except Exception as error:
            raise RegisteredFailure(f"{name}: {error}") from error
        return self.copied(result)

    def _call_method(self, node: ast.Call, method: ast.Attribute) -> Any:
        target = self.value(method.value)
        function = READING.get(type(target), {}).get(method.attr)
        if function is None and self._changing:
            function = CHANGING.get(type(target), {}).get(method.attr)
        if function is None:
            raise Refused(f"a {type(target).__name__} has no method “{method.attr}” here")
        arguments, named = self._arguments(node)
        self._node = node
        return check_size(function(self.budget, target, *arguments, **named), self.budget)

    # Comprehensions

    def _list_comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> list[Any]:
        result = [self.value(node.elt) for _ in self._generated(node.generators)]
        self.budget.check_list(len(result))
        return result

    def _set_comprehension(self, node: ast.SetComp) -> set[Any]:
        return {check_key(self.value(node.elt)) for _ in self._generated(node.generators)}

    def _dict_comprehension(self, node: ast.DictComp) -> dict[Any, Any]:
        return {check_key(self.value(node.key)): self.value(node.value) for _ in self._generated(node.generators)}

    def _generated(self, generators: list[ast.comprehension]) -> Iterator[None]:
        """Once for each combination, with its names set; afterwards the names are what they were."""
        before = dict(self.names)
        yield from self._combinations(generators)
        bound = {node.id for each in generators for node in ast.walk(each.target) if isinstance(node, ast.Name)}
        for name in bound:
            self.names.pop(name, None)
            if name in before:
                self.names[name] = before[name]

    def _combinations(self, generators: list[ast.comprehension]) -> Iterator[None]:
        if not generators:
            yield
            return
        first, *rest = generators
        for item in iterate(self.value(first.iter), self.budget):
            self.assign(first.target, item)
            if all(self.value(condition) for condition in first.ifs):
                yield from self._combinations(rest)

    # Statements

    def execute(self, body: list[ast.stmt]) -> str | None:
        """Run statements; the word ``break`` or ``continue`` when one of them says so."""
        for statement in body:
            self._node = statement
            self.budget.spend()
            signal = _STATEMENTS[type(statement)](self, statement)
            if signal:
                return signal
        return None

    def assign(self, target: ast.expr, value: Any) -> None:
        """Give a value to a name, an entry, or several of them."""
        if isinstance(target, ast.Name):
            if target.id in FUNCTIONS or self._function(target.id) is not None:
                raise Refused(f"{target.id} is a function")
            self.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            values = list(iterate(value, self.budget))
            if len(values) != len(target.elts):
                raise ValueError("not as many values as names")
            for part, item in zip(target.elts, values, strict=True):
                self.assign(part, item)
        elif isinstance(target, ast.Subscript):
            self._assign_entry(target, value)
        elif isinstance(target, ast.Attribute) and isinstance(owner := self.value(target.value), dict):
            owner[target.attr] = value
        else:
            raise Refused("nothing can be assigned there")

    def _assign_entry(self, target: ast.Subscript, value: Any) -> None:
        if not self._changing:
            raise Refused("nothing is changed here")
        owner = self.value(target.value)
        key = self.value(target.slice)
        if type(owner) is dict:
            owner[check_key(key)] = value
        elif type(owner) is list and not isinstance(target.slice, ast.Slice):
            owner[key] = value
        else:
            raise Refused("nothing can be assigned there")

    def _assignment(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.assign(target, value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value))

    def _augmented(self, node: ast.AugAssign) -> None:
        result = BINARY[type(node.op)](self.value(node.target), self.value(node.value))
        self.assign(node.target, check_size(result, self.budget))

    def _bare(self, node: ast.Expr) -> None:
        self.value(node.value)

    def _if(self, node: ast.If) -> str | None:
        return self.execute(node.body if self.value(node.test) else node.orelse)

    def _for(self, node: ast.For) -> None:
        for item in iterate(self.value(node.iter), self.budget):
            self.assign(node.target, item)
            if self.execute(node.body) == "break":
                return

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.value(target)
                del self.names[target.id]
                self.deleted.add(target.id)
            elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
                owner = self.value(target.value)
                del owner[check_key(self.value(target.slice))]
            else:
                raise Refused("that can't be deleted")

    def _pass(self, node: ast.Pass) -> None:
        return

    def _break(self, node: ast.Break) -> str:
        return "break"

    def _continue(self, node: ast.Continue) -> str:
        return "continue"


_EXPRESSIONS: dict[type[ast.AST], Callable[[Interpreter, Any], Any]] = {
    ast.Expression: Interpreter._expression,
    ast.Constant: Interpreter._constant,
    ast.Name: Interpreter._name,
    ast.BinOp: Interpreter._binary,
    ast.UnaryOp: Interpreter._unary,
    ast.BoolOp: Interpreter._boolean,
    ast.Compare: Interpreter._compare,
    ast.IfExp: Interpreter._conditional,
    ast.List: Interpreter._list,
    ast.Tuple: Interpreter._tuple,
    ast.Set: Interpreter._set,
    ast.Dict: Interpreter._dict,
    ast.Subscript: Interpreter._subscript,
    ast.Attribute: Interpreter._attribute,
    ast.JoinedStr: Interpreter._text,
    ast.FormattedValue: Interpreter._formatted,
    ast.Call: Interpreter._call,
    ast.ListComp: Interpreter._list_comprehension,
    ast.GeneratorExp: Interpreter._list_comprehension,
    ast.SetComp: Interpreter._set_comprehension,
    ast.DictComp: Interpreter._dict_comprehension,
}
_STATEMENTS: dict[type[ast.stmt], Callable[[Interpreter, Any], str | None]] = {
    ast.Assign: Interpreter._assignment,
    ast.AnnAssign: Interpreter._annotated,
    ast.AugAssign: Interpreter._augmented,
    ast.Expr: Interpreter._bare,
    ast.If: Interpreter._if,
    ast.For: Interpreter._for,
    ast.Delete: Interpreter._delete,
    ast.Pass: Interpreter._pass,
    ast.Break: Interpreter._break,
    ast.Continue: Interpreter._continue,
}
