"""From files to a process that can run.

Only the spiff dialect, through ``add_bpmn_xml`` with the roots kept alive (the library keys lanes on ``id(root)``). After parsing, every event
definition is replaced by its mended one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.event_definitions.multiple import MultipleEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.spiff.parser.task_spec import ServiceTaskParser, SpiffTaskParser

from processes.errors import BihuanError
from processes.notation.decisions import DecisionModel, parse_decisions
from processes.spiff.decisions import DecisionAdapter
from processes.spiff.mended import errors, messages, timers
from processes.spiff.mended.multi_instance import (
    CollectingSequentialMultiInstanceTask,
    OrderedParallelMultiInstanceTask,
)
from processes.spiff.mended.service_task import ExternalServiceTask

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
_NS = {"bpmn": BPMN, "spiffworkflow": SPIFF}

SpiffTaskParser.PARALLEL_MI_CLASS = OrderedParallelMultiInstanceTask
SpiffTaskParser.SEQUENTIAL_MI_CLASS = CollectingSequentialMultiInstanceTask


class ParseError(BihuanError):
    """A file or process that cannot be run; ``file`` and ``element`` say where."""

    def __init__(self, zh: str, en: str, file: str | None = None, element: str | None = None) -> None:
        super().__init__(zh, en, file=file, element=element)
        self.file, self.element = file, element


@dataclass(frozen=True)
class Element:
    """What a diagram says of one of its elements beside its flow."""

    id: str
    name: str
    tag: str
    """local name of the XML element: userTask, serviceTask …"""
    process_id: str
    """the process whose diagram shows it"""
    properties: Mapping[str, str] = field(default_factory=dict)
    instructions: str = ""
    lane: str = ""


@dataclass(frozen=True)
class Process:
    """A parsed process with all that it calls: immutable, shared among instances and threads.

    ``elements`` is keyed by (scope, element id); a scope is the id of a process or of an embedded sub-process.
    """

    id: str
    name: str
    spec: Any
    subprocess_specs: Mapping[str, Any]
    elements: Mapping[tuple[str, str], Element]
    starts_on: tuple[str, ...]
    """names of the messages that start an instance"""


def parse_xml(body: bytes, file: str) -> Any:
    """An XML root with neither entities, DTD nor network."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ParseError(f"{file}:不是有效的 XML({error})", f"{file}: not XML: {error}", file) from error
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise ParseError(f"{file}:不允许 DTD 和实体声明", f"{file}: DTD and entities are refused", file)
    return root


class _Parser(SpiffBpmnParser):
    OVERRIDE_PARSER_CLASSES = {
        **SpiffBpmnParser.OVERRIDE_PARSER_CLASSES,
        full_tag("serviceTask"): (ServiceTaskParser, ExternalServiceTask),
    }

    def __init__(self) -> None:
        super().__init__()
        self.decisions: dict[str, DecisionModel] = {}

    def get_engine(self, decision_ref: str, node: Any) -> DecisionAdapter:
        element = node.get("id")
        if decision_ref not in self.decisions:
            raise ParseError(
                f"{element}:找不到决策“{decision_ref}”,请把含有它的 .dmn 文件一起部署",
                f"{element}: no decision {decision_ref!r} among the files",
                element=element,
            )
        return DecisionAdapter(self.decisions[decision_ref], decision_ref, _properties(node).get("resultVariable", ""))


def _properties(node: Any) -> dict[str, str]:
    path = "./bpmn:extensionElements/spiffworkflow:properties/spiffworkflow:property"
    return {each.get("name", ""): each.get("value", "") for each in node.xpath(path, namespaces=_NS)}


def _instructions(node: Any) -> str:
    found = node.xpath("./bpmn:extensionElements/spiffworkflow:instructionsForEndUser", namespaces=_NS)
    return (found[0].text or "").strip() if found else ""


