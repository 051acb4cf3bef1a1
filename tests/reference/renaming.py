"""The same process, drawn once more with other ids: what is taken onto it must go on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count

from lxml import etree
from sqlalchemy import select

from processes.runtime import commands as c
from processes.store.tables import Instance
from tests.reference.comparison import difference
from tests.reference.drawing import Model
from tests.reference.driver import End, EngineRun
from tests.reference.interpreter import Reference
from tests.reference.paths import Action, Play, do, told

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"

REFERRING = ("sourceRef", "targetRef", "attachedToRef", "default", "activityRef")
"""Attributes that name elements of the flow."""

SPELLED = ("incoming", "outgoing", "flowNodeRef")
"""Elements whose text does."""

NUMBERS = count(1)


@dataclass(frozen=True)
class Renamed:
    """A model of which every flow node and sequence flow is called otherwise. ``nodes``: old ids → new ones; ``processes``: which process
    shows an element."""

    model: Model
    nodes: Mapping[str, str]
    processes: Mapping[str, str]

    @property
    def mapping(self) -> dict[str, str]:
        """As a migration takes it."""
        return {f"{self.processes[old]}/{old}": f"{self.processes[old]}/{new}" for old, new in self.nodes.items()}


def renamed(model: Model, prefix: str = "other_") -> Renamed:
    """The model with ids that begin otherwise."""
    nodes, processes, files = dict[str, str](), dict[str, str](), dict[str, bytes]()
    for name, body in model.files.items():
        root = etree.fromstring(body)
        for each in root:
            if _local(each).startswith("global"):  # it is called by its id
                nodes[each.get("id")] = processes[each.get("id")] = each.get("id")
        for process in root.iter(f"{BPMN}process"):
            for each in process.iter():
                if _is_flow(each):
                    nodes[each.get("id")] = prefix + each.get("id")
                    processes[each.get("id")] = process.get("id")
        flows = {each.get("id") for each in root.iter(f"{BPMN}sequenceFlow")}
        known = nodes | {each: prefix + each for each in flows}
        for each in root.iter():
            for attribute in REFERRING:
                if each.get(attribute) in known:
                    each.set(attribute, known[each.get(attribute)])
            if _local(each) in SPELLED and each.text in known:
                each.text = known[each.text]
            if (_is_flow(each) or _local(each) == "sequenceFlow") and each.get("id") in known:
                each.set("id", known[each.get("id")])
        files[name] = etree.tostring(root)
    return Renamed(replace(model, files=files), nodes, processes)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _is_flow(element: etree._Element) -> bool:
    local = _local(element)
    return local.endswith(("Task", "Event", "Gateway")) or local in (
        "task",
        "subProcess",
        "transaction",
        "callActivity",
    )


def migrated(play: Play, at: int, restarts: bool) -> End:
    """Play a path on the engine; after ``at`` actions the instance is taken to the same process under other ids, and back again after some more.
    Raises ``AssertionError`` where it does not do what the reference does."""
    expected = Reference(play.model.files).start("p", play.model.variables)
    run, other = EngineRun(play.model, restarts), renamed(play.model)
    first = _version(run)
    (second,) = [each.id for each in run.engine.deploy(other.model.files, check=False) if each.process_id == "p"]
    names: Mapping[str, str] = {}
    for number, action in enumerate([None, *play.actions]):
        if action is not None:
            do(expected, action)
            run.do(_called(action, names))
        back = {new: old for old, new in names.items()}
        assert _told(run, back) == told(expected.waiting()), f"other waits after step {number} ({action})"
        due = min((wait.due for wait in expected.waiting("timer")), default=None)
        assert run.due() == due, f"another time is due after step {number} ({action})"
        if expected.state != "active":
            break
        if number == at:
            _onto(run, first, second, other.mapping)
            names = other.nodes
        elif number == at + 2:
            _onto(run, second, first, {target: source for source, target in other.mapping.items()})
            names = {}
    end, back = run.end(), {new: old for old, new in names.items()}
    trace = [back.get(each, each) for each in end.trace]
    assert end.state == expected.state, f"expected {expected.state}, found {end.state}"
    assert not (said := difference(expected.entries, trace)), said
    assert end.variables == expected.variables, f"expected {expected.variables}, found {end.variables}"
    return replace(end, trace=trace)


def _version(run: EngineRun) -> str:
    with run.engine.database.read() as connection:
        return str(connection.scalar(select(Instance.definition_id).where(Instance.id == run.case)))


def _onto(run: EngineRun, source: str, target: str, mapping: Mapping[str, str]) -> None:
    command = c.Migrate(f"migrate:{next(NUMBERS)}", run.case, "另一版本", source, target, mapping)
    run.engine._do(lambda _: command)
    run._rest()


def _called(action: Action, names: Mapping[str, str]) -> Action:
    return replace(action, element=names.get(action.element, action.element))


def _told(run: EngineRun, back: Mapping[str, str]) -> object:
    called: Callable[[str], str] = lambda element: back.get(element, element)  # noqa: E731
    found = run.waits()
    return type(found)({(kind, called(element), *rest): n for (kind, element, *rest), n in found.items()})
