"""Hostile texts in every place of a diagram or form where an owner writes one, through the real engine.

Each is refused at deployment, is harmless, or ends as an incident on its one case: in time, without growing the process, and
without ever reaching Python's ``eval``, ``exec``, ``compile`` or ``pickle``.
"""

from __future__ import annotations

import ast
import builtins
import json
import pickle
import resource
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from xml.sax.saxutils import escape

import pytest

from processes.casework import forms
from processes.errors import BihuanError
from processes.orchestrator import Orchestrator
from processes.runtime.engine import Settings
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
from tests.hostile.sources import ALL, SCRIPT

pytestmark = pytest.mark.slow

_SECONDS = 8.0
"""Processor time for one text in one place: its own limit is two seconds, and it may be looked at again as its case is."""

_MEGABYTES = 200

MESSAGE = '<bpmn:message id="M" name="m"/>'
VARIABLES = {"a": [1, 2, {"x": 1}], "b": "s", "d": {"x": "y"}, "items": [1, 2, 3]}
Files = dict[str, bytes]


def _xml(text: str) -> str:
    """The text as XML can hold it: what it cannot hold never reaches us."""
    return "".join(
        char if char in "\t\n\r" or " " <= char < "\ud800" or "\ue000" <= char < "\ufffe" else "?" for char in text
    )


def _line(*parts: str, ids: tuple[str, ...], more: str = "") -> Files:
    return {"p.bpmn": definitions(more, process("p", start(), *parts, end(), path("start", *ids, "end")))}


def _turns(text: str, condition: str = "") -> str:
    done = f"<bpmn:completionCondition>{escape(condition)}</bpmn:completionCondition>" if condition else ""
    loop = f"<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{escape(text)}</bpmn:loopCardinality>{done}"
    return f"{loop}</bpmn:multiInstanceLoopCharacteristics>"


def _decision(cell: str, output: str = "1") -> Files:
    dmn = f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">
