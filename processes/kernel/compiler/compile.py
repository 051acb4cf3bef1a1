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
from processes.kernel.compiler.events import triggers_of
from processes.kernel.compiler.paths import set_ways
from processes.kernel.compiler.reading import (
    ParseError,
    extension_text,
    names_of,
    properties,
)
from processes.kernel.plan import ACTIVITIES, ARMED, COUNTER, Element, Flow, Node, Process, Scope, Start
from processes.notation import diagram as drawn
from processes.notation.decisions import DecisionModel, parse_decisions
from processes.notation.diagram import children, is_true, script_of, text_of
from processes.notation.models import read_models
from processes.notation.references import References

SAID = ("stage", "caseStatus", "record", "pooled")
"""Named properties that are evaluated when their element is entered, for casework."""

_ALWAYS_INTERRUPT = frozenset({"error", "cancel", "compensate"})
_STARTING = frozenset({"message", "signal", "timer"})


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
        stamped = any(scope.asks_for_newest for scope in self._scopes.values())
        return Process(process_id, name, plan, self._scopes, tuple(_starts(plan)), stamped)

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
        _connect(plan, diagram, scope)
        for each in scope.nodes:
            if id(each) in inside:
                node = plan.nodes[each.id]
                kind = node.kind if node.kind in ("transaction", "eventSubProcess") else "subProcess"
                node.inner = Scope(each.id, plan.process_id, kind, plan, node)
                self._fill(node.inner, diagram, inside[id(each)], inside, lanes)
        _set_starts(plan, scope)
        _set_compensation(plan, self._associated(diagram))
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
            _event(node, self._references, each)
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


def _event(node: Node, references: References, each: drawn.Node) -> None:
    node.triggers = triggers_of(references, each)
    node.all_of_them = is_true(each.element.get("parallelMultiple")) and len(node.triggers) > 1
    kinds = {trigger.kind for trigger in node.triggers}
    attribute = "isInterrupting" if node.kind == "startEvent" else "cancelActivity"
    node.interrupting = is_true(each.element.get(attribute, "true")) or bool(kinds & _ALWAYS_INTERRUPT)
    if node.kind in ("boundaryEvent", "intermediateCatchEvent") and not node.triggers:
        raise ParseError(
            f"{each.label('zh')}没有说明等待什么",
            f"{each.label('en')} does not say what it waits for",
            each.file,
            each.id,
        )


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


# -- flows, starts, compensation -------------------------------------------------------------------------------------------


def _connect(plan: Scope, diagram: drawn.Diagram, scope: drawn.Scope) -> None:
    outgoing: dict[str, list[Flow]] = {}
    incoming: dict[str, list[Flow]] = {}
    for each in scope.flows:
        source = plan.nodes.get(each.source.id) if each.source is not None else None
        target = plan.nodes.get(each.target.id) if each.target is not None else None
        if source is None or target is None:
            raise ParseError(
                f"{each.label('zh')}的一端没有接在同一层的元素上",
                f"{each.label('en')} does not lead from one element to another of the same level",
                each.file,
                each.id,
            )
        flow = Flow(each.id, source, target, each.condition)
        outgoing.setdefault(source.id, []).append(flow)
        incoming.setdefault(target.id, []).append(flow)
    for drawing in scope.nodes:
        node = plan.nodes[drawing.id]
        node.outgoing = tuple(outgoing.get(node.id, ()))
        node.incoming = tuple(incoming.get(node.id, ()))
        default = drawing.element.get("default")
        node.default = next((flow for flow in node.outgoing if flow.id == default), None)
        if node.default is not None:
            node.default.condition = ""  # it is ignored (10.3.1)
        node.conditional = node.kind in ACTIVITIES and any(flow.condition for flow in node.outgoing)
        if node.kind == "eventBasedGateway":
            node.catchers = tuple(flow.target for flow in node.outgoing)
            node.parallel_start = drawing.element.get("eventGatewayType") == "Parallel"
        if node.kind == "intermediateCatchEvent":
            for trigger in node.triggers:
                if trigger.kind == "link":
                    plan.links[trigger.name] = node
        for event in drawing.boundary:
            attached = plan.nodes[event.id]
            attached.host = node
            node.boundary = (*node.boundary, attached)
        node.armed_boundary = tuple(
            each for each in node.boundary if any(trigger.kind in ARMED for trigger in each.triggers)
        )
    _check_links(plan, diagram)


