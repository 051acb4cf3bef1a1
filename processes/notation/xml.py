"""Reading XML of unknown origin: the one parser of the house. Comments and processing instructions are no content and are left out, so that
they do not cut the text around them in two."""

from __future__ import annotations

import re

from lxml import etree

_DECLARATION = re.compile(r"\A<\?xml[^>]*\?>")


def parse_text(text: str) -> etree._Element:
    """The root of a document that is already text, without entities, DTD or network; lines stay where they were.

    Raises lxml's errors, ``ValueError`` among them.
    """
    body = text.lstrip("\ufeff")
    blank = body[: len(body) - len(body.lstrip())]
    # What the declaration says of the encoding is no longer true; without it, blanks may stand in front.
    body = _DECLARATION.sub(lambda match: "\n" * match[0].count("\n"), body.lstrip(), count=1)
    return etree.fromstring((blank + body).encode("utf-8", "surrogatepass"), parser())


def parser() -> etree.XMLParser:
    """A parser that reaches out of no file and grows beyond no bounds."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