<decision id="pick" name="pick"><decisionTable id="t"><input><inputExpression><text>b</text></inputExpression></input>
<output name="o"/><rule id="r"><inputEntry><text>{escape(cell)}</text></inputEntry>
<outputEntry><text>{escape(output)}</text></outputEntry></rule></decisionTable></decision></definitions>"""
    called = "<bpmn:extensionElements><spiffworkflow:calledDecisionId>pick</spiffworkflow:calledDecisionId></bpmn:extensionElements>"
    return {**_line(element("businessRuleTask", "rule", called), ids=("rule",)), "d.dmn": dmn.encode()}


def _feel(text: str) -> str:
    return text.removeprefix("=")


def _hooked(text: str) -> str:
    hook = f"<spiffworkflow:preScript>{escape(text)}</spiffworkflow:preScript>"
    return element("manualTask", "look", f"<bpmn:extensionElements>{hook}</bpmn:extensionElements>")


def _condition(text: str) -> Files:
    gateway = element("exclusiveGateway", "g", default="g_other")
    body = (start(), gateway, end("one"), end("other"), path("start", "g"), flow("g", "one", text), flow("g", "other"))
    return {"p.bpmn": definitions(process("p", *body))}


def _catch(text: str) -> Files:
    caught = element("intermediateCatchEvent", "wait", message("M", variable="v"), properties={"correlationKey": text})
    return _line(caught, ids=("wait",), more=MESSAGE)


def _throw(text: str) -> Files:
    thrown = element("intermediateThrowEvent", "say", message("M", payload=text), properties={"correlationKey": text})
    return _line(thrown, ids=("say",), more=MESSAGE)


def _timer(text: str) -> Files:
    return _line(element("intermediateCatchEvent", "wait", timer("timeDuration", text)), ids=("wait",))


def _boundary(text: str) -> Files:
    late = boundary("late", "look", timer("timeCycle", text), interrupting=False)
    body = (start(), user("look"), late, end(), end("e2"), path("start", "look", "end"), path("late", "e2"))
    return {"p.bpmn": definitions(process("p", *body))}


def _property(name: str) -> Callable[[str], Files]:
    return lambda text: _line(user("look", **{name: text}), ids=("look",))


PLACES: dict[str, Callable[[str], Files]] = {
    "condition": _condition,
    "script": lambda text: _line(script("work", f"= {{r: {_feel(text)}}}" if text.startswith("=") else f"r = {text}"), ids=("work",)),
    "pre-script": lambda text: _line(_hooked(text), ids=("look",)),
    "cell": lambda text: _decision(_feel(text)),
    "output cell": lambda text: _decision("-", _feel(text)),
    "timer": _timer,
    "boundary timer": _boundary,
    "loop cardinality": lambda text: _line(element("scriptTask", "work", _turns(text), "<bpmn:script>= {r: 1}</bpmn:script>"), ids=("work",)),
    "completion condition": lambda text: _line(
        element("scriptTask", "work", _turns("= 3", text), "<bpmn:script>= {r: 1}</bpmn:script>"), ids=("work",)
    ),
    "correlation key": _catch,
    "message payload": _throw,
    "due": _property("dueAt"),
    "role": _property("role"),
    "excluded": _property("excluded"),
    "assignee": _property("assignee"),
    "status": _property("caseStatus"),
    "record": _property("record"),
    "job argument": lambda text: _line(service("call", "topic", {"x": text}), ids=("call",)),
}  # fmt: skip


def _play(files: Files) -> None:
    """Deploy, run, look at the case, let its time pass. Nothing but our own errors may come out."""
    engine = Orchestrator(settings=Settings("test", publish_jobs=False, seconds=4.0))
    try:
        engine.deploy(files, check=False)
    except BihuanError:
        return
    case = engine.start("p", VARIABLES)
    if case in engine.instances():
        engine.advance(timedelta(hours=1))
        for task in engine.tasks(case):
            engine.complete(task.id)
        engine.jobs()
        assert engine.instance(case).state in ("active", "completed")
    with engine.database.read() as connection:
        incidents = connection.exec_driver_sql("select detail from incident").scalars().all()
    assert all(incidents)


@pytest.fixture(autouse=True, scope="module")
def _nothing_reaches_python() -> Iterator[None]:
    """Once everything is imported and warm, ``eval``, ``exec``, ``compile`` and ``pickle`` fail for the rest of the module."""
    for files in (
        _condition("= true"),
        _decision('"s"'),
        _timer("PT1S"),
        _catch('= "k"'),
        _throw("= {x: 1}"),
        _boundary("R2/PT1H"),
    ):
        _play(files)
    _play(_line(service("call", "topic", {"x": "= 1"}), ids=("call",)))
    _play(_line(element("scriptTask", "work", _turns("= 2"), "<bpmn:script>r = 1</bpmn:script>"), ids=("work",)))
    _fill("= true", "x-show")
    real_compile = builtins.compile

    def refused(*arguments: object, **named: object) -> object:
        raise AssertionError(f"reached Python: {arguments!r:.100}")

    def only_trees(source: object, filename: str, mode: str, flags: int = 0, *rest: object, **named: object) -> object:
        """``ast.parse`` makes a tree and nothing that could run."""
        return (
            real_compile(source, filename, mode, flags, *rest, **named)
            if flags & ast.PyCF_ONLY_AST
            else refused(source)
        )  # type: ignore[call-overload]

    with pytest.MonkeyPatch.context() as patch:
        for name in ("eval", "exec"):
            patch.setattr(builtins, name, refused)
        patch.setattr(builtins, "compile", only_trees)
        for name in ("loads", "load", "Unpickler"):
            patch.setattr(pickle, name, refused)
        yield


@pytest.fixture(autouse=True, scope="module")
def _memory_stays_flat(_nothing_reaches_python: None) -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    assert grown < _MEGABYTES


def _in_time(action: Callable[[], None]) -> None:
    begun = time.thread_time()
    action()
    assert time.thread_time() - begun < _SECONDS


def _families() -> Iterator[str]:
    seen = set()
    for name in ALL:
        family = name.rsplit("-", 1)[0]
        if family not in seen:
            seen.add(family)
            yield name


_ROTATED = [(name, list(PLACES)[number % len(PLACES)]) for number, name in enumerate(ALL)]
_EVERYWHERE = [(name, place) for name in _families() for place in PLACES]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "place"), sorted(set(_ROTATED + _EVERYWHERE)))
def test_an_expression_is_stopped_wherever_it_stands(name: str, place: str) -> None:
    """One of each family everywhere, and every one somewhere."""
    _in_time(lambda: _play(PLACES[place](_xml(ALL[name]))))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPT)
def test_a_script_is_stopped_as_task_and_as_hook(name: str) -> None:
    source = _xml(SCRIPT[name])
    _in_time(lambda: _play(_line(script("work", source), ids=("work",))))
    _in_time(lambda: _play(_line(_hooked(source), ids=("look",))))


def _fill(text: str, hint: str) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string", hint: text}}}
    form = forms._read("f.form.json", json.dumps(schema).encode())
    evaluate = forms.evaluator({}, lambda: pytest.fail("no clock needed"))
    try:
        forms.check(form, {"x": "1"}, VARIABLES, evaluate)
    except BihuanError:
        return


@pytest.mark.parametrize("hint", ["x-show", "x-options", "default", "pattern"])
@pytest.mark.parametrize("name", list(_families()) + [name for name in ALL if "patterns" in name])
def test_a_form_is_no_way_in(name: str, hint: str) -> None:
    _in_time(lambda: _fill(ALL[name], hint))


def test_the_guard_would_notice() -> None:
    with pytest.raises(AssertionError):
        eval("1")  # noqa: S307
    with pytest.raises(AssertionError):
        compile("1", "x", "eval")
    assert len(ALL) >= 150
