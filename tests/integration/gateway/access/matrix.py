"""The access matrix: every endpoint of the route table, called by everybody who could ask, for things of every home.

Who may what stands in ``matrix.csv`` beside this file (and in ``who.csv``, which roles reach how far): it is written by hand after the
requirements and knows nothing of the code's own permissions. Columns: ``object``, what it is about; ``who`` may; what becomes of those
``without`` such a role, and of those whose role does not reach so far (``beyond``); ``self``, what becomes of it when it is about oneself; the
``scope`` that a program needs which acts for a person (only such programs get in then); what a call ``leaves`` in the database.

Such a program has a token of that scope alone where it may, so that the scope is enough; and where it may not, so that it is the person who
may not. Where it is refused it has the cookie of somebody who may besides, which must be worth nothing.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from gateway.scopes import SCOPES
from processes.store.tables import Base
from tests.integration.gateway.access import calls
from tests.integration.gateway.access.calls import Call
from tests.integration.gateway.access.world import Principal, Stage, Thing, rows

HERE = Path(__file__).parent

EVERYBODY, STAFF, NOBODY = "everybody", "staff", "nobody"

ALLOWED, NOTHING, UNSEEN, TO = "allowed", "nothing", "unseen", "to "

STRANGERS: Mapping[str, tuple[str, str]] = {
    "accounts": ("to /login", "401"),
    "api": ("401", "401"),
    "audit": ("to /login", "401"),
    "instances": ("to /login", "401"),
    "open311": ("403", "403"),
    "operations": ("to /login", "401"),
    "rest": ("401", "401"),
    "staff": ("to /login", "401"),
    "studio": ("to /login", "401"),
    "subjects": ("to /login", "401"),
}
"""What becomes of those whom an area does not know at all: when they read, and when they want something changed."""

UNCHANGING = ("GET", "HEAD", "OPTIONS")

OF_NOTHING = Thing("")

COORDINATOR = "coordinator"

KINDS = ("nobody", COORDINATOR, "partner", "operator", "half", "enterprise")
"""One of each kind of those who ask: a person, a program, a browser."""

ONLY: Mapping[str, tuple[str, ...]] = {"asking": ("portal",), "other_partner": ("api", "open311")}
"""Areas outside of which they are what another is, too."""


@dataclass(frozen=True)
class Row:
    """A line of ``matrix.csv``."""

    endpoint: str
    object: str
    who: frozenset[str]
    without: str
    beyond: str
    self: str
    scope: str
    leaves: str


@dataclass(frozen=True)
class Cell:
    """Somebody asks for something; ``expected`` is what the table says of it."""

    row: Row
    method: str
    who: Principal
    thing: Thing
    expected: str

    def __str__(self) -> str:
        about = f" ({self.thing.home} {self.row.object})" if self.thing.home else ""
        return f"{self.method} {self.row.endpoint}{about} by {self.who.name}"


# ---- what the table says ---------------------------------------------------------------------------------------------


@cache
def table() -> Mapping[str, Row]:
    """Endpoint → its line."""
    with (HERE / "matrix.csv").open(encoding="utf-8", newline="") as lines:
        found = [
            Row(
                each["endpoint"],
                each["object"],
                frozenset(each["who"].split()),
                each["without"],
                each["beyond"],
                each["self"],
                each["scope"],
                each["leaves"],
            )
            for each in csv.DictReader(lines)
        ]
    return {each.endpoint: each for each in found}


@cache
def reaches() -> Mapping[str, Mapping[str, str]]:
    """Audience → its roles, with how far each reaches."""
    found: dict[str, dict[str, str]] = {}
    with (HERE / "who.csv").open(encoding="utf-8", newline="") as lines:
        for each in csv.DictReader(lines):
            found.setdefault(each["audience"], {})[each["role"]] = each["reach"]
    return found


@cache
def _superiors() -> Mapping[str, str]:
    return {each["code"]: each["superior"] or _prefix(each["code"]) for each in rows("places")}


def _prefix(code: str) -> str:
    """A place's superior goes by its code (GB/T 2260): two, four, six, then more digits."""
    return "" if len(code) == 2 else code[: 6 if len(code) > 6 else len(code) - 2]


