"""Data associations: from data to data, into or out of the activity or event that has them."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, INFO, Both, Finding, Place, Rule
from processes.notation.check.rules.standard.data_objects import equivalent
from processes.notation.check.world import World, full_text
from processes.notation.diagram import Diagram, Element, children, kind_of, text_of
from processes.notation.labels import kind_name

UNKNOWN = Rule(
    "data-association", ERROR,
    "{it}的数据关联引用的数据“{reference}”不存在。", "A data association of {it} refers to the data {reference}, which are not there.",
    "重新连到图上的数据对象，或删去这条关联。", "Connect it to a data object of the diagram, or delete it.",
    "10.4.2",
)  # fmt: skip
NOT_DATA = Rule(
    "data-association-kind", ERROR,
    "{it}的数据关联连到{found}，它不是数据。", "A data association of {it} is connected to {found}, which are no data.",
    "连到数据对象、数据存储、数据输入输出或属性。", "Connect it to a data object, data store, data input, data output or property.",
    "10.4.2",
)  # fmt: skip
WRONG_WAY = Rule(
    "data-association-direction", ERROR,
    "{it}的{kind}的 {attribute} 是{found}；它应是{it}自己的{expected}。",
    "The {attribute} of a {kind} of {it} is {found}; it must be a {expected} of {it} itself.",
    "输入关联从外面的数据连到自己的数据输入，输出关联从自己的数据输出连到外面的数据。",
    "An input association leads from outer data to an own data input, an output association from an own data output to outer data.",
    "10.4.2",
)  # fmt: skip
PROCESS_DATA = Rule(
    "process-data-association", ERROR,
    "{it}的数据关联以流程的{found}为{end}；流程自己的数据输入不能被写，数据输出不能被读。",
    "A data association of {it} has {found} of the process as its {end}: a process's data inputs are not written, its data outputs not read.",
    "换一个数据对象或属性。", "Use a data object or a property.",
    "10.4.1",
)  # fmt: skip
SEVERAL_SOURCES = Rule(
    "data-association-several-sources", ERROR,
    "{it}的数据关联有 {count} 个来源，却没有写转换（transformation），不知道取哪一个。",
    "A data association of {it} has {count} sources but no transformation: which one is meant?",
    "只留一个来源，或写上转换。", "Keep one source, or write a transformation.",
    "10.4.2",
)  # fmt: skip
NO_SOURCE = Rule(
    "data-association-without-source", INFO,
    "{it}的数据输入关联没有来源，也没有赋值或转换，什么也读不到。",
    "A data input association of {it} has no source, no assignment and no transformation: it reads nothing.",
    "连到要读的数据对象，或删去这条关联。", "Connect it to the data that are to be read, or delete it.",
    "10.4.2",
)  # fmt: skip
OTHER_TYPE = Rule(
    "data-association-type", ERROR,
    "{it}的数据关联两端类型不同（{source} 与 {target}），又没有转换或赋值。",
    "The two ends of a data association of {it} have different types ({source} and {target}), and it neither transforms nor assigns.",
    "让两端类型相同，或写上转换。", "Use the same type at both ends, or write a transformation.",
    "10.4.2",
)  # fmt: skip
OUT_OF_REACH = Rule(
    "data-association-scope", ERROR,
    "{it}的数据关联用到{data}，但从这里看不到它：它在别的流程或子流程里。",
    "A data association of {it} uses {data}, which cannot be seen from here: they are in another process or sub-process.",
    "把数据对象放到包含两者的那一层。", "Put the data object on the level that contains both.",
    "10.4.1",
)  # fmt: skip
EMPTY = Rule(
    "empty-expression", ERROR,
    "{it}的数据关联里的 {what} 是空的，算不出值。", "The {what} in a data association of {it} is empty: it gives no value.",
    "写上表达式，或删去它。", "Write the expression, or delete it.",
    "8.4.7, 10.4.2",
)  # fmt: skip

DATA = frozenset(
    {
        "dataObject", "dataObjectReference", "dataStore", "dataStoreReference", "dataInput", "dataOutput", "property",
        "inputDataItem", "outputDataItem",
    }
)  # fmt: skip
OUTER = frozenset({"dataObject", "dataObjectReference", "dataStore", "dataStoreReference"})
HOLDERS = frozenset({"process", "subProcess", "transaction", "adHocSubProcess"})
WAYS = {
    "dataInputAssociation": ("targetRef", "dataInput", "inputDataItem"),
    "dataOutputAssociation": ("sourceRef", "dataOutput", "outputDataItem"),
}


def associations(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Every data association of an activity or event."""
    for element in world.elements(diagram, *WAYS):
        holder = element.getparent()
        if holder is not None:
            yield from _association(diagram, world, element, holder, diagram.item(holder))


