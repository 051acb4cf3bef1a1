"""Which element may become which, and which event still waits for the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from processes.kernel.plan import ARMED, Node, Trigger
from processes.notation.labels import KINDS

JOINS = ("parallelGateway", "inclusiveGateway")

_ALIKE = {"manualTask": "userTask"}
"""Kinds that wait in the same way."""

_REPEATS = {
    "standard": ("循环", "a loop"),
    "sequential": ("依次进行的多实例", "a sequential multi-instance"),
    "parallel": ("同时进行的多实例", "a parallel multi-instance"),
}
_ONCE = ("只做一次", "done once")


class Reason(NamedTuple):
    """Why not, in both languages."""

    zh: str
    en: str


NO_STEP = Reason("该步骤在新版本中没有对应的步骤", "the new version has no step for this one")
OTHER_SCOPE = Reason(
    "对应的步骤在新版本中不在同一层流程（子流程）里", "its step of the new version is not in the same (sub-)process"
)
MOVES_NOW = Reason("流程正在向前走，请稍后再试", "the instance is moving at this moment; try again later")
NO_JOIN = Reason(
    "有分支已到这里等候会合，新版本的对应步骤不会合分支",
    "branches wait for each other here; its step of the new version joins none",
)
NO_FLOW = Reason(
    "已到这里等候会合的分支，在新版本中看不出从哪条线过来",
    "it does not show by which flow of the new version the branch that waits here has come",
)
NEVER_TOGETHER = Reason(
    "按新版本的走法，正在进行的这几步不会同时出现，迁过去会停住或重复",
    "in the new version these steps are never active together: the case would get stuck, or do something twice",
)
TOO_MANY = Reason(
    "同时进行的分支太多，确认不了在新版本中能否走到底",
    "too many branches at once to make sure that they can come to an end in the new version",
)
NOT_UNDONE = Reason(
    "已办完的这一步以后可能要撤销，新版本中没有对应的步骤",
    "this step is done and may have to be undone; the new version has no step for it",
)
OTHER_THROW = Reason(
    "正在撤销已办的步骤，新版本的这一步不做这件事", "it is undoing steps; its step of the new version does not"
)


def is_join(node: Node) -> bool:
    """Whether branches wait here for each other."""
    return node.kind in JOINS and len(node.incoming) > 1


def why_not(source: Node, target: Node) -> Reason | None:
    """Why an element cannot become another, wherever they stand; None when it can."""
    if _ALIKE.get(source.kind, source.kind) != _ALIKE.get(target.kind, target.kind):
        zh, en = KINDS.get(source.kind, source.kind), source.kind
        to_zh, to_en = KINDS.get(target.kind, target.kind), target.kind
        return Reason(f"种类不同：原来是{zh}，新版本中是{to_zh}", f"of another kind: {en} becomes {to_en}")
    if (source.repetition and source.repetition.kind) != (target.repetition and target.repetition.kind):
        (zh, en), (to_zh, to_en) = _repeats(source), _repeats(target)
        return Reason(f"做法不同：原来是{zh}，新版本中是{to_zh}", f"done in another way: {en} becomes {to_en}")
    return None


def _repeats(node: Node) -> tuple[str, str]:
    return _REPEATS[node.repetition.kind] if node.repetition is not None else _ONCE


Signature = tuple[str, str, str]


def _signature(trigger: Trigger) -> Signature:
    """What an event waits for: of a timer not when, for the time it has left stays."""
    return trigger.kind, trigger.name, (trigger.expression or "") if trigger.kind == "conditional" else ""


def signatures(node: Node) -> Sequence[Signature]:
    """What an event waits for from outside, whatever order it is written in."""
    return sorted(_signature(trigger) for trigger in node.triggers if trigger.kind in ARMED)


def same_triggers(source: Node, target: Node) -> bool:
    """Whether both wait for the same."""
    return signatures(source) == signatures(target) and source.all_of_them == target.all_of_them


def counterpart(trigger: Trigger, source: Node, target: Node) -> Trigger:
    """The trigger that an event's becomes: of equal ones that which stands at the same place among them. They wait for the same."""
    wanted = _signature(trigger)
    number = [each for each in source.triggers if _signature(each) == wanted].index(trigger)
    return [each for each in target.triggers if _signature(each) == wanted][number]
