"""Blocks that hold no others: tasks, and events that wait."""

from __future__ import annotations

from tests.diagrams import element, flow, service
from tests.reference.drawing import Block, Drawing, Ends
from tests.reference.words import catch, gateway, link, scripted, throw

DECISION = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="rules" name="rules" namespace="urn:rules">'
    '<decision id="level" name="level"><variable name="level"/><literalExpression><text>if n &gt; 1 then "high" else "low"</text>'
    "</literalExpression></decision></definitions>"
)


def script_task(drawing: Drawing) -> Ends:
    name = drawing.note()
    return name, name


def user_task(drawing: Drawing) -> Ends:
    name = drawing.user()
    return name, name


def manual_task(drawing: Drawing) -> Ends:
    name = drawing.user(tag="manualTask")
    return name, name


def plain_task(drawing: Drawing) -> Ends:
    name = drawing.name("task")
    drawing.add(element("task", name))
    return name, name


def service_task(drawing: Drawing) -> Ends:
    name = job(drawing)
    return name, name


def job(drawing: Drawing, inner: str = "") -> str:
    """A service task whose arguments tell it from others."""
    name = drawing.name("service")
    drawing.add(service(name, "work", {"k": drawing.key(name)}, f"r_{name}", inner))
    return name


def rule_task(drawing: Drawing) -> Ends:
    name = drawing.name("rule")
    drawing.files["rules.dmn"] = DECISION.encode()
    decision = "<spiffworkflow:calledDecisionId>level</spiffworkflow:calledDecisionId>"
    result = f'<spiffworkflow:properties><spiffworkflow:property name="resultVariable" value="r_{name}"/></spiffworkflow:properties>'
    drawing.add(
        element("businessRuleTask", name, f"<bpmn:extensionElements>{result}{decision}</bpmn:extensionElements>")
    )
    return name, name


def scripted_task(drawing: Drawing) -> Ends:
    """With a script before and one after."""
    name = drawing.name("user")
    organisation = {"organisation": drawing.key(name)} if drawing.keys else {}
    drawing.add(
        scripted(
            "userTask", name, before=f"= {{b_{name}: n}}", after=f"= {{a_{name}: {name} + b_{name}}}", **organisation
        )
    )
    drawing.answers[name] = [{name: 1}, {name: 2}]
    return name, name


def receive_task(drawing: Drawing) -> Ends:
    name = drawing.name("receive")
    drawing.add(element("receiveTask", name, messageRef="news", properties={"correlationKey": drawing.key(name)}))
    return name, name


def message_catch(drawing: Drawing) -> Ends:
    name = drawing.catching("message")
    return name, name


def signal_catch(drawing: Drawing) -> Ends:
    name = drawing.catching("signal")
    return name, name


def timer_catch(drawing: Drawing) -> Ends:
    name = drawing.catching("timer")
    return name, name


def multiple_catch(drawing: Drawing) -> Ends:
    name = drawing.catching("multiple")
    return name, name


def parallel_multiple_catch(drawing: Drawing) -> Ends:
    name = drawing.catching("all")
    return name, name


def nothing(drawing: Drawing) -> Ends:
    """A throwing event that throws nothing."""
    name = drawing.name("pass")
    drawing.add(throw(name))
    return name, name


def links(drawing: Drawing) -> Ends:
    """Off the page, by one of two ways, and back onto it."""
    name, decision = drawing.name("link"), drawing.name("d")
    choice, one, other, caught = drawing.name("choice"), drawing.name("off"), drawing.name("off"), drawing.name("on")
    decide = drawing.user({decision: 0}, {decision: 1})
    drawing.add(
        gateway("exclusive", choice, f"{choice}_{one}"),
        *(throw(each, link(name)) for each in (one, other)),
        catch(caught, link(name)),
        flow(decide, choice),
        flow(choice, one),
        flow(choice, other, f"= {decision} = 1"),
    )
    return decide, caught


def send_task(drawing: Drawing) -> Ends:
    """Nobody receives it."""
    name = drawing.name("send")
    payload = "<bpmn:extensionElements><spiffworkflow:messagePayload>= {n: n}</spiffworkflow:messagePayload></bpmn:extensionElements>"
    drawing.add(element("sendTask", name, payload, messageRef="news"))
    return name, name


LEAVES: dict[str, Block] = {
    "script": script_task,
    "user": user_task,
    "service": service_task,
    "manual": manual_task,
    "task": plain_task,
    "rule": rule_task,
    "scripts": scripted_task,
    "receive": receive_task,
    "send": send_task,
    "message": message_catch,
    "signal": signal_catch,
    "timer": timer_catch,
    "multiple": multiple_catch,
    "all": parallel_multiple_catch,
    "none": nothing,
    "link": links,
}
