"""Activities: what they call is there, and they are of a kind the engine runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule
from processes.notation.check.world import World, called_process, foreign_engine
from processes.notation.diagram import (
    CHOREOGRAPHY,
    SPIFF,
    Diagram,
    Element,
    Node,
    children,
    is_true,
    text_of,
)

AD_HOC = Rule(
    "ad-hoc-sub-process", ERROR,
    "{it}是临时（ad-hoc）子流程，引擎不能可靠执行：完成条件会出错，顺序设置不起作用。",
    "{it} is an ad-hoc sub-process, which the engine cannot run: its completion condition fails and its ordering is ignored.",
    "画成普通子流程：用并行网关或包容网关列出可选的步骤。", "Draw an ordinary sub-process with the choices behind a parallel or inclusive gateway.",
)  # fmt: skip
EVENT_SUB_PROCESS = Rule(
    "event-sub-process", ERROR,
    "{it}是事件子流程，引擎会在流程开始时就执行它、不打断主流程，或根本不触发。",
    "{it} is an event sub-process: the engine runs it at the start, does not interrupt, or never triggers it.",
    "把主流程放进一个子流程，在它的边上画边界事件（错误、消息、定时），再接处理步骤。",
    "Put the main steps into a sub-process and draw boundary events (error, message, timer) on it, followed by what is to be done.",
)  # fmt: skip
SUB_PROCESS_START = Rule(
    "sub-process-start", ERROR,
    "{it}里有 {count} 个开始事件，必须恰好有一个。", "{it} has {count} start events; it must have exactly one.",
    "在子流程里画一个空白开始事件，连到它的第一个步骤。", "Draw one blank start event inside, connected to the first step.",
)  # fmt: skip
SUB_PROCESS_END = Rule(
    "sub-process-end", ERROR,
    "{it}里没有结束事件，它不会结束，外面的流程会一直等。", "{it} has no end event inside: it never ends.",
    "在子流程里的最后一步后面画结束事件。", "Draw an end event behind its last step.",
)  # fmt: skip
TYPED_START = Rule(
    "sub-process-typed-start", ERROR,
    "{it}在子流程里，却带有触发条件；子流程是走到时才开始的，不能等消息或定时来启动。",
    "{it} stands in a sub-process but has a trigger: a sub-process starts when the flow reaches it.",
    "改成空白开始事件；需要等待就在它后面画中间捕获事件。", "Make it blank; to wait for something, draw an intermediate catch event behind it.",
)  # fmt: skip
CHOREOGRAPHIES = Rule(
    "choreography", ERROR,
    "{it}属于编排图，不能执行。", "{it} belongs to a choreography, which cannot be executed.",
    "把各方画成泳池里的流程，用消息事件往来。", "Draw the parties as processes in pools that exchange messages.",
)  # fmt: skip
QUANTITY = Rule(
    "token-quantity", ERROR,
    "{it}设置了 {attribute}={value}，引擎会忽略，按 1 执行。", "{it} has {attribute}={value}, which the engine ignores and takes for 1.",
    "删去这个属性；要等几路到齐用并行网关，要重复用循环或多实例。",
    "Delete it; to wait for several tokens use a parallel gateway, to repeat use a loop or multi-instance.",
)  # fmt: skip
NO_OPERATOR = Rule(
    "service-without-operator", ERROR,
    "{it}没有写由哪个系统任务执行（spiffworkflow:serviceTaskOperator）{foreign}。",
    "{it} does not say which job does it (spiffworkflow:serviceTaskOperator){foreign}.",
    "在属性面板里选择任务主题（如 notice.send）并填写参数。",
    "Choose the job topic (notice.send, for example) in the properties panel and fill in its parameters.",
)  # fmt: skip
UNKNOWN_TOPIC = Rule(
    "unknown-topic", INFO,
    "{it}的任务主题“{topic}”不在任务目录里，要有自己的处理程序来领取{hint}。",
    "The job topic {topic} of {it} is not in the catalogue: a worker of your own must take it{hint}.",
    "核对主题的写法；确有自己的处理程序就不必改。", "Check the spelling; nothing to do if you have such a worker.",
)  # fmt: skip
BAD_PARAMETER = Rule(
    "service-parameter", ERROR,
    "{it}的第 {number} 个参数缺少 {missing}。", "Parameter {number} of {it} lacks {missing}.",
    "补上参数的 id、type（不限类型写 any）和 value。", "Give it an id, a type (any if it does not matter) and a value.",
)  # fmt: skip
TWICE_PARAMETER = Rule(
    "service-parameter", ERROR,
    "{it}的参数“{parameter}”写了不止一次，只有最后一个算数。", "{it} has the parameter {parameter} more than once: only the last counts.",
    "每个参数只写一次。", "Write each parameter once.",
)  # fmt: skip
NO_DECISION = Rule(
    "no-decision", ERROR,
    "{it}没有选择决策{foreign}。", "{it} names no decision{foreign}.",
    "在属性面板里选择决策（spiffworkflow:calledDecisionId）。", "Choose the decision (spiffworkflow:calledDecisionId) in the properties panel.",
)  # fmt: skip
UNKNOWN_DECISION = Rule(
    "unknown-decision", ERROR,
    "{it}引用的决策“{decision}”在所给的文件里没有{hint}。", "{it} refers to the decision {decision}, which is in none of the given files{hint}.",
    "核对决策的 id，或把含有它的 .dmn 文件一起检查、一起部署。", "Check the decision's id, or give the .dmn file that holds it along.",
)  # fmt: skip
NO_CALLED = Rule(
    "no-called-process", ERROR,
    "{it}没有写调用哪个流程（calledElement）{foreign}。", "{it} does not say which process it calls (calledElement){foreign}.",
    "在属性面板里填写被调用流程的 id。", "Enter the id of the called process in the properties panel.",
)  # fmt: skip
UNKNOWN_CALLED = Rule(
    "unknown-called-process", ERROR,
    "{it}调用的流程“{process}”在所给的文件里没有{hint}。", "{it} calls the process {process}, which is in none of the given files{hint}.",
    "核对流程的 id（不是名称），或把含有它的 .bpmn 文件一起检查、一起部署。",
    "Check the process's id (not its name), or give the .bpmn file that holds it along.",
)  # fmt: skip
GLOBAL_TASK = Rule(
    "global-task", ERROR,
    "{it}调用的“{process}”是全局任务，引擎只能调用流程。", "{it} calls the global task {process}; the engine calls processes only.",
    "把全局任务改画成一个小流程，或直接在这里画任务。", "Draw the global task as a small process, or draw the task here.",
)  # fmt: skip
CALLED_NOT_EXECUTABLE = Rule(
    "called-not-executable", ERROR,
    "{it}调用的流程“{process}”没有标为可执行。", "{it} calls the process {process}, which is not marked executable.",
    "打开那个流程，勾选“可执行”。", "Open that process and tick Executable.",
)  # fmt: skip
NO_SCRIPT = Rule(
    "no-script", ERROR,
    "{it}没有脚本，执行到这里会出错。", "{it} has no script and fails when it runs.",
    "写上脚本，例如 = {{result: 1 + 2}}；不需要就删掉这个任务。", "Write one, for example = {{result: 1 + 2}}; delete the task if it is not needed.",
)  # fmt: skip
SCRIPT_LANGUAGE = Rule(
    "script-language", ERROR,
    "{it}的脚本语言是“{language}”，引擎只懂 FEEL 和 Python 子集。", "The script of {it} is in {language}; the engine knows FEEL and a Python subset.",
    "改写成 FEEL 上下文（= {{变量: 表达式}}），并去掉 scriptFormat。",
    "Rewrite it as a FEEL context (= {{variable: expression}}) and delete scriptFormat.",
)  # fmt: skip
BAD_RESULT = Rule(
    "variable-name", ERROR,
    "{it}的结果变量名“{variable}”不能使用。", "{it} names its result {variable}, which cannot be a variable.",
    "变量名由文字、数字和下划线组成，不以数字开头，不带空格。", "Use letters, digits and underscores, no digit in front, no spaces.",
)  # fmt: skip

GLOBAL_TASKS = ("globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask")
SCRIPT_LANGUAGES = ("feel", "python")
NOTHING = Both("", "")


def sub_processes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Sub-processes of the plain kind, that start once and end."""
    for scope in diagram.running:
        if scope.parent is None or scope.parent.refused:
            continue
        if scope.kind == "adHocSubProcess":
            yield AD_HOC.at(scope)
        elif is_true(scope.element.get("triggeredByEvent")):
            yield EVENT_SUB_PROCESS.at(scope)
        else:
            starts = [node for node in scope.nodes if node.kind == "startEvent"]
            if len(starts) != 1:
                yield SUB_PROCESS_START.at(scope, count=len(starts))
            if not any(node.kind == "endEvent" for node in scope.nodes):
                yield SUB_PROCESS_END.at(scope)
            yield from (TYPED_START.at(node) for node in starts if node.triggers)


