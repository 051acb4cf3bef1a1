"""The process of the campaign in two versions. The second one calls most steps otherwise, asks for a legal opinion before the answer, lets a case be
withdrawn while it is examined, waits longer, has no step 老办法 any more, and asks three where two were asked."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from tests.diagrams import boundary, definitions, element, end, flow, message, path, process, start, timer
from tests.migration.worker import TOPIC
from tests.reference.words import gateway, many

PROCESS = "campaign"
REPLY, WITHDRAWN = "campaign.reply", "campaign.withdrawn"

VOTE, WAIT, OLD, BLOCK = 1, 2, 3, 4
"""Kinds of cases: which way they go in the middle."""

OLD_STEPS = {
    "intake": "受理", "act": "外部办理", "review": "审核", "hurry": "催办", "reply": "等回复", "vote": "表决", "wait": "公示",
    "old": "老办法", "p1": "征求甲", "p2": "征求乙", "answer": "答复", "send": "发送", "remind": "超时提醒",
}  # fmt: skip

NEW_STEPS = {
    "accept": "受理", "act": "外部办理", "examine": "审核", "hurry": "催办", "reply": "等回复", "ballot": "表决", "notice": "公示",
    "q1": "征求甲", "q2": "征求乙", "q3": "征求丙", "legal": "法律审核", "answer": "答复", "dispatch": "发送", "remind": "超时提醒",
}  # fmt: skip


def _user(id: str, names: dict[str, str], inner: str = "") -> str:
    return element("userTask", id, inner, name=names[id], properties={"dueAt": "P5D", "form": "step.form.json"})


def _job(id: str, names: dict[str, str]) -> str:
    operator = (
        f'<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id="{TOPIC}" resultVariable="{id}_result">'
        '<spiffworkflow:parameters><spiffworkflow:parameter id="number" type="any" value="number"/>'
        "</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator></bpmn:extensionElements>"
    )
    return f'<bpmn:serviceTask id="{id}" name={quoteattr(names[id])}>{operator}</bpmn:serviceTask>'


def _catch(id: str, names: dict[str, str], definition: str, **properties: str) -> str:
    return element("intermediateCatchEvent", id, definition, name=names[id], properties=properties or None)


def _drawn(names: dict[str, str], steps: dict[str, str], asked: tuple[str, ...], wait: str, more: str) -> bytes:
    """``steps``: what the first version calls a step → what this one does."""
    s = steps
    votes = many(items="people", item="who", outputs="votes", output=s["vote"])
    body = [
        start(), _user(s["intake"], names), gateway("parallel", "split"), gateway("parallel", "join"),
        _job(s["act"], names), _user(s["review"], names), _user(s["hurry"], names), end("reminded"),
        boundary("remind", s["review"], timer("timeDuration", "PT8H"), interrupting=False),
        _catch(s["reply"], names, message("reply_message"), correlationKey="= number"),
        gateway("exclusive", "which", "which_to_block"), gateway("exclusive", "merge"),
        _user(s["vote"], names, votes), _catch(s["wait"], names, timer("timeDuration", wait)),
        gateway("parallel", "ask"), gateway("parallel", "asked"), *(_user(each, names) for each in asked),
        _user(s["answer"], names), _job(s["send"], names), end(),
        path("start", s["intake"], "split", s["act"], s["review"], "join", "which"), path("split", s["reply"], "join"),
        path("remind", s["hurry"], "reminded"), path(s["answer"], s["send"], "end"),
        flow("which", s["vote"], f"= kind = {VOTE}"), flow(s["vote"], "merge"),
        flow("which", s["wait"], f"= kind = {WAIT}"), flow(s["wait"], "merge"),
        '<bpmn:sequenceFlow id="which_to_block" sourceRef="which" targetRef="ask"/>', flow("asked", "merge"),
        *(path("ask", each, "asked") for each in asked), more,
    ]  # fmt: skip
    return definitions(
        f'<bpmn:message id="reply_message" name="{REPLY}"/>', f'<bpmn:message id="withdrawn" name="{WITHDRAWN}"/>',
        process(PROCESS, *body),
    )  # fmt: skip


def old() -> dict[str, bytes]:
    """The version that the cases begin on."""
    steps = dict(zip(OLD_STEPS, OLD_STEPS, strict=True))
    more = _user("old", OLD_STEPS) + flow("which", "old", f"= kind = {OLD}") + path("old", "merge", "answer")
    return {"campaign.bpmn": _drawn(OLD_STEPS, steps, ("p1", "p2"), "PT10H", more), **FORM}


CALLED = {
    "intake": "accept", "act": "act", "review": "examine", "hurry": "hurry", "reply": "reply", "vote": "ballot", "wait": "notice",
    "p1": "q1", "p2": "q2", "answer": "answer", "send": "dispatch",
}  # fmt: skip
"""What the first version calls a step → what the second does."""


def new() -> dict[str, bytes]:
    """The version that they are taken to."""
    more = _user("legal", NEW_STEPS) + path("merge", "legal", "answer") + end("gone")
    more += boundary("withdrawal", "examine", message("withdrawn"), correlationKey="= number") + flow(
        "withdrawal", "gone"
    )
    return {"campaign.bpmn": _drawn(NEW_STEPS, CALLED, ("q1", "q2", "q3"), "PT20H", more), **FORM}


FORM = {
    "step.form.json": '{"type": "object", "title": "意见", "properties": {"text": {"type": "string", "title": "意见"}}}'.encode()
}
