"""The named properties that our engine reads: spelt rightly, with values it can use."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule
from processes.notation.check.world import World, foreign_engine
from processes.notation.diagram import SPIFF, Diagram, Element, Item

UNKNOWN_PROPERTY = Rule(
    "unknown-property", WARNING,
    "{it}的属性“{name}”引擎不认识{hint}，不起作用。", "The property {name} of {it} is unknown to the engine{hint} and has no effect.",
    "核对属性名的写法。", "Check its spelling.",
)  # fmt: skip
BAD_PROPERTY = Rule(
    "property", ERROR,
    "{it}有一个属性缺少{missing}。", "{it} has a property without {missing}.",
    "补全属性的名称和值，或删去这个属性。", "Give it a name and a value, or delete it.",
)  # fmt: skip
TWICE = Rule(
    "property", ERROR,
    "{it}的属性“{name}”写了不止一次，只有最后一个算数。", "{it} has the property {name} more than once: only the last counts.",
    "只留一个。", "Keep one.",
)  # fmt: skip
BAD_VALUE = Rule(
    "property-value", ERROR,
    "{it}的属性 {name} 的值“{value}”不能用：{why}。", "The value {value} of the property {name} of {it} cannot be used: {why}.",
    "{advice_zh}", "{advice_en}",
)  # fmt: skip
NO_ROLE = Rule(
    "user-task-without-role", WARNING,
    "{it}没有写由哪个角色办理，不会出现在任何人的待办里。", "{it} has no role: it appears in nobody's inbox.",
    "选一个角色：属性 role 写角色代码。", "Choose a role: the property role has its code.",
)  # fmt: skip
UNKNOWN_FORM = Rule(
    "unknown-form", ERROR,
    "{it}使用的表单“{form}”在所给的文件里没有{hint}。", "{it} uses the form {form}, which is none of the given files{hint}.",
    "核对文件名（以 .form.json 结尾），或把表单文件一起检查、一起部署。", "Check the file name (it ends in .form.json), or give the form along.",
)  # fmt: skip
UNKNOWN_CODE = Rule(
    "unknown-code", WARNING,
    "{it}的属性 {name} 写的“{code}”在{table}里没有{hint}。", "The {name} {code} of {it} is not in the {table}{hint}.",
    "核对代码，或在 bpmn/reference 的表里补上它。", "Check the code, or add it to the table in bpmn/reference.",
)  # fmt: skip
RECORD_KEY = Rule(
    "record-key", ERROR,
    "{it}的 record 里有“{key}”，案件上没有这一栏。", "The record of {it} has the entry {key}, which a case does not have.",
    "只能用：{allowed}。", "Use only: {allowed}.",
)  # fmt: skip

PROPERTIES = frozenset(
    {
        "pooled", "stage", "caseStatus", "caseStatusEn", "record", "role", "organisation", "place", "assignee", "excluded", "form",
        "resultVariable", "dueAt", "warnAt", "next", "nextEn", "retries", "backoff", "priority", "correlationKey",
        "nameEn", "instructionsEn",
    }
)  # fmt: skip
WAIT_FOR_PEOPLE = frozenset({"userTask", "manualTask", "task"})
RECORD_KEYS = (
    "category", "board", "difficulty", "major", "outcome", "reason", "confidential", "rating", "excluded",
)  # fmt: skip
ENDING = ".form.json"
MOST_RECORD = 20_000  # FEEL reads no more either
ISO_MOMENT = Both("既不是以 = 开头的 FEEL，也不是日期或时长", "neither FEEL that starts with = nor a date or duration")
WRITE_MOMENT = Both(
    "写成 FEEL，例如 = add working days(now(), 5, case.place)。", "Write FEEL, for example = add working days(now(), 5, case.place).",
)  # fmt: skip


def properties(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Properties are whole, known, and given once."""
    for scope in world.running(diagram):
        items: list[Item] = [scope, *scope.nodes] if scope.parent is None else [*scope.nodes]
        for item in items:
            yield from _spelling(item)


def _spelling(item: Item) -> Iterator[Finding]:
    seen: set[str] = set()
    for element in _property_elements(item):
        name, value = element.get("name"), element.get("value")
        if not name or value is None:
            yield BAD_PROPERTY.at(item, missing=Both("值", "a value") if name else Both("名称", "a name"))
            continue
        if name in seen:
            yield TWICE.at(item, name=name)
        seen.add(name)
        if name not in PROPERTIES:
            close = difflib.get_close_matches(name[:60], PROPERTIES, n=1, cutoff=0.75)
            hint = Both(f"（是不是“{close[0]}”？）", f" (did you mean {close[0]}?)") if close else Both("", "")
            # Other programs keep properties of their own in a diagram; only what looks like a slip is worth a warning.
            yield UNKNOWN_PROPERTY.at(item, severity=None if close else INFO, name=name, hint=hint)


def _property_elements(item: Item) -> Iterator[Element]:
    yield from item.element.iterfind(f"{{*}}extensionElements/{{{SPIFF}}}properties/{{{SPIFF}}}property")


