"""One running instance: the only face of SpiffWorkflow that the runtime sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.events.start_event import StartEvent
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.util.task import TaskState

import processes.spiff.mended  # noqa: F401  (applies the class-wide patches)
from processes.errors import BihuanError
from processes.spiff import codec
from processes.spiff.mended import errors, messages, timers
from processes.spiff.mended.effort import Effort
from processes.spiff.mended.service_task import ExternalServiceTask
from processes.spiff.mended.workflow import Workflow
from processes.spiff.parser import Element, Process
from processes.spiff.script_engine import ScriptEngine

_ACTIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED
_ENDED = {TaskState.COMPLETED: "completed", TaskState.CANCELLED: "cancelled", TaskState.ERROR: "failed"}
UNKNOWN = Element("", "", "", "")
_DATA_ERRORS = (ArithmeticError, AttributeError, LookupError, NameError, RecursionError, TypeError, ValueError)
"""What the library raises over variables it did not expect."""


class StepFailed(BihuanError):
    """The engine could not go on; the in-memory instance is to be thrown away."""

    def __init__(self, zh: str, en: str, element_id: str | None = None) -> None:
        super().__init__(zh, en, element=element_id)
        self.element_id = element_id


@contextmanager
def failing() -> Iterator[None]:
    """Whatever an instance's diagram and variables make go wrong in here is a :class:`StepFailed` that names the element."""
    try:
        yield
    except (StepFailed, NotWaiting):
        raise
    except BihuanError as error:
        raise StepFailed(error.zh, error.en, str(error.details.get("element") or "") or None) from error
    except (SpiffWorkflowException, *_DATA_ERRORS) as error:
        spec = getattr(getattr(error, "task", None), "task_spec", None) or getattr(error, "task_spec", None)
        element = getattr(spec, "bpmn_id", None)
        zh = "没有一个出口条件成立,也没有默认出口" if "No conditions satisfied" in str(error) else str(error)
        raise StepFailed(f"{element or ''} {zh}".strip(), f"{element}: {error}", element) from error


class NotWaiting(BihuanError):
    """The task a command is for is not (or no longer) there."""

    def __init__(self, task_id: str) -> None:
        super().__init__("这项任务已经办结或已撤销", f"task {task_id} is not waiting", task=task_id)


@dataclass(frozen=True)
class Step:
    """Something that happened to an element: entered, completed, cancelled, caught or failed."""

    what: str
    element_id: str
    process_id: str
    scope: str
    task_id: str
    element: Element
    properties: Mapping[str, Any] = field(default_factory=dict)
    """the element's named properties that casework reads, evaluated on entering"""


@dataclass(frozen=True)
class Wait:
    """Something the instance waits for. ``kind``: user, job, timer, message, signal or deadline."""

    kind: str
    task_id: str
    element: Element
    scope: str
    name: str = ""
    """job topic, message or signal name"""
    key: str = ""
    due: str = ""
    """ISO UTC, of timers"""
    provisional: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str, str]:
        return (self.kind, self.task_id, self.name)


