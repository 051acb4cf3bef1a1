"""How each endpoint is called: what stands for the names in its address, and a form that would have its effect."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyotp
from werkzeug.datastructures import MultiDict

from processes.casework import models_in_force
from tests.integration.gateway import rows as inspection
from tests.integration.gateway.access.world import (
    COUNTER,
    HOME,
    MODELS,
    OWN_PROCESS,
    PDF,
    SECRET,
    Principal,
    Stage,
    Thing,
)
from tests.integration.gateway.every_page import ADDED, SCENARIO
from tests.integration.gateway.portal_world import GIVEN
from tests.integration.gateway.world import PASSWORD

NEXT_STEP = 30
"""seconds after which an app shows another code"""


@dataclass(frozen=True)
class Call:
    """Who does what to which thing."""

    stage: Stage
    who: Principal
    thing: Thing


ALIKE: Mapping[str, Callable[[Call], Any]] = {
    "act": lambda call: "suspend",
    "code": lambda call: "problem",
    "digest": lambda call: call.stage.drawing,
    "entry_id": lambda call: 1,
    "name": lambda call: "staff.css",
    "peer": lambda call: "3305",
    "process_id": lambda call: "problem",
    "rest": lambda call: "nothing.json",
}
"""Names in addresses that stand for the same, whatever thing it is about."""

NAMES: Mapping[tuple[str, str], Callable[[Call], Any]] = {
    ("accounts.duties_file", "name"): lambda call: "people",
    ("subjects.copy", "request_id"): lambda call: call.thing["approved"],
    ("subjects.decide", "request_id"): lambda call: call.thing["pending"],
    ("rest.decide_for_subject", "request_id"): lambda call: call.thing["pending"],
    ("rest.subject_copy", "request_id"): lambda call: call.thing["approved"],
    ("rest.drop_filter", "name"): lambda call: "急件",
    ("rest.duties_file", "file"): lambda call: "people",
    ("rest.end_substitute", "since"): lambda call: "2026-11-24",
    ("rest.end_substitute", "substitute"): lambda call: _other(call),
    ("rest.keep_filter", "name"): lambda call: "急件",
    ("api.trial", "trial_id"): lambda call: "0" * 64,
    **{
        (f"studio.{name}", "file"): lambda call: SCENARIO
        for name in ("change_scenario", "played", "scenario", "scenario_file", "walk_scenario")
    },
    ("instances.variable", "name"): lambda call: call.thing["name"],
    ("studio.edit_file", "name"): lambda call: ADDED,
    ("studio.leave", "name"): lambda call: ADDED,
}
"""Names that mean something else in an address."""

QUERIES: Mapping[str, Callable[[Call], Mapping[str, Any]]] = {
    "staff.oversee": lambda call: {"place": call.thing.place},
    "staff.overseen_cases": lambda call: {"place": call.thing.place, "light": "red"},
    "staff.overseen_counts": lambda call: {"place": call.thing.place},
    "rest.add_file": lambda call: {"name": "批复.pdf"},
    "rest.hand_in_sheet": lambda call: {"channel": _channel(call), "name": "问题.csv"},
    "rest.cases": lambda call: {"q": call.thing["number"]},
    "rest.end_duty": lambda call: _duty(call),
    "rest.inbox": lambda call: {"q": call.thing["number"]},
    "rest.instances": lambda call: {"text": call.thing["number"]},
    "rest.oversee": lambda call: {"place": call.thing.place},
    "rest.overseen_cases": lambda call: {"place": call.thing.place, "light": "red"},
    "rest.urging_words": lambda call: {"kind": "supervision"},
    "staff.urging": lambda call: {"kind": "supervision"},
    "studio.back_ask": lambda call: _back(call),
    "studio.past": lambda call: {"place": HOME, "process": OWN_PROCESS},
}
"""What stands behind the question mark."""


LISTS: Mapping[str, str] = {
    "rest.cases": "number",
    "rest.inbox": "number",
    "rest.incidents": "incident_id",
    "rest.instances": "number",
}
"""What of a thing a list shows that has it."""


def values(call: Call, endpoint: str, arguments: set[str]) -> dict[str, Any]:
    """What stands for the names in an address."""
    found: dict[str, Any] = dict(QUERIES[endpoint](call)) if endpoint in QUERIES else {}
    for name in arguments:
        if (endpoint, name) in NAMES:
            found[name] = NAMES[endpoint, name](call)
        elif name in call.thing.values:
            found[name] = call.thing[name]
        elif name in ALIKE:
            found[name] = ALIKE[name](call)
        else:
            raise AssertionError(f"<{name}> in the address of {endpoint}: say in calls.py what stands for it")
    return found


def file(body: bytes, name: str) -> tuple[io.BytesIO, str]:
    """A file of a form."""
    return io.BytesIO(body), name


def _duty(call: Call) -> dict[str, Any]:
    duty = call.thing["duty"]
    return {
        "role": duty["role"],
        "place": duty["place"],
        "organisation": f"{duty['place']}.{duty['organisation']}",
    }


def _back(call: Call) -> dict[str, Any]:
    """From a place's own version to its superior's."""
    with call.stage.world.services.database.read() as connection:
        above = models_in_force.at(connection, ("",))[OWN_PROCESS].definition
        held = models_in_force.at(connection, (HOME, ""))[
            OWN_PROCESS
        ].definition  # the superior's, once it was given up
    return {"place": HOME, "process": OWN_PROCESS, "version": above, "current": held}


def _colleague(call: Call) -> str:
    """Somebody else at the same place who may do the task."""
    return call.thing["handler"].replace(".wang", ".qian") if call.thing.home != "other board" else "wx.wu"


def _other(call: Call) -> str:
    return {"wx.zhang": "wx.kong", "zj.qi": "zj.xie", "zj.zou": "zj.dou"}.get(call.who.account, "wx.zhang")


def _password(call: Call) -> dict[str, Any]:
    """One changes it, the others come as far as the form: hashing a dozen would take as long as all the rest."""
    fresh = "New Horse 7 new"
    return {
        "old": PASSWORD,
        "new": fresh,
        "again": fresh if call.who.role in ("", "intake_clerk") else "something else",
    }


def _report(at: str) -> dict[str, Any]:
    return {
        "id": f"new-{at}",
        "title": "厂房消防验收",
        "body": f"厂房消防验收排队两个月{at}，请协调。",
        "enterprise": "湖州七八九公司",
    }


def _order(call: Call) -> dict[str, Any]:
    return {**_report(call.who.name), "submitted_at": "2026-11-23T09:00:00+08:00"}


def _event(call: Call) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "hotline.order",
        "source": "/tests",
        "id": f"e-{call.who.name}",
        "time": "2026-11-23T01:00:00Z",
        "data": _order(call),
    }


def _sealed(call: Call) -> dict[str, Any]:
    now, vault = call.stage.world.clock.now(), call.stage.world.services.settings.vault
    return {"sealed": vault.seal(f"{call.who.account} {SECRET}"), "code": pyotp.TOTP(SECRET).at(now)}


def _folder() -> MultiDict[str, Any]:
    """The shipped reference data with one name changed."""
    folder, found = MODELS / "reference", MultiDict[str, Any]()
    for path in sorted(folder.rglob("*.csv")):
        body = path.read_bytes()
        if path.name == "people.csv":
            body = body.replace("李婷婷".encode(), "李停停".encode(), 1)
        found.add("files", file(body, str(path.relative_to(folder))))
    return found


def _replay_all(call: Call) -> dict[str, Any]:
    return {"before": call.stage.world.clock.now().isoformat(), "total": "1", "done": "0", "tried": "0"}


def _channel(call: Call) -> str:
    channels = {"department_handler": "department", "leader_in_charge": "leader", "principal_leader": "leader"}
    return channels.get(call.who.role, "help_visit")


def _sheet(call: Call) -> bytes:
    return f"标题,内容,企业名称\n厂区围墙,厂区围墙被占{call.who.name}，请协调处理。,湖州围墙公司\n".encode()


def _diagram(call: Call) -> tuple[io.BytesIO, str]:
    return file(str(call.thing["diagram"]).replace("The ", "One ", 1).encode(), "diagram.bpmn")


DECISIONS = "added_decision_1.dmn"
EMPTY_FORM = b'{"type": "object", "properties": {}}'
A_DECISION = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="a" namespace="a">
<decision id="a" name="a"><literalExpression><text>x</text></literalExpression></decision></definitions>"""
"""What is tried out."""

