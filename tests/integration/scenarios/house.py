"""A small folder of models for scenarios, with a thing of each kind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.diagrams import (
    boundary,
    definitions,
    element,
    end,
    flow,
    message,
    path,
    process,
    script,
    service,
    start,
    timer,
    user,
)

FORM = {
    "type": "object",
    "title": "看",
    "required": ["ok"],
    "properties": {"ok": {"type": "boolean", "title": "行吗"}, "note": {"type": "string", "title": "说明"}},
}

DIAGRAM = definitions(
    '<bpmn:message id="asked" name="asked"/><bpmn:message id="told" name="told"/><bpmn:message id="stop" name="stop"/>',
    '<bpmn:signal id="alarm" name="alarm"/><bpmn:error id="lost" name="lost" errorCode="lost"/>',
    process(
        "order",
        element("subProcess", "stopping", 
            element("startEvent", "stop_asked", message("stop"), properties={"correlationKey": "= number"}),
            end("stopped"), flow("stop_asked", "stopped"), triggeredByEvent="true"),
        start("begun"),
        user("look", role="clerk", organisation='= "o." + number', form="look.form.json", stage="intake",
             dueAt='= date and time("2026-01-06T17:30:00+08:00")', warnAt='= date and time("2026-01-06T09:00:00+08:00")'),
        boundary("late", "look", timer("timeDuration", '"P2D"'), False),
        service("remind", "remind.send", {"to": "= number"}),
        end("reminded"),
        element("exclusiveGateway", "good", default="good_look"),
        service("send", "parcel.send", {"number": "= number"}, "parcel"),
        boundary("gone", "send", '<bpmn:errorEventDefinition errorRef="lost"/>'),
        script("note_loss", "= {lost: true}"),
        element("intermediateThrowEvent", "tell", message("told", "= {number: number}"),
                properties={"correlationKey": "= number", "caseStatus": "已发出", "record": '= {sent: number}'}),
        element("eventBasedGateway", "wait"),
        element("intermediateCatchEvent", "heard", message("asked", variable="question"), properties={"correlationKey": "= number"}),
        element("intermediateCatchEvent", "alarmed", '<bpmn:signalEventDefinition signalRef="alarm"/>'),
        element("intermediateCatchEvent", "silent", timer("timeDuration", '"P1D"')),
        end("done"),
        path("begun", "look", "good"), path("late", "remind", "reminded"),
        flow("good", "send", "= look.ok"), flow("good", "look"), path("send", "tell", "wait"),
        path("gone", "note_loss", "tell"),
        path("wait", "heard", "done"), path("wait", "silent", "done"), path("wait", "alarmed", "done"),
    ),
)  # fmt: skip

FULL: Mapping[str, Any] = {
    "name": "一单",
    "about": "样样都有",
    "process": "order",
    "given": {"variables": {"number": "7", "box": {"a": 1, "b": 2}}},
    "when": [
        {"task": "look", "form": {"ok": False, "note": "再看"}},
        {"task": "look", "where": {"organisation": "o.7"}, "form": {"ok": True}},
        {"job": "send", "where": {"number": "7"}, "result": "P-1"},
        {"message": "asked", "key": "7", "payload": {"what": "在哪"}},
    ],
    "then": {
        "state": "completed",
        "path": ["look", "good", "look", "order/good", "send", "tell", "heard", "done"],
        "passed": ["wait"],
        "not_passed": ["late", "gone", "silent"],
        "variables": {"parcel": "P-1", "question": {"what": "在哪"}, "box": {"a": 1}, "lost": None},
        "tasks": [],
        "jobs": [{"job": "send", "topic": "parcel.send", "arguments": {"number": "7"}, "times": 1}, {"job": "remind", "times": 0}],
        "messages": [{"message": "told", "key": "7", "payload": {"number": "7"}}],
        "stage": "intake",
        "status": "已发出",
        "record": {"sent": "7"},
        "incidents": [],
    },
}  # fmt: skip


def folder(at: Path, *scenarios: Mapping[str, Any]) -> Path:
    """The model, with scenarios beside it."""
    at.mkdir(exist_ok=True)
    (at / "order.bpmn").write_bytes(DIAGRAM)
    (at / "look.form.json").write_text(json.dumps(FORM), "utf-8")
    for number, each in enumerate(scenarios, start=1):
        (at / f"{number}.scenario.json").write_text(json.dumps(each, ensure_ascii=False), "utf-8")
    return at


def scenario(when: Sequence[Mapping[str, Any]], then: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """Another one of the same process."""
    begun = {"variables": {"number": "7"}, **given}
    return {"name": "另一单", "about": "另一条路", "process": "order", "given": begun, "when": [*when], "then": then}
