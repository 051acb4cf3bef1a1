"""Activities: token quantities, scripts and the formats they are written in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check.findings import ERROR, INFO, Finding, Rule
from processes.notation.check.rules.standard.definitions import is_mime_type
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, children, text_of

QUANTITY = Rule(
    "token-quantity-below-one", ERROR,
    "{it}的 {attribute}={value} 小于 1。", "The {attribute}={value} of {it} is less than 1.",
    "写 1 以上的整数，或删去这个属性（就是 1）。", "Write an integer of 1 or more, or delete it (it is 1 then).",
    "10.3",
)  # fmt: skip
NO_FORMAT = Rule(
    "script-without-format", ERROR,
    "{it}有脚本，却没有写 scriptFormat，看不出是什么语言。", "{it} has a script but no scriptFormat: in which language is it?",
    "写上脚本的 MIME 类型，例如 text/x-groovy；给本平台写的脚本以 = 开头（FEEL），可以不写。",
    "Write its MIME type, for example text/x-groovy; a script for this platform starts with = (FEEL) and needs none.",
    "10.3.3",
)  # fmt: skip
BAD_FORMAT = Rule(
    "script-format", INFO,
    "{it}的 scriptFormat“{value}”不是 MIME 类型。", "The scriptFormat {value} of {it} is no MIME type.",
    "写成 text/x-groovy、application/javascript 这样的形式。", "Write text/x-groovy or application/javascript, for example.",
    "10.3.3",
)  # fmt: skip

# What this engine's dialect calls its languages.
OWN_LANGUAGES = ("feel", "python")


def quantities(diagram: Diagram, world: World) -> Iterator[Finding]:
    """``startQuantity`` and ``completionQuantity`` must not be less than 1 (Table 10.3)."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            for attribute in ("startQuantity", "completionQuantity"):
                value = node.element.get(attribute, "1").strip()
                if re.fullmatch(r"[+-]?\d{1,18}", value) and int(value) < 1:
                    yield QUANTITY.at(node, attribute=attribute, value=value)


def scripts(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A script comes with its format, in the MIME type form (Table 10.12)."""
    for item in world.items(diagram, "scriptTask"):
        text = next((text_of(each) for each in children(item.element, "script")), "")
        value = item.element.get("scriptFormat")
        if value is None or not value.strip():
            if text and not world.deploying and not speaks_feel(world, diagram, text):
                yield NO_FORMAT.at(item)
        elif not is_mime_type(value) and not world.speaks(diagram) and not _is_own(value):
            yield BAD_FORMAT.at(item, value=value.strip()[:60])


def speaks_feel(world: World, diagram: Diagram, text: str) -> bool:
    """Whether a text is in this engine's dialect, which names no format."""
    return text.startswith("=") or world.speaks(diagram)


def _is_own(value: str) -> bool:
    return value.strip().lower() in OWN_LANGUAGES


CHECKS = (quantities, scripts)
