"""Soundness: walks that never come to an end, found by looking at all of them (``processes.notation.soundness``)."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule, Severity, together
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Flow, Node, Scope
from processes.notation.soundness import Budget, Verdict, examine
from processes.notation.soundness.budget import MOST_SECONDS
from processes.notation.soundness.net import Choice

DEADLOCK = Rule(
    "deadlock", ERROR,
    "{when}{it}会永远等下去{also}：等不到从{missing}来的那一路{unless}。走法：{walk}，然后停住{aside}。",
    "{when}{it} waits for ever{also}: nothing will come from {missing}{unless}. The way: {walk}, then it stops{aside}.",
    "分开和合并要成对：用排他网关分开的，也用排他网关合并；用并行网关合并的，每一路都要走到这里，不能中途结束或绕开。",
    "Split and join alike: what an exclusive gateway splits, an exclusive one joins; every branch has to come to a parallel join.",
)  # fmt: skip
TOKEN_LEFT = Rule(
    "token-left", ERROR,
    "{when}别的路走完以后，{it}还留着一路，会永远等下去{also}，{scope}结束不了：等不到从{missing}来的那一路{unless}。走法：{walk}，然后停住{aside}。",
    "{when}{it} is left waiting for ever{also} when all else has ended, and {scope} never ends: "
    "nothing will come from {missing}{unless}. The way: {walk}, then it stops{aside}.",
    DEADLOCK.remedy_zh, DEADLOCK.remedy_en,
)  # fmt: skip
DEAD_STEP = Rule(
    "dead-step", INFO,
    "{it}永远不会执行{also}：图上连着线，但无论数据怎样，没有一种走法会走到这里。",
    "{it} never runs{also}: flows lead to it, but no way comes there, whatever the data.",
    "检查前面的步骤为什么从不往这里走（例如前面的子流程总是以错误结束）；不需要就删掉。",
    "See why the step before never goes on to it (a sub-process that always ends by an error, say); delete it if it is not needed.",
)  # fmt: skip
NEVER_THROWN = Rule(
    "dead-step", INFO,
    "{it}永远不会发生{also}：{inside}里没有哪一步会抛出它等的事件。",
    "{it} never happens{also}: nothing in {inside} throws what it waits for.",
    "在里面画出抛出它的结束事件或中间事件，核对两处的代码是否一致；不需要就删掉。",
    "Draw the event inside that throws it, and compare the codes; delete it if it is not needed.",
)  # fmt: skip
LIVELOCK = Rule(
    "livelock", WARNING,
    "{when}走过{it}以后再也结束不了：每一圈都有一路绕回来。走法：{walk}，然后一直绕圈。",
    "{when}after {it} nothing ever ends: with every round something comes back. The way: {walk}, then round and round.",
    "绕回去还是往前走只能选一条：在这里用排他网关，给两条线写上条件。",
    "Going back and going on have to exclude each other: use an exclusive gateway here, with conditions on both flows.",
)  # fmt: skip
UNBOUNDED = Rule(
    "unbounded", WARNING,
    "每绕一圈，{it}就多分出一路，同时在走的会越积越多。走法：{walk}，再绕一圈又多一路。",
    "With every round {it} leaves one more token, without limit. The way: {walk}, and one more with the next round.",
    "先把分开的各路合并，再用排他网关决定要不要绕回去。", "Join the branches first, then let an exclusive gateway decide whether to go back.",
)  # fmt: skip
RUNS_TWICE = Rule(
    "runs-twice", WARNING,
    "同时进行的几路没有合并就先后走到{it}，从这里起的步骤会执行不止一遍。走法：{walk}（又一次）。",
    "Branches that run side by side come to {it} one after the other without being joined: what follows runs more than once. "
    "The way: {walk} (again).",
    "用并行网关分开的，用并行网关合并；用包容网关分开的，用包容网关合并；真要每一路各做一遍，就给每一路各画一个。",
    "Join by a parallel gateway what a parallel one splits, by an inclusive one what an inclusive one splits; "
    "if every branch is to do it, draw it in every branch.",
)  # fmt: skip
GAVE_UP = Rule(
    "soundness-gave-up", INFO,
    "{it}的走法太多，{seen}：没看到的走法里是否有走不完的，不能保证。",
    "{it} has too many ways to look at: {seen}. What was not looked at may get stuck.",
    "同时进行的路很多时，把其中几路收进子流程或调用活动，再检查一次；不改也能运行。",
    "Where many branches run side by side, move some into a sub-process or call activity and check again; it runs as it is, too.",
)  # fmt: skip

STUCK = {"deadlock": DEADLOCK, "token-left": TOKEN_LEFT}
NOTHING = Both("", "")
# Together for all files of one check; a single diagram has a bound of its own.
MOST_SECONDS_A_CHECK = 20.0
# Of a longer walk the sentence shows both ends; ``witness`` has all of it.
MOST_SHOWN = 12
_left: WeakKeyDictionary[World, float] = WeakKeyDictionary()


def soundness(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Everything that is started comes to an end, and everything drawn may happen."""
    left = _left.get(world, MOST_SECONDS_A_CHECK)
    budget = Budget(seconds=min(MOST_SECONDS, left))
    verdicts = examine(diagram, budget, [scope for scope in diagram.scopes if not _only_drawn(scope)])
    _left[world] = max(0.0, left - budget.spent)
    for verdict in verdicts:
        yield _finding(diagram, verdict)