def _check_links(plan: Scope, diagram: drawn.Diagram) -> None:
    for node in plan.nodes.values():
        for trigger in node.triggers:
            if node.kind == "intermediateThrowEvent" and trigger.kind == "link" and trigger.name not in plan.links:
                raise ParseError(
                    f"链接“{trigger.name}”没有对应的捕获事件（{node.id}）",
                    f"{node.id}: no catch event for the link {trigger.name!r}",
                    diagram.file,
                    node.id,
                )


def _set_starts(plan: Scope, scope: drawn.Scope) -> None:
    for_compensation = {each.id for each in scope.nodes if is_true(each.element.get("isForCompensation"))}
    events = [node for node in plan.nodes.values() if node.kind == "startEvent"]
    blank = [node for node in events if not node.triggers]
    creating = [
        plan.nodes[each.id]
        for each in scope.nodes
        if each.kind in ("receiveTask", "eventBasedGateway")
        and is_true(each.element.get("instantiate"))
        and not plan.nodes[each.id].incoming
    ]
    plan.typed_starts = tuple(node for node in events if node.triggers) + tuple(creating)
    plan.event_scopes = tuple(node for node in plan.nodes.values() if node.kind == "eventSubProcess")
    plan.armed_event_scopes = tuple(
        node
        for node in plan.event_scopes
        if node.inner is not None and any(trigger.kind in ARMED for trigger in _event_start(node).triggers)
    )
    if plan.kind == "eventSubProcess":
        return
    if blank:
        plan.starts = tuple(blank)
    elif len(plan.typed_starts) == 1 and plan.typed_starts[0].kind == "eventBasedGateway":
        plan.starts = plan.typed_starts
    elif plan.typed_starts:
        plan.chooser = Node(f"{plan.id}:start", "chooser", Element("", "", "", plan.process_id), plan)
        plan.chooser.catchers = tuple(_caught_first(plan))
        plan.nodes[plan.chooser.id] = plan.chooser
    else:
        plan.starts = tuple(
            node
            for node in plan.nodes.values()
            if not node.incoming
            and node.kind not in ("boundaryEvent", "eventSubProcess")
            and node.id not in for_compensation
            and not any(trigger.kind == "link" and node.kind == "intermediateCatchEvent" for trigger in node.triggers)
        )


def _event_start(node: Node) -> Node:
    starts = node.inner.typed_starts if node.inner is not None else ()
    if not starts:
        raise ParseError(
            f"事件子流程 {node.id} 的开始事件没有触发条件",
            f"event sub-process {node.id}: its start event has no trigger",
            None,
            node.id,
        )
    return starts[0]


def _caught_first(plan: Scope) -> Iterator[Node]:
    for node in plan.typed_starts:
        yield from node.catchers if node.kind == "eventBasedGateway" else (node,)


def _set_compensation(plan: Scope, associated: Mapping[str, list[str]]) -> None:
    """Tie boundary compensation events to their handlers, and mark what is worth keeping when it has been completed (10.7)."""
    for event in plan.nodes.values():
        if event.host is None or not any(trigger.kind == "compensate" for trigger in event.triggers):
            continue
        found = [plan.nodes[each] for each in associated.get(event.id, ()) if each in plan.nodes]
        if not found:
            raise ParseError(
                f"补偿边界事件 {event.id} 没有用关联连到补偿活动",
                f"{event.id}: no association to a compensation activity",
                None,
                event.id,
            )
        event.host.compensator, event.host.undone_by = found[0], event
    for node in plan.nodes.values():
        called = node.inner is not None and node.inner.kind == "process"
        inside = node.inner is not None and not called and _holds_compensation(node.inner)
        node.compensable = node.compensator is not None or inside


def _holds_compensation(plan: Scope) -> bool:
    """Whether something inside can be compensated."""
    if any(node.compensable for node in plan.nodes.values()):
        return True
    return any(trigger.kind == "compensate" for node in plan.event_scopes for trigger in _event_start(node).triggers)


_ASKING = frozenset({"conditional", "terminate"})


def _asks_for_newest(plan: Scope) -> bool:
    """Whether something in a scope, or around it, wants to know what branches have done to the variables before they meet."""
    if plan.parent is not None and plan.parent.asks_for_newest:
        return True
    kinds = {trigger.kind for node in plan.nodes.values() for trigger in node.triggers}
    return bool(kinds & _ASKING) or any(node.kind == "eventSubProcess" for node in plan.nodes.values())


def _starts(plan: Scope) -> Iterator[Start]:
    """The ways in which events from outside start the process."""
    for node in plan.typed_starts:
        for each in node.catchers if node.kind == "eventBasedGateway" else (node,):
            for trigger in each.triggers:
                if trigger.kind in _STARTING:
                    yield Start(trigger.kind, trigger.name, trigger.expression or "", each.id, each.all_of_them)
