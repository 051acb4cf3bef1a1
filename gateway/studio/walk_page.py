"""What the page of a walk shows: where it stands on the drawings, what waits, and what came of each step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from sqlalchemy import Connection

from gateway.context import services
from gateway.languages import language
from gateway.staff import forms as faces
from gateway.staff.pages import snapshot
from gateway.studio import step_words, waits
from gateway.studio.stages import House
from gateway.studio.waits import Wait, json_of
from processes.casework import model_drafts
from processes.casework.model_drafts import Draft
from processes.casework.model_walks import Walk
from processes.casework.views import diagram as drawings
from processes.casework.views.models import Models, models
from processes.languages import CHINESE
from processes.messaging.json_text import from_json
from processes.notation.civil_time import CIVIL_TIME
from processes.scenarios.files import MONDAY
from processes.scenarios.ruling import Rule
from processes.scenarios.stage import Stage
from processes.scenarios.standing import Standing
from processes.scenarios.walking import Walked

OPENING = 9
"""o'clock at which a walk begins unless somebody says otherwise"""

LONG = 4_000
"""characters of a value that are shown"""


# -- the beginning ---------------------------------------------------------------------------------------------------------


def beginning(draft: Draft, stage: Stage) -> Mapping[str, Any]:
    """What can be chosen before the first step: the beginning of a scenario, or another."""
    scenarios = {file: from_json(text) for file, text in draft.scenarios.items()}
    chosen = request.values.get("from", next(iter(scenarios), ""))
    given = scenarios.get(chosen, {}).get("given", {})
    known = snapshot().reference
    places = [each for each in known.places if not draft.place or draft.place in known.path(each)]
    first = next((each for each in places if all(known.superior(one) != each for one in places)), "")
    typed = request.form if request.method == "POST" else {}
    return {
        "scenarios": {file: str(each.get("name", file)) for file, each in scenarios.items()},
        "chosen": chosen,
        "places": {each: known.place_name(each) for each in places},
        "place": typed.get("place", given.get("place") or first),
        "time": typed.get("time", given.get("time", MONDAY if chosen in scenarios else _opening())),
        "variables": typed.get("variables", _pretty(given.get("variables", {}))),
        "answers": typed.get("answers", _pretty(given.get("answers", {}))),
        "payload": typed.get("payload", _pretty(given.get("start", {}).get("payload", {}))),
        "start": typed.get("start", _start_of(given)),
        "starts": _starts(draft, stage),
    }


def given_of(form: Mapping[str, str]) -> Mapping[str, Any]:
    """The ``given`` that was typed. Raises :class:`NotTaken`."""
    given: dict[str, Any] = {"time": form.get("time", "")[:16], "place": form.get("place", "")}
    given["variables"] = json_of(form.get("variables", ""), "variables")
    kind, _colon, name = form.get("start", "").partition(":")
    if kind:
        given["start"] = {kind: name, "payload": json_of(form.get("payload", ""), "payload")}
    answers = json_of(form.get("answers", ""), "answers")
    return {**given, "answers": answers} if answers else given


def _opening() -> str:
    return f"{services().clock.now().astimezone(CIVIL_TIME).replace(hour=OPENING, minute=0):%Y-%m-%dT%H:%M}"


def _start_of(given: Mapping[str, Any]) -> str:
    start = given.get("start", {})
    return next((f"{kind}:{start[kind]}" for kind in ("message", "signal", "timer") if kind in start), "")


def _starts(draft: Draft, stage: Stage) -> Mapping[str, str]:
    """In which ways the process can begin: value → words."""
    definitions = stage.engine.definitions
    with stage.database.read() as inside:
        definition = definitions.in_force(inside).definition(draft.process, "")
        known = models(inside, definition, language())
    process = definitions.process(definition)
    found = {"": ""} if process.scope.starts or not process.starts else {}
    for each in process.starts:
        name = each.node_id if each.kind == "timer" else each.name
        found[f"{each.kind}:{name}"] = known.element(draft.process, each.node_id) or each.name
    return found


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


# -- where it stands -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tab:
    """A drawing of a process with its marks; ``address``: of what is in no version."""

    drawing: drawings.Diagram
    marks: Mapping[str, Any]
    address: str


@dataclass(frozen=True)
class Past:
    """A step that was taken: in words, what it brought, and what was come through by it. ``back``: how many steps are before it."""

    words: str
    brought: Sequence[tuple[str, str]]
    through: Sequence[str]
    back: int


@dataclass(frozen=True)
class Ruled:
    """A decision that was taken, with the rules that hit."""

    where: str
    rules: Sequence[Rule]


