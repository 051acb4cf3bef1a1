"""Boxed expressions (DMN 1.5, 7.3 and 10.2), compiled to the same closures as FEEL's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processes.notation.decisions.errors import DecisionError
from processes.notation.decisions.functions import BoxedFunction, ModelFunction
from processes.notation.decisions.hit_policies import AGGREGATIONS, POLICIES, HitPolicy
from processes.notation.decisions.item_types import ItemTypes
from processes.notation.decisions.python_cells import compile_python, compile_python_test
from processes.notation.decisions.reader import (
    FEEL,
    PYTHON,
    Element,
    boxed,
    child,
    children,
    language_of,
    name_of,
    nearest_id,
    tag,
    text_of,
    type_of,
)
from processes.notation.decisions.run import FiredRule
from processes.notation.decisions.tables import DecisionTable, Input, Output, Rule
from processes.notation.feel.compare import both, either
from processes.notation.feel.compiler import TestCode
from processes.notation.feel.compiler.sequences import item_at, item_scope, iterated
from processes.notation.feel.errors import FeelSyntaxError
from processes.notation.feel.expression import UnaryTests, compile_expression, compile_unary
from processes.notation.feel.scope import Code, Scope
from processes.notation.feel.values import NUMBER, Function, kind_of, number
from processes.notation.python_subset import SubsetError


def _null(scope: Scope) -> Any:
    return None


class BoxedCompiler:
    """Compiles the boxed expressions of one file. ``problems`` collects what could not be compiled."""

    def __init__(self, file: str, names: frozenset[str]) -> None:
        self.file = file
        self.problems: list[DecisionError] = []
        self.types: ItemTypes
        self._names = names
        self._decision = ""

    def decision(self, identifier: str, expression: Element | None) -> Code:
        """The closure of a decision's logic."""
        self._decision = identifier
        return self.expression(expression)

    def expression(self, element: Element | None) -> Code:
        """The closure of a boxed expression; null without one."""
        if element is None:
            return _null
        return self._COMPILERS[tag(element)](self, element)

    def feel(self, source: str, element: Element) -> Code:
        """The closure of an expression's text; null for an empty one."""
        if not source:
            return _null
        language = self._language(element)
        try:
            return compile_python(source) if language == PYTHON else compile_expression(source, self._names).code
        except (FeelSyntaxError, SubsetError) as error:
            self._note(element, source, error)
            return _null

    def tests(self, source: str, element: Element) -> UnaryTests | None:
        """Unary tests, always FEEL; None when they can't be read."""
        try:
            return compile_unary(source, self._names)
        except FeelSyntaxError as error:
            self._note(element, source, error)
            return None

    def _cell(self, source: str, element: Element) -> TestCode | None:
        if source in ("", "-"):
            return None
        if self._language(element) != PYTHON:
            tests = self.tests(source, element)
            return tests.code if tests else lambda scope, value: None
        try:
            return compile_python_test(source)
        except SubsetError as error:
            self._note(element, source, error)
            return lambda scope, value: None

    def _language(self, element: Element) -> str:
        language = language_of(element)
        if language not in (FEEL, PYTHON):
            self._refuse(
                element,
                f"不支持表达式语言 {language}，请用 FEEL",
                f"the language {language} is not supported: use FEEL",
            )
        return language

    def _note(self, element: Element, source: str, error: FeelSyntaxError | SubsetError) -> None:
        identifier = nearest_id(element)
        zh = f"文件“{self.file}”中 {identifier} 的表达式“{source[:60]}”有误（第{error.line}行第{error.column}列）"
        self.problems.append(
            DecisionError(self.file, identifier, zh, f"{self.file}, {identifier}: {error}: {source[:60]}")
        )

    def _refuse(self, element: Element, zh: str, en: str) -> None:
        self.problems.append(
            DecisionError(self.file, nearest_id(element), f"文件“{self.file}”：{zh}", f"{self.file}: {en}")
        )

    # Boxed expressions

    def _literal(self, element: Element) -> Code:
        return self.feel(text_of(element), element)

    def _context(self, element: Element) -> Code:
        entries = []
        for entry in children(element, "contextEntry"):
            variable = child(entry, "variable")
            name = name_of(variable) if variable is not None else None
            entries.append((name, type_of(variable), self.expression(boxed(entry))))

        def code(scope: Scope) -> Any:
            context: dict[str, Any] = {}
            inner = scope.inner(context)
            for name, type_name, value in entries:
                if name is None:
                    return value(inner)
                context[name] = self.types.converted(value(inner), type_name, scope.run)
            return context

        return code

    def _list(self, element: Element) -> Code:
        items = [self.expression(item) for item in element if tag(item) in self._COMPILERS]
        return lambda scope: [item(scope) for item in items]

    def _relation(self, element: Element) -> Code:
        columns = [name_of(column) for column in children(element, "column")]
        rows = [
            [self.expression(cell) for cell in row if tag(cell) in self._COMPILERS] for row in children(element, "row")
        ]
        return lambda scope: [dict(zip(columns, [cell(scope) for cell in cells], strict=False)) for cells in rows]

    def _invocation(self, element: Element) -> Code:
        function = self.expression(boxed(element))
        bindings = [
            (name_of(child(binding, "parameter")), self.expression(boxed(binding)))
            for binding in children(element, "binding")
        ]

        def code(scope: Scope) -> Any:
            target = function(scope)
            arguments = {name: value(scope) for name, value in bindings}
            if isinstance(target, ModelFunction) and arguments.keys() <= set(target.parameters):
                arguments = {name: arguments.get(name) for name in target.parameters}
            return target.call_named(arguments, scope.run) if isinstance(target, Function) else None

        return code

    def function(self, element: Element) -> Code:
        """The closure that makes a function of a definition; external ones give null."""
        body = boxed(element)
        parameters = [(name_of(each), type_of(each)) for each in children(element, "formalParameter")]
        code = _null if element.get("kind") in ("Java", "PMML") else self.expression(body)
        result = type_of(body)
        if result is not None and not self.types.is_defined(result):
            result = None
        return lambda scope: BoxedFunction(parameters, code, result, self.types, scope)

    def _conditional(self, element: Element) -> Code:
        condition, then, otherwise = (self.expression(boxed(child(element, part))) for part in ("if", "then", "else"))

        def code(scope: Scope) -> Any:
            decided = condition(scope)
            if decided is True:
                return then(scope)
            return otherwise(scope) if decided is False or decided is None else None

        return code

    def _filter(self, element: Element) -> Code:
        source, match = (self.expression(boxed(child(element, part))) for part in ("in", "match"))

        def code(scope: Scope) -> Any:
            value = source(scope)
            items = value if isinstance(value, list) else [] if value is None else [value]
            kept = []
            for item in items:
                scope.run.budget.spend(4)
                result = match(item_scope(item, scope))
                if result is True:
                    kept.append(item)
                elif kind_of(result) == NUMBER:
                    return item_at(items, number(result))
            return kept

        return code

    def _iterator(self, element: Element) -> Code:
        kind, name = tag(element), " ".join((element.get("iteratorVariable") or "").split())
        source = self.expression(boxed(child(element, "in")))
        body = self.expression(boxed(child(element, "return" if kind == "for" else "satisfies")))

        def code(scope: Scope) -> list[Any] | None:
            values = iterated(source(scope), None, False)
            if values is None:
                return None
            results: list[Any] = []
            for value in values:
                scope.run.budget.spend(4 + len(results) // 16)
                results.append(body(scope.inner({name: value, "partial": list(results)})))
            return results

        return code

    def _quantified(self, element: Element) -> Code:
        results_of = self._iterator(element)
        combine, neutral = (both, True) if tag(element) == "every" else (either, False)

        def code(scope: Scope) -> bool | None:
            results = results_of(scope)
            if results is None:
                return None
            verdict: bool | None = neutral
            for result in results:
                verdict = combine(verdict, result)
            return verdict

        return code

    # Decision tables

    def _table(self, element: Element) -> Code:
        policy = " ".join((element.get("hitPolicy") or "UNIQUE").split()).upper()
        aggregation = element.get("aggregation")
        if policy not in POLICIES or (aggregation and aggregation not in AGGREGATIONS):
            self._refuse(element, f"没有命中策略 {policy} {aggregation or ''}", f"no hit policy {policy} {aggregation}")
            return _null
        outputs = tuple(self._output(column) for column in children(element, "output"))
        inputs = tuple(self._input(column) for column in children(element, "input"))
        rows = enumerate(children(element, "rule"), 1)
        table = DecisionTable(
            file=self.file,
            decision=self._decision,
            id=element.get("id") or self._decision,
            policy=HitPolicy(policy, aggregation, tuple(output.name for output in outputs)),
            inputs=inputs,
            outputs=outputs,
            rules=tuple(self._rule(row, place, element, len(inputs), len(outputs)) for place, row in rows),
        )
        return table.evaluate

    def _input(self, element: Element) -> Input:
        expression = child(element, "inputExpression")
        code = self.feel(text_of(expression), expression) if expression is not None else _null
        values = child(element, "inputValues")
        tests = self.tests(text_of(values), element) if text_of(values) else None
        return Input(code, tests.code if tests else None, type_of(expression))

    def _output(self, element: Element) -> Output:
        values = text_of(child(element, "outputValues")) or self.types.allowed_values(type_of(element))
        default = child(element, "defaultOutputEntry")
        return Output(
            name_of(element),
            self._priorities(values, element),
            self.feel(text_of(default), default) if default is not None else _null,
        )

    def _priorities(self, values: str, element: Element) -> Code:
        """The allowed values as a list; none where they are no list of values (a range, say)."""
        try:
            return compile_expression(f"[{values}]", self._names).code
        except FeelSyntaxError:
            return _null

    def _rule(self, row: Element, place: int, table: Element, inputs: int, outputs: int) -> Rule:
        cells = list(children(row, "inputEntry"))
        results = list(children(row, "outputEntry"))
        if len(cells) != inputs or len(results) != outputs:
            self._refuse(row, f"第{place}行的格数与表头不符", f"row {place} has not as many cells as the table columns")
        tests = [(column, self._cell(text_of(cell), cell)) for column, cell in enumerate(cells[:inputs])]
        codes = [self.feel(text_of(cell), cell) for cell in results[:outputs]]
        return Rule(
            conditions=tuple((column, test) for column, test in tests if test is not None),
            results=(*codes, *[_null] * (outputs - len(codes))),
            fired=FiredRule(
                self._decision, table.get("id") or self._decision, row.get("id") or "", place, _annotation(row)
            ),
        )

    _COMPILERS: dict[str, Callable[[BoxedCompiler, Element], Code]] = {
        "literalExpression": _literal,
        "decisionTable": _table,
        "context": _context,
        "invocation": _invocation,
        "list": _list,
        "relation": _relation,
        "functionDefinition": function,
        "conditional": _conditional,
        "filter": _filter,
        "for": _iterator,
        "some": _quantified,
        "every": _quantified,
    }


def _annotation(row: Element) -> str | None:
    """A row's annotations, or its description."""
    texts = [text_of(entry) for entry in children(row, "annotationEntry")]
    description = child(row, "description")
    if not any(texts) and description is not None:
        texts = [(description.text or "").strip()]
    return "；".join(text for text in texts if text) or None
