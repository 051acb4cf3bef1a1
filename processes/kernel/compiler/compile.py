"""Puts the parts together: processes, their scopes, nodes and flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from processes.kernel.compiler.activities import (
    GLOBAL_TASKS,
    decision_of,
    is_data_object,
    moves_of,
    operator_of,
    repetition_of,
)
from processes.kernel.compiler.compensation import set_compensation
from processes.kernel.compiler.events import set_event
from processes.kernel.compiler.flows import connect
from processes.kernel.compiler.paths import set_ways
from processes.kernel.compiler.reading import ParseError, extension_text, names_of, properties
from processes.kernel.compiler.starts import set_starts, starts_from_outside
from processes.kernel.plan import ACTIVITIES, COUNTER, Element, Node, Process, Scope
from processes.notation import diagram as drawn
from processes.notation.decisions import DecisionModel, parse_decisions
from processes.notation.diagram import children, is_true, script_of, text_of
from processes.notation.models import read_models

SAID = ("stage", "caseStatus", "caseStatusEn", "record", "pooled")
"""Named properties that are evaluated when their element is entered, for casework."""


def compile_process(files: Mapping[str, bytes], process_id: str) -> Process:
    """Compile ``process_id`` and whatever it calls out of ``files`` (name → bytes; diagrams and decisions, others are passed over).

    Raises :class:`ParseError` for the first thing that cannot run (``check`` reports all of them).
    """
    return _Compiler(files).process(process_id)


class _Compiler:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        models = read_models(files)
        self._decisions: dict[str, DecisionModel] = {}
        for file in models.decisions:
            model = parse_decisions(files[file], file)
            self._decisions.update(dict.fromkeys(model.decision_ids, model))
        self._diagrams = list(models.diagrams.values())
        self._references = models.references
        self._processes: dict[str, tuple[drawn.Diagram, drawn.Scope]] = {}
        self._global_tasks: dict[str, tuple[drawn.Diagram, drawn.Element]] = {}
        for diagram in self._diagrams:
            for scope in diagram.processes:
                known = self._processes.get(scope.id)
                if known is None or not known[1].executable:
                    self._processes[scope.id] = (diagram, scope)
            for item in diagram.items(*GLOBAL_TASKS):
                self._global_tasks.setdefault(item.id, (diagram, item.element))
        self._counts = any(COUNTER.encode() in body.replace(b"\0", b"") for body in files.values())
        self._associations: dict[str, dict[str, list[str]]] = {}
        self._plans: dict[str, Scope] = {}
        self._scopes: dict[str, Scope] = {}

    def process(self, process_id: str) -> Process:
        """The compiled process."""
        if process_id not in self._processes:
            raise ParseError(f"没有流程 {process_id}", f"no process {process_id}")
        plan = self._called(process_id)
        name = self._processes[process_id][1].name or process_id
        stamped = any(scope.asks_for_newest or _undoes_inside(scope) for scope in self._scopes.values())
        return Process(process_id, name, plan, self._scopes, tuple(starts_from_outside(plan)), stamped)

    # -- scopes ------------------------------------------------------------------------------------------------------

    def _called(self, process_id: str) -> Scope:
        """The plan of a process, compiled once, however often it is called (by itself, too)."""
        if process_id not in self._plans and process_id not in self._processes:
            self._plans[process_id] = self._global_task(process_id)
        if process_id not in self._plans:
            diagram, scope = self._processes[process_id]
            plan = Scope(scope.id, scope.id, "process")
            self._plans[process_id] = plan
            inside = {id(each.host): each for each in diagram.scopes if each.host is not None}
            lanes = _lanes(scope.element)
            self._fill(plan, diagram, scope, inside, lanes)
            for io in children(scope.element, "ioSpecification"):
                plan.inputs = tuple(names_of(each) for each in children(io, "dataInput"))
                plan.outputs = tuple(names_of(each) for each in children(io, "dataOutput"))
                plan.optional = frozenset(_optional(io))
        return self._plans[process_id]

    def _global_task(self, task_id: str) -> Scope:
        """A global task is called like a process that consists of it alone (10.3.6)."""
        diagram, element = self._global_tasks[task_id]
        plan = Scope(task_id, task_id, "process")
        self._scopes[task_id] = plan
        drawing = drawn.Node(diagram.file, element, drawn.Scope(diagram.file, element, None, executable=True))
        plan.nodes[task_id] = self._node(plan, diagram, drawing, {})
        plan.starts = (plan.nodes[task_id],)
        return plan

    def _fill(
        self,
        plan: Scope,
        diagram: drawn.Diagram,
        scope: drawn.Scope,
        inside: Mapping[int, drawn.Scope],
        lanes: Mapping[str, str],
    ) -> None:
        self._scopes[plan.id] = plan
        plan.data_objects = frozenset(
            each.get("id", "") for each in scope.element if is_data_object(each) and each.get("id")
        )
        plan.objects_around = bool(plan.data_objects) or (plan.parent is not None and plan.parent.objects_around)
        for each in scope.nodes:
            plan.nodes[each.id] = self._node(plan, diagram, each, lanes)
        plan.asks_for_newest = _asks_for_newest(plan)
        connect(plan, diagram, scope)
        for each in scope.nodes:
            if id(each) in inside:
                node = plan.nodes[each.id]
                kind = node.kind if node.kind in ("transaction", "eventSubProcess") else "subProcess"
                node.inner = Scope(each.id, plan.process_id, kind, plan, node)
                self._fill(node.inner, diagram, inside[id(each)], inside, lanes)
        set_starts(plan, scope)
        set_compensation(plan, self._associated(diagram))
        set_ways(plan)

    def _associated(self, diagram: drawn.Diagram) -> Mapping[str, list[str]]:
        """What associations connect with what, by ids; which way they point does not matter, nor where they stand."""
        if diagram.file not in self._associations:
            found = self._associations[diagram.file] = {}
            for each in diagram.items("association"):
                ends = [
                    self._references.resolve(diagram, each.element, each.element.get(name)).element
                    for name in ("sourceRef", "targetRef")
                ]
                one, other = ("" if end is None else end.get("id", "") for end in ends)
                found.setdefault(one, []).append(other)
                found.setdefault(other, []).append(one)
        return self._associations[diagram.file]

    # -- nodes -------------------------------------------------------------------------------------------------------

    def _node(self, plan: Scope, diagram: drawn.Diagram, each: drawn.Node, lanes: Mapping[str, str]) -> Node:
        kind, element = each.kind, each.element
        if kind == "subProcess" and is_true(element.get("triggeredByEvent")):
            kind = "eventSubProcess"
        kind = GLOBAL_TASKS.get(kind, kind)
        said = properties(element)
        node = Node(each.id, kind, _element(each, kind, plan.process_id, said, lanes), plan)
        if kind not in _RUN:
            raise ParseError(
                f"{each.label('zh')}不能执行", f"{each.label('en')} cannot be executed", each.file, each.id
            )
        node.said = tuple((name, said[name]) for name in SAID if name in said)
        node.before = extension_text(element, "preScript")
        node.after = extension_text(element, "postScript")
        node.inputs = moves_of(self._references, each, reads=True)
        node.outputs = moves_of(self._references, each, reads=False)
        if kind in ACTIVITIES:
            self._activity(node, diagram, each)
        if kind.endswith("Event") or kind in ("sendTask", "receiveTask"):
            set_event(node, self._references, each)
        return node

    def _activity(self, node: Node, diagram: drawn.Diagram, each: drawn.Node) -> None:
        node.repetition = repetition_of(self._references, each, self._counts)
        node.deadline = "dueAt" in node.element.properties and node.kind not in ("userTask", "manualTask")
        if node.kind == "serviceTask":
            node.operator = operator_of(each)
        elif node.kind == "scriptTask":
            node.script = script_of(each.element)
        elif node.kind == "businessRuleTask":
            node.decision = decision_of(
                each, each.element, self._decisions, node.element.properties.get("resultVariable", "")
            )
        elif node.kind == "callActivity":
            called = self._known((each.element.get("calledElement") or "").strip())
            if called is None:
                raise ParseError(
                    f"{each.label('zh')}调用的流程“{each.element.get('calledElement') or ''}”不在所给的文件里",
                    f"{each.label('en')} calls {each.element.get('calledElement')!r}, which is in none of the files",
                    each.file,
                    each.id,
                )
            node.inner = self._called(called)

    def _known(self, called: str) -> str | None:
        """The id of a called process or global task; a reference may carry a namespace's prefix."""
        for each in (called, called.rpartition(":")[2]):
            if each in self._processes or each in self._global_tasks:
                return each
        return None