def standing_at(
    found: House,
    draft: Draft,
    walk: Walk,
    walked: Walked,
    now: Standing,
    wait: Wait | None,
    errors: Mapping[str, str] | None,
) -> Mapping[str, Any]:
    """What ``studio/try.html`` takes."""
    stage = found.walker.stage
    with stage.database.read() as inside:
        known = waits.of_instances(inside, now)
        waiting = waits.waits(now, known)
        form = _form(inside, stage, wait, errors) if wait is not None else {}
    own = known.get(walked.instance) or next(iter(known.values()), None)
    return {
        "now": now.now,
        "state": now.instances[0].status if now.instances else "",
        "tabs": _tabs(stage, draft, now, known),
        "calls": {each: process for models in known.values() for each, process in models.calls.items()},
        "waiting": waiting,
        "wait": wait,
        "failure": walked.failure,
        "failed_at": walked.taken,
        "past": _past(walk, walked, known),
        "begun": _through(walked, 0, known),
        "troubles": [
            (known[each.instance_id].name(each.element_id), each.detail) for each in now.incidents if each.instance_id
        ],
        "ruled": _ruled(found, now, known),
        "variables": _variables(stage, walked),
        **form,
        "root": own.root if own is not None else "",
    }


def _form(inside: Connection, stage: Stage, wait: Wait, errors: Mapping[str, str] | None) -> Mapping[str, Any]:
    typed = dict(request.form.items()) if errors else None
    if wait.kind == waits.TASK:
        asked = waits.asked(inside, stage, wait.row)
        view = asked.view(faces.typed(asked.form, request.form) if errors else {}, errors)
        known = models(inside, wait.row.definition_id, language())
        return {"form": view, "says": known.task(wait.row), "who": _who(wait.row)}
    if wait.kind == waits.JOB:
        return {
            "fields": waits.result_fields(wait, typed, errors),
            "codes": waits.errors_of(wait),
            "arguments": _lines(wait.row.arguments),
        }
    if wait.kind in (waits.MESSAGE, waits.BROADCAST):
        return {"fields": waits.payload_fields(wait, typed, errors)}
    return {}


def _who(row: Any) -> str:
    known = snapshot().reference
    organisation = known.organisations.get(row.organisation or "")
    parts = [
        organisation.name if organisation else known.place_name(row.place or ""),
        known.roles.get(row.role or "", ""),
    ]
    return " ".join(each for each in parts if each)


def _tabs(stage: Stage, draft: Draft, now: Standing, known: Mapping[str, Models]) -> Sequence[Tab]:
    chosen = None if language() == CHINESE else language()
    edited = dict.fromkeys(
        model_drafts.hashes(draft).values(), url_for("studio.drawing", draft_id=draft.id, language=chosen)
    )
    tabs: dict[str, Tab] = {}
    for instance, models_of in known.items():
        for one in drawings.diagrams(models_of, now.entries[instance], _standing_of(instance, now)):
            flows = {
                flow: {"state": "done", "note": ""} for process, flow in stage.record.flows if process == one.process_id
            }
            marks = {
                **flows,
                **{element: {"state": mark.state, "note": mark.note} for element, mark in one.marks.items()},
            }
            if one.process_id not in tabs or one.current:
                tabs[one.process_id] = Tab(one, marks, edited.get(one.hash, ""))
    return list(tabs.values())


def _standing_of(instance: str, now: Standing) -> drawings.Standing:
    def mine(rows: Sequence[Any]) -> Sequence[Any]:
        return [each for each in rows if each.instance_id == instance]

    return drawings.Standing(
        tasks=[
            (each.process_id, each.element_id, each.due_at is not None and each.due_at < now.now, "")
            for each in mine(now.tasks)
        ],
        waits=[each.element_id for each in (*mine(now.timers), *mine(now.subscriptions))],
        failed={each.element_id: each.detail for each in mine(now.incidents) if each.element_id},
    )


def _past(walk: Walk, walked: Walked, known: Mapping[str, Models]) -> Sequence[Past]:
    says = step_words.Words(list(known.values()))
    return [
        Past(says.words(each), says.said(each), _through(walked, at + 1, known), at)
        for at, each in enumerate(walk.steps[: walked.taken])
    ]


def _through(walked: Walked, at: int, known: Mapping[str, Models]) -> Sequence[str]:
    """The names of what was come through in a part; what has no name is nothing that people speak of."""
    if at >= len(walked.parts):
        return ()
    first = walked.parts[at - 1] if at else 0
    names = (
        next((found for each in known.values() if (found := each.element(one.process, one.element))), "")
        for one in walked.reached[first : walked.parts[at]]
    )
    return [each for each in names if each]


def _ruled(found: House, now: Standing, known: Mapping[str, Models]) -> Sequence[Ruled]:
    """The last first."""
    return [
        Ruled(
            known[each.instance].name(each.element) or each.element,
            [found.rules[each.decision, rule] for rule in each.rules if (each.decision, rule) in found.rules],
        )
        for each in reversed(now.decisions)
    ]


def _variables(stage: Stage, walked: Walked) -> Sequence[tuple[str, str]]:
    return _lines(stage.instance(walked.instance).variables) if walked.instance else ()


def _lines(values: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(name, _line(value)) for name, value in values.items()]


def _line(value: Any) -> str:
    text = value if isinstance(value, str) else _pretty(value)
    return text if len(text) <= LONG else text[:LONG] + "…"
