"""The words of the gateway's sources: which stand inside ``_('…')``, and which Chinese stands outside."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment

from processes.messaging.asyncapi import document
from processes.messaging.contracts import CONTRACTS
from processes.messaging.jobs import CATALOGUE
from processes.messaging.schema import describe

GATEWAY = Path(__file__).parents[3] / "gateway"

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
"""Chinese characters, and the punctuation that only stands among them."""

MARKED = frozenset({"_", "_l", "gettext", "ngettext", "lazy_gettext"})

_IN_TEMPLATE = re.compile(r"""\b(?:_|ngettext)\(\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:\s*,\s*'[^']*')?""")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_IN_SCRIPT = re.compile(r"""\b_\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""")


@dataclass(frozen=True)
class Words:
    """A string of a source."""

    file: str
    line: int
    text: str


def templates() -> list[Path]:
    """Every template."""
    return sorted((GATEWAY / "templates").rglob("*.html"))


def scripts() -> list[Path]:
    """Every script of ours."""
    return sorted((GATEWAY / "frontend" / "src").rglob("*.js"))


def modules() -> list[Path]:
    """Every module whose words people read. Programs read the API's and Open311's, and the command line is Chinese."""
    apart = {GATEWAY / name for name in ("api", "open311", "client", "frontend")}
    return sorted(path for path in GATEWAY.rglob("*.py") if not apart & set(path.parents))


def in_template(path: Path) -> Iterator[Words]:
    """What is marked in a template."""
    found = Environment(extensions=["jinja2.ext.i18n"]).extract_translations(
        path.read_text(), gettext_functions=tuple(MARKED)
    )
    for line, _function, message in found:
        for each in message if isinstance(message, tuple) else (message,):
            if isinstance(each, str):
                yield Words(path.name, line, each)


def outside_in_template(path: Path) -> Iterator[Words]:
    """Lines of a template with Chinese that is not marked."""
    text = _COMMENT.sub("", path.read_text())
    for number, line in enumerate(_IN_TEMPLATE.sub("_(", text).splitlines(), start=1):
        if CHINESE.search(line):
            yield Words(path.name, number, line.strip()[:200])


def in_module(path: Path) -> Iterator[Words]:
    """What is marked in a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKED:
            for each in node.args[: 2 if node.func.id == "ngettext" else 1]:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield Words(path.name, each.lineno, each.value)


def outside_in_module(path: Path) -> Iterator[Words]:
    """Strings of a module with Chinese that are neither marked nor documentation."""
    tree = ast.parse(path.read_text())
    marked = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKED
        for each in node.args
    }
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or not CHINESE.search(node.value):
            continue
        if id(node) not in marked and id(node) not in documentation:
            yield Words(path.name, node.lineno, node.value)


def in_script(path: Path) -> Iterator[Words]:
    """What is marked in a script."""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        for found in _IN_SCRIPT.finditer(line):
            yield Words(path.name, number, found[1] or found[2])


def outside_in_script(path: Path) -> Iterator[Words]:
    """Lines of a script with Chinese that is neither marked nor a comment, nor goes into a file."""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if CHINESE.search(_IN_SCRIPT.sub("_(", line.split("// ")[0].replace("zh(", "_("))):
            yield Words(path.name, number, line.strip())


def declared() -> Iterator[Words]:
    """What contracts and jobs declare in Chinese: the pages for integrators and operators say it through ``languages.translated``."""
    found = document("test")
    for key, message in found["components"]["messages"].items():
        texts = [message["title"], message["summary"], message["description"], *_fields(message["headers"])]
        yield from (Words(key, 0, each) for each in [*texts, *_fields(message["payload"])])
    for contract in CONTRACTS.values():
        yield from (Words(contract.type, 0, each) for each in (contract.title, contract.description))
        for field in describe(contract.schema):
            choices = (field.choices or {}).values()
            yield from (Words(contract.type, 0, each) for each in (field.title, field.description, *choices))
    for job in CATALOGUE.values():
        yield from (Words("jobs", 0, each) for each in (job.title, *job.errors.values()))


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    for field in schema.get("properties", {}).values():
        yield from (str(field[name]) for name in ("title", "description") if name in field)
        yield from _fields(field)
