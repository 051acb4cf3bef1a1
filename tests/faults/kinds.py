"""The kinds of cases that are played: a small process model each, and what a case of it must come to whatever dies meanwhile.

A case's key is ``<trial>-<kind>-<number>``. Over HTTP a case begins with ``seven-lists.accepted``, a message that any partner may send for
any key: the process ``faults_door`` takes it and starts the kind's process by a message of its own. Over AMQP that message is sent straight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from processes.casework.reference import Reference
from processes.messaging import jobs
from processes.notation.check import Codes, check_files
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
from tests.faults.lasting import LEFT, LONG, WRONG

DOOR = "faults_door"
FIRST, SECOND = "measures", "rectification"
"""The stages that the ``message`` kind waits for, one after the other, under one name and key."""

CLOSED = "faults-closed"
"""The hotline's number of an order that it has closed: every ``error`` case tells it something, and is told no."""

CLERK, ROLE, PLACE = "wx.chen", "intake_clerk", "330502"
"""Who completes the cases' tasks."""


@dataclass(frozen=True)
class Kind:
    """A process model (``parts``: what stands in its file) and what comes of a case.

    ``effects``: what the notices system must have been told, and how often; ``instances``: processes that a case consists of; ``tasks``: data
    for the user tasks; ``resolutions``: how the incidents that it must have are resolved, by element; ``messages``: stages it is told.
    """

    name: str
    parts: Sequence[str]
    effects: Mapping[str, int]
    weight: int = 1
    instances: Mapping[str, int] = field(default_factory=dict)
    tasks: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    resolutions: Mapping[str, tuple[str, Mapping[str, object]]] = field(default_factory=dict)
    messages: Sequence[str] = ()

    @property
    def process(self) -> str:
        """The process that a case of this kind starts."""
        return f"faults_{self.name}"

    @property
    def started_by(self) -> str:
        """The message that starts it."""
        return f"faults.{self.name}"

    @property
    def file(self) -> bytes:
        """Its diagram."""
        opening = f'<bpmn:message id="begin" name="{self.started_by}"/>'
        return definitions(opening, *self.parts)

    @property
    def processes(self) -> Mapping[str, int]:
        """How many instances of which processes a case is."""
        return {self.process: 1, **self.instances}


def _process(name: str, *body: str) -> str:
    return process(f"faults_{name}", start("start", message("begin", variable="m")), _KEY, *body)


_KEY = script("key", "= {case: {id: m.case}}")


def _tell(
    id: str, kind: str, *, text: str = '"faults"', inner: str = "", topic: str = "notice.send", **properties: str
) -> str:
    """A job whose effect at the notices system is ``kind`` (FEEL, as is ``text``)."""
    arguments = {
        "case": "= case.id",
        "kind": f"= {kind}",
        "to": f'= {{person: "{CLERK}"}}',
        "subject": '= "faults"',
        "text": f"= {text}",
    }
    return service(id, topic, arguments, inner=inner, **properties)


def _task(id: str) -> str:
    return user(id, role=ROLE, place=PLACE)


def _each(item: str, items: str) -> str:
    """Of a task: one for each of a list's items, all at once."""
    items = f"<bpmn:loopDataInputRef>{items}</bpmn:loopDataInputRef>"
    return (
        f"<bpmn:multiInstanceLoopCharacteristics>{items}"
        f'<bpmn:inputDataItem id="{item}" name="{item}"/></bpmn:multiInstanceLoopCharacteristics>'
    )


def _throw(tag: str, id: str, reference: str, payload: str) -> str:
    return element(tag, id, message(reference, payload), properties={"correlationKey": "= case.id"})


def _catch(id: str, reference: str, variable: str) -> str:
    definition = message(reference, variable=variable)
    return element("intermediateCatchEvent", id, definition, properties={"correlationKey": "= case.id"})


def _service() -> Kind:
    body = _process("service", _tell("tell", '"done"'), end(), path("start", "key", "tell", "end"))
    return Kind("service", [body], {"done": 1}, weight=3)


def _user() -> Kind:
    body = _process(
        "user",
        _task("approve"),
        _tell("tell", '"approved-" + string(n)'),
        end(),
        path("start", "key", "approve", "tell", "end"),
    )
    return Kind("user", [body], {"approved-7": 1}, weight=2, tasks={"approve": {"n": 7}})


def _timer() -> Kind:
    wait = element("intermediateCatchEvent", "wait", timer("timeDuration", "PT2S"))
    body = _process("timer", wait, _tell("tell", '"rung"'), end(), path("start", "key", "wait", "tell", "end"))
    return Kind("timer", [body], {"rung": 1}, weight=2)


def _cycle() -> Kind:
    body = _process(
        "cycle",
        _task("work"),
        boundary("tick", "work", timer("timeCycle", "R3/PT1S"), interrupting=False),
        _tell("tell", '"tick"'),
        end("ticked"),
        end(),
        path("start", "key", "work", "end"),
        path("tick", "tell", "ticked"),
    )
    return Kind("cycle", [body], {"tick": 3}, tasks={"work": {}})


