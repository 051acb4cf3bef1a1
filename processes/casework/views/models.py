"""What the pages need of a definition: its drawings and its forms. A definition never changes, so it is read once."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lxml import etree
from sqlalchemy import Connection, select

from processes.casework.forms import in_language
from processes.languages import CHINESE, ENGLISH, say
from processes.notation.english import INSTRUCTIONS_EN, NAME_EN, NEXT_EN, english_of, named_in
from processes.notation.models import read_xml
from processes.store.tables import Definition, ModelFile

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"

KEPT = 64
"""Definitions kept in memory: the versions that running cases are on."""

SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"

BOUNDARY, USER_TASK, CALL = "boundaryEvent", "userTask", "callActivity"
CONTAINERS = ("callActivity", "subProcess", "transaction", "adHocSubProcess")


@dataclass(frozen=True)
class Drawing:
    """A process as a diagram file shows it; ``tags`` names the kind of each element (userTask …). ``nexts`` and ``instructions``: what a
    drawing in English says of its user tasks; in Chinese a task itself says it."""

    process_id: str
    name: str
    hash: str
    tags: Mapping[str, str]
    names: Mapping[str, str]
    nexts: Mapping[str, str] = field(default_factory=dict)
    instructions: Mapping[str, str] = field(default_factory=dict)
    waits: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    """what elements wait for outside: ``job`` and its topic, ``message`` and its name"""
    calls: Mapping[str, str] = field(default_factory=dict)
    """the processes that call activities call"""


class TaskLike(Protocol):
    """A row of ``UserTask``, as far as it has words."""

    process_id: Any
    element_id: Any
    name: Any
    instructions: Any
    next: Any


@dataclass(frozen=True)
class TaskWords:
    """What a user task is called, what is to be done, and what happens next."""

    name: str
    instructions: str
    next: str


@dataclass(frozen=True)
class Models:
    """A definition's drawings, by process id, and forms, by file name, in a language where they have it. ``root`` is the process it is
    named after."""

    root: str
    drawings: Mapping[str, Drawing]
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    language: str = CHINESE
    titles: Mapping[str, str] = field(default_factory=dict)
    """the English of the Chinese titles of the forms' fields, when they are in English"""

    @property
    def calls(self) -> Mapping[str, str]:
        """The activities that call a process which there is a drawing of → that process."""
        found = {each: process for drawing in self.drawings.values() for each, process in drawing.calls.items()}
        return {each: process for each, process in found.items() if process in self.drawings}

    def verb(self, form: str | None, outcome: object) -> str:
        """The title of an outcome of a form; empty when it has none."""
        options = self.forms.get(form or "", {}).get("properties", {}).get("outcome", {}).get("oneOf", [])
        return next((str(one.get("title", "")) for one in options if one.get("const") == outcome), "")

    def name(self, element: str | None) -> str:
        """What the diagrams call an element; empty when none does."""
        return next((each.names[element] for each in self.drawings.values() if element and element in each.names), "")

    def task(self, row: TaskLike) -> TaskWords:
        """What a user task says."""
        drawing = self.drawings.get(row.process_id, NOWHERE)
        element = row.element_id
        return TaskWords(
            drawing.names.get(element) or row.name,
            drawing.instructions.get(element) or row.instructions,
            drawing.nexts.get(element) or row.next,
        )

    def called(self, title: str) -> str:
        """What a field of a form is called, by its Chinese title."""
        return self.titles.get(title, title)

    def say(self, zh: str, en: str) -> str:
        """The words of the language."""
        return say(self.language, zh, en)

    def element(self, process: str, element: str) -> str:
        """What the diagram of a process calls an element; empty when it does not."""
        return self.drawings.get(process, NOWHERE).names.get(element, "")

    def waits(self, element: str) -> Sequence[tuple[str, str]]:
        """What an element waits for outside (see :class:`Drawing`)."""
        return next((each.waits[element] for each in self.drawings.values() if element in each.waits), ())

    def process(self, process: str) -> str:
        """What a process is called; empty when no diagram shows it."""
        return self.drawings.get(process, NOWHERE).name

    def title(self, value: object) -> str:
        """What a value that some form's choices list is called; empty when none does."""
        properties = (each for form in self.forms.values() for each in form.get("properties", {}).values())
        options = (one for each in properties for one in each.get("oneOf", ()))
        return next((str(one.get("title", "")) for one in options if one.get("const") == value), "")


