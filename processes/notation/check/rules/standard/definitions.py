"""The file's outermost element, and the texts that explain things."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Item

NO_NAMESPACE = Rule(
    "no-target-namespace", ERROR,
    "{it}没有写 targetNamespace，别的文件无法引用这里的元素。", "{it} has no targetNamespace: no other file can refer to what it defines.",
    "在 definitions 上写 targetNamespace，例如 http://example.org/流程名。",
    "Give the definitions a targetNamespace, for example http://example.org/process.",
    "8.2.1",
)  # fmt: skip
TEXT_FORMAT = Rule(
    "text-format", ERROR,
    "{it}的 textFormat“{value}”不是 MIME 类型。", "The textFormat {value} of {it} is no MIME type.",
    "写成 text/plain、text/html 这样的形式；普通文字可以不写。", "Write text/plain or text/html, for example; plain text needs none.",
    "8.3.1, 8.4.1",
)  # fmt: skip

MIME_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(\s*;.*)?")


def is_mime_type(text: str) -> bool:
    """Whether a text has the form ``type/subtype``, with or without parameters."""
    return MIME_TYPE.fullmatch(text.strip()) is not None


def namespace(diagram: Diagram, world: World) -> Iterator[Finding]:
    """The target namespace is required (Table 8.1)."""
    if not (diagram.root.get("targetNamespace") or "").strip():
        yield NO_NAMESPACE.at(diagram.item(diagram.root))


def text_formats(diagram: Diagram, world: World) -> Iterator[Finding]:
    """``textFormat`` of documentation and annotations follows the MIME type format."""
    for item in world.items(diagram, "documentation", "textAnnotation"):
        value = item.element.get("textFormat")
        if value is not None and not is_mime_type(value):
            parent = item.element.getparent()
            place = Item(diagram.file, parent) if not item.id and parent is not None else item
            yield TEXT_FORMAT.at(place, value=value[:60])


CHECKS = (namespace, text_formats)
