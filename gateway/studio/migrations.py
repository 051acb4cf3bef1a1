"""迁移在办问题: running cases are taken from an old version of their process to another one: mapped, tried, and then carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, Row
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.instances.search import processes_of
from gateway.languages import language
from gateway.staff.pages import show, snapshot, viewer
from gateway.staff.viewer import places_for
from gateway.studio.pages import PAGE, blueprint
from processes.casework import bulk
from processes.casework import migration_plans as plans
from processes.casework.views import pairing
from processes.casework.views.instances import operations, versions
from processes.casework.views.models import models
from processes.kernel import migration as kernel
from processes.kernel.migration import KEPT, RESET, STUCK

LONGEST_REASON = 500

MOVABLE = (KEPT, RESET)


def mine() -> set[str]:
    """The places whose cases the viewer may migrate."""
    reference = snapshot().reference
    return {below for place in places_for(PAGE, viewer().authority) for below in reference.under(place)}


def outcomes() -> Mapping[str, str]:
    """What can become of a case."""
    return {
        STUCK: _("迁不了"),
        RESET: _("能迁，有步骤重新开始"),
        KEPT: _("能迁，原样继续"),
        plans.GONE: _("已不需要迁"),
    }


def states() -> Mapping[str, str]:
    """How far an operation is."""
    return {
        "collecting": _("正在查找"),
        "running": _("正在进行"),
        "done": _("已完成"),
        "stopped": _("已停止"),
    }


def acts() -> Mapping[str, str]:
    """What can be done with a plan."""
    return {plans.TRY: _("试迁"), plans.MIGRATE: _("迁移")}


@blueprint.get("/migrations")
def migrations() -> Response:
    """From which version to which? And what was planned before."""
    with services().database.read() as connection:
        processes = processes_of(connection)
        process = request.args.get("process", "")
        process = process if process in processes else next(iter(processes), "")
        listed = versions.of(connection, process)
        running = plans.running(connection, [each.id for each in listed])
        made = [each for each in plans.of_process(connection, process) if set(each.places) <= mine()]
    newest = next((each.id for each in listed if each.places), listed[0].id if listed else "")
    source = request.args.get("source", "")
    older = [each for each in listed if each.id != newest]
    busiest = max(older, key=lambda each: running.get(each.id, 0), default=None)
    return show(
        "studio/migrations.html",
        here="studio",
        processes=processes,
        process=process,
        versions=listed,
        running=running,
        target=newest,
        source=source if source in running else busiest.id if busiest else "",
        made=made,
        who=snapshot().reference.person_name,
    )


@blueprint.post("/migrations")
def plan_migration() -> AnyResponse:
    """A plan for two versions of a process, with what is proposed."""
    here, process = services(), request.form.get("process", "")
    source, target = request.form.get("source", ""), request.form.get("target", "")
    with here.database.write() as connection:
        known = [each.id for each in versions.of(connection, process)]
        if source not in known or target not in known:
            abort(404)
        if source == target:
            flash(_("请选择两个不同的版本。"))
            return redirect(url_for("studio.migrations", process=process))
        plan = plans.begin(connection, here.engine, process, source, target, viewer().id, mine())
        auditing.note(connection, "migration.plan", f"migration:{plan}")
    return redirect(url_for("studio.migration", plan_id=plan))


@blueprint.get("/migrations/<plan_id>")
def migration(plan_id: str) -> Response:
    """The two versions beside each other, and what has become of the plan so far."""
    with services().database.read() as connection:
        plan = _own(connection, plan_id)
        old, new = _side(connection, plan.source), _side(connection, plan.target)
        known = {each.id: each for each in versions.of(connection, plan.process_id)}
        count = plans.running(connection, [plan.source]).get(plan.source, 0)
        done = plans.operations(connection, plan_id)
    steps = pairing.steps(old, new, plan.mapping)
    return show(
        "studio/migration.html",
        here="studio",
        plan=plan,
        name=new.known.process(plan.process_id) or plan.process_id,
        old=old.known,
        new=new.known,
        versions=known,
        steps=steps,
        alike=[each for each in steps if each.stands and each.options.get(each.target) == each.name],
        differing=[each for each in steps if each.stands and each.options.get(each.target) != each.name],
        count=count,
        done=done,
        acts=acts(),
        states=states(),
        who=snapshot().reference.person_name,
        **_marks(steps, pairing.added(new, plan.mapping)),
    )


@blueprint.post("/migrations/<plan_id>/mapping")
def map_steps(plan_id: str) -> AnyResponse:
    """Keep which step is which, as it was chosen, or as it is proposed."""
    here, form = services(), request.form
    with here.database.write() as connection:
        plan = _own(connection, plan_id)
        of = here.engine.definitions.process
        if "proposed" in form:
            said = kernel.to_json(plans.proposal(connection, here.engine, plan.source, plan.target))
        else:
            chosen = {name[3:]: value for name, value in form.items() if name.startswith("to:") and value}
            said = pairing.fitting(of(plan.source, connection), of(plan.target, connection), chosen)
        plans.change(connection, plan_id, said, "timers_anew" in form)
        auditing.note(connection, "migration.map", f"migration:{plan_id}")
    flash(_("对应关系已保存，请重新试迁。"))
    return redirect(url_for("studio.migration", plan_id=plan_id))


@blueprint.post("/migrations/<plan_id>/try")
def try_migration(plan_id: str) -> AnyResponse:
    """See what would become of every running case."""
    here = services()
    with here.database.write() as connection:
        plan = _own(connection, plan_id)
        said = {"revision": plan.revision}
        operation = bulk.begin(
            connection, plans.TRY, "", viewer().id, plan.places, here.clock.now(), said=said, plan_id=plan_id
        )
    return redirect(url_for("studio.migrating", plan_id=plan_id, operation_id=operation))


@blueprint.get("/migrations/<plan_id>/operations/<operation_id>")
def migrating(plan_id: str, operation_id: str) -> Response:
    """How far it is, and what becomes of each case."""
    return _shown(plan_id, operation_id)


@blueprint.post("/migrations/<plan_id>/operations/<operation_id>/stop")
def stop_migrating(plan_id: str, operation_id: str) -> AnyResponse:
    """Leave the rest where it is."""
    here = services()
    with here.database.write() as connection:
        _own_operation(connection, _own(connection, plan_id), operation_id)
        bulk.stop(connection, operation_id, here.clock.now())
        auditing.note(connection, "migration.stop", f"operation:{operation_id}")
    flash(_("已停止：还没有迁的留在原来的版本上。"))
    return redirect(url_for("studio.migrating", plan_id=plan_id, operation_id=operation_id))


@blueprint.post("/migrations/<plan_id>/operations/<operation_id>/migrate")
def migrate(plan_id: str, operation_id: str) -> AnyResponse:
    """Take the cases that were tried to the other version: all that can go, those of an outcome, or those that were ticked."""
    here, form = services(), request.form
    reason = form.get("reason", "").strip()[:LONGEST_REASON]
    which = form.get("which", "")
    with here.database.read() as connection:
        plan = _own(connection, plan_id)
        tried = _own_operation(connection, plan, operation_id)
    if tried.act != plans.TRY or tried.said.get("revision") != plan.revision:
        return _shown(plan_id, operation_id, _("对应关系改过了，请重新试迁。"))
    if not reason:
        return _shown(plan_id, operation_id, _("请写明原因：它会留在办理记录里。"))
    with here.database.write() as connection:
        chosen = _ticked(connection, operation_id, form.getlist("id")) if which == "chosen" else []
        if which == "chosen" and not chosen:
            return _shown(plan_id, operation_id, _("请先勾选要迁的问题。"))
        wanted = [which] if which in MOVABLE else list(MOVABLE)
        said = {} if chosen else {"tried": operation_id, "outcomes": wanted}
        operation = bulk.begin(
            connection, plans.MIGRATE, reason, viewer().id, plan.places, here.clock.now(), said=said, chosen=chosen, plan_id=plan_id
        )  # fmt: skip
        auditing.note(connection, "migration.run", f"operation:{operation}", reason=reason)
    return redirect(url_for("studio.migrating", plan_id=plan_id, operation_id=operation))


# -- what there is ---------------------------------------------------------------------------------------------------


def _own(connection: Connection, plan_id: str) -> Row[Any]:
    """A plan whose cases are all the viewer's to migrate; anything else is not found."""
    plan = plans.one(connection, plan_id)
    if plan is None or not set(plan.places) <= mine():
        abort(404)
    return plan


