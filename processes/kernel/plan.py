"""A compiled diagram: scopes, nodes and flows as the machine walks them. Immutable once compiled; shared by instances and threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from processes.kernel.decisions import Decision


@dataclass(frozen=True)
class Element:
    """What a diagram says of one of its elements beside its flow."""

    id: str
    name: str
    tag: str
    """local name of the XML element: userTask, serviceTask …"""
    process_id: str
    """the process whose diagram shows it"""
    properties: Mapping[str, str] = field(default_factory=dict)
    instructions: str = ""
    lane: str = ""


UNKNOWN = Element("", "", "", "")


@dataclass(frozen=True)
class Trigger:
    """An event definition: what an event waits for or throws (BPMN 2.0.2, 10.5.5)."""

    kind: str
    """message, signal, timer, conditional, error, escalation, compensate, cancel, link or terminate"""
    name: str = ""
    """of the message, signal, error, escalation or link"""
    code: str | None = None
    """of the error or escalation; None catches every code"""
    expression: str | None = None
    """the payload to throw, a timer's time, or a condition"""
    variable: str | None = None
    """where a caught payload goes"""
    activity: str = ""
    """what a compensation is for; empty: everything in the scope"""
    waits: bool = True
    """whether a compensation throw waits for its handlers"""


ACTIVITIES = frozenset(
    {
        "task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask",
        "subProcess", "transaction", "callActivity", "eventSubProcess",
    }
)  # fmt: skip
"""Kinds of nodes that take time, so that their beginning is worth recording."""

ARMED = frozenset({"message", "signal", "timer", "conditional"})
"""Triggers that come from outside or from data: they are armed and wait. The others find their catchers when they are thrown."""


@dataclass(eq=False, slots=True)
class Flow:
    """A sequence flow."""

    id: str
    source: Node
    target: Node
    condition: str = ""


COUNTER = "loopCounter"
"""The variable that tells a turn of a loop which it is: 1 for the first (tables 10.27 and 10.30; Camunda 7 and Flowable begin with 0). The
condition of a standard loop sees how many turns there have been. It is the turn's alone: whatever bore that name before is hidden inside the
loop, and is there again, unchanged, after it."""


@dataclass(frozen=True)
class Repetition:
    """A loop (10.3.8): ``kind`` is standard, sequential or parallel."""

    kind: str
    condition: str = ""
    """standard: go on while it holds; multi-instance: complete when it holds"""
    maximum: int | None = None
    test_before: bool = False
    cardinality: str = ""
    source: str = ""
    """an expression for the list to go through"""
    item: tuple[str, ...] = ()
    """the variables the current item goes to"""
    target: str = ""
    """the variable that collects the outputs, or a data object"""
    held: bool = False
    """whether it is a data object"""
    output: tuple[str, ...] = ()
    """the variables a turn's output may stand in"""
    scripts_inside: bool = False
    """whether scripts before and after are each turn's"""
    counts: bool = False
    """whether anything among the files asks for the number of the turn"""


@dataclass(frozen=True)
class DataMove:
    """A data association: from a data object (a property of a scope is one, too) to variables before an activity, or back from the first of
    them after it. Of an event: what it has caught, or what it throws."""

    data_object: str
    variables: tuple[str, ...]
    temporary: bool = False
    """the variable is the object's own name: it is taken away after the activity"""
    outside: tuple[str, ...] = ()
    """instead of a data object: a data input or output of the process, which is a variable, by the names it goes by"""


@dataclass(frozen=True)
class Operator:
    """What a service task asks of a worker."""

    topic: str
    parameters: tuple[tuple[str, str], ...]
    result: str


