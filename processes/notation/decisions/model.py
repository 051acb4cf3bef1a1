"""A decision file as a graph: decisions, input data, business knowledge models and services, and what each requires."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from processes.notation.civil_time import civil
from processes.notation.decisions.boxed import BoxedCompiler
from processes.notation.decisions.errors import DecisionError, HitPolicyViolation
from processes.notation.decisions.functions import ServiceFunction
from processes.notation.decisions.hit_policies import HitPolicy
from processes.notation.decisions.item_types import ItemTypes, from_json
from processes.notation.decisions.reader import Element, boxed, child, children, name_of, read_xml, tag, type_of
from processes.notation.decisions.run import DecisionResult, DecisionRun
from processes.notation.feel.budget import Budget
from processes.notation.feel.errors import BudgetExceeded, FeelError
from processes.notation.feel.expression import UNFORESEEN
from processes.notation.feel.json_values import to_json
from processes.notation.feel.scanner import is_simple_name
from processes.notation.feel.scope import Clock, Code, Functions, Scope
from processes.notation.feel.values import Function

DECISION, INPUT, KNOWLEDGE, SERVICE = "decision", "inputData", "businessKnowledgeModel", "decisionService"
_STEPS = 1_000_000
"""A decision may ask many tables: five times what one expression may cost."""

_SECONDS = 4.0
_NOTHING: Mapping[str, Any] = {}
Resolve = Callable[[str], "DecisionModel | None"]


@dataclass(frozen=True)
class _Reference:
    """What a requirement points at: a namespace for imported models, else empty, and an id."""

    namespace: str
    id: str


@dataclass(frozen=True)
class _Part:
    """An element of the graph."""

    kind: str
    id: str
    name: str
    type_name: str | None
    requires: tuple[_Reference, ...]
    code: Code | None
    inputs: tuple[str, ...] = ()
    input_decisions: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


class DecisionModel:
    """A parsed and compiled decision file. Holds nothing of an evaluation, so threads share it.

    >>> parse_decisions(xml, "handling.dmn").evaluate("board", {"text": "…"}).value  # doctest: +SKIP
    """

    def __init__(self, root: Element, file: str, resolve: Resolve | None = None) -> None:
        self.file = file
        self.namespace = root.get("namespace") or ""
        self._imports = dict(_imports(root, resolve))
        self.names: frozenset[str] = _long_names(root).union(*(model.names for _, model in self._imports.values()))
        compiler = BoxedCompiler(file, self.names)
        imported = {alias: model.types for alias, model in self._imports.values()}
        self.types: ItemTypes = ItemTypes(root, compiler.tests, imported)
        compiler.types = self.types
        self._parts = {part.id: part for part in _parts(root, compiler)}
        self._by_name = {part.name: part for part in self._parts.values()}
        self._tables = {part.id: _output_names(root, part) for part in self._parts.values() if part.kind == DECISION}
        self.decision_ids: tuple[str, ...] = tuple(self._tables)
        self.problems: tuple[DecisionError, ...] = (*compiler.problems, *self._broken_requirements())

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the input data the file declares."""
        return tuple(part.name for part in self._parts.values() if part.kind == INPUT)

    @property
    def final_decisions(self) -> tuple[str, ...]:
        """The decisions no other decision of the file requires."""
        required = {
            reference.id
            for part in self._parts.values()
            if part.kind in (DECISION, KNOWLEDGE)
            for reference in part.requires
            if reference.namespace in ("", self.namespace)
        }
        return tuple(identifier for identifier in self.decision_ids if identifier not in required)

    def evaluate(
        self,
        decision_id: str,
        variables: Mapping[str, Any],
        functions: Functions = _NOTHING,
        clock: Clock | None = None,
        budget: Budget | None = None,
    ) -> DecisionResult:
        """Make a decision and those it requires; every variable is visible in every cell.

        Raises :class:`HitPolicyViolation`, or :class:`DecisionError` when the decision is unknown or can't be made.
        """
        part = self._parts.get(decision_id)
        if part is None or part.kind != DECISION:
            zh = f"文件“{self.file}”中没有决策“{decision_id}”"
            raise DecisionError(self.file, decision_id, zh, f"{self.file}: no decision {decision_id}")
        run = DecisionRun(self.types.is_defined_as, budget or Budget(_STEPS, _SECONDS), functions, civil(clock))
        try:
            evaluation = _Evaluation(self, run, variables, Scope(variables, None, run))
            value = to_json(evaluation.value(part), run.budget)
        except RecursionError:
            raise self._failure(decision_id, BudgetExceeded("nested too deeply")) from None
        except FeelError as error:
            raise self._failure(decision_id, error) from error
        except UNFORESEEN as error:
            raise self._failure(decision_id, FeelError(f"the data do not fit: {error}")) from error
        return self._result(decision_id, value, run)

    def invoke(self, name: str, inputs: Mapping[str, Any]) -> Any:
        """The FEEL value of any element by name over FEEL inputs, strictly as DMN has it: nothing is visible but what is
        required, and a violated hit policy is null. Services and knowledge models take their arguments from the inputs.
        """
        run = DecisionRun(self.types.is_defined_as, Budget(_STEPS, _SECONDS), _NOTHING, None, lenient=True)
        value = _Evaluation(self, run, inputs, None).value(self._by_name[name])
        if not isinstance(value, Function):
            return value
        return value.call([inputs.get(parameter) for parameter in value.parameters], run)

    def _failure(self, decision_id: str, error: FeelError) -> DecisionError:
        cause = error.__cause__
        reason = getattr(cause, "zh", None) or str(error)
        zh = f"决策“{decision_id}”（文件“{self.file}”）无法作出：{reason}"
        return DecisionError(self.file, decision_id, zh, f"{self.file}, {decision_id}: {error}")

    def _result(self, decision_id: str, value: Any, run: DecisionRun) -> DecisionResult:
        table = self._tables[decision_id]
        if table is None:
            return DecisionResult(value, None, tuple(run.fired))
        if value is None and table.gives_list:
            value = []
        return DecisionResult(value, _by_output(table, value), tuple(run.fired))

    def _broken_requirements(self) -> Iterator[DecisionError]:
        for part in self._parts.values():
            for reference in part.requires:
                if self._target(reference) is None:
                    zh = f"文件“{self.file}”中“{part.id}”所需的“{reference.id}”不存在"
                    yield DecisionError(
                        self.file, part.id, zh, f"{self.file}: {part.id} requires a missing {reference.id}"
                    )
            if part.kind == DECISION and self._requires_itself(part):
                zh = f"文件“{self.file}”中决策“{part.id}”依赖自身"
                yield DecisionError(self.file, part.id, zh, f"{self.file}: {part.id} requires itself")

    def _requires_itself(self, start: _Part) -> bool:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for reference in todo.pop().requires:
                part = self._parts.get(reference.id)
                if reference.namespace in ("", self.namespace) and part is not None and part.id not in seen:
                    seen.add(part.id)
                    todo.append(part)
        return start.id in seen

    def _target(self, reference: _Reference) -> tuple[str | None, DecisionModel, _Part] | None:
        alias, model = self._imports.get(reference.namespace, (None, self))
        part = model._parts.get(reference.id)
        return None if part is None else (alias, model, part)