def _only_drawn(scope: Scope) -> bool:
    """Whether its process says that it is not to run anywhere."""
    return (scope.process.element.get("isExecutable") or "").strip() in {"false", "0"}


def _finding(diagram: Diagram, verdict: Verdict) -> Finding:
    node = verdict.node
    if node is None:
        return GAVE_UP.at(verdict.scope, seen=_seen(verdict))
    walk = _walk(diagram, verdict.witness)
    if verdict.kind in STUCK:
        return STUCK[verdict.kind].at(
            node, severity=_severity(verdict), witness=verdict.witness, when=_when(verdict), walk=walk, scope=verdict.scope,
            also=_also(verdict, Both("（{}也在等）", " (so does {})")), missing=together(verdict.missing), unless=_unless(verdict),
            aside=Both("（只有同一个条件前后两次判断不一样时才会这样）", " (only if one condition is answered differently at two places)")
            if verdict.contradictory else NOTHING,
        )  # fmt: skip
    if verdict.kind == "dead-step":
        also = _also(verdict, Both("，后面的{}也一样", ", nor does {} behind it"))
        if verdict.certain:
            return DEAD_STEP.at(node, also=also)
        return NEVER_THROWN.at(node, also=also, inside=node.host or verdict.scope)
    if verdict.kind == "livelock":
        return LIVELOCK.at(node, witness=verdict.witness, when=_when(verdict), walk=walk)
    if verdict.kind == "runs-twice":
        return RUNS_TWICE.at(node, witness=verdict.witness, walk=walk)
    return UNBOUNDED.at(node, witness=verdict.witness, walk=walk)


def _seen(verdict: Verdict) -> Both:
    if not verdict.states:
        return Both("没有去看", "none was looked at")
    count, length = verdict.states, verdict.length
    return Both(
        f"看了 {count} 种情况（一路最多 {length} 步）就停了下来",
        f"it stopped after {count} states and ways of {length} steps",
    )


def _severity(verdict: Verdict) -> Severity:
    """An error is what happens whatever the data; what one question answered in two ways leads to is worth a note."""
    if verdict.certain:
        return ERROR
    return INFO if verdict.contradictory else WARNING


def _when(verdict: Verdict) -> Both:
    if verdict.certain:
        return NOTHING
    if verdict.choice is None:
        return Both("有的走法下，", "On some ways, ")
    said = _choice(verdict.choice)
    return Both(f"如果{said.zh}，", f"If {said.en}, ")


def _choice(choice: Choice) -> Both:
    if choice.event is not None:
        if choice.event.kind == "startEvent":
            return Both(f"从{choice.event.label('zh')}开始", f"it starts at {choice.event.label('en')}")
        return Both(f"{choice.event.label('zh')}发生", f"{choice.event.label('en')} happens")
    taken = [_flow(flow) for flow in choice.flows]
    only = len(taken) < len(choice.node.outgoing) and choice.node.kind != "exclusiveGateway"
    zh, en = "、".join(each.zh for each in taken), " and ".join(each.en for each in taken)
    return Both(
        f"{choice.node.label('zh')}{'只' if only else ''}走{zh}",
        f"{choice.node.label('en')} takes {'only ' if only else ''}{en}",
    )


def _flow(flow: Flow) -> Both:
    if flow.name:
        return Both(f"“{flow.name[:60]}”这条线", f'the flow "{flow.name[:60]}"')
    target = flow.target or flow
    return Both(f"到{target.label('zh')}的线", f"the flow to {target.label('en')}")


def _unless(verdict: Verdict) -> Both:
    if not verdict.interruptible:
        return NOTHING
    return Both("（除非外面的事件把它打断）", " (unless an event from outside interrupts it)")


def _also(verdict: Verdict, words: Both) -> Both:
    if not verdict.also:
        return NOTHING
    listed = together(verdict.also)
    return Both(words.zh.format(listed.zh), words.en.format(listed.en))


def _walk(diagram: Diagram, witness: tuple[str, ...]) -> Both:
    names = {node.id: node for scope in diagram.scopes for node in scope.nodes}
    shown = [_name(names.get(each), each) for each in witness]
    if len(shown) > MOST_SHOWN:
        half = MOST_SHOWN // 2
        shown = [*shown[:half], "…", *shown[-half:]]
    said = " → ".join(shown)
    return Both(said, said)


def _name(node: Node | None, id: str) -> str:
    return (node.name[:30] if node is not None else "") or id


CHECKS = (soundness,)
