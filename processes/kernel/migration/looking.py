"""Where every token of an instance goes in a new version of its process, and why one cannot. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from processes.kernel.machine import Machine
from processes.kernel.migration import watching
from processes.kernel.migration.fates import KEPT, RESET, STUCK, Fate
from processes.kernel.migration.fitting import (
    MOVES_NOW,
    NO_FLOW,
    NO_JOIN,
    NO_STEP,
    NOT_UNDONE,
    OTHER_SCOPE,
    OTHER_THROW,
    Reason,
    is_join,
    same_triggers,
    why_not,
)
from processes.kernel.migration.mapping import Mapped, nodes_of, place_of
from processes.kernel.migration.sound import flow_images, unsound
from processes.kernel.migration.variables import renamed
from processes.kernel.plan import Flow, Node, Process, Scope
from processes.kernel.state import JOINING, READY, Done, Running, Token


@dataclass
class Course:
    """Where an instance goes. ``undone``: what has been completed and may be undone, with its step of the new version."""

    process: Process
    nodes: dict[Token, Node] = field(default_factory=dict)
    flows: dict[Token, Flow] = field(default_factory=dict)
    undone: dict[Done, Node] = field(default_factory=dict)
    fates: list[Fate] = field(default_factory=list)
    watching: dict[Token | Running, watching.Watching] = field(default_factory=dict)
    anew: set[Token] = field(default_factory=set)
    """jobs that another worker does in the new version"""
    names: dict[str, str] = field(default_factory=dict)
    """of variables that steps give, where the new version calls them otherwise"""


def look(m: Machine, process: Process, mapping: Mapped) -> Course:
    """See above: ``fates`` tells what becomes of each step."""
    course = Course(process)
    if m.queue:
        moving = dict.fromkeys(token.node.element for token in m.queue)
        course.fates += [Fate(STUCK, element, None, *MOVES_NOW) for element in moving]
        return course
    looking = _Look(process, mapping, course)
    looking.scope(m.root, process.scope)
    course.names = looking.names(m.process)
    return course


class _Look:
    def __init__(self, process: Process, mapping: Mapped, course: Course) -> None:
        self._mapping = mapping
        self._new = nodes_of(process)
        self._course = course

    def names(self, old: Process) -> dict[str, str]:
        """What the variables that steps give are called in the new version, where that is another name."""
        before = nodes_of(old)
        known = ((before.get(source), self._new.get(target)) for source, target in self._mapping.items())
        return renamed((one, other) for one, other in known if one is not None and other is not None)

    # -- which is which ----------------------------------------------------------------------------------------------

    def _image(self, node: Node) -> Node | None:
        """What an element is in the new version, wherever that stands."""
        place = self._mapping.get(place_of(node))
        return self._new.get(place) if place is not None else None

    def _within(self, node: Node, plan: Scope) -> Node | Reason:
        """What an element is in this scope of the new version."""
        if node.kind == "chooser":
            return plan.chooser or NO_STEP
        target = self._image(node)
        if target is None:
            return NO_STEP
        if target.scope is not plan:
            return OTHER_SCOPE
        return why_not(node, target) or target

    # -- scopes and tokens -------------------------------------------------------------------------------------------

    def scope(self, scope: Running, plan: Scope) -> None:
        """Everything that is active in a scope."""
        course, before = self._course, len(self._course.fates)
        for token in scope.tokens.values():
            self._token(token, plan)
        self._dones(scope.done, plan)
        course.watching[scope] = found = watching.of_scope(scope, plan, self._image)
        course.fates += found.fates
        if any(fate.what is STUCK for fate in course.fates[before:]):
            return
        wrong = unsound(scope, plan, course.nodes, course.flows, self._image)
        if wrong is not None:
            for token in scope.tokens.values():
                self._stick(token.node, course.nodes[token], wrong)

    def _token(self, token: Token, plan: Scope) -> None:
        target = self._within(token.node, plan)
        if isinstance(target, Reason):
            self._stick(token.node, self._image(token.node), target)
            return
        wrong = self._wrong(token, target)
        if wrong is not None:
            self._stick(token.node, target, wrong)
            return
        turns = token.repetition.turns.values() if token.repetition is not None else ()
        fates = [self._settle(each, target) for each in (token, *turns)]
        self._course.fates.append(next((fate for fate in fates if fate.what is RESET), fates[0]))
        for each in (token, *turns):
            if each.inner is not None:
                assert target.inner is not None
                self.scope(each.inner, target.inner)
            if each.undoing is not None:
                self._dones(each.undoing.pending, None)

    def _wrong(self, token: Token, target: Node) -> Reason | None:
        if token.state is READY:
            return MOVES_NOW
        if token.undoing is not None and token.node.kind in ("intermediateThrowEvent", "endEvent"):
            kinds = [trigger.kind for trigger in token.node.triggers]
            if kinds != [trigger.kind for trigger in target.triggers]:
                return OTHER_THROW
        if token.state is JOINING:
            if not is_join(target):
                return NO_JOIN
            flow = flow_images(token.node, target, self._image).get(token.arrived) if token.arrived else None
            if flow is None:
                return NO_FLOW
            self._course.flows[token] = flow
        return None

    def _settle(self, token: Token, target: Node) -> Fate:
        """It goes there; what becomes of its own work, and of the events that it waits for."""
        course, node = self._course, token.node
        course.nodes[token] = target
        course.watching[token] = found = watching.of_token(token, target, self._image)
        own = (node.element, target.element)
        course.fates += [fate for fate in found.fates if fate.element != node.element]
        operator, other = node.operator, target.operator
        if operator is not None and other is not None and operator.topic != other.topic:
            course.anew.add(token)
            return Fate(RESET, *own, "由另一个系统任务办理，重新开始", "another worker does it: it begins anew")
        if token.watches and node.kind in ("intermediateCatchEvent", "receiveTask") and not same_triggers(node, target):
            return Fate(RESET, *own, "等待的事情变了，重新开始等", "it waits for something else: it begins anew")
        return Fate(KEPT, *own)

    # -- what may be undone ------------------------------------------------------------------------------------------

    def _dones(self, dones: Iterable[Done], plan: Scope | None) -> None:
        """``plan``: of the scope that they were done in; None: whichever it is."""
        for done in dones:
            image = self._image(done.node)
            target = self._within(done.node, plan or (done.node.scope if image is None else image.scope))
            if isinstance(target, Reason):
                reason = NOT_UNDONE if target is NO_STEP else target
                self._stick(done.node, image, reason)
                continue
            self._course.undone[done] = target
            if target.inner is not None:
                self._dones(done.inside, target.inner)

    def _stick(self, node: Node, target: Node | None, reason: Reason) -> None:
        self._course.fates.append(Fate(STUCK, node.element, target.element if target is not None else None, *reason))