def _association(diagram: Diagram, world: World, element: Element, holder: Element, place: Place) -> Iterator[Finding]:
    sources = children(element, "sourceRef")
    found: list[tuple[Element, Element]] = []
    for reference in children(element, "sourceRef", "targetRef"):
        target = diagram.by_id.get(text_of(reference))
        if target is None:
            yield UNKNOWN.at(place, reference=text_of(reference)[:60] or "?")
        elif kind_of(target) not in DATA:
            yield NOT_DATA.at(place, found=diagram.item(target))
        else:
            found.append((reference, target))
            yield from _end(diagram, element, holder, place, reference, target)
    shaped = children(element, "transformation", "assignment")
    yield from (EMPTY.at(place, what=kind_of(each)) for each in shaped if not full_text(each))
    if len(sources) > 1 and not children(element, "transformation"):
        yield SEVERAL_SOURCES.at(place, count=len(sources))
    elif not sources and not shaped and kind_of(element) == "dataInputAssociation":
        yield NO_SOURCE.at(place)
    elif len(found) == 2 and not shaped:
        yield from _types(diagram, world, place, [target for _, target in found])


def _end(
    diagram: Diagram, element: Element, holder: Element, place: Place, reference: Element, target: Element
) -> Iterator[Finding]:
    """The inner end is the holder's own, the outer one can be seen from it."""
    inner, expected, item = WAYS[kind_of(element)]
    attribute, kind = kind_of(reference), kind_of(target)
    against = (attribute, kind) in {("targetRef", "dataInput"), ("sourceRef", "dataOutput")}
    if against and _is_process_data(target):
        end = Both("目标", "target") if attribute == "targetRef" else Both("来源", "source")
        yield PROCESS_DATA.at(place, found=diagram.item(target), end=end)
        return
    if attribute == inner:
        wrong = kind in OUTER or (kind in {"dataInput", "dataOutput"} and kind != expected)
        if wrong or (kind in {expected, item} and holder not in target.iterancestors()):
            words = Both(kind_name(expected), expected)
            yield WRONG_WAY.at(
                place,
                kind=Both(kind_name(kind_of(element)), kind_of(element)),
                attribute=attribute,
                found=diagram.item(target),
                expected=words,
            )
    elif kind in {"dataObject", "dataObjectReference"} and not _sees(holder, target):
        yield OUT_OF_REACH.at(place, data=diagram.item(target))


def _is_process_data(target: Element) -> bool:
    """Whether an input or output is declared by a process itself."""
    around = target.iterancestors()
    specification, owner = next(around, None), next(around, None)
    if specification is None or owner is None:
        return False
    return kind_of(specification) == "ioSpecification" and kind_of(owner) == "process"


def _sees(holder: Element, target: Element) -> bool:
    """Whether the data stand on a level around the holder, or right in it."""
    home = next((each for each in target.iterancestors() if kind_of(each) in HOLDERS), None)
    return home is None or home is holder or home in holder.iterancestors()


def _types(diagram: Diagram, world: World, place: Place, ends: list[Element]) -> Iterator[Finding]:
    types = [found for end in ends if (found := _type(diagram, world, end)) is not None]
    if len(types) == len(ends) and not equivalent(types[0], types[1]):
        yield OTHER_TYPE.at(place, source=types[0].get("id") or "?", target=types[1].get("id") or "?")


def _type(diagram: Diagram, world: World, data: Element) -> Element | None:
    """The item definition of some data; a reference has that of its object or store."""
    for attribute in ("dataObjectRef", "dataStoreRef"):
        if data.get(attribute):
            meant = world.resolve(diagram, data, data.get(attribute)).element
            data = meant if meant is not None else data
    found = world.resolve(diagram, data, data.get("itemSubjectRef")).element
    return found if found is not None and kind_of(found) == "itemDefinition" else None


CHECKS = (associations,)