def _is_under(place: str, top: str) -> bool:
    return place == top or (bool(place) and _is_under(_superiors()[place], top))


def expected(row: Row, method: str, who: Principal, thing: Thing) -> str:
    """What becomes of it: ``allowed``, a status, ``to ADDRESS``, ``nothing`` (an answer, and no effect) or ``unseen`` (a list without it)."""
    if row.who == {NOBODY}:
        return row.without
    if EVERYBODY in row.who or (who.name in row.who and not who.account):
        return ALLOWED
    if who.role in row.who:  # a browser of the portal's, a login that is half done
        return ALLOWED if not thing.home or thing.home == "own" else row.beyond
    if not _is_known(row, who):
        return STRANGERS[_area(row)][method not in UNCHANGING]
    if row.scope not in ("", *who.scopes):
        return "403"
    if STAFF in row.who:
        return ALLOWED
    if "oneself" in row.who:
        return ALLOWED if thing.owner == who.account else row.beyond
    roles = {role: reach for audience in row.who for role, reach in reaches().get(audience, {}).items()}
    if who.role not in roles:
        return row.without
    if row.self and thing.owner == who.account:
        return row.self
    return (
        ALLOWED
        if (not row.object and roles[who.role] != "top") or _reached(roles[who.role], who, thing)
        else row.beyond
    )


def _is_known(row: Row, who: Principal) -> bool:
    """Whether the area that an endpoint belongs to knows who that is."""
    area = _area(row)
    if area == "portal" or row.without.startswith(TO):
        return True
    if area == "api":
        return who.role in ("partner", "other_partner", "operator")
    if area == "open311":
        return who.role in ("partner", "other_partner")
    return bool(who.place) and bool(row.scope) == bool(who.scopes)


def _area(row: Row) -> str:
    return row.endpoint.partition(".")[0]


def _reached(reach: str, who: Principal, thing: Thing) -> bool:
    if reach == "top":
        return not _superiors()[who.place]
    if reach == "self":
        return thing.owner == who.account
    if reach == "below":
        return _is_under(thing.place, who.place)
    if reach == "board":
        return thing.board == who.organisation
    return reach == "any" or thing.place == who.place


# ---- the cells -------------------------------------------------------------------------------------------------------


def missing(app: Flask) -> list[str]:
    """What the table does not say yet of endpoints that there are, and says of some that there are not."""
    there = {each.endpoint: each for each in app.url_map.iter_rules()}
    found = [
        f"{endpoint} ({', '.join(methods(rule))} {rule.rule}) is new: say in {HERE / 'matrix.csv'} whose it is"
        for endpoint, rule in sorted(there.items())
        if endpoint not in table()
    ]
    return found + [f"{each} is in matrix.csv and nowhere else" for each in sorted(set(table()) - set(there))]


def methods(rule: Rule) -> list[str]:
    """The methods that a rule itself asks for."""
    return sorted(set(rule.methods or ()) - {"HEAD", "OPTIONS"})


def cells(stage: Stage) -> Iterator[tuple[Rule, str, list[Cell]]]:
    """The cells of every rule and method."""
    for rule in sorted(stage.world.app.url_map.iter_rules(), key=lambda each: each.endpoint):
        row = table()[rule.endpoint]
        for method in methods(rule):
            found = [
                _cell(row, method, who, thing)
                for who in _asking(stage, row, method)
                for thing in _things(stage, row, who)
            ]
            yield rule, method, list(_by_other_ways(stage, found))


def _cell(row: Row, method: str, who: Principal, thing: Thing) -> Cell:
    return Cell(row, method, who, thing, expected(row, method, who, thing))


