"""What the campaign puts into force besides the shipped models: where notices reach people, and a diagram with the HTTP connector in it."""

from __future__ import annotations

import csv
import io
import re

from tests.diagrams import boundary, flow, service, user
from tests.faults.world import MODELS

WAYS = ("sms", "dingtalk", "email")
DIAGRAM = MODELS / "problem" / "problem.bpmn"

REGISTER, BY_HAND = "enter_into_register", "register_by_hand"
"""The step that makes a record in an office's system, and the person's task when its answer has no number."""


def reference() -> dict[str, bytes]:
    """The shipped reference data, with an address by every way for each person."""
    folder = MODELS / "reference"
    found = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*.csv")}
    people = csv.DictReader(io.StringIO(found["people.csv"].decode("utf-8-sig")))
    rows = [f"{person},{way},{address(person, way)}" for person in (row["id"] for row in people) for way in WAYS]
    return {**found, "addresses.csv": "\n".join(["person,way,address", *rows]).encode()}


def address(person: str, way: str) -> str:
    """Where a way reaches a person; no two have the same."""
    number = int.from_bytes(person.encode(), "big") % 10**9
    return {"sms": f"139{number:09}", "dingtalk": person, "email": f"{person}@people.example"}[way]


def diagrams() -> dict[str, bytes]:
    """The shipped way of a problem; whoever was in the pool is entered into an office's register at the end."""
    # Which flows a step has is said by the flows; the new ones are in no list.
    text = re.sub(r"<bpmn:(incoming|outgoing)>[^<]*</bpmn:\1>", "", DIAGRAM.read_text("utf-8"))
    for old, new in (
        ("<bpmn:process ", f"{_ERROR}<bpmn:process "),
        ('sourceRef="closed" targetRef="case_closed"', f'sourceRef="closed" targetRef="{REGISTER}"'),
        ("</bpmn:process>", f"{_steps()}</bpmn:process>"),
    ):
        if text.count(old) != 1:
            raise ValueError(f"{old!r} stands {text.count(old)} times in {DIAGRAM}")
        text = text.replace(old, new)
    return {DIAGRAM.name: text.encode()}


_ERROR = '<bpmn:error id="no_number" name="没有编号" errorCode="no_number"/>'


def _steps() -> str:
    """An answer without a number goes to a person: the other side has answered, and what it means is for people to say."""
    asked = {
        "system": '= "registry"',
        "method": '= "POST"',
        "path": '= "/records"',
        "body": "= {case: case.number, original: report.original}",
        "result": '= "{number: body.id}"',
        "errors": '= [{when: "status < 300 and body.id = null", code: "no_number"}]',
    }
    caught = '<bpmn:errorEventDefinition id="no_number_caught" errorRef="no_number"/>'
    return "".join(
        (
            service(REGISTER, "http.request", asked, "registered"),
            boundary("without_number", REGISTER, caught),
            user(BY_HAND, role="coordinator"),
            flow(REGISTER, "case_closed"),
            flow("without_number", BY_HAND),
            flow(BY_HAND, "case_closed"),
        )
    )
