"""Multi-instance activities: how many, over which data, and which events they throw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.world import World, foreign_engine, full_text, made_for
from processes.notation.diagram import CONTAINERS, Diagram, Element, Item, Node, children, is_true, text_of

NO_NUMBER = Rule(
    "multi-instance-without-number", ERROR,
    "{it}是多实例，但没有写做几次，也没有写对哪个列表逐个做。", "{it} is multi-instance, but says neither how often nor over which list.",
    "写次数（loopCardinality）或列表变量（loopDataInputRef），二选一。", "Give a number (loopCardinality) or a list (loopDataInputRef).",
    "10.3.8",
)  # fmt: skip
SEVERAL = Rule(
    "several-loop-markers", ERROR,
    "{it}写了 {count} 个循环或多实例标记，只能有一个。", "{it} has {count} loop or multi-instance markers: there is one at most.",
    "只留一个；既要逐个做又要重复做，就放进一个子流程，内外各写一个。",
    "Keep one; to repeat what is done for each entry, put it into a sub-process and give each of the two a marker.",
    "10.3.8",
)  # fmt: skip
BAD_BOUND = Rule(
    "loop-bound", ERROR,
    "{it}的循环次数“{value}”不是 0 以上的整数。", "The bound {value} of {it} is not an integer of 0 or more.",
    "写 0 以上的整数，或给出整数的表达式。", "Write an integer of 0 or more, or an expression that gives one.",
    "10.3.8",
)  # fmt: skip
WRONG_DATA = Rule(
    "multi-instance-data", ERROR,
    "{it}的 {attribute}“{reference}”不对：{why}。", "The {attribute} {reference} of {it} is wrong: {why}.",
    "任务引用自己输入输出说明里的数据输入（输出），子流程引用它看得到的数据对象。",
    "A task names a data input (output) of its own ioSpecification, a sub-process a data object that it can see.",
    "10.3.8",
)  # fmt: skip
ITEM_IS_LIST = Rule(
    "multi-instance-item-type", ERROR,
    "{it}的 {item} 与整个列表用了同一个类型“{type}”；逐个处理的应是其中一项的类型。",
    "The {item} of {it} has the type {type} of the whole list; it must have the type of one entry.",
    "给 {item} 写列表中一项的类型。", "Give the {item} the type of an entry.",
    "10.3.8",
)  # fmt: skip
OTHER_TYPE = Rule(
    "multi-instance-item-type", ERROR,
    "{it}的 {item} 类型是“{own}”，列表的类型“{type}”里的一项却不是它。",
    "The {item} of {it} has the type {own}, which is not that of an entry of the list's type {type}.",
    "让两个类型的 structureRef 相同，列表的写 isCollection=\"true\"，单个的不写。",
    'Give both types the same structureRef, the list\'s isCollection="true" and the item\'s not.',
    "10.3.8",
)  # fmt: skip
NOT_A_LIST = Rule(
    "multi-instance-not-a-list", ERROR,
    "{it}的 {attribute}“{reference}”不是列表：它和它的类型“{type}”的 isCollection 都不是 true。",
    "The {attribute} {reference} of {it} is no list: neither it nor its type {type} has isCollection=true.",
    "引用一个列表，或给这个数据和它的类型写上 isCollection=\"true\"。", 'Name a list, or give the data and their type isCollection="true".',
    "10.3.8",
)  # fmt: skip
BEHAVIOR = Rule(
    "multi-instance-behavior-event", ERROR,
    "{it}的多实例写了 {what}，它只在 behavior=\"{needed}\" 时有用，而这里是“{behavior}”。",
    '{it} has {what}, which is only used with behavior="{needed}", not with {behavior}.',
    "删去 {what}，或改正 behavior。", "Delete {what}, or correct the behavior.",
    "10.3.8",
)  # fmt: skip

NUMBER = re.compile(r"""[+-]?\d+(\.\d+)?|(["']).*\2""")
DATA = (("loopDataInputRef", "dataInput", "inputDataItem"), ("loopDataOutputRef", "dataOutput", "outputDataItem"))
VISIBLE = frozenset({"dataObject", "dataObjectReference", "property", "dataInput", "dataOutput", "dataStoreReference"})
EVENTS = (("noneBehaviorEventRef", "None"), ("oneBehaviorEventRef", "One"))


def multi_instance(diagram: Diagram, world: World) -> Iterator[Finding]:
    """The settings of multi-instance activities."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            for loop in children(node.element, "multiInstanceLoopCharacteristics"):
                yield from _number(world, node, loop)
                for attribute, kind, item in DATA:
                    yield from _data(diagram, world, node, loop, attribute, kind)
                    yield from _item(diagram, world, node, loop, attribute, item)
                yield from _behavior(node, loop)


def _number(world: World, node: Node, loop: Element) -> Iterator[Finding]:
    """A cardinality or a list must be given; a process that is only drawn may leave it open (Table 10.30). A number is an integer."""
    for each in children(loop, "loopCardinality"):
        text = full_text(each).removeprefix("=").strip()
        if NUMBER.fullmatch(text) and not re.fullmatch(r"\+?\d+", text):
            yield BAD_BOUND.at(node, value=text[:40])
    given = any(full_text(each) for each in children(loop, "loopCardinality", "loopDataInputRef"))
    drawn = node.scope.process.element.get("isExecutable", "").strip() in {"false", "0"}
    # Other engines have settings of their own for it, which this one does not know.
    elsewhere = not world.deploying and foreign_engine(Item(node.file, loop))
    if not given and not drawn and not elsewhere:
        yield NO_NUMBER.at(node)


def _data(diagram: Diagram, world: World, node: Node, loop: Element, attribute: str, kind: str) -> Iterator[Finding]:
    # In this engine's dialect it is the name of a variable, which may be that of an element by chance.
    runs = world.runs(node.scope)
    ours = (world.speaks(diagram) or world.deploying) and runs
    for child in children(loop, attribute) if not ours else ():
        text = text_of(child)
        target = world.resolve(diagram, child, text)
        declared = children(node.element, "ioSpecification")
        why: Both | None = None
        if target.element is None:
            # Other engines name variables, or compute the list.
            if target.lost and text and (declared or not runs or not made_for(diagram)):
                why = Both("没有这个元素", "there is no such element")
        elif target.kind not in VISIBLE:
            why = Both("它不是数据", "it is no data")
        elif node.kind not in CONTAINERS and (target.kind != kind or not _is_within(target.element, node.element)):
            why = Both("它不是这个任务自己的数据", "it is not the task's own data")
        if why is not None:
            yield WRONG_DATA.at(node, attribute=attribute, reference=text[:60], why=why)
        elif target.element is not None and not made_for(diagram):
            yield from _list(diagram, world, node, attribute, target.element)


def _list(diagram: Diagram, world: World, node: Node, attribute: str, data: Element) -> Iterator[Finding]:
    """What is gone through, or collected, is a list, as far as its type says anything."""
    meant = world.resolve(diagram, data, data.get("dataObjectRef")).element if data.get("dataObjectRef") else data
    if meant is not None:
        type = world.resolve(diagram, meant, meant.get("itemSubjectRef")).element
        if type is not None and not is_true(meant.get("isCollection")) and not is_true(type.get("isCollection")):
            reference = data.get("id") or "?"
            yield NOT_A_LIST.at(node, attribute=attribute, reference=reference, type=type.get("id") or "?")


def _is_within(element: Element, around: Element) -> bool:
    return any(each is around for each in element.iterancestors())


def _item(diagram: Diagram, world: World, node: Node, loop: Element, attribute: str, name: str) -> Iterator[Finding]:
    """The type of the single item is not the list's."""
    lists = [world.resolve(diagram, each, text_of(each)).element for each in children(loop, attribute)]
    for item in children(loop, name):
        for whole in lists:
            own = world.resolve(diagram, item, item.get("itemSubjectRef"))
            if whole is None or own.element is None:
                continue
            theirs = world.resolve(diagram, whole, whole.get("itemSubjectRef")).element
            if is_true(own.element.get("isCollection")) and (
                own.element is theirs or _same_structure(own.element, theirs)
            ):
                yield ITEM_IS_LIST.at(node, item=name, type=own.element.get("id") or "?")
            elif (
                theirs is not None and is_true(theirs.get("isCollection")) and not _same_structure(own.element, theirs)
            ):
                yield OTHER_TYPE.at(node, item=name, own=own.element.get("id") or "?", type=theirs.get("id") or "?")


def _same_structure(one: Element, other: Element | None) -> bool:
    """Whether two types have the same structure, as far as both say which."""
    structures = [(each.get("structureRef") or "").strip() for each in (one, other) if each is not None]
    return len(structures) == 2 and (not all(structures) or structures[0] == structures[1])


def _behavior(node: Node, loop: Element) -> Iterator[Finding]:
    """Events for some behavior stand only beside that behavior (Table 10.30)."""
    behavior = loop.get("behavior", "All").strip()
    for attribute, needed in EVENTS:
        if loop.get(attribute) and behavior != needed:
            yield BEHAVIOR.at(node, what=attribute, needed=needed, behavior=behavior)
    if children(loop, "complexBehaviorDefinition") and behavior != "Complex":
        yield BEHAVIOR.at(node, what="complexBehaviorDefinition", needed="Complex", behavior=behavior)


def markers(diagram: Diagram, world: World) -> Iterator[Finding]:
    """One marker for each activity."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            found = children(node.element, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics")
            if len(found) > 1:
                yield SEVERAL.at(node, count=len(found))


CHECKS = (markers, multi_instance)
