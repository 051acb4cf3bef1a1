"""Forms: JSON Schema that a browser can show, with hints in FEEL that can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule, Whole
from processes.notation.check.sanity import MOST_BYTES as LIMIT
from processes.notation.check.sanity import decode
from processes.notation.check.wording import json_error, json_schema_error
from processes.notation.patterns import form_pattern

NOT_JSON = Rule(
    "form-json", ERROR,
    "{it}不是有效的 JSON：第 {line} 行第 {column} 列，{detail}。", "{it} is not JSON: line {line}, column {column}: {detail}.",
    "检查引号、逗号和括号是否成对。", "Check quotes, commas and brackets.",
)  # fmt: skip
TWICE = Rule(
    "form-duplicate-key", ERROR,
    "{it}里“{key}”写了不止一次，只有最后一个算数。", "{it} has the key {key} twice in one place: only the last counts.",
    "删去重复的，或改名。", "Delete or rename one.",
)  # fmt: skip
NOT_SCHEMA = Rule(
    "form-schema", ERROR,
    "{it}的“{field}”不符合 JSON Schema（2020-12）：{detail}。", "{field} in {it} is not JSON Schema (2020-12): {detail}.",
    "照 README 里表单的写法改正这一处。", "Correct it as the README describes forms.",
)  # fmt: skip
NOT_OBJECT = Rule(
    "form-not-object", ERROR,
    "{it}的最外层必须是 type: object，并在 properties 里列出字段。", "{it} must be of type object, with its fields in properties.",
    "写成 {{\"type\": \"object\", \"title\": \"…\", \"properties\": {{…}}}}。", 'Write {{"type": "object", "title": "…", "properties": {{…}}}}.',
)  # fmt: skip
REMOTE = Rule(
    "form-reference", ERROR,
    "{it}的“{field}”引用了外部的定义“{reference}”，表单不从网上取内容。", "{field} in {it} refers to {reference}: forms fetch nothing from outside.",
    "把定义抄进本文件的 $defs，并引用 #/$defs/…。", "Copy the definition into $defs of this file and refer to #/$defs/….",
)  # fmt: skip
REQUIRED = Rule(
    "form-required", ERROR,
    "{it}把“{field}”列为必填，但没有这个字段，表单永远交不上。", "{it} requires {field}, which it does not have: it can never be submitted.",
    "补上字段，或从 required 里删去。", "Add the field, or take it out of required.",
)  # fmt: skip
HINT = Rule(
    "form-hint", ERROR,
    "{it}的字段“{field}”的 {hint} 不能用：{problem}。", "{hint} of the field {field} in {it} cannot be used: {problem}.",
    "{advice_zh}", "{advice_en}",
)  # fmt: skip
UNKNOWN_HINT = Rule(
    "form-unknown-hint", WARNING,
    "{it}的字段“{field}”有不认识的提示“{hint}”，不起作用。", "The field {field} in {it} has the unknown hint {hint}, which has no effect.",
    "可用的提示：x-text、x-options、x-show、x-widget、x-half、x-title-en、x-description-en。",
    "Known hints: x-text, x-options, x-show, x-widget, x-half, x-title-en, x-description-en.",
)  # fmt: skip
SHOWS_UNKNOWN = Rule(
    "form-show", WARNING,
    "{it}的字段“{field}”按“{names}”决定是否显示，但表单里没有这个字段。",
    "The field {field} in {it} is shown by {names}, which is no field of the form.",
    "核对字段名：x-show 只能用本表单自己的字段。", "Check the name: x-show sees only the form's own fields.",
)  # fmt: skip
UNTITLED = Rule(
    "form-title", INFO,
    "{it}里没有标题的字段：{fields}。", "Fields without a title in {it}: {fields}.",
    "给每个字段写 title，办理人看到的就是它。", "Give each a title: it is what people see.",
)  # fmt: skip

TOO_BIG = Rule(
    "form-too-big", ERROR,
    "{it}有 {size} KB，超过表单的上限 {most} KB。", "{it} has {size} KB, more than the {most} KB a form may have.",
    "把表单拆成几个，分给几个任务填写；选项多的字段用 x-options。",
    "Split it over several tasks; use x-options for fields with many options.",
)  # fmt: skip

HINTS = frozenset({"x-text", "x-options", "x-show", "x-widget", "x-half", "x-title-en", "x-description-en"})
NOT_OFFERED = frozenset({"unevaluatedProperties", "unevaluatedItems", "$dynamicRef"})
HOLDERS = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
DATA = frozenset({"const", "enum", "default", "examples"})
WIDGETS = frozenset({"radio", "textarea", "select", "attachments"})
MOST_DEPTH = 40
MOST_ERRORS = 20
META = Draft202012Validator(Draft202012Validator.META_SCHEMA)
# A form that a person fills in has a few KB; the schema check takes a second for a hundred.
MOST_BYTES = 256 * 1024
TOP = Both("最外层", "the top")
WRITE_FEEL = Both(
    '以 = 开头写 FEEL，例如 = outcome = "extend"。', 'Start with = and write FEEL, for example = outcome = "extend".'
)
NOT_IN_ROWS = Both("重复项的每一行里不能用", "it is not offered in the rows of a group")
OUT_OF_ROWS = Both("移到重复项之外，作为单独的字段。", "Move it out of the rows, into a field of its own.")


def form_findings(file: str, data: bytes) -> Iterator[Finding]:
    """What is wrong with one form."""
    whole = Whole(file)
    if MOST_BYTES < len(data) <= LIMIT:
        yield TOO_BIG.at(whole, size=len(data) // 1024, most=MOST_BYTES // 1024)
        return
    text = decode(file, data)
    if isinstance(text, Finding):
        yield text
        return
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in items]
        repeated.extend(sorted({key for key in keys if keys.count(key) > 1}) if len(keys) < 1000 else [])
        return dict(items)

    try:
        schema = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        yield NOT_JSON.at(
            Whole(file, error.lineno), line=error.lineno, column=error.colno, detail=json_error(error.msg)
        )
        return
    except (RecursionError, ValueError) as error:
        yield NOT_JSON.at(Whole(file, 1), line=1, column=1, detail=json_error(str(error)))
        return
    yield from (TWICE.at(whole, key=key) for key in dict.fromkeys(repeated))
    if depth(schema) > MOST_DEPTH:
        yield NOT_SCHEMA.at(whole, field="", detail=Both("层次太深", "it is nested too deeply"))
        return
    yield from _schema(whole, schema)


def depth(value: Any) -> int:
    """How deeply lists and objects are nested; counted no further than one beyond ``MOST_DEPTH``."""
    level, depth = [value], 0
    while level and depth <= MOST_DEPTH:
        level = [
            inner for each in level if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]  # fmt: skip
        depth += 1
    return depth


def _schema(whole: Whole, schema: Any) -> Iterator[Finding]:
    errors = list(islice(META.iter_errors(schema), MOST_ERRORS))
    for error in errors:
        path = ".".join(str(part) for part in error.absolute_path)
        yield NOT_SCHEMA.at(_at(whole, path), field=path or TOP, detail=json_schema_error(error))
    if errors:
        return
    fields = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or schema.get("type") != "object" or not isinstance(fields, dict):
        yield NOT_OBJECT.at(whole)
        return
    for path, reference in _references(schema):
        if not reference.startswith("#"):
            yield REMOTE.at(_at(whole, path), field=path, reference=reference[:80])
    yield from _dangers(whole, schema)
    for name in schema.get("required", []):
        if name not in fields:
            yield REQUIRED.at(Whole(whole.file, id=name), field=name)
    untitled = [name for name, field in fields.items() if isinstance(field, dict) and not field.get("title")]
    if untitled:
        yield UNTITLED.at(
            Whole(whole.file, id=untitled[0]), fields=Both("、".join(untitled[:8]), ", ".join(untitled[:8]))
        )
    for name, field in fields.items():
        if isinstance(field, dict):
            yield from _field(whole, name, field, frozenset(fields))
            yield from _columns(whole, name, field)


def _at(whole: Whole, path: str) -> Whole:
    """The field (in a group ``group.column``) that a path of the schema leads to, or that has this very name; else the file."""
    if not path.startswith("properties."):
        return whole if path in ("", "$") else Whole(whole.file, id=path)
    name, _, rest = path.removeprefix("properties.").partition(".")
    column = rest.removeprefix("items.properties.").partition(".")[0] if rest.startswith("items.properties.") else ""
    return Whole(whole.file, id=f"{name}.{column}" if column else name)


def _dangers(whole: Whole, schema: Any) -> Iterator[Finding]:
    """Patterns that RE2 does not take, and keywords that our validator refuses, wherever they stand."""
    for path, inner in _objects(schema):
        patterns = [inner["pattern"]] if isinstance(inner.get("pattern"), str) else []
        named = inner.get("patternProperties")
        for pattern in [*patterns, *(named if isinstance(named, dict) else ())]:
            try:
                form_pattern(pattern)
            except ValueError as error:
                advice = "改正正则表达式；不能用前后断言（(?=…)）和反向引用（\\1）。"
                yield _hint(
                    whole, path, "pattern", str(error), advice, "Correct it; no look-around, no references back."
                )
        for keyword in NOT_OFFERED & inner.keys():
            problem = Both("表单不支持它", "forms do not offer it")
            yield _hint(
                whole,
                path,
                keyword,
                problem,
                "改用 additionalProperties 或 $ref。",
                "Use additionalProperties or $ref.",
            )


def _objects(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of the schema that is a schema itself, with its path; ``properties`` and the like are only their holders."""
    pending: list[tuple[str, Any, bool]] = [("", schema, True)]
    while pending:
        path, value, is_schema = pending.pop()
        if isinstance(value, dict):
            if is_schema:
                yield path or "$", value
            for key, inner in value.items():
                if is_schema and key in DATA:
                    continue
                pending.append((f"{path}.{key}".strip("."), inner, not (is_schema and key in HOLDERS)))
        elif isinstance(value, list):
            pending += [(f"{path}.{index}", inner, True) for index, inner in enumerate(value)]


