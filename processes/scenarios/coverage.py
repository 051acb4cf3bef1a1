"""How much of each diagram the scenarios of its folder pass: numbers, and by element id, for a page to paint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes.notation.diagram import BPMN, FLOW_NODES, is_true, kind_of
from processes.notation.models import read_models
from processes.scenarios.playing import Played


@dataclass(frozen=True)
class Flow:
    """A sequence flow as it is drawn. ``waits``: it leads from an event-based gateway, so that it is passed when its target is caught."""

    id: str
    name: str
    source: str
    target: str
    waits: bool


@dataclass(frozen=True)
class Coverage:
    """Of one process: its flows, and how many scenarios pass each flow and each node, by id."""

    file: str
    process: str
    name: str
    drawn: Sequence[Flow]
    flows: Mapping[str, int]
    nodes: Mapping[str, int]

    @property
    def missed(self) -> Sequence[Flow]:
        """The flows that no scenario passes."""
        return [each for each in self.drawn if not self.flows[each.id]]

    @property
    def percent(self) -> float:
        """Of the flows, those that are passed; 100 when there are none."""
        return 100 * (1 - len(self.missed) / len(self.drawn)) if self.drawn else 100.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        counts = {"flows": dict(self.flows), "nodes": dict(self.nodes)}
        return {"file": self.file, "name": self.name, "percent": round(self.percent, 2), **counts}


def measure(folder: Path, played: Iterable[Played]) -> list[Coverage]:
    """The coverage of every executable process drawn in the files of a folder, by these plays."""
    return of_files({each.name: each.read_bytes() for each in sorted(folder.glob("*.bpmn"))}, played)


def of_files(files: Mapping[str, bytes], played: Iterable[Played]) -> list[Coverage]:
    """The coverage of every executable process drawn in these files, by these plays."""
    plays = [*played]
    return [
        _of(name, process, plays)
        for name, diagram in read_models(files).diagrams.items()
        for process in diagram.root.iter(f"{{{BPMN}}}process")
        if is_true(process.get("isExecutable", "true"))
    ]


def _of(file: str, process: Any, plays: Sequence[Played]) -> Coverage:
    own = process.get("id")
    kinds = {each.get("id"): kind_of(each) for each in process.iter() if kind_of(each) in FLOW_NODES}
    drawn = [_flow(each, kinds) for each in process.iter(f"{{{BPMN}}}sequenceFlow")]
    flows, nodes = Counter[str](), Counter[str]()
    for play in plays:
        reached = {element for within, element in play.elements if within == own}
        passed = {flow for within, flow in play.flows if within == own}
        nodes.update(reached)
        flows.update(each.id for each in drawn if (each.target in reached if each.waits else each.id in passed))
    return Coverage(
        file,
        own,
        process.get("name") or own,
        drawn,
        {each.id: flows[each.id] for each in drawn},
        {id: nodes[id] for id in kinds},
    )


def _flow(element: Any, kinds: Mapping[str, str]) -> Flow:
    source, target = element.get("sourceRef"), element.get("targetRef")
    waits = kinds.get(source) == "eventBasedGateway"
    return Flow(element.get("id"), element.get("name") or "", source, target, waits)