class RunningInstance:
    """Start or load it, give it what it waits for, let it run, look at what it waits for now, and dump it."""

    def __init__(self, process: Process, workflow: Workflow) -> None:
        self.process = process
        self._workflow: Any = workflow
        self.steps: list[Step] = []
        self._seen: set[Any] = {task.id for task in workflow.all_tasks() if task._state & _ACTIVE}
        workflow.recorder = self._record
        self._workflow.fired = []

    # -- coming to life ----------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, process: Process, engine: ScriptEngine, variables: Mapping[str, Any]) -> RunningInstance:
        """A new instance that has not run yet."""
        workflow = Workflow(process.spec, dict(process.subprocess_specs), script_engine=engine)
        workflow.task_tree.data.update(variables)
        fresh = cls(process, workflow)
        fresh._seen.clear()
        return fresh

    @classmethod
    def load(cls, blob: bytes, process: Process, engine: ScriptEngine) -> RunningInstance:
        """The instance whose state ``blob`` is."""
        return cls(process, codec.load(blob, process, engine))

    def dump(self) -> bytes:
        """The state as bytes."""
        return codec.dump(self._workflow)

    # -- what happened -----------------------------------------------------------------------------------------------

    def _record(self, task: Any, before: int, after: int) -> None:
        element_id = getattr(task.task_spec, "bpmn_id", None)
        if element_id is None:
            return
        if after & _ACTIVE:
            if task.id not in self._seen and not isinstance(task.task_spec, CatchingEvent):
                self._seen.add(task.id)
                self._step("entered", task)
            return
        what = _ENDED.get(after)
        if what is None:
            return
        catching = isinstance(task.task_spec, CatchingEvent)
        if what == "completed" and not catching and task.id not in self._seen:
            self._step("entered", task)
        if what != "cancelled" or (task.id in self._seen and not catching):
            self._step("caught" if catching and what == "completed" else what, task)
        self._seen.discard(task.id)

    def _step(self, what: str, task: Any) -> None:
        scope, element_id = task.workflow.spec.name, task.task_spec.bpmn_id.removesuffix(" [child]")
        element = self.process.elements.get((scope, element_id), UNKNOWN)
        values: dict[str, Any] = {}
        if what in ("entered", "caught"):
            engine = task.workflow.script_engine
            values = {
                name: engine.property(task, element.properties[name])
                for name in ("stage", "caseStatus", "record", "pooled")
                if name in element.properties
            }
        self.steps.append(Step(what, element_id, element.process_id, scope, str(task.id), element, values))

    # -- what to do --------------------------------------------------------------------------------------------------

    def _task(self, task_id: str, state: int) -> Any:
        try:
            task = self._workflow.get_task_from_id(task_id)
        except SpiffWorkflowException as error:
            raise NotWaiting(task_id) from error
        if not task._state & state:
            raise NotWaiting(task_id)
        return task

    def allow(self, steps: int, seconds: float) -> None:
        """What the command in hand may cost: tasks to run, and processor time of this thread in seconds."""
        self._workflow.effort = Effort(steps, seconds)

    def run(self) -> None:
        """Go on until there is nothing left but to wait. Raises :class:`StepFailed`."""
        with failing():
            self._workflow.do_engine_steps()

    def start_by_message(self, name: str, payload: Mapping[str, Any]) -> None:
        """Begin at the message start event of this name."""
        self.run()
        for task in self._workflow.all_tasks():
            spec = task.task_spec
            if isinstance(spec, StartEvent) and task._state == TaskState.WAITING:
                for definition in messages.definitions_of(task):
                    if isinstance(definition, messages.Message) and definition.name == name:
                        messages.deliver(task, definition, dict(payload))
                        self.run()
                        return
        raise NotWaiting(name)

    def complete_task(self, task_id: str, data: Mapping[str, Any]) -> None:
        """A person finished a user task.

        ``data`` is put under the element's ``resultVariable``; without one, under the element's id when it has a form of ours, and among the
        variables otherwise (what diagrams from elsewhere expect).
        """
        task = self._task(task_id, TaskState.READY)
        if not task.task_spec.manual:
            raise NotWaiting(task_id)
        element = self._element(task)
        variable = element.properties.get("resultVariable") or (element.id if "form" in element.properties else "")
        if variable:
            task.data[variable] = dict(data)
        else:
            task.data.update(data)
        self._run_task(task)

    def _run_task(self, task: Any) -> None:
        with failing():
            task.run()
        self.run()

    def complete_job(self, task_id: str, result: Any) -> None:
        """A worker's result for an external service task, under its result variable."""
        task = self._job(task_id)
        task.internal_data.pop("job", None)
        task.data[task.task_spec.result_variable] = result
        with failing():
            task.complete()
        self.run()

    def _job(self, task_id: str) -> Any:
        task = self._task(task_id, TaskState.STARTED)
        if not isinstance(task.task_spec, ExternalServiceTask):
            raise NotWaiting(task_id)
        return task

    def throw_error(self, task_id: str, code: str, variables: Mapping[str, Any]) -> bool:
        """A business error at an external service task; False when no boundary event catches it (nothing was changed)."""
        caught = errors.throw_at(self._job(task_id), code, {"code": code, **variables})
        if caught is None:
            return False
        self.run()
        return True

    def catch_message(self, task_id: str, name: str, payload: Mapping[str, Any]) -> None:
        """Give a message to the one task that waits for it."""
        task = self._task(task_id, TaskState.WAITING)
        for definition in messages.definitions_of(task):
            if isinstance(definition, messages.Message) and definition.name == name:
                messages.deliver(task, definition, dict(payload))
                self.run()
                return
        raise NotWaiting(task_id)

    def catch_signal(self, name: str, payload: Mapping[str, Any]) -> int:
        """Give a signal to every task that waits for it; returns how many there were."""
        caught = messages.broadcast(self._workflow, name, dict(payload))
        self.run()
        return caught

    def fire_timer(self, task_id: str) -> None:
        """A timer is due."""
        timers.fire(self._task(task_id, TaskState.WAITING))
        self.run()

    def replan_timer(self, task_id: str) -> None:
        """Work the due time out again (a calendar year was loaded)."""
        self._task(task_id, TaskState.WAITING).internal_data.pop("event_value", None)

    def merge_variables(self, variables: Mapping[str, Any]) -> None:
        """A person corrects variables: every task that is not finished sees the new values."""
        for task in self._workflow.all_tasks():
            if not task._state & TaskState.FINISHED_MASK or task.workflow.last_task is task:
                task.data.update(variables)

    def cancel(self) -> None:
        """End the instance and all that it waits for."""
        self._workflow.cancel()

    # -- what is -----------------------------------------------------------------------------------------------------

    def _element(self, task: Any) -> Element:
        name = str(task.task_spec.bpmn_id).removesuffix(" [child]")
        return self.process.elements.get((task.workflow.spec.name, name), UNKNOWN)

    @property
    def is_completed(self) -> bool:
        """Whether nothing is left to do or to wait for."""
        return bool(self._workflow.is_completed())

    @property
    def data(self) -> dict[str, Any]:
        """The variables: of the end when it is completed, else of the last finished step."""
        if self._workflow.completed and self._workflow.data:
            return dict(self._workflow.data)
        last = self._workflow.last_task
        return dict(last.data) if last is not None else dict(self._workflow.task_tree.data)

    def task_data(self, task_id: str) -> dict[str, Any]:
        """The variables a waiting task sees."""
        return dict(self._task(task_id, _ACTIVE).data)

    def property(self, task_id: str, name: str) -> Any:
        """The value of a named property of a waiting task's element, evaluated over its data."""
        task = self._task(task_id, _ACTIVE)
        return task.workflow.script_engine.property(task, self._element(task).properties.get(name, ""))

    def due(self, task_id: str, name: str) -> dict[str, Any] | None:
        """A due time (``dueAt``, ``warnAt``) of a waiting task: ``{"due": ISO, "provisional": bool}``, or None."""
        task = self._task(task_id, _ACTIVE)
        text = self._element(task).properties.get(name, "")
        if not text:
            return None
        engine = task.workflow.script_engine
        if text.startswith("=") and engine.evaluate(task, text) is None:
            return None
        planned: dict[str, Any] = engine.timer(task, text)
        return planned

    def take_outgoing(self) -> list[messages.Thrown]:
        """The messages and signals thrown since the last look."""
        thrown, self._workflow.outgoing = self._workflow.outgoing, []
        return list(thrown)

    def take_fired(self) -> list[dict[str, Any]]:
        """Which rules of which decisions fired since the last look."""
        fired, self._workflow.fired = self._workflow.fired, []
        return list(fired)

    def take_steps(self) -> list[Step]:
        """What happened since the last look, in order."""
        steps, self.steps = self.steps, []
        return steps

    def waits(self) -> dict[tuple[str, str, str], Wait]:
        """Everything the instance waits for, by identity."""
        found: dict[tuple[str, str, str], Wait] = {}
        for task in self._workflow.all_tasks():
            if task._state & _ACTIVE and getattr(task.task_spec, "bpmn_id", None) is not None:
                for wait in self._waits_of(task):
                    found[wait.identity] = wait
        return found

    def _waits_of(self, task: Any) -> list[Wait]:
        element, scope, task_id = self._element(task), task.workflow.spec.name, str(task.id)
        out: list[Wait] = []
        if "dueAt" in element.properties and task._state != TaskState.READY:
            out.append(Wait("deadline", task_id, element, scope))
        if task._state == TaskState.READY and task.task_spec.manual:
            out.append(Wait("user", task_id, element, scope))
        elif task._state == TaskState.STARTED and isinstance(task.task_spec, ExternalServiceTask):
            out.append(
                Wait(
                    "job",
                    task_id,
                    element,
                    scope,
                    name=task.task_spec.operation_name,
                    arguments=task.internal_data.get("job", {}),
                )
            )
        elif task._state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent):
            out.extend(self._events_of(task, element, scope, task_id))
        return out

    @staticmethod
    def _events_of(task: Any, element: Element, scope: str, task_id: str) -> list[Wait]:
        out = []
        for definition in messages.definitions_of(task):
            if timers.is_timer(definition):
                plan = timers.due_of(task, definition)
                out.append(
                    Wait(
                        "timer",
                        task_id,
                        element,
                        scope,
                        due=plan["due"],
                        provisional=bool(plan.get("provisional")),
                    )
                )
            elif isinstance(definition, messages.Message):
                key = task.internal_data.get("key:" + definition.name)
                if key is None:
                    key = task.internal_data["key:" + definition.name] = definition.key(task)
                out.append(Wait("message", task_id, element, scope, name=definition.name, key=key))
            elif isinstance(definition, messages.Signal):
                out.append(Wait("signal", task_id, element, scope, name=definition.name))
        return out
