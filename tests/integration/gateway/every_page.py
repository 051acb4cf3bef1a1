"""Every page of the gateway, found in its route table, with somebody who may see it and an address at which there is something to see.

A page without an id in its address is found by itself. One with an id needs an entry in ``REACHED``; what is no page stands in ``NO_PAGE``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from gateway import permissions
from gateway.staff import viewer
from gateway.text import masked_name
from processes.casework import (
    bulk,
    draft_files,
    migration_plans,
    model_changes,
    model_drafts,
    model_walks,
    models_in_force,
)
from processes.casework.bulk import Bulk
from processes.casework.draft_files import DECISION, FORM
from processes.casework.views.instances import versions
from processes.casework.views.instances.criteria import Criteria
from processes.notation.bundle import read_folder
from processes.store.tables import Case
from processes.whatif import runs
from tests.integration.gateway.operating import give_up, receive
from tests.integration.gateway.world import MODELS, World

HANDLER = "wx.wu"

PLACE = "330502"

SCENARIO = "first.scenario.json"
"""the scenario of a draft"""

NO_PAGE = {
    "accounts.duties_file": "a file",
    "assets.icon": "a drawing",
    "assets.serve": "a file",
    "health.healthy": "JSON",
    "instances.variable": "a file",
    "integrators.asyncapi": "JSON",
    "outside.live": "JSON",
    "outside.metrics": "for Prometheus",
    "outside.ready": "JSON",
    "portal.attachment": "a file",
    "staff.attachment": "a file",
    "staff.case_file": "a file",
    "staff.counts": "JSON",
    "staff.drawing": "a diagram file",
    "staff.overseen_counts": "JSON",
    "staff.template": "a file",
    "staff.uploaded": "a file",
    "studio.changed": "a diagram file",
    "studio.drawing": "a diagram file",
    "studio.whatif_drawing": "a diagram file",
    "studio.played": "JSON",
    "studio.scenario_file": "a file",
}
"""Addresses that a browser does not show as a page of ours, with what they are."""

APART = ("api", "open311", "rest", "static")
"""Blueprints whose addresses are for programs."""


@dataclass(frozen=True)
class Page:
    """A page: who opens it (empty: nobody in particular), and where it is in a world that :func:`furnish` has filled."""

    endpoint: str
    account: str
    path: str


@dataclass(frozen=True)
class Filled:
    """What is there to be seen."""

    number: str
    instance: str
    task: str
    operation: str
    draft: str
    plan: str
    trial: str
    whatif: str
    """the address of a what-if"""
    change: str
    above: str
    """the superior's version of a process of which the place has its own"""
    quarantined: int
    recorded: tuple[str, ...]
    """what rules have recorded on the case: their words are data, which their owners write"""


REACHED: dict[str, tuple[str, Callable[[Filled], str]]] = {
    "staff.case": (HANDLER, lambda found: f"/cases/{found.number}"),
    "staff.task": (HANDLER, lambda found: f"/tasks/{found.task}"),
    "staff.answer": ("", lambda found: "/answers/new"),
    "accounts.duties_of": ("", lambda found: f"/duties/of/{HANDLER}"),
    "accounts.person": ("", lambda found: f"/accounts/{HANDLER}"),
    "instances.ask": ("", lambda found: f"/instances/{found.instance}/suspend"),
    "instances.bulk_show": ("", lambda found: f"/instances/bulk/{found.operation}"),
    "instances.detail": ("", lambda found: f"/instances/{found.instance}"),
    "instances.entry": ("", lambda found: f"/instances/{found.instance}/history/1"),
    "staff.arrange": (HANDLER, lambda found: f"/tasks/{found.task}/arrange"),
    "studio.change": ("", lambda found: f"/studio/changes/{found.change}"),
    "studio.past": ("", lambda found: f"/studio/versions?place={PLACE}&process=rating"),
    "studio.back_ask": (
        "",
        lambda found: f"/studio/versions/back?place={PLACE}&process=portal_message&version={found.above}",
    ),
    "studio.edit": ("", lambda found: f"/studio/drafts/{found.draft}"),
    "studio.migration": ("", lambda found: f"/studio/migrations/{found.plan}"),
    "studio.migrating": ("", lambda found: f"/studio/migrations/{found.plan}/operations/{found.trial}"),
    "studio.scenario": ("", lambda found: f"/studio/drafts/{found.draft}/scenarios/{SCENARIO}"),
    "studio.scenarios": ("", lambda found: f"/studio/drafts/{found.draft}/scenarios"),
    "studio.try_out": ("", lambda found: f"/studio/drafts/{found.draft}/try"),
    "studio.edit_file": ("", lambda found: f"/studio/drafts/{found.draft}/files/{ADDED}"),
    "studio.review": ("", lambda found: f"/studio/drafts/{found.draft}/force"),
    "studio.whatif_ask": ("", lambda found: f"/studio/drafts/{found.draft}/whatif"),
    "studio.whatif_show": ("", lambda found: found.whatif),
    "studio.whatif_case": ("", lambda found: f"{found.whatif}/0"),
    "operations.quarantined": ("", lambda found: f"/operations/quarantine/{found.quarantined}"),
}
"""Pages with an id in their address: who opens them (empty: whoever may), and where."""