def kinds(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No choreographies, no token arithmetic."""
    for node in diagram.nodes:
        if node.kind in CHOREOGRAPHY:
            yield CHOREOGRAPHIES.at(node)
        for attribute in ("startQuantity", "completionQuantity"):
            value = node.element.get(attribute, "1").strip()
            if value != "1":
                yield QUANTITY.at(node, attribute=attribute, value=value[:20])
    yield from (CHOREOGRAPHIES.at(item) for item in diagram.items("choreography", "globalChoreographyTask"))


def services(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Service tasks name a job and its parameters."""
    for node in diagram.nodes:
        if node.kind != "serviceTask":
            continue
        operator = node.extension("serviceTaskOperator")
        if operator is None or not operator.get("id", "").strip():
            yield NO_OPERATOR.at(node, foreign=_foreign(node))
            continue
        topic = operator.get("id", "").strip()
        if world.codes.topics is not None and topic not in world.codes.topics:
            yield UNKNOWN_TOPIC.at(node, topic=topic, hint=_similar(topic, world.codes.topics))
        result = operator.get("resultVariable")
        if result and not languages.is_name(result.strip()):
            yield BAD_RESULT.at(node, variable=result[:60])
        yield from _parameters(node, operator)


def _parameters(node: Node, operator: Element) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, parameter in enumerate(operator.iter(f"{{{SPIFF}}}parameter"), start=1):
        missing = [name for name in ("id", "type", "value") if parameter.get(name) is None]
        if missing:
            # Without a value it is only left out; without the others the parser gives up.
            severity = WARNING if missing == ["value"] else None
            yield BAD_PARAMETER.at(node, severity=severity, number=number, missing="、".join(missing))
        own = parameter.get("id", "")
        if own and own in seen:
            yield TWICE_PARAMETER.at(node, parameter=own)
        seen.add(own)


def decisions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Business rule tasks name a decision that is there."""
    for node in diagram.nodes:
        if node.kind != "businessRuleTask":
            continue
        decision = text_of(node.extension("calledDecisionId"))
        if not decision:
            yield NO_DECISION.at(node, foreign=_foreign(node))
        elif decision not in world.decisions:
            yield UNKNOWN_DECISION.at(node, decision=decision, hint=_similar(decision, world.decisions))


def calls(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Call activities call a process that is there and may run."""
    for node in diagram.nodes:
        if node.kind != "callActivity":
            continue
        process = called_process(node)
        if not process:
            yield NO_CALLED.at(node, foreign=_foreign(node))
        elif process in world.processes:
            if world.processes[process][0].element.get("isExecutable") == "false":
                yield CALLED_NOT_EXECUTABLE.at(node, process=process)
        elif any(diagram.defined(kind, process) is not None for kind in GLOBAL_TASKS):
            yield GLOBAL_TASK.at(node, process=process)
        else:
            yield UNKNOWN_CALLED.at(node, process=process, hint=_similar(process, world.processes))


def scripts(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Script tasks have a script, in a language that is spoken here."""
    for node in diagram.nodes:
        if node.kind != "scriptTask":
            continue
        script = next((text_of(each) for each in children(node.element, "script")), "")
        if not script:
            yield NO_SCRIPT.at(node)
        elif not speaks_our_language(node):
            yield SCRIPT_LANGUAGE.at(node, language=node.element.get("scriptFormat", "")[:40])


def speaks_our_language(node: Node) -> bool:
    """Whether a script is said to be FEEL or Python, or nothing is said."""
    language = (node.element.get("scriptFormat") or "").strip().lower()
    return not language or any(known in language for known in SCRIPT_LANGUAGES)


def _similar(wrong: str, known: object) -> Both:
    """Did you mean…"""
    names = [each for each in known if isinstance(each, str)] if hasattr(known, "__iter__") else []
    close = difflib.get_close_matches(wrong[:100], names[:500], n=1, cutoff=0.7)
    return Both(f"（是不是“{close[0]}”？）", f" (did you mean {close[0]}?)") if close else NOTHING


def _foreign(node: Node) -> Both:
    """Says so when the task is configured for another engine."""
    name = foreign_engine(node)
    return (
        Both(f"；它是为 {name} 配置的，这里不起作用", f"; it is set up for {name}, which has no effect here")
        if name
        else NOTHING
    )


CHECKS = (sub_processes, kinds, services, decisions, calls, scripts)
