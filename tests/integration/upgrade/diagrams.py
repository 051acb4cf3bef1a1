"""Diagrams of every shape that waits for something, and where in them a sample is taken."""

from __future__ import annotations

from pathlib import Path

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

ORDER = Path(__file__).resolve().parents[4] / "shared" / "baselines" / "order"

HEAD = (
    '<bpmn:error id="E" name="refused" errorCode="E1"/><bpmn:message id="M" name="news"/>'
    '<bpmn:signal id="S" name="alarm"/>'
)
NEWS = element(
    "intermediateCatchEvent", "news", message("M", variable="said"), properties={"correlationKey": "= number"}
)
ALARM = element("intermediateCatchEvent", "alarm", '<bpmn:signalEventDefinition signalRef="S"/>')


def gateways(kind: str, *branches: str) -> str:
    """A split and a join of that kind around branches of one element each."""
    names = [branch.split('id="')[1].split('"')[0] for branch in branches]
    condition = "= true" if kind == "inclusiveGateway" else ""
    return "".join(
        [
            element(kind, "split"),
            element(kind, "join"),
            *branches,
            *(flow("split", name, condition) + flow(name, "join") for name in names),
        ]
    )


def many(sequential: bool) -> str:
    """Multi-instance characteristics over ``items`` into ``results``."""
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        "<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>results</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="item" name="item"/><bpmn:outputDataItem id="result" name="result"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


LOOP = (
    '<bpmn:standardLoopCharacteristics testBefore="false" loopMaximum="3"><bpmn:loopCondition>'
    "True</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
)


def straight(id: str, *middle: str, first: str, last: str | None = None) -> str:
    """start → what is between ``first`` and ``last`` → end."""
    return process(id, start(), *middle, end(), path("start", first), path(last or first, "end"))


def sub(id: str, *inner: str, tag: str = "subProcess", extra: str = "") -> str:
    """A sub-process around elements in a row."""
    names = [each.split('id="')[1].split('"')[0] for each in inner]
    return element(
        tag, id, extra, start(f"{id}_start"), *inner, end(f"{id}_end"), path(f"{id}_start", *names, f"{id}_end")
    )


PROCESSES = [
    straight("users", user("a"), user("b"), path("a", "b"), first="a", last="b"),
    straight("scripted", user("a"), script("add", "= {n: n + 1}"), user("b"), path("a", "add", "b"), first="a", last="b"),
    straight("parallel", gateways("parallelGateway", user("a"), user("b"), service("c", "work")), first="split", last="join"),
    straight("inclusive", gateways("inclusiveGateway", user("a"), user("b")), first="split", last="join"),
    straight("inside", sub("sub", user("a"), user("b")), first="sub"),
    straight("deep", sub("outer", sub("inner", user("a"), user("b")), user("c")), first="outer"),
    straight("job", service("a", "work", {"n": "= n"}, "done"), user("b"), path("a", "b"), first="a", last="b"),
    process(
        "guarded", start(), service("a", "work", {}, "done"), boundary("late", "a", timer("timeDuration", "PT1H")),
        boundary("failed", "a", '<bpmn:errorEventDefinition errorRef="E"/>'),
        boundary("tick", "a", timer("timeCycle", "R3/PT10M"), interrupting=False), script("count", "= {n: n + 1}"),
        user("chase"), user("mend"), end(), end("e2"), end("e3"), end("e4"),
        path("start", "a", "end"), path("late", "chase", "e2"), path("failed", "mend", "e3"), path("tick", "count", "e4"),
    ),
    process(
        "guarded_sub", start(), sub("sub", user("a"), user("b")), boundary("late", "sub", timer("timeDuration", "P1D")),
        boundary("told", "sub", message("M", variable="said"), interrupting=False, correlationKey="= number"),
        user("read"), user("chase"), end(), end("e2"), end("e3"),
        path("start", "sub", "end"), path("late", "chase", "e2"), path("told", "read", "e3"),
    ),
    process(
        "choice", start(), element("eventBasedGateway", "which"), NEWS,
        element("intermediateCatchEvent", "wait", timer("timeDuration", "PT2H")), user("a"), user("b"), end(), end("e2"),
        path("start", "which", "news", "a", "end"), path("which", "wait", "b", "e2"),
    ),
    straight("listening", gateways("parallelGateway", NEWS, ALARM, user("a")), first="split", last="join"),
    straight("each", element("userTask", "a", many(False)), first="a"),
    straight("one_by_one", element("userTask", "a", many(True)), first="a"),
    straight("each_sub", sub("sub", user("a"), service("b", "work"), extra=many(False)), first="sub"),
    straight("again", element("userTask", "a", LOOP), first="a"),
    straight("calling", element("callActivity", "call", calledElement="inside"), user("c"), path("call", "c"), first="call", last="c"),
    straight("calling_each", element("callActivity", "call", many(False), calledElement="users"), first="call"),
    process(
        "round", start(), element("exclusiveGateway", "head"), user("a"), element("exclusiveGateway", "more", default="more_end"), end(),
        path("start", "head", "a", "more", "end"), flow("more", "head", "= a_again"),
    ),
    straight(
        "transaction", sub("t", user("a"), user("b"), tag="transaction"), first="t"),
]  # fmt: skip


def models() -> dict[str, bytes]:
    """The files: our shapes, and the order model where it is at hand."""
    found = {"shapes.bpmn": definitions(HEAD, *PROCESSES)}
    if ORDER.exists():
        found |= {each.name: each.read_bytes() for each in ORDER.iterdir() if each.suffix in (".bpmn", ".dmn")}
    return found


NAMES = [each.split('id="')[1].split('"')[0] for each in PROCESSES]
