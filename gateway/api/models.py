"""Deploying models and loading reference data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from uuid import uuid4

from flask import Response, jsonify, request
from sqlalchemy import Connection, select, union

from gateway import auditing
from gateway.api.access import BadRequest, blueprint, caller, plain
from gateway.context import services
from processes.casework import loading, model_scenarios, models_in_force
from processes.casework.model_scenarios import Bodies
from processes.clock import Clock
from processes.errors import BihuanError
from processes.failpoints import hit
from processes.notation.bundle import Version, versions
from processes.notation.check.findings import ERROR, Finding
from processes.runtime.commands import Replan
from processes.runtime.definitions import NothingToDeploy
from processes.scenarios.files import ENDING
from processes.scenarios.kept import by_process
from processes.store.tables import TASK_IS_OPEN, Deadline, Timer, UserTask

LONGEST_NAME = 80
"""characters of a file's or folder's name: in any script within the 255 bytes that file systems take"""


@blueprint.post("/deploy")
def deploy() -> Response:
    """Check the uploaded model files together with those in force, and put them into force (at ``place``, if given).

    Files that are not sent stay as they are: one edited diagram is enough, and whatever calls it takes the new one.
    """
    files_sent, place = uploaded(), request.form.get("place", "")
    kept = by_process((Path(name), body) for name, body in files_sent.items() if name.endswith(ENDING))
    sent = {name: body for name, body in files_sent.items() if not name.endswith(ENDING)}
    with services().database.read() as connection:
        if place and place not in services().snapshots.now().reference.places:
            raise BadRequest(f"没有地区“{place}”。", f"no place {place}")
        files = {**_in_force(connection, place, sent), **sent}
    findings = services().check(files)
    wrong = [each for each in findings if each.severity == ERROR]
    if wrong:
        error = f"有 {len(wrong)} 个错误，没有部署。{wrong[0].file}：{wrong[0].zh}"
        return _refused(error, f"{len(wrong)} errors, nothing deployed", findings)
    touched = [each for each in versions(files) if set(each.files) & set(sent)]
    if not touched:
        nothing = NothingToDeploy(sent)
        return _refused(nothing.zh, nothing.en, [each for each in findings if each.file in sent])
    services().engine.deploy(files, place, noted=partial(_note_deployed, touched, kept, place))
    hit("gateway.deployed")
    return jsonify(
        {
            "deployed": [{"process": each.process_id, "name": each.name, "definition": each.id} for each in touched],
            "findings": [each.to_dict() for each in findings if each.file in sent],
        }
    )


def _note_deployed(deployed: Sequence[Version], kept: Bodies, place: str, connection: Connection) -> None:
    for process, files in kept.items():
        model_scenarios.keep(connection, place, process, files)
    for each in deployed:
        auditing.note(connection, "model.deploy", f"definition:{each.id}", process=each.process_id, place=place or None)


def _refused(zh: str, en: str, findings: Sequence[Finding]) -> Response:
    answer = jsonify({"error": zh, "en": en, "findings": [each.to_dict() for each in findings]})
    answer.status_code = 422
    return answer


@blueprint.post("/reference")
def load() -> Response:
    """Load a folder of reference data; due times that rested on a calendar year not loaded before are planned anew."""
    sent, now = uploaded(), services().clock
    with TemporaryDirectory() as folder:
        for name, content in sent.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            summary = _load(Path(folder), now)
        except BihuanError as error:
            auditing.refuse("reference.load", "", reason=error.en)
            raise
    hit("gateway.loaded")
    replanned = _replan() if summary.years else 0
    return jsonify(plain({"changes": summary.changes, "years": summary.years, "replanned": replanned}))


def _load(folder: Path, clock: Clock) -> loading.LoadSummary:
    with services().database.write() as connection:
        summary = loading.load(connection, folder, clock)
        changed = ", ".join(f"{name} +{new} ~{other} -{gone}" for name, (new, other, gone) in summary.changes.items())
        auditing.note(connection, "reference.load", changed=changed or None)
    return summary


def uploaded() -> dict[str, bytes]:
    """The files of the form, by name; names that lead out of the folder are refused."""
    found: dict[str, bytes] = {}
    for file in request.files.getlist("files"):
        name = PurePosixPath((file.filename or "").replace("\\", "/"))
        unfit = any(len(each) > LONGEST_NAME for each in name.parts) or not str(name).isprintable()
        if not name.name or unfit or name.is_absolute() or ".." in name.parts:
            raise BadRequest(
                f"文件名“{''.join(filter(str.isprintable, str(name)))[:60]}”不能用。",
                "a file name that is not accepted",
            )
        found[str(name)] = file.read()
    if not found:
        raise BadRequest("没有收到文件，请以 multipart/form-data 的 files 字段上传。", "no files")
    return found


def _in_force(connection: Connection, place: str, sent: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files in force at a place, without those whose processes or decisions the sent ones bring."""
    path = (*services().snapshots.now().reference.path(place), "") if place else ("",)
    return models_in_force.bodies(connection, models_in_force.at(connection, path).values(), sent)


def _replan() -> int:
    """Plan every provisional due time anew; returns for how many instances."""
    tables = (Timer.instance_id, Timer.provisional), (Deadline.instance_id, Deadline.provisional)
    open_tasks = select(UserTask.instance_id).where(TASK_IS_OPEN, UserTask.provisional)
    with services().database.read() as connection:
        waiting = union(open_tasks, *(select(column).where(flag) for column, flag in tables))
        instances = list(connection.execute(waiting).scalars())
    for instance in instances:
        try:
            services().engine.execute(Replan(f"replan:{uuid4()}", instance, actor=caller()))
        except BihuanError:
            continue  # It ended meanwhile, or is suspended: then its timers wait anyway.
    return len(instances)
