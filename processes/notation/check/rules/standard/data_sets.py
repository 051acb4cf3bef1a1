"""Input and output sets hold the inputs and outputs that are declared beside them, and all of those."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.rules.standard.references import place_of
from processes.notation.check.world import World
from processes.notation.diagram import CONTAINERS, Diagram, Element, children, kind_of, text_of
from processes.notation.labels import kind_name

ON_SUB_PROCESS = Rule(
    "io-specification-on-sub-process", ERROR,
    "{it}是子流程，不能有自己的数据输入输出（ioSpecification）。",
    "{it} is a sub-process, which cannot have inputs and outputs (ioSpecification) of its own.",
    "子流程直接看得到外面的数据；要声明输入输出，就改成调用活动。",
    "A sub-process sees the data around it; to declare inputs and outputs make it a call activity.",
    "10.4.1",
)  # fmt: skip
IN_NO_SET = Rule(
    "data-in-no-set", ERROR,
    "{it}不在任何{set}里；每个{what}至少要属于一个。", "{it} is in no {set}: each {what} belongs to one at least.",
    "把它加进一个{set}。", "Add it to an {set}.",
    "10.4.1",
)  # fmt: skip
STRANGER = Rule(
    "data-set-member", ERROR,
    "{it}里的 {attribute}“{reference}”不是同一处声明的{what}。", "{attribute} {reference} in {it} is no {what} declared beside it.",
    "改成同一个输入输出说明（或事件）里的{what}。", "Name a {what} of the same ioSpecification (or event).",
    "10.4.1",
)  # fmt: skip
NOT_IN_SET = Rule(
    "data-set-optional", ERROR,
    "{it}里的 {attribute}“{reference}”没有列在这个集合的 {all} 里。", "{attribute} {reference} of {it} is not among its {all}.",
    "在 {all} 里也列上它，或从 {attribute} 里去掉它。", "List it in the {all} too, or take it out.",
    "10.4.1",
)  # fmt: skip
WRONG_SET = Rule(
    "data-set-rule", ERROR,
    "{it}里的 {attribute}“{reference}”不是同一个输入输出说明里的{what}。",
    "{attribute} {reference} in {it} is no {what} of the same ioSpecification.",
    "改成同一个输入输出说明里的{what}。", "Name an {what} of the same ioSpecification.",
    "10.4.1",
)  # fmt: skip

ONE_WAY = Rule(
    "data-set-rule", ERROR,
    "{it}的 {attribute} 写了{other}，{other}却没有写回来；哪些输入产生哪些输出，两边要一致。",
    "{it} names {other} in its {attribute}, but {other} does not name it in return: which inputs give which outputs is said on both sides.",
    "在{other}里也写上{it}，或在这里删去它。", "Name {it} in {other} too, or delete the reference here.",
    "10.4.1",
)  # fmt: skip

INPUT, OUTPUT = ("dataInput", "inputSet", "Input"), ("dataOutput", "outputSet", "Output")


def sub_processes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Only tasks, call activities and callable elements declare data."""
    for item in world.items(diagram, *sorted(CONTAINERS)):
        if children(item.element, "ioSpecification"):
            yield ON_SUB_PROCESS.at(item)


def sets(diagram: Diagram, world: World) -> Iterator[Finding]:
    """The sets of every ioSpecification, and of every event."""
    for element in world.elements(diagram, "ioSpecification"):
        for own, other in ((INPUT, OUTPUT), (OUTPUT, INPUT)):
            # SpiffWorkflow's modeler leaves the sets empty.
            complete = not world.speaks(diagram) or any(len(each) for each in children(element, own[1]))
            yield from _sets(diagram, element, own, complete)
            yield from _rules(diagram, element, own[1], other[1])
    for element in world.elements(diagram, "intermediateThrowEvent", "endEvent"):
        yield from _sets(diagram, element, INPUT, complete=bool(children(element, "inputSet")))
    for element in world.elements(diagram, "intermediateCatchEvent", "boundaryEvent", "startEvent"):
        yield from _sets(diagram, element, OUTPUT, complete=bool(children(element, "outputSet")))


def _label(kind: str) -> Both:
    return Both(kind_name(kind), kind)


def _sets(diagram: Diagram, holder: Element, words: tuple[str, str, str], complete: bool) -> Iterator[Finding]:
    kind, set_kind, name = words
    declared = {each.get("id") or "": each for each in children(holder, kind)}
    main, partial = f"data{name}Refs", (f"optional{name}Refs", f"whileExecuting{name}Refs")
    listed: set[str] = set()
    for element in children(holder, set_kind):
        place = place_of(diagram, element)
        members = {text_of(each) for each in children(element, main)}
        listed |= members
        for reference in children(element, main, *partial):
            text, attribute = text_of(reference), kind_of(reference)
            if text not in declared:
                yield STRANGER.at(place, attribute=attribute, reference=text[:60] or "?", what=_label(kind))
            elif text not in members:
                yield NOT_IN_SET.at(place, attribute=attribute, reference=text, all=main)
    for own, element in declared.items():
        if own and own not in listed and complete:
            yield IN_NO_SET.at(diagram.item(element), set=_label(set_kind), what=_label(kind))


def _rules(diagram: Diagram, holder: Element, kind: str, other: str) -> Iterator[Finding]:
    """An input set names output sets beside it, and the other way round."""
    beside = {each.get("id"): each for each in children(holder, other)}
    for element in children(holder, kind):
        for reference in children(element, f"{other}Refs"):
            if text_of(reference) not in beside:
                yield WRONG_SET.at(
                    place_of(diagram, element),
                    attribute=f"{other}Refs",
                    reference=text_of(reference)[:60] or "?",
                    what=_label(other),
                )
            elif (element.get("id") or "") not in map(text_of, children(beside[text_of(reference)], f"{kind}Refs")):
                found = place_of(diagram, beside[text_of(reference)])
                yield ONE_WAY.at(place_of(diagram, element), attribute=f"{other}Refs", other=found)


CHECKS = (sub_processes, sets)
