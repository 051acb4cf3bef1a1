"""A world with the same things at five homes, and somebody of every role in front of it.

Everybody has his or her duty at ``330502`` (at the province where a role is only there), so that a thing is of the own place and board, of
another board of it, of another place of the same level, of a place under it, or of the superior place.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zlib import crc32

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select

from gateway import create_app
from processes.casework import (
    answer_templates,
    attachments,
    bulk,
    migration_plans,
    model_changes,
    model_drafts,
    model_trials,
    uploads,
)
from processes.casework.accounts import second_factor
from processes.casework.accounts import tokens as access_tokens
from processes.casework.model_versions import subject
from processes.casework.records import AnswerWords
from processes.casework.subjects import requests
from processes.casework.subjects.identity import Identity
from processes.runtime.commands import FailJob
from processes.scenarios.trials import Trials
from processes.store.tables import (
    AnswerTemplate,
    Case,
    HistoryEntry,
    Incident,
    Instance,
    Job,
    LoginSession,
    ModelFile,
    PersonalData,
    TaskDraft,
    WhatIfCase,
)
from tests.diagrams import definitions, end, path, process, start, user
from tests.integration.gateway.conftest import TOKEN
from tests.integration.gateway.every_page import SCENARIO, asked, drafted, tried
from tests.integration.gateway.operating import give_up, receive
from tests.integration.gateway.portal_world import FORM, GIVEN, MINE, OTHERS, Enterprise, Post
from tests.integration.gateway.programs import token_of
from tests.integration.gateway.world import HOTLINE, MODELS, OPERATOR, PASSWORD, World, build

HOME, TOP = "330502", "33"
ZHELIBAN = "zheliban-token"
PEN, THIRD = "wx.tao", "13711112222"
"""who is between password and second factor; a number that waits for its code"""
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PDF = b"%PDF-1.7\n"


@cache
def rows(name: str) -> list[dict[str, str]]:
    """A table of the shipped reference data."""
    with (MODELS / "reference" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@dataclass(frozen=True)
class Thing:
    """What is looked at or acted upon. ``home``: how it lies to those at ``330502``; ``owner``: whose own it is, if anybody's."""

    home: str
    place: str = ""
    board: str = ""
    owner: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    """the ids of what belongs to it"""

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True)
class Principal:
    """Who asks: a person with one role, a program with a token, or a browser. ``role``: empty for nobody; ``scopes``: of the access token
    that is the bearer's, if it is one."""

    name: str
    role: str = ""
    account: str = ""
    place: str = ""
    organisation: str = ""
    cookie: str = ""
    csrf: str = ""
    bearer: str = ""
    scopes: frozenset[str] = frozenset()

    @property
    def number(self) -> int:
        """Tells it from the others."""
        return crc32(self.name.encode()) % 10_000

    @property
    def address(self) -> str:
        """Whence the requests come: those without a good token are counted by it."""
        return f"192.0.{self.number // 100}.{self.number % 100}"


@dataclass
class Stage:
    """The world, the things in it and those in front of it."""

    world: World
    things: dict[str, list[Thing]]
    principals: list[Principal]
    letter: str
    drawing: str
    form: str
    """number of a form of the portal"""
    code: str
    """of the number that waits for one"""
    sessions: Mapping[str, str]
    """account → one of its logins"""
    tokens: dict[tuple[str, frozenset[str]], tuple[str, str]] = field(default_factory=dict)
    """account and scopes → the id and the token of an access token"""

    def program(self, who: Principal, scopes: Iterable[str]) -> Principal:
        """A program that acts for somebody, with these scopes and no cookie."""
        token = self.token(who.account, scopes)[1]
        return replace(who, cookie="", csrf="", bearer=token, scopes=frozenset(scopes))

    def token(self, account: str, scopes: Iterable[str]) -> tuple[str, str]:
        """The id and the token of somebody's access token with these scopes."""
        key = account, frozenset(scopes)
        if key not in self.tokens:
            # One for each set of scopes is more than a person may have.
            with patch.object(access_tokens, "MOST", 1_000):
                self.tokens[key] = token_of(self.world, account, *sorted(key[1]))
        return self.tokens[key]