AFTER_A_FORM = {
    "staff.oidc": "leads to the identity provider: test_oidc",
    "staff.oidc_back": "the way back from the identity provider: test_oidc",
    "staff.urging": "asked with the cases that are chosen: test_supervision",
    "staff.code": "between the password and the second factor: test_second_factor",
    "staff.registered": "shown once, after the counter's form: test_staff_pages",
    **{
        f"portal.{name}": "shown to whoever has verified a number: test_portal"
        for name in ("code", "filed", "mine", "personal", "problem", "report")
    },
}
"""Pages that are there only for whoever has just sent a form."""

AUTHOR = "wx.shen"
"""who has changed a process, and asks for approval"""
ADDED = "added_form_1.form.json"
"""a form that is new in the draft"""

TITLE = "供电增容迟迟不批"
BODY = "我公司申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。"
ENTERPRISE, CONTACT = "湖州一二三机械有限公司", "王明"
WRITTEN = (TITLE, BODY, ENTERPRISE, CONTACT, masked_name(CONTACT))
"""What people wrote: shown as it is in every language."""


def furnish(world: World) -> Filled:
    """Something of everything. What people write is :data:`WRITTEN`: whatever other Chinese is there is ours."""
    power = world.report("EN-1", title=TITLE, body=BODY, enterprise=ENTERPRISE, contact=CONTACT)
    number = power.number
    signed = world.task(number, "签收")
    world.complete(signed.id, {"outcome": "accept"}, HANDLER)
    world.report("EN-2", title="Licence", body="The licence is late by a month.", enterprise="Huzhou Foods")
    give_up(world, "n-1", reason="503 Service Unavailable")
    receive(world, "bad-1", {"id": "", "title": "x" * 400})
    task = world.open_tasks(number)[0]
    with world.services.database.read() as connection:
        recorded = connection.execute(select(Case.category, Case.reason).where(Case.number == number)).one()
    _deploy_again(world)
    now, criteria = world.clock.now(), Criteria(process="problem")
    with world.services.database.write() as connection:
        operation = bulk.begin(connection, "retry", "It is back", HANDLER, [PLACE], now, criteria=criteria)
    owner = _holder("models")
    draft = drafted(world, owner, PLACE)
    plan, trial = planned(world, owner, PLACE)
    return Filled(
        number=number,
        instance=task.instance_id,
        task=task.id,
        operation=operation,
        draft=draft,
        change=asked(world, PLACE),
        above=own_version(world),
        plan=plan,
        trial=trial,
        whatif=played_what_if(world, _elsewhere(world, owner), owner),
        quarantined=1,
        recorded=tuple(str(each) for each in recorded),
    )


def planned(world: World, owner: str, place: str, process: str = "problem") -> tuple[str, str]:
    """A plan of a migration between the two newest versions of a process, and its trial, carried out."""
    engine = world.services.engine
    with world.services.database.write() as connection:
        target, source = [each.id for each in versions.of(connection, process)][:2]
        plan = migration_plans.begin(connection, engine, process, source, target, owner, [place])
        now, said = world.clock.now(), {"revision": 0}
        trial = bulk.begin(connection, migration_plans.TRY, "", owner, [place], now, said=said, plan_id=plan)
    worker = Bulk(engine, world.services.snapshots)
    while worker.round():
        pass
    return plan, trial


