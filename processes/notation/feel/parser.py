"""The grammar of DMN 1.5, chapter 10.3, by recursive descent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from processes.notation.feel import tree
from processes.notation.feel.errors import FeelSyntaxError
from processes.notation.feel.scanner import KEYWORDS, Scanner
from processes.notation.feel.temporal import parse_temporal
from processes.notation.feel.type_parser import parse_type
from processes.notation.feel.values import NUMBERS

MAX_DEPTH = 56
"""Brackets within brackets: each takes about ten frames of Python's stack of a thousand."""

_MAX_RETRIES = 32
"""Second readings of ``[`` as the end of an interval; more would let a hostile source take exponential time."""

_CONSTANTS = {"true": True, "false": False, "null": None}
_RESERVED = KEYWORDS - {"function", "of"}
_COMPARISONS = ("<=", ">=", "!=", "=", "<", ">")
_BOUNDS = ("<=", ">=", "<", ">")
_Parsed = TypeVar("_Parsed")


class Parser:
    """Parses one source. ``names`` are known names that hold more than words (see :mod:`.scanner`)."""

    def __init__(self, source: str, names: Iterable[str] = ()) -> None:
        self._scan = Scanner(source, names)
        self._depth = 0
        self._ends_interval = False
        self._retries = 0

    def expression(self) -> tree.Node:
        """The whole source as an expression; raises :class:`FeelSyntaxError`."""
        return self._whole(self._expression)

    def unary_tests(self) -> tree.UnaryTestList:
        """The whole source as the tests of a decision table's input cell; raises :class:`FeelSyntaxError`."""
        return self._whole(self._unary_tests)

    def _whole(self, parse: Callable[[], _Parsed]) -> _Parsed:
        try:
            parsed = parse()
        except RecursionError as error:
            raise self._scan.fail("nested too deeply") from error
        if not self._scan.at_end:
            raise self._scan.fail("unexpected text")
        return parsed

    # Tests

    def _unary_tests(self) -> tree.UnaryTestList:
        scan = self._scan
        if scan.source.strip() == "-":
            scan.take("-")
            return tree.UnaryTestList((), False)
        start = scan.position
        if scan.take_keyword("not") and scan.take("("):
            # not(…) may also be a call of the function within a longer condition
            try:
                tests = self._tests()
                scan.need(")")
                if scan.at_end:
                    return tree.UnaryTestList(tests, True)
            except FeelSyntaxError:
                pass
        scan.position = start
        return tree.UnaryTestList(self._tests(), False)

    def _tests(self) -> tuple[tree.Test, ...]:
        tests = [self._test(self._expression)]
        while self._scan.take(","):
            tests.append(self._test(self._expression))
        return tuple(tests)

    def _test(self, parse: Callable[[], tree.Node]) -> tree.Test:
        operator = self._scan.take(*_COMPARISONS)
        if operator:
            return tree.OperatorTest(operator, self._sum())
        node = parse()
        return tree.ValueTest(node, "?" in tree.free_names(node) or _mentions_input(node))

    # Expressions

    def _expression(self) -> tree.Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._scan.fail("nested too deeply")
        try:
            return self._textual() or self._disjunction()
        finally:
            self._depth -= 1

    def _textual(self) -> tree.Node | None:
        """``if``, ``for``, ``some``, ``every``, ``function``; None when a known name begins with the word."""
        scan = self._scan
        parse = self._TEXTUAL.get(scan.word() or "")
        if parse is None or scan.known_name():
            return None
        return parse(self)

    def _if(self) -> tree.Node:
        self._scan.need_keyword("if")
        condition = self._expression()
        self._scan.need_keyword("then")
        then = self._expression()
        self._scan.need_keyword("else")
        return tree.If(condition, then, self._expression())

    def _for(self) -> tree.Node:
        self._scan.need_keyword("for")
        iterations = self._iterations()
        self._scan.need_keyword("return")
        return tree.For(iterations, self._expression())

    def _quantified(self) -> tree.Node:
        every = self._scan.take_keyword("every")
        if not every:
            self._scan.need_keyword("some")
        iterations = self._iterations()
        self._scan.need_keyword("satisfies")
        return tree.Quantified(every, iterations, self._expression())

    def _iterations(self) -> tuple[tree.Iteration, ...]:
        scan, iterations = self._scan, []
        while True:
            name = scan.take_loop_name()
            scan.names.add(name)
            start = self._expression()
            end = self._expression() if scan.take("..") else None
            iterations.append(tree.Iteration(name, start, end))
            if not scan.take(","):
                return tuple(iterations)

    def _function(self) -> tree.Node | None:
        scan, start = self._scan, self._scan.position
        scan.need_keyword("function")
        if not scan.take("("):
            scan.position = start
            return None
        names: list[str] = []
        types: list[tree.TypeName | None] = []
        while scan.peek() != ")":
            names.append(scan.take_parameter_name())
            scan.names.add(names[-1])
            types.append(parse_type(self._scan) if scan.take(":") else None)
            if not scan.take(","):
                break
        scan.need(")")
        if scan.take_keyword("external"):
            self._expression()
            return tree.FunctionDefinition(tuple(names), tuple(types), None)
        return tree.FunctionDefinition(tuple(names), tuple(types), self._expression())

    _TEXTUAL: dict[str, Callable[[Parser], tree.Node | None]] = {
        "if": _if,
        "for": _for,
        "some": _quantified,
        "every": _quantified,
        "function": _function,
    }

    def _disjunction(self) -> tree.Node:
        return self._logical("or", False, self._conjunction)

    def _conjunction(self) -> tree.Node:
        return self._logical("and", True, self._comparison)

    def _logical(self, keyword: str, conjunction: bool, parse: Callable[[], tree.Node]) -> tree.Node:
        operands = [parse()]
        while self._scan.take_keyword(keyword):
            operands.append(parse())
        return operands[0] if len(operands) == 1 else tree.Logical(conjunction, tuple(operands))

    def _comparison(self) -> tree.Node:
        scan, left = self._scan, self._sum()
        while True:
            operator = scan.take(*_COMPARISONS)
            if operator:
                left = tree.Comparison(operator, left, self._sum())
            elif scan.take_keyword("between"):
                low = self._sum()
                scan.need_keyword("and")
                left = tree.Between(left, low, self._sum())
            elif scan.take_keyword("in"):
                left = tree.In(left, self._in_tests())
            else:
                return left

    def _in_tests(self) -> tuple[tree.Test, ...]:
        """One test, or several in parentheses. ``(1..5)`` is an interval with open ends, told by its dots."""
        scan = self._scan
        if not scan.take("("):
            return (self._test(self._sum),)
        tests = [self._test(self._expression)]
        first = tests[0]
        if isinstance(first, tree.ValueTest) and scan.take(".."):
            return (tree.ValueTest(self._interval_end(first.expression, False), first.on_input),)
        while scan.take(","):
            tests.append(self._test(self._expression))
        scan.need(")")
        return tuple(tests)

    def _sum(self) -> tree.Node:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> tree.Node:
        return self._chain(("*", "/"), self._power)

    def _power(self) -> tree.Node:
        return self._chain(("**",), self._negation)

    def _chain(self, operators: tuple[str, ...], parse: Callable[[], tree.Node]) -> tree.Node:
        scan, first = self._scan, parse()
        rest: list[tuple[str, tree.Node]] = []
        while True:
            if operators[0] == "*" and scan.peek(2) == "**":
                break
            operator = scan.take(*operators)
            if not operator:
                break
            rest.append((operator, parse()))
        return tree.Arithmetic(first, tuple(rest)) if rest else first

    def _negation(self) -> tree.Node:
        signs = 0
        while self._scan.take("-"):
            signs += 1
        operand = self._instance_of()
        if signs % 2:
            return tree.Negation(operand)
        return tree.Negation(tree.Negation(operand)) if signs else operand

    def _instance_of(self) -> tree.Node:
        scan, value, start = self._scan, self._postfix(), self._scan.position
        if scan.take_keyword("instance"):
            if scan.take_keyword("of"):
                return tree.InstanceOf(value, parse_type(self._scan))
            scan.position = start
        return value

    def _postfix(self) -> tree.Node:
        scan, node = self._scan, self._primary()
        while True:
            symbol = scan.peek()
            if symbol == "." and scan.peek(2) != "..":
                scan.take(".")
                name = scan.take_name()
                if name is None:
                    raise scan.fail("a name expected")
                node = tree.Path(node, name)
            elif symbol == "[":
                filtered = self._filter(node)
                if filtered is None:
                    return node
                node = filtered
            elif symbol == "(":
                node = self._call(node)
            else:
                return node

    def _filter(self, source: tree.Node) -> tree.Node | None:
        """``source[condition]``; None when the bracket ends an interval such as ``]1..5[``."""
        scan, start = self._scan, self._scan.position
        may_end, self._ends_interval = self._ends_interval, False
        try:
            scan.need("[")
            condition = self._expression()
            scan.need("]")
        except FeelSyntaxError:
            self._retries += 1
            if not may_end or self._retries > _MAX_RETRIES:
                raise
            scan.position = start
            return None
        finally:
            self._ends_interval = may_end
        return tree.Filter(source, condition)

    def _call(self, function: tree.Node) -> tree.Node:
        scan = self._scan
        scan.need("(")
        positional: list[tree.Node] = []
        named: list[tuple[str, tree.Node]] = []
        while scan.peek() != ")":
            name = scan.take_argument_name()
            if name is None:
                positional.append(self._expression())
            else:
                named.append((name, self._expression()))
            if not scan.take(","):
                break
        scan.need(")")
        if named and positional:
            raise scan.fail("positional and named arguments can't be mixed")
        return tree.Call(function, tuple(positional), tuple(named))

    # Primaries

    def _primary(self) -> tree.Node:
        scan, symbol = self._scan, self._scan.peek()
        if not symbol:
            raise scan.fail("an expression expected")
        digits = scan.take_number()
        if digits is not None:
            return tree.Literal(self._number(digits))
        if symbol == '"':
            return tree.Literal(scan.take_string())
        if symbol == "@":
            return self._at_literal()
        if symbol == "{":
            return self._context()
        if symbol in "([]":
            return self._bracketed()
        if symbol in "<>":
            return self._open_interval()
        return self._named()

    def _number(self, digits: str) -> object:
        try:
            return NUMBERS.create_decimal(digits)
        except ArithmeticError as error:
            raise self._scan.fail("the number is too large") from error

    def _at_literal(self) -> tree.Node:
        self._scan.need("@")
        text = self._scan.take_string()
        if text is None:
            raise self._scan.fail("a string expected")
        return tree.Literal(parse_temporal(text))

    def _named(self) -> tree.Node:
        scan, word = self._scan, self._scan.word()
        if word in _RESERVED and not scan.known_name():
            if word in self._TEXTUAL:
                return self._expression()
            if word not in _CONSTANTS:
                raise scan.fail("an expression expected")
            scan.take_keyword(word)
            return tree.Literal(_CONSTANTS[word])
        name = scan.take_name()
        if name is None:
            raise scan.fail("an expression expected")
        return tree.Name(name)

    def _open_interval(self) -> tree.Node:
        operator = self._scan.take(*_BOUNDS) or ""
        return tree.OneSided(operator, self._sum())

    def _bracketed(self) -> tree.Node:
        """A list, an interval, a comparison as a range, or an expression in parentheses."""
        scan = self._scan
        opening = scan.take("(", "[", "]")
        outer, self._ends_interval = self._ends_interval, False
        try:
            return self._within_brackets(opening or "")
        finally:
            self._ends_interval = outer

    def _within_brackets(self, opening: str) -> tree.Node:
        scan = self._scan
        if opening == "[" and scan.take("]"):
            return tree.ListOf(())
        if opening == "(" and scan.peek() in ("<", ">", "=", "!"):
            return self._range_of_comparison()
        first = self._expression()
        if scan.take(".."):
            return self._interval_end(first, opening == "[")
        if opening == "(":
            scan.need(")")
            return first
        if opening == "]":
            raise scan.fail("“..” expected")
        items = [first]
        while scan.take(","):
            items.append(self._expression())
        scan.need("]")
        return tree.ListOf(tuple(items))

    def _interval_end(self, low: tree.Node, low_closed: bool) -> tree.Node:
        outer, self._ends_interval = self._ends_interval, True
        try:
            high = self._expression()
        finally:
            self._ends_interval = outer
        closing = self._scan.take("]", ")", "[")
        if not closing:
            raise self._scan.fail("the end of the interval expected")
        return tree.Interval(low, high, low_closed, closing == "]")

    def _range_of_comparison(self) -> tree.Node:
        operator = self._scan.take(*_COMPARISONS) or ""
        bound = self._sum()
        self._scan.need(")")
        return tree.OneSided(operator, bound)

    def _context(self) -> tree.Node:
        scan = self._scan
        scan.need("{")
        entries: list[tuple[str, tree.Node]] = []
        while scan.peek() != "}":
            key = scan.take_key()
            if key is None:
                raise scan.fail("a name and a colon expected")
            scan.names.add(key)
            entries.append((key, self._expression()))
            if not scan.take(","):
                break
        scan.need("}")
        return tree.ContextOf(tuple(entries))


def _mentions_input(node: tree.Node) -> bool:
    """Whether ``?`` stands anywhere, filters included."""
    todo = [node]
    while todo:
        current = todo.pop()
        if isinstance(current, tree.Name) and current.name == "?":
            return True
        todo.extend(tree.children(current))
    return False
