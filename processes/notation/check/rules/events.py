"""Events: triggers the engine runs rightly, in the places where it looks for them."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, WARNING, Both, Finding, Rule
from processes.notation.check.labels import kind_name
from processes.notation.check.world import World, interrupting
from processes.notation.diagram import ACTIVITIES, EVENTS, Diagram, Node, Scope, children, kind_of

LINK = Rule(
    "link-event", ERROR,
    "{it}是链接事件：引擎不会跳到对应的链接，走到抛出处就断了，流程却显示“已完成”。",
    "{it} is a link event: the engine does not jump; the token dies at the throw and the instance says completed.",
    "用顺序流直接相连；图太大就拆成子流程或调用活动。",
    "Connect the two by a sequence flow; split a big diagram into sub-processes or call activities.",
)  # fmt: skip
SIGNAL_END = Rule(
    "signal-end-event", ERROR,
    "{it}是信号结束事件，引擎不会发出信号。", "{it} is a signal end event: the engine sends nothing.",
    "在结束前画信号中间抛出事件（或消息抛出事件），后面接普通结束事件。",
    "Draw a signal (or message) throw event before it, followed by a plain end event.",
)  # fmt: skip
COMPENSATION = Rule(
    "compensation", ERROR,
    "{it}用到了补偿，引擎不会执行补偿。", "{it} uses compensation, which the engine never runs.",
    "把要撤销的步骤直接画成流程：用边界错误事件或网关引到“撤销”任务。",
    "Draw the undoing as steps of the process, reached by an error boundary event or a gateway.",
)  # fmt: skip
CONDITIONAL = Rule(
    "conditional-event", ERROR,
    "{it}是条件事件：数据变了引擎不会重新判断，可能永远等下去。",
    "{it} is a conditional event: the engine does not look again when data change, and may wait for ever.",
    "改用消息事件（由使条件成立的一方发消息），或在那一步后面用排他网关判断。",
    "Use a message event (sent by whoever makes the condition true), or an exclusive gateway behind that step.",
)  # fmt: skip
DEFINITION_REF = Rule(
    "event-definition-ref", ERROR,
    "{it}用 eventDefinitionRef 引用共用的事件定义，引擎会忽略它，当成没有触发条件。",
    "{it} refers to a shared definition by eventDefinitionRef, which the engine ignores.",
    "把事件定义直接写在事件里面。", "Put the event definition inside the event itself.",
)  # fmt: skip
WITHOUT_TRIGGER = Rule(
    "event-without-trigger", ERROR,
    "{it}没有说明等待什么，流程会直接穿过或无法运行。", "{it} does not say what it waits for: the process passes straight through, or fails.",
    "选择事件类型（消息、定时等）；不需要等待就删掉它。", "Choose what it waits for (a message, a timer…); delete it if nothing.",
)  # fmt: skip
MISPLACED = Rule(
    "misplaced-trigger", ERROR,
    "{it}里的{trigger}放错了地方，引擎会当它不存在。", "The {trigger} in {it} does not belong there: the engine acts as if it did not exist.",
    "{advice_zh}", "{advice_en}",
)  # fmt: skip
LATE = Rule(
    "late-interruption", ERROR,
    "{it}用{trigger}打断{host}，但引擎会晚一步才打断，被打断的活动会多做一步。",
    "{it} interrupts {host} by {trigger}: the engine interrupts one step late, so the activity does one step too many.",
    "改用消息边界事件或错误边界事件；只是提醒、不需要打断，就设为“非中断”。",
    "Use a message or an error boundary event; if it only reminds, make it non-interrupting.",
)  # fmt: skip
MUST_INTERRUPT = Rule(
    "must-interrupt", ERROR,
    "{it}被设为“非中断”，但错误和取消总是打断活动。", "{it} is non-interrupting, but errors and cancellations always interrupt.",
    "设为中断；只想提醒的话用升级或消息事件。", "Make it interrupting; to remind only, use an escalation or a message.",
)  # fmt: skip
NOT_ATTACHED = Rule(
    "boundary-on-nothing", ERROR,
    "{it}没有贴在任务、子流程或调用活动上{where}。", "{it} is not attached to a task, sub-process or call activity{where}.",
    "把它拖到所属活动的边线上；网关和事件不能带边界事件。", "Drag it onto the border of its activity; gateways and events take none.",
)  # fmt: skip
NO_TRANSACTION = Rule(
    "cancel-outside-transaction", ERROR,
    "{it}是取消事件，只能用在事务子流程里（或其边界上）。", "{it} is a cancel event, which belongs into a transaction (or onto its border).",
    "改用错误事件，或把子流程改成事务。", "Use an error event, or make the sub-process a transaction.",
)  # fmt: skip
SHARED_TIME = Rule(
    "two-timers", ERROR,
    "{it}里有 {count} 个定时，它们共用一个时间，只有第一个会响。", "{it} has {count} timers; they share one time, and only the first fires.",
    "一个事件只放一个定时；画成几个边界定时事件。", "Keep one timer an event; draw several boundary timers.",
)  # fmt: skip
SEVERAL_TRIGGERS = Rule(
    "several-triggers", WARNING,
    "{it}有 {count} 种触发条件，看图的人看不出等的是什么。", "{it} has {count} triggers: readers cannot see what it waits for.",
    "每种情况画一个事件，用事件网关或几个边界事件。", "Draw an event each, behind an event-based gateway or as several boundary events.",
)  # fmt: skip
UNCAUGHT = Rule(
    "uncaught-error", WARNING,
    "{it}抛出的错误{code}没有任何边界事件接住；发生时会成为一个需要人处理的异常。",
    "Nothing catches the error {code} that {it} throws; when it happens, it becomes an incident for a person.",
    "在外层的子流程或调用活动上画错误边界事件；若只是正常结束，改用普通结束事件。",
    "Draw an error boundary event on the sub-process or call activity around it; use a plain end event if this is a normal end.",
)  # fmt: skip
TIMER_START = Rule(
    "start-event-waits", WARNING,
    "{it}是{trigger}开始事件：引擎不会自己按时启动流程，只有启动之后才开始等。",
    "{it} is a {trigger} start event: the engine does not start the process by itself, it only waits once started.",
    "改用消息开始事件或空白开始事件，后面接定时事件。", "Use a message or blank start event, with a timer event behind it.",
)  # fmt: skip

ALLOWED: dict[str, frozenset[str]] = {
    "startEvent": frozenset({"message", "timer", "signal", "conditional"}),
    "intermediateCatchEvent": frozenset({"message", "timer", "signal", "conditional", "link"}),
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation", "link", "compensate"}),
    "boundaryEvent": frozenset(
        {"message", "timer", "signal", "conditional", "error", "escalation", "cancel", "compensate"}
    ),
    "endEvent": frozenset({"message", "signal", "error", "escalation", "cancel", "compensate", "terminate"}),
}
ADVICE: dict[str, Both] = {
    "startEvent": Both(
        "开始事件可以是空白、消息；错误和升级用边界事件去接。",
        "Start events are blank or wait for a message; catch errors and escalations by boundary events.",
    ),
    "intermediateCatchEvent": Both("中间捕获事件只能等消息、定时或信号。", "Intermediate catch events wait for a message, a timer or a signal."),
    "intermediateThrowEvent": Both(
        "中间抛出事件只能发消息、信号或升级；错误要画成错误结束事件。",
        "Throw events send a message, a signal or an escalation; an error is an error end event.",
    ),
    "boundaryEvent": Both("边界事件可以接消息、定时或错误。", "Boundary events catch a message, a timer or an error."),
    "endEvent": Both(
        "结束事件可以发消息、错误或终止；定时要画成中间事件。",
        "End events send a message, an error or terminate; a timer is an intermediate event.",
    ),
}  # fmt: skip


def trigger_kinds(node: Node) -> list[str]:
    """``timer``, ``message``… in order."""
    return [kind_of(each).removesuffix("EventDefinition") for each in node.triggers]


def trigger_label(kind: str) -> Both:
    """A trigger kind in words."""
    return Both(kind_name(f"{kind}EventDefinition"), kind)


def refused(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Kinds of events that the engine runs wrongly wherever they stand."""
    for node in diagram.nodes:
        if node.kind == "startEvent" and node.scope.refused:
            continue  # the event sub-process itself is refused
        kinds = trigger_kinds(node)
        if "link" in kinds:
            yield LINK.at(node)
        if "signal" in kinds and node.kind == "endEvent":
            yield SIGNAL_END.at(node)
        if "compensate" in kinds or node.element.get("isForCompensation") in {"true", "1"}:
            yield COMPENSATION.at(node)
        if "conditional" in kinds:
            yield CONDITIONAL.at(node)
        if children(node.element, "eventDefinitionRef"):
            yield DEFINITION_REF.at(node)