_RUN = ACTIVITIES | {
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
    "exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway",
}  # fmt: skip


def _element(
    each: drawn.Node, kind: str, process_id: str, said: Mapping[str, str], lanes: Mapping[str, str]
) -> Element:
    instructions = extension_text(each.element, "instructionsForEndUser")
    tag = each.kind if kind == "eventSubProcess" else kind
    return Element(each.id, each.element.get("name") or "", tag, process_id, said, instructions, lanes.get(each.id, ""))


def _optional(io: drawn.Element) -> Iterator[str]:
    """The first names of what need not be there (10.4.1)."""
    sets = children(io, "inputSet", "outputSet")
    ids = {text_of(each) for some in sets for each in children(some, "optionalInputRefs", "optionalOutputRefs")}
    for each in children(io, "dataInput", "dataOutput"):
        if each.get("id") in ids:
            yield from names_of(each)[:1]


def _lanes(process: drawn.Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for reference in process.iter(f"{{{drawn.BPMN}}}flowNodeRef"):
        lane = reference.getparent()
        if lane is not None:
            found[text_of(reference)] = lane.get("name") or ""
    return found


def _undoes_inside(plan: Scope) -> bool:
    """Whether what has been completed in a sub-process can be undone: by handlers that see the variables as they were."""
    return any(node.compensable and node.inner is not None for node in plan.nodes.values())


_ASKING = frozenset({"conditional", "terminate"})


def _asks_for_newest(plan: Scope) -> bool:
    """Whether something in a scope, or around it, wants to know what branches have done to the variables before they meet."""
    if plan.parent is not None and plan.parent.asks_for_newest:
        return True
    kinds = {trigger.kind for node in plan.nodes.values() for trigger in node.triggers}
    return bool(kinds & _ASKING) or any(node.kind == "eventSubProcess" for node in plan.nodes.values())