def _message() -> Kind:
    parts = [
        '<bpmn:message id="stage" name="seven-lists.stage"/>',
        _process(
            "message",
            _catch("first", "stage", "one"),
            _tell("tell_first", "one.stage"),
            _catch("second", "stage", "two"),
            _tell("tell_second", "two.stage"),
            end(),
            path("start", "key", "first", "tell_first", "second", "tell_second", "end"),
        ),
    ]
    return Kind("message", parts, {FIRST: 1, SECOND: 1}, weight=2, messages=(FIRST, SECOND))


def _talk() -> Kind:
    """Asks twice under one key: an answer that came twice would be taken for the answer to the second question."""
    parts = [
        '<bpmn:message id="question" name="faults.question"/><bpmn:message id="answer" name="faults.answer"/>',
        _process(
            "talk",
            _throw("intermediateThrowEvent", "ask", "question", "= {case: case.id, n: 1}"),
            _catch("answered", "answer", "one"),
            _throw("intermediateThrowEvent", "ask_again", "question", "= {case: case.id, n: 2}"),
            _catch("answered_again", "answer", "two"),
            _tell("tell", '"heard-" + string(one.n) + string(two.n)'),
            end(),
            path("start", "key", "ask", "answered", "ask_again", "answered_again", "tell", "end"),
        ),
        process(
            "faults_answering",
            start("asked", message("question", variable="m")),
            script("note", "= {case: {id: m.case}, n: m.n}"),
            _tell("tell_answer", '"answer-" + string(n)'),
            _throw("endEvent", "reply", "answer", "= {n: n}"),
            path("asked", "note", "tell_answer", "reply"),
        ),
    ]
    effects = {"answer-1": 1, "answer-2": 1, "heard-12": 1}
    return Kind("talk", parts, effects, weight=2, instances={"faults_answering": 2})


def _signal() -> Kind:
    """Waits for the signal that a ``herald`` case of the same trial throws when all of them have begun."""
    wait = element("intermediateCatchEvent", "wait", '<bpmn:signalEventDefinition signalRef="call"/>')
    body = _process("signal", wait, _tell("tell", '"called"'), end(), path("start", "key", "wait", "tell", "end"))
    return Kind("signal", [_CALL, body], {"called": 1})


def _herald() -> Kind:
    throw = element("intermediateThrowEvent", "cry", '<bpmn:signalEventDefinition signalRef="call"/>')
    body = _process("herald", throw, _tell("tell", '"cried"'), end(), path("start", "key", "cry", "tell", "end"))
    return Kind("herald", [_CALL, body], {"cried": 1}, weight=0)


_CALL = '<bpmn:signal id="call" name="faults.call"/>'


def _many() -> Kind:
    body = _process(
        "many",
        script("list", "= {items: [1, 2, 3, 4]}"),
        _tell("together", '"item-" + string(item)', inner=_each("item", "items")),
        _tell("tell_all", '"all"'),
        end(),
        path("start", "key", "list", "together", "tell_all", "end"),
    )
    return Kind("many", [body], {"all": 1, **{f"item-{n}": 1 for n in range(1, 5)}})


def _parallel() -> Kind:
    """A job, a person and a timer at once: whoever overwrites what another has done meanwhile never gets past the join."""
    body = _process(
        "parallel",
        element("parallelGateway", "split"),
        _tell("tell", '"branch"'),
        _task("approve"),
        element("intermediateCatchEvent", "wait", timer("timeDuration", "PT1S")),
        element("parallelGateway", "join"),
        _tell("tell_joined", '"joined"'),
        end(),
        path("start", "key", "split", "tell", "join", "tell_joined", "end"),
        path("split", "approve", "join"),
        path("split", "wait", "join"),
    )
    return Kind("parallel", [body], {"branch": 1, "joined": 1}, weight=2, tasks={"approve": {}})


def _error() -> Kind:
    arguments = {
        "case": "= case.id",
        "channel": '= "hotline"',
        "original": f'= "{CLOSED}"',
        "text": '= "faults"',
    }
    body = _process(
        "error",
        service("progress", "channel.progress", arguments),
        boundary("refused", "progress", '<bpmn:errorEventDefinition errorRef="closed"/>'),
        _tell("tell_refused", '"refused"'),
        end(),
        end("given_up"),
        path("start", "key", "progress", "end"),
        path("refused", "tell_refused", "given_up"),
    )
    declared = '<bpmn:error id="closed" name="closed" errorCode="order_closed"/>'
    return Kind("error", [declared, body], {"refused": 1})


def _unsound() -> Kind:
    """A job whose arguments its worker can never take: an incident, which a person skips."""
    body = _process(
        "unsound",
        _tell("tell", '"never"', text="substring(case.id, 99)"),
        _tell("tell_after", '"after"'),
        end(),
        path("start", "key", "tell", "tell_after", "end"),
    )
    return Kind("unsound", [body], {"after": 1}, resolutions={"tell": ("skip", {"receipt": "none"})})