def placed(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Each event has a trigger that belongs to its place."""
    for node in diagram.nodes:
        if node.kind not in EVENTS or node.scope.refused:
            continue
        kinds = trigger_kinds(node)
        if not kinds and not children(node.element, "eventDefinitionRef"):
            if node.kind in {"intermediateCatchEvent", "boundaryEvent"}:
                yield WITHOUT_TRIGGER.at(node)
            continue
        for kind in dict.fromkeys(kinds):
            if kind not in ALLOWED[node.kind]:
                advice = ADVICE[node.kind]
                yield MISPLACED.at(node, trigger=trigger_label(kind), advice_zh=advice.zh, advice_en=advice.en)
        if kinds.count("timer") > 1:
            yield SHARED_TIME.at(node, count=kinds.count("timer"))
        elif len(kinds) > 1:
            yield SEVERAL_TRIGGERS.at(node, count=len(kinds))


def starts(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A process is started by a person, a caller or a message."""
    for node in diagram.nodes:
        if node.kind == "startEvent" and node.scope.parent is None:
            for kind in trigger_kinds(node):
                if kind in {"timer", "signal"}:
                    yield TIMER_START.at(node, trigger=Both(trigger_label(kind).zh.removesuffix("事件"), kind))


def boundaries(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Boundary events are attached to something, and interrupt in time."""
    for node in diagram.nodes:
        if node.kind != "boundaryEvent":
            continue
        host = node.host
        kinds = trigger_kinds(node)
        if host is None or host.kind not in ACTIVITIES:
            where = Both(f"，而是{host.label('zh')}", f", but to {host.label('en')}") if host else Both("", "")
            yield NOT_ATTACHED.at(node, where=where)
            continue
        for kind in kinds:
            if kind in {"signal", "escalation"} and interrupting(node):
                yield LATE.at(node, trigger=trigger_label(kind), host=host)
            if kind in {"error", "cancel"} and not interrupting(node):
                yield MUST_INTERRUPT.at(node)
        if "cancel" in kinds and host.kind != "transaction":
            yield NO_TRANSACTION.at(node)


def cancel_ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Cancel end events stand in a transaction."""
    for node in diagram.nodes:
        if node.kind == "endEvent" and node.has_trigger("cancel") and node.scope.kind != "transaction":
            yield NO_TRANSACTION.at(node)


def errors(diagram: Diagram, world: World) -> Iterator[Finding]:
    """An error that a process throws is caught somewhere around it."""
    for node in diagram.nodes:
        if node.kind == "endEvent" and node.has_trigger("error"):
            code = error_code(diagram, node)
            if _escapes(world, node.scope, code):
                yield UNCAUGHT.at(node, code=f"“{code}”" if code else "")


def error_code(diagram: Diagram, node: Node) -> str:
    """The code of an error event; empty when it names none."""
    definition = next(each for each in node.triggers if kind_of(each) == "errorEventDefinition")
    error = diagram.defined("error", definition.get("errorRef"))
    return (error.get("errorCode") or "") if error is not None else ""


def _escapes(world: World, scope: Scope, code: str) -> bool:
    """Whether an error thrown in a scope may leave it, through its callers too, without meeting a boundary event."""
    pending, seen = [scope], {scope}
    while pending:
        top = _uncaught_in(world, pending.pop(), code)
        if top is None:
            continue
        callers = world.callers.get(top.id, [])
        if not callers:
            return True
        for caller in callers:
            if caller.scope not in seen and not _catches(world, caller, code):
                seen.add(caller.scope)
                pending.append(caller.scope)
    return False


def _uncaught_in(world: World, scope: Scope, code: str) -> Scope | None:
    """The process, if the error comes all the way up to it."""
    while scope.parent is not None:
        if scope.host is not None and _catches(world, scope.host, code):
            return None
        scope = scope.parent
    return scope


def _catches(world: World, host: Node, code: str) -> bool:
    diagram = world.diagram_of(host)
    for event in host.boundary:
        if event.has_trigger("error"):
            caught = error_code(diagram, event)
            if not caught or caught == code:
                return True
    return False


CHECKS = (refused, placed, starts, boundaries, cancel_ends, errors)
