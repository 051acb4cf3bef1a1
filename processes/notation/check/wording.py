"""What libraries say in English, in words for owners: XML, its schema, JSON, JSON Schema and expressions."""

from __future__ import annotations

import json
import re
from typing import Any

from processes.notation.check.findings import Both

# libxml2's messages, by what they start with or hold.
XML: tuple[tuple[str, str], ...] = (
    ("Opening and ending tag mismatch", "开始标签和结束标签没有成对"),
    ("Premature end of data", "文件在中途断了，后面的内容没有了"),
    ("Couldn't find end of Start Tag", "标签没有写完"),
    ("not terminated", "注释没有写完"),
    ("not finished", "CDATA 没有写完"),
    ("not defined", "用到了没有声明的前缀或实体"),
    ("xmlParseEntityRef", "& 要写成 &amp;"),
    ("AttValue", "属性值的引号没有成对"),
    ("redefined", "同一个属性写了两次"),
    ("Extra content", "结尾之后还有多余的内容"),
    ("invalid Char", "含有不可见的控制字符"),
    ("Unescaped '<'", "属性值里的 < 要写成 &lt;"),
    ("Start tag expected", "开头不是标签"),
    ("Excessive depth", "层次太深"),
)
JSON: tuple[tuple[str, str], ...] = (
    ("Expecting property name", "这里应是带双引号的字段名，或者前面多了一个逗号"),
    ("Expecting ',' delimiter", "缺少逗号或右括号"),
    ("Expecting ':' delimiter", "缺少冒号"),
    ("Expecting value", "这里缺少一个值，或者前面多了一个逗号"),
    ("Extra data", "结尾之后还有多余的内容"),
    ("Unterminated string", "文字缺少右边的双引号"),
    ("Invalid control character", "文字里有换行或控制字符"),
    ("Invalid \\escape", "反斜杠后面的写法不对"),
    ("Illegal trailing comma", "最后多了一个逗号"),
)
TYPES = {
    "xs:boolean": " true 或 false",
    "xs:integer": "整数",
    "xs:int": "整数",
    "xs:QName": "不带空格的名称",
    "xs:NCName": "不带空格和冒号的名称",
    "xs:double": "数字",
    "xs:anyURI": "网址",
}


# What the schema expects everywhere and nobody misses.
OPTIONAL = frozenset(
    {
        "documentation", "extensionElements", "auditing", "monitoring", "categoryValueRef", "incoming", "outgoing", "correlationKey",
        "property", "resourceRole", "performer", "humanPerformer", "potentialOwner",
    }
)  # fmt: skip


def _said(table: tuple[tuple[str, str], ...], message: str, otherwise: str) -> Both:
    return Both(next((zh for part, zh in table if part in message), otherwise), message)


def xml_error(message: str) -> Both:
    """A message of the XML parser."""
    return _said(XML, message.split(", line ")[0], "写法不合规则")


def json_error(message: str) -> Both:
    """A message of the JSON parser."""
    return _said(JSON, message, "写法不合规则")


def schema_detail(message: str) -> Both:
    """A message of libxml2's schema check, without the element it starts with."""
    text = shorten(re.sub(r"\AElement '[^']*'(, |: )", "", message))
    attribute = re.search(r"attribute '([^']+)'", message)
    name = f"属性“{attribute[1]}”" if attribute else "内容"
    if " is not allowed" in message and attribute:
        return Both(f"没有{name}", text)
    if required := re.search(r"The attribute '([^']+)' is required", message):
        return Both(f"缺少属性“{required[1]}”", text)
    if value := re.search(
        r"'([^']*)' is not a valid value of the (?:atomic|local atomic|union|list) type '?([^'.]+)", message
    ):
        expected = TYPES.get(value[2])
        return Both(f"{name}的值“{value[1][:40]}”不对" + (f"，应是{expected}" if expected else ""), text)
    if chosen := re.search(r"The value '([^']*)' is not an element of the set \{(.*?)\}", message):
        known = "、".join(re.findall(r"'([^']*)'", chosen[2]))
        return Both(f"{name}的值“{chosen[1][:40]}”不对，可以是：{known}", text)
    if missing := re.search(r"Expected is (?:one of )?\( ?(.*?) ?\)", message):
        parts = [each for each in missing[1].split(", ") if each not in OPTIONAL]
        return Both(f"缺少 {'、'.join(parts)}", shorten(f"one of these is missing: {', '.join(parts)}"))
    if "Character content" in message:
        return Both("这里多出了文字", text)
    return Both(f"格式不对（{text}）", text)


def expected_instead(message: str) -> Both:
    """What the schema misses where it found something else, if it is one thing or a few."""
    found = re.search(r"Expected is (?:one of )?\( ?(.*?) ?\)", message)
    parts = [each for each in found[1].split(", ") if each not in OPTIONAL and "{" not in each] if found else []
    if not parts or len(parts) > 4:
        return Both("", "")
    return Both(f"；这里应有 {'、'.join(parts)}", f"; what is expected here: {', '.join(parts)}")


def shorten(text: str, most: int = 160) -> str:
    """One line, at most so long."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= most else line[: most - 1] + "…"


def json_schema_error(error: Any) -> Both:
    """A violation of JSON Schema's own schema."""
    value = shorten(json.dumps(error.instance, ensure_ascii=False, default=str), 60)
    said = {"type": "类型不对", "enum": "取值不对", "anyOf": "取值不对", "pattern": "写法不对", "minLength": "不能为空"}
    return Both(f"{value} 的{said.get(str(error.validator), '不合规定')}", shorten(error.message))


def expression_error(error: Exception) -> Both:
    """What is wrong with an expression, and where."""
    en = getattr(error, "en", "") or str(error) or type(error).__name__
    line, column = getattr(error, "line", None), getattr(error, "column", None)
    where = f"（第 {line} 行第 {column} 列附近）" if line and column else ""
    if re.search(r"not part of|not known|not allowed|underscore", en):
        return Both(f"用了这里不允许的写法{where}", shorten(en))
    if "too long" in en or "too deep" in en or "nested" in en:
        return Both("太长或层次太深", shorten(en))
    return Both(f"语法错误{where}", shorten(en))
