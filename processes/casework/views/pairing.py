"""Two versions of a process beside each other: which step of the old one is which of the new one, and which it could be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from processes.casework.views.models import Models
from processes.kernel.migration import Place, why_not
from processes.kernel.migration.mapping import nodes_of
from processes.kernel.plan import Node, Process
from processes.languages import CHINESE
from processes.notation.labels import KINDS

STANDS = (
    "userTask", "manualTask", "serviceTask", "receiveTask", "intermediateCatchEvent", "subProcess", "transaction", "callActivity",
    "eventBasedGateway",
)  # fmt: skip
"""Where cases stop on their way."""


@dataclass(frozen=True)
class Step:
    """An element of the old version. ``target``: what it is in the new one, empty when it has none; ``options``: what it could be there, by
    ``process/element``; ``stands``: cases may stop there."""

    at: str
    process: str
    element: str
    name: str
    kind: str
    target: str
    options: Mapping[str, str]
    stands: bool


@dataclass(frozen=True)
class Side:
    """A version: its elements by ``process/element``, and its names."""

    process: Process
    known: Models

    @property
    def nodes(self) -> Mapping[Place, Node]:
        """Every element."""
        return nodes_of(self.process)

    def name(self, place: Place, node: Node) -> str:
        """What people call it; of an element without a name what it is, and what comes next."""
        named = self.known.element(place.process, node.id)
        if named:
            return named
        kind = kind_of(node, self.known.language)
        after = next(self._after(place, node), "")
        return self.known.say(f"{kind}（后面是“{after}”）", f"{kind} (before “{after}”)") if after else kind

    def _after(self, place: Place, node: Node) -> Iterator[str]:
        seen, pending = {node}, [flow.target for flow in node.outgoing]
        while pending:
            one = pending.pop(0)
            if one in seen:
                continue
            seen.add(one)
            named = self.known.element(place.process, one.id)
            if named:
                yield named
            pending += [flow.target for flow in one.outgoing]


def kind_of(node: Node, language: str) -> str:
    """What an element is."""
    return KINDS.get(node.kind, node.kind) if language == CHINESE else node.kind


def steps(old: Side, new: Side, mapping: Mapping[str, str]) -> Sequence[Step]:
    """The elements of the old version, those at which cases may stop first."""
    targets = {place: (node, new.name(place, node)) for place, node in new.nodes.items()}
    found = []
    for place, node in old.nodes.items():
        options = {"/".join(at): name for at, (one, name) in targets.items() if why_not(node, one) is None}
        at = "/".join(place)
        target = mapping.get(at, "")
        found.append(
            Step(
                at, place.process, node.id, old.name(place, node), kind_of(node, old.known.language),
                target if target in options else "", options, node.kind in STANDS,
            )
        )  # fmt: skip
    return sorted(found, key=lambda step: not step.stands)


def added(new: Side, mapping: Mapping[str, str]) -> Sequence[str]:
    """``process/element`` of what the new version has and the old one has not."""
    taken = set(mapping.values())
    return [at for place in new.nodes if (at := "/".join(place)) not in taken]


def fitting(old: Process, new: Process, said: Mapping[str, str]) -> dict[str, str]:
    """Of pairs that somebody has chosen those that can be."""
    before = {"/".join(place): node for place, node in nodes_of(old).items()}
    after = {"/".join(place): node for place, node in nodes_of(new).items()}
    return {
        source: target
        for source, target in said.items()
        if source in before and target in after and why_not(before[source], after[target]) is None
    }