class _Evaluation:
    """The values of one model's elements, found once each."""

    def __init__(
        self,
        model: DecisionModel,
        run: DecisionRun,
        inputs: Mapping[str, Any],
        root: Scope | None,
        given: Mapping[str, Any] = _NOTHING,
    ) -> None:
        self._model = model
        self._run = run
        self._inputs = inputs
        self._root = root
        self._given = given
        self._known: dict[str, Any] = {}
        self._imported: dict[str, _Evaluation] = {}
        self._busy: set[str] = set()

    def value(self, part: _Part) -> Any:
        """The value of an element; a Function for knowledge models and services."""
        if part.id not in self._known:
            if part.id in self._busy:
                raise FeelError(f"{part.id} requires itself")
            self._busy.add(part.id)
            self._known[part.id] = self._find(part)
        return self._known[part.id]

    def _find(self, part: _Part) -> Any:
        if part.kind == INPUT:
            return self._converted(from_json(self._inputs.get(part.name), part.type_name), part)
        if part.kind == SERVICE:
            parameters = (*part.inputs, *part.input_decisions)
            return ServiceFunction(parameters, lambda values, run: self._serve(part, values))
        if part.kind == KNOWLEDGE:
            return part.code(Scope(self._required(part), None, self._run)) if part.code else None
        if part.name in self._given:
            return self._converted(self._given[part.name], part)
        return self._decided(part)

    def _decided(self, part: _Part) -> Any:
        scope = Scope(self._required(part), self._root, self._run)
        try:
            return self._converted(part.code(scope) if part.code else None, part)
        except HitPolicyViolation:
            if not self._run.lenient:
                raise
            return None

    def _converted(self, value: Any, part: _Part) -> Any:
        return self._model.types.converted(value, part.type_name, self._run)

    def _required(self, part: _Part) -> dict[str, Any]:
        """The values of what an element requires, by name; those of imported models under their prefix."""
        values: dict[str, Any] = {}
        for reference in part.requires:
            target = self._model._target(reference)
            if target is None:
                continue
            alias, model, required = target
            if alias is None:
                values[required.name] = self.value(required)
            else:
                values.setdefault(alias, {})[required.name] = self._of_import(alias, model).value(required)
        return values

    def _of_import(self, alias: str, model: DecisionModel) -> _Evaluation:
        if alias not in self._imported:
            own = self._inputs.get(alias)
            inputs = own if isinstance(own, dict) else self._inputs
            self._imported[alias] = _Evaluation(model, self._run, inputs, self._root)
        return self._imported[alias]

    def _serve(self, service: _Part, values: dict[str, Any]) -> Any:
        if not all(self._accepts(name, value) for name, value in values.items()):
            return None
        given = {name: values.get(name) for name in service.input_decisions}
        inner = _Evaluation(self._model, self._run, values, None, given)
        results = {}
        for identifier in service.outputs:
            part = self._model._parts[identifier]
            results[part.name] = inner.value(part)
        result = next(iter(results.values())) if len(results) == 1 else results
        return self._converted(result, service)

    def _accepts(self, name: str, value: Any) -> bool:
        part = self._model._by_name.get(name)
        return part is None or value is None or self._converted(value, part) is not None


