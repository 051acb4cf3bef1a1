"""Model files read as what their content is, whatever they are called: diagrams, with the references between them, and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from processes.errors import BihuanError
from processes.notation.check import sanity
from processes.notation.diagram import Diagram, Element, read
from processes.notation.references import References


class ParseError(BihuanError):
    """A file or process that cannot be run; ``file`` and ``element`` say where."""

    def __init__(self, zh: str, en: str, file: str | None = None, element: str | None = None) -> None:
        super().__init__(zh, en, file=file, element=element)
        self.file, self.element = file, element


@dataclass(frozen=True, eq=False)
class Models:
    """The files of a deployment; ``decisions``: DMN file → its root."""

    diagrams: Mapping[str, Diagram]
    decisions: Mapping[str, Element]
    references: References


def read_models(files: Mapping[str, bytes]) -> Models:
    """Read files (name → content). Forms, and schemas that are only imported, are passed over.

    Raises :class:`ParseError` for the first that is neither.
    """
    diagrams: dict[str, Diagram] = {}
    decisions: dict[str, Element] = {}
    for name, body in files.items():
        xml = None if is_passed_over(name) else read_xml(name, body)
        if xml is not None and xml.kind == "dmn":
            decisions[name] = xml.root
        elif xml is not None:
            diagrams[name] = read(name, xml.root)
    return Models(diagrams, decisions, References(diagrams.values(), files))


def is_passed_over(name: str) -> bool:
    """Whether a file is neither a diagram nor decisions by its very name."""
    return sanity.kind_by_name(name) == "form" or sanity.is_imported_only(name)


def read_xml(name: str, body: bytes) -> sanity.Xml:
    """A diagram or decisions, in any encoding that the check reads. Raises :class:`ParseError`."""
    xml, findings = sanity.parse(name, body)
    if xml is None:
        raise ParseError(findings[0].zh, findings[0].en, name)
    return xml
