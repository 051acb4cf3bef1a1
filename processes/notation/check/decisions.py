"""Decision files: tables that are whole, cells that can be read, requirements that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from processes.notation.check import languages
from processes.notation.check.decision_types import types
from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule, Whole
from processes.notation.check.tables import table_findings
from processes.notation.decisions import parse_decisions
from processes.notation.diagram import Element, Item, local

NO_DECISIONS = Rule(
    "dmn-no-decision", WARNING,
    "{it}里没有决策。", "{it} holds no decision.",
    "画一个决策（决策表或表达式）。", "Draw a decision (a table or an expression).",
)  # fmt: skip
NO_ID = Rule(
    "missing-id", INFO,
    "{it}没有 id，流程无法引用它。", "{it} has no id: no process can name it.",
    "给它一个唯一的 id。", "Give it a unique id.",
)  # fmt: skip
DUPLICATE_ID = Rule(
    "duplicate-id", ERROR,
    "id “{id}”用了不止一次，只有其中一个算数。", "The id {id} is used more than once: only one of them counts.",
    "给每个元素各自的 id。", "Give each its own id.",
)  # fmt: skip
NO_LOGIC = Rule(
    "dmn-no-logic", WARNING,
    "{it}没有内容，结果总是空。", "{it} has no logic: its result is always null.",
    "填写决策表或表达式。", "Fill in a decision table or an expression.",
)  # fmt: skip
NO_RULES = Rule(
    "dmn-no-rules", WARNING,
    "{it}没有一行规则，结果总是空。", "{it} has no rules: its result is always null.",
    "至少写一行规则。", "Write at least one rule.",
)  # fmt: skip
NO_OUTPUT = Rule(
    "dmn-no-output", ERROR,
    "{it}没有输出列。", "{it} has no output column.",
    "加一个输出列并命名。", "Add an output column and name it.",
)  # fmt: skip
NO_INPUT = Rule(
    "dmn-no-input", ERROR,
    "{it}{where}没有写看哪个变量。", "{it}{where} does not say which value it looks at.",
    "在列头填写变量或 FEEL 表达式。", "Enter a variable or a FEEL expression in its head.",
)  # fmt: skip
OUTPUT_NAMES = Rule(
    "dmn-output-name", ERROR,
    "{it}有几个输出列，其中有的没有名称或重名，结果会互相覆盖。",
    "{it} has several output columns, some without a name or with the same: one overwrites the other.",
    "给每个输出列不同的名称。", "Give each output column a name of its own.",
)  # fmt: skip
WIDTH = Rule(
    "dmn-row-width", ERROR,
    "{it}的第 {row} 行有 {cells} 个{what}，而表头有 {columns} 列。", "Row {row} of {it} has {cells} {what}, but the head has {columns} columns.",
    "补齐或删去这一行多余的单元格。", "Complete the row, or delete what is too much.",
)  # fmt: skip
POLICY = Rule(
    "dmn-hit-policy", ERROR,
    "{it}的命中策略“{policy}”不存在。", "{it} has an unknown hit policy: {policy}.",
    "从这些里选：UNIQUE、FIRST、ANY、PRIORITY、COLLECT、RULE ORDER、OUTPUT ORDER。",
    "Choose UNIQUE, FIRST, ANY, PRIORITY, COLLECT, RULE ORDER or OUTPUT ORDER.",
)  # fmt: skip
AGGREGATION = Rule(
    "dmn-aggregation", ERROR,
    "{it}的汇总“{aggregation}”用不上：{why}。", "The aggregation {aggregation} of {it} cannot be used: {why}.",
    "汇总（SUM、MIN、MAX、COUNT）只用于 COLLECT 和单个输出列。", "Aggregate (SUM, MIN, MAX, COUNT) only with COLLECT and a single output column.",
)  # fmt: skip
PRIORITIES = Rule(
    "dmn-priorities", WARNING,
    "{it}按优先级取结果，但输出列没有列出可能的值，等于没有优先级。", "{it} goes by priority, but its output lists no values to give the order.",
    "在输出列的“允许值”里按从高到低写出各个值。", "List the output's values from highest to lowest.",
)  # fmt: skip
CELL = Rule(
    "dmn-cell", ERROR,
    "{it}{where}的{what}“{text}”读不懂：{problem}。", "The {what} of {it}{where}, {text}, cannot be read: {problem}.",
    "用 FEEL 书写：文字加双引号，范围写 [1..5]，多个值用逗号隔开，任意值写 -。",
    'Write FEEL: texts in double quotes, ranges as [1..5], several values with commas, anything as -.',
)  # fmt: skip
LANGUAGE = Rule(
    "dmn-language", ERROR,
    "{it}的表达式语言是“{language}”，引擎只懂 FEEL。", "{it} is written in {language}; the engine knows FEEL.",
    "改写成 FEEL，并去掉 expressionLanguage。", "Rewrite it in FEEL and delete expressionLanguage.",
)  # fmt: skip
REQUIREMENT = Rule(
    "dmn-requirement", ERROR,
    "{it}依赖的“{reference}”在文件里没有。", "{it} requires {reference}, which is not in the file.",
    "补上它，或删去这条依赖连线。", "Add it, or delete the requirement.",
)  # fmt: skip
WRONG_KIND = Rule(
    "dmn-requirement", ERROR,
    "{it}的 {requirement} 指向{found}；它应指向 {expected}。", "The {requirement} of {it} names {found}; it should name a {expected}.",
    "换成与目标相符的连线：决策用 requiredDecision，输入数据用 requiredInput，业务知识用 requiredKnowledge。",
    "Use the requirement that fits: requiredDecision for a decision, requiredInput for input data, requiredKnowledge for business knowledge.",
)  # fmt: skip
CYCLE = Rule(
    "dmn-cycle", ERROR,
    "{it}绕一圈依赖到了自己，算不出来。", "{it} requires itself in a circle and cannot be computed.",
    "去掉圈里的一条依赖。", "Delete one requirement of the circle.",
)  # fmt: skip
NOT_READ = Rule(
    "dmn", ERROR,
    "{it}无法作为决策读出：{problem}。", "{it} cannot be read as decisions: {problem}.",
    "用 DMN 建模工具打开并重新保存。", "Open and save it in a DMN modeler.",
)  # fmt: skip

POLICIES = frozenset({"UNIQUE", "FIRST", "ANY", "PRIORITY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"})
AGGREGATIONS = frozenset({"SUM", "MIN", "MAX", "COUNT"})
LOGIC = frozenset(
    {
        "literalExpression", "decisionTable", "context", "invocation", "list", "relation", "functionDefinition", "conditional",
        "filter", "for", "some", "every",
    }
)  # fmt: skip
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "requiredDecision": ("decision",),
    "requiredInput": ("inputData",),
    "requiredKnowledge": ("businessKnowledgeModel", "decisionService"),
}
CONDITION = Both("条件", "condition")
RESULT = Both("结果", "result")
HEAD = Both("列头", "column head")
EXPRESSION = Both("表达式", "expression")
# Beyond this many cells that cannot be read, the table is in another language and one finding more says nothing.
MOST_CELLS = 40


def child(element: Element, *names: str) -> list[Element]:
    """Children by local name, whatever DMN's version."""
    return [each for each in element if local(each) in names]


