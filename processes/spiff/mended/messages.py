"""Messages leave the instance and come to exactly one receiver.

The library gives one message to *every* matching catcher of the instance, hands thrown messages to catchers of its own instance first, and
correlates by keys that are written down in three places. Here a thrown message always goes out (with the key its diagram gives), and one that comes
in is given to the one task that the subscription names. A signal goes to all catchers of its own instance and out to the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.multiple import MultipleEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition, SignalEventDefinition

KEY = "correlationKey"
PLACE = "place"


@dataclass(frozen=True)
class Thrown:
    """A message or signal that left the instance."""

    kind: str
    """message or signal"""
    name: str
    key: str
    payload: dict[str, Any]
    place: str
    element_id: str
    task_id: str
    extra: dict[str, Any] = field(default_factory=dict)


class Message(MessageEventDefinition):
    """A message with its correlation key: FEEL over the data of the task that throws or waits."""

    def __init__(self, name: str, expression: str | None, variable: str | None, properties: dict[str, str]) -> None:
        super().__init__(name, expression=expression, message_var=variable)
        self.properties = properties

    def _value(self, my_task: Any, name: str) -> str:
        value = my_task.workflow.script_engine.property(my_task, self.properties.get(name, ""))
        return "" if value is None else str(value)

    def key(self, my_task: Any) -> str:
        """The key this task waits for or sends; empty when the diagram gives none."""
        return self._value(my_task, KEY)

    def throw(self, my_task: Any) -> None:
        payload = {} if self.expression is None else my_task.workflow.script_engine.evaluate(my_task, self.expression)
        my_task.workflow.top_workflow.outgoing.append(
            Thrown(
                "message",
                self.name,
                self.key(my_task),
                payload if isinstance(payload, dict) else {"value": payload},
                self._value(my_task, PLACE),
                my_task.task_spec.bpmn_id,
                str(my_task.id),
            )
        )

    def catches(self, my_task: Any, event: Any) -> bool:
        return event.event_definition is self

    def catch(self, my_task: Any, event: Any = None) -> None:
        my_task.internal_data[self.name] = event.payload
        my_task._set_internal_data(event_fired=True)

    def update_task(self, my_task: Any) -> None:
        """Nothing to look up: the key is in the subscription."""

    def update_task_data(self, my_task: Any) -> None:
        payload = my_task.internal_data.pop(self.name, None)
        if payload is None:
            return
        if self.message_var:
            my_task.data[self.message_var] = payload
        elif isinstance(payload, dict):
            my_task.data.update(payload)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


class Signal(SignalEventDefinition):
    """A signal: to every catcher of the instance, and out."""

    def throw(self, my_task: Any) -> None:
        payload = {} if self.expression is None else my_task.workflow.script_engine.evaluate(my_task, self.expression)
        payload = payload if isinstance(payload, dict) else {"value": payload}
        top = my_task.workflow.top_workflow
        broadcast(top, self.name, payload)
        top.outgoing.append(Thrown("signal", self.name, "", payload, "", my_task.task_spec.bpmn_id, str(my_task.id)))

    def update_task_data(self, my_task: Any) -> None:
        payload = my_task.internal_data.pop(self.name, None)
        if payload is not None and self.variable:
            my_task.data[self.variable] = payload
        elif isinstance(payload, dict):
            my_task.data.update(payload)


def broadcast(top: Any, name: str, payload: dict[str, Any]) -> int:
    """Give a signal to every task of the instance that waits for it; returns how many there were."""
    caught = 0
    for task in list(top.event_manager.tasks.values()):
        for definition in definitions_of(task):
            if isinstance(definition, Signal) and definition.name == name and task.id in task.workflow.tasks:
                deliver(task, definition, payload)
                caught += 1
                break
    return caught


def deliver(task: Any, definition: Any, payload: dict[str, Any]) -> None:
    """Give an event to this one waiting task."""
    task.task_spec.catch(task, BpmnEvent(definition, payload=payload))
    task.task_spec._update(task)


def definitions_of(task: Any) -> list[Any]:
    """The event definitions a waiting task would take: its own, or those behind an event-based gateway."""
    definition = task.task_spec.event_definition
    return list(definition.event_definitions) if isinstance(definition, MultipleEventDefinition) else [definition]


def mended(definition: Any, properties: dict[str, str]) -> Any:
    """Our definition in place of the library's, for messages and signals; anything else as it is."""
    if isinstance(definition, MessageEventDefinition):
        fresh: Any = Message(definition.name, definition.expression, definition.message_var, properties)
    elif isinstance(definition, SignalEventDefinition):
        fresh = Signal(definition.name, expression=definition.expression, variable=definition.variable)
    else:
        return definition
    fresh.description = definition.description
    return fresh
