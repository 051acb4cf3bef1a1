"""What a draft may change of a process beside its diagram: its decisions and forms as they are in force, and new ones."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from sqlalchemy import Connection, select

from processes.casework import models_in_force
from processes.casework.forms import in_language
from processes.casework.model_drafts import LARGEST, Draft, NotThisDiagram, text_of
from processes.languages import CHINESE
from processes.notation.bundle import named_files
from processes.notation.check import forms
from processes.notation.check.sanity import kind_by_name
from processes.notation.english import named_in
from processes.notation.models import ParseError, read_xml
from processes.store.tables import Definition, ModelFile

DECISION, FORM = "dmn", "form"
ENDINGS = {DECISION: ".dmn", FORM: ".form.json"}


@dataclass(frozen=True)
class Part:
    """A decision file or form of a draft. ``title``: what it calls itself; ``changed``: whether the draft changes it; ``new``: whether
    nothing like it is in force; ``used``: whether the process names it."""

    name: str
    kind: str
    title: str
    changed: bool = False
    new: bool = False
    used: bool = True


def parts(draft: Draft, bodies: Mapping[str, bytes], language: str = CHINESE) -> Sequence[Part]:
    """The draft's decisions and forms, those in use first. ``bodies``: what is in force there (see :func:`in_force`); ``language``: that of
    their titles."""
    named = _named(draft, bodies)
    added = [name for name in draft.sent if name != draft.file and name not in named]
    return [
        Part(
            name,
            kind,
            title_of(name, draft.sent.get(name) or bodies[name], language),
            name in draft.sent,
            name not in bodies,
            name in named,
        )
        for name in (*named, *added)
        if (kind := kind_of(name, draft.sent.get(name) or bodies[name]))
    ]


def part_in_force(name: str, body: bytes, language: str) -> Part:
    """A decision file or form as no draft changes it."""
    return Part(name, kind_of(name, body), title_of(name, body, language))


def in_force(connection: Connection, draft: Draft, path: Sequence[str]) -> Mapping[str, bytes]:
    """The files in force on a path of places (see ``models_in_force.at``), and where one name stands for several those of the draft's base."""
    held = models_in_force.at(connection, path)
    files: Mapping[str, str] = connection.scalar(select(Definition.files).where(Definition.id == draft.base)) or {}
    rows = connection.execute(select(ModelFile.hash, ModelFile.body).where(ModelFile.hash.in_(list(files.values()))))
    own = {row.hash: row.body for row in rows}
    return {
        **models_in_force.bodies(connection, held.values()),
        **{name: own[digest] for name, digest in files.items()},
    }


def checked(name: str, body: bytes) -> str:
    """The text of a decision file or form as it is kept. Raises :class:`NotThisDiagram`, or ``ParseError`` for what can't be read."""
    if kind_by_name(name) != FORM:
        if len(body) > LARGEST:
            raise NotThisDiagram("文件太大，没有保存。", "the file is too large: it was not saved")
        if read_xml(name, body).kind != DECISION:
            raise NotThisDiagram("收到的不是决策表，没有保存。", "these are no decisions: they were not saved")
        return text_of(body)
    if len(body) > forms.MOST_BYTES:
        raise NotThisDiagram("表单太大，没有保存。请拆成几个表单。", "the form is too large: it was not saved")
    text = text_of(body)
    read_form(text)
    return text


def read_form(text: str) -> Mapping[str, Any]:
    """A form's schema, as far as it can be shown. Raises :class:`NotThisDiagram`."""
    try:
        schema = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotThisDiagram("收到的不是表单，没有保存。", "this is no form: it was not saved") from error
    if not isinstance(schema, dict) or forms.depth(schema) > forms.MOST_DEPTH:
        raise NotThisDiagram(
            "表单的层次太深或不是表单，没有保存。", "this is no form, or nested too deeply: it was not saved"
        )
    return schema


def fresh(kind: str, title: str, process: str, bodies: Mapping[str, bytes]) -> tuple[str, str]:
    """The name and text of a new decision table or form that collides with nothing in ``bodies``."""
    stem = re.sub(r"[^a-z0-9]+", "_", process.lower()).strip("_")[:40] or "process"
    taken = _taken(bodies)
    word = "decision" if kind == DECISION else "form"
    own = next(
        each
        for number in range(1, len(taken) + 2)
        if (each := f"{stem}_{word}_{number}") not in taken
    )  # fmt: skip
    text = _TABLE.format(id=own, title=quoteattr(title)) if kind == DECISION else _empty_form(own, title)
    return own + ENDINGS[kind], text


def kind_of(name: str, body: bytes) -> str:
    """dmn or form; empty for what a draft does not change as such."""
    if kind_by_name(name) == FORM:
        return FORM
    try:
        return DECISION if read_xml(name, body).kind == DECISION else ""
    except ParseError:
        return ""


def title_of(name: str, body: bytes, language: str) -> str:
    """What a decision file or form calls itself, in a language where it has it; else its name."""
    try:
        if kind_by_name(name) == FORM:
            return str(in_language(read_form(body.decode()), language).get("title") or name)
        root = read_xml(name, named_in(body, name, language)).root
    except (ParseError, NotThisDiagram, UnicodeDecodeError):
        return name
    return root.get("name") or name


def _named(draft: Draft, bodies: Mapping[str, bytes]) -> Sequence[str]:
    """The decision files and forms that the draft's diagram names."""
    others = {name: body for name, body in bodies.items() if kind_by_name(name) != "bpmn"}
    try:
        return named_files({**others, **draft.sent}).get(draft.process, (draft.file,))[1:]
    except ParseError:
        return ()


def _taken(bodies: Mapping[str, bytes]) -> Collection[str]:
    """The names that are no longer free, and the ids of decisions."""
    found = {name.partition(".")[0] for name in bodies}
    for name, body in bodies.items():
        found |= models_in_force.decisions_in(name, body)
    return found


def _empty_form(own: str, title: str) -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": own,
        "title": title,
        "type": "object",
        "properties": {},
        "required": [],
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


_TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/"
  xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" id="definitions_{id}" name={title}
  namespace="http://bihuan/{id}" exporter="bihuan" exporterVersion="1">
  <decision id="{id}" name={title}>
    <decisionTable id="{id}_table" hitPolicy="FIRST">
      <input id="{id}_in1" label="条件">
        <inputExpression id="{id}_in1_expression" typeRef="string">
          <text></text>
        </inputExpression>
      </input>
      <output id="{id}_out1" label="结果" name="result" typeRef="string" />
      <rule id="{id}_rule1">
        <inputEntry id="{id}_rule1_in1">
          <text>-</text>
        </inputEntry>
        <outputEntry id="{id}_rule1_out1">
          <text></text>
        </outputEntry>
      </rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="diagram_{id}">
      <dmndi:DMNShape id="shape_{id}" dmnElementRef="{id}">
        <dc:Bounds height="80" width="180" x="160" y="100" />
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
"""