def _asking(stage: Stage, row: Row, method: str) -> list[Principal]:
    """Everybody. What is everybody's is asked for by one of each kind; for people a program asks where it takes a scope."""
    if EVERYBODY in row.who:
        kinds = KINDS if method in UNCHANGING else KINDS[:3]
        return [each for each in stage.principals if each.name in kinds]
    found = [each for each in stage.principals if _area(row) in ONLY.get(each.name, (_area(row),))]
    return [stage.program(each, [row.scope]) if row.scope and each.place else each for each in found]


def _by_other_ways(stage: Stage, found: list[Cell]) -> Iterator[Cell]:
    """The cells, and the first person who may (or else a coordinator) once more by ways that open nothing: at a page, a program's; at what is
    for programs, a login's, and a program's that has every scope but the one."""
    first = next((each for each in found if each.expected == ALLOWED and each.who.place), found[0])
    row, method = first.row, first.method
    login = next(each for each in stage.principals if each.name == (first.who.name if first.who.place else COORDINATOR))
    for each in found:
        by_program = row.scope and each.expected != ALLOWED and each.who.scopes
        yield replace(each, who=replace(each.who, cookie=login.cookie)) if by_program else each
    if EVERYBODY in row.who:
        return
    program = replace(stage.program(login, set(SCOPES) - {row.scope}), name=f"{login.name}'s program")
    if not row.scope:  # it may have a form's token, as everybody may
        nobody = next(each for each in stage.principals if each.name == "nobody")
        program = replace(program, cookie=nobody.cookie, csrf=nobody.csrf)
    yield _cell(row, method, program, first.thing)
    if row.scope:
        yield _cell(row, method, replace(login, name=f"{login.name}'s browser"), first.thing)


def _things(stage: Stage, row: Row, who: Principal) -> list[Thing]:
    """The things that somebody asks for: one, if they are nothing to him whatever home they are of."""
    if not row.object:
        return [OF_NOTHING]
    found = stage.things[row.object]
    if row.object == "person" and who.place:
        found = [*(found[:1] if row.who == {"oneself"} else found), _oneself(stage, who)]
    return found if _has_to_do_with(row, who) else found[:1]


def _has_to_do_with(row: Row, who: Principal) -> bool:
    roles = {role for audience in row.who for role in reaches().get(audience, {})}
    named = {STAFF, EVERYBODY, "oneself"} & row.who and bool(who.place)
    return bool(named) or bool({who.role, who.name} & (roles | row.who))


def _oneself(stage: Stage, who: Principal) -> Thing:
    duty = next(each for each in rows("duties") if each["person"] == who.account)
    session = stage.sessions[who.account]
    token, _secret = stage.token(who.account, ["account:read"])
    given = {"person": who.account, "session_id": session, "duty": duty, "token_id": token}
    return Thing("oneself", who.place, who.organisation, who.account, given)


# ---- calling ---------------------------------------------------------------------------------------------------------


def ask(
    stage: Stage, rule: Rule, cell: Cell, more: Mapping[str, str] | None = None, token: str | None = None
) -> TestResponse:
    """Call it, as the browser or program of whoever asks would. ``more``: what is sent besides (in JSON: in place of texts); ``token``: in
    place of the form's own."""
    call = Call(stage, cell.who, cell.thing)
    values = calls.values(call, rule.endpoint, rule.arguments)
    sent = {} if more is None or cell.method not in UNCHANGING else more
    address = stage.world.app.url_map.bind("localhost").build(rule.endpoint, {**sent, **values}, method=cell.method)
    headers = {"Cookie": cell.who.cookie} if cell.who.cookie else {}
    if cell.expected != ALLOWED:
        headers["Accept"] = "application/json"  # the same answer, said in fewer words
    if cell.who.bearer:
        headers["Authorization"] = f"Bearer {cell.who.bearer}"
    sending = partial(
        stage.world.app.test_client(use_cookies=False).open,
        address,
        method=cell.method,
        headers=headers,
        environ_base={"REMOTE_ADDR": cell.who.address},
    )
    if cell.method in UNCHANGING:
        return sending()
    if rule.endpoint in calls.FILES:
        return sending(data=calls.FILES[rule.endpoint](call), content_type="application/octet-stream")
    if rule.endpoint in calls.BODIES:
        body = calls.BODIES[rule.endpoint](call)
        texts = {name: value for name, value in (more or {}).items() if isinstance(body.get(name), str)}
        return sending(json={**body, **texts})
    form: Any = calls.FORMS.get(rule.endpoint, _empty)(call)
    given = form.copy()
    given.update(more or {})
    given["csrf_token"] = cell.who.csrf if token is None else token
    return sending(data=given)


