"""What a diagram imports (BPMN 2.0.2 §8.2.2), and where among the given files it stands."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from processes.notation.diagram import BPMN, Diagram, Element, children

XSD_TYPE = "http://www.w3.org/2001/XMLSchema"
WSDL_TYPE = "http://www.w3.org/TR/wsdl20/"
# What the standard names, and what WSDL files that are in use call themselves.
TYPES: Mapping[str, str] = {
    BPMN: ".bpmn",
    XSD_TYPE: ".xsd",
    WSDL_TYPE: ".wsdl",
    "http://www.w3.org/ns/wsdl": ".wsdl",
    "http://schemas.xmlsoap.org/wsdl/": ".wsdl",
}
# Where imports stand in a file that is not parsed yet; what is found wrongly is looked for in vain.
LOCATION = re.compile(rb"""<(?:[\w.-]+:)?import\b[^>]{0,2000}?\blocation\s*=\s*["']([^"'<>]{1,500})["']""")
REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@dataclass(frozen=True, eq=False)
class Import:
    """One ``import`` element; ``file`` is the given file it means, ``diagram`` its content when that is BPMN.

    ``remote``: it lies at an address that is not looked up.
    """

    element: Element
    file: str | None
    diagram: Diagram | None
    remote: bool

    @property
    def namespace(self) -> str:
        """The namespace whose names it brings."""
        return (self.element.get("namespace") or "").strip()

    @property
    def location(self) -> str:
        """Where it is said to lie."""
        return (self.element.get("location") or "").strip()

    @property
    def kind(self) -> str:
        """The URI that says what it is: BPMN, XML Schema, WSDL or something else."""
        return (self.element.get("importType") or "").strip()


def imports(diagram: Diagram, files: Mapping[str, str], diagrams: Mapping[str, Diagram]) -> Iterator[Import]:
    """The imports of a diagram; ``files``: normal path → name as given."""
    for element in children(diagram.root, "import"):
        location = (element.get("location") or "").strip()
        remote = _is_remote(location)
        file = None if remote else _find(diagram.file, location, files)
        yield Import(element, file, diagrams.get(file or ""), remote)


def import_locations(body: bytes) -> list[str]:
    """The locations that a file's imports name, by a look at its text."""
    return [each.decode("utf-8", "replace") for each in LOCATION.findall(body)]


def local_path(file: str, location: str) -> str | None:
    """The path an import's location means beside the file that names it; None for an address elsewhere."""
    if not location or _is_remote(location):
        return None
    place = unquote(urlsplit(location).path) if location.startswith("file:") else unquote(location)
    return normal(posixpath.join(posixpath.dirname(file.replace("\\", "/")), place.replace("\\", "/")))


def normal(path: str) -> str:
    """A path by which two names of one file are the same."""
    return posixpath.normpath(path.replace("\\", "/"))


def _is_remote(location: str) -> bool:
    # A drive letter is no scheme.
    return REMOTE.match(location) is not None and not location.startswith("file:")


def _find(file: str, location: str, files: Mapping[str, str]) -> str | None:
    path = local_path(file, location)
    if path is None:
        return None
    # Deployed files have left their folders: then their names are what is left to find them by.
    flat = "/" not in file.replace("\\", "/")
    return files.get(path) or (files.get(posixpath.basename(path)) if flat else None)
