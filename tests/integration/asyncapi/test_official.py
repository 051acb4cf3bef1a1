"""The official AsyncAPI parser finds nothing wrong with the document."""

from __future__ import annotations

import copy

import pytest

from processes.messaging.asyncapi import document
from tests.asyncapi.official import WARNING, Diagnostic, ensure, judge


@pytest.fixture(scope="session", autouse=True)
def parser() -> None:
    """The parser of the lockfile."""
    problem = ensure()
    if problem:
        pytest.skip(problem)


def test_there_is_nothing_wrong_with_the_document() -> None:
    """Information is let through: that 3.1.0 is newer than 3.0.0 is what it has to say."""
    found = judge(document("1.2.3"))
    assert [each for each in found if each.severity <= WARNING] == []
    assert {each.code for each in found} <= {"asyncapi-latest-version"}


@pytest.mark.parametrize("way", ["binding", "reference", "parameter", "example"])
def test_the_parser_would_find_what_is_wrong(way: str) -> None:
    """A judge that never objects would prove nothing: each of these mistakes is one that the generator could make."""
    wrong = copy.deepcopy(document("1.2.3"))
    match way:
        case "binding":
            wrong["channels"]["order"]["bindings"]["amqp"]["exchange"]["type"] = "subject"
        case "reference":
            wrong["operations"]["send.channel.ask"]["messages"] = [{"$ref": "#/channels/order/messages/order.v1"}]
        case "parameter":
            wrong["channels"]["order"]["parameters"]["kanal"] = wrong["channels"]["order"]["parameters"].pop("channel")
        case "example":
            wrong["components"]["messages"]["order.v1"]["examples"][0]["headers"] = "ce-id"
    found: list[Diagnostic] = [each for each in judge(wrong) if each.severity <= WARNING]
    assert found