HOMES = {
    "own": ("330502", "basic"),
    "other board": ("330502", "project"),
    "neighbour": ("330503", "basic"),
    "below": ("330502102", "basic"),
    "above": ("3305", "basic"),
}
"""how a thing lies to those at 330502 → its place and board"""

BOARD_WORDS = {
    "basic": ("营业执照变更登记受阻", "我公司在{place}办理营业执照变更登记，窗口多次退件，{other}，请协调办理。"),
    "project": ("供电增容迟迟不批", "我公司在{place}申请供电增容已两个月，仍未批复，{other}，影响投产，请协调解决。"),
}
OTHER_WORDS = {
    "own": "材料交了三次",
    "other board": "新生产线不能开工",
    "neighbour": "法定代表人已换了半年",
    "below": "经营范围加不上食品加工",
    "above": "跨区迁址没有人受理",
}


def stage(folder: Path, fresh: bool = True) -> Stage:
    """Everything, in the database in ``folder``; ``fresh``: in a new one."""
    world = _with_second_partner(_without_rates(build(folder, fresh)))
    _unsafe(world)
    return _furnished(world)


def _without_rates(world: World) -> World:
    """Everybody asks for everything within a minute."""
    settings = replace(world.services.settings, token_rate=10**9, address_rate=10**9)
    world.services = replace(world.services, settings=settings)
    world.app = create_app(world.services)
    return world


def _unsafe(world: World) -> None:
    """Nobody is killed here: what is committed need not be on the disk, which takes longer than all the rest of a refusal."""
    database = world.services.database
    event.listen(database._writer, "connect", lambda raw, _record: raw.execute("pragma synchronous = off"))
    database.dispose()


def _with_second_partner(world: World) -> World:
    partners: Any = world.services.settings.partners
    partners[ZHELIBAN] = "zheliban"
    return world


OWN_PROCESS = "portal_message"
"""of which those at 330502 have a version of their own"""


def _furnished(world: World) -> Stage:
    drawing = (MODELS / "portal" / f"{OWN_PROCESS}.bpmn").read_bytes()
    world.engine.deploy({f"{OWN_PROCESS}.bpmn": drawing.replace("发短信".encode(), "发短消息".encode())}, HOME)
    cases = [_of_a_home(world, name, place, board) for name, (place, board) in HOMES.items()]
    people = [_of_a_person(world, each) for each in cases]
    give_up(world, "n-1", reason="503 Service Unavailable")
    receive(world, "bad-1", {"id": "", "title": "x" * 400})
    post = Post(world)
    mine, others = Enterprise(world, post), Enterprise(world, post)
    problems = []
    for who, phone, home, body in ((others, OTHERS, "others'", "仓库漏雨"), (mine, MINE, "own", "增容迟迟不批")):
        who.verify(phone)
        number, _code = who.report(title=body, body=f"{GIVEN['body']}{body}。")
        problems.append(_problem(world, number, home, phone))
    principals = [*_people(world), *_programs(world), *_browsers(world, post, mine)]
    things = {
        "case": cases,
        "person": people,
        "problem": problems,
        "request": [_asked(world, each) for each in cases],
        "draft": [_drafted(world, each) for each in cases if each.home in ("own", "neighbour", "above")],
        "plan": _planned(world, [each for each in cases if each.home in ("own", "neighbour", "above")]),
        "change": [_going(world, each) for each in cases if each.home in ("own", "neighbour", "above")],
        "registration": [_registered(world, principals)],
    }
    fresh = Enterprise(world, post)
    fresh.verify(MINE)
    form = FORM.findall(fresh.browser.get("/portal/report"))[0]
    letter = world.services.upkeep.dead_letters(1)[0].id
    return Stage(world, things, principals, letter, _drawing(world), form, post.code(THIRD), _sessions(world))


