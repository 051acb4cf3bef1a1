"""What was written for another engine and would be passed over here, or read as something else."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule
from processes.notation.check.rules.engine.expressions import CONDITION, OWN_LANGUAGES, shown
from processes.notation.check.world import World, engine_of, full_text
from processes.notation.diagram import BPMN, Diagram, Element, Item, children, kind_of

LANGUAGE = Rule(
    "expression-language", ERROR,
    "{it}的{what}“{text}”写明是 {language}，引擎只懂 FEEL 和 Python 子集，会当成 Python 来算。",
    "The {what} of {it}, {text}, is said to be {language}; the engine knows FEEL and a Python subset, and would read it as Python.",
    "改写成以 = 开头的 FEEL，并去掉 language（或 definitions 的 expressionLanguage）。",
    "Rewrite it as FEEL that starts with =, and delete language (or expressionLanguage of the definitions).",
)  # fmt: skip
EXTENSION = Rule(
    "foreign-extension", INFO,
    "{it}上的 {names} 是 {engine} 的设置，这里不起作用。", "{names} of {it} is a setting of {engine} and has no effect here.",
    "{advice_zh}", "{advice_en}",
)  # fmt: skip

REPEATED = ("loopCondition", "loopCardinality", "completionCondition")
# What says nothing of how the element runs: marks of the editor, how the other engine stores and schedules it.
IDLE = frozenset(
    {
        "asyncBefore", "asyncAfter", "async", "exclusive", "jobPriority", "priority", "modelerTemplate", "modelerTemplateVersion",
        "modelerTemplateIcon", "versionTag", "historyTimeToLive", "isStartableInTasklist", "diagramRelationId", "properties",
        "userTask", "failedJobRetryTimeCycle",
    }
)  # fmt: skip
SCRIPTS = Both(
    "用 spiffworkflow:preScript、postScript 改变量（= {变量: 表达式}），或在前后加脚本任务。",
    "Change variables by spiffworkflow:preScript and postScript (= {variable: expression}), or by script tasks around it.",
)  # fmt: skip
PEOPLE = Both(
    "写属性 role、assignee、dueAt（见 README 的属性表）。",
    "Write the properties role, assignee, dueAt (see the README's table).",
)
CALLS = Both(
    "被调用的流程看得到全部变量；要限定就在两边写 ioSpecification。",
    "A called process sees all variables; to limit them give both an ioSpecification.",
)  # fmt: skip
GATEWAY = Both("在前面画排他网关，让线绕过它。", "Draw an exclusive gateway before it and a flow around it.")
CODE = Both(
    "错误码另外处理：给每个错误画一个边界事件，后面用脚本任务写变量。",
    "Draw a boundary event for each error and set the variable by a script task.",
)
FORMS = Both(
    "写属性 form（*.form.json），在表单编辑器里做这张表单。",
    "Write the property form (*.form.json) and make that form.",
)
LOOPS = Both(
    "在多实例里写 loopDataInputRef（变量名）和 inputDataItem。", "Write loopDataInputRef (a variable) and inputDataItem in the multi-instance.",
)  # fmt: skip
OTHER = Both(
    "确认不需要它，或用引擎认识的方式重新设置（见 README）。",
    "Make sure it is not needed, or set it in this engine's way (see the README).",
)
ADVICE = {
    "ioMapping": SCRIPTS, "inputOutput": SCRIPTS, "executionListener": SCRIPTS, "executionListeners": SCRIPTS,
    "taskListener": SCRIPTS, "onEntry-script": SCRIPTS,
    "onExit-script": SCRIPTS, "in": CALLS, "out": CALLS, "assignee": PEOPLE, "candidateUsers": PEOPLE, "candidateGroups": PEOPLE,
    "dueDate": PEOPLE, "followUpDate": PEOPLE, "assignmentDefinition": PEOPLE, "taskSchedule": PEOPLE, "skipExpression": GATEWAY,
    "formKey": FORMS, "formRef": FORMS, "formDefinition": FORMS, "formData": FORMS, "formProperty": FORMS,
    "collection": LOOPS, "elementVariable": LOOPS, "loopCharacteristics": LOOPS,
    "errorCodeVariable": CODE, "errorMessageVariable": CODE,
}  # fmt: skip
# How a task is done: other rules say already that ours is missing.
DOING = frozenset(
    {
        "type", "topic", "class", "delegateExpression", "expression", "resultVariable", "taskDefinition", "taskHeaders", "field",
        "connector", "decisionRef", "decisionRefBinding", "decisionRefVersion", "mapDecisionResult", "calledDecision",
    }
)  # fmt: skip
DONE_BY_OTHERS = frozenset({"serviceTask", "businessRuleTask", "sendTask"})
# What of ours stands for a setting: it has been replaced where one of these is there.
REPLACED = {
    "assignee": ("assignee", "role"), "candidateGroups": ("role",), "candidateUsers": ("role", "assignee"), "dueDate": ("dueAt",),
    "formKey": ("form",), "formRef": ("form",), "formDefinition": ("form",), "assignmentDefinition": ("role", "assignee"),
    "taskSchedule": ("dueAt",),
}  # fmt: skip


def languages(diagram: Diagram, world: World) -> Iterator[Finding]:
    """An expression without ``=`` would be read as Python: it is not said to be something else."""
    default = diagram.root.get("expressionLanguage") or ""
    for flow in world.flows(diagram):
        for element in children(flow.element, "conditionExpression"):
            yield from _language(world, flow, element, default)
    for node in world.nodes(diagram):
        holders = [
            *world.triggers(node),
            *children(node.element, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"),
        ]
        for holder in holders:
            for element in children(holder, "condition", *REPEATED):
                yield from _language(world, node, element, default)


def _language(world: World, item: Item, element: Element, default: str) -> Iterator[Finding]:
    text, language = full_text(element), (element.get("language") or default).strip()
    if not text or text.startswith("=") or text.isdecimal() or not language:
        return
    if not any(own in language.lower() for own in OWN_LANGUAGES):
        severity = world.need(LANGUAGE, item.file)
        yield LANGUAGE.at(item, severity=severity, what=CONDITION, text=shown(text), language=language[:60])


def extensions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Settings of other engines do nothing here: a note in files that are written for this engine too, and until others are deployed."""
    severity = WARNING if world.deploying and not world.speaks(diagram) else INFO
    processes = (scope.process for scope in world.running(diagram) if scope.parent is None)
    for node in (*world.nodes(diagram), *world.flows(diagram), *processes):
        found = dict(_settings(node))
        if found:
            given = list(dict.fromkeys(ADVICE[name] for name in found if name in ADVICE)) or [OTHER]
            advice = Both("".join(each.zh for each in given), " ".join(each.en for each in given))
            yield EXTENSION.at(
                node, severity=severity, names=", ".join(list(found)[:5]), engine=next(iter(found.values())),
                advice_zh=advice.zh, advice_en=advice.en,
            )  # fmt: skip


def _settings(node: Item) -> Iterator[tuple[str, str]]:
    """The local names of the settings, each with the engine it is for."""
    for holder in (
        node.element,
        *(each for each in node.element if kind_of(each).endswith(("EventDefinition", "Characteristics"))),
    ):
        written = [str(name) for name in holder.attrib]
        written += [str(each.tag) for each in holder.iterfind(f"{{{BPMN}}}extensionElements/*")]
        for name in written:
            space, _, local = name.partition("}")
            engine = engine_of([space])
            done = local in DOING and node.kind in DONE_BY_OTHERS
            replaced = any(node.properties.get(ours) for ours in REPLACED.get(local, ()))
            if engine and local not in IDLE and not done and not replaced:
                yield local, engine


CHECKS = (languages, extensions)
