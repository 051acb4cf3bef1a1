"""What diagrams and decision files say of their elements in English, beside the Chinese names: properties in the extension elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from processes.languages import CHINESE
from processes.notation.bundle import SPIFF
from processes.notation.models import read_xml

NAME_EN, NEXT_EN, INSTRUCTIONS_EN = IN_ENGLISH = ("nameEn", "nextEn", "instructionsEn")
"""The properties that say in English what an element's name, ``next`` and documentation say in Chinese."""


def named_in(body: bytes, name: str, language: str) -> bytes:
    """A diagram or decision file called ``name``, with its elements' names in a language where they have it."""
    if language == CHINESE:
        return body
    root = read_xml(name, body).root
    for node, said in english_of(root):
        if NAME_EN in said:
            node.set("name", said[NAME_EN])
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def english_of(root: Any) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """The elements that say something in English, each with what it says."""
    for properties in root.iter(f"{SPIFF}properties"):
        said = {str(each.get("name")): str(each.get("value")) for each in properties if each.get("name") in IN_ENGLISH}
        if said:
            yield properties.getparent().getparent(), said