@dataclass(eq=False, slots=True)
class Node:
    """A flow node, or an event sub-process (which no flow leads to)."""

    id: str
    kind: str
    """the XML name, or one of the compiler's own: callActivity of a global task becomes that task"""
    element: Element
    scope: Scope
    outgoing: tuple[Flow, ...] = ()
    incoming: tuple[Flow, ...] = ()
    default: Flow | None = None
    conditional: bool = False
    """an activity with conditions on its outgoing flows"""
    host: Node | None = None
    boundary: tuple[Node, ...] = ()
    armed_boundary: tuple[Node, ...] = ()
    """those that wait for something from outside"""
    compensator: Node | None = None
    """the handler that undoes this activity"""
    undone_by: Node | None = None
    """the boundary event that leads to it"""
    compensable: bool = False
    """whether its completion is kept for a compensation: it has a handler, or something inside it has"""
    triggers: tuple[Trigger, ...] = ()
    all_of_them: bool = False
    """parallelMultiple: every trigger is needed"""
    interrupting: bool = True
    repetition: Repetition | None = None
    inner: Scope | None = None
    operator: Operator | None = None
    script: str = ""
    decision: Decision | None = None
    before: str = ""
    after: str = ""
    inputs: tuple[DataMove, ...] = ()
    outputs: tuple[DataMove, ...] = ()
    said: tuple[tuple[str, str], ...] = ()
    """named properties that are evaluated when it is entered, for casework"""
    deadline: bool = False
    """an activity other than a user task that has a due time"""
    ways: Mapping[str, int] | None = None
    """of an inclusive join: node id → bits of the incoming flows that a token there can still reach"""
    catchers: tuple[Node, ...] = ()
    """of an event-based gateway: what stands behind it"""
    parallel_start: bool = False
    """an instantiating event gateway of type Parallel"""


@dataclass(eq=False, slots=True)
class Scope:
    """What is drawn inside a process or sub-process."""

    id: str
    process_id: str
    kind: str
    """process, subProcess, transaction or eventSubProcess"""
    parent: Scope | None = None
    host: Node | None = None
    """the sub-process as a node of its parent"""
    nodes: dict[str, Node] = field(default_factory=dict)
    starts: tuple[Node, ...] = ()
    """where it begins by itself: its blank start event, or every node without incoming flows"""
    typed_starts: tuple[Node, ...] = ()
    chooser: Node | None = None
    """waits for the first of the typed starts"""
    event_scopes: tuple[Node, ...] = ()
    """event sub-processes in it"""
    armed_event_scopes: tuple[Node, ...] = ()
    asks_for_newest: bool = False
    """whether something in it, or in a scope around it, wants to know what branches have done to the variables before they meet: then of
    two that end in it with the same value the one written last counts, not that of the branch that came last"""
    data_objects: frozenset[str] = frozenset()
    objects_around: bool = False
    """whether it or a scope around it has data objects"""
    inputs: tuple[tuple[str, ...], ...] = ()
    outputs: tuple[tuple[str, ...], ...] = ()
    """what a called process declares, each by the names it goes by"""
    optional: frozenset[str] = frozenset()
    """those of them that may be missing, by their first names"""
    links: dict[str, Node] = field(default_factory=dict)
    """link catch events by name"""


@dataclass(frozen=True)
class Start:
    """A way in which a process is started from outside. ``text``: a timer's time."""

    kind: str
    """message, signal or timer"""
    name: str
    text: str
    node_id: str
    together: bool = False
    """it takes this and other events to start (parallelMultiple)"""


@dataclass(frozen=True, eq=False)
class Process:
    """A compiled process with all that it calls: immutable, shared among instances and threads."""

    id: str
    name: str
    scope: Scope
    scopes: Mapping[str, Scope]
    """every scope by its id, the called processes' too"""
    starts: tuple[Start, ...]
    stamped: bool
    """whether variables remember when they were written: somebody asks for the newest of branches that have not met, or undoes what was
    completed in a sub-process"""

    @property
    def starts_on(self) -> tuple[str, ...]:
        """Names of the messages that start an instance."""
        return tuple(start.name for start in self.starts if start.kind == "message")
