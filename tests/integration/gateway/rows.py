"""A process of an owner's whose form has a group of rows, and files that it asks for."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from processes.runtime.commands import Start
from processes.store.tables import UserTask
from tests.integration.gateway.world import World

FORM: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "现场核查",
    "type": "object",
    "required": ["outcome", "costs"],
    "properties": {
        "outcome": {
            "type": "string",
            "title": "结论",
            "oneOf": [{"const": "paid", "title": "同意补助"}, {"const": "refused", "title": "不予补助"}],
        },
        "costs": {
            "type": "array",
            "title": "费用明细",
            "description": "每笔费用一行。",
            "minItems": 1,
            "maxItems": 3,
            "x-show": '= outcome = "paid"',
            "items": {
                "type": "object",
                "required": ["what", "amount"],
                "properties": {
                    "what": {"type": "string", "title": "用途", "x-half": True, "maxLength": 40},
                    "amount": {"type": "number", "title": "金额（元）", "x-half": True, "minimum": 0},
                    "day": {"type": "string", "format": "date", "title": "发生日期", "x-half": True},
                    "how": {
                        "type": "string",
                        "title": "付款方式",
                        "x-half": True,
                        "x-widget": "select",
                        "x-options": "= ways",
                    },
                },
            },
        },
        "receipts": {
            "type": "array",
            "title": "票据",
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": 5,
            "x-widget": "attachments",
            "x-show": '= outcome = "paid"',
        },
        "reason": {"type": "string", "title": "理由", "maxLength": 400, "x-show": '= outcome = "refused"'},
    },
}

DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="d" targetNamespace="http://test">
  <bpmn:process id="inspection" name="现场核查" isExecutable="true">
    <bpmn:startEvent id="begin" name="开始"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:userTask id="inspect" name="登记费用">
      <bpmn:extensionElements><spiffworkflow:properties>
        <spiffworkflow:property name="role" value="board_handler"/>
        <spiffworkflow:property name="organisation" value="330502.project"/>
        <spiffworkflow:property name="place" value="330502"/>
        <spiffworkflow:property name="form" value="inspect.form.json"/>
      </spiffworkflow:properties></bpmn:extensionElements>
      <bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:endEvent id="done" name="结束"><bpmn:incoming>f2</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="inspect"/>
    <bpmn:sequenceFlow id="f2" sourceRef="inspect" targetRef="done"/>
  </bpmn:process>
</bpmn:definitions>
"""


def begin(world: World) -> str:
    """Deploy it and start one; returns the id of the task in it."""
    body = json.dumps(FORM, ensure_ascii=False).encode()
    world.engine.deploy({"inspection.bpmn": DIAGRAM.encode(), "inspect.form.json": body})
    ways = [{"const": "card", "title": "公务卡"}, {"const": "transfer", "title": "转账"}]
    outcome = world.engine.execute(Start("start-1", "inspection", "330502", {"ways": ways}))
    return task_of(world, outcome.instance_id)


def task_of(world: World, instance_id: str | None) -> str:
    """The id of the open task of an instance that is of no case."""
    open_tasks = select(UserTask.id).where(UserTask.instance_id == instance_id, UserTask.state == "open")
    with world.services.database.read() as connection:
        return connection.scalars(open_tasks).one()