def _text(element: Element | None) -> str:
    found = next(iter(child(element, "text")), None) if element is not None else None
    return (found.text or "").strip() if found is not None else ""


def decision_ids(root: Element) -> list[str]:
    """The ids of a file's decisions."""
    return [each.get("id", "") for each in child(root, "decision") if each.get("id")]


def decision_findings(file: str, root: Element, data: bytes) -> Iterator[Finding]:
    """What is wrong in one decision file."""
    found = list(_own_findings(file, root))
    yield from found
    if any(finding.severity == ERROR for finding in found):
        return  # the evaluator reports only its first objection, and it is among these
    try:
        parse_decisions(data, file)
    except Exception as error:
        zh, en = getattr(error, "zh", str(error)), getattr(error, "en", str(error))
        element = next((each for each in root.iter("*") if each.get("id") == getattr(error, "element", "")), None)
        yield NOT_READ.at(Item(file, element) if element is not None else Whole(file), problem=Both(zh, en))


def _own_findings(file: str, root: Element) -> Iterator[Finding]:
    decisions = child(root, "decision")
    if not decisions:
        yield NO_DECISIONS.at(Whole(file))
    yield from _ids(file, root, decisions)
    names = frozenset(name for each in root.iter("*") if (name := " ".join((each.get("name") or "").split())))
    for element in child(root, "decision", "businessKnowledgeModel"):
        yield from _logic(file, element, names)
    yield from _requirements(file, root)
    yield from types(file, root)


