"""What of another engine's settings has its like here for certain: what to say of it, and the changes that put it there.

The settings themselves stay in the file. What is not certain is only told (``check``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from lxml import etree

from processes.notation.check import languages
from processes.notation.check.findings import Both
from processes.notation.check.world import engine_of
from processes.notation.diagram import BPMN, Element, Item, children, kind_of, text_of
from processes.notation.foreign.juel import feel_of
from processes.notation.foreign.known import Known

FORM = ".form.json"
TIMES = ("timeDate", "timeDuration", "timeCycle")


@dataclass(frozen=True)
class Change:
    """One change of an element. ``kind``: ``property`` and ``parameter`` (with a ``name``), ``topic``, ``result``, ``decision``, ``called``,
    ``script``, ``condition``, ``time`` (``name``: which)."""

    kind: str
    value: str
    name: str = ""


@dataclass(frozen=True)
class Offer:
    """What to put at an element in place of a foreign setting."""

    element: str
    said: Both
    changes: tuple[Change, ...]


def is_foreign(root: Element) -> bool:
    """Whether a diagram says anything to another engine."""
    return bool(engine_of({str(space) for each in root.iter(etree.Element) for space in each.nsmap.values()}))


def offers(root: Element, known: Known) -> list[Offer]:
    """The offers for a diagram, in its order; none for what has our setting already."""
    found: list[Offer] = []
    for element in root.iter(etree.Element):
        own = element.get("id")
        if own and (offering := OFFERING.get(kind_of(element))):
            item = Item("", element)
            made = list(offering(item, known))
            if made:
                zh = "；".join(said.zh for said, _change in made)
                en = "; ".join(said.en for said, _change in made)
                changes = tuple(change for _said, some in made for change in some)
                found.append(Offer(own, Both(f"{item.label('zh')}：{zh}", f"{item.label('en')}: {en}"), changes))
    return found


Made = Iterator[tuple[Both, tuple[Change, ...]]]


def _person(item: Item, known: Known) -> Made:
    has = item.properties
    group = (
        setting(item.element, "candidateGroups")
        or inner(item.element, "assignmentDefinition", "candidateGroups")
        or _owner(item)
    )
    role = known.role(group)
    if role and not has.get("role"):
        title = known.roles[role]
        yield (
            Both(f"候选组 {group} → 角色“{title}”", f"candidate group {group} → role {title}"),
            _property("role", role),
        )
    assignee = setting(item.element, "assignee") or inner(item.element, "assignmentDefinition", "assignee")
    if (person := _expression(assignee)) and not has.get("assignee"):
        yield _both("办理人", "assignee", assignee, person), _property("assignee", person)
    due = setting(item.element, "dueDate") or inner(item.element, "taskSchedule", "dueDate")
    moment = _expression(due) or (due if languages.timer_shape(due) in ("date", "duration") else "")
    if moment and not has.get("dueAt"):
        yield _both("期限", "due date", due, moment), _property("dueAt", moment)
    key = (
        setting(item.element, "formKey") or setting(item.element, "formRef")
        or inner(item.element, "formDefinition", "formId") or inner(item.element, "formDefinition", "formKey")
    )  # fmt: skip
    form = PurePosixPath(key.rpartition(":")[2]).name.partition(".")[0] + FORM
    if key and form in known.forms and not has.get("form"):
        yield _both("表单", "form", key, form), _property("form", form)


def _owner(item: Item) -> str:
    """The group that BPMN's own potential owner names, as jBPM and Activiti write it."""
    found = item.element.find(
        f"{{{BPMN}}}potentialOwner/{{{BPMN}}}resourceAssignmentExpression/{{{BPMN}}}formalExpression"
    )
    return re.sub(r"^group\((.*)\)$", r"\1", text_of(found))


def _service(item: Item, known: Known) -> Made:
    topic = setting(item.element, "topic") or inner(item.element, "taskDefinition", "type")
    operator = item.extension("serviceTaskOperator")
    if topic not in known.jobs or (operator is not None and operator.get("id")):
        return
    changes = [Change("topic", topic)]
    inputs = {name: value for name, value in _inputs(item.element) if name in known.jobs[topic]}
    changes += [Change("parameter", value, name) for name, value in inputs.items()]
    result = setting(item.element, "resultVariable")
    if languages.is_name(result):
        changes.append(Change("result", result))
    more = Both(f"，带参数 {'、'.join(inputs)}", f" with {', '.join(inputs)}") if inputs else Both("", "")
    yield (
        Both(f"主题 {topic} → 同名的系统任务{more.zh}", f"topic {topic} → our job of that name{more.en}"),
        tuple(changes),
    )


