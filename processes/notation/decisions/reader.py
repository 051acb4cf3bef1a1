"""Reading DMN's XML: safely, and by local names, since every version of DMN has its own namespace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from processes.notation.decisions.errors import DecisionError
from processes.notation.xml import parser

EXPRESSIONS = (
    "literalExpression", "decisionTable", "context", "invocation", "list", "relation", "functionDefinition",
    "conditional", "filter", "for", "some", "every",
)  # fmt: skip
"""The boxed expressions."""

FEEL, PYTHON = "feel", "python"

Element = etree._Element


def read_xml(xml: bytes, file: str) -> Element:
    """The root of a file of untrusted origin; raises DecisionError. Entities and document types are refused."""
    try:
        root = etree.fromstring(xml.lstrip(), parser())
    except etree.XMLSyntaxError as error:
        zh = f"文件“{file}”不是有效的 XML（第{error.lineno or 1}行）"
        raise DecisionError(file, None, zh, f"{file}: {error}") from error
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        raise DecisionError(file, None, f"文件“{file}”不得含有 DOCTYPE 声明", f"{file}: a DOCTYPE is refused")
    if tag(root) != "definitions":
        raise DecisionError(file, None, f"文件“{file}”不是 DMN 决策文件", f"{file}: no DMN definitions")
    return root


def tag(element: Element) -> str:
    """The local name; empty for comments."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, *names: str) -> Iterator[Element]:
    """The children of those local names."""
    return (child for child in element if tag(child) in names)


def child(element: Element, *names: str) -> Element | None:
    """The first child of those local names."""
    return next(children(element, *names), None)


def boxed(element: Element | None) -> Element | None:
    """The boxed expression within an element."""
    return None if element is None else child(element, *EXPRESSIONS)


def text_of(element: Element | None) -> str:
    """What the element's ``text`` child holds, without blanks around."""
    text = None if element is None else child(element, "text")
    return (text.text or "").strip() if text is not None else ""


def name_of(element: Element | None) -> str:
    """The name attribute with single blanks."""
    return "" if element is None else " ".join((element.get("name") or "").split())


def type_of(element: Element | None) -> str | None:
    """The typeRef attribute, or the typeRef child of DMN 1.1, with single blanks."""
    if element is None:
        return None
    reference = element.get("typeRef")
    if reference is None:
        inner = child(element, "typeRef")
        reference = inner.text if inner is not None else None
    return " ".join(reference.split()) if reference else None


def nearest_id(element: Element) -> str | None:
    """The id of the element, or of the nearest one around it that has one."""
    current: Element | None = element
    while current is not None:
        identifier = current.get("id")
        if identifier:
            return identifier
        current = current.getparent()
    return None


def language_of(element: Element) -> str:
    """``feel``, ``python``, or whatever else the nearest ``expressionLanguage`` says. Silence means FEEL, as in DMN."""
    current: Element | None = element
    while current is not None:
        language = (current.get("expressionLanguage") or "").strip()
        if language:
            return next((known for known in (FEEL, PYTHON) if known in language.lower()), language)
        current = current.getparent()
    return FEEL
