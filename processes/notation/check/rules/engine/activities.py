"""Activities: what does them here (jobs, decisions, scripts, called processes)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule
from processes.notation.check.rules.standard.calls import similar
from processes.notation.check.world import World, called_process, foreign_engine
from processes.notation.diagram import SPIFF, Diagram, Element, Node, children, text_of

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
BAD_ARGUMENT = Rule(
    "job-argument", ERROR,
    "{it}的参数 {argument} 不对：{problem}。", "The parameter {argument} of {it} is wrong: {problem}.",
    "照任务目录里这个任务的说明改正。", "Correct it as the catalogue describes this job.",
)  # fmt: skip
MISSING_ARGUMENT = Rule(
    "job-argument", ERROR,
    "{it}没有给任务 {topic} 必填的参数 {argument}（{title}），执行到这里会停下。",
    "{it} leaves out the parameter {argument}, which the job {topic} requires: it would stop there.",
    "在属性面板里添加参数 {argument}，值写 FEEL 表达式，例如 = case.id。",
    "Add the parameter {argument} in the properties panel; its value is a FEEL expression, for example = case.id.",
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

SCRIPT_LANGUAGES = ("feel", "python")
NOTHING = Both("", "")


def services(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Service tasks name a job and its parameters."""
    for node in world.nodes(diagram):
        if node.kind != "serviceTask":
            continue
        operator = node.extension("serviceTaskOperator")
        if operator is None or not operator.get("id", "").strip():
            yield NO_OPERATOR.at(node, severity=world.need(NO_OPERATOR, diagram.file), foreign=_foreign(node))
            continue
        topic = operator.get("id", "").strip()
        if world.codes.topics is not None and topic not in world.codes.topics:
            yield UNKNOWN_TOPIC.at(node, topic=topic, hint=similar(topic, world.codes.topics))
        result = operator.get("resultVariable")
        if result and not languages.is_name(result.strip()):
            yield BAD_RESULT.at(node, variable=result[:60])
        yield from _parameters(node, operator)
        if world.codes.judge is not None:
            for argument, problem in world.codes.judge(topic, _literals(operator)):
                yield BAD_ARGUMENT.at(node, argument=argument, problem=problem.rstrip("。"))
        if world.codes.required is not None:
            severity, given = world.need(MISSING_ARGUMENT, diagram.file), _given(operator)
            for argument, title in world.codes.required(topic).items():
                if argument not in given:
                    yield MISSING_ARGUMENT.at(node, severity=severity, topic=topic, argument=argument, title=title)


def _given(operator: Element) -> set[str]:
    """The names of the arguments that have a value."""
    parameters = operator.iter(f"{{{SPIFF}}}parameter")
    return {each.get("id", "") for each in parameters if each.get("value") is not None}


def _literals(operator: Element) -> dict[str, Any]:
    """The arguments whose values do not depend on the case."""
    found = {
        parameter.get("id", ""): languages.constant(parameter.get("value", ""))
        for parameter in operator.iter(f"{{{SPIFF}}}parameter")
    }
    return {name: value for name, value in found.items() if value is not None}


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
    for node in world.nodes(diagram):
        if node.kind != "businessRuleTask":
            continue
        decision = text_of(node.extension("calledDecisionId"))
        if not decision:
            yield NO_DECISION.at(node, severity=world.need(NO_DECISION, diagram.file), foreign=_foreign(node))
        elif decision not in world.decisions:
            yield UNKNOWN_DECISION.at(node, decision=decision, hint=similar(decision, world.decisions))


def calls(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Call activities call something, and a process that may run (that it is there is BPMN's own demand)."""
    for node in world.nodes(diagram):
        if node.kind != "callActivity":
            continue
        process = called_process(node)
        if not process:
            yield NO_CALLED.at(node, severity=world.need(NO_CALLED, diagram.file), foreign=_foreign(node))
        elif process in world.processes and world.processes[process][0].element.get("isExecutable") == "false":
            severity = world.need(CALLED_NOT_EXECUTABLE, diagram.file)
            yield CALLED_NOT_EXECUTABLE.at(node, severity=severity, process=process)


def scripts(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Script tasks have a script, in a language that is spoken here."""
    for node in world.nodes(diagram):
        if node.kind != "scriptTask":
            continue
        script = next((text_of(each) for each in children(node.element, "script")), "")
        if not script:
            yield NO_SCRIPT.at(node, severity=world.need(NO_SCRIPT, diagram.file))
        elif not speaks_our_language(node):
            severity = world.need(SCRIPT_LANGUAGE, diagram.file)
            yield SCRIPT_LANGUAGE.at(node, severity=severity, language=node.element.get("scriptFormat", "")[:40])


def speaks_our_language(node: Node) -> bool:
    """Whether a script is said to be FEEL or Python, or nothing is said."""
    language = (node.element.get("scriptFormat") or "").strip().lower()
    return not language or any(known in language for known in SCRIPT_LANGUAGES)


def _foreign(node: Node) -> Both:
    """Says so when the task is configured for another engine."""
    name = foreign_engine(node)
    return (
        Both(f"；它是为 {name} 配置的，这里不起作用", f"; it is set up for {name}, which has no effect here")
        if name
        else NOTHING
    )


CHECKS = (services, decisions, calls, scripts)