SUBJECT = {"phone": "13812345678"}
"""Whose number every case here has."""

FILES: Mapping[str, Callable[[Call], bytes]] = {
    "rest.add_file": lambda call: PDF + b"new",
    "rest.hand_in_sheet": _sheet,
}
"""What is sent as it is."""

FORMS: Mapping[str, Callable[[Call], Mapping[str, Any]]] = {
    "accounts.add_duty": lambda call: {"role": "observer", "place": call.thing.place, "organisation": ""},
    "accounts.change_password": _password,
    "accounts.drop_second": lambda call: {"code": "123456"},
    "accounts.end_duty": _duty,
    "accounts.end_substitute": lambda call: {"substitute": _other(call), "since": "2026-11-24"},
    "accounts.enrol": lambda call: {
        "account": f"new.{call.who.account}",
        "name": "新来的",
        "role": "observer",
        "place": call.who.place,
    },
    "accounts.make_token": lambda call: {"name": "周报", "scope": "tasks:read", "days": "30"},
    "accounts.name_substitute": lambda call: {
        "substitute": _other(call),
        "since": "2026-11-24",
        "until": "2026-11-25",
    },
    "accounts.renew_codes": lambda call: {"code": "123456"},
    "accounts.set_up_second": _sealed,
    "api.deploy": lambda call: MultiDict(
        [
            ("files", file(inspection.DIAGRAM.encode(), "inspection.bpmn")),
            ("files", file(json.dumps(inspection.FORM, ensure_ascii=False).encode(), "inspect.form.json")),
        ]
    ),
    "api.load": lambda call: _folder(),
    "api.push": lambda call: MultiDict(
        [
            (
                "files",
                file(
                    (MODELS / "portal" / "portal_message.bpmn").read_bytes() + b"<!-- pushed -->", "portal_message.bpmn"
                ),
            )
        ]
    ),
    "instances.act": lambda call: {"command": f"op:{call.who.name}-{call.thing.home}", "reason": "等对方恢复"},
    "instances.bulk_begin": lambda call: {
        "act": "suspend",
        "reason": "等对方恢复",
        "which": "chosen",
        "id": call.thing["instance_id"],
    },
    "languages.choose": lambda call: {"language": "en", "back": "/"},
    "open311.file": lambda call: {
        "service_code": "problem",
        "description": f"厂房消防验收排队两个月{call.who.name}，请协调。",
        "attribute[enterprise]": "湖州七八九公司",
    },
    "operations.discard": lambda call: {"id": call.stage.letter, "reason": "已另行办理"},
    "operations.dismiss_one": lambda call: {"reason": "已另行办理"},
    "operations.open_one": lambda call: {"words": "合作方来电询问"},
    "operations.replay_all": _replay_all,
    "operations.replay_chosen": lambda call: {"id": call.stage.letter},
    "operations.resend_one": lambda call: {"key": call.who.name},
    "operations.send": lambda call: {"partner": "hotline", "message": "hotline.order@1"},
    "operations.several": lambda call: {"id": "1", "what": "dismiss", "reason": "已另行办理"},
    "portal.check_code": lambda call: {"code": call.stage.code},
    "portal.file": lambda call: {
        **GIVEN,
        "form": call.stage.form,
        "title": "厂区围墙",
        "body": "厂区围墙被占，请协调。",
    },
    "portal.open_problem": lambda call: {"number": call.stage.things["problem"][0]["number"], "code": "ABCD2345"},
    "portal.personal_correct": lambda call: {"contact": "王小明"},
    "portal.personal_delete": lambda call: {"sure": "yes"},
    "portal.rate": lambda call: {"level": "3", "words": "可以"},
    "portal.reopen": lambda call: {"words": "没有解决"},
    "portal.send_code": lambda call: {"phone": f"1370000{call.who.number:04}"},
    "portal.supplement": lambda call: {"words": "630 kVA"},
    "portal.withdraw": lambda call: {"words": "已自行解决"},
    "staff.assign": lambda call: {"task": f"{call.thing['task_id']}|", "to": call.thing["handler"], "command": "c"},
    "staff.check_code": lambda call: {
        "code": pyotp.TOTP(SECRET).at(int(call.stage.world.clock.now().timestamp()) + NEXT_STEP)
    },
    "staff.complete": lambda call: {"outcome": "accept", "command": "c"},
    "staff.delegate": lambda call: {"to": _colleague(call), "command": "c"},
    "staff.draft": lambda call: {"reason": "写了一半"},
    "staff.drop_filter": lambda call: {"name": "急件"},
    "staff.follow_up": lambda call: {"day": "2026-11-27"},
    "staff.hand_in": lambda call: {"channel": _channel(call), "sheet": file(_sheet(call), "问题.csv")},
    "staff.log_in": lambda call: {"account": "wx.feng", "password": PASSWORD},
    "staff.register": lambda call: {
        **COUNTER,
        "place": HOME,
        "title": f"{COUNTER['title']}{call.who.name}",
        "command": f"202611230931-{call.who.number:06x}",
    },
    "staff.release": lambda call: {"seen": call.who.account},
    "staff.save_answer": lambda call: {
        "title": "已办",
        "body": f"已办结（{call.who.name}）。",
        "whose": f"{call.thing.place}/{call.thing.board}",
    },
    "staff.save_filter": lambda call: {"name": "急件", "query": "light=red"},
    "staff.unmask": lambda call: {"reason": "visit", "words": "明天去现场"},
    "staff.upload": lambda call: {"file:": file(PDF + b"new", "批复.pdf")},
    "studio.back": lambda call: _back(call),
    "studio.add": lambda call: {"kind": "form", "title": "督办回告"},
    "studio.begin": lambda call: {"place": call.who.place, "process": "handling"},
    "studio.create": lambda call: {"place": call.who.place, "name": f"又一个流程（{call.who.name}）", "name_en": ""},
    "studio.bring": lambda call: {"file": "diagram.bpmn", "diagram": _diagram(call)},
    "studio.change_scenario": lambda call: {"name": f"又一件（{call.who.name}）", "do": "save"},
    "studio.check": lambda call: {"diagram": _diagram(call)},
    "studio.map_steps": lambda call: {"to:twice/start": "twice/start"},
    "studio.migrate": lambda call: {"which": "all", "reason": "改版"},
    "studio.plan_migration": lambda call: {
        "process": "twice",
        **{name: call.stage.things["plan"][0][name] for name in ("source", "target")},
    },
    "studio.preview": lambda call: {"file": ADDED, "diagram": file(EMPTY_FORM, "form.json")},
    "studio.put": lambda call: {"revision": str(call.thing["revision"])},
    "studio.send_back": lambda call: {"answer": "期限太短"},
    "studio.record": lambda call: {"name": "督办一件", "revision": "1"},
    "studio.step": lambda call: {"act": "wait", "by": "PT1H", "revision": "1"},
    "studio.upload_scenario": lambda call: {"file": file(call.thing["scenario"].encode(), "second.scenario.json")},
    "studio.save": lambda call: {"revision": "1", "diagram": _diagram(call)},
    "studio.whatif_begin": lambda call: {"since": "2026-11-01", "until": "2026-11-23"},
    "studio.decide": lambda call: {"file": DECISIONS, "decision": "a", "diagram": file(A_DECISION, "decisions.dmn")},
    "subjects.ask": lambda call: {**SUBJECT, "kind": "export", "report": call.thing["token"], "reason": "来函申请"},
    "subjects.correct": lambda call: {
        **SUBJECT,
        "report": call.thing["token"],
        "new_address": "苕溪路 8 号",
        "why": "登记有误",
    },
    "subjects.decide": lambda call: {"verdict": "approve", "words": "符合规定"},
    "subjects.find": lambda call: SUBJECT,
    "staff.urge": lambda call: {
        "kind": "supervision",
        "words": "请抓紧办理。",
        "case": call.thing["number"],
        "command": "c",
    },
}
"""What is sent in a form; an endpoint that is not here gets an empty one."""