def _elements(root: Any) -> dict[tuple[str, str], Element]:
    found: dict[tuple[str, str], Element] = {}
    lanes = {(ref.text or "").strip(): ref.getparent().get("name", "") for ref in root.iter(f"{{{BPMN}}}flowNodeRef")}

    def walk(node: Any, process_id: str, scope: str) -> None:
        for child in node:
            if not isinstance(child.tag, str) or etree.QName(child).namespace != BPMN or child.get("id") is None:
                continue
            tag = etree.QName(child).localname
            identifier = child.get("id")
            found[scope, identifier] = Element(
                identifier,
                child.get("name") or "",
                tag,
                process_id,
                _properties(child),
                _instructions(child),
                lanes.get(identifier, ""),
            )
            if tag in ("subProcess", "transaction", "adHocSubProcess"):
                walk(child, process_id, identifier)

    for process in root.iter(f"{{{BPMN}}}process"):
        walk(process, process.get("id"), process.get("id"))
    return found


def _mend(spec: Any, elements: Mapping[tuple[str, str], Element]) -> None:
    """Replace the event definitions of a process by ours; each message knows its element's properties."""

    def mended(definition: Any, element_id: str) -> Any:
        if timers.is_timer(definition):
            return timers.mended(definition)
        element = elements.get((spec.name, element_id))
        fresh = messages.mended(definition, dict(element.properties) if element else {})
        return errors.mended(fresh)

    for task_spec in spec.task_specs.values():
        definition = getattr(task_spec, "event_definition", None)
        if definition is None:
            continue
        if isinstance(definition, MultipleEventDefinition):
            behind = [output.name for output in task_spec.outputs]
            if len(behind) == len(definition.event_definitions):  # an event-based gateway: one definition an output
                definition.event_definitions = [
                    mended(each, name) for each, name in zip(definition.event_definitions, behind, strict=True)
                ]
            else:
                definition.event_definitions = [mended(each, task_spec.name) for each in definition.event_definitions]
        else:
            task_spec.event_definition = mended(definition, _plain(task_spec.name))


def _connect_loops(spec: Any) -> None:
    """Loops hear of their turns' ends. The library connects them only in the process that begins the turn: another one, which restores
    the instance, would finish the turns and never the loop."""
    for task_spec in spec.task_specs.values():
        if isinstance(task_spec, LoopTask):
            ended = spec.task_specs[task_spec.task_spec].completed_event
            if not ended.is_connected(task_spec.merge_child):
                ended.connect(task_spec.merge_child)


def _plain(name: str) -> str:
    return name.removesuffix(" [child]")


def _start_messages(spec: Any) -> tuple[str, ...]:
    return tuple(
        start.event_definition.name
        for start in spec.bpmn_start_events
        if isinstance(start.event_definition, messages.Message)
    )


def parse_process(files: Mapping[str, bytes], process_id: str) -> Process:
    """Parse ``process_id`` and whatever it calls out of ``files`` (name → bytes; .bpmn and .dmn, others are passed over).

    Raises :class:`ParseError` for the first thing the library cannot run (``check`` reports all of them).
    """
    parser = _Parser()
    elements: dict[tuple[str, str], Element] = {}
    roots = []  # kept alive until everything is parsed
    names: dict[str, str] = {}
    for file, body in files.items():
        if file.endswith(".dmn"):
            model = parse_decisions(body, file)
            parser.decisions.update(dict.fromkeys(model.decision_ids, model))
    for file, body in files.items():
        if not file.endswith(".bpmn"):
            continue
        root = parse_xml(body, file)
        roots.append(root)
        try:
            parser.add_bpmn_xml(root, file)
        except ValidationException as error:
            raise ParseError(f"{file}:{error}", f"{file}: {error}", file) from error
        elements.update(_elements(root))
        for process in root.iter(f"{{{BPMN}}}process"):
            names[process.get("id")] = process.get("name") or process.get("id")
    try:
        spec = parser.get_spec(process_id)
        subprocess_specs = parser.get_subprocess_specs(process_id)
    except ValidationException as error:
        raise ParseError(f"流程 {process_id}:{error}", f"process {process_id}: {error}") from error
    except (TypeError, KeyError) as error:  # the library loses its own message on unknown references
        raise ParseError(
            f"流程 {process_id}:引用了不存在的元素({error})", f"process {process_id}: unknown reference: {error}"
        ) from error
    for each in {id(s): s for s in (spec, *subprocess_specs.values())}.values():
        _mend(each, elements)
        _connect_loops(each)
    return Process(
        process_id, names.get(process_id, process_id), spec, subprocess_specs, elements, _start_messages(spec)
    )
