"""The HTTP connector against a real server: what goes out, what comes of each answer, and what a diagram cannot do."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from processes.clock import ManualClock
from tests.integration.workers.conftest import Outside
from workers.adapters import Outbound, Systems, connector
from workers.kit import Job
from workers.kit.worker import Answer

Ask = Callable[..., Answer]


@contextmanager
def opened(settings: dict[str, Any], clock: ManualClock | None = None) -> Iterator[Ask]:
    """Asks with these arguments of the system ``erp``, which is configured so."""
    outbound = Outbound(Systems.of({"erp": settings}), clock)
    worker = connector.worker(outbound)

    def ask(job: str = "job-1", **arguments: Any) -> Answer:
        least = {"system": "erp", "method": "GET", "path": "/records"}
        return worker.answer(Job(job, "http.request", 1, {**least, **arguments}))

    yield ask
    outbound.close()


@pytest.fixture
def ask(httpserver: HTTPServer) -> Iterator[Ask]:
    with opened({"url": httpserver.url_for("/api"), "token": "secret", "connector": True}) as found:
        yield found


def replies(httpserver: HTTPServer, status: int = 200, body: Any = None, **headers: str) -> None:
    raw = json.dumps({"id": 7} if body is None else body)
    httpserver.expect_request("/api/records").respond_with_data(
        raw,
        status,
        {"Content-Type": "application/json", **{name.replace("_", "-"): each for name, each in headers.items()}},
    )


def final(answer: Answer) -> str:
    """The reason of a failure that goes to a person."""
    assert (answer.type, answer.data["final"]) == ("job.failed", True), answer
    return str(answer.data["reason"])


# ---- what goes out ---------------------------------------------------------------------------------------------------------


def test_a_request_goes_out_as_the_diagram_says_with_what_the_platform_adds(httpserver: HTTPServer) -> None:
    seen: list[Request] = []

    def handle(request: Request) -> Response:
        request.get_data()
        seen.append(request)
        return Response('{"id": 7}', content_type="application/json")

    httpserver.expect_request("/api/records/浙A/7", method="PUT").respond_with_handler(handle)
    settings = {"url": httpserver.url_for("/api"), "token": "secret", "headers": {"X-Key": "k"}, "connector": True}
    with opened(settings) as ask:
        answer = ask(
            method="PUT",
            path="/records/{id}",
            values={"id": "浙A/7"},
            query={"state": ["a", "b"], "q": "湖州&x"},
            headers={"X-Office": 330502},
            body={"title": "用电"},
        )
    assert (answer.type, answer.data["result"]) == ("job.completed", {"id": 7})
    [request] = seen
    assert request.args.to_dict(flat=False) == {"state": ["a", "b"], "q": ["湖州&x"]}
    assert request.json == {"title": "用电"}
    said = {name: request.headers[name] for name in ("Authorization", "X-Key", "X-Office", "Idempotency-Key")}
    assert said == {"Authorization": "Bearer secret", "X-Key": "k", "X-Office": "330502", "Idempotency-Key": "job-1"}
    assert "%2F7" in request.environ["REQUEST_URI"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_without_content_has_none(httpserver: HTTPServer, ask: Ask, method: str) -> None:
    replies(httpserver)
    assert ask(method=method).type == "job.completed"
    assert httpserver.log[0][0].content_length in (None, 0)


# ---- what becomes of an answer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "result", "expected"),
    [
        ({"id": 7, "more": [1]}, "", {"id": 7, "more": [1]}),
        ([1, 2], "", {"value": [1, 2]}),
        ("文字", "", {"value": "文字"}),
        ({"id": 7}, "{number: string(body.id), status: status}", {"number": "7", "status": 200}),
        ({"id": 7}, "body.id", {"value": 7}),
        ({"id": 7}, "headers.x_total", {"value": "12"}),
        ({"id": 7}, "body.missing", {}),
        ({"rows": [{"n": 1}, {"n": 5}]}, "= {big: body.rows[n > 3].n}", {"big": [5]}),
    ],
)
def test_the_result_is_what_the_diagram_makes_of_the_answer(
    httpserver: HTTPServer, ask: Ask, body: Any, result: str, expected: Any
) -> None:
    replies(httpserver, body=body, X_Total="12")
    answer = ask(result=result)
    assert (answer.type, answer.data) == ("job.completed", {"result": expected})


@pytest.mark.parametrize(
    ("raw", "kind", "expected"),
    [
        (b"", "application/json", {}),
        ("好".encode("gbk"), "text/plain; charset=GBK", {"value": "好"}),
        (b' {"id": 7}', "text/html", {"id": 7}),
        (b"00123", "text/plain", {"value": "00123"}),
        (b"<a/>", "text/xml; charset=nonsense", {"value": "<a/>"}),
    ],
)
def test_an_answer_is_json_or_text(httpserver: HTTPServer, ask: Ask, raw: bytes, kind: str, expected: Any) -> None:
    httpserver.expect_request("/api/records").respond_with_data(raw, content_type=kind)
    assert ask().data == {"result": expected}


@pytest.mark.parametrize("raw", [b'{"id": ', b"[NaN]", b'{"a":' * 3000, b"\xff\xfe{"])
def test_what_says_it_is_json_and_is_not_is_tried_again(httpserver: HTTPServer, ask: Ask, raw: bytes) -> None:
    httpserver.expect_request("/api/records").respond_with_data(raw, content_type="application/json")
    answer = ask()
    assert (answer.type, answer.data["final"]) == ("job.failed", False)
    assert "JSON" in answer.data["reason"]


@pytest.mark.parametrize(("raw", "kind"), [(b'{"id": ', "application/json"), (b"<html>", "text/html")])
def test_a_success_that_nobody_can_read_is_no_business_error(
    httpserver: HTTPServer, ask: Ask, raw: bytes, kind: str
) -> None:
    httpserver.expect_request("/api/records").respond_with_data(raw, content_type=kind)
    answer = ask(errors=[{"when": "status < 300 and body.id = null", "code": "no_number"}])
    assert (answer.type, answer.data["final"]) == ("job.failed", False)


def test_a_result_that_no_case_should_carry_is_refused(httpserver: HTTPServer, ask: Ask) -> None:
    replies(httpserver, body={"rows": ["x" * 1000] * 200})
    assert "只取需要的部分" in final(ask())
    assert ask(result="count(body.rows)").data == {"result": {"value": 200}}


@pytest.mark.parametrize("result", ["for i in 1..1000000 return i", "function(a) a"])
def test_an_expression_that_fails_goes_to_a_person(httpserver: HTTPServer, ask: Ask, result: str) -> None:
    replies(httpserver)
    assert "算不出来" in final(ask(result=result))


MAPPED = [
    {"when": 'body.error.code = "none"', "code": "record_unknown", "message": '="没有：" + body.error.message'},
    {"when": "status = 503", "code": "closed", "message": "今天不办公"},
    {"when": 'status = 200 and body.state = "refused"', "code": "refused"},
]


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (404, {"error": {"code": "none", "message": "七号"}}, "record_unknown", "没有：七号"),
        (503, {}, "closed", "今天不办公"),
        (200, {"state": "refused"}, "refused", ""),
    ],
)
def test_what_a_diagram_maps_is_a_business_error(
    httpserver: HTTPServer, ask: Ask, status: int, body: Any, code: str, message: str
) -> None:
    replies(httpserver, status, body)
    answer = ask(errors=MAPPED)
    assert answer.type == "job.error"
    assert answer.data == {"code": code, "message": message, "variables": {"status": status}}


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503])
def test_what_passes_by_itself_is_tried_again(httpserver: HTTPServer, ask: Ask, status: int) -> None:
    replies(httpserver, status, {}, Retry_After="45")
    answer = ask(errors=MAPPED[:1])
    assert (answer.type, answer.data["final"], answer.data["retry_after"]) == ("job.failed", False, 45.0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_no_that_the_diagram_does_not_map_goes_to_a_person_in_the_systems_words(
    httpserver: HTTPServer, ask: Ask, status: int
) -> None:
    replies(httpserver, status, {"error": {"code": "odd", "message": "不合规"}})
    reason = final(ask(errors=MAPPED))
    assert f"不接受（{status}）：odd 不合规" in reason
    assert "errors" in reason


# ---- what a diagram cannot do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest/meta-data", "/api/other", "//evil.example/"])
def test_a_redirect_is_not_followed(httpserver: HTTPServer, ask: Ask, location: str) -> None:
    httpserver.expect_request("/api/other").respond_with_json({"followed": True})
    replies(httpserver, 302, {}, Location=location)
    assert "不跟随" in final(ask())
    assert len(httpserver.log) == 1


def test_a_system_that_is_not_opened_to_diagrams_is_not_called(httpserver: HTTPServer) -> None:
    replies(httpserver)
    with opened({"url": httpserver.url_for("/api"), "token": "secret"}) as ask:
        assert "没有开放给流程图" in final(ask())
    assert httpserver.log == []


def test_a_system_that_nobody_configured_is_named(ask: Ask) -> None:
    assert "没有配置外部系统 crm" in final(ask(system="crm"))


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        ({}, True),
        ({"path": "/records/{id}", "values": {"id": 7}}, True),
        ({"path": "/records-old"}, False),
        ({"path": "/"}, False),
        ({"path": "/{a}", "values": {"a": "records/7"}}, False),
        ({"method": "POST"}, False),
    ],
)
def test_only_methods_and_paths_that_are_opened_are_called(
    httpserver: HTTPServer, arguments: dict[str, Any], allowed: bool
) -> None:
    replies(httpserver)
    httpserver.expect_request("/api/records/7").respond_with_json({})
    settings = {"url": httpserver.url_for("/api"), "connector": {"methods": ["GET"], "paths": ["/records/"]}}
    with opened(settings) as ask:
        answer = ask(**arguments)
    assert (answer.type == "job.completed") is allowed
    assert len(httpserver.log) == allowed


def test_a_configured_header_is_not_overwritten(httpserver: HTTPServer) -> None:
    replies(httpserver)
    with opened({"url": httpserver.url_for("/api"), "headers": {"X-Key": "k"}, "connector": True}) as ask:
        assert "x-key" in final(ask(headers={"x-key": "mine"}))
    assert httpserver.log == []


def test_bad_arguments_are_told_in_an_owners_words(ask: Ask) -> None:
    assert "headers.Host：这个头由平台自己填写" in final(ask(headers={"Host": "evil.example"}))


def test_a_name_that_resolves_to_a_forbidden_address_when_it_is_connected_to_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the check is made on the address that the socket gets."""

    def rebound(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with opened({"url": "http://erp.example", "connector": True}) as ask:
        assert "不允许访问" in final(ask())


# ---- faults, and the breaker -------------------------------------------------------------------------------------------------


def registry(outside: Outside, **settings: Any) -> dict[str, Any]:
    return {"url": f"{outside.url}/registry", "connector": True, **settings}


def test_an_answer_that_drips_is_given_up_at_the_deadline(outside: Outside) -> None:
    outside.post("/control/faults", {"system": "registry", "kind": "drip", "seconds": 0.1, "times": None})
    with opened(registry(outside, deadline=0.4)) as ask:
        answer = ask(method="POST", body={"title": "用电报装"})
    assert (answer.type, answer.data["final"]) == ("job.failed", False)
    assert "ReadTimeout" in answer.data["reason"]


def test_an_answer_that_is_too_long_is_not_read(outside: Outside) -> None:
    with opened(registry(outside, body_cap=20)) as ask:
        assert "20 字节" in final(ask(method="POST", body={"title": "用电报装" * 10}))


@pytest.mark.parametrize("kind", ["reset", "lost_reply", "garbage"])
def test_a_broken_exchange_is_tried_again_and_has_its_effect_once(outside: Outside, kind: str) -> None:
    outside.post("/control/faults", {"system": "registry", "kind": kind})
    with opened(registry(outside)) as ask:
        first = ask(method="POST", body={"title": "用电报装"}, result="body.id")
        again = ask(method="POST", body={"title": "用电报装"}, result="body.id")
    assert again.data == {"result": {"value": "R-00001"}}
    assert len(outside.effects("registry", "made")) == 1
    assert first.data["final"] is False


def test_a_system_that_is_down_is_left_alone_and_costs_no_attempt_until_it_is_back(
    outside: Outside, clock: ManualClock
) -> None:
    outside.post("/control/faults", {"system": "registry", "kind": "status", "times": 4, "path": "records"})
    with opened(registry(outside, failures=3, rest=60), clock) as ask:
        counted = [ask(f"job-{each}").data for each in range(3)]
        assert all("counted" not in each and not each["final"] for each in counted)
        held = [ask(f"job-{each}").data for each in range(3, 13)]
        assert all(each["counted"] is False and 60 <= each["retry_after"] < 120 for each in held)
        assert len({each["retry_after"] for each in held}) == 10
        assert {(each["system"], each["since"]) for each in held} == {("erp", "2026-01-05T01:00:00+00:00")}
        assert "自 2026-01-05 09:00 起没有正常答复" in held[0]["reason"]
        assert len(outside.get("/registry/requests")) == 3
        clock.advance(timedelta(seconds=60))
        assert "counted" not in ask("trial").data
        assert ask("held").data["counted"] is False
        clock.advance(timedelta(seconds=60))
        assert ask("trial").type == "job.completed"
        assert ask("after").type == "job.completed"


def test_a_no_and_a_mapped_error_do_not_open_the_breaker(httpserver: HTTPServer) -> None:
    settings = {"url": httpserver.url_for("/api"), "connector": True, "failures": 2, "rest": 60}
    replies(httpserver, 503, {})
    with opened(settings) as ask:
        mapped = [ask(errors=MAPPED).type for _ in range(5)]
        assert mapped == ["job.error"] * 5
        unmapped = [ask().data for _ in range(3)]
        assert [each.get("counted", True) for each in unmapped] == [True, True, False]