def _ids(file: str, root: Element, decisions: Sequence[Element]) -> Iterator[Finding]:
    yield from (NO_ID.at(Item(file, each)) for each in decisions if not each.get("id"))
    seen: set[str] = set()
    for element in root.iter("*"):
        own = element.get("id")
        # Shapes may share an id with what they show: nothing reads it.
        if own and "DI" not in str(element.tag).partition("}")[0].rsplit("/", 2)[-1]:
            if own in seen:
                yield DUPLICATE_ID.at(Item(file, element), id=own)
            seen.add(own)


def _logic(file: str, owner: Element, names: frozenset[str]) -> Iterator[Finding]:
    if local(owner) == "decision" and not child(owner, *LOGIC):
        yield NO_LOGIC.at(Item(file, owner))
    unreadable = 0
    for element in owner.iter("*"):
        if local(element) == "decisionTable":
            found = list(_table(file, owner, element, names))
        elif local(element) == "literalExpression":
            found = list(_literal(file, owner, element, names))
        else:
            continue
        for finding in found:
            unreadable += finding.rule == CELL.code
            if unreadable <= MOST_CELLS:
                yield finding


def _literal(file: str, owner: Element, element: Element, names: frozenset[str]) -> Iterator[Finding]:
    item = Item(file, owner)
    if not _is_feel(element):
        yield LANGUAGE.at(item, language=element.get("expressionLanguage", ""))
    elif _text(element):
        problem = languages.feel_problem(_text(element), names=names)
        if problem is not None:
            yield CELL.at(item, where="", what=EXPRESSION, text=_short(_text(element)), problem=problem)


def _is_feel(element: Element) -> bool:
    language = element.get("expressionLanguage")
    root = element.getroottree().getroot()
    return language is None or "feel" in language.lower() or language == root.get("expressionLanguage")


def _table(file: str, owner: Element, table: Element, names: frozenset[str]) -> Iterator[Finding]:
    item = Item(file, table if table.get("id") else owner)
    inputs, outputs, rows = child(table, "input"), child(table, "output"), child(table, "rule")
    if not outputs:
        yield NO_OUTPUT.at(item)
    if not rows:
        yield NO_RULES.at(item)
    if len(outputs) > 1:
        named = [(each.get("name") or "").strip() for each in outputs]
        if "" in named or len(set(named)) < len(named):
            yield OUTPUT_NAMES.at(item)
    yield from _policy(item, table, outputs)
    if not _is_feel(table):
        yield LANGUAGE.at(item, language=table.get("expressionLanguage", ""))
        return
    yield from _heads(file, item, inputs, names)
    for number, row in enumerate(rows, start=1):
        yield from _row(file, item, number, row, (len(inputs), len(outputs)), names)
    yield from table_findings(item, table, table.getroottree().getroot(), names)