def _empty(call: Call) -> dict[str, Any]:
    return {}


def prepare(stage: Stage, cell: Cell) -> None:
    """Do what has to be done first, so that there is something to be undone."""
    if before := calls.BEFORE.get(cell.row.endpoint):
        rule = next(each for each in stage.world.app.url_map.iter_rules() if each.endpoint == before)
        (method,) = methods(rule)
        ask(stage, rule, replace(cell, row=table()[before], method=method))


def became(cell: Cell, answer: TestResponse) -> str:
    """What became of it, in the table's words; ``nothing`` looks like any other answer, and is told by the database."""
    if answer.status_code == 302:
        path = (answer.location or "").partition("?")[0]
        if cell.expected.startswith(TO) or (path == "/login" and cell.row.endpoint != "staff.logout"):
            return f"{TO}{path}"
    if answer.status_code in (400, 401, 403, 404, 405, 429) or answer.status_code >= 500:
        return str(answer.status_code)
    if cell.expected == NOTHING:
        return NOTHING
    # A page that tells what is wrong in its form is a page; programs are answered by the status.
    if cell.row.scope and answer.status_code >= 400:
        return str(answer.status_code)
    sign = calls.LISTS.get(cell.row.endpoint)
    return ALLOWED if sign is None or cell.thing[sign] in answer.text else UNSEEN


# ---- traces ----------------------------------------------------------------------------------------------------------

AUDIT = frozenset({"audit_entry", "audit_chain"})
"""That somebody was refused is written down."""

COUNTED = frozenset({"access_token", "portal_limit"})
"""That a token is used is written down, and how often."""


@dataclass
class Traces:
    """Tells what has become other in a database since it was asked last."""

    path: Path

    def __post_init__(self) -> None:
        self.connection = sqlite3.connect(self.path)
        self.begin(self._all())

    def begin(self, known: Mapping[str, str]) -> None:
        """Begin anew, with rows that are known to be these."""
        [self.version] = self.connection.execute("pragma data_version").fetchone()
        self.known = known

    def news(self) -> frozenset[str]:
        """The tables that have other rows now."""
        [version] = self.connection.execute("pragma data_version").fetchone()
        if version == self.version:  # nobody has committed anything
            return frozenset()
        before, self.version = self.known, version
        self.known = self._all()
        return frozenset(name for name in self.known if self.known[name] != before.get(name))

    def _all(self) -> Mapping[str, str]:
        return {name: self._hashed(name) for name in Base.metadata.tables}

    def _hashed(self, name: str) -> str:
        digest = sha256()
        for row in self.connection.execute(f'select * from "{name}" order by 1'):
            digest.update(repr(row).encode())
        return digest.hexdigest()


@dataclass
class Theatre:
    """A stage whose rows can be put back as they were, as often as wanted. ``used``: something has been done since."""

    stage: Stage
    folder: Path
    used: bool = False

    def __post_init__(self) -> None:
        self.cells = list(cells(self.stage))
        self.live, self.kept = (sqlite3.connect(self.folder / name) for name in ("gateway.db", "kept.db"))
        self.live.execute("pragma synchronous = off")
        self.live.backup(self.kept)
        self.traces = Traces(self.folder / "gateway.db")
        self._known = self.traces.known

    def again(self) -> Stage:
        """The stage, with its rows as they were."""
        self.kept.backup(self.live)
        self.traces.begin(self._known)
        self.used = False
        return self.stage

    def close(self) -> None:
        """The play is over."""
        for each in (self.traces.connection, self.live, self.kept):
            each.close()
        self.stage.world.services.database.dispose()
