"""The connector's arguments: what they mean, and what is wrong with them in words that an owner understands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes.errors import BihuanError
from processes.messaging.http_request import HttpRequest, answer_value, problems
from processes.messaging.jobs import CATALOGUE, problems_of

LEAST = {"system": "registry", "method": "GET", "path": "/records"}


def path_of(template: str, **values: Any) -> str:
    return HttpRequest.of({**LEAST, "path": template, "values": values}).path


@pytest.mark.parametrize(
    ("template", "values", "path"),
    [
        ("/records", {}, "/records"),
        ("/", {}, "/"),
        ("/records/{id}", {"id": 7}, "/records/7"),
        ("/records/{ id }.json", {"id": "a b"}, "/records/a%20b.json"),
        ("/企业/{id}", {"id": "浙A/2026?x=1#y"}, "/%E4%BC%81%E4%B8%9A/%E6%B5%99A%2F2026%3Fx%3D1%23y"),
        ("/{a}/{b}", {"a": "{b}", "b": True}, "/%7Bb%7D/true"),
        ("/records/{id}", {"id": "a..b"}, "/records/a..b"),
    ],
)
def test_a_value_fills_its_place_and_no_more(template: str, values: dict[str, Any], path: str) -> None:
    assert path_of(template, **values) == path


@pytest.mark.parametrize("value", ["..", ".", "../../admin", "x/../admin", "..\\admin"])
def test_a_value_does_not_climb_out_of_its_path(value: str) -> None:
    with pytest.raises(BihuanError, match="不能"):
        path_of("/records/{id}", id=value)
    with pytest.raises(BihuanError, match="不能"):
        path_of("/{a}{b}", a=value[:1], b=value[1:] or ".")


@given(st.text(min_size=1))
def test_whatever_a_value_holds_its_path_has_the_segments_of_the_template(value: str) -> None:
    try:
        path = path_of("/records/{id}/notes", id=value)
    except (BihuanError, UnicodeEncodeError):
        return
    assert path.isascii()
    assert path.count("/") == 3
    assert not set(path) & set("?# \\")


@pytest.mark.parametrize("values", [{}, {"id": None}, {"id": ""}, {"other": "x"}])
def test_a_gap_in_the_path_is_named(values: dict[str, Any]) -> None:
    with pytest.raises(BihuanError, match=r"\{id\} 没有值"):
        path_of("/records/{id}", **values)


def test_a_query_repeats_lists_and_leaves_nulls_out() -> None:
    asked = HttpRequest.of({**LEAST, "query": {"state": ["open", "closed"], "page": 2, "none": None, "all": False}})
    assert asked.query == (("state", "open"), ("state", "closed"), ("page", "2"), ("all", "false"))


@pytest.mark.parametrize(
    ("arguments", "path", "words"),
    [
        ({"path": "records"}, "path", "应以一个 / 开头"),
        ({"path": "//evil.example/x"}, "path", "应以一个 / 开头"),
        ({"path": "/a?b=1"}, "path", "query"),
        ({"path": "/a%2e"}, "path", "不能有"),
        ({"path": "/a/../b"}, "path", "不能有"),
        ({"path": "/a{b"}, "path", "不能有"),
        ({"method": "GET", "body": {"a": 1}}, "body", "不带内容"),
        ({"values": {"id": {"a": 1}}}, "values.id", "应是文字"),
        ({"query": {"q": [[1]]}}, "query.q", "应是文字"),
        ({"headers": {"Authorization": "x"}}, "headers.Authorization", "平台自己填写"),
        ({"headers": {"HOST": "x"}}, "headers.HOST", "平台自己填写"),
        ({"headers": {"Cookie": "x"}}, "headers.Cookie", "平台自己填写"),
        ({"headers": {"Content-Length": 3}}, "headers.Content-Length", "平台自己填写"),
        ({"headers": {"X-Forwarded-For": "x"}}, "headers.X-Forwarded-For", "平台自己填写"),
        ({"headers": {"X-HTTP-Method-Override": "DELETE"}}, "headers.X-HTTP-Method-Override", "平台自己填写"),
        ({"headers": {"X Y": "x"}}, "headers.X Y", "名称"),
        ({"headers": {"X-Office": "a\r\nHost: evil"}}, "headers.X-Office", "ASCII"),
        ({"headers": {"X-Office": "湖州"}}, "headers.X-Office", "ASCII"),
        ({"result": "{id: "}, "result", "语法错误"),
        ({"result": "{id: boby.id}"}, "result", "没有“boby”"),
        ({"errors": [{"code": "x"}]}, "errors[0].when", "缺少"),
        ({"errors": [{"when": "status = 404", "code": ""}]}, "errors[0].code", "应是文字"),
        ({"errors": [{"when": "status ==", "code": "x"}]}, "errors[0].when", "语法错误"),
        ({"errors": [{"when": "true", "code": "x", "message": "= bodi.x"}]}, "errors[0].message", "没有“bodi”"),
        ({"errors": [{"when": "true", "code": "x", "massage": "y"}]}, "errors[0].massage", "没有这一项"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(arguments: dict[str, Any], path: str, words: str) -> None:
    [found] = problems(arguments)
    assert found.path == path
    assert words in found.zh
    with pytest.raises(BihuanError, match="任务的参数不对"):
        HttpRequest.of({**LEAST, **arguments})


def test_what_is_not_known_yet_is_not_judged() -> None:
    assert problems_of("http.request", {}) == ()
    assert problems_of("nobody.knows", {"x": 1}) == ()
    assert [each.path for each in problems_of("http.request", {"method": "FETCH"})] == ["method"]


def test_the_catalogues_example_means_what_it_says() -> None:
    example = CATALOGUE["http.request"].example
    assert list(problems(example)) == []
    asked = HttpRequest.of(example)
    assert (asked.method, asked.path, asked.query) == ("PUT", "/records/330502-26-00017-5", (("notify", "true"),))


@pytest.mark.parametrize("text", ["body.id", "= body.id"])
def test_feel_is_written_with_or_without_its_sign(text: str) -> None:
    assert answer_value(text, {"status": 200, "headers": {}, "body": {"id": 7}}) == 7