def drafted(world: World, owner: str, place: str, process: str = "supervision") -> str:
    """A draft of a process in which something has been changed."""
    now, reference = world.clock.now(), world.services.snapshots.now().reference
    with world.services.database.write() as connection:
        held = models_in_force.at(connection, (*reference.path(place), "") if place else ("",))[process]
        bodies = models_in_force.bodies(connection, [held])
        draft = model_drafts.own(connection, model_drafts.begin(connection, owner, place, held, bodies, now), owner)
        assert draft is not None
        changed = draft.text.replace('nameEn" value="', 'nameEn" value="The ', 1)
        shipped = (json.loads(each.read_text("utf-8")) for each in sorted(MODELS.rglob("*.scenario.json")))
        scenario = next(each for each in shipped if each["process"] == process)
        walk = {**scenario, "given": {**scenario["given"], "answers": {}}, "when": [], "then": {}}
        scenario |= {"name": "The first", "about": "It passes"}
        model_walks.keep(connection, draft.id, 0, walk)
        model_drafts.keep(connection, draft, draft.file, changed, 0, now)
        model_drafts.keep(connection, draft, SCENARIO, json.dumps(scenario, ensure_ascii=False), 0, now)
        for kind in (FORM, DECISION):
            name, text = draft_files.fresh(kind, "Remarks", "added", {})
            model_drafts.keep(connection, draft, name, text.replace("<text></text>", "<text>place</text>"), 0, now)
    return draft.id


def tried(world: World, draft: str, owner: str) -> str:
    """The id of a what-if of a draft that is to be played."""
    now = world.clock.now()
    with world.services.database.write() as connection:
        found = model_drafts.own(connection, draft, owner)
        assert found is not None
        return runs.begin(connection, found, now - timedelta(days=30), now + timedelta(days=1), now)


def _elsewhere(world: World, owner: str) -> str:
    """A draft that sends everything to another board."""
    draft = drafted(world, owner, PLACE, "board_handoff")
    with world.services.database.write() as connection:
        found = model_drafts.own(connection, draft, owner)
        assert found is not None
        changed = found.text.replace("extra_days: 0", f'board: "{PLACE}.policy", extra_days: 0')
        model_drafts.keep(connection, found, found.file, changed, found.revision, world.clock.now())
    return draft


def played_what_if(world: World, draft: str, owner: str) -> str:
    """The address of a what-if of a draft, which has been played."""
    run, what_ifs = tried(world, draft, owner), runs.WhatIfs(world.engine, world.services.snapshots)
    while what_ifs.round():
        pass
    return f"/studio/drafts/{draft}/whatif/{run}"


def asked(world: World, place: str) -> str:
    """A change that somebody else asks the owners of a place, and of those above it, to approve."""
    draft_id = drafted(world, AUTHOR, place)
    with world.services.database.write() as connection:
        draft = model_drafts.one(connection, draft_id)
        assert draft is not None
        return model_changes.put(connection, draft, model_changes.ASKED, world.clock.now()).id


def own_version(world: World) -> str:
    """The place gets a version of its own of a process; returns the superior's."""
    with world.services.database.read() as connection:
        held = models_in_force.at(connection, ("",))["portal_message"]
        ((name, body),) = models_in_force.bodies(connection, [held]).items()
    world.engine.deploy({name: body.replace(b'nameEn" value="', b'nameEn" value="The ', 1)}, PLACE)
    return held.definition


def _deploy_again(world: World) -> None:
    """A second version of most processes, so that versions differ."""
    files = read_folder([MODELS])
    name = next(each for each in files if each.endswith("board_handoff.bpmn"))
    files[name] = files[name].replace(b'nameEn" value="', b'nameEn" value="The ', 2)
    world.services.engine.deploy(files)


def pages(app: Flask, found: Filled) -> Iterator[Page]:
    """Every page."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        endpoint = rule.endpoint
        if "GET" not in (rule.methods or ()) or endpoint.split(".")[0] in APART:
            continue
        if endpoint in NO_PAGE or endpoint in AFTER_A_FORM:
            continue
        if endpoint in REACHED:
            account, address = REACHED[endpoint]
            yield Page(endpoint, account or whoever_may(endpoint), address(found))
        elif rule.arguments:
            raise AssertionError(f"{endpoint} ({rule.rule}) is a page with an id: say in REACHED how to get there")
        else:
            yield Page(endpoint, whoever_may(endpoint), rule.rule)


def whoever_may(endpoint: str) -> str:
    """Somebody with a duty that opens a page; empty when everybody may."""
    if permissions.EVERYBODY in permissions.audiences(endpoint):
        return ""
    for page in sorted(permissions.pages(endpoint)):
        return _holder(page)
    return _holder("assign")


def _holder(page: str) -> str:
    tables = ((viewer.PAGES, "page"), (viewer.SHEETS, None))
    roles = [
        row["role"] for file, column in tables for row in _rows(file) if (row[column] if column else "sheets") == page
    ]
    duties = _rows(Path(__file__).parents[3] / "bpmn" / "reference" / "duties.csv")
    return next(row["person"] for role in roles for row in duties if row["role"] == role and row["place"] == PLACE)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