# ---- things ----------------------------------------------------------------------------------------------------------


def _of_a_home(world: World, home: str, place: str, board: str) -> Thing:
    title, body = BOARD_WORDS[board]
    words = body.format(place=place, other=OTHER_WORDS[home])
    number = world.report(
        f"M-{home}", title=title, body=words, place=place, enterprise=f"湖州{home}机械有限公司"
    ).number
    task = world.task(number, "签收")
    assert (task.place, task.organisation) == (place, f"{place}.{board}"), (home, task.organisation)
    now = world.clock.now()
    with world.services.database.write() as connection:
        case = connection.execute(select(Case.__table__).where(Case.number == number)).one()
        kept = attachments.add(connection, case.id, "合同.pdf", "application/pdf", PDF, now)
        handler = _holder("board_handler", place, f"{place}.{board}")
        file = uploads.receive("说明.pdf", io.BytesIO(PDF), 1_000_000)
        waiting = uploads.add(connection, task.id, handler, "", file, now)
        connection.execute(
            insert(TaskDraft).values(task_id=task.id, person_id=handler, data={"reason": "写了一点"}, saved_at=now)
        )
        answer_templates.save(
            connection, None, AnswerWords(place, f"{place}.{board}", "已办", "已办结。"), handler, now
        )
        template = connection.scalar(
            select(AnswerTemplate.id).where(
                AnswerTemplate.organisation == f"{place}.{board}", AnswerTemplate.title == "已办"
            )
        )
        operation = bulk.begin(connection, "retry", "已恢复", "wx.xie", [place], now, chosen=[case.instance_id])
        seq = connection.scalar(select(HistoryEntry.seq).where(HistoryEntry.instance_id == case.instance_id).limit(1))
        running = world.engine.look(connection, case.instance_id)
    assert running is not None
    return Thing(
        home,
        place,
        f"{place}.{board}",
        values={
            "number": number,
            "case": number,
            "case_id": case.id,
            "token": case.report_id,
            "task_id": task.id,
            "instance_id": case.instance_id,
            "attachment_id": kept.id,
            "document_id": kept.id,
            "upload_id": waiting.id,
            "file_id": waiting.id,
            "template_id": template,
            "operation_id": operation,
            "incident_id": _incident(world, number),
            "seq": seq,
            "name": sorted(running.data)[0],
            "handler": handler,
        },
    )


def _incident(world: World, number: str) -> str:
    with world.services.database.read() as connection:
        instance = connection.scalar(select(Case.instance_id).where(Case.number == number))
        job = connection.scalar(select(Job.id).where(Job.instance_id == instance, Job.state == "open"))
    assert job is not None, f"{number} waits for no job"
    world.engine.execute(FailJob(f"fail-{job}", job, "对方系统没有答复", final=True))
    with world.services.database.read() as connection:
        found = connection.scalar(select(Incident.id).where(Incident.instance_id == instance))
    return str(found)


def _of_a_person(world: World, home: Thing) -> Thing:
    """Somebody of a home whom nobody here is."""
    duty = [each for each in rows("duties") if each["place"] == home.place and each["role"] == "department_handler"][-1]
    person = duty["person"]
    token, _secret = token_of(world, person)
    return Thing(home.home, home.place, "", person, {**_logged_in(world, person), "duty": duty, "token_id": token})


def _logged_in(world: World, person: str) -> dict[str, str]:
    client = world.app.test_client()
    _log_in(client, person)
    with world.services.database.read() as connection:
        session = connection.scalar(select(LoginSession.id).where(LoginSession.person == person))
    return {"person": person, "session_id": str(session)}