def values(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Values of a known property have its form (FEEL itself is read in ``expressions``)."""
    for node in world.nodes(diagram):
        for name, value in node.properties.items():
            problem = _value_problem(name, value.strip())
            if problem is not None:
                why, advice = problem
                yield BAD_VALUE.at(node, name=name, value=value[:60], why=why, advice_zh=advice.zh, advice_en=advice.en)
        record = node.properties.get("record", "").strip()
        if record.startswith("=") and len(record) <= MOST_RECORD:
            for key in context_keys(record[1:]):
                if key not in RECORD_KEYS:
                    yield RECORD_KEY.at(node, key=key, allowed=Both("、".join(RECORD_KEYS), ", ".join(RECORD_KEYS)))


def _value_problem(name: str, value: str) -> tuple[Both, Both] | None:
    if not value:
        return Both("是空的", "it is empty"), Both("填上值，或删去这个属性。", "Give it a value, or delete it.")
    if value.startswith("=") and name not in {"role", "form", "resultVariable", "retries", "backoff"}:
        return None
    if name in {"dueAt", "warnAt"} and languages.timer_shape(value) not in {"date", "duration"}:
        return ISO_MOMENT, WRITE_MOMENT
    if name == "retries" and not re.fullmatch(r"\d{1,3}", value):
        return Both("不是次数", "not a number of times"), Both("写整数，例如 3。", "Write an integer, for example 3.")
    if name == "priority" and not re.fullmatch(r"\d", value):
        return Both("不是优先级", "not a priority"), Both(
            "写 0 到 9 的整数，5 起为紧急，或以 = 开头的 FEEL。",
            "Write an integer from 0 to 9 (urgent from 5 on), or FEEL that starts with =.",
        )
    if name == "backoff" and languages.timer_shape(value) != "duration":
        return Both("不是时长", "not a duration"), Both("写时长，例如 PT10S。", "Write a duration, for example PT10S.")
    if name == "resultVariable" and not languages.is_name(value):
        return Both("不是变量名", "not a variable name"), Both(
            "写不带空格的变量名。", "Write a variable name without spaces."
        )
    if name == "record":
        return (
            Both("不是以 = 开头的 FEEL 上下文", "not a FEEL context that starts with ="),
            Both('写成 = {category: "…"} 的形式。', 'Write = {category: "…"}.'),
        )
    if name == "correlationKey" and languages.is_name(value):
        return (
            Both("是固定文字，所有案件都会共用同一个值", "a fixed text, the same for every case"),
            Both(f"要取变量的值，请写 = {value}。", f"To use the variable write = {value}."),
        )
    return None


def context_keys(source: str) -> list[str]:
    """The keys on the first level of a FEEL context; empty when it is none."""
    source = source.strip()
    if not source.startswith("{"):
        return []
    keys: list[str] = []
    depth, start, quoted = 0, 0, False
    for index, char in enumerate(source):
        if char == '"' and source[index - 1] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif char in "{[(":
            depth += 1
            start = index + 1 if depth == 1 else start
        elif char in "}])":
            depth -= 1
        elif char == "," and depth == 1:
            start = index + 1
        elif char == ":" and depth == 1 and start >= 0:
            keys.append(source[start:index].strip().strip('"'))
            start = -1
    return keys


def roles(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What waits for a person is somebody's: user tasks, and plain and manual tasks, which the engine treats alike."""
    here = any("role" in node.properties for node in world.nodes(diagram))
    for node in world.nodes(diagram):
        if node.kind in WAIT_FOR_PEOPLE and not node.properties.get("role", "").strip():
            ours = here or (world.uses_roles and node.kind == "userTask")
            yield NO_ROLE.at(node, severity=None if ours and not foreign_engine(node) else INFO)


def codes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Roles and stages are in the reference data, where that is known."""
    tables = (
        ("role", world.codes.roles, Both("角色表", "roles")),
        ("stage", world.codes.stages, Both("阶段表", "stages")),
    )
    for node in world.nodes(diagram):
        for name, known, table in tables:
            code = node.properties.get(name, "").strip()
            if code and known is not None and code not in known and not code.startswith("="):
                close = difflib.get_close_matches(code[:60], known, n=1, cutoff=0.6)
                hint = Both(f"（是不是“{close[0]}”？）", f" (did you mean {close[0]}?)") if close else Both("", "")
                yield UNKNOWN_CODE.at(node, name=name, code=code[:60], table=table, hint=hint)


def forms(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Forms that are named are there."""
    for node in world.nodes(diagram):
        form = node.properties.get("form", "").strip()
        if form and not form.startswith("=") and _base(form) not in world.forms:
            yield UNKNOWN_FORM.at(node, form=form[:80], hint=_similar(form, world))


def _base(form: str) -> str:
    return form.replace("\\", "/").rsplit("/", 1)[-1]


def _similar(form: str, world: World) -> Both:
    known = {name.removesuffix(ENDING): name for name in sorted(world.forms)[:500]}
    close = difflib.get_close_matches(_base(form)[:100].removesuffix(ENDING), known, n=1, cutoff=0.7)
    close = [known[each] for each in close]
    return Both(f"（是不是“{close[0]}”？）", f" (did you mean {close[0]}?)") if close else Both("", "")


CHECKS = (properties, values, roles, codes, forms)
