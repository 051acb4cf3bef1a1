"""Throws what its own OpenAPI document allows, and what it forbids, at a served API, in the names of people of several roles.

Nothing that is thrown may make the server fail, and no answer may be other than the document says: neither its status, its type nor its shape.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select
from waitress.server import create_server

from gateway import create_app
from processes.casework import bulk
from processes.casework.subjects import requests
from processes.casework.subjects.identity import Identity
from processes.casework.views.instances.criteria import Criteria
from processes.store.tables import Case, ModelFile
from tests.integration.gateway.operating import give_up, receive
from tests.integration.gateway.programs import ROOT, token_of
from tests.integration.gateway.world import World

PEOPLE = ("wx.wu", "wx.li", "wx.chen", "wx.sun", "wx.yun", "wx.su", "wx.pan", "wx.xie", "yh.wang")
"""A handler, a coordinator, a clerk, a supervisor, the three administrators, an owner, and a handler of another place."""

OTHER = "wx.zheng"
"""Whose account the administrators may lock: the others would be out."""

PHONE = "13812345678"
"""Whose number every case here has."""

PROBLEMS = (
    ("供电增容迟迟不批", "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。"),
    ("项目备案一直没有结果", "我公司的技改项目备案材料交了一个多月，窗口说还在审核，请帮忙问清还缺什么。"),
    ("贷款被要求提前还", "银行通知我公司提前归还流动资金贷款，我们资金周转有困难，希望帮助协调续贷。"),
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

EXAMPLES = int(os.environ.get("HAMMER_EXAMPLES", "6"))
"""Requests of each kind (allowed, forbidden) an operation."""

SEED = int(os.environ.get("HAMMER_SEED", "1"))

LETTERS = st.text(max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | LETTERS
VALUES = SCALARS | st.lists(SCALARS, max_size=4) | st.lists(st.dictionaries(LETTERS, SCALARS, max_size=3), max_size=3)


@dataclass(frozen=True)
class Target:
    """A served API: where, the tokens that are good there, and for each parameter of an address what it may well be."""

    url: str
    tokens: Sequence[str]
    known: Mapping[str, Sequence[str]]
    said: Mapping[str, Sequence[Any]]
    """the same for each field of a body or query"""
    fields: Sequence[str]
    """names that forms have"""


@contextmanager
def served(world: World) -> Iterator[str]:
    """The world's gateway over HTTP, without limits of rates."""
    world.services = replace(
        world.services, settings=replace(world.services.settings, token_rate=10**9, address_rate=10**9)
    )
    server: Any = create_server(create_app(world.services), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        server.task_dispatcher.shutdown()


def furnished(world: World, url: str) -> Target:
    """A target with cases in several states."""
    numbers = [world.report(f"hammer-{at}", title=title, body=body).number for at, (title, body) in enumerate(PROBLEMS)]
    world.complete(world.task(numbers[0], "签收").id, {"outcome": "accept"}, "wx.wu")
    tasks = world.open_tasks()
    instances = list(dict.fromkeys(task.instance_id for task in tasks))
    with world.services.database.write() as connection:
        now = world.clock.now()
        operation = bulk.begin(
            connection, "retry", "x", "wx.yun", ["330502"], now, criteria=Criteria(process="problem")
        )
        reports = list(connection.scalars(select(Case.report_id)))
        digest = connection.scalar(select(ModelFile.hash).where(ModelFile.kind == "bpmn").limit(1))
        request = requests.ask(
            connection, requests.EXPORT, Identity(PHONE), reports, "来函申请", "330502", now, by="wx.li"
        )
    give_up(world, "hammer-dead")
    receive(world, "hammer-bad", {"id": "", "title": "x" * 400, "phone": PHONE})
    known = {
        "entry_id": ["1"],
        "peer": ["3305"],
        "request_id": [request],
        "digest": [str(digest)],
        "process_id": ["problem", "rating"],
        "task_id": [task.id for task in tasks],
        "number": numbers,
        "instance_id": instances,
        "operation_id": [operation],
        "name": ["case", "report"],
        "seq": ["1", "2", "3"],
        "person": [OTHER],
        "token_id": [token_of(world, OTHER)[0] for _ in range(3)],
        "substitute": [OTHER],
        "since": ["2026-11-23"],
    }
    said = {
        "place": ["330502", "3305"],
        "role": ["observer", "coordinator", "admin_audit"],
        "organisation": ["", "330502.centre"],
        "substitute": [OTHER],
        "since": ["2026-11-23"],
        "until": ["2026-11-24"],
        "who": [{"phone": PHONE}],
        "reports": [reports, reports[:1], []],
        "ids": [[each.id] for each in world.services.upkeep.dead_letters(1)],
        "partner": ["hotline"],
        "type": ["hotline.order"],
        "data": [
            {"id": "T-1", "title": "供电增容", "body": "两个月仍未批复", "submitted_at": "2026-11-23T09:00:00+08:00"}
        ],
    }
    fields = ["outcome", "reason", "answer", "measures", "board", "reply", "materials", "plan", "days"]
    return Target(url, [token_of(world, person)[1] for person in PEOPLE], known, said, fields)


def operations(target: Target) -> list[Any]:
    """Everything that the document of the served API declares."""
    schema = schemathesis.openapi.from_url(f"{target.url}{ROOT}/openapi.json")
    return [found.ok() for found in schema.get_all_operations()]


def hammer(target: Target, operation: Any, examples: int = EXAMPLES, seed: int = SEED) -> int:
    """Throw so many of each kind at one operation; returns how many were thrown."""
    thrown = 0
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        def throw(case: Any, who: str, data: Any) -> None:
            nonlocal thrown
            thrown += 1
            _aim(target, case, data)
            case.call_and_validate(headers={"Authorization": f"Bearer {who}"}, checks=CHECKS, timeout=30)

        try:
            _run(throw, target, operation.as_strategy(generation_mode=mode), examples, seed)
        except Unsatisfiable:
            continue  # what takes nothing can be given nothing wrong
    return thrown


def without_token(operation: Any, seed: int = SEED) -> None:
    """What is thrown without a token is refused, as the document says."""

    def throw(case: Any) -> None:
        response = case.call(timeout=30)
        case.validate_response(response, checks=[*CHECKS, ignored_auth])
        assert response.status_code == (200 if operation.path.endswith("openapi.json") else 401)

    strategy = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    hypothesis.seed(seed)(_settings(2)(hypothesis.given(case=strategy)(throw)))()


def _run(throw: Callable[..., None], target: Target, cases: Any, examples: int, seed: int) -> None:
    given = hypothesis.given(case=cases, who=st.sampled_from(target.tokens), data=st.data())
    hypothesis.seed(seed)(_settings(examples)(given(throw)))()


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def _aim(target: Target, case: Any, data: Any) -> None:
    """Mostly at what is there; and at the fields that forms have."""
    for part, known in (("path_parameters", target.known), ("body", target.said), ("query", target.said)):
        given = getattr(case, part)
        for name in sorted(set(known) & set(given if isinstance(given, dict) else ())):
            if data.draw(st.integers(0, 3)):
                given = {**given, name: data.draw(st.sampled_from(known[name]))}
        setattr(case, part, given)
    if isinstance(case.body, dict) and "data" in case.body and data.draw(st.booleans()):
        filled_in = st.dictionaries(st.sampled_from(target.fields), VALUES, max_size=4)
        case.body = {**case.body, "data": data.draw(filled_in)}