def _policy(item: Item, table: Element, outputs: Sequence[Element]) -> Iterator[Finding]:
    policy = (table.get("hitPolicy") or "UNIQUE").strip()
    if policy not in POLICIES:
        yield POLICY.at(item, policy=policy[:40])
    aggregation = (table.get("aggregation") or "").strip()
    if aggregation:
        if aggregation not in AGGREGATIONS:
            yield AGGREGATION.at(
                item, aggregation=aggregation[:40], why=Both("没有这种汇总", "there is no such aggregation")
            )
        elif policy != "COLLECT":
            yield AGGREGATION.at(
                item, aggregation=aggregation, why=Both("命中策略不是 COLLECT", "the hit policy is not COLLECT")
            )
        elif len(outputs) > 1 and aggregation != "COUNT":
            yield AGGREGATION.at(item, aggregation=aggregation, why=Both("有几个输出列", "there are several outputs"))
    if policy in {"PRIORITY", "OUTPUT ORDER"} and not any(
        _text(next(iter(child(each, "outputValues")), None)) for each in outputs
    ):
        yield PRIORITIES.at(item)


def _heads(file: str, item: Item, inputs: Sequence[Element], names: frozenset[str]) -> Iterator[Finding]:
    for number, column in enumerate(inputs, start=1):
        text = _text(next(iter(child(column, "inputExpression")), None))
        where = Both(f"第 {number} 列", f" (column {number})")
        if not text:
            yield NO_INPUT.at(Item(file, column), where="") if column.get("id") else NO_INPUT.at(item, where=where)
            continue
        problem = languages.feel_problem(text, names=names)
        if problem is not None:
            yield CELL.at(item, where=where, what=HEAD, text=_short(text), problem=problem)


def _row(
    file: str, item: Item, number: int, row: Element, columns: tuple[int, int], names: frozenset[str]
) -> Iterator[Finding]:
    kinds = (("inputEntry", CONDITION, columns[0]), ("outputEntry", RESULT, columns[1]))
    for kind, what, width in kinds:
        cells = child(row, kind)
        if len(cells) != width:
            yield WIDTH.at(item, row=number, cells=len(cells), what=what, columns=width)
        for column, cell in enumerate(cells, start=1):
            text = _text(cell)
            unary = kind == "inputEntry"
            if not text or (unary and text == "-"):
                continue
            if not _is_feel(cell):
                yield LANGUAGE.at(Item(file, cell), language=cell.get("expressionLanguage", ""))
                continue
            problem = languages.feel_problem(text, unary=unary, names=names)
            if problem is not None:
                place = Item(file, cell) if cell.get("id") else item
                where = Both(f"（第 {number} 行第 {column} 列）", f" (row {number}, column {column})")
                yield CELL.at(place, where=where, what=what, text=_short(text), problem=problem)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


def _requirements(file: str, root: Element) -> Iterator[Finding]:
    by_id = {each.get("id", ""): each for each in root if each.get("id")}
    needs: dict[str, list[str]] = {}
    for own, element in by_id.items():
        for reference in element.iterfind("{*}*/{*}*[@href]"):
            href = reference.get("href", "")
            space, _, target = href.rpartition("#")
            if not space and local(reference).startswith("required"):
                needs.setdefault(own, []).append(target)
                expected = REQUIRED.get(local(reference), ())
                if target not in by_id:
                    yield REQUIREMENT.at(Item(file, element), reference=target)
                elif expected and local(by_id[target]) not in expected:
                    yield WRONG_KIND.at(
                        Item(file, element),
                        requirement=local(reference),
                        found=Item(file, by_id[target]),
                        expected=expected[0],
                    )
    cyclic = _cyclic(needs)
    if cyclic:
        yield CYCLE.at(Item(file, by_id[cyclic]))


def _cyclic(needs: Mapping[str, Sequence[str]]) -> str | None:
    """A node that requires itself in a circle, without recursion."""
    done: set[str] = set()
    for start in needs:
        path: list[tuple[str, Iterator[str]]] = [(start, iter(needs.get(start, ())))]
        on_path = {start}
        while path:
            node, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                on_path.discard(node)
                done.add(node)
            elif following in on_path:
                return following
            elif following not in done:
                on_path.add(following)
                path.append((following, iter(needs.get(following, ()))))
    return None
