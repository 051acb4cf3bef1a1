"""Link events: pairs within one process level that stand for a sequence flow."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule, together
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Node, Scope, children, kind_of, text_of
from processes.notation.links import link_name

UNNAMED = Rule(
    "link-without-name", ERROR,
    "{it}是链接事件，链接却没有名称，找不到对应的另一端。", "{it} is a link event whose link has no name: its other end cannot be found.",
    "给链接起名，两端用同样的名称。", "Name the link; both ends carry the same name.",
    "10.5.5",
)  # fmt: skip
NO_TARGET = Rule(
    "link-without-target", ERROR,
    "{it}抛出链接“{name}”，但{scope}里没有同名的捕获链接事件。", "{it} throws the link {name}, but {scope} has no link catch event of that name.",
    "在同一层画一个同名的捕获链接事件；链接不能跨越子流程。",
    "Draw a link catch event of the same name on the same level; links do not cross sub-processes.",
    "10.5.4, 10.5.5",
)  # fmt: skip
NO_SOURCE = Rule(
    "link-without-source", ERROR,
    "{it}捕获链接“{name}”，但{scope}里没有同名的抛出链接事件，永远走不到。",
    "{it} catches the link {name}, but {scope} has no link throw event of that name: it is never reached.",
    "在同一层画一个同名的抛出链接事件，或删掉它。", "Draw a link throw event of the same name on the same level, or delete it.",
    "10.5.4, 10.5.5",
)  # fmt: skip
SEVERAL_TARGETS = Rule(
    "link-several-targets", ERROR,
    "链接“{name}”有 {count} 个捕获事件：{targets}；一个链接只能通到一处。",
    "The link {name} has {count} catch events: {targets}; a link leads to one.",
    "只留一个捕获事件，或给另外的链接换名称。", "Keep one of them, or give the other link another name.",
    "10.5.4, 10.5.5",
)  # fmt: skip
FLOW = Rule(
    "link-flow", ERROR,
    "{it}：{why}。", "{it}: {why}.",
    "抛出的链接只有入线，捕获的链接只有出线；改正连线。", "A link throw has only incoming, a link catch only outgoing flows: correct them.",
    "10.5.4",
)  # fmt: skip
REFERENCE = Rule(
    "link-reference", ERROR,
    "{it}的链接引用（{what}）“{reference}”不对：{why}。", "The link reference {what} {reference} of {it} is wrong: {why}.",
    "target 写在抛出的链接里、指向捕获的链接；source 写在捕获的链接里、指向抛出的链接；两者都可以省去。",
    "A target stands in a link throw and names the catch; a source stands in a link catch and names a throw; both may be left out.",
    "10.5.5",
)  # fmt: skip

CATCH, THROW = "intermediateCatchEvent", "intermediateThrowEvent"


def _links(world: World, scope: Scope, kind: str) -> list[tuple[Node, Element]]:
    """The link events of that kind right in a scope, each with its definition."""
    return [
        (node, trigger)
        for node in scope.nodes
        if node.kind == kind
        for trigger in world.triggers(node)
        if kind_of(trigger) == "linkEventDefinition"
    ]


def _name(link: Element) -> str:
    return (link.get("name") or "").strip()


def links(diagram: Diagram, world: World) -> Iterator[Finding]:
    """There is one target for each source, and a source for each target."""
    for scope in diagram.scopes:
        throws, catches = _links(world, scope, THROW), _links(world, scope, CATCH)
        for node, link in (*throws, *catches):
            if not _name(link):
                yield UNNAMED.at(node)
            yield from _references(diagram, world, node, link)
        by_name: dict[str, list[Node]] = {}
        for node, link in catches:
            by_name.setdefault(link_name(diagram, node, link), []).append(node)
        for name, nodes in by_name.items():
            if name and len(nodes) > 1:
                yield SEVERAL_TARGETS.at(nodes[1], name=name, count=len(nodes), targets=together(nodes))
        thrown = {link_name(diagram, node, link) for node, link in throws}
        for node, link in throws:
            if _name(link) and link_name(diagram, node, link) not in by_name:
                yield NO_TARGET.at(node, name=_name(link), scope=scope)
        for node, link in catches:
            if _name(link) and link_name(diagram, node, link) not in thrown:
                yield NO_SOURCE.at(node, name=_name(link), scope=scope)


def flows(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A link is either target or source of sequence flows, never both."""
    for scope in diagram.scopes:
        for node, _ in _links(world, scope, CATCH):
            if node.incoming:
                yield FLOW.at(node, why=Both("捕获的链接事件不能有入线", "a link catch event takes no incoming flow"))
            if not node.outgoing:
                yield FLOW.at(node, why=Both("捕获的链接事件没有出线", "a link catch event without an outgoing flow"))
        for node, _ in _links(world, scope, THROW):
            if node.outgoing:
                yield FLOW.at(node, why=Both("抛出的链接事件不能有出线", "a link throw event has no outgoing flow"))
            if not node.incoming:
                yield FLOW.at(node, why=Both("抛出的链接事件没有入线", "a link throw event without an incoming flow"))


def _references(diagram: Diagram, world: World, node: Node, link: Element) -> Iterator[Finding]:
    wrong = "source" if node.kind == THROW else "target"
    for child in children(link, "source", "target"):
        what, text = kind_of(child), text_of(child)
        target = world.resolve(diagram, child, text)
        why: Both | None = None
        if what == wrong:
            why = Both("这种链接不能有它", "this kind of link has none")
        elif target.lost:
            why = Both("它不存在", "it is not there")
        elif target.element is not None and target.kind != "linkEventDefinition":
            why = Both("它不是链接事件定义", "it is no link event definition")
        elif target.element is not None and not _answers(link, target.element, what):
            why = Both("那一端指的是别的链接", "that end refers to another link")
        if why is not None:
            yield REFERENCE.at(node, what=what, reference=text[:60] or "?", why=why)


def _answers(link: Element, other: Element, what: str) -> bool:
    """Whether the other end refers back to this one, if it refers to any."""
    back = [text_of(each).rpartition(":")[2] for each in children(other, "source" if what == "target" else "target")]
    return not back or (link.get("id") or "") in back


CHECKS = (links, flows)