def _inputs(element: Element) -> Iterator[tuple[str, str]]:
    """What another engine hands to the job, as FEEL; what can't be said so is left out."""
    for each in _extensions(element, "inputOutput"):
        for given in each.iterfind("{*}inputParameter"):
            text = text_of(given)
            value = _expression(text) or ("" if len(given) or re.search(r"[$#]\{|[\"\\]", text) else f'= "{text}"')
            if text and value:
                yield given.get("name", ""), value
    for each in _extensions(element, "ioMapping"):
        for given in each.iterfind("{*}input"):
            if value := _expression(given.get("source", "")):
                yield given.get("target", ""), value


def _decision(item: Item, known: Known) -> Made:
    decision = setting(item.element, "decisionRef") or inner(item.element, "calledDecision", "decisionId")
    if decision not in known.decisions or text_of(item.extension("calledDecisionId")):
        return
    result = setting(item.element, "resultVariable") or inner(item.element, "calledDecision", "resultVariable")
    changes = [Change("decision", decision)]
    if languages.is_name(result) and not item.properties.get("resultVariable"):
        changes.append(Change("property", result, "resultVariable"))
    yield (
        Both(f"决策 {decision} → 这里的同名决策表", f"decision {decision} → the decision of that name here"),
        tuple(changes),
    )


def _call(item: Item, known: Known) -> Made:
    process = inner(item.element, "calledElement", "processId")
    if process in known.processes and not item.element.get("calledElement"):
        title = known.processes[process]
        yield (
            Both(f"调用 {process} → 流程“{title}”", f"call of {process} → process {title}"),
            (Change("called", process),),
        )


def _script(item: Item, known: Known) -> Made:
    expression, name = inner(item.element, "script", "expression"), inner(item.element, "script", "resultVariable")
    value = _expression(expression)
    if value and languages.is_name(name) and not any(text_of(each) for each in children(item.element, "script")):
        script = f"= {{{name}: {value[1:].strip()}}}"
        if languages.problem(script, "script") is None:
            yield _both("脚本", "script", expression, script), (Change("script", script),)


def _flow(item: Item, known: Known) -> Made:
    for each in children(item.element, "conditionExpression"):
        if feel := feel_of(text_of(each)):
            yield _both("条件", "condition", text_of(each), feel), (Change("condition", feel),)


def _event(item: Item, known: Known) -> Made:
    for timer in children(item.element, "timerEventDefinition"):
        for each in children(timer, *TIMES):
            if feel := feel_of(text_of(each)):
                yield _both("时间", "time", text_of(each), feel), (Change("time", feel, kind_of(each)),)
    for trigger in children(item.element, "messageEventDefinition"):
        message = _by_id(item.element, "message", trigger.get("messageRef", ""))
        key = inner(message, "subscription", "correlationKey") if message is not None else ""
        if (feel := _expression(key)) and not item.properties.get("correlationKey"):
            yield _both("靠什么对上号", "correlation key", key, feel), _property("correlationKey", feel)


OFFERING: Mapping[str, Callable[[Item, Known], Made]] = {
    "userTask": _person, "serviceTask": _service, "businessRuleTask": _decision, "callActivity": _call, "scriptTask": _script,
    "sequenceFlow": _flow, "startEvent": _event, "intermediateCatchEvent": _event, "boundaryEvent": _event,
}  # fmt: skip


def setting(element: Element, name: str) -> str:
    """A foreign attribute, by its local name; empty when there is none."""
    for key, value in element.attrib.items():
        space, _, local = str(key).rpartition("}")
        if local == name and engine_of([space]):
            return str(value).strip()
    return ""


def inner(element: Element, extension: str, name: str) -> str:
    """An attribute of a foreign extension element; empty when there is none."""
    return next((str(each.get(name, "")).strip() for each in _extensions(element, extension)), "")


def _extensions(element: Element, name: str) -> Iterator[Element]:
    for each in element.iterfind(f"{{{BPMN}}}extensionElements/{{*}}{name}"):
        if engine_of([etree.QName(each).namespace or ""]):
            yield each


def _by_id(element: Element, kind: str, own: str) -> Element | None:
    roots = element.getroottree().getroot().iterfind(f"{{{BPMN}}}{kind}")
    return next((each for each in roots if each.get("id") == own.rpartition(":")[2]), None) if own else None


def _expression(text: str) -> str:
    """``${…}`` or Camunda 8's ``=…`` as our FEEL; empty where it is neither, or not certain."""
    if text.startswith("="):
        feel = f"= {text[1:].strip()}"
        return feel if languages.problem(feel, "condition") is None else ""
    return feel_of(text) or ""


def _property(name: str, value: str) -> tuple[Change, ...]:
    return (Change("property", value, name),)


def _both(zh: str, en: str, before: str, after: str) -> Both:
    was = " ".join(before.split())[:60]
    return Both(f"{zh} {was} → {after}", f"{en} {was} → {after}")