def _asked(world: World, home: Thing) -> Thing:
    """Two requests of a home's coordinator about what is held of a person: one waits for a decision, for the other a copy may be fetched."""
    asker, now = _holder("coordinator", home.place), world.clock.now()
    with world.services.database.write() as connection:
        pending, approved = (
            requests.ask(
                connection,
                requests.EXPORT,
                Identity(f"1380000{list(HOMES).index(home.home)}00{at}"),
                [home["token"]],
                reason,
                home.place,
                now,
                by=asker,
            )
            for at, reason in enumerate(("本人到窗口申请", "本人来函申请"))
        )
        found = requests.get(connection, approved, [home.place])
        assert found is not None
        requests.decide(connection, found, True, "符合规定", now, by="zj.su")
    return Thing(home.home, home.place, owner=asker, values={"pending": pending, "approved": approved})


def _drafted(world: World, home: Thing) -> Thing:
    """A draft of a home's process owner, whose scenarios have been played."""
    owner = _holder("owner", home.place)
    draft = drafted(world, owner, home.place)
    _rehearsed(world, draft)
    with world.services.database.read() as connection:
        found = model_drafts.own(connection, draft, owner)
    assert found is not None
    run = tried(world, draft, owner)
    with world.services.database.write() as connection:
        instance = connection.scalar(select(Instance.id).where(Instance.place == home.place).limit(1))
        row = {"run_id": run, "position": 0, "instance_id": instance, "verdict": "same"}
        connection.execute(insert(WhatIfCase).values(row))
    values = {
        "draft_id": draft,
        "diagram": found.text,
        "revision": found.revision,
        "scenario": found.files[SCENARIO],
        "run_id": run,
        "position": 0,
    }
    return Thing(home.home, home.place, owner=owner, values=values)


def _planned(world: World, homes: list[Thing]) -> list[Thing]:
    """Plans of homes' process owners to take cases from one version of a process to another, each with a trial."""
    engine, now, found = world.services.engine, world.clock.now(), []
    drawn = [definitions(process("twice", start(), user(each), end(), path("start", each, "end"))) for each in "ab"]
    source, target = (engine.deploy({"twice.bpmn": body})[0].id for body in drawn)
    for home in homes:
        owner = _holder("owner", home.place)
        with world.services.database.write() as connection:
            plan = migration_plans.begin(connection, engine, "twice", source, target, owner, [home.place])
            said = {"revision": 0}
            trial = bulk.begin(connection, migration_plans.TRY, "", owner, [home.place], now, said=said, plan_id=plan)
        values = {"plan_id": plan, "operation_id": trial, "source": source, "target": target}
        found.append(Thing(home.home, home.place, owner=owner, values=values))
    return found


def _going(world: World, home: Thing) -> Thing:
    """A change of somebody else's that a home's process owner is asked to approve."""
    change_id = asked(world, home.place)
    with world.services.database.read() as connection:
        change = model_changes.one(connection, change_id)
    assert change is not None
    _rehearsed(world, change.draft)
    return Thing(home.home, home.place, values={"change_id": change_id})


def _rehearsed(world: World, draft_id: str) -> None:
    """The scenarios of a draft are played."""
    here = world.services
    with here.database.write() as connection:
        draft = model_drafts.one(connection, draft_id)
        assert draft is not None
        places = (*here.snapshots.now().reference.path(draft.place), "")
        model_trials.ask(connection, subject(connection, places, draft.sent, draft.kept), world.clock.now())
    trials = Trials(here.database, world.clock, here.snapshots)
    while trials.round():
        pass


def _problem(world: World, number: str, home: str, phone: str) -> Thing:
    with world.services.database.write() as connection:
        case = connection.execute(select(Case.__table__).where(Case.number == number)).one()
        kept = attachments.add(connection, case.id, "现场.pdf", "application/pdf", PDF, world.clock.now())
        known = connection.scalar(select(PersonalData.phone).where(PersonalData.phone == phone).limit(1))
    assert known == phone
    return Thing(home, HOME, owner=phone, values={"number": number, "attachment_id": kept.id})


