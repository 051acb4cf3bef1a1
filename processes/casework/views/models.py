"""What the pages need of a definition: its drawings and its forms. A definition never changes, so it is read once."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from sqlalchemy import Connection, select

from processes.notation.models import read_xml
from processes.store.tables import Definition, ModelFile

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"

KEPT = 64
"""Definitions kept in memory: the versions that running cases are on."""

BOUNDARY, USER_TASK, CALL = "boundaryEvent", "userTask", "callActivity"
CONTAINERS = ("callActivity", "subProcess", "transaction", "adHocSubProcess")


@dataclass(frozen=True)
class Drawing:
    """A process as a diagram file shows it; ``tags`` names the kind of each element (userTask …)."""

    process_id: str
    name: str
    hash: str
    tags: Mapping[str, str]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Models:
    """A definition's drawings, by process id, and forms, by file name. ``root`` is the process it is named after."""

    root: str
    drawings: Mapping[str, Drawing]
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def verb(self, form: str | None, outcome: object) -> str:
        """The title of an outcome of a form; empty when it has none."""
        options = self.forms.get(form or "", {}).get("properties", {}).get("outcome", {}).get("oneOf", [])
        return next((str(one.get("title", "")) for one in options if one.get("const") == outcome), "")

    def name(self, element: str | None) -> str:
        """What the diagrams call an element; empty when none does."""
        return next((each.names[element] for each in self.drawings.values() if element and element in each.names), "")

    def title(self, value: object) -> str:
        """What a value that some form's choices list is called; empty when none does."""
        properties = (each for form in self.forms.values() for each in form.get("properties", {}).values())
        options = (one for each in properties for one in each.get("oneOf", ()))
        return next((str(one.get("title", "")) for one in options if one.get("const") == value), "")


NOTHING = Models("", {})

NOWHERE = Drawing("", "", "", {}, {})
"""For a process that no diagram shows."""

_known: OrderedDict[str, Models] = OrderedDict()
_lock = threading.Lock()


def models(connection: Connection, definition_id: str) -> Models:
    """The drawings and forms of a definition; nothing for one that is not there."""
    with _lock:
        known = _known.get(definition_id)
    if known is not None:
        return known
    row = connection.execute(
        select(Definition.process_id, Definition.files).where(Definition.id == definition_id)
    ).first()
    if row is None:
        return NOTHING
    wanted = {digest: name for name, digest in row.files.items()}
    bodies = select(ModelFile.hash, ModelFile.kind, ModelFile.body)
    bodies = bodies.where(ModelFile.hash.in_(list(wanted)), ModelFile.kind.in_(("bpmn", "json")))
    drawings: dict[str, Drawing] = {}
    forms: dict[str, Mapping[str, Any]] = {}
    for file in connection.execute(bodies):
        if file.kind == "bpmn":
            drawings.update({each.process_id: each for each in read_drawings(file.body, file.hash)})
        else:
            forms[wanted[file.hash].rsplit("/", 1)[-1]] = json.loads(file.body)
    found = Models(row.process_id, drawings, forms)
    with _lock:
        _known[definition_id] = found
        while len(_known) > KEPT:
            _known.popitem(last=False)
    return found


def drawing_file(connection: Connection, digest: str) -> bytes | None:
    """The bytes of a diagram, or None when there is no such diagram."""
    statement = select(ModelFile.body).where(ModelFile.hash == digest, ModelFile.kind == "bpmn")
    return connection.execute(statement).scalar()


def read_drawings(body: bytes, digest: str) -> list[Drawing]:
    """The processes that a diagram file holds. It was checked when it was deployed."""
    root = read_xml(digest, body).root
    drawings = []
    for process in root.iter(f"{BPMN}process"):
        nodes = [node for node in process.iter() if isinstance(node.tag, str) and node.get("id")]
        tags = {str(node.get("id")): etree.QName(node).localname for node in nodes}
        names = {str(node.get("id")): str(node.get("name")) for node in nodes if node.get("name")}
        process_id = str(process.get("id"))
        drawings.append(Drawing(process_id, str(process.get("name") or process_id), digest, tags, names))
    return drawings