def _imports(root: Element, resolve: Resolve | None) -> Iterator[tuple[str, tuple[str, DecisionModel]]]:
    for element in children(root, "import"):
        namespace = element.get("namespace") or ""
        model = resolve(namespace) if resolve else None
        if model is not None:
            yield namespace, (name_of(element), model)


def _long_names(root: Element) -> frozenset[str]:
    """Every name in the file that the scanner could not read without knowing it."""
    names = {name_of(element) for element in root.iter() if isinstance(element.tag, str)}
    names |= {" ".join((element.get("iteratorVariable") or "").split()) for element in root.iter("{*}for")}
    return frozenset(name for name in names if name and not is_simple_name(name))


def _parts(root: Element, compiler: BoxedCompiler) -> Iterator[_Part]:
    elements = list(children(root, DECISION, INPUT, KNOWLEDGE, SERVICE))
    names = {element.get("id"): name_of(element) or element.get("id") or "" for element in elements}
    for element in elements:
        identifier = element.get("id") or name_of(element)
        kind = tag(element)
        code: Code | None = None
        if kind == DECISION:
            code = compiler.decision(identifier, boxed(element))
        elif kind == KNOWLEDGE:
            logic = child(element, "encapsulatedLogic")
            code = compiler.function(logic) if logic is not None else None
        yield _Part(
            kind=kind,
            id=identifier,
            name=name_of(element) or identifier,
            type_name=type_of(child(element, "variable")),
            requires=tuple(_requirements(element)),
            code=code,
            inputs=tuple(names.get(each, each) for each in _ids(element, "inputData")),
            input_decisions=tuple(names.get(each, each) for each in _ids(element, "inputDecision")),
            outputs=tuple(each for each in _ids(element, "outputDecision") if each in names),
        )


def _ids(element: Element, name: str) -> list[str]:
    return [(reference.get("href") or "").rpartition("#")[2] for reference in children(element, name)]


def _requirements(element: Element) -> Iterator[_Reference]:
    for requirement in children(element, "informationRequirement", "knowledgeRequirement"):
        for target in children(requirement, "requiredDecision", "requiredInput", "requiredKnowledge"):
            namespace, _, identifier = (target.get("href") or "").rpartition("#")
            yield _Reference(namespace, identifier)


def _output_names(root: Element, part: _Part) -> HitPolicy | None:
    """The policy and outputs of a decision that is a table; outputs without a name take the decision's."""
    for element in children(root, DECISION):
        table = child(element, "decisionTable")
        if (element.get("id") or name_of(element)) == part.id and table is not None:
            names = tuple(name_of(column) or part.name for column in children(table, "output"))
            policy = " ".join((table.get("hitPolicy") or "UNIQUE").split()).upper()
            return HitPolicy(policy, table.get("aggregation"), names)
    return None


def _by_output(table: HitPolicy, value: Any) -> dict[str, Any]:
    if len(table.outputs) == 1:
        return {table.outputs[0]: value}
    if isinstance(value, list):
        return {name: [row.get(name) for row in value] for name in table.outputs}
    return {name: value.get(name) if isinstance(value, dict) else None for name in table.outputs}


def parse_decisions(xml: bytes, name: str, resolve: Resolve | None = None, strict: bool = True) -> DecisionModel:
    """Parse and compile a DMN file of any version from 1.1; ``name`` stands for it in messages.

    ``resolve`` gives the model of an imported namespace. Raises :class:`DecisionError`; with ``strict`` off, expressions
    that can't be read are null and listed in the model's ``problems``.
    """
    try:
        model = DecisionModel(read_xml(xml, name), name, resolve)
    except RecursionError as error:
        raise DecisionError(name, None, f"文件“{name}”嵌套过深", f"{name}: nested too deeply") from error
    if strict and model.problems:
        raise model.problems[0]
    return model