def _registered(world: World, principals: list[Principal]) -> Thing:
    """What the intake clerk has just entered; the browser's cookie remembers it."""
    at = next(at for at, each in enumerate(principals) if each.role == "intake_clerk")
    clerk = principals[at]
    client = world.app.test_client(use_cookies=False)
    given = {**COUNTER, "csrf_token": clerk.csrf, "place": HOME, "command": "202611230930-abcdef"}
    answer = client.post("/counter", data=given, headers={"Cookie": clerk.cookie})
    assert answer.status_code == 302, answer.text
    principals[at] = replace(clerk, cookie=answer.headers["Set-Cookie"].partition(";")[0])
    return Thing("own", HOME, owner=clerk.account, values={"number": answer.location.rpartition("/")[2]})


COUNTER = {
    "title": "道路积水",
    "body": "园区道路每逢下雨就积水，货车进不来，请协调排水。",
    "enterprise": "湖州四五六物流有限公司",
    "contact": "李强",
    "phone": "13600000000",
}


def _sessions(world: World) -> dict[str, str]:
    with world.services.database.read() as connection:
        return {row.person: row.id for row in connection.execute(select(LoginSession.person, LoginSession.id))}


def _drawing(world: World) -> str:
    with world.services.database.read() as connection:
        found = connection.execute(select(ModelFile.hash, ModelFile.body)).all()
    return next(str(row.hash) for row in found if b"<bpmn:process" in row.body)


# ---- who asks --------------------------------------------------------------------------------------------------------


def _holder(role: str, place: str, organisation: str = "") -> str:
    duties = rows("duties")
    return next(
        row["person"]
        for row in duties
        if row["role"] == role
        and row["place"] == place
        and organisation in ("", f"{row['place']}.{row['organisation']}")
    )


def _people(world: World) -> list[Principal]:
    """Somebody of every role, at 330502 where the role is there."""
    found = []
    for role in (row["code"] for row in rows("roles")):
        duties = [row for row in rows("duties") if row["role"] == role]
        duty = next((row for row in duties if row["place"] == HOME), None) or duties[0]
        organisation = f"{duty['place']}.{duty['organisation']}" if duty["organisation"] else ""
        client = world.app.test_client()
        _log_in(client, duty["person"])
        found.append(Principal(role, role, duty["person"], duty["place"], organisation, **_cookie(client, "/", world)))
    return found


def _programs(world: World) -> list[Principal]:
    tokens = {"partner": HOTLINE, "other_partner": ZHELIBAN, "operator": OPERATOR}
    nobody = _cookie(world.app.test_client(), "/login", world)
    return [
        Principal("nobody", **nobody),
        *(Principal(name, name, bearer=token, **nobody) for name, token in tokens.items()),
    ]


def _browsers(world: World, post: Post, mine: Enterprise) -> list[Principal]:
    half = world.app.test_client()
    now = world.clock.now()
    with world.services.database.write() as connection:
        code = pyotp.TOTP(SECRET).at(now)
        second_factor.set_up(connection, world.services.settings.vault, PEN, SECRET, code, now)
    _log_in(half, PEN)
    asking = Enterprise(world, post)
    asking.browser.post("/portal/phone", {"phone": THIRD}, "/portal/phone")
    post.run()
    return [
        Principal("half", "half", PEN, **_cookie(half, "/login/code", world)),
        Principal("asking", "asking", THIRD, **_cookie(asking.browser.client, "/portal/code", world)),
        Principal("enterprise", "enterprise", MINE, **_cookie(mine.browser.client, "/portal/phone", world)),
    ]


def _log_in(client: FlaskClient, account: str) -> None:
    token = TOKEN.findall(client.get("/login").text)[0]
    answer = client.post("/login", data={"account": account, "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 302, (account, answer.status_code)


def _cookie(client: FlaskClient, page: str, world: World) -> dict[str, str]:
    """The cookie of a browser, and the token that goes with it."""
    token = TOKEN.findall(client.get(page).text)[0]
    kept = client.get_cookie(world.app.config["SESSION_COOKIE_NAME"])
    assert kept is not None
    return {"cookie": f"{kept.key}={kept.value}", "csrf": token}
