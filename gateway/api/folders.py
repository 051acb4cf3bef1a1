"""Models as folders: what is in force at a place, and what a folder changes of it (``app.py models pull`` and ``push``)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from flask import Response, jsonify, request
from sqlalchemy import Connection

from gateway import auditing
from gateway.api.access import BadRequest, blueprint
from gateway.api.models import uploaded
from gateway.context import services
from processes.casework import model_scenarios, model_trials, models_in_force
from processes.casework.model_scenarios import Bodies
from processes.casework.model_trials import Trial
from processes.casework.model_versions import Subject, put_in_force, subject
from processes.notation.bundle import BPMN, named_files
from processes.notation.check.findings import ERROR
from processes.notation.models import ParseError, is_passed_over, read_xml
from processes.scenarios.files import ENDING
from processes.scenarios.kept import by_process

SHARED = "shared"
"""The folder of what no diagram names itself."""


@blueprint.get("/models")
def folders() -> Response:
    """The files in force at ``place``, each with the folder that it belongs to, and the scenarios of each process."""
    with services().database.read() as connection:
        path = _path(request.args.get("place", ""))
        held = models_in_force.at(connection, path)
        files = models_in_force.bodies(connection, held.values())
        named = model_scenarios.bodies(connection, model_scenarios.at(connection, path))
    homes = _homes(files)
    models = [
        {"name": name, "folder": homes.get(name, SHARED), "body": b64encode(body).decode()}
        for name, body in sorted(files.items())
    ]
    drawn = {process: names[0] for process, names in named_files(files).items()}
    scenarios = [
        {"name": name, "process": process, "beside": drawn[process], "body": b64encode(body).decode()}
        for process, each in sorted(named.items())
        if process in drawn
        for name, body in sorted(each.items())
    ]
    return jsonify({"models": models, "scenarios": scenarios})


def _homes(files: Mapping[str, bytes]) -> Mapping[str, str]:
    """File → the folder of the first diagram that is it or names it."""
    found: dict[str, str] = {}
    for drawing, *named in sorted(map(list, named_files(files).values())):
        folder = drawing.partition(".")[0]
        found[drawing] = folder
        for each in named:
            found.setdefault(each, folder)
    return found


@blueprint.post("/models")
def push() -> Response:
    """Check what is sent, let its scenarios be played, and put what has changed into force. ``state`` of the answer: ``unchanged``; ``wrong``
    (422, with ``findings`` and ``failed``); ``playing`` (202, with the ``trial`` to be asked for; send the same again when it is done); ``fine``
    for a ``dry_run``; ``deployed``."""
    place, reason = request.form.get("place", ""), request.form.get("reason", "").strip()[:500]
    path, here = _path(place), services()
    with here.database.read() as connection:
        change = _change(connection, path, uploaded())
        trial = model_trials.of(connection, change)
    if not change.touched and not change.kept:
        wrong = _wrong(change)
        return _answer("wrong", 422, findings=wrong) if wrong else _answer("unchanged")
    findings = [each.to_dict() for each in here.check(change.files)]
    if any(each["severity"] == ERROR for each in findings):
        return _answer("wrong", 422, findings=findings)
    if trial is None:
        with here.database.write() as connection:
            model_trials.ask(connection, change, here.clock.now())
    if trial is None or not trial.is_done:
        return _answer("playing", 202, trial=change.id)
    said: dict[str, Any] = {"findings": findings, "scenarios": len(trial.results), "processes": _named(change)}
    if trial.failed and not reason:
        return _answer("wrong", 422, **said, failed=[vars(each) for each in trial.failed])
    if request.form.get("dry_run"):
        return _answer("fine", **said)
    with here.database.write() as connection:
        put_in_force(connection, here.engine.definitions, change, here.clock.now())
        _note(connection, change, trial, reason)
    return _answer("deployed", **said)


@blueprint.get("/models/trials/<trial_id>")
def trial(trial_id: str) -> Response:
    """How far the scenarios of a push are; one that is not there any more is over."""
    with services().database.read() as connection:
        found = model_trials.one(connection, trial_id) or model_trials.NOTHING
    return jsonify({"total": found.total, "played": len(found.results), "done": found.is_done})


def _path(place: str) -> Sequence[str]:
    reference = services().snapshots.now().reference
    if place and place not in reference.places:
        raise BadRequest(f"没有地区“{place}”。", f"no place {place}")
    return (*reference.path(place), "") if place else ("",)


def _change(connection: Connection, path: Sequence[str], sent: Mapping[str, bytes]) -> Subject:
    """What is sent and is otherwise than what is in force. Of each process whose diagram is sent, the scenarios are those that are sent."""
    models = {PurePosixPath(name).name: body for name, body in sent.items() if not name.endswith(ENDING)}
    scenarios = by_process((Path(name), body) for name, body in sent.items() if name.endswith(ENDING))
    now = models_in_force.bodies(connection, models_in_force.at(connection, path).values())
    changed = {name: body for name, body in models.items() if now.get(name) != body}
    kept: Bodies = model_scenarios.bodies(connection, model_scenarios.at(connection, path))
    wanted = {process: scenarios.get(process, {}) for process in {*_drawn(models), *scenarios}}
    other = {process: files for process, files in wanted.items() if dict(kept.get(process, {})) != dict(files)}
    return subject(connection, path, changed, other)


def _drawn(models: Mapping[str, bytes]) -> set[str]:
    """The processes whose diagrams these are; what can't be read is the check's."""
    found: set[str] = set()
    for name, body in models.items():
        if not is_passed_over(name):
            try:
                found |= {str(each.get("id")) for each in read_xml(name, body).root.iter(BPMN + "process")}
            except ParseError:
                continue
    return found


def _wrong(change: Subject) -> list[dict[str, Any]]:
    """The errors of files that can't be read: so nothing is touched by them."""
    found = services().check(change.files) if change.sent else ()
    return [each.to_dict() for each in found if each.severity == ERROR]


def _named(change: Subject) -> list[dict[str, str]]:
    touched = [{"process": each.process_id, "name": each.name, "version": each.id} for each in change.touched]
    only = set(change.kept) - {each.process_id for each in change.touched}
    return touched + [{"process": each, "name": each, "version": ""} for each in sorted(only)]


def _note(connection: Connection, change: Subject, trial: Trial, reason: str) -> None:
    place, failed = change.place or None, len(trial.failed) or None
    for each in change.touched:
        about, why = f"definition:{each.id}", reason if failed else None
        auditing.note(
            connection,
            "model.deploy",
            about,
            process=each.process_id,
            place=place,
            way="push",
            failed=failed,
            reason=why,
        )
    for process in change.kept:
        auditing.note(connection, "model.scenarios", f"process:{process}", place=place, way="push")


def _answer(state: str, status: int = 200, **more: Any) -> Response:
    answer = jsonify({"state": state, **more})
    answer.status_code = status
    return answer