def _references(schema: Any) -> Iterator[tuple[str, str]]:
    pending: list[tuple[str, Any]] = [("", schema)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "$ref" and isinstance(inner, str):
                    yield path or "$ref", inner
                pending.append((f"{path}.{key}".strip("."), inner))
        elif isinstance(value, list):
            pending += [(f"{path}.{index}", inner) for index, inner in enumerate(value)]


def _field(whole: Whole, name: str, field: Mapping[str, Any], fields: frozenset[str]) -> Iterator[Finding]:
    for hint in field:
        if hint.startswith("x-") and hint not in HINTS:
            yield UNKNOWN_HINT.at(Whole(whole.file, id=name), field=name, hint=hint)
    for hint in ("x-options", "x-show"):
        if hint in field:
            yield from _feel(whole, name, hint, field[hint])
    if "x-text" in field and not isinstance(field["x-text"], bool):
        yield _hint(whole, name, "x-text", Both("要写 true 或 false", "it must be true or false"), "true", "true")
    if "x-widget" in field and field["x-widget"] not in WIDGETS:
        known = ", ".join(sorted(WIDGETS))
        yield _hint(
            whole,
            name,
            "x-widget",
            Both("没有这种控件", "there is no such widget"),
            f"可用：{known}。",
            f"Use {known}.",
        )
    show = field.get("x-show")
    if isinstance(show, str) and show.strip().startswith("="):
        names = languages.free_names(show.strip()[1:])
        unknown = sorted(each for each in names or () if each not in fields)
        if unknown:
            yield SHOWS_UNKNOWN.at(
                Whole(whole.file, id=name), field=name, names=Both("、".join(unknown), ", ".join(unknown))
            )


def _columns(whole: Whole, name: str, field: Mapping[str, Any]) -> Iterator[Finding]:
    """What the rows of a group may ask for: single values, in sight whatever else is filled in."""
    items = field.get("items")
    columns = items.get("properties") if isinstance(items, dict) and items.get("type") == "object" else None
    if not isinstance(columns, dict):
        return
    for column, inner in columns.items():
        if not isinstance(inner, dict):
            continue
        path = f"{name}.{column}"
        yield from _field(whole, path, inner, frozenset(columns))
        for hint in ("x-text", "x-show"):
            if hint in inner:
                yield _hint(whole, path, hint, NOT_IN_ROWS, OUT_OF_ROWS.zh, OUT_OF_ROWS.en)
        if inner.get("x-widget") == "attachments":
            yield _hint(whole, path, "x-widget", NOT_IN_ROWS, OUT_OF_ROWS.zh, OUT_OF_ROWS.en)
        if inner.get("type") in ("array", "object"):
            yield _hint(whole, path, "type", NOT_IN_ROWS, OUT_OF_ROWS.zh, OUT_OF_ROWS.en)


def _feel(whole: Whole, name: str, hint: str, value: Any) -> Iterator[Finding]:
    if not isinstance(value, str) or not value.strip().startswith("="):
        problem: Both | None = Both("不是以 = 开头的 FEEL", "not FEEL that starts with =")
    else:
        problem = languages.feel_problem(value.strip()[1:])
    if problem is not None:
        yield _hint(whole, name, hint, problem, WRITE_FEEL.zh, WRITE_FEEL.en)


def _hint(whole: Whole, name: str, hint: str, problem: Both | str, zh: str, en: str) -> Finding:
    return HINT.at(_at(whole, name), field=name, hint=hint, problem=problem, advice_zh=zh, advice_en=en)