def _lost() -> Kind:
    """No flow holds after the task: an incident, which a person retries with what was missing."""
    body = _process(
        "lost",
        _task("approve"),
        element("exclusiveGateway", "which"),
        _tell("tell", '"found"'),
        end(),
        end("nowhere"),
        path("start", "key", "approve", "which"),
        flow("which", "tell", '= way = "right"'),
        flow("which", "nowhere", '= way = "left"'),
        path("tell", "end"),
    )
    resolutions = {"which": ("retry", {"way": "right"})}
    return Kind("lost", [body], {"found": 1}, tasks={"approve": {"n": 1}}, resolutions=resolutions)


def _compensation() -> Kind:
    undo = _tell("undo", '"unbooked"').replace("<bpmn:serviceTask ", '<bpmn:serviceTask isForCompensation="true" ', 1)
    body = _process(
        "compensation",
        _tell("book", '"booked"'),
        boundary("undone", "book", "<bpmn:compensateEventDefinition/>").replace(' cancelActivity="true"', ""),
        undo,
        '<bpmn:association id="book_undo" sourceRef="undone" targetRef="undo" associationDirection="One"/>',
        end("take_back", "<bpmn:compensateEventDefinition/>"),
        path("start", "key", "book", "take_back"),
    )
    return Kind("compensation", [body], {"booked": 1, "unbooked": 1})


def _long() -> Kind:
    """A job that its worker accepts, acknowledges and does; then an urgent one."""
    body = _process(
        "long",
        _tell("audit", '"audited"', topic=LONG),
        _tell("tell", '"urgent"', priority="9"),
        end(),
        path("start", "key", "audit", "tell", "end"),
    )
    return Kind("long", [body], {"audited": 1, "urgent": 1}, weight=2)


def _left() -> Kind:
    """A job that its worker accepts and acknowledges, and that another does when the lock has run out: at no attempt's cost."""
    body = _process(
        "left", _tell("leave", '"taken up"', topic=LEFT, retries="0"), end(), path("start", "key", "leave", "end")
    )
    return Kind("left", [body], {"taken up": 1})


def _wrong() -> Kind:
    """A job whose first answer does not fit: it is refused and kept, and the job is tried again."""
    body = _process(
        "wrong", _tell("tell", '"righted"', topic=WRONG, backoff="PT1S"), end(), path("start", "key", "tell", "end")
    )
    return Kind("wrong", [body], {"righted": 1})


_ALL = tuple(
    make()
    for make in (
        _service,
        _user,
        _timer,
        _cycle,
        _message,
        _talk,
        _signal,
        _herald,
        _many,
        _parallel,
        _error,
        _unsound,
        _lost,
        _compensation,
        _long,
        _left,
        _wrong,
    )
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}


def kind_of(key: str) -> Kind:
    """The kind of the case with this key."""
    return KINDS[key.split("-")[1]]


def door(kinds: Sequence[Kind]) -> bytes:
    """The process that a partner's message starts and that starts the kind's own."""
    messages = "".join(f'<bpmn:message id="m_{each.name}" name="{each.started_by}"/>' for each in kinds)
    throws, flows = [], []
    for at, each in enumerate(kinds):
        throw = element(
            "endEvent",
            f"to_{each.name}",
            message(f"m_{each.name}", "= {case: m.case}"),
            properties={"correlationKey": "= m.case"},
        )
        throws.append(throw)
        # The last one is the default: a gateway needs one.
        flows.append(
            flow("which", f"to_{each.name}", f'= contains(m.case, "-{each.name}-")' if at + 1 < len(kinds) else "")
        )
    return definitions(
        '<bpmn:message id="accepted" name="seven-lists.accepted"/>',
        messages,
        process(
            DOOR,
            start("start", message("accepted", variable="m")),
            element("exclusiveGateway", "which", default=f"which_to_{kinds[-1].name}"),
            *throws,
            path("start", "which"),
            *flows,
        ),
    )


def executable(reference: Reference) -> tuple[list[Kind], list[str]]:
    """The kinds that this engine executes; and, as a line each, those that its check refuses, with the reason."""
    codes = Codes(frozenset(reference.roles), frozenset(), frozenset(jobs.CATALOGUE))
    good, refused = [], []
    for kind in KINDS.values():
        errors = [
            each for each in check_files({f"{kind.name}.bpmn": kind.file}, codes=codes) if each.severity == "error"
        ]
        if errors:
            refused.append(f"{kind.name}: {errors[0].element}: {errors[0].en}")
        else:
            good.append(kind)
    return good, refused


def files(kinds: Sequence[Kind]) -> dict[str, bytes]:
    """The diagrams to deploy."""
    return {"faults_door.bpmn": door(kinds), **{f"faults_{each.name}.bpmn": each.file for each in kinds}}
