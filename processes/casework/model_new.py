"""A process that there is not yet: its draft begins with a diagram that leads from a beginning to an end."""

from __future__ import annotations

import re
from collections.abc import Collection
from xml.sax.saxutils import quoteattr

from sqlalchemy import Connection, select

from processes.store.tables import InForce, ModelDraft

LONGEST_NAME = 60
"""characters of what it is called"""

_DIAGRAM = """<?xml version='1.0' encoding='UTF-8'?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
    xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"
    id="definitions_{id}" targetNamespace="http://bihuan/{id}" exporter="bihuan" exporterVersion="1">
  <bpmn:process id="{id}" name={name} isExecutable="true">{english}
    <bpmn:startEvent id="begin" name="开始">{begin}
      <bpmn:outgoing>begin_to_end</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:endEvent id="end" name="结束">{end}
      <bpmn:incoming>begin_to_end</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="begin_to_end" sourceRef="begin" targetRef="end"/>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram_{id}">
    <bpmndi:BPMNPlane id="plane_{id}" bpmnElement="{id}">
      <bpmndi:BPMNShape id="begin_shape" bpmnElement="begin">
        <dc:Bounds x="160" y="162" width="36" height="36"/>
        <bpmndi:BPMNLabel><dc:Bounds x="167" y="205" width="22" height="14"/></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="end_shape" bpmnElement="end">
        <dc:Bounds x="400" y="162" width="36" height="36"/>
        <bpmndi:BPMNLabel><dc:Bounds x="407" y="205" width="22" height="14"/></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="begin_to_end_edge" bpmnElement="begin_to_end">
        <di:waypoint x="196" y="180"/>
        <di:waypoint x="400" y="180"/>
      </bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""

_ENGLISH = """
      <bpmn:extensionElements>
        <spiffworkflow:properties><spiffworkflow:property name="nameEn" value={name}/></spiffworkflow:properties>
      </bpmn:extensionElements>"""


def taken(connection: Connection) -> Collection[str]:
    """The ids of all processes in force anywhere, and of all that are being drafted."""
    return {
        *connection.scalars(select(InForce.process_id).distinct()),
        *connection.scalars(select(ModelDraft.process_id).distinct()),
    }


def fresh(name: str, english: str, known: Collection[str]) -> tuple[str, str, str]:
    """The id of a new process, none of the ``known`` ones, the name of its file, and its diagram. ``english``: may be empty."""
    stem = re.sub(r"[^a-z0-9]+", "_", english.lower()).strip("_")[:40] or "process"
    stem = stem if stem[0].isalpha() else f"process_{stem}"
    own = next(
        each
        for number in range(1, len(known) + 2)
        if (each := stem if number == 1 else f"{stem}_{number}") not in known
    )
    said = {each: _ENGLISH.format(name=quoteattr(words)) for each, words in (("begin", "Begin"), ("end", "End"))}
    said["english"] = _ENGLISH.format(name=quoteattr(english)) if english else ""
    return own, f"{own}.bpmn", _DIAGRAM.format(id=own, name=quoteattr(name), **said)