def _own_operation(connection: Connection, plan: Row[Any], operation_id: str) -> Row[Any]:
    row = operations.one(connection, operation_id, plan.places)
    if row is None or row.plan_id != plan.id:
        abort(404)
    return row


def _ticked(connection: Connection, operation_id: str, ids: Sequence[str]) -> list[str]:
    """Those of them that the trial has found movable."""
    wanted = set(ids[: bulk.MOST_CHOSEN])
    return plans.of_these(connection, operation_id, wanted, MOVABLE)


def _side(connection: Connection, definition: str) -> pairing.Side:
    return pairing.Side(
        services().engine.definitions.process(definition, connection), models(connection, definition, language())
    )


def _marks(steps: Sequence[pairing.Step], added: Sequence[str]) -> dict[str, Any]:
    """What the diagrams show at each element: the number of its pair, or that it has none."""
    sides: dict[str, dict[str, dict[str, dict[str, str]]]] = {"old_marks": {}, "new_marks": {}}
    for number, step in enumerate(steps, start=1):
        mark = {"pair": str(number)} if step.target else {"state": "removed", "note": _("新版本中没有对应的步骤")}
        sides["old_marks"].setdefault(step.process, {})[step.element] = mark
        if step.target:
            process, _slash, element = step.target.partition("/")
            sides["new_marks"].setdefault(process, {})[element] = mark
    for each in added:
        process, _slash, element = each.partition("/")
        sides["new_marks"].setdefault(process, {})[element] = {"state": "added", "note": _("新版本多出的步骤")}
    return sides


def _shown(plan_id: str, operation_id: str, wrong: str = "") -> Response:
    with services().database.read() as connection:
        plan = _own(connection, plan_id)
        row = _own_operation(connection, plan, operation_id)
        counts = plans.counts(connection, operation_id)
        asked = request.args.get("outcome", "")
        outcome = asked if asked in counts else next((each for each in plans.OUTCOMES if counts.get(each)), KEPT)
        items = plans.items(connection, operation_id, outcome)
        name = models(connection, plan.target, language()).process(plan.process_id)
    return show(
        "studio/migrating.html",
        422 if wrong else 200,
        here="studio",
        plan=plan,
        row=row,
        name=name or plan.process_id,
        counts=counts,
        outcome=outcome,
        outcomes=outcomes(),
        items=items,
        movable=sum(counts.get(each, 0) for each in MOVABLE),
        ticks=outcome in MOVABLE,
        current=row.act == plans.TRY and row.said.get("revision") == plan.revision,
        tried=row.act == plans.TRY,
        wrong=wrong,
        reason=request.form.get("reason", ""),
        acts=acts(),
        states=states(),
        who=snapshot().reference.person_name,
        most=plans.PAGE,
        longest=LONGEST_REASON,
    )