NOTHING = Models("", {})

NOWHERE = Drawing("", "", "", {}, {})
"""For a process that no diagram shows."""

_known: OrderedDict[tuple[str, str], Models] = OrderedDict()
_lock = threading.Lock()


def models(connection: Connection, definition_id: str, language: str = CHINESE) -> Models:
    """The drawings and forms of a definition; nothing for one that is not there."""
    key = (definition_id, language)
    with _lock:
        known = _known.get(key)
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
    titles: dict[str, str] = {}
    for file in connection.execute(bodies):
        if file.kind == "bpmn":
            drawings.update({each.process_id: each for each in read_drawings(file.body, file.hash, language)})
        else:
            read = json.loads(file.body)
            shown = forms[wanted[file.hash].rsplit("/", 1)[-1]] = in_language(read, language)
            titles |= _titles(read, shown)
    found = Models(row.process_id, drawings, forms, language, titles)
    with _lock:
        _known[key] = found
        while len(_known) > KEPT:
            _known.popitem(last=False)
    return found


def _titles(read: Mapping[str, Any], shown: Mapping[str, Any]) -> Mapping[str, str]:
    """The titles of a form's fields as they are read, with those that are shown."""
    fields: Mapping[str, Any] = shown.get("properties", {})
    return {
        str(each.get("title", "")): str(fields[name].get("title", ""))
        for name, each in read.get("properties", {}).items()
    }


def drawing_file(connection: Connection, digest: str, language: str = CHINESE) -> bytes | None:
    """A diagram, with its names in a language where they have it, or None when there is no such diagram."""
    body = connection.execute(select(ModelFile.body).where(ModelFile.hash == digest, ModelFile.kind == "bpmn")).scalar()
    return None if body is None else named_in(body, digest, language)


def drawing_text(connection: Connection, digest: str, language: str = CHINESE) -> str:
    """The same as text, without a declaration of how it is written down; empty when there is no such diagram."""
    body = drawing_file(connection, digest, language)
    return "" if body is None else etree.tostring(read_xml(digest, body).root, encoding="unicode")


def read_drawings(body: bytes, digest: str, language: str = CHINESE) -> list[Drawing]:
    """The processes that a diagram file holds. It was checked when it was deployed."""
    root = read_xml(digest, body).root
    messages = {str(each.get("id")): str(each.get("name")) for each in root.iter(f"{BPMN}message")}
    drawings = []
    for process in root.iter(f"{BPMN}process"):
        nodes = [node for node in process.iter() if isinstance(node.tag, str) and node.get("id")]
        tags = {str(node.get("id")): etree.QName(node).localname for node in nodes}
        names = {str(node.get("id")): str(node.get("name")) for node in nodes if node.get("name")}
        english = {str(node.get("id")): said for node, said in english_of(process)} if language == ENGLISH else {}
        names |= _each(english, NAME_EN)
        process_id = str(process.get("id"))
        drawings.append(
            Drawing(
                process_id,
                english.get(process_id, {}).get(NAME_EN) or str(process.get("name") or process_id),
                digest,
                tags,
                names,
                _each(english, NEXT_EN),
                _each(english, INSTRUCTIONS_EN),
                {str(node.get("id")): found for node in nodes if (found := _waits(node, messages))},
                {str(node.get("id")): node.get("calledElement", "") for node in nodes if node.get("calledElement")},
            )
        )
    return drawings


def _each(said: Mapping[str, Mapping[str, str]], name: str) -> dict[str, str]:
    return {element: properties[name] for element, properties in said.items() if name in properties}


def _waits(node: Any, messages: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    jobs = node.iterfind(f"{BPMN}extensionElements/{SPIFF}serviceTaskOperator")
    named = [each.get("messageRef") for each in (node, *node.iterfind(f"{BPMN}messageEventDefinition"))]
    return [("job", str(each.get("id"))) for each in jobs] + [
        ("message", messages[each]) for each in named if each in messages
    ]