BODIES: Mapping[str, Callable[[Call], Any]] = {
    "api.complete": lambda call: {"data": {"outcome": "accept"}},
    "api.dismiss": lambda call: {"reason": "已另行办理"},
    "api.receive": _event,
    "api.replay": lambda call: {"all": True},
    "api.report": lambda call: {"channel": "hotline", "rows": [_report(call.who.name)]},
    "api.resend": lambda call: {},
    "api.resolve": lambda call: {"action": "skip"},
    "rest.add_answer": lambda call: {
        "title": f"已办（{call.who.name}）",
        "body": "已办结。",
        "place": call.thing.place,
        "organisation": call.thing.board,
    },
    "rest.add_duty": lambda call: {"role": "observer", "place": call.thing.place},
    "rest.enrol": lambda call: {**FORMS["accounts.enrol"](call)},
    "rest.export_audit": lambda call: {"kind": "login"},
    "rest.name_substitute": lambda call: {**FORMS["accounts.name_substitute"](call)},
    "rest.change_answer": lambda call: {"title": "已办", "body": f"已办结（{call.who.name}）。"},
    "rest.keep_filter": lambda call: {"light": "red"},
    "rest.act_on_instance": lambda call: {"reason": "等对方恢复"},
    "rest.assign": lambda call: {"to": call.thing["handler"], "tasks": [{"task": call.thing["task_id"]}]},
    "rest.bulk_begin": lambda call: {
        "act": "suspend",
        "reason": "等对方恢复",
        "instances": [call.thing["instance_id"]],
    },
    "rest.ask_for_subject": lambda call: {
        "who": SUBJECT,
        "kind": "export",
        "reports": [call.thing["token"]],
        "reason": "来函申请",
    },
    "rest.correct_subject": lambda call: {
        "who": SUBJECT,
        "reports": [call.thing["token"]],
        "corrections": {"address": "苕溪路 8 号"},
        "why": "登记有误",
    },
    "rest.decide_for_subject": lambda call: {"verdict": "approve", "words": "符合规定"},
    "rest.find_subject": lambda call: {"who": SUBJECT},
    "rest.claim": lambda call: {},
    "rest.complete": lambda call: {"data": {"outcome": "accept"}},
    "rest.contact": lambda call: {"reason": "visit", "words": "明天去现场"},
    "rest.delegate": lambda call: {"to": _colleague(call)},
    "rest.discard_letters": lambda call: {"ids": [call.stage.letter], "reason": "已另行办理"},
    "rest.dismiss_quarantined": lambda call: {"reason": "已另行办理"},
    "rest.open_quarantined": lambda call: {"words": "合作方来电询问"},
    "rest.replay_letters": lambda call: {"ids": [call.stage.letter]},
    "rest.resend_quarantined": lambda call: {"body": json.dumps(_order(call))},
    "rest.send_message": lambda call: {
        "partner": "hotline",
        "type": "hotline.order",
        "data": _order(call),
    },
    "rest.keep_draft": lambda call: {"data": {"reason": "写了一半，明天接着写"}},
    "rest.release": lambda call: {},
    "rest.report": lambda call: {**COUNTER, "title": f"{COUNTER['title']}{call.who.name}"},
    "rest.set_reminder": lambda call: {"day": "2026-11-27"},
    "rest.urge": lambda call: {"kind": "supervision", "words": "请抓紧办理。", "cases": [call.thing["number"]]},
}
"""What programs send as JSON."""

BEFORE: Mapping[str, str] = {
    "accounts.end_substitute": "accounts.name_substitute",
    "rest.drop_filter": "rest.keep_filter",
    "rest.end_substitute": "rest.name_substitute",
    "rest.leave": "rest.stay",
    "rest.release": "rest.claim",
    "staff.drop_filter": "staff.save_filter",
    "staff.release": "staff.claim",
}
"""What has to be done first, by the same person, so that there is something to be undone."""
